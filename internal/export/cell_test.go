package export

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestACellASpreadsheetWouldRunIsDefused(t *testing.T) {
	for _, value := range []string{
		"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "   +1", "\u00a0=1", "\u200b=1", "\u3000=1", "\ufeff=1", "\u200e@a",
		"＝1", "＋1", "－1", "＠a", "　＝1", "﹦1", "\u2060\u00ad=1", "\u0301=1", "\x01=1", "\u3164=1", "\t", "=HYPERLINK(\"http://a.cn\")",
	} {
		got := string(appendCell(nil, []byte(value)))
		if !strings.HasPrefix(got, "'") {
			t.Errorf("%q is written as %q", value, got)
		}
	}
	for _, value := range []string{
		"", "建议", "1+1=2", "a@b.cn", "'=1", "—建议", "（一）", "2025-04-29 10:30", "“=”", "张**", "210***********0015", "024-12345678", " 　", "0",
	} {
		if got := string(appendCell(nil, []byte(value))); got != value {
			t.Errorf("%q is written as %q", value, got)
		}
	}
}

func TestWhatXMLForbidsIsReplaced(t *testing.T) {
	for value, want := range map[string]string{
		"甲\x00乙": "甲\uFFFD乙", "\x07": "\uFFFD", "甲\xff乙": "甲\uFFFD乙", "\xed\xa0\x80": "\uFFFD\uFFFD\uFFFD", "甲\ufffe": "甲\uFFFD",
		"一\n二\t三\r\n四": "一\n二\t三\r\n四", "𠮷👨‍👩‍👧": "𠮷👨‍👩‍👧", "\uFFFD": "\uFFFD",
	} {
		if got := string(appendCell(nil, []byte(value))); got != want {
			t.Errorf("%q is written as %q, want %q", value, got, want)
		}
	}
}

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
			if runs([]byte(got)) || !utf8.ValidString(got) || strings.ContainsRune(got, 0) {
				t.Fatalf("%q is written as %q", cells[i], got)
			}
			want := string(appendCell(nil, cells[i]))
			if columns[i].kind == code && onlyDigits(cells[i]) {
				want = "'" + want
			}
			if got != strings.ReplaceAll(want, "\r\n", "\n") {
				t.Fatalf("%q is read as %q, want %q", cells[i], got, want)
			}
		}
	})
}
