package httpd_test

import (
	"net/url"
	"os"
	"strings"
	"testing"

	"wenji/internal/validate"
)

// newText pastes a text as the draft of the published sample and leads to the page that matches it.
func (d *desk) newText(b *browser, text string) *page {
	d.t.Helper()
	const form = "/staff/consultations/" + sampleID + "/import?document=draft"
	b.sendFile("/staff/consultations/"+sampleID+"/import/paste?document=draft", "", nil, url.Values{"text": {text}}).want(d.t, 303)
	values := b.get(form).want(d.t, 200).form(d.t, form)
	values.Set("do", "save")
	to := b.sendFile(form, "", nil, values).want(d.t, 303).location(d.t)
	return b.get(to.Path).want(d.t, 200)
}

func TestANewVersionKeepsTheOldOneAndTheIdsOfItsClauses(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b, visitor := d.member("wangfang"), d.browser()
	const public = "/consultations/" + sampleID
	visitor.submit()
	exec(t, d.db, `UPDATE comment SET clause_ids = ARRAY(SELECT id FROM clause WHERE consultation_id = $1 AND number IN (1, 2) AND document = 'draft' AND kind = 'clause'),
		received_at = received_at - interval '1 hour'`, sampleID)
	clauseID := func(number int) (id string) {
		if err := d.db.QueryRow(t.Context(), `SELECT id FROM clause WHERE consultation_id = $1 AND document = 'draft' AND kind = 'clause' AND number = $2`, sampleID, number).Scan(&id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	first, third := clauseID(1), clauseID(3)
	if n := visitor.get(public+"/draft").want(t, 200).Find("a[href$='/versions']").Length(); n != 0 {
		t.Error("a draft that was never changed links its versions")
	}

	// Clause 2 goes, so 3 becomes 2; in clause 1 a word is changed.
	source, err := os.ReadFile("../sample/draft.txt")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(source)) {
		switch {
		case strings.HasPrefix(line, "2."):
			continue
		case strings.HasPrefix(line, "3."):
			line = "2." + line[len("3."):]
		case strings.HasPrefix(line, "1."):
			line = strings.Replace(line, "支持", "大力支持", 1)
		}
		lines = append(lines, line)
	}
	const match = "/staff/consultations/" + sampleID + "/import/match"
	p := d.newText(b, strings.Join(lines, ""))
	checkDeskPage(t, match, p)
	if got := p.Find("#from-2 option[selected]").AttrOr("value", ""); got != "3" {
		t.Errorf("clause 2 is proposed to come from %s", got)
	}
	values := p.form(t, "/import/match")
	values.Set("explanation", "")
	values.Set("into-2", "1")
	p = b.post(match, values).want(t, 422)
	if got := p.text("#problem-explanation"); !strings.Contains(got, validate.CorrectionUnexplained) {
		t.Errorf("without an explanation: %q", got)
	}
	if got := p.Find("#into-2 option[selected]").AttrOr("value", ""); got != "1" {
		t.Error("what was chosen is lost")
	}
	values.Set("explanation", "删去原第二条。")
	values.Set("into-2", "0")
	b.post(match, values).want(t, 303)
	if clauseID(1) != first || clauseID(2) != third {
		t.Error("clauses have lost their ids")
	}

	if got := visitor.get(public+"/draft").want(t, 200).text(".call.warn"); !strings.Contains(got, "删去原第二条") {
		t.Errorf("the draft does not tell of the change: %q", got)
	}
	if n := visitor.get(public+"/versions").want(t, 200).Find("main a[href*='/versions/']").Length(); n != 2 {
		t.Errorf("%d versions are listed", n)
	}
	page := visitor.get(public+"/versions/2").want(t, 200)
	if got := page.Find("#v1-1").Parent().Find("ins").Text(); got != "［增：大力］" {
		t.Errorf("what was put in: %q", got)
	}
	if got := page.text("#v2-0"); got != "原第2条（删除）" {
		t.Errorf("the deleted clause: %q", got)
	}
	if got := visitor.get(public+"/versions/1").want(t, 200).text("main"); !strings.Contains(got, "强化机构养老服务") {
		t.Error("the first version has lost a clause")
	}
	visitor.get(public+"/versions/3").want(t, 404)

	// The comment stands beside the words it was written on, the deleted clause too.
	var id string
	if err := d.db.QueryRow(t.Context(), `SELECT id FROM comment`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	words := d.member("liming").get("/staff/comments/"+id).want(t, 200)
	if got := words.Find(".d-clause").Text(); !strings.Contains(got, "强化机构养老服务") || strings.Contains(got, "大力支持") || words.Find(".d-version").Length() != 1 {
		t.Errorf("the comment stands beside %q", got)
	}
	exec(t, d.db, `UPDATE comment SET state = 'published', published_at = received_at, public_title = title, public_body = body, number = 7 WHERE id = $1`, id)
	if n := visitor.get(public+"/comments/7").want(t, 200).Find("main a[href$='/versions/1']").Length(); n != 1 {
		t.Error("the published comment does not lead to the version it was written on")
	}
}

func TestTheSameTextIsNoNewVersion(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("wangfang")
	source, err := os.ReadFile("../sample/draft.txt")
	if err != nil {
		t.Fatal(err)
	}
	values := d.newText(b, string(source)).form(t, "/import/match")
	values.Set("explanation", "没有改。")
	p := b.post("/staff/consultations/"+sampleID+"/import/match", values).want(t, 422)
	if got := p.text("main"); !strings.Contains(got, validate.DraftUnchanged) {
		t.Errorf("%q", got)
	}
}
