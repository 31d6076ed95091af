package httpd_test

import (
	"archive/zip"
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"wenji/internal/validate"

	"github.com/PuerkitoBio/goquery"
)

// made creates a consultation at the desk with the sample's documents and returns its address.
func (d *desk) made(b *browser) string {
	d.t.Helper()
	to := b.post("/staff/consultations/new", url.Values{
		"kind": {"major_decision"}, "title": {"某项决策（征求意见稿）"}, "unit": {"省发展改革委"},
	}).want(d.t, 303).location(d.t)
	address := strings.TrimSuffix(to.Path, "/edit")
	exec(d.t, d.db, `
		INSERT INTO clause (id, consultation_id, document, ordinal, kind, number, label, title, body)
		SELECT gen_random_uuid(), $1, document, ordinal, kind, number, label, title, body FROM clause WHERE consultation_id = $2`,
		strings.TrimPrefix(address, "/staff/consultations/"), sampleID)
	return address
}

// save posts one form of the editor with some fields changed.
func (b *browser) save(address string, fields ...string) *page {
	b.t.Helper()
	values := b.get(address).want(b.t, 200).form(b.t, address)
	for i := 0; i+1 < len(fields); i += 2 {
		values.Set(fields[i], fields[i+1])
	}
	return b.post(address, values)
}

func TestAConsultationIsMadeCheckedAndPublished(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b, visitor := d.member("wangfang"), d.browser()
	address := d.made(b)
	public := strings.TrimPrefix(address, "/staff")
	if address != "/staff/consultations/2025-0002" {
		t.Errorf("made at %s", address)
	}
	for _, path := range []string{"", "/draft", "/interpretation", "/print", "/comments", "/comments/new", "/clauses/1", "/corrections", "/deadline.ics"} {
		visitor.get(public+path).want(t, 404)
	}
	if got := visitor.get("/consultations").want(t, 200).text("[role=status]"); got != "共找到1项征集。" {
		t.Errorf("the public list says %q", got)
	}
	if got := b.get("/staff/consultations").want(t, 200).text("#c2025-0002 .d-state"); got != "编辑中" {
		t.Errorf("the desk says %q", got)
	}

	check := b.get(address+"/edit/publish").want(t, 200)
	if n := check.Find("form[action$='/edit/publish']").Length(); n != 0 || !strings.Contains(check.text("main"), "不能发布") {
		t.Error("an unfinished consultation is offered for publication")
	}
	rows := check.Find("tbody tr")
	rows.Each(func(_ int, row *goquery.Selection) {
		if strings.Contains(row.Text(), "未达到") && row.Find("a[href]").Length() == 0 {
			t.Errorf("a duty without a way to mend it: %s", row.Text())
		}
	})
	if !strings.Contains(rows.Text(), "《重大行政决策程序暂行条例》第十五条：公开征求意见的期限一般不少于30日。") {
		t.Error("the rule is not printed")
	}
	b.post(address+"/edit/publish", url.Values{"version": {"1"}, "confirm": {"1"}}).want(t, 422)
	visitor.get(public).want(t, 404)

	b.save(address+"/edit/notice", "notice", "现公开征求意见。\n欢迎提出意见。").want(t, 303)
	b.save(address+"/edit/basics", "contact_phone", "024-12345678").want(t, 303)
	b.save(address+"/edit/fields", "id_number", "omitted").want(t, 303)
	b.save(address+"/edit/time", "opens_at", "2025-05-01", "closes_at", "2025年5月7日").want(t, 303)
	if p := b.get(address+"/edit/time").want(t, 200); p.value("closes_at") != "2025年5月7日24时" {
		t.Errorf("closing shown as %q", p.value("closes_at"))
	}
	if got := b.get(address+"/edit/publish").want(t, 200); !strings.Contains(got.text("main"), "少于30日") {
		t.Error("a short period without a reason passes")
	}
	b.save(address+"/edit/time", "reason", "情况紧急").want(t, 303)
	b.save(address+"/edit/publish").want(t, 422) // not confirmed
	b.save(address+"/edit/publish", "confirm", "1").want(t, 303)

	notice := visitor.get(public).want(t, 200)
	if !strings.Contains(notice.text("main"), "少于30日，原因：情况紧急。") || notice.Find("main a.button").First().Text() != "我要提意见" {
		t.Errorf("the notice says %q", notice.text("main"))
	}
	if n := visitor.get(public+"/comments/new").want(t, 200).Find("[name=id_number]").Length(); n != 0 {
		t.Error("the form asks for the ID number")
	}
	b.post(address+"/edit/publish", url.Values{"version": {"99"}, "confirm": {"1"}}).want(t, 409)
}

