package export

import (
	"bufio"
	"bytes"
	"crypto/sha256"
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
		source := &table{columns: columns, hash: sha256.New(), closing: func() []byte { return []byte("完") },
			rows: func(yield func([][]byte, error) bool) { yield(cells, nil) }}
		if err := writeCSV(w, source); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		text, _, _ := strings.Cut(b.String(), "\r\n完,")
		if sum := sha256.Sum256([]byte(text + "\r\n")); !bytes.Equal(source.hash.Sum(nil), sum[:]) {
			t.Fatal("the digest is not that of what stands before the last line")
		}
		records, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(b.String(), "\uFEFF"))).ReadAll()
		if err != nil || len(records) != 3 {
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
