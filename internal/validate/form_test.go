package validate

import (
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"wenji/internal/apperr"

	"pgregory.net/rapid"
)

var allRequired = Rules{IDNumber: "required", Phone: "required", Email: "required", Clauses: 29, Today: noon}

func filled() Form {
	return Form{
		Title: "建议加装扶手", Body: "建议在老旧小区楼道加装扶手，方便老年人上下楼。", Name: "张三", IDNumber: withCheck("21010219490101001"),
		Occupation: "退（离）休人员", Phone: "13800000000", Email: "name@example.cn", Consent: true, ConsentID: true,
	}
}

// with sets one field of a filled form by its form name.
func with(field, value string) Form {
	f := filled()
	switch field {
	case "title":
		f.Title = value
	case "body":
		f.Body = value
	case "name":
		f.Name = value
	case "id_number":
		f.IDNumber = value
	case "occupation":
		f.Occupation = value
	case "phone":
		f.Phone = value
	case "email":
		f.Email = value
	case "org":
		f.Org = value
	default:
		panic(field)
	}
	return f
}

func fieldAccepts(field, value string) bool {
	_, bad := Check(with(field, value), allRequired)
	return bad == nil
}

func only(bad *apperr.Invalid) (field, message string) {
	if bad == nil {
		return "", ""
	}
	if len(bad.Problems) != 1 {
		return fmt.Sprint(bad.Problems), ""
	}
	return bad.Problems[0].Field, bad.Problems[0].Message
}

func TestAFilledFormPasses(t *testing.T) {
	clean, bad := Check(filled(), allRequired)
	if bad != nil {
		t.Fatal(bad.Problems)
	}
	if clean.Title != "建议加装扶手" || clean.Clauses != nil || !clean.Consent || !clean.ConsentID {
		t.Error("the clean form differs from what was typed")
	}
}

func TestEveryFieldHasItsSentence(t *testing.T) {
	family := "👨‍👩‍👧‍👦"
	for _, tc := range []struct{ field, value, want string }{
		{"title", "", TitleEmpty},
		{"title", " 　\u200b", TitleEmpty},
		{"title", "一", TitleShort},
		{"title", "一\u200b\u200b", TitleShort},
		{"title", "一二", ""},
		{"title", strings.Repeat("字", 100), ""},
		{"title", strings.Repeat("字", 101), TitleLong(101)},
		{"title", strings.Repeat(family, 100), ""},
		{"title", strings.Repeat(family, 101), TitleLong(101)},
		{"title", "甲\x00乙", Undisplayable("title")},
		{"title", "甲\xff乙", Undisplayable("title")},
		{"title", "甲\u202e乙", Undisplayable("title")},
		{"title", "建议x" + strings.Repeat("\u0301", 5), TooManyMarks("title")},
		{"title", "<script>alert(1)</script>", ""},
		{"body", "", BodyEmpty},
		{"body", strings.Repeat("字", 9), BodyShort},
		{"body", strings.Repeat("字", 9) + strings.Repeat("\u200b", 9) + "。", ""},
		{"body", strings.Repeat("字", 8) + strings.Repeat("\u200b", 9) + "。", BodyShort},
		{"body", strings.Repeat("字", 10), ""},
		{"body", strings.Repeat("字", 5000), ""},
		{"body", strings.Repeat("字", 5001), BodyLong(5001)},
		{"body", strings.Repeat("字\r\n", 2500), ""},
		{"body", strings.Repeat("字\r\n", 2500) + "字字", BodyLong(5002)},
		{"body", strings.Repeat(family, 5000), ""},
		{"body", strings.Repeat(family, 5001), BodyLong(5001)},
		{"body", strings.Repeat("字", 20) + "\x1b", Undisplayable("body")},
		{"name", "", NameEmpty},
		{"name", "张", NameShort},
		{"name", strings.Repeat("张", 50), ""},
		{"name", strings.Repeat("张", 51), NameLong},
		{"name", "张3", NameForm},
		{"name", "张三\u202e", Undisplayable("name")},
		{"id_number", "", IDNumberEmpty},
		{"id_number", "110105491231002", IDNumberLength(15)},
		{"id_number", "abc", IDNumberLength(3)},
		{"id_number", "110105194912310021", IDNumberWrong},
		{"id_number", "11010519491231002Х", IDNumberWrong},
		{"id_number", "11010519491231٠٠2X", IDNumberWrong},
		{"id_number", withCheck("21010219000229001"), IDNumberWrong},
		{"id_number", withCheck("21010220110502001"), Guardian},
		{"id_number", withCheck("21010220110501001"), ""},
		{"id_number", "1101051949\x00231002X", Undisplayable("id_number")},
		{"occupation", "", OccupationEmpty},
		{"occupation", "宇航员", OccupationOther},
		{"occupation", "退(离)休人员", ""},
		{"phone", "", PhoneEmpty},
		{"phone", "12345", PhoneForm},
		{"phone", "１３８ ００００ ００００", ""},
		{"email", "", EmailEmpty},
		{"email", "name", EmailForm},
		{"email", "\x7fname@example.cn", Undisplayable("email")},
		{"org", "", ""},
		{"org", strings.Repeat("院", 100), ""},
		{"org", strings.Repeat("院", 101), OrgLong(101)},
		{"org", "院\x01", Undisplayable("org")},
	} {
		_, bad := Check(with(tc.field, tc.value), allRequired)
		field, message := only(bad)
		if message != tc.want || (message != "" && field != tc.field) {
			t.Errorf("%s %.40q: %s %q, want %q", tc.field, tc.value, field, message, tc.want)
		}
	}
}