func TestTheSecondToSaveSeesBothVersions(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("wangfang")
	address := d.made(b)
	old := b.get(address+"/edit/notice").want(t, 200).form(t, "/edit/notice")
	b.save(address+"/edit/notice", "notice", "先保存的公告").want(t, 303)
	p := b.post(address+"/edit/notice", with(old, "notice", "后保存的公告")).want(t, 409)
	if cells := p.Find("tbody tr").First().Find("td"); cells.First().Text() != "先保存的公告" || cells.Last().Text() != "后保存的公告" {
		t.Errorf("shown: %q", cells.Text())
	}
	if strings.TrimSpace(p.Find("textarea[name=notice]").Text()) != "后保存的公告" {
		t.Error("what was typed is lost")
	}
	b.post(address+"/edit/notice", p.form(t, "/edit/notice")).want(t, 303)
	if got := b.get(address+"/edit/notice").want(t, 200).Find("textarea").Text(); strings.TrimSpace(got) != "后保存的公告" {
		t.Errorf("saved: %q", got)
	}
}

// sendFile posts a multipart form.
func (b *browser) sendFile(address, name string, content []byte, fields url.Values) *page {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for k := range fields {
		if err := form.WriteField(k, fields.Get(k)); err != nil {
			b.t.Fatal(err)
		}
	}
	part, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		b.t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, b.URL+address, &body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", form.FormDataContentType())
	r.Header.Set("Origin", b.URL)
	return b.do(r)
}

