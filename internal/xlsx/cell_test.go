package xlsx

import (
	"strings"
	"testing"
)

func TestACellASpreadsheetWouldRunIsDefused(t *testing.T) {
	for _, value := range []string{
		"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "   +1", "\u00a0=1", "\u200b=1", "\u3000=1", "\ufeff=1", "\u200e@a",
		"＝1", "＋1", "－1", "＠a", "　＝1", "﹦1", "\u2060\u00ad=1", "\u0301=1", "\x01=1", "\u3164=1", "\t", "=HYPERLINK(\"http://a.cn\")",
	} {
		got := string(AppendCell(nil, []byte(value)))
		if !strings.HasPrefix(got, "'") {
			t.Errorf("%q is written as %q", value, got)
		}
	}
	for _, value := range []string{
		"", "建议", "1+1=2", "a@b.cn", "'=1", "—建议", "（一）", "2025-04-29 10:30", "“=”", "张**", "210***********0015", "024-12345678", " 　", "0",
	} {
		if got := string(AppendCell(nil, []byte(value))); got != value {
			t.Errorf("%q is written as %q", value, got)
		}
	}
}

func TestWhatXMLForbidsIsReplaced(t *testing.T) {
	for value, want := range map[string]string{
		"甲\x00乙": "甲\uFFFD乙", "\x07": "\uFFFD", "甲\xff乙": "甲\uFFFD乙", "\xed\xa0\x80": "\uFFFD\uFFFD\uFFFD", "甲\ufffe": "甲\uFFFD",
		"一\n二\t三\r\n四": "一\n二\t三\r\n四", "𠮷👨‍👩‍👧": "𠮷👨‍👩‍👧", "\uFFFD": "\uFFFD",
	} {
		if got := string(AppendCell(nil, []byte(value))); got != want {
			t.Errorf("%q is written as %q, want %q", value, got, want)
		}
	}
}

func TestOnlyCodesAreDigitsAlone(t *testing.T) {
	for value, want := range map[string]bool{"210102194901010015": true, "11010519491231002X": true, "X": true, "": false, "024-1234": false, "1X1": false} {
		if OnlyDigits([]byte(value)) != want {
			t.Error(value)
		}
	}
}
