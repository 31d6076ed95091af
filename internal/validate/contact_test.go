package validate

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPhonesAreKeptInOneForm(t *testing.T) {
	for typed, want := range map[string]string{
		"13800000000":          "13800000000",
		"１３８００００００００":          "13800000000",
		"138 0000 0000":        "13800000000",
		"138-0000-0000":        "13800000000",
		"138—0000—0000":        "13800000000",
		" 138　0000　0000 ":      "13800000000",
		"138\u200b00000000":    "13800000000",
		"+86 13800000000":      "13800000000",
		"＋8613800000000":       "13800000000",
		"+86-138-0000-0000":    "13800000000",
		"008613800000000":      "13800000000",
		"8613800000000":        "13800000000",
		"86 138 0000 0000":     "13800000000",
		"(+86) 13800000000":    "13800000000",
		"19912345678":          "19912345678",
		"024-12345678":         "024-12345678",
		"02412345678":          "024-12345678",
		"(024)23935916":        "024-23935916",
		"（024）23935916":        "024-23935916",
		"024 2393 5916":        "024-23935916",
		"024-2393-5916":        "024-23935916",
		"+86 24 23935916":      "024-23935916",
		"+86-10-62345678":      "010-62345678",
		"86-024-23935916":      "024-23935916",
		"010-62345678":         "010-62345678",
		"0411-8234567":         "0411-8234567",
		"04118234567":          "0411-8234567",
		"041182345678":         "0411-82345678",
		"0411-1234567-8":       "0411-1234567-8",
		"024-23935916-801":     "024-23935916-801",
		"024-23935916转801":     "024-23935916-801",
		"024-23935916 转 801":   "024-23935916-801",
		"024-23935916转分机801":   "024-23935916-801",
		"024-23935916 分机：801":  "024-23935916-801",
		"024-23935916ext.801":  "024-23935916-801",
		"024-23935916 EXT 801": "024-23935916-801",
		"024-23935916x801":     "024-23935916-801",
		"024-23935916#801":     "024-23935916-801",
	} {
		got, ok := Phone(typed)
		if !ok || got != want {
			t.Errorf("Phone(%q) = %q, %v, want %q", typed, got, ok, want)
		}
		if again, ok := Phone(got); !ok || again != got {
			t.Errorf("Phone(%q) is not stable: %q", got, again)
		}
	}
}

func TestWhatIsNoPhoneIsRefused(t *testing.T) {
	for _, typed := range []string{
		"", "abc", "12800000000", "1380000000", "138000000000", "23935916", "12345", "96123", "4008001234", "024",
		"024-123456", "024-123456789", "0241234567890", "012-12345678", "00-12345678", "13800000000转8", "024-23935916转",
		"024-23935916转12345678", "024-23935916-8-转9", "+85212345678", "+1 650 253 0000", "٠١٣٨٠٠٠٠٠٠٠", "1380000000O",
		"13800000000,13900000000", "13800000000 13900000000", "-", "()", "+86", "转801", "=13800000000", "一三八〇〇〇〇〇〇〇〇",
	} {
		if got, ok := Phone(typed); ok {
			t.Errorf("Phone(%q) = %q", typed, got)
		}
	}
}

func TestThePhoneTailLeavesOutTheExtension(t *testing.T) {
	for phone, want := range map[string]string{
		"13800001234": "1234", "024-23935916": "5916", "024-23935916-801": "5916", "": "", "12": "",
	} {
		if got := PhoneTail(phone); got != want {
			t.Errorf("PhoneTail(%q) = %q, want %q", phone, got, want)
		}
	}
}

func TestEmails(t *testing.T) {
	local := strings.Repeat("a", 64)
	domain := strings.Repeat("b", 60) + "." + strings.Repeat("c", 60) + "." + strings.Repeat("d", 60)
	for typed, want := range map[string]string{
		"name@example.cn":   "name@example.cn",
		" Name@EXAMPLE.cn ": "Name@example.cn",
		"ｎａｍｅ＠ｅｘａｍｐｌｅ．ｃｎ":               "name@example.cn",
		"name@example。cn":               "name@example.cn",
		"name @ example.cn":             "name@example.cn",
		"na\u200bme@example.cn":         "name@example.cn",
		"a.b+c_d-e@mail.example.com.cn": "a.b+c_d-e@mail.example.com.cn",
		"user@例子.中国":                    "user@例子.中国",
		"user@例子。中国":                    "user@例子.中国",
		"user@xn--fsqu00a.xn--fiqs8s":   "user@xn--fsqu00a.xn--fiqs8s",
		"张三@例子.中国":                      "张三@例子.中国",
		local + "@" + domain + ".ee":    local + "@" + domain + ".ee",
	} {
		if got := email(typed); got != want {
			t.Errorf("email(%q) = %q, want %q", typed, got, want)
		}
		if !fieldAccepts("email", typed) {
			t.Errorf("refused %q", typed)
		}
	}
	for _, typed := range []string{
		"name", "@example.cn", "name@", "name@example", "name@@example.cn", "a@b@example.cn", "a@b.cn,c@d.cn", "a@b.cn;c@d.cn",
		"a@b.cn、c@d.cn", "<a@b.cn>", "张三<a@b.cn>", `"a b"@b.cn`, `"<script>"@b.cn`, "a@[127.0.0.1]", "a@b..cn", "a@.cn", "a@b.cn.",
		"a..b@c.cn", ".a@c.cn", "a.@c.cn", "a@-b.cn", "a@b_c.cn", "a@" + strings.Repeat("b", 64) + ".cn",
		local + "a@b.cn", local + "@" + domain + "." + strings.Repeat("e", 8), "a@b.cn\r\nBcc:c@d.cn", "mailto:a@b.cn",
	} {
		if fieldAccepts("email", typed) {
			t.Errorf("accepted %q", typed)
		}
	}
}

func TestPhoneNeverPanicsAndIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.SampledFrom([]rune("0123456789０８-— ()（）+转extX#.a外\u200b"))).Draw(t, "s")
		kept, ok := Phone(s)
		if !ok {
			return
		}
		if again, ok := Phone(kept); !ok || again != kept {
			t.Fatalf("Phone(%q) = %q, then %q %v", s, kept, again, ok)
		}
	})
}