func TestAttachmentsAreCheckedByTheirContent(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("wangfang")
	address := d.made(b) + "/edit/files"
	version := func() url.Values {
		return url.Values{"version": {b.get(address).want(t, 200).value("version")}, "file_title": {"说明"}}
	}
	p := b.sendFile(address, "页面.pdf", []byte("<html><script>alert(1)</script>"), version()).want(t, 422)
	if got := p.text("#problems li"); got != validate.FileUnreadable || p.value("file_title") != "说明" {
		t.Errorf("told %q, title %q", got, p.value("file_title"))
	}
	var docx bytes.Buffer
	z := zip.NewWriter(&docx)
	for _, name := range []string{"[Content_Types].xml", "word/document.xml"} {
		if _, err := z.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	b.sendFile(address, `..\..\说明.docx`, docx.Bytes(), version()).want(t, 303)
	link := b.get(address).want(t, 200).Find("tbody a").AttrOr("href", "")
	file := b.get(link).want(t, 200)
	if !strings.Contains(file.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Error("a browser that shows the file in place lets it run")
	}
	if file.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(file.Header.Get("Content-Disposition"), "attachment") ||
		file.body != docx.String() || strings.Contains(link, "..") {
		t.Errorf("%s: %v", link, file.Header)
	}
	b.sendFile(address, "big.txt", bytes.Repeat([]byte("字"), 8<<20), version()).want(t, 413)
	// Nobody else takes a file, and without the permission not one byte is read.
	b.sendFile("/staff/exports/new", "a.txt", []byte("a"), nil).want(t, 415)
	d.member("liming").sendFile(address, "a.txt", []byte("a"), version()).want(t, 403)
}

func TestAPeriodIsChangedOnlyAfterConfirmationAndAnnounced(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b, visitor := d.member("wangfang"), d.browser()
	one := "/staff/consultations/" + sampleID
	p := b.save(one+"/extend", "closes_at", "2025年5月21日", "reason", "意见较多").want(t, 422)
	if p.text("#problems li") != validate.ConfirmMissing || p.value("closes_at") != "2025年5月21日" {
		t.Errorf("told %q", p.text("#problems"))
	}
	b.save(one+"/extend", "closes_at", "五月", "reason", "意见较多", "confirm", "1").want(t, 422)
	b.save(one+"/extend", "closes_at", "2025-05-01", "reason", "意见较多", "confirm", "1").want(t, 422)
	b.save(one+"/extend", "closes_at", "2025年5月21日", "reason", "意见较多", "confirm", "1").want(t, 303)
	notice := visitor.get("/consultations/"+sampleID).want(t, 200).text("main")
	for _, words := range []string{"截止时间：2025年5月21日24时", "征集截止时间由2025年5月7日24时延长至2025年5月21日24时。原因：意见较多。"} {
		if !strings.Contains(notice, words) {
			t.Errorf("the notice lacks %q", words)
		}
	}
	b.save(one+"/end", "reason", "意见已经充分", "confirm", "1").want(t, 303)
	if notice = visitor.get("/consultations/"+sampleID).want(t, 200).text("main"); !strings.Contains(notice, "提前结束，原因：意见已经充分。") {
		t.Errorf("the notice says %q", notice)
	}
	visitor.get(formAddress).want(t, 200)
	if visitor.get(formAddress).Find("form[data-once]").Length() != 0 {
		t.Error("the form is still offered")
	}
	b.save(one+"/end", "reason", "再来", "confirm", "1").want(t, 409)
	b.save(one+"/withdraw", "reason", "政策调整", "confirm", "1").want(t, 303)
	if notice = visitor.get("/consultations/"+sampleID).want(t, 200).text("main"); !strings.Contains(notice, "本次征集已中止，原因：政策调整。") {
		t.Errorf("the notice says %q", notice)
	}
	b.save(one+"/extend", "closes_at", "2025年6月21日", "reason", "恢复", "confirm", "1").want(t, 409)
}

func TestCorrectedWordsAreMarkedWithTheEarlierOnes(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b, visitor := d.member("wangfang"), d.browser()
	address := "/staff/consultations/" + sampleID + "/edit/basics"
	p := b.save(address, "contact_phone", "024-87654321").want(t, 422)
	if p.text("#problems li") != validate.CorrectionUnexplained {
		t.Errorf("told %q", p.text("#problems"))
	}
	b.save(address, "contact_phone", "024-87654321", "explanation", "电话号码有误").want(t, 303)
	notice := visitor.get("/consultations/"+sampleID).want(t, 200)
	link := notice.Find("#corrections").Parent().Find("a")
	if !strings.Contains(link.Parent().Text(), "2025年5月1日：电话号码有误。") {
		t.Errorf("marked: %q", link.Parent().Text())
	}
	page := visitor.get(link.AttrOr("href", "")).want(t, 200)
	if words := page.Find("section dd"); strings.TrimSpace(words.First().Text()) != "（024）23935916" || strings.TrimSpace(words.Last().Text()) != "024-87654321" {
		t.Errorf("earlier and later: %q", words.Text())
	}
}

func TestALongTextIsTakenWhole(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("wangfang")
	address := d.made(b) + "/edit/interpretation"
	p := b.get(address).want(t, 200)
	if got := p.Find("form[action$='/edit/interpretation']").AttrOr("enctype", ""); got != "multipart/form-data" {
		t.Errorf("sent as %q", got)
	}
	long := strings.Repeat("解读的文字。", 15_000)
	b.sendFile(address, "", nil, url.Values{"version": {p.value("version")}, "interpretation": {long}}).want(t, 303)
	if got := b.get(address).want(t, 200).Find("textarea").Text(); strings.TrimSpace(got) != long {
		t.Errorf("%d bytes came back, want %d", len(got), len(long))
	}
}

func TestATypedDraftIsReadIntoClausesUntilItIsPublished(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("wangfang")
	address := d.made(b) + "/edit/draft"
	text := "一、总体要求\n1.统筹推进。加强协调。（责任单位：省民政厅、省财政厅）\n3.强化监管，依法查处,从严处理。"
	b.save(address, "draft", text).want(t, 303)
	p := b.get(address).want(t, 200)
	rows := p.Find("tbody tr")
	if rows.Length() != 3 || strings.TrimSpace(rows.Eq(1).Find("th").Text()) != "1.统筹推进" || rows.Eq(1).Find("td").Last().Text() != "省民政厅、省财政厅" {
		t.Errorf("recognised: %q", rows.Text())
	}
	if got := p.Find("#doubts").Parent().Text(); !strings.Contains(got, "第3行（第3条）：") {
		t.Errorf("doubtful places: %q", got)
	}
	checkDeskPage(t, address, p)
	published := "/staff/consultations/" + sampleID + "/edit/draft"
	if n := b.get(published).want(t, 200).Find("textarea").Length(); n != 0 {
		t.Error("a published draft is offered to be typed over")
	}
	b.post(published, url.Values{"version": {"1"}, "draft": {"1.改写。改写。"}}).want(t, 409)
}

func TestACorrectedInterpretationKeepsTheEarlierText(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b, visitor := d.member("wangfang"), d.browser()
	address := "/staff/consultations/" + sampleID + "/edit/interpretation"
	text := b.get(address).want(t, 200).Find("textarea[name=interpretation]").Text()
	b.save(address, "interpretation", text, "explanation", "没有改动").want(t, 303) // the same text is no correction
	if n := visitor.get("/consultations/"+sampleID).want(t, 200).Find("#corrections").Length(); n != 0 {
		t.Error("a correction that changed nothing is marked")
	}
	b.save(address, "interpretation", strings.Replace(text, "共26项具体任务", "共27项具体任务", 1), "explanation", "任务数有误").want(t, 303)
	if got := visitor.get("/consultations/"+sampleID+"/interpretation").want(t, 200).text("main"); !strings.Contains(got, "共27项具体任务") {
		t.Error("the interpretation is as it was")
	}
	page := visitor.get("/consultations/"+sampleID+"/corrections").want(t, 200).text("main")
	if !strings.Contains(page, "共26项具体任务") || !strings.Contains(page, "任务数有误。") {
		t.Error("the earlier text is not shown")
	}
}

func TestAPreviewIsThePublicPageAndCanSendNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("wangfang")
	address := d.made(b)
	p := b.get(address+"/preview?size=elder").want(t, 200)
	if p.Find("html.elder").Length() != 1 || !strings.Contains(p.text("aside"), "公众还看不到这项征集") || p.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("preview: %q", p.text("aside"))
	}
	for _, part := range []string{"", "?part=draft", "?part=interpretation", "?part=form", "?part=print"} {
		p := b.get(address+"/preview"+part).want(t, 200)
		if n := p.Find("button:not([disabled])").Length(); n != 0 {
			t.Errorf("%s has %d buttons that work", part, n)
		}
		p.Find("a[href^='/consultations/2025-0002']").Each(func(_ int, a *goquery.Selection) {
			t.Errorf("%s leads out to %s", part, a.AttrOr("href", ""))
		})
		p.Find("main a[href^='/staff']").Each(func(_ int, a *goquery.Selection) {
			if to := strings.SplitN(a.AttrOr("href", ""), "#", 2)[0]; to != "" {
				b.get(to).want(t, 200)
			}
		})
	}
}

