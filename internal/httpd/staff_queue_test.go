package httpd_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"wenji/internal/moderation"
	"wenji/internal/validate"

	"github.com/PuerkitoBio/goquery"
	"github.com/xuri/excelize/v2"
)

// fill puts n waiting comments straight into the database.
func (d *desk) fill(n int) {
	d.t.Helper()
	_, err := d.db.Exec(d.t.Context(), `
		INSERT INTO comment (id, consultation_id, number, received_at, title, body, masked_name, occupation, flags,
		                     text_digest, form_digest, code_index, tail_index)
		SELECT gen_random_uuid(), $1, i, timestamptz '2025-04-29 10:00+08' + i * interval '1 minute', '建议第' || i || '条', '正文' || i,
		       '张**', '工人', CASE WHEN i = 3 THEN '{phone}'::text[] ELSE '{}' END, '\x00', '\x00', decode(md5(i::text), 'hex'), '\x00'
		  FROM generate_series(1, $2::int) AS i`, sampleID, n)
	if err == nil {
		_, err = d.db.Exec(d.t.Context(), `UPDATE comment_count SET received = $2, last_number = $2 WHERE consultation_id = $1`, sampleID, n)
	}
	if err != nil {
		d.t.Fatal(err)
	}
}

func (p *page) titles() []string {
	var list []string
	p.Find(".d-row-title a").Each(func(_ int, link *goquery.Selection) { list = append(list, link.Text()) })
	return list
}

func TestAQueueLookedThroughEndsEarlyAndSaysSo(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.fill(moderation.LookedMost + 40)
	b := d.member("liming")
	p := b.get("/staff/queue?q=羴").want(t, 200)
	if got := p.text(".d-meta[role=note]"); !strings.Contains(got, strconv.Itoa(moderation.LookedMost)+"条") || p.Find(".d-empty").Length() != 0 {
		t.Errorf("the first page says %q", got)
	}
	if got := p.text("a[rel=next]"); got != "继续查找" {
		t.Errorf("it leads on with %q", got)
	}
	p = b.get(p.Find("a[rel=next]").AttrOr("href", "")).want(t, 200)
	if p.Find("[role=note], a[rel=next]").Length() != 0 || p.text(".d-empty") == "" {
		t.Error("the last page leads on, or does not say that nothing is there")
	}
}

func TestTheQueueIsReadPageByPageInTheOrderOfArrival(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.fill(120)
	b := d.member("liming")
	var all []string
	for address := "/staff/queue"; address != ""; {
		p := b.get(address).want(t, 200)
		all = append(all, p.titles()...)
		address = p.Find(".d-pages a[rel=next]").AttrOr("href", "")
	}
	if len(all) != 120 || all[0] != "建议第1条" || all[119] != "建议第120条" {
		t.Errorf("%d comments from %q to %q", len(all), all[0], all[len(all)-1])
	}
	if p := b.get("/staff/queue?after=nonsense&state=nonsense&clause=-5&flag=nonsense").want(t, 200); len(p.titles()) != 50 {
		t.Errorf("an address that makes no sense shows %d", len(p.titles()))
	}
}

func TestTheQueueIsFilteredByItsAddress(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.fill(12)
	b := d.member("liming")
	for address, want := range map[string][]string{
		"?flag=phone":                          {"建议第3条"},
		"?q=正文11":                              {"建议第11条"},
		"?q=7":                                 {"建议第7条"},
		"?state=published":                     nil,
		"?consultation=2099-0001":              nil,
		"?consultation=" + sampleID + "&q=%25": nil,
		"?clause=5":                            nil,
	} {
		p := b.get("/staff/queue"+address).want(t, 200)
		if got := p.titles(); !slices.Equal(got, want) {
			t.Errorf("%s shows %v, want %v", address, got, want)
		}
		if want == nil && p.text(".d-empty") != "没有符合条件的记录，请调整筛选条件。" {
			t.Errorf("%s says %q", address, p.text(".d-empty"))
		}
	}
	p := b.get("/staff/queue?q="+url.QueryEscape(`"><script>alert(1)</script>`)).want(t, 200)
	if p.Find("main script").Length() != 0 || p.Find("main [name=q]").AttrOr("value", "") != `"><script>alert(1)</script>` {
		t.Errorf("typed words are shown as %q", p.value("q"))
	}
}

