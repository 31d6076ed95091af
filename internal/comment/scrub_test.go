package comment

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

const rightID = "11010519491231002X" // the example of GB 11643

// shown writes what the scrub found as kind:text, from the original.
func shown(text string, spans []Span) []string {
	var out []string
	runes := []rune(text)
	for _, s := range spans {
		out = append(out, string(s.Kind)+":"+string(runes[s.Start:s.End]))
	}
	return out
}

func TestPersonalDataIsFoundHoweverItIsWritten(t *testing.T) {
	for text, want := range map[string][]string{
		"我的身份证号是11010519491231002X。":      {"id_number:11010519491231002X"},
		"身份证１１０１０５１９４９１２３１００２ｘ":           {"id_number:１１０１０５１９４９１２３１００２ｘ"},
		"证号110105 19491231 002X，谢谢":       {"id_number:110105 19491231 002X"},
		"证号110105-1949-1231-002-X":        {"id_number:110105-1949-1231-002-X"},
		"1101 0519 4912 3100 2X":          {"id_number:1101 0519 4912 3100 2X"},
		"11010519491231002Х":              {"id_number:11010519491231002Х"},
		"11010519491231002×":              {"id_number:11010519491231002×"},
		"1101\u200b0519491231002X":        {"id_number:1101\u200b0519491231002X"},
		"٠11010519491231002X":             nil, // one digit too many
		"11010519491231002X电话13800000000": {"id_number:11010519491231002X", "phone:13800000000"},
		"810000199408230021":              {"id_number:810000199408230021"},
		"81000019940823002113800000000":   {"id_number:810000199408230021"},
		"电话13800000000":                   {"phone:13800000000"},
		"请打138 0000 0000或139-1234-5678":   {"phone:138 0000 0000", "phone:139-1234-5678"},
		"138 0000 0000 139 1234 5678":     {"phone:138 0000 0000", "phone:139 1234 5678"},
		"13800000000 13912345678":         {"phone:13800000000", "phone:13912345678"},
		"１３８００００００００":                     {"phone:１３８００００００００"},
		"+86 13800000000":                 {"phone:+86 13800000000"},
		"＋8613800000000":                  {"phone:＋8613800000000"},
		"86-138-0000-0000":                {"phone:86-138-0000-0000"},
		"1 3 8 0 0 0 0 0 0 0 0":           {"phone:1 3 8 0 0 0 0 0 0 0 0"},
		"𝟏𝟑𝟖𝟎𝟎𝟎𝟎𝟎𝟎𝟎𝟗":                     {"phone:𝟏𝟑𝟖𝟎𝟎𝟎𝟎𝟎𝟎𝟎𝟗"},
		"١٣٨٠٠٠٠٠٠٠٩":                     {"phone:١٣٨٠٠٠٠٠٠٠٩"},
		"138.0000.0000":                   {"phone:138.0000.0000"},
		"1.13800000000":                   {"phone:13800000000"},
		"2025年13800000000":                {"phone:13800000000"},
		"2025 13800000000":                {"phone:13800000000"},
		"13800000000-2025":                {"phone:13800000000"},
		"微信wx13800000000":                 {"phone:13800000000"},
		"一三八〇〇〇〇〇〇〇〇":                     {"phone:一三八〇〇〇〇〇〇〇〇"},
		"幺三八零零零零零零零零":                     {"phone:幺三八零零零零零零零零"},
		"第一13800000000":                   {"phone:13800000000"},
		"１３８—００００—００００":                   {"phone:１３８—００００—００００"},
		"024-23935916":                    {"phone:024-23935916"},
		"(024)23935916":                   {"phone:(024)23935916"},
		"（024）23935916":                   {"phone:（024）23935916"},
		"02423935916":                     {"phone:02423935916"},
		"0411 82345678":                   {"phone:0411 82345678"},
		"024-2393-5916":                   {"phone:024-2393-5916"},
		"024-23935916-801":                {"phone:024-23935916-801"},
		"024-12345678":                    {"phone:024-12345678"},
		"+86 24 23935916":                 {"phone:+86 24 23935916"},
		"电话：23935916":                     {"phone:23935916"},
		"联系电话是2393-5916":                  {"phone:2393-5916"},
		"卡号6222021234567890128":           {"bank_card:6222021234567890128"},
		"6222 0212 3456 7890 128":         {"bank_card:6222 0212 3456 7890 128"},
		"4111-1111-1111-1111":             {"bank_card:4111-1111-1111-1111"},
		"４１１１１１１１１１１１１１１１":                {"bank_card:４１１１１１１１１１１１１１１１"},
		"信箱name@example.cn，请回复":           {"email:name@example.cn"},
		"发到a.b+c@mail.example.com.cn。谢谢":  {"email:a.b+c@mail.example.com.cn"},
		"我的邮箱ｎａｍｅ＠ｅｘａｍｐｌｅ．ｃｎ":             {"email:ｎａｍｅ＠ｅｘａｍｐｌｅ．ｃｎ"},
		"13800000000@163.com":             {"email:13800000000@163.com"},
		"name@例子.中国欢迎来信":                  {"email:name@例子.中国"},
		"name@example.com欢迎来信":            {"email:name@example.com"},
		"name@qq。com":                     {"email:name@qq。com"},
		"a@b.cn,c@d.cn":                   {"email:a@b.cn", "email:c@d.cn"},
		"👨‍👩‍👧𠮷13800000000":               {"phone:13800000000"},
		"身份证" + rightID + "邮箱a@b.cn电话024-23935916卡4111111111111111": {"id_number:" + rightID, "email:a@b.cn", "phone:024-23935916", "bank_card:4111111111111111"},
	} {
		spans, _ := Scrub("", text, nil)
		if got := shown(text, spans); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestOrdinaryNumbersAreLeftAlone(t *testing.T) {
	for _, text := range []string{
		"", "建议", "2025年", "5000次", "〔2024〕32号", "国办发〔2024〕1号", "2025-04-29 10:30", "2025年4月29日—2025年5月7日", "2024-2025",
		"1295万人", "占31.2%", "投入13800000000元", "¥13800000000", "13,800,000,000", "3.1415926535897", "0.13800000000", "0.3333333333333333",
		"第1—7条", "55%以上", "12345", "96123", "110", "120", "4008001234", "110032", "11位", "12800000000", "138000000001", "1380000000",
		"110105194912310021", "110105490231002", "19491231", "辽公网安备 21010502000372号", "2100000037", "辽ICP备05023109号",
		"编号202504291234567890", "6222021234567890127", "1500 2000 300", "2021 2022 2023 2024", "三万五千", "二〇二五年五月七日", "一二三四五六七八九十",
		"@", "@人民日报", "a@", "@b.cn", "a@b", "C@D", "增加25项地方标准和30项团体标准", "电话12345", "电话96123", "23935916", "电话亭2393处",
		"ISBN 978-7-5087-1234-5", "GB/T 37668-2019", "北纬41.8057度，东经123.4315度", "13：00—17：00", "08:30-11:30 13:00-17:00",
	} {
		if spans, flags := Scrub(text, text, nil); spans != nil || flags != nil {
			t.Errorf("%q: %q %v", text, shown(text, spans), flags)
		}
	}
}

func TestTheScrubCountsCodePointsOfTheOriginal(t *testing.T) {
	title, body := "𠮷\u200b电话１３８００００００００", "e\u0301见a@b.cn"
	spans, flags := Scrub(title, body, nil)
	want := []Span{{"title", 4, 15, SpanPhone}, {"body", 3, 9, SpanEmail}}
	if !slices.Equal(spans, want) || !slices.Equal(flags, []string{"phone", "email"}) {
		t.Errorf("%v %v", spans, flags)
	}
}

func TestListedWordsAreFoundAcrossWidthCaseAndGaps(t *testing.T) {
	listed := []string{"赌博", "VPN", "ｂｅｔ365"}
	for text, want := range map[string]bool{
		"谈赌博": true, "赌 博": true, "赌*博": true, "赌\u200b博": true, "赌，博": false, "ｖｐｎ": true, "用Vpn上网": true, "BET365": true, "v p n": false,
		"养老": false, "": false,
	} {
		if _, flags := Scrub("标题", text, listed); slices.Contains(flags, FlagListedWord) != want {
			t.Errorf("%q: %v", text, flags)
		}
	}
	if _, flags := Scrub("赌博", "正文", listed); !slices.Equal(flags, []string{FlagListedWord}) {
		t.Errorf("the title counts too: %v", flags)
	}
	if _, flags := Scrub("题", "文", []string{"", " "}); flags != nil {
		t.Errorf("an empty word is in no text: %v", flags)
	}
}

func TestThePublicCopySaysWhatWasHidden(t *testing.T) {
	text := "𠮷电话13800000000，邮箱a@b.cn。"
	spans, _ := Scrub("", text, nil)
	if got := PublicCopy(text, "body", spans); got != "𠮷电话［已隐去电话号码］，邮箱［已隐去邮箱］。" {
		t.Error(got)
	}
	if got := PublicCopy(text, "title", spans); got != text {
		t.Errorf("spans of the other field do nothing: %s", got)
	}
	for _, tc := range []struct {
		spans []Span
		want  string
	}{
		{nil, "一二三四五"},
		{[]Span{{"body", 3, 4, SpanName}, {"body", 0, 1, SpanAddress}}, "［已隐去住址］二三［已隐去姓名］五"},
		{[]Span{{"body", 0, 3, SpanName}, {"body", 1, 4, SpanAddress}}, "［已隐去姓名］五"},
		{[]Span{{"body", 0, 3, SpanName}, {"body", 1, 2, SpanAddress}}, "［已隐去姓名］四五"},
		{[]Span{{"body", -5, 99, SpanWords}}, "［已隐去不当言论］"},
		{[]Span{{"body", 4, 4, SpanWords}, {"body", 5, 9, SpanWords}}, "一二三四五"},
		{[]Span{{"body", 1, 2, SpanOther}, {"body", 2, 3, SpanOther}}, "一［已隐去部分内容］［已隐去部分内容］四五"},
	} {
		if got := PublicCopy("一二三四五", "body", tc.spans); got != tc.want {
			t.Errorf("%v: %s, want %s", tc.spans, got, tc.want)
		}
	}
}

func TestNoSpanOverlapsAndNothingIsLeftAfterHiding(t *testing.T) {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{rightID, "13800000000", "024-23935916", "a@b.cn", "4111 1111 1111 1111", "+86", "，", " ", "-", "电话", "元", "一", "X", ".", "\u200b", "👍🏽"}),
		rapid.StringN(0, 4, 8), rapid.StringMatching(`[0-9０-９一〇]{1,20}`),
	)
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "pieces"), "")
		if !utf8.ValidString(text) {
			return
		}
		spans, _ := Scrub(text, text, nil)
		runes := []rune(text)
		end := 0
		for i, s := range spans {
			if s.Field == "body" && (i == 0 || spans[i-1].Field == "title") {
				end = 0
			}
			if s.Start < end || s.End <= s.Start || s.End > len(runes) {
				t.Fatalf("%q: %v", text, spans)
			}
			end = s.End
		}
		copied := PublicCopy(text, "body", spans)
		for _, f := range []string{rightID, "13800000000@"} {
			if strings.Contains(copied, f) && !strings.ContainsAny(strings.Replace(text, f, "", 1), "0123456789０１２３４５６７８９") {
				t.Fatalf("%q left in %q", f, copied)
			}
		}
	})
}

