package public

import (
	"bytes"
	"context"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/clause"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/sample"
	"wenji/internal/validate"
	"wenji/web"
	"wenji/web/ui"

	"github.com/PuerkitoBio/goquery"
	"github.com/a-h/templ"
	"github.com/google/uuid"
)

// may4 is a morning three days before the sample consultation's last day.
var may4 = time.Date(2025, 5, 4, 10, 0, 0, 0, consultation.Shanghai)

var testSite = ui.Site{
	Name: "辽宁省人民政府", Domain: "www.ln.gov.cn", Column: "意见征集", Description: "面向社会征求意见和建议的窗口",
	Keywords: "意见征集", Sponsor: "辽宁省人民政府办公厅", IDCode: "2100000037", ICP: "辽ICP备05023109号",
	PoliceRecord: "辽公网安备 21010502000372号", Address: "沈阳市皇姑区北陵大街45-9号", Postcode: "110032",
	Email: "mhwz@ln.gov.cn", HelpPhone: "024-23935916", HelpHours: "工作日8:30—11:30，13:00—17:00", WeChat: "辽宁省人民政府",
}

// dossier is the sample consultation with comments on every third clause.
func dossier(t testing.TB) *consultation.Dossier {
	t.Helper()
	source, err := consultation.ReadSource(sample.FS)
	if err != nil {
		t.Fatal(err)
	}
	d := &consultation.Dossier{
		Consultation: source.Consultation, Draft: source.Draft, Interpretation: source.Interpretation,
		ClauseCounts: map[uuid.UUID]int{},
	}
	d.Received, d.Published = 312, 128
	for _, f := range source.Files {
		d.Attachments = append(d.Attachments, f.Attachment)
	}
	for i := range d.Draft {
		d.Draft[i].ID = uuid.New()
		if n := d.Draft[i]; n.Kind == clause.Clause && n.Number%3 == 0 {
			d.ClauseCounts[n.ID] = n.Number
		}
	}
	return d
}

func page(back string) ui.Page {
	return ui.Page{
		Title: "示例", Nav: ui.NavHome, Site: testSite, Now: may4, Back: back, Asset: web.Asset,
		Crumbs: []ui.Crumb{{Name: "征集公告", URL: "/consultations"}, {Name: "示例"}},
	}
}

const hostile = `<script>alert(1)</script>" onmouseover="alert(2)`

func opinions() []comment.Public {
	return []comment.Public{
		{ConsultationID: "2025-0001", Number: 129, Title: hostile, Body: hostile + "\n第二段", MaskedName: "张**",
			Occupation: "现役军人", ReceivedAt: may4, Clauses: []int{5}},
		{ConsultationID: "2025-0001", Number: 128, Title: "助餐点", Body: "扩大覆盖面。", MaskedName: "欧阳**",
			Occupation: "农民", ReceivedAt: may4.AddDate(0, 0, -1)},
	}
}

func badForm(d *consultation.Dossier) FormView {
	return FormView{
		Dossier: d, Occupations: validate.Occupations, Captcha: Captcha{Token: "token_1"},
		Answers: Answers{Title: hostile, Body: hostile, Name: "张3", IDNumber: "210103", Phone: "138", Email: "a@b", Clauses: []string{"5", "7"}},
		Problems: []apperr.Problem{
			{Field: "clause", Message: validate.ClauseUnknown}, {Field: "title", Message: validate.TitleLong(101)},
			{Field: "body", Message: validate.BodyShort}, {Field: "name", Message: validate.NameForm},
			{Field: "id_number", Message: validate.IDNumberLength(6)}, {Field: "occupation", Message: validate.OccupationEmpty},
			{Field: "phone", Message: validate.PhoneForm}, {Field: "email", Message: validate.EmailForm},
			{Field: "org", Message: validate.OrgLong(101)}, {Field: "captcha", Message: validate.CaptchaWrong},
			{Field: "consent", Message: validate.ConsentMissing}, {Field: "consent_id", Message: validate.ConsentID},
		},
	}
}

func checked(d *consultation.Dossier) CheckView {
	return CheckView{
		Dossier: d, Sealed: "sealed-form", Title: hostile, Body: "建议加装扶手，并在转角处增加照明。", Clauses: []int{5, 7},
		PublicName: "张**", Occupation: "农民", Name: "张三丰", MaskedIDNumber: "210***********0015",
		Phone: "13800000000", Email: "zhang@example.cn", Org: "某某公司", Found: []string{"138****0000"},
	}
}

// closedDossier is the sample after its last day.
func closedDossier(t testing.TB) *consultation.Dossier {
	d := dossier(t)
	d.ClosesAt = may4.AddDate(0, 0, -1)
	return d
}

