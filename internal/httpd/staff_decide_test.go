package httpd_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"wenji/internal/validate"

	"github.com/PuerkitoBio/goquery"
	"github.com/google/uuid"
)

const withPhone = "建议在楼道加装扶手，方便老年人上下楼。\n我的电话是13912345678，请与我联系。"

// receive puts a comment in over the public form and returns the address of its page on the desk.
func (d *desk) receive(title, body string) string {
	d.t.Helper()
	b := d.browser()
	fields := filled(b.get(formAddress).want(d.t, 200))
	fields.Set("title", title)
	fields.Set("body", body)
	check := b.post(checkAddress, fields).want(d.t, 200)
	b.post(sendAddress, url.Values{"sealed": {check.value("sealed")}}).want(d.t, 303)
	var id uuid.UUID
	if err := d.db.QueryRow(d.t.Context(), `SELECT id FROM comment ORDER BY number DESC LIMIT 1`).Scan(&id); err != nil {
		d.t.Fatal(err)
	}
	return "/staff/comments/" + id.String()
}

func (p *page) text(selector string) string {
	return strings.Join(strings.Fields(p.Find(selector).First().Text()), " ")
}

func (p *page) location(t *testing.T) *url.URL {
	t.Helper()
	u, err := url.Parse(p.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func published(n int) string { return "/consultations/" + sampleID + "/comments/" + strconv.Itoa(n) }

func TestWhatIsPassedIsWhatThePageShowed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	first, second := d.receive("建议加装扶手", withPhone), d.receive("建议增加助餐点", "建议在农村地区增加老年助餐点，价格要公道。")
	visitor, b := d.browser(), d.member("liming")
	visitor.get(published(1)).want(t, 404)

	p := b.get(first).want(t, 200)
	if got := p.Find(".d-original mark").Text(); got != "13912345678" {
		t.Errorf("marked: %q", got)
	}
	if got := p.Find(".d-copy").Text(); strings.Contains(got, "13912345678") || !strings.Contains(got, validate.Hidden("phone")) {
		t.Errorf("copy to be published: %q", got)
	}
	if got := p.Find(".d-original .d-text").Text(); got != withPhone {
		t.Errorf("original: %q", got)
	}
	done := b.post(first+"/publish", p.form(t, "/publish")).want(t, 303).location(t)
	if done.Path != second || "/staff/comments/"+done.Query().Get("done") != first {
		t.Errorf("went on to %s, want %s", done, second)
	}
	next := b.get(done.String()).want(t, 200)
	if got := next.text("[role=status]"); !strings.HasPrefix(got, "第1号已通过。可以撤销。") {
		t.Errorf("told: %q", got)
	}
	text := visitor.get(published(1)).want(t, 200).Find("main").Text()
	if strings.Contains(text, "13912345678") || !strings.Contains(text, validate.Hidden("phone")) || !strings.Contains(text, "加装扶手") {
		t.Errorf("the public reads %q", text)
	}
	b.post(first+"/undo", next.form(t, first+"/undo")).want(t, 303)
	visitor.get(published(1)).want(t, 404)
	again := b.get(first).want(t, 200)
	if got := again.text(".d-timeline"); !strings.Contains(got, "通过 李明") || !strings.Contains(got, "撤销审核 李明") {
		t.Errorf("timeline: %q", got)
	}
}

func TestAfterTheLastDecisionTheQueueIsEmpty(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	only, b := d.receive("建议加装扶手", withPhone), d.member("liming")
	to := b.post(only+"/publish", b.get(only).form(t, "/publish")).want(t, 303).location(t)
	p := b.get(to.String()).want(t, 200)
	if to.Path != "/staff/queue" || !strings.Contains(p.text("main"), "审核完毕，没有待审核的意见。") {
		t.Errorf("%s: %s", to, p.text("main"))
	}
	if p.Find("form[action$='/undo'] button").Length() != 1 {
		t.Error("the queue does not offer to undo")
	}
}

func TestTheSecondDecisionIsRefusedAndNamesTheFirst(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	address := d.receive("建议加装扶手", withPhone)
	first, second := d.member("liming"), d.member("zhaoli")
	seen := second.get(address).want(t, 200)
	first.post(address+"/publish", first.get(address).form(t, "/publish")).want(t, 303)

	for _, act := range []string{"/publish", "/withhold", "/redaction"} {
		fields := seen.form(t, act)
		fields.Set("reason", "unrelated")
		p := second.post(address+act, fields).want(t, http.StatusConflict)
		if got := p.text("[role=alert]"); !strings.HasPrefix(got, "此条已由李明于") || !strings.HasSuffix(got, "通过，您的操作未执行。") {
			t.Errorf("%s: %q", act, got)
		}
		if p.Find("main a[href='"+address+"']").Length() == 0 {
			t.Errorf("%s: no link to the comment", act)
		}
	}
}

func TestACommentKeptByAColleagueCannotBeDecided(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	address := d.receive("建议加装扶手", withPhone)
	first, second := d.member("liming"), d.member("zhaoli")
	seen := second.get(address).form(t, "/publish")
	if got := first.post("/staff/queue/claim", nil).want(t, 303).location(t).Path; got != address {
		t.Fatalf("claimed %s", got)
	}
	p := second.post(address+"/publish", seen).want(t, http.StatusConflict)
	if got := p.text("[role=alert]"); !strings.HasPrefix(got, "此条正由李明审核") {
		t.Errorf("told: %q", got)
	}
	p = second.get(address).want(t, 200)
	if p.Find("form[action$='/publish']").Length() != 0 || !strings.Contains(p.text("main"), "李明正在查看此条") {
		t.Errorf("the colleague's page: %s", p.text("main"))
	}
	if got := second.post("/staff/queue/claim", nil).want(t, 303).location(t).String(); got != "/staff/queue?claimed=none" {
		t.Errorf("a second claim leads to %s", got)
	}
}

func TestHidingIsSeenBeforeItIsPublished(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	address, visitor, b := d.receive("我和王建国的建议", withPhone), d.browser(), d.member("liming")
	fields := b.get(address).want(t, 200).form(t, "/redaction")
	if got := fields.Get("body"); got != strings.Replace(withPhone, "13912345678", "⟦13912345678⟧", 1) {
		t.Fatalf("offered to mark: %q", got)
	}
	fields.Set("title", "我和⟦王建国⟧的建议")
	preview := b.post(address+"/redaction", fields).want(t, 200)
	visitor.get(published(1)).want(t, 404)
	if kinds := preview.form(t, "/publish")["kind"]; len(kinds) != 2 || kinds[0] != "other" || kinds[1] != "phone" {
		t.Errorf("kinds offered: %v", kinds)
	}
	final := preview.form(t, "/publish")
	final["kind"][0] = "name"
	updated := b.post(address+"/redaction", final).want(t, 200)
	if got := updated.text(".d-copy h2"); got != "我和"+validate.Hidden("name")+"的建议" {
		t.Errorf("preview of the title: %q", got)
	}
	b.post(address+"/publish", updated.form(t, "/publish")).want(t, 303)
	text := visitor.get(published(1)).want(t, 200).Find("main").Text()
	for _, hidden := range []string{"王建国", "13912345678"} {
		if strings.Contains(text, hidden) {
			t.Errorf("the public reads %q", hidden)
		}
	}
	if !strings.Contains(text, "我和"+validate.Hidden("name")+"的建议") {
		t.Errorf("the public reads %q", text)
	}
	if got := b.get(address).Find(".d-original mark").Text(); got != "王建国13912345678" {
		t.Errorf("marked in the original: %q", got)
	}
}

func TestMarksThatCannotBeReadAreNamed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	address, b := d.receive("建议加装扶手", withPhone), d.member("liming")
	offered := b.get(address).form(t, "/redaction")
	for _, c := range []struct{ body, want string }{
		{strings.Replace(offered.Get("body"), "⟧", "", 1), validate.MarkUnclosed},
		{strings.Replace(offered.Get("body"), "⟦", "", 1), validate.MarkUnopened},
		{"全都改掉", "标记之外的文字与原文不同。原文不能改动，请只增减标记“⟦”和“⟧”。"},
	} {
		p := b.post(address+"/redaction", with(offered, "body", c.body)).want(t, http.StatusUnprocessableEntity)
		if got := p.text("#problems a[href='#body']"); got != c.want {
			t.Errorf("summary %q, want %q", got, c.want)
		}
		if got := p.text("#redaction .problem"); got != "错误："+c.want {
			t.Errorf("beside the field %q", got)
		}
		if got := p.form(t, "/redaction").Get("body"); got != c.body || !p.Find("#redaction").HasClass("open") {
			t.Errorf("typed %q, shown again %q", c.body, got)
		}
	}
	back := b.post(address+"/redaction", with(with(offered, "edit", "1"), "body", "改到一半⟦")).want(t, 200)
	if got := back.form(t, "/redaction").Get("body"); got != "改到一半⟦" {
		t.Errorf("going back from the preview shows %q", got)
	}
}

func TestMadeUpSpansAreRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	address, b := d.receive("建议加装扶手", withPhone), d.member("liming")
	for _, c := range []struct {
		span, kind string
		want       int
	}{
		{"body:0:9999", "phone", 422}, {"body:-1:3", "phone", 422}, {"name:0:1", "phone", 422}, {"body:0:3", "state", 422}, {"x", "phone", 400},
	} {
		b.post(address+"/publish", url.Values{
			"version": {"1"}, "reviewed": {"1"}, "span": {c.span}, "kind": {c.kind},
		}).want(t, c.want)
	}
	b.post(address+"/publish", url.Values{"version": {"x"}}).want(t, 400)
	d.browser().get(published(1)).want(t, 404)
}

func TestNotPublishingNeedsAReason(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("liming")
	for _, act := range []string{"withhold", "decline"} {
		address := d.receive("建议加装扶手"+act, "建议在老旧小区的楼道里加装扶手，"+act)
		fields := b.get(address).want(t, 200).form(t, "/"+act)
		p := b.post(address+"/"+act, fields).want(t, http.StatusUnprocessableEntity)
		if got := p.text("#problems a[href='#reason']"); got != validate.ReasonMissing || !p.Find("#"+act).HasClass("open") {
			t.Errorf("%s without a reason: %q", act, got)
		}
		if id := p.Find("#reason"); id.Length() != 1 || id.Closest("#"+act).Length() != 1 {
			t.Errorf("%s: the summary leads to %d fields", act, id.Length())
		}
		fields.Set("reason", "other")
		p = b.post(address+"/"+act, fields).want(t, http.StatusUnprocessableEntity)
		if got := p.text("#problems a[href='#note']"); got != validate.ReasonWords || p.Find("#"+act+" input[value=other][checked]").Length() != 1 {
			t.Errorf("%s for another reason: %q", act, got)
		}
		fields.Set("note", "与另一条来信内容相同")
		b.post(address+"/"+act, fields).want(t, 303)
		p = b.get(address).want(t, 200)
		if got := p.text(".d-timeline"); !strings.Contains(got, "原因：其他") || !strings.Contains(got, "与另一条来信内容相同") {
			t.Errorf("%s timeline: %q", act, got)
		}
		if p.Find("form[action$='/publish']").Length() != 0 || p.Find("form[action$='/undo']").Length() != 1 {
			t.Errorf("%s: wrong buttons on a decided comment", act)
		}
	}
}

