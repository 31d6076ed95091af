package httpd_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"wenji/internal/validate"
)

const termAddress = "/staff/retention/" + sampleID

func TestTheSecurityAdministratorHoldsAndLiftsAndErases(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.browser().submit()
	m := d.member("zhoujun")
	list := m.get("/staff/retention").want(t, http.StatusOK)
	if row := list.Find("tbody tr").First().Text(); !strings.Contains(row, sampleID) || !strings.Contains(row, "结果未公布") {
		t.Errorf("list %q", row)
	}
	if _, err := d.db.Exec(t.Context(), `UPDATE consultation SET concluded_on = '2023-04-30', closes_at = '2023-04-01', opens_at = '2023-03-01'`); err != nil {
		t.Fatal(err)
	}
	p := m.get(termAddress).want(t, http.StatusOK)
	if p.Find("a[href='"+termAddress+"/erase']").Length() != 1 {
		t.Error("what is due cannot be erased from its page")
	}
	hold := p.form(t, "/hold")
	if got := m.post(termAddress+"/hold", hold).want(t, http.StatusUnprocessableEntity).Find("#problem-hold").Text(); !strings.Contains(got, validate.HoldReason) {
		t.Errorf("without a reason: %q", got)
	}
	m.post(termAddress+"/hold", with(hold, "hold", "行政复议〔2025〕12号")).want(t, http.StatusSeeOther)
	held := m.get(termAddress).want(t, http.StatusOK)
	if !strings.Contains(held.Find(".sum").Text(), "行政复议〔2025〕12号") || held.Find("form[action$='/lift']").Length() != 1 {
		t.Error("the page does not show the hold")
	}
	refused := m.post(termAddress+"/erase", url.Values{"sure": {"1"}}).want(t, http.StatusConflict)
	if !strings.Contains(refused.Find(".problems").Text(), validate.EraseHeld) {
		t.Error("the refusal does not say why")
	}
	m.post(termAddress+"/lift", url.Values{"lift": {"复议已经办结"}}).want(t, http.StatusSeeOther)
	m.post(termAddress+"/erase", url.Values{}).want(t, http.StatusUnprocessableEntity)
	m.post(termAddress+"/erase", url.Values{"sure": {"1"}}).want(t, http.StatusSeeOther)
	done := m.get(termAddress+"?done=erase").want(t, http.StatusOK)
	if !strings.Contains(done.Find("[role=status]").Text(), "已删除") || !strings.Contains(done.Find("#erased-title ~ div tbody").Text(), "1人的个人信息") {
		t.Errorf("the page does not tell of the erasure: %s", done.Find("#erased-title ~ div").Text())
	}
	var left int
	if err := d.db.QueryRow(t.Context(), `SELECT count(*) FROM personal_data`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d rows left (%v)", left, err)
	}
}

func TestAnErasureBeforeItsTimeIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.browser().submit()
	m := d.member("zhoujun")
	refused := m.post(termAddress+"/erase", url.Values{"sure": {"1"}}).want(t, http.StatusConflict)
	if !strings.Contains(refused.Find(".problems").Text(), validate.EraseNotDue) {
		t.Error("the refusal does not say why")
	}
	m.post(termAddress+"/term", url.Values{"months": {"36"}, "reason": {"档案管理要求"}}).want(t, http.StatusSeeOther)
	if got := m.get(termAddress).Find(".sum").Text(); !strings.Contains(got, "结果公布后3年") {
		t.Errorf("term %q", got)
	}
}
