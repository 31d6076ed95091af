package public

import (
	"strings"
	"testing"

	"wenji/internal/consultation"
	"wenji/internal/validate"

	"github.com/PuerkitoBio/goquery"
)

func TestErrorSummaryLinksToTheFieldsInTheSameWords(t *testing.T) {
	v := badForm(dossier(t))
	doc := parse(t, Form(page("/"), v))
	if got := doc.Find("#problems h2").Text(); got != validate.Summary(len(v.Problems)) {
		t.Errorf("heading %q", got)
	}
	links := doc.Find("#problems a")
	if links.Length() != len(v.Problems) {
		t.Fatalf("%d links for %d problems", links.Length(), len(v.Problems))
	}
	links.Each(func(i int, a *goquery.Selection) {
		p := v.Problems[i]
		if a.AttrOr("href", "") != "#"+p.Field || a.Text() != p.Message {
			t.Errorf("line %d: %q to %q", i, a.Text(), a.AttrOr("href", ""))
		}
		field := doc.Find("#" + p.Field)
		if field.AttrOr("aria-invalid", "") != "true" {
			t.Errorf("%s is not marked invalid", p.Field)
		}
		told := doc.Find("#problem-" + p.Field).Text()
		if told != "错误："+p.Message {
			t.Errorf("%s: beside the field %q", p.Field, told)
		}
		if !strings.Contains(" "+field.AttrOr("aria-describedby", "")+" ", " problem-"+p.Field+" ") {
			t.Errorf("%s does not name its problem", p.Field)
		}
	})
}

func TestTheOpinionComesFirstThePersonAfter(t *testing.T) {
	doc := parse(t, Form(page("/"), FormView{Dossier: dossier(t), Occupations: validate.Occupations, Captcha: Captcha{Token: "x"}}))
	var names []string
	doc.Find("main form [name]").Each(func(_ int, s *goquery.Selection) {
		if s.AttrOr("type", "") != "hidden" && goquery.NodeName(s) != "button" {
			names = append(names, s.AttrOr("name", ""))
		}
	})
	want := "clause title body name id_number occupation phone email org captcha consent consent_id"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("fields %s\nwant   %s", got, want)
	}
	var occupations []string
	doc.Find("#occupation option").Each(func(_ int, s *goquery.Selection) { occupations = append(occupations, s.Text()) })
	if got := strings.Join(occupations[1:], " "); got != strings.Join(validate.Occupations, " ") || occupations[0] != "请选择" {
		t.Errorf("occupations %v", occupations)
	}
	if doc.Find("[type=checkbox][checked]").Length() > 0 {
		t.Error("a consent is ticked beforehand")
	}
	if got := doc.Find("#clause option").Length(); got != 30 {
		t.Errorf("%d choices of clause, want the whole draft and 29", got)
	}
}

func TestFieldsFollowTheRulesOfTheConsultation(t *testing.T) {
	d := dossier(t)
	d.IDNumberRule, d.PhoneRule, d.EmailRule = consultation.Omitted, consultation.Optional, consultation.Omitted
	doc := parse(t, Form(page("/"), FormView{Dossier: d, Captcha: Captcha{Token: "x"}}))
	if n := doc.Find("#id_number,#consent_id,#email").Length(); n != 0 {
		t.Errorf("%d omitted fields are shown", n)
	}
	if _, required := doc.Find("#phone").Attr("required"); required || !strings.Contains(doc.Find("label[for=phone]").Text(), "选填") {
		t.Error("an optional phone is shown as required")
	}
}

func TestEveryOtherButtonOfTheFormKeepsWhatWasTyped(t *testing.T) {
	doc := parse(t, Form(page("/"), badForm(dossier(t))))
	buttons := doc.Find("main form button")
	if first := buttons.First(); first.AttrOr("formaction", "") != "" || first.Text() != "下一步：核对信息" {
		t.Errorf("the Enter key would press %q", first.Text())
	}
	doc.Find("main form button[formaction]").Each(func(_ int, b *goquery.Selection) {
		if _, ok := b.Attr("formnovalidate"); !ok || b.AttrOr("formaction", "") != "/captcha" {
			t.Errorf("button %q posts to %q", b.Text(), b.AttrOr("formaction", ""))
		}
	})
	if doc.Find("header form").Length() > 0 {
		t.Error("a form in the frame would throw the typed text away")
	}
	if got := doc.Find("#captcha").AttrOr("value", ""); got != "" {
		t.Errorf("the captcha is refilled with %q", got)
	}
	if got := doc.Find("main select[name=clause]").Length(); got != 2 {
		t.Errorf("%d of two chosen clauses are kept", got)
	}
}

func TestAPassedChallengeIsNotAskedForAgain(t *testing.T) {
	v := badForm(dossier(t))
	v.Captcha = Captcha{Token: "passed-token", Passed: true}
	doc := parse(t, Form(page("/"), v))
	if doc.Find("#captcha,img,audio").Length() != 0 || !strings.Contains(doc.Find("main").Text(), "验证码已通过") {
		t.Error("the challenge is asked for again")
	}
	if got := doc.Find("[name=captcha_token]").AttrOr("value", ""); got != "passed-token" {
		t.Errorf("token %q", got)
	}
}