func TestSeveralArePassedTogetherButNoneWithPersonalData(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.fill(5)
	b := d.member("liming")
	p := b.get("/staff/queue?q="+url.QueryEscape("建议")).want(t, 200)
	if n := p.Find("[name=pick]").Length(); n != 5 {
		t.Fatalf("%d boxes", n)
	}
	if n := p.Find("[name=pick][disabled]").Length(); n != 1 {
		t.Errorf("%d boxes cannot be ticked, want the one with a phone number", n)
	}
	fields := p.form(t, "/staff/queue/bulk")
	none := b.post("/staff/queue/bulk", fields).want(t, http.StatusUnprocessableEntity)
	if got := none.text("#problems li"); got != validate.NothingChosen || len(none.titles()) != 5 {
		t.Errorf("nothing ticked: %q", got)
	}
	p.Find("[name=pick]").Each(func(i int, box *goquery.Selection) {
		if i < 4 {
			fields.Add("pick", box.AttrOr("value", ""))
		}
	})
	to := b.post("/staff/queue/bulk", fields).want(t, 303).location(t)
	if to.Query().Get("q") != "建议" {
		t.Errorf("the list comes back as %s", to)
	}
	p = b.get(to.String()).want(t, 200)
	if got := p.text("[role=status]"); got != "已通过3条。另有1条疑似含个人信息，须逐条审核，未操作。" {
		t.Errorf("told: %q", got)
	}
	if got := p.titles(); !slices.Equal(got, []string{"建议第3条", "建议第5条"}) {
		t.Errorf("left: %v", got)
	}
	if got := b.get("/staff/queue?state=decided").want(t, 200).titles(); len(got) != 3 {
		t.Errorf("decided: %v", got)
	}
	b.post("/staff/queue/bulk", url.Values{"pick": {"nonsense"}}).want(t, 400)
}

func TestAnExportIsAFileToBeSaved(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.receive("=1+1，建议加装扶手", withPhone)
	b := d.member("wangfang")
	fields := b.get("/staff/exports/new").want(t, 200).form(t, "/staff/exports/new")
	fields.Set("consultation", sampleID)

	p := b.post("/staff/exports/new", with(fields, "format", "csv")).want(t, 200)
	if got := p.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; filename=comments-"+sampleID) || !strings.HasSuffix(got, "masked.csv") {
		t.Errorf("disposition %q", got)
	}
	if p.Header.Get("Cache-Control") != "no-store" || p.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(p.Header.Get("Content-Type"), "text/csv") {
		t.Errorf("headers %v", p.Header)
	}
	reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(p.body, "\ufeff")))
	reader.FieldsPerRecord = -1
	rows, err := reader.ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if strings.Contains(p.body, "欧阳测标") || strings.Contains(p.body, "13912345678") || strings.Contains(p.body, ",=1+1") {
		t.Error("a masked file holds personal data or a formula")
	}

	p = b.post("/staff/exports/new", fields).want(t, 200)
	if got := p.Header.Get("Content-Type"); got != "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" {
		t.Errorf("type %q", got)
	}
	book, err := excelize.OpenReader(bytes.NewReader([]byte(p.body)))
	if err != nil {
		t.Fatal(err)
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
	if n := b.get("/staff/exports").want(t, 200).Find("main tbody tr").Length(); n != 2 {
		t.Errorf("%d exports listed", n)
	}
}

func TestPersonalDataIsExportedOnlyWithReasonAndSecondFactor(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.receive("建议加装扶手", withPhone)
	b := d.member("liming")
	fields := b.get("/staff/exports/new").want(t, 200).form(t, "/staff/exports/new")
	fields.Set("consultation", sampleID)
	fields.Set("profile", "personal")
	fields.Set("format", "csv")
	used := d.code()
	for _, c := range []struct{ name, reason, otp, field, want string }{
		{"no reason", "", used, "reason", validate.PurposeMissing},
		{"no code", "送省司法厅审查", "", "otp", validate.FactorWrong},
		{"wrong code", "送省司法厅审查", "000000", "otp", validate.FactorWrong},
	} {
		p := b.post("/staff/exports/new", with(with(fields, "reason", c.reason), "otp", c.otp)).want(t, http.StatusUnprocessableEntity)
		if got := p.text(fmt.Sprintf("#problems a[href='#%s']", c.field)); got != c.want {
			t.Errorf("%s: %q", c.name, got)
		}
		if p.value("reason") != c.reason || p.value("otp") != "" || p.Find("[name=profile][value=personal][checked]").Length() != 1 {
			t.Errorf("%s: what was typed is shown as %q, %q", c.name, p.value("reason"), p.value("otp"))
		}
	}
	if n := b.get("/staff/exports").Find("main tbody tr").Length(); n != 0 {
		t.Errorf("%d exports were recorded", n)
	}
	right := with(with(fields, "reason", "送省司法厅审查"), "otp", used)
	address := b.post("/staff/exports/new", right).want(t, 303).location(t).Path
	b.post("/staff/exports/new", right).want(t, http.StatusUnprocessableEntity)
	row := b.get("/staff/exports").want(t, 200).text("main tbody tr")
	if !strings.Contains(row, "含个人信息") || !strings.Contains(row, "送省司法厅审查") || !strings.Contains(row, "李明") || !strings.Contains(row, "等待批准") {
		t.Errorf("listed as %q", row)
	}
	if p := b.get(address).want(t, 200); p.Find("form[action$='/approve']").Length() != 0 {
		t.Error("who asked is offered to approve")
	}
}

