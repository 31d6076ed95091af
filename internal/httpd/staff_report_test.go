package httpd_test

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"wenji/internal/consultation"
	"wenji/internal/validate"

	"github.com/PuerkitoBio/goquery"
	"github.com/xuri/excelize/v2"
)

const resultPages = "/staff/consultations/" + sampleID + "/result"

func (d *desk) exec(sql string, args ...any) {
	d.t.Helper()
	if _, err := d.db.Exec(d.t.Context(), sql, args...); err != nil {
		d.t.Fatal(err)
	}
}

// closedDesk is the desk behind the period, with n comments: the first one withheld, the rest published.
func closedDesk(t *testing.T, n int) *desk {
	t.Helper()
	first := newDesk(t)
	first.fill(n)
	first.exec(`UPDATE comment SET state = 'published', public_title = title, public_body = body, published_at = received_at,
		decided_at = received_at, decided_by = '李明' WHERE number > 1`)
	first.exec(`UPDATE comment SET state = 'withheld', body = '不公开的原文', decided_at = received_at, decided_by = '李明' WHERE number = 1`)
	first.exec(`UPDATE comment_count SET received = 0, published = last_number - 1, withheld = 1`)
	d := &desk{portal: newReplica(t, first.db, first.keys, time.Date(2025, 6, 20, 9, 0, 0, 0, consultation.Shanghai))}
	d.web.Staff.Codes = d.codesNow
	d.steps.Store(1000)
	return d
}

// answer disposes of all comments: 采纳, and 未采纳 of the first two.
func (d *desk) answer() {
	d.t.Helper()
	d.exec(`INSERT INTO disposition (comment_id, consultation_id, outcome, reason, status, drafted_by, approved_by, approved_at)
		SELECT id, consultation_id, CASE WHEN number > 2 THEN 'adopted' ELSE 'not_adopted' END, CASE WHEN number > 2 THEN '' ELSE '已有规定' END,
		       'approved', '李明', '王芳', now() FROM comment`)
}

// publishPart writes and publishes a part as the editor does.
func (b *browser) publishPart(part string) *page {
	b.t.Helper()
	fields := b.get(resultPages+"/"+part).want(b.t, 200).form(b.t, "/result/"+part)
	fields.Set("summary", "本次征集共收到若干意见。\n感谢参与。")
	if part == "outcome" {
		fields.Set("link_title", "关于印发方案的通知")
		fields.Set("link_url", "https://www.ln.gov.cn/zwgk/1.html")
	}
	saved := b.get(b.post(resultPages+"/"+part, fields).want(b.t, 303).location(b.t).String()).want(b.t, 200)
	if got := saved.text(".d-saved"); got != "草稿已保存。" {
		b.t.Errorf("told: %q", got)
	}
	return b.post(resultPages+"/"+part+"/publish", saved.form(b.t, "/"+part+"/publish"))
}

func TestAResultIsWrittenPublishedAndRead(t *testing.T) {
	t.Parallel()
	d := closedDesk(t, 6)
	visitor, b := d.browser(), d.member("wangfang")
	public := "/consultations/" + sampleID + "/result"
	visitor.get(public).want(t, 404)
	visitor.get(public+".csv").want(t, 404)
	b.get(b.publishPart("received").want(t, 303).location(t).String()).want(t, 200)

	p := visitor.get(public).want(t, 200)
	if got := p.text("[aria-labelledby=outcome]"); !strings.Contains(got, "正在整理") {
		t.Errorf("采纳情况 says %q", got)
	}
	refused := b.publishPart("outcome").want(t, http.StatusConflict)
	if got := refused.text("#problems li"); got != validate.ReportRefused("unanswered") || refused.Find("#publish ~ ul a").Length() != 6 {
		t.Errorf("refused with %q and %d links", got, refused.Find("#publish ~ ul a").Length())
	}
	d.answer()
	b.publishPart("outcome").want(t, 303)

	p = visitor.get(public).want(t, 200)
	if got := p.text("h1"); !strings.HasPrefix(got, "《") || !strings.HasSuffix(got, "》公开征求意见结果反馈") {
		t.Errorf("h1 %q", got)
	}
	for _, want := range []string{"共收到意见6条，其中有效意见6条，公开5条，不予公开1条。", "未采纳2条", "采纳4条", "公布日期：2025年6月20日"} {
		if !strings.Contains(p.text("main"), want) {
			t.Errorf("the page does not say %s", want)
		}
	}
	rows := p.Find("table.report tbody tr")
	if rows.Length() != 6 || strings.Contains(p.body, "不公开的原文") || rows.Eq(0).Find("a").Length() != 0 || rows.Eq(1).Find("a").Length() != 1 {
		t.Errorf("%d rows, the first is %q", rows.Length(), rows.Eq(0).Text())
	}
	if got := p.Find("a[rel~=noopener]").AttrOr("href", ""); got != "https://www.ln.gov.cn/zwgk/1.html" {
		t.Errorf("link to %q", got)
	}
	notice := visitor.get("/consultations/"+sampleID).want(t, 200)
	if notice.Find(".call.ok a[href='"+public+"']").Length() != 1 || !strings.Contains(notice.text(".call.ok"), "结果反馈已于2025年6月20日公布") {
		t.Errorf("the notice says %q", notice.text(".call.ok"))
	}
	if visitor.get("/consultations").want(t, 200).Find("a[href='"+public+"']").Length() != 1 {
		t.Error("the list has no link to the result")
	}
}

