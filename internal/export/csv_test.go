package export

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"unicode/utf8"

	"wenji/internal/xlsx"

	"pgregory.net/rapid"
)

func TestEveryCellIsSafeAndComesBackFromCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bytesOf := rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })
		signs := rapid.StringOf(rapid.SampledFrom([]rune("=+-@＝ 　\u200b\t\r\n\",'甲1\x00")))
		cells := make([][]byte, len(columns))
		for i := range cells {
			cells[i] = []byte(rapid.OneOf(bytesOf, signs, rapid.String()).Draw(t, "cell"))
		}
		var b bytes.Buffer
		w := bufio.NewWriter(&b)
		f, err := newCSV(w, columns)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.row(cells); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\uFEFF"))).ReadAll()
		if err != nil || len(records) != 2 {
			t.Fatalf("%v, %d records", err, len(records))
		}
		for i, got := range records[1] {
			if string(xlsx.AppendCell(nil, []byte(got))) != got || !utf8.ValidString(got) || strings.ContainsRune(got, 0) {
				t.Fatalf("%q is written as %q", cells[i], got)
			}
			want := string(xlsx.AppendCell(nil, cells[i]))
			if columns[i].Kind == xlsx.Code && xlsx.OnlyDigits(cells[i]) {
				want = "'" + want
			}
			if got != strings.ReplaceAll(want, "\r\n", "\n") {
				t.Fatalf("%q is read as %q, want %q", cells[i], got, want)
			}
		}
	})
}