func TestMakingPagesHaveOneHeadingAndLabelsForAllFields(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("wangfang")
	address := d.made(b)
	paths := []string{"/staff/consultations", "/staff/consultations/new"}
	for _, one := range []string{address, "/staff/consultations/" + sampleID} {
		for _, form := range []string{"", "/basics", "/notice", "/draft", "/interpretation", "/fields", "/time", "/files", "/publish"} {
			paths = append(paths, one+"/edit"+form)
		}
	}
	for _, act := range []string{"/extend", "/end", "/withdraw"} {
		paths = append(paths, "/staff/consultations/"+sampleID+act)
	}
	for _, path := range paths {
		checkDeskPage(t, path, b.get(path).want(t, 200))
	}
	checkDeskPage(t, "calendar", d.member("admin").get("/staff/settings/calendar").want(t, 200))
}

func checkDeskPage(t *testing.T, path string, p *page) {
	t.Helper()
	if n := p.Find("h1").Length(); n != 1 {
		t.Errorf("%s has %d h1", path, n)
	}
	p.Find("main input:not([type=hidden]), main select, main textarea").Each(func(_ int, field *goquery.Selection) {
		if id := field.AttrOr("id", ""); p.Find("label[for='"+id+"']").Length() != 1 && field.ParentsFiltered("label").Length() == 0 {
			t.Errorf("%s: field %s has no label", path, field.AttrOr("name", ""))
		}
	})
	seen := map[string]bool{}
	p.Find("[id]").Each(func(_ int, e *goquery.Selection) {
		if id := e.AttrOr("id", ""); seen[id] {
			t.Errorf("%s: id %s twice", path, id)
		} else {
			seen[id] = true
		}
	})
}

func TestSpecialDaysAreKeptWithTheirSource(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("admin")
	const address = "/staff/settings/calendar"
	fields := url.Values{"day": {"2027年1月1日"}, "kind": {"holiday"}, "name": {"元旦"}, "source": {"国办发明电〔2026〕9号"}}
	b.post(address, with(fields, "source", "")).want(t, 422)
	b.post(address, with(fields, "day", "元旦")).want(t, 422)
	b.post(address, with(with(fields, "day", "2027-01-04"), "kind", "workday")).want(t, 422) // a Monday anyway
	b.post(address, fields).want(t, 303)
	p := b.post(address, fields).want(t, 422)
	if p.text("#problems li") != validate.DayTwice {
		t.Errorf("told %q", p.text("#problems"))
	}
	if row := b.get(address).want(t, 200).Find("tbody tr").First(); !strings.Contains(row.Text(), "2027年1月1日（星期五）") || !strings.Contains(row.Text(), "国办发明电〔2026〕9号") {
		t.Errorf("first row %q", row.Text())
	}
	b.post(address+"/remove", url.Values{"day": {"2027-01-01"}}).want(t, 303)
	b.post(address+"/remove", url.Values{"day": {"2027-01-01"}}).want(t, 404)
	var entries int
	if err := d.db.QueryRow(t.Context(), `SELECT count(*) FROM audit_entry WHERE action LIKE 'calendar.%' AND actor = '系统管理员 (admin)'`).Scan(&entries); err != nil || entries != 2 {
		t.Errorf("%d entries in the record (%v)", entries, err)
	}
}