func TestNotesAndRevealedDataAreSeenWhereTheyMay(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	address, b := d.receive("建议加装扶手", withPhone), d.member("liming")
	p := b.post(address+"/note", url.Values{"note": {" "}}).want(t, 422)
	if got := p.text("#problems a[href='#note']"); got != validate.NoteEmpty {
		t.Errorf("an empty note: %q", got)
	}
	b.post(address+"/note", url.Values{"note": {"<script>alert(1)</script>请一并研究"}}).want(t, 303)
	p = b.get(address).want(t, 200)
	if got := p.Find("#notes").Parent().Text(); !strings.Contains(got, "<script>alert(1)</script>请一并研究") || p.Find("main script").Length() != 0 {
		t.Errorf("notes: %q", got)
	}
	if strings.Contains(p.body, "欧阳测标") || strings.Contains(p.body, "biaoji@example.cn") {
		t.Error("personal data without a reveal")
	}
	p = b.post(address+"/reveal", url.Values{"reason": {""}}).want(t, 422)
	if got := p.text("#problems a[href='#reason']"); got != validate.PurposeMissing || strings.Contains(p.body, "欧阳测标") {
		t.Errorf("a reveal without a reason: %q", got)
	}
	p = b.post(address+"/reveal", url.Values{"reason": {"电话核实意见内容"}}).want(t, 200)
	if got := p.text("#reveal"); !strings.Contains(got, "欧阳测标") || !strings.Contains(got, "biaoji@example.cn") {
		t.Errorf("revealed: %q", got)
	}
	if p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("revealed data may be kept: %q", p.Header.Get("Cache-Control"))
	}
	var detail string
	err := d.db.QueryRow(t.Context(), `SELECT detail FROM audit_entry WHERE action = 'comment.reveal'`).Scan(&detail)
	if err != nil || detail != "电话核实意见内容" {
		t.Errorf("recorded: %q, %v", detail, err)
	}
	if strings.Contains(d.log.String(), "欧阳测标") {
		t.Error("personal data in the log")
	}
	if editor := d.member("wangfang").get(address).want(t, 200); editor.Find("main form").Length() != 0 {
		t.Error("who may only read is offered forms")
	}
}

