package httpd_test

import (
	"net/url"
	"strings"
	"testing"

	"wenji/internal/validate"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
)

// sender is what the tests' commenter typed about himself; no officer may ever read it.
var sender = []string{"欧阳测标", "210102194912310016", "13812345678", "biaoji@example.cn", "13912345678"}

// passed puts a comment on clause 1 in, has it published and returns its page on the desk.
func (d *desk) passed(b *browser, title, body string) string {
	d.t.Helper()
	address := d.receive(title, body)
	p := b.get(address).want(d.t, 200)
	b.post(address+"/publish", p.form(d.t, "/publish")).want(d.t, 303)
	return address
}

// referTo hands the comment over to the unit of sunli.
func (d *desk) referTo(b *browser, address string) {
	d.t.Helper()
	var unit uuid.UUID
	if err := d.db.QueryRow(d.t.Context(), `SELECT id FROM unit WHERE name = $1`, officerUnit).Scan(&unit); err != nil {
		d.t.Fatal(err)
	}
	fields := b.get(address+"/referrals").want(d.t, 200).form(d.t, "/referrals")
	fields.Set("unit", unit.String())
	b.post(address+"/referrals", fields).want(d.t, 303)
}

func (p *page) firstReferral(t *testing.T) string {
	t.Helper()
	address, ok := p.Find("table a[href^='/staff/referrals/']").First().Attr("href")
	if !ok {
		t.Fatal("no hand-over in the list")
	}
	return address
}

func TestAnOfficerReadsTextAndNumberButNoPersonalData(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	moderator := d.member("liming")
	address := d.passed(moderator, "建议加装扶手", withPhone)
	d.referTo(moderator, address)
	officer := d.member("sunli")
	list := officer.get("/staff/referrals").want(t, 200)
	one := list.firstReferral(t)
	pages := []*page{list, officer.get(one).want(t, 200)}
	accept := pages[1].form(t, "/accept")
	officer.post(one+"/accept", accept).want(t, 303)
	pages = append(pages, officer.post(one+"/accept", accept).want(t, 409),
		officer.post(one+"/reply", url.Values{"version": {"2"}, "opinion": {"短"}}).want(t, 422),
		officer.get(address).want(t, 403), officer.get("/staff/queue").want(t, 403), officer.get("/staff/account").want(t, 200))
	if got := pages[1].text(".d-text"); !strings.Contains(got, "建议在楼道加装扶手") || !strings.Contains(got, validate.Hidden("phone")) {
		t.Errorf("the officer reads %q", got)
	}
	for _, p := range pages {
		html, err := goquery.OuterHtml(p.Selection)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range append(sender, "欧阳**", "退（离）休人员") {
			if strings.Contains(html, secret) {
				t.Errorf("%s shows %s to an officer", p.Request.URL.Path, secret)
			}
		}
	}
}

func TestAnOfficerFindsOnlyWhatTheOwnUnitWasHanded(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	moderator := d.member("liming")
	d.referTo(moderator, d.passed(moderator, "建议加装扶手", "建议在楼道加装扶手，方便老年人上下楼。"))
	one := d.member("sunli").get("/staff/referrals").want(t, 200).firstReferral(t)
	if err := d.web.Staff.EnsureUnits(t.Context(), []string{"省财政厅"}); err != nil {
		t.Fatal(err)
	}
	if err := d.web.Staff.SetUnit(t.Context(), "sunli", "省财政厅"); err != nil {
		t.Fatal(err)
	}
	other := d.member("sunli")
	if n := other.get("/staff/referrals").want(t, 200).Find("table").Length(); n != 0 {
		t.Error("another unit's officer sees the hand-over in the list")
	}
	other.get(one).want(t, 404)
	for _, act := range []string{"/accept", "/return", "/reply"} {
		fields := url.Values{"version": {"1"}, "reason": {"不是我厅职责"}, "opinion": {"我厅认为可以采纳这条意见。"}, "outcome": {"adopted"}}
		other.post(one+act, fields).want(t, 404)
	}
}

