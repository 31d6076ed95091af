package httpd_test

import (
	"encoding/json"
	"encoding/xml"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// site gives a portal its canonical address, before anything is asked of it.
func (p *portal) site() {
	p.web.BaseURL = "https://wenji.example"
	p.web.Site.Domain, p.web.Site.IDCode = "wenji.example", "2100000037"
	p.web.Site.Description, p.web.Site.Keywords = "征求意见和建议。", "意见征集"
}

func TestTheFeedListsWhatIsPublished(t *testing.T) {
	t.Parallel()
	p := newPortal(t, during)
	p.site()
	exec(t, p.db, `UPDATE consultation SET headline = '就<某>&"方案"征求意见'`)
	r := p.browser().get("/consultations.atom").want(t, 200)
	if got := r.Header.Get("Content-Type"); got != "application/atom+xml; charset=utf-8" || r.Header.Get("Etag") == "" {
		t.Errorf("type %q, tag %q", got, r.Header.Get("Etag"))
	}
	var feed struct {
		XMLName xml.Name `xml:"http://www.w3.org/2005/Atom feed"`
		Title   string   `xml:"title"`
		ID      string   `xml:"id"`
		Updated string   `xml:"updated"`
		Author  string   `xml:"author>name"`
		Entries []struct {
			Title   string `xml:"title"`
			ID      string `xml:"id"`
			Updated string `xml:"updated"`
			Summary string `xml:"summary"`
			Link    struct {
				Href string `xml:"href,attr"`
			} `xml:"link"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal([]byte(r.body), &feed); err != nil {
		t.Fatal(err)
	}
	if feed.Title != "意见征集 - 辽宁省人民政府" || feed.Author != "辽宁省人民政府" || feed.ID != "tag:wenji.example,2025:consultations" || len(feed.Entries) != 1 {
		t.Fatalf("%+v", feed)
	}
	e := feed.Entries[0]
	if e.Title != `就<某>&"方案"征求意见` || e.ID != "tag:wenji.example,2025:"+sampleID || e.Link.Href != "https://wenji.example/consultations/"+sampleID ||
		!strings.Contains(e.Summary, "截止时间：2025年5月7日24时") {
		t.Errorf("%+v", e)
	}
	for _, at := range []string{feed.Updated, e.Updated} {
		if _, err := time.Parse(time.RFC3339, at); err != nil {
			t.Error(err)
		}
	}
}

func TestTheListForProgramsIsFilteredByState(t *testing.T) {
	t.Parallel()
	p := newPortal(t, during)
	p.site()
	b := p.browser()
	type list struct {
		Total         int
		Consultations []struct {
			ID, Kind, State, Unit, URL string
			OpensAt                    time.Time `json:"opens_at"`
			ClosesAt                   string    `json:"closes_at"`
			PublishedOn                string    `json:"published_on"`
			Received, Published        int
		}
	}
	read := func(address string) (l list) {
		t.Helper()
		r := b.get(address).want(t, 200)
		if got := r.Header.Get("Content-Type"); got != "application/json; charset=utf-8" {
			t.Errorf("%s is %q", address, got)
		}
		if err := json.Unmarshal([]byte(r.body), &l); err != nil {
			t.Fatal(err)
		}
		return l
	}
	l := read("/api/consultations.json")
	if l.Total != 1 || len(l.Consultations) != 1 {
		t.Fatalf("%+v", l)
	}
	c := l.Consultations[0]
	if c.ID != sampleID || c.Kind != "normative_document" || c.State != "open" || c.Unit != "辽宁省民政厅" || c.PublishedOn != "2025-04-29" ||
		c.ClosesAt != "2025-05-08T00:00:00+08:00" || c.URL != "https://wenji.example/consultations/"+sampleID {
		t.Errorf("%+v", c)
	}
	if l = read("/api/consultations.json?state=open"); l.Total != 1 {
		t.Errorf("open: %d", l.Total)
	}
	if l = read("/api/consultations.json?state=closed"); l.Total != 0 || l.Consultations == nil {
		t.Errorf("closed: %+v", l)
	}
	b.get("/api/consultations.json?state=preparing").want(t, 400)
	exec(t, p.db, `UPDATE consultation SET stage = 'preparing'`)
	if l = read("/api/consultations.json?state=open"); l.Total != 0 {
		t.Error("what is being prepared is listed")
	}
}

func TestTheDeadlineIsACalendarEntryByTheRules(t *testing.T) {
	t.Parallel()
	p := newPortal(t, during)
	p.site()
	exec(t, p.db, `UPDATE consultation SET title = title || '；甲,乙\丙' || repeat('长', 60)`)
	r := p.browser().get("/consultations/"+sampleID+"/deadline.ics").want(t, 200)
	if got := r.Header.Get("Content-Type"); got != "text/calendar; charset=utf-8" {
		t.Errorf("type %q", got)
	}
	if !strings.HasSuffix(r.body, "END:VCALENDAR\r\n") || strings.Count(r.body, "\n") != strings.Count(r.body, "\r\n") {
		t.Error("lines do not end with CRLF")
	}
	for _, line := range strings.Split(strings.TrimSuffix(r.body, "\r\n"), "\r\n") {
		if len(line) > 75 || !utf8.ValidString(line) || line == "" {
			t.Errorf("%d octets: %q", len(line), line)
		}
	}
	lines := strings.Split(strings.ReplaceAll(r.body, "\r\n ", ""), "\r\n")
	for _, want := range []string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "UID:" + sampleID + "-deadline@wenji.example", "DTSTART:20250507T150000Z", "DTEND:20250507T160000Z",
		"STATUS:CONFIRMED", "URL:https://wenji.example/consultations/" + sampleID, "DTSTAMP:20250428T160000Z",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no line %q", want)
		}
	}
	i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "SUMMARY:") })
	if i < 0 || !strings.Contains(lines[i], `；甲\,乙\\丙`) {
		t.Errorf("summary %q", lines[i])
	}
	exec(t, p.db, `UPDATE consultation SET withdrawn_at = '2025-05-01 08:00+08', withdrawal_reason = '政策调整'`)
	p.web.Consultations.DB.Exec(t.Context(), `SELECT pg_notify('wenji_changed', '')`)
	waitFor(t, "the entry to be cancelled", func() bool {
		return strings.Contains(p.browser().get("/consultations/"+sampleID+"/deadline.ics").body, "STATUS:CANCELLED\r\n")
	})
}

func TestTheSiteMapNamesPublicPagesOnly(t *testing.T) {
	t.Parallel()
	p := newPortal(t, during)
	p.site()
	b := p.browser()
	var set struct {
		XMLName xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
		URLs    []struct {
			Loc     string `xml:"loc"`
			LastMod string `xml:"lastmod"`
		} `xml:"url"`
	}
	if err := xml.Unmarshal([]byte(b.get("/sitemap.xml").want(t, 200).body), &set); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, u := range set.URLs {
		path, ok := strings.CutPrefix(u.Loc, "https://wenji.example")
		if !ok || strings.Contains(path, "staff") || strings.Contains(path, "status") {
			t.Errorf("address %q", u.Loc)
		}
		b.get(path).want(t, 200)
		if path == "/consultations/"+sampleID {
			found = u.LastMod == "2025-04-29"
		}
	}
	if !found {
		t.Error("the notice is missing")
	}
	if robots := b.get("/robots.txt").want(t, 200).body; !strings.Contains(robots, "\nDisallow: /staff\n") || !strings.Contains(robots, "\nSitemap: https://wenji.example/sitemap.xml\n") {
		t.Errorf("robots.txt: %q", robots)
	}
	p.web.BaseURL = ""
	if robots := b.get("/robots.txt").want(t, 200).body; strings.Contains(robots, "Sitemap") {
		t.Error("a site map without an address")
	}
}

// 政府网站发展指引: the meta tags of a column's pages and of an article.
func TestPagesCarryTheTagsOfAGovernmentSite(t *testing.T) {
	t.Parallel()
	p := newPortal(t, during)
	p.site()
	column := map[string]string{
		"SiteName": "辽宁省人民政府", "SiteDomain": "wenji.example", "SiteIDCode": "2100000037", "ColumnName": "意见征集",
		"ColumnDescription": "征求意见和建议。", "ColumnKeywords": "意见征集", "ColumnType": "互动交流",
	}
	article := map[string]string{
		"ArticleTitle": "省民政厅就《辽宁省深化养老服务改革促进银发经济发展的实施方案（征求意见稿）》公开征求意见", "PubDate": "2025-04-29 00:00",
		"ContentSource": "辽宁省民政厅",
	}
	b := p.browser()
	for _, address := range []string{"/", "/consultations", "/consultations/" + sampleID} {
		r := b.get(address).want(t, 200)
		want := []map[string]string{column}
		if strings.Contains(address, sampleID) {
			want = append(want, article)
		}
		for _, tags := range want {
			for name, content := range tags {
				if got := r.Find("head meta[name='" + name + "']"); got.Length() != 1 || got.AttrOr("content", "") != content {
					t.Errorf("%s: %s is %q", address, name, got.AttrOr("content", ""))
				}
			}
		}
		if got := r.Find("link[rel=alternate][type='application/atom+xml']").AttrOr("href", ""); got != "/consultations.atom" {
			t.Errorf("%s: feed %q", address, got)
		}
	}
	b.get(b.get("/consultations/"+sampleID).Find("link[type='text/calendar']").AttrOr("href", "")).want(t, 200)
}

func TestFilesForProgramsHoldNoPersonalData(t *testing.T) {
	t.Parallel()
	p := newPortal(t, during)
	b := p.browser()
	b.submit()
	for _, address := range []string{"/consultations.atom", "/api/consultations.json", "/sitemap.xml", "/consultations/" + sampleID + "/deadline.ics"} {
		r := b.get(address).want(t, 200)
		if got := r.Header.Get("Cache-Control"); got != "no-cache" {
			t.Errorf("%s: %q", address, got)
		}
		for _, secret := range []string{"欧阳", "210102194912310016", "13812345678", "biaoji@"} {
			if strings.Contains(r.body, secret) {
				t.Errorf("%s holds %s", address, secret)
			}
		}
	}
}