func TestWhatAMachineCanMendIsNoError(t *testing.T) {
	f := filled()
	f.Title, f.Name = " 　建议加装扶手\r\n", " 张　三 "
	f.IDNumber = "１１０１０５ 1949-1231 002ｘ\u200b"
	f.Phone, f.Email = "+86 138-0000-0000", "ｎａｍｅ＠example。CN"
	f.Occupation = "退(离)休人员 "
	f.Body = "\ufeff第一段，建议加装扶手。\r\n第二段。\r\n"
	f.Clauses = []string{"", "５", "12", " 5 "}
	clean, bad := Check(f, allRequired)
	if bad != nil {
		t.Fatal(bad.Problems)
	}
	want := Clean{
		Title: "建议加装扶手", Body: "第一段，建议加装扶手。\n第二段。", Name: "张三", IDNumber: "11010519491231002X", Occupation: "退（离）休人员",
		Phone: "13800000000", Email: "name@example.cn", Consent: true, ConsentID: true, Clauses: []int{5, 12},
	}
	if !reflect.DeepEqual(clean, want) {
		t.Errorf("mended to %q %q %q %q %q %q %q %v", clean.Title, clean.Body, clean.Name, clean.IDNumber, clean.Occupation,
			clean.Phone, clean.Email, clean.Clauses)
	}
}

func TestNames(t *testing.T) {
	for _, name := range []string{
		"张三", "欧阳娜娜", "𠮷野家", "䶮一", "王𬎆", "刘㵗", "买买提·艾力", "买买提•艾力", "买买提‧艾力", "买买提・艾力", "买买提．艾力", "阿卜杜.拉合曼",
		"O'Neil", "O’Neil", "Jean-Luc Picard", "J. R. R. Tolkien", "Robert Jr.", "José García", "Nguyễn Văn A", "Ａｎｎａ", "李Anna",
		"二〇", "䴖鵒", "葛\U000e0100城", "\U00031350一", "\U000323b0一", "\U0002ebf0一", "Nguye\u0302\u0303n",
	} {
		clean, bad := Check(with("name", name), allRequired)
		if bad != nil {
			t.Errorf("%q refused: %v", name, bad.Problems)
		} else if want, _ := Line(name); clean.Name != want {
			t.Errorf("%q kept as %q", name, clean.Name)
		}
	}
	for _, name := range []string{
		"张3", "张三1", "张３", "<b>张三</b>", "张&三", "张三;", "张三(李四)", "·张三", "张三·", "张··三", "-张三", "张三-", "张@三", "张_三", "Иванов", "张三😀",
		"张,三", "张，三", "\"张三\"", "张三\\", "=张三", "Ⅳ世", "〡〢", "x\u0301\u0301\u0301a", "\u0301张三", "....", "··", "a..b", "张/三", "张三。", "①号",
	} {
		if _, message := only(second(Check(with("name", name), allRequired))); message != NameForm {
			t.Errorf("%q: %q", name, message)
		}
	}
	for typed, want := range map[string]string{
		"张 三": "张三", "张　　三": "张三", "张\u200b三": "张三", "张\u200e三\u00ad": "张三", "Jean  Luc": "Jean Luc", "张 Anna": "张 Anna", " 张三\n": "张三",
	} {
		if clean, bad := Check(with("name", typed), allRequired); bad != nil || clean.Name != want {
			t.Errorf("%q kept as %q, want %q", typed, clean.Name, want)
		}
	}
}