func TestAnAnswerIsDraftedByOneAndApprovedByAnother(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	moderator, editor := d.member("liming"), d.member("wangfang")
	address := d.passed(moderator, "建议加装扶手", "建议在楼道加装扶手，方便老年人上下楼。")
	d.referTo(moderator, address)
	if got := moderator.get(address+"/disposition").want(t, 200).text("main p.hint"); got != "尚未提出办理意见："+officerUnit+"。" {
		t.Errorf("before the reply the drafter is told %q", got)
	}
	officer := d.member("sunli")
	one := officer.get("/staff/referrals").want(t, 200).firstReferral(t)
	officer.post(one+"/reply", url.Values{
		"version": {"1"}, "outcome": {"partly"}, "opinion": {"建议在老旧小区改造中一并考虑。"},
	}).want(t, 303)

	form := moderator.get(address+"/disposition").want(t, 200)
	if got := form.text("main section.d-card .d-text"); got != "建议在老旧小区改造中一并考虑。" {
		t.Errorf("the drafter reads the opinion %q", got)
	}
	fields := form.form(t, "/disposition")
	fields.Set("outcome", "partly")
	fields.Set("answer", "感谢您对【】的关心。经研究，【】。")
	again := moderator.post(address+"/disposition", fields).want(t, 422)
	if again.text("#problems a[href='#reason']") != validate.OutcomeReason || again.text("#problems a[href='#answer']") != validate.Holes(2) {
		t.Errorf("problems: %s", again.text("#problems"))
	}
	fields.Set("reason", "扶手在改造时统一加装。")
	fields.Set("answer", "感谢您对适老化改造的关心。")
	moderator.post(address+"/disposition", fields).want(t, 303)
	late := moderator.post(address+"/disposition", fields).want(t, 409)
	if !strings.Contains(late.text("[role=alert]"), "李明") {
		t.Errorf("the later draft is told %q", late.text("[role=alert]"))
	}

	id := strings.TrimPrefix(address, "/staff/comments/")
	moderator.post("/staff/answers/"+id+"/approve", url.Values{"version": {"1"}}).want(t, 403)
	visitor := d.browser()
	if visitor.get(published(1)).want(t, 200).Find(".reply").Length() != 0 {
		t.Error("an answer is public before it was approved")
	}
	page := editor.get("/staff/answers/"+id).want(t, 200)
	editor.post("/staff/answers/"+id+"/approve", page.form(t, "/approve")).want(t, 303)
	editor.post("/staff/answers/"+id+"/approve", page.form(t, "/approve")).want(t, 409)
	reply := visitor.get(published(1)).want(t, 200).text(".reply")
	for _, want := range []string{"官方答复", officerUnit, "部分采纳", "扶手在改造时统一加装。", "感谢您对适老化改造的关心。"} {
		if !strings.Contains(reply, want) {
			t.Errorf("the public answer %q lacks %s", reply, want)
		}
	}
	list := visitor.get("/consultations/"+sampleID+"/comments?reply=1").want(t, 200)
	if list.Find(".opinions .reply").Length() != 1 || !strings.Contains(list.text("main"), "共公开意见1条，其中已答复1条。") {
		t.Errorf("the list shows %q", list.text("main"))
	}
}

func TestAnUndecidedCommentIsNotAnswered(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	address := d.receive("建议加装扶手", "建议在楼道加装扶手，方便老年人上下楼。")
	b := d.member("liming")
	b.get(address+"/disposition").want(t, 409)
	b.post(address+"/disposition", url.Values{"version": {"0"}, "outcome": {"adopted"}, "answer": {"感谢您的意见。"}}).want(t, 409)
	if b.get(address).want(t, 200).Find("a[href$='/disposition']").Length() != 0 {
		t.Error("an undecided comment's page offers to answer it")
	}
}

func TestTheCommenterIsToldOfFiveStepsAndReadsTheAnswer(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	visitor := d.browser()
	check := visitor.post(checkAddress, filled(visitor.get(formAddress).want(t, 200))).want(t, 200)
	visitor.post(sendAddress, url.Values{"sealed": {check.value("sealed")}}).want(t, 303)
	code := strings.ReplaceAll(visitor.get("/receipt").want(t, 200).text("#code"), " ", "")
	status := func() *page {
		t.Helper()
		tail := filled(visitor.get(formAddress)).Get("phone")
		visitor.post("/status", url.Values{"code": {code}, "phone_tail": {tail[len(tail)-4:]}}).want(t, 303)
		return visitor.get("/status/result").want(t, 200)
	}
	current := func(want string) {
		t.Helper()
		p := status()
		if got := p.Find(".steps > *").Length(); got != 5 {
			t.Errorf("%d steps", got)
		}
		if got := p.text("[aria-current=step]"); !strings.Contains(got, want) {
			t.Errorf("the current step is %q, want %s", got, want)
		}
	}
	current("您的意见已收到，等待审核。")
	var id string
	if err := d.db.QueryRow(t.Context(), `SELECT id::text FROM comment`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	moderator, editor, address := d.member("liming"), d.member("wangfang"), "/staff/comments/"+id
	p := moderator.get(address).want(t, 200)
	fields := p.form(t, "/withhold")
	fields.Set("reason", "privacy")
	moderator.post(address+"/withhold", fields).want(t, 303)
	current("意见仍会转交起草单位参考。")
	d.referTo(moderator, address)
	current("已转省民政厅研究办理，预计2025年5月26日前答复。")
	moderator.post(address+"/disposition", url.Values{
		"version": {"0"}, "outcome": {"reference"}, "reason": {"留待下一轮修订研究。"}, "answer": {"感谢您的意见。"},
	}).want(t, 303)
	if _, err := d.db.Exec(t.Context(), `UPDATE consultation SET concluded_on = '2025-05-01'`); err != nil {
		t.Fatal(err)
	}
	editor.post("/staff/answers/approve", url.Values{"id": {id + ".1"}}).want(t, 303)
	current("您的意见已办结。感谢您的参与。")
	if got := status().text(".steps"); !strings.Contains(got, "答复，采纳情况：留作参考。") {
		t.Errorf("steps: %q", got)
	}
	if got := status().text(".reply"); !strings.Contains(got, "留待下一轮修订研究。") || !strings.Contains(got, "感谢您的意见。") {
		t.Errorf("the commenter reads %q", got)
	}
	if got := visitor.get("/consultations/"+sampleID+"/comments").want(t, 200).text("main"); strings.Contains(got, "感谢您的意见。") {
		t.Error("the answer to a withheld comment is public")
	}
}