func TestTheFilesOfAResultSayWhatThePageSays(t *testing.T) {
	t.Parallel()
	d := closedDesk(t, 6)
	d.answer()
	b := d.member("wangfang")
	b.publishPart("received").want(t, 303)
	b.publishPart("outcome").want(t, 303)
	visitor := d.browser()
	p := visitor.get("/consultations/"+sampleID+"/result").want(t, 200)
	file := func(ext string) *page {
		f := visitor.get("/consultations/"+sampleID+"/result."+ext).want(t, 200)
		if got := f.Header.Get("Content-Disposition"); got != "attachment; filename=result-"+sampleID+"."+ext {
			t.Errorf("%s: %s", ext, got)
		}
		return f
	}
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file("csv").body, "\ufeff"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(bytes.NewReader([]byte(file("xlsx").body)))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	figures, err := book.GetRows("采纳情况")
	if err != nil {
		t.Fatal(err)
	}
	shown := p.Find("table.report tbody tr")
	if len(lines)-1 != shown.Length() {
		t.Errorf("%d lines, %d rows", len(lines)-1, shown.Length())
	}
	shown.Each(func(i int, row *goquery.Selection) {
		if got := row.Find("th").Text() + row.Find("td").Eq(2).Text(); strings.TrimSpace(got) != lines[i+1][0]+lines[i+1][3] {
			t.Errorf("the page says %s, the file %v", got, lines[i+1])
		}
	})
	for name, want := range map[string]string{"收到意见": "6", "采纳": "4", "未采纳": "2", "不予公开": "1"} {
		found := ""
		for _, r := range figures {
			if len(r) == 3 && r[1] == name {
				found = r[2]
			}
		}
		if found != want {
			t.Errorf("XLSX: %s is %q, want %s", name, found, want)
		}
	}
	p.Find("#chart-outcomes-data").Parent().Find("tbody tr").Each(func(_ int, row *goquery.Selection) {
		var n int
		if err := d.db.QueryRow(t.Context(), `SELECT count(*) FROM disposition WHERE outcome = $1`,
			map[string]string{"采纳": "adopted", "未采纳": "not_adopted"}[row.Find("th").Text()]).Scan(&n); err != nil || row.Find("td").Text() != strconv.Itoa(n) {
			t.Errorf("the page says %q, the database %d, %v", row.Text(), n, err)
		}
	})
}

func TestTheDocumentOfAResultSaysWhatThePageSays(t *testing.T) {
	t.Parallel()
	d := closedDesk(t, 6)
	d.answer()
	b := d.member("wangfang")
	b.publishPart("received").want(t, 303)
	b.publishPart("outcome").want(t, 303)
	words := document(t, d.browser().get("/consultations/"+sampleID+"/result.docx").want(t, 200).body)
	for _, want := range []string{"公开征求意见结果反馈", "意见汇总表", "收到意见|6|", "未采纳|2|", "（该意见不公开）"} {
		if !strings.Contains(words, want) {
			t.Errorf("the document does not say %s", want)
		}
	}
	if strings.Contains(words, "不公开的原文") {
		t.Error("the document holds what is withheld")
	}
}

func TestADifferenceIsNamedAndNothingPublished(t *testing.T) {
	t.Parallel()
	d := closedDesk(t, 4)
	d.exec(`UPDATE comment_count SET published = published + 1`)
	p := d.member("wangfang").publishPart("received").want(t, http.StatusConflict)
	if got := p.text("#problems li"); got != validate.DifferenceSentence("total", 4, 5) || p.value("version") != "1" {
		t.Errorf("told: %q", got)
	}
	d.browser().get("/consultations/"+sampleID+"/result").want(t, 404)
}