func second(_ Clean, bad *apperr.Invalid) *apperr.Invalid { return bad }

func TestProblemsStandInFormOrder(t *testing.T) {
	_, bad := Check(Form{Org: "\x00", Clauses: []string{"99", "abc"}}, allRequired)
	var fields []string
	for _, p := range bad.Problems {
		fields = append(fields, p.Field)
	}
	want := []string{"title", "body", "name", "id_number", "occupation", "phone", "email", "org", "clause", "consent", "consent_id"}
	if !slices.Equal(fields, want) {
		t.Errorf("%v", fields)
	}
}

func TestClauses(t *testing.T) {
	for _, tc := range []struct {
		typed []string
		count int
		want  []int
		bad   bool
	}{
		{nil, 29, nil, false},
		{[]string{""}, 29, nil, false},
		{[]string{"29", "1", "1"}, 29, []int{1, 29}, false},
		{[]string{"30"}, 29, nil, true},
		{[]string{"0"}, 29, nil, true},
		{[]string{"-1"}, 29, nil, true},
		{[]string{"1", "x"}, 29, nil, true},
		{[]string{"1"}, 0, nil, true},
		{[]string{"99999999999999999999"}, 29, nil, true},
	} {
		f := filled()
		f.Clauses = tc.typed
		r := allRequired
		r.Clauses = tc.count
		clean, bad := Check(f, r)
		if field, message := only(bad); tc.bad != (message == ClauseUnknown && field == "clause") || !tc.bad && !slices.Equal(clean.Clauses, tc.want) {
			t.Errorf("%q of %d: %v %s %s", tc.typed, tc.count, clean.Clauses, field, message)
		}
	}
}

func TestRulesOfTheConsultationDecideWhatIsAsked(t *testing.T) {
	f := filled()
	f.IDNumber, f.Phone, f.Email, f.ConsentID = "", "", "", false
	optional := Rules{IDNumber: "optional", Phone: "optional", Email: "optional", Today: noon}
	if _, bad := Check(f, optional); bad != nil {
		t.Error(bad.Problems)
	}
	f = filled()
	f.ConsentID = false
	if field, message := only(second(Check(f, optional))); field != "consent_id" || message != ConsentID {
		t.Errorf("a number given needs its consent: %s %s", field, message)
	}
	f.IDNumber = "110105194912310021"
	f.ConsentID = true
	if _, message := only(second(Check(f, optional))); message != IDNumberWrong {
		t.Errorf("an optional number is checked when given: %q", message)
	}
	f.Phone, f.Email = "1", "2"
	omitted := Rules{IDNumber: "omitted", Phone: "omitted", Email: "omitted", Today: noon}
	clean, bad := Check(f, omitted)
	if bad != nil || clean.IDNumber != "" || clean.Phone != "" || clean.Email != "" {
		t.Errorf("what is left out is neither checked nor kept: %v", bad)
	}
}

func TestConsentIsNeverAssumed(t *testing.T) {
	f := filled()
	f.Consent = false
	if field, message := only(second(Check(f, allRequired))); field != "consent" || message != ConsentMissing {
		t.Errorf("%s %s", field, message)
	}
}

func TestSeventeenOccupationsInTheOrderOfThePage(t *testing.T) {
	if len(Occupations) != 17 || Occupations[0] != "公务员" || Occupations[15] != "退（离）休人员" || Occupations[16] != "其他" {
		t.Error(Occupations)
	}
	for _, o := range Occupations {
		if !fieldAccepts("occupation", o) {
			t.Errorf("%s refused", o)
		}
	}
}

func TestNoSentenceRepeatsWhatWasTyped(t *testing.T) {
	for _, id := range []string{"110105194912310021", "1101051949123100", "987654321987654321"} {
		if _, message := only(second(Check(with("id_number", id), allRequired))); message == "" || strings.Contains(message, id[:6]) {
			t.Errorf("%q", message)
		}
	}
}

func TestAFormPrintsNothingPersonal(t *testing.T) {
	f := filled()
	clean, _ := Check(f, allRequired)
	for _, s := range []string{fmt.Sprintf("%v %+v %#v", f, f, f), fmt.Sprintf("%v %+v %#v", clean, clean, clean), slog.AnyValue(f).Resolve().String()} {
		if strings.Contains(s, "张三") || strings.Contains(s, "1380") {
			t.Error(s)
		}
	}
}