func TestTheChallengeCanBeEnlargedHeardAndChanged(t *testing.T) {
	doc := parse(t, Form(page("/"), badForm(dossier(t))))
	if got := doc.Find("details.zoom img[width='480']").AttrOr("src", ""); got != "/captcha/token_1.png" {
		t.Errorf("enlarged picture %q", got)
	}
	audio := doc.Find("audio[controls][preload=none]")
	if got := audio.AttrOr("src", ""); got != "/captcha/token_1.wav" {
		t.Errorf("sound %q", got)
	}
	if got := doc.Find("[data-another]").Text(); got != "换一张" {
		t.Errorf("change button %q", got)
	}
}

func TestEditingBeginsAtTheFieldAskedFor(t *testing.T) {
	v := badForm(dossier(t))
	v.Problems, v.Edit = nil, "phone"
	doc := parse(t, Form(page("/"), v))
	if got := doc.Find("[autofocus]"); got.Length() != 1 || got.AttrOr("id", "") != "phone" {
		t.Errorf("focus on %q", got.AttrOr("id", ""))
	}
}

func TestCheckPageKeepsPublicAndPersonalApart(t *testing.T) {
	doc := parse(t, Check(page("/"), checked(dossier(t))))
	heads := doc.Find("main h2")
	if heads.Eq(0).Text() != "公开展示的内容" || heads.Eq(1).Text() != "仅工作人员可见" {
		t.Fatalf("blocks %q", heads.Text())
	}
	open, closed := doc.Find("dl.sum").Eq(0).Text(), doc.Find("dl.sum").Eq(1).Text()
	for _, secret := range []string{"张三丰", "210***********0015", "13800000000", "zhang@example.cn"} {
		if strings.Contains(open, secret) || !strings.Contains(closed, secret) {
			t.Errorf("%q stands in the wrong block", secret)
		}
	}
	if !strings.Contains(open, "张**") || !strings.Contains(open, "针对第5、7条") {
		t.Errorf("the public block reads %q", open)
	}
	form := doc.Find("main form")
	if form.AttrOr("action", "") != "/consultations/2025-0001/comments" || form.Find("[name=sealed]").Length() != 1 {
		t.Error("the main button does not post the sealed form")
	}
	form.Find("button[name=edit]").Each(func(_ int, b *goquery.Selection) {
		if b.AttrOr("formaction", "") != "/consultations/2025-0001/comments/check" {
			t.Errorf("%s goes to %s", b.Text(), b.AttrOr("formaction", ""))
		}
	})
	for _, field := range []string{"title", "body", "clause", "name", "id_number", "occupation", "phone", "email", "org"} {
		if form.Find("button[name=edit][value="+field+"]").Length() == 0 {
			t.Errorf("%s cannot be changed", field)
		}
	}
}

func TestASoldiersOccupationIsNeverShownAsPublic(t *testing.T) {
	v := checked(dossier(t))
	v.Occupation = "现役军人"
	lists := parse(t, Check(page("/"), v)).Find("dl.sum")
	if strings.Contains(lists.Eq(0).Text(), "现役军人") || !strings.Contains(lists.Eq(1).Text(), "现役军人") {
		t.Error("现役军人 stands in the public block")
	}
	doc := parse(t, Comments(page("/"), CommentsView{Dossier: dossier(t), Items: opinions(), Total: 2}))
	if strings.Contains(doc.Text(), "现役军人") || !strings.Contains(doc.Text(), "农民") {
		t.Error("occupations on the public list")
	}
}

func TestWordsThatCameTooLateCanBeCopied(t *testing.T) {
	d := closedDossier(t)
	doc := parse(t, ClosedForm(page("/"), ClosedView{Dossier: d, Answers: Answers{Title: "标题", Body: "第一段\n第二段", Name: "张三丰", IDNumber: "210103195001010015"}}))
	if got := doc.Find("textarea[readonly]").Text(); !strings.Contains(got, "标题\n\n第一段\n第二段") {
		t.Errorf("text %q", got)
	}
	if strings.Contains(doc.Text(), "张三丰") || strings.Contains(doc.Text(), "210103195001010015") {
		t.Error("personal data on the page")
	}
	if got := doc.Find("[role=alert]").Text(); got != validate.Closed(d.ClosesAt, d.ContactEmail) {
		t.Errorf("sentence %q", got)
	}
	if doc.Find("a[href^='mailto:laolinggongzuochu@163.com']").Length() != 1 {
		t.Error("no road by e-mail")
	}
}

func TestAFailedSubmitSaysThatNothingWasSaved(t *testing.T) {
	for _, status := range []int{403, 409, 413, 415, 429, 500, 503} {
		doc := parse(t, Error(page(""), ErrorView{Status: status, Submitting: true, Reference: "r-1"}))
		if !strings.Contains(doc.Find("[role=alert]").Text(), "您的意见没有保存。") || doc.Find("a[href^='mailto:']").Length() == 0 {
			t.Errorf("%d: %q", status, doc.Find("main").Text())
		}
	}
	if text := parse(t, Error(page(""), ErrorView{Status: 404})).Find("main").Text(); strings.Contains(text, "没有保存") {
		t.Errorf("404 of a reading page: %q", text)
	}
}