func TestADraftIsKeptWhenItMustBeMended(t *testing.T) {
	t.Parallel()
	d := closedDesk(t, 4)
	b := d.member("wangfang")
	fields := url.Values{"version": {"0"}, "summary": {"主要意见"}, "link_title": {"通知"}, "link_url": {"javascript:alert(1)"}}
	p := b.post(resultPages+"/outcome", fields).want(t, http.StatusUnprocessableEntity)
	if p.text("#problems li") != validate.ReportLinkWrong || p.value("link_title") != "通知" || p.value("link_url") != "javascript:alert(1)" ||
		strings.TrimSpace(p.Find("textarea").Text()) != "主要意见" {
		t.Errorf("shown again: %q %q", p.text("#problems li"), p.Find("textarea").Text())
	}
	b.post(resultPages+"/outcome", with(fields, "link_url", "http://www.ln.gov.cn/")).want(t, 303)
	p = b.post(resultPages+"/outcome", with(fields, "link_url", "http://www.ln.gov.cn/")).want(t, http.StatusConflict)
	if p.text("#problems li") != validate.ReportRefused("draft_changed") {
		t.Errorf("told: %q", p.text("#problems li"))
	}
	b.post("/staff/consultations/2099-0001/result/received", fields).want(t, 404)
	b.get("/staff/consultations/2099-0001/result").want(t, 404)
}

func TestConcludingNamesWhatIsInItsWay(t *testing.T) {
	t.Parallel()
	d := closedDesk(t, 12)
	d.answer()
	d.exec(`DELETE FROM disposition WHERE comment_id IN (SELECT id FROM comment WHERE number IN (3, 8, 12))`)
	b := d.member("wangfang")
	p := b.get(resultPages).want(t, 200)
	if p.Find("form[action$=conclude]").Length() != 0 {
		t.Error("concluding is offered")
	}
	p = b.post(resultPages+"/conclude", url.Values{}).want(t, http.StatusConflict)
	var numbers []string
	p.Find(".call.warn .d-links a").Each(func(_ int, link *goquery.Selection) {
		numbers = append(numbers, link.Text())
		b.get(link.AttrOr("href", "")).want(t, 200)
	})
	if strings.Join(numbers, "、") != "第3号、第8号、第12号" || !strings.Contains(p.text(".call.warn"), "还有3条意见") {
		t.Errorf("named: %v in %q", numbers, p.text(".call.warn"))
	}
	d.exec(`DELETE FROM disposition`)
	d.answer()
	b.publishPart("received").want(t, 303)
	b.publishPart("outcome").want(t, 303)
	fields := b.get(resultPages).want(t, 200).form(t, "/conclude")
	b.get(b.post(resultPages+"/conclude", fields).want(t, 303).location(t).String()).want(t, 200)
	if got := d.browser().get("/consultations?state=result").want(t, 200).Find(".card").Length(); got != 1 {
		t.Errorf("%d concluded consultations are listed", got)
	}
	if home := d.browser().get("/").want(t, 200); home.Find("[aria-labelledby=results] a[href='/consultations/"+sampleID+"/result']").Length() != 1 {
		t.Error("the home page does not lead to the result")
	}
	b.post(resultPages+"/conclude", url.Values{}).want(t, http.StatusConflict)

	// Corrections stay possible; the published report is as of its date until it is published again.
	var id string
	if err := d.db.QueryRow(t.Context(), `UPDATE disposition SET outcome = 'partly', reason = '更正' WHERE comment_id =
		(SELECT id FROM comment WHERE number = 5) RETURNING comment_id`).Scan(&id); err != nil {
		t.Fatal(err)
	}
	if got := b.get("/staff/comments/"+id).want(t, 200).text("main"); !strings.Contains(got, "公布的结果反馈以公布时的数据为准") {
		t.Error("the comment's page does not say that the report stays as it is")
	}
	if got := d.browser().get("/consultations/"+sampleID+"/result").want(t, 200).text("main"); strings.Contains(got, "部分采纳1条") {
		t.Error("a correction changed the published report")
	}
	b.publishPart("outcome").want(t, 303)
	if got := d.browser().get("/consultations/"+sampleID+"/result").want(t, 200).text("main"); !strings.Contains(got, "部分采纳1条") || !strings.Contains(got, "第2次公布") {
		t.Error("the second edition is not shown")
	}
}