func TestNoInputPanicsAndWhatPassesPassesAgain(t *testing.T) {
	words := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("张三·0123456789X@.a 　-\u0301\u200b\u202e转"))),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rule := rapid.SampledFrom([]string{"required", "optional", "omitted", ""})
	rapid.Check(t, func(t *rapid.T) {
		f := Form{Title: words.Draw(t, "title"), Body: words.Draw(t, "body"), Name: words.Draw(t, "name"), IDNumber: words.Draw(t, "id"),
			Occupation: words.Draw(t, "occupation"), Phone: words.Draw(t, "phone"), Email: words.Draw(t, "email"), Org: words.Draw(t, "org"),
			Clauses: rapid.SliceOfN(words, 0, 3).Draw(t, "clauses"), Consent: true, ConsentID: true}
		r := Rules{IDNumber: rule.Draw(t, "r1"), Phone: rule.Draw(t, "r2"), Email: rule.Draw(t, "r3"), Clauses: 9, Today: noon}
		clean, bad := Check(f, r)
		if bad != nil {
			return
		}
		again, bad := Check(Form{Title: clean.Title, Body: clean.Body, Name: clean.Name, IDNumber: clean.IDNumber, Occupation: clean.Occupation,
			Phone: clean.Phone, Email: clean.Email, Org: clean.Org, Consent: true, ConsentID: true}, r)
		clean.Clauses = nil
		if bad != nil || !reflect.DeepEqual(again, clean) {
			t.Fatalf("not stable: %v", bad)
		}
	})
}

func FuzzCheck(f *testing.F) {
	f.Add("标题", "意见意见意见意见意见", "张三", "11010519491231002X", "其他", "13800000000", "a@b.cn", "院", "1")
	f.Add("\xff", "\x00", "\u202e", "𝟎", "退(离)休人员", "+86", "@", "\ufffe", "九")
	f.Fuzz(func(t *testing.T, title, body, name, id, occupation, phone, email, org, clause string) {
		_, _ = Check(Form{Title: title, Body: body, Name: name, IDNumber: id, Occupation: occupation, Phone: phone, Email: email, Org: org,
			Clauses: []string{clause}}, allRequired)
	})
}

func TestSentencesForWaitsAndTimes(t *testing.T) {
	at := time.Date(2025, 5, 7, 16, 0, 0, 0, time.UTC)
	for got, want := range map[string]string{
		ClosingTime(at):                                               "2025年5月7日24时",
		ClosingTime(at.Add(10 * time.Hour)):                           "2025年5月8日10时",
		ClosingTime(at.Add(10*time.Hour + 30*time.Minute)):            "2025年5月8日10时30分",
		TooOften(9*time.Minute + time.Second):                         "提交过于频繁，请10分钟后再试。您填写的内容已保留。",
		TooOften(0):                                                   "提交过于频繁，请1分钟后再试。您填写的内容已保留。",
		StatusTooOften(30 * time.Minute):                              "查询次数过多，请30分钟后再试。",
		SubmittedBefore(time.Date(2025, 5, 2, 16, 0, 0, 0, time.UTC)): "您已于5月3日提交过相同的意见，无需重复提交。",
		ConflictSentence("publish", "李明", time.Date(2025, 5, 3, 6, 5, 0, 0, time.UTC)): "此条已由李明于14:05通过，您的操作未执行。",
		Summary(1):                             "有1处需要修改",
		Hidden("phone"):                        "［已隐去电话号码］",
		Hidden("id_number"):                    "［已隐去身份证号码］",
		Undisplayable("title"):                 "标题中有无法显示的字符，请删去后重新填写。",
		FoundPersonal([]string{"138****0000"}): "我们在意见中发现疑似个人信息：138****0000。公开时将自动隐去。",
		Closed(at, "a@b.cn"):                   "征集已于2025年5月7日24时截止，您的意见没有提交。您填写的内容在下面，可以复制后通过电子邮件发送至a@b.cn。",
	} {
		if got != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
	for _, code := range Reasons {
		if ReasonText(code) == "" {
			t.Errorf("no words for %s", code)
		}
	}
	if ReasonText("=1") != "" {
		t.Error("an unknown code has no words")
	}
}

func BenchmarkCheck(b *testing.B) {
	f := with("body", strings.Repeat("建议在老旧小区加装扶手，", 16))
	for b.Loop() {
		if _, bad := Check(f, allRequired); bad != nil {
			b.Fatal(bad)
		}
	}
}
