package httpd_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"wenji/internal/validate"
)

// looked is a browser that sent a comment and has looked it up.
func (d *desk) looked() *browser {
	d.t.Helper()
	b := d.browser()
	code := strings.ReplaceAll(b.submit().Find("#code").Text(), " ", "")
	b.post("/status", url.Values{"code": {code}, "phone_tail": {"5678"}}).want(d.t, http.StatusSeeOther)
	return b
}

// decide opens the one request that waits, and posts a decision from its page.
func (d *desk) decide(m *browser, act string, fields url.Values) *page {
	d.t.Helper()
	link := m.get("/staff/requests").want(d.t, http.StatusOK).Find("table a").First().AttrOr("href", "")
	return m.post(link+"/"+act, fields)
}

func TestACommenterAsksForACorrectionAndSeesItDone(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.looked()
	p := b.get("/status/result").want(t, http.StatusOK)
	if p.Find("h2#own").Length() != 1 || p.Find("form[action='/status/requests'] textarea[name=wish]").Length() != 1 {
		t.Fatal("the page offers no request")
	}
	wrong := b.post("/status/requests", url.Values{"kind": {"correct"}, "wish": {" "}}).want(t, http.StatusUnprocessableEntity)
	if got := wrong.Find(".problems li").Text(); got != validate.AskEmpty {
		t.Errorf("problem %q", got)
	}
	if _, checked := wrong.Find("input[name=kind][value=correct]").Attr("checked"); !checked {
		t.Error("the choice was not kept")
	}
	if _, open := wrong.Find("details").Attr("open"); !open {
		t.Error("the form with its problems is folded away")
	}
	fields := url.Values{"kind": {"correct"}, "wish": {"电话应为13900001111"}}
	sent := b.post("/status/requests", fields).want(t, http.StatusSeeOther)
	if to := sent.Header.Get("Location"); strings.Contains(to, "139") || !strings.HasPrefix(to, "/status/result") {
		t.Errorf("leads to %s", to)
	}
	p = b.get("/status/result?asked=1").want(t, http.StatusOK)
	if !strings.Contains(p.Find("[role=status]").Text(), "已收到您的请求") || !strings.Contains(p.Find("#own ~ ul li").Text(), "正在办理") ||
		p.Find("form[action='/status/requests']").Length() != 0 {
		t.Error("the page does not show the open request, or offers another")
	}
	if got := b.post("/status/requests", fields).want(t, http.StatusConflict).Find("[role=alert]").Text(); got != validate.AskOpen {
		t.Errorf("a second one: %q", got)
	}

	m := d.member("liming")
	list := m.get("/staff/requests").want(t, http.StatusOK)
	if got := list.Find("#open-title").Text(); got != "待办（1）" {
		t.Errorf("list %q", got)
	}
	one := m.get(list.Find("table a").First().AttrOr("href", "")).want(t, http.StatusOK)
	if words := one.Find(".sum").Text(); !strings.Contains(words, "电话应为13900001111") || !strings.Contains(words, "138****5678") ||
		strings.Contains(one.body, "13812345678") || strings.Contains(one.body, "210102194912310016") || strings.Contains(one.body, "欧阳测标") {
		t.Error("the page must show the words and the data masked, and nothing in the clear")
	}
	bad := d.decide(m, "correct", url.Values{"phone": {"12"}, "name": {"张三"}}).want(t, http.StatusUnprocessableEntity)
	if bad.value("name") != "张三" || !strings.Contains(bad.Find("#problem-phone").Text(), validate.PhoneForm) {
		t.Error("what was typed is lost, or the problem is not named")
	}
	d.decide(m, "correct", url.Values{"phone": {"13900001111"}}).want(t, http.StatusSeeOther)
	if got := b.get("/status/result").Find("#own ~ ul li").Text(); !strings.Contains(got, "已办理") {
		t.Errorf("the writer sees %q", got)
	}
	if log := d.log.String(); strings.Contains(log, "13900001111") {
		t.Error("the log holds what was asked")
	}
}

func TestAfterADeletionTheCodeAloneStillShowsHowFarTheCommentIs(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.browser()
	code := strings.ReplaceAll(b.submit().Find("#code").Text(), " ", "")
	b.post("/status", url.Values{"code": {code}, "phone_tail": {"5678"}}).want(t, http.StatusSeeOther)
	b.post("/status/requests", url.Values{"kind": {"erase"}}).want(t, http.StatusSeeOther)
	m := d.member("liming")
	if got := d.decide(m, "erase", nil).want(t, http.StatusUnprocessableEntity).Find("#problem-sure").Text(); !strings.Contains(got, validate.EraseUnticked) {
		t.Errorf("unticked: %q", got)
	}
	d.decide(m, "erase", url.Values{"sure": {"1"}}).want(t, http.StatusSeeOther)

	again := d.browser()
	again.post("/status", url.Values{"code": {code}, "phone_tail": {"0000"}}).want(t, http.StatusSeeOther)
	p := again.get("/status/result").want(t, http.StatusOK)
	if !strings.Contains(p.Find("#own ~ p").Text(), "已经删除") || p.Find("form[action='/status/requests']").Length() != 0 {
		t.Error("the page does not say that the data is gone")
	}
	wrong := code[:11] + string('0'+(code[11]-'0'+1)%10)
	again.post("/status", url.Values{"code": {wrong}, "phone_tail": {"0000"}}).want(t, http.StatusNotFound)

	var id string
	if err := d.db.QueryRow(t.Context(), `SELECT id::text FROM comment`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	reveal := m.post("/staff/comments/"+id+"/reveal", url.Values{"reason": {"核实身份"}}).want(t, http.StatusConflict)
	if !strings.Contains(reveal.Find(".problems").Text(), validate.PersonalErased) {
		t.Error("the reveal does not say that the data was erased")
	}
}

func TestARequestNeedsALookUpFirst(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	p := d.browser().post("/status/requests", url.Values{"kind": {"erase"}}).want(t, http.StatusSeeOther)
	if got := p.Header.Get("Location"); got != "/status" {
		t.Errorf("leads to %s", got)
	}
}