func TestFilesOfAResultAreLimited(t *testing.T) {
	t.Parallel()
	d := closedDesk(t, 3)
	d.member("wangfang").publishPart("received").want(t, 303)
	visitor, address := d.browser(), "/consultations/"+sampleID+"/result.csv"
	for range 60 {
		visitor.get(address).want(t, 200)
	}
	visitor.get(address).want(t, http.StatusTooManyRequests)
	visitor.get("/consultations/"+sampleID+"/result").want(t, 200)
}

func TestResultPagesAreBuiltAsTheOthers(t *testing.T) {
	t.Parallel()
	d := closedDesk(t, 5)
	d.answer()
	b := d.member("wangfang")
	b.publishPart("received").want(t, 303)
	b.publishPart("outcome").want(t, 303)
	for _, address := range []string{"/staff", resultPages, resultPages + "/received", resultPages + "/outcome", "/consultations/" + sampleID + "/result"} {
		p := b.get(address).want(t, 200)
		wantSoundPage(t, address, p)
		p.Find(".chart").Each(func(_ int, chart *goquery.Selection) {
			if chart.Find("svg").Length() > 0 && chart.Find("details table").Length() != 1 {
				t.Errorf("%s: a chart without its table", address)
			}
		})
	}
}

// wantSoundPage checks what a checker of accessibility would: headings in order, fields with labels, tables with heads,
// ids once, nothing inline.
func wantSoundPage(t *testing.T, address string, p *page) {
	t.Helper()
	if n := p.Find("h1").Length(); n != 1 {
		t.Errorf("%s has %d h1", address, n)
	}
	last := 0
	p.Find("h1, h2, h3, h4, h5, h6").Each(func(_ int, h *goquery.Selection) {
		level := int(goquery.NodeName(h)[1] - '0')
		if p.Find("main").Find(goquery.NodeName(h)).Length() > 0 && last > 0 && level > last+1 {
			t.Errorf("%s: %q follows h%d as h%d", address, h.Text(), last, level)
		}
		last = level
	})
	p.Find("main input:not([type=hidden]), main select, main textarea").Each(func(_ int, field *goquery.Selection) {
		id := field.AttrOr("id", "")
		if (id == "" || p.Find("label[for='"+id+"']").Length() != 1) && field.Closest("label").Length() == 0 {
			t.Errorf("%s: field %s has no label", address, field.AttrOr("name", ""))
		}
	})
	p.Find("main table").Each(func(_ int, table *goquery.Selection) {
		region := table.Closest("[role=region][tabindex='0']")
		if table.Find("th:not([scope])").Length() > 0 || table.Find("thead th").Length() == 0 || region.Length() == 0 ||
			region.AttrOr("aria-label", "")+region.AttrOr("aria-labelledby", "") == "" {
			t.Errorf("%s: a table without heads or without a named region", address)
		}
	})
	if n := p.Find("[style], script:not([src]), style, [onclick]").Length(); n > 0 {
		t.Errorf("%s has %d inline styles or scripts", address, n)
	}
	seen := map[string]bool{}
	p.Find("[id]").Each(func(_ int, e *goquery.Selection) {
		if id := e.AttrOr("id", ""); seen[id] {
			t.Errorf("%s: id %s twice", address, id)
		} else {
			seen[id] = true
		}
	})
	p.Find("[aria-labelledby]").Each(func(_ int, e *goquery.Selection) {
		for _, id := range strings.Fields(e.AttrOr("aria-labelledby", "")) {
			if !seen[id] {
				t.Errorf("%s: nothing is named %s", address, id)
			}
		}
	})
}

func TestAFileOfAResultMayTakeAsLongAsItsReader(t *testing.T) {
	t.Parallel()
	d := closedDesk(t, 3)
	d.member("wangfang").publishPart("received").want(t, 303)
	hurried := newReplica(t, d.db, d.keys, time.Date(2025, 6, 20, 9, 0, 0, 0, consultation.Shanghai))
	hurried.web.WaitAtMost(time.Nanosecond)
	visitor := hurried.browser()
	visitor.get("/consultations/"+sampleID+"/files/none.pdf").want(t, http.StatusServiceUnavailable)
	for _, ending := range []string{"csv", "xlsx", "docx"} {
		visitor.get("/consultations/"+sampleID+"/result."+ending).want(t, 200)
	}
}