// everyPage is each page in each shape that differs, with text that tries to break out of it.
func everyPage(t testing.TB) map[string]templ.Component {
	d, closed := dossier(t), closedDossier(t)
	c := d.Consultation
	concluded := closed.Consultation
	concluded.ConcludedOn = &may4
	p := page("/consultations/2025-0001")
	decided := may4
	answers := Answers{Title: hostile, Body: "</textarea><script>alert(3)</script>"}
	pages := map[string]templ.Component{
		"home":             Home(p, HomeView{Open: []consultation.Consultation{c}, Results: []consultation.Consultation{concluded}}),
		"home, empty":      Home(p, HomeView{}),
		"list":             List(p, ListView{Items: []consultation.Consultation{c, concluded}, Total: 36, Pages: 4, Query: ListQuery{Page: 2, Q: hostile}, Units: []string{"省民政厅"}}),
		"list, empty":      List(p, ListView{Query: ListQuery{Q: hostile, State: consultation.Open}}),
		"notice":           Notice(p, NoticeView{Dossier: d}),
		"notice, closed":   Notice(p, NoticeView{Dossier: closed}),
		"notice, result":   Notice(p, NoticeView{Dossier: &consultation.Dossier{Consultation: concluded}}),
		"draft":            Draft(p, DraftView{Dossier: d}),
		"draft, filtered":  Draft(p, DraftView{Dossier: d, WithComments: true, Unit: "省民政厅"}),
		"draft, nothing":   Draft(p, DraftView{Dossier: d, Unit: hostile}),
		"clause":           Clause(p, ClauseView{Dossier: d, Number: 5, Comments: opinions(), Total: 30}),
		"interpretation":   Interpretation(p, InterpretationView{Dossier: d}),
		"print":            Print(p, PrintView{Dossier: d, Address: "https://example.cn/consultations/2025-0001"}),
		"form":             Form(p, FormView{Dossier: d, Occupations: validate.Occupations, Captcha: Captcha{Token: "token_1"}}),
		"form, problems":   Form(p, badForm(d)),
		"form, passed":     Form(p, FormView{Dossier: d, Occupations: validate.Occupations, Captcha: Captcha{Token: "t", Passed: true}, Message: validate.SealExpired, Under14: true}),
		"check":            Check(p, checked(d)),
		"closed form":      ClosedForm(p, ClosedView{Dossier: closed, Answers: answers}),
		"closed form, get": ClosedForm(p, ClosedView{Dossier: closed}),
		"receipt":          Receipt(p, ReceiptView{Consultation: c, Code: "407188263395", Number: 129}),
		"receipt, gone":    ReceiptGone(p, ReceiptGoneView{}),
		"status":           Status(p, StatusView{}),
		"status, problems": Status(p, StatusView{Code: hostile, Message: validate.StatusUnknown, Problems: []apperr.Problem{{Field: "phone_tail", Message: "请填写联系电话后四位。"}}}),
		"status result":    StatusResult(p, StatusResultView{Consultation: c, Number: 129, State: comment.Withheld, Reason: "涉及他人隐私", ReceivedAt: may4, DecidedAt: &decided}),
		"comments":         Comments(p, CommentsView{Dossier: d, Items: opinions(), Total: 128, Next: &CommentsQuery{After: 100}}),
		"comments, empty":  Comments(p, CommentsView{Dossier: d, Query: CommentsQuery{Q: hostile}}),
		"comment":          Comment(p, CommentView{Dossier: d, Comment: opinions()[0]}),
		"display":          DisplaySettings(p, DisplayView{Saved: true, Back: "/guide"}),
		"guide":            Guide(p, GuideView{}),
		"privacy":          Privacy(p, PrivacyView{}),
		"accessibility":    Accessibility(p, AccessibilityView{}),
		"contact":          Contact(p, ContactView{}),
		"site map":         SiteMap(p, SiteMapView{Open: []consultation.Consultation{c}}),
	}
	for _, status := range []int{400, 403, 404, 405, 409, 413, 415, 429, 500, 503} {
		pages["error "+string(rune('0'+status/100))+string(rune('0'+status/10%10))+string(rune('0'+status%10))] = Error(p,
			ErrorView{Status: status, Submitting: true, Reference: "r-1", Message: hostile, Answers: &answers})
	}
	return pages
}

func html(t testing.TB, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func parse(t testing.TB, c templ.Component) *goquery.Document {
	t.Helper()
	doc, err := goquery.NewDocumentFromReader(bytes.NewReader([]byte(html(t, c))))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// eachPage runs a test on every page.
func eachPage(t *testing.T, test func(t *testing.T, doc *goquery.Document)) {
	for name, c := range everyPage(t) {
		t.Run(name, func(t *testing.T) { test(t, parse(t, c)) })
	}
}
