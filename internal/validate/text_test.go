package validate

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestTextIsMendedAndOtherwiseKept(t *testing.T) {
	for typed, want := range map[string]string{
		"建议":                        "建议",
		"　 建议\u00a0\u200b\ufeff\n":  "建议",
		"一\r\n二\r三\n四":              "一\n二\n三\n四",
		"一\u2028二\u2029三":           "一\n二\n三",
		"cafe\u0301":                "café",
		"甲\t乙":                      "甲\t乙",
		"甲 　 乙":                     "甲 　 乙",
		"１２３ＡＢＣ":                    "１２３ＡＢＣ",
		"①②":                        "①②",
		"<b>养老</b> & “服务”":          "<b>养老</b> & “服务”",
		"\u200b\u3164\u2800\ufeff ": "",
		"👨‍👩‍👧 全家":                  "👨‍👩‍👧 全家",
	} {
		if got, ok := Text(typed); !ok || got != want {
			t.Errorf("Text(%q) = %q, %v, want %q", typed, got, ok, want)
		}
	}
}

func TestTextRefusesWhatNobodyCanRead(t *testing.T) {
	for _, typed := range []string{
		"\xff", "甲\xe4\xb8", "\xed\xa0\x80", "甲\x00", "\x07", "\x1b[31m", "\x7f", "\u0085", "\u009f", "\u202e甲", "\u202a", "\u2066甲\u2069",
		"\ufffe", "\uffff", "\ufdd0", "\U0001fffe", "\v", "\f",
	} {
		if got, ok := Text(typed); ok || got != typed {
			t.Errorf("Text(%q) = %q, %v", typed, got, ok)
		}
		if _, ok := Line(typed); ok {
			t.Errorf("Line(%q) accepted", typed)
		}
	}
}

func TestALineHoldsNoLineEnd(t *testing.T) {
	if got, ok := Line(" 一\r\n\r\n二\t三 "); !ok || got != "一 二 三" {
		t.Errorf("%q %v", got, ok)
	}
}

func TestLengthCountsAsPeopleCount(t *testing.T) {
	for s, want := range map[string]int{
		"":            0,
		"建议":          2,
		"𠮷䶮𬎆":         3,
		"e\u0301":     1,
		"👨‍👩‍👧‍👦":     1,
		"🇨🇳":          1,
		"👍🏽":          1,
		"一\n二":        3,
		"a\r\nb":      3,
		"葛\U000e0100": 1,
		"“银发经济”（2025年）——养老": 17,
	} {
		if got := Length(s); got != want {
			t.Errorf("Length(%q) = %d, want %d", s, got, want)
		}
	}
}

func TestTheQuickCountAgreesWithTheStandard(t *testing.T) {
	alphabet := rapid.OneOf(
		rapid.SampledFrom([]rune("建议养老〇々\n，。“”（）—…ＡＢ１２！～·áé·㐀鿿\u200d\u0301\ufe0f👍🏽🇨🇳\u3099か")),
		rapid.Rune(),
	)
	rapid.Check(t, func(t *rapid.T) {
		s, ok := Text(rapid.StringOf(alphabet).Draw(t, "s"))
		if !ok {
			return
		}
		if got, want := Length(s), uniseg.GraphemeClusterCount(s); got != want {
			t.Fatalf("Length(%q) = %d, uniseg says %d", s, got, want)
		}
	})
}

func TestTextIsStableComposedAndTrimmed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		got, ok := Text(rapid.String().Draw(t, "s"))
		if !ok {
			return
		}
		if again, ok := Text(got); !ok || again != got {
			t.Fatalf("%q then %q", got, again)
		}
		if !norm.NFC.IsNormalString(got) || strings.ContainsRune(got, '\r') || strings.TrimSpace(got) != got {
			t.Fatalf("%q", got)
		}
	})
}

func TestCodesAreFolded(t *testing.T) {
	for typed, want := range map[string]string{
		" １３５ ７９０": "135790", "4071 8826 3395": "407188263395", "４０７１　８８２６　３３９５": "407188263395",
		"\u200b135790\ufeff": "135790", "ａＢ": "aB", "٣": "٣",
	} {
		if got := Fold(typed); got != want {
			t.Errorf("Fold(%q) = %q, want %q", typed, got, want)
		}
	}
	if got := Code("4071-8826—3395"); got != "407188263395" {
		t.Errorf("Code: %q", got)
	}
	if got := Fold("a-b"); got != "a-b" {
		t.Errorf("Fold keeps hyphens: %q", got)
	}
}

func TestPiledMarks(t *testing.T) {
	for s, want := range map[string]bool{
		"z" + strings.Repeat("\u0301", 4):   false,
		"z" + strings.Repeat("\u0301", 5):   true,
		"Việt Nam":                          false,
		"བསྒྲུབས":                           false,
		"葛" + strings.Repeat("\ufe0f", 9):   false,
		"e\u0301 e\u0301 e\u0301 e\u0301 e": false,
	} {
		if got := piled(s, maxMarks); got != want {
			t.Errorf("piled(%q) = %v", s, got)
		}
	}
}