func TestButtonsStandInTheOrderOfTheirKeys(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	address, b := d.receive("建议加装扶手", withPhone), d.member("liming")
	p := b.get(address).want(t, 200)
	var words []string
	p.Find("[data-act]").Each(func(_ int, button *goquery.Selection) {
		words = append(words, strings.Join(strings.Fields(button.Text()), " "))
	})
	if got := strings.Join(words, " / "); got != "通过 A / 隐去后通过 E / 不予公开 R / 不予受理 4 / 备注 N" {
		t.Errorf("buttons: %s", got)
	}
	p.Find("a[data-act]").Each(func(_ int, link *goquery.Selection) {
		if target := link.AttrOr("href", ""); p.Find("section"+target+" form").Length() != 1 {
			t.Errorf("%s opens no form", target)
		}
	})
	p.Find("form[method=post]").Each(func(_ int, form *goquery.Selection) {
		action := form.AttrOr("action", "")
		for _, act := range []string{"publish", "withhold", "decline", "redaction"} {
			if strings.HasSuffix(action, "/"+act) && form.Find("[name=version]").AttrOr("value", "") != "1" {
				t.Errorf("%s does not say which version was seen", action)
			}
		}
	})
}

func TestUnknownCommentsAreNotFound(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("liming")
	address := "/staff/comments/" + uuid.NewString()
	b.get(address).want(t, 404)
	for _, act := range []string{"/publish", "/withhold", "/decline", "/undo", "/note", "/redaction", "/reveal"} {
		b.post(address+act, url.Values{"version": {"1"}, "reason": {"unrelated"}, "note": {"备注"}}).want(t, 404)
	}
	b.get("/staff/comments/"+strings.Repeat("-", 36)).want(t, 404)
}