func TestEveryMobileNumberBetweenWordsIsHidden(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`1[3-9][0-9]{9}`).Draw(t, "number")
		gap := rapid.SampledFrom([]string{"", " ", "-", "—", ".", "\u200b", "  "}).Draw(t, "gap")
		text := "打" + number[:3] + gap + number[3:7] + gap + number[7:] + "找我"
		spans, flags := Scrub("", text, nil)
		if got := PublicCopy(text, "body", spans); got != "打［已隐去电话号码］找我" || len(flags) != 1 {
			t.Fatalf("%q: %q", text, got)
		}
	})
}

func FuzzScrub(f *testing.F) {
	f.Add("电话+86 138 0000 0000", "11010519491231002X a@b.中国 0411-8234567-801")
	f.Add("@.@。", "〇一二\xff\u202e00861")
	f.Fuzz(func(t *testing.T, title, body string) {
		spans, _ := Scrub(title, body, []string{"赌博"})
		_ = PublicCopy(body, "body", spans)
		_ = MaskName(title)
	})
}

func BenchmarkScrub(b *testing.B) {
	for _, text := range []string{
		strings.Repeat("建议在老旧小区加装扶手，", 16),
		strings.Repeat("建议2025年加装5000处扶手，", 12) + "联系13800000000",
	} {
		b.Run(fmt.Sprint(utf8.RuneCountInString(text)), func(b *testing.B) {
			for b.Loop() {
				_, _ = Scrub("建议加装扶手", text, []string{"赌博", "诈骗", "VPN"})
			}
		})
	}
}

func TestWhereNothingMayBeHeldNothingIsFound(t *testing.T) {
	pieces := []string{"一", "幺", "〇", "零", "九", "1", "3", "８", "٣", "-", " ", "，", "建", "扶手", "㐀", "@", "＠", "a.cn", "电话", "\xe4\xb8", "\xff", "𠮷",
		"13800000000", "幺三八〇幺四五零幺六七", "一三二五四六零八一五七", "一三二五四九八〇一五六", "zhang@example.com", rightID}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, 24).Draw(t, "pieces"), "")
		signs := visible(text)
		found := findNumbers(signs, findNumbers(signs, findEmails(signs), arabicDigit), chineseDigit)
		if len(found) > 0 && !MayHoldPersonal([]byte(text)) {
			t.Fatalf("%q holds %v and is passed over", text, found)
		}
		if arabic, chinese, mail := digitsTogether(text); (arabic || chinese || mail) != MayHoldPersonal([]byte(text)) {
			t.Fatalf("%q is looked at in two ways", text)
		}
	})
}