func TestAnExportThatCannotBeMadeSaysWhy(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("wangfang")
	good := url.Values{"consultation": {sampleID}, "format": {"csv"}, "profile": {"masked"}}
	for field, value := range map[string]string{"consultation": "2099-0001", "format": "exe", "profile": "all", "state": "secret"} {
		p := b.post("/staff/exports/new", with(good, field, value)).want(t, http.StatusUnprocessableEntity)
		if n := p.Find("#problems a[href='#" + field + "']").Length(); n != 1 || p.Header.Get("Content-Disposition") != "" {
			t.Errorf("%s=%s: %d problems", field, value, n)
		}
	}
}

func TestOnlyGovernmentDocumentsMayBeShownAtOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	b := d.member("wangfang")
	mode := func() (got string) {
		t.Helper()
		if err := d.db.QueryRow(t.Context(), `SELECT publication FROM consultation WHERE id = $1`, sampleID).Scan(&got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	address := "/staff/consultations/" + sampleID + "/publication"
	p := b.get("/staff/consultations").want(t, 200)
	to := b.post(address, with(p.form(t, address), "publication", "instant")).want(t, 303).location(t)
	if mode() != "instant" {
		t.Fatalf("publication is %s", mode())
	}
	if got := b.get(to.String()).want(t, 200).text("[role=status]"); got != "已保存。现在的公开方式是即时展示。" {
		t.Errorf("told: %q", got)
	}
	b.post(address, url.Values{"publication": {"never"}}).want(t, 422)
	b.post("/staff/consultations/2099-0001/publication", url.Values{"publication": {"instant"}}).want(t, 404)
	if n := d.member("liming").get("/staff/consultations").want(t, 200).Find("main form").Length(); n != 0 {
		t.Errorf("a moderator is offered %d forms", n)
	}
	if _, err := d.db.Exec(t.Context(), `UPDATE consultation SET publication = 'after_review', kind = 'government_rule'`); err != nil {
		t.Fatal(err)
	}
	p = b.post(address, url.Values{"publication": {"instant"}}).want(t, http.StatusUnprocessableEntity)
	if mode() != "after_review" || p.text("#problems a[href='#c"+sampleID+"']") != validate.InstantRefused {
		t.Errorf("publication is %s: %s", mode(), p.text("#problems"))
	}
	if n := b.get("/staff/consultations").want(t, 200).Find("main form").Length(); n != 0 {
		t.Errorf("%d forms for a rule", n)
	}
}

func TestDeskPagesHaveOneHeadingAndNothingInline(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	comment := d.receive("建议加装扶手", withPhone)
	b := d.member("liming")
	for _, address := range []string{"/staff", "/staff/queue", comment, "/staff/referrals", "/staff/answers", "/staff/templates", comment + "/referrals", "/staff/exports", "/staff/exports/new", "/staff/consultations", "/staff/account"} {
		p := b.get(address).want(t, 200)
		if n := p.Find("h1").Length(); n != 1 {
			t.Errorf("%s has %d h1", address, n)
		}
		if n := p.Find("[style], script:not([src]), style, [onclick]").Length(); n > 0 {
			t.Errorf("%s has %d inline styles or scripts", address, n)
		}
		if p.Find("meta[name=robots][content*=noindex]").Length() != 1 || p.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be indexed or kept", address)
		}
		p.Find("label[for]").Each(func(_ int, label *goquery.Selection) {
			if id := label.AttrOr("for", ""); p.Find("[id='"+id+"']").Length() != 1 {
				t.Errorf("%s: label %q belongs to %d fields", address, label.Text(), p.Find("[id='"+id+"']").Length())
			}
		})
		seen := map[string]bool{}
		p.Find("[id]").Each(func(_ int, e *goquery.Selection) {
			if id := e.AttrOr("id", ""); seen[id] {
				t.Errorf("%s: id %s twice", address, id)
			} else {
				seen[id] = true
			}
		})
	}
}
