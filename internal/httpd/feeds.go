package httpd

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"html"
	"net/http"
	"net/url"
	"slices"
	"time"

	"wenji/internal/consultation"
	"wenji/web/public"
	"wenji/web/ui"

	"github.com/a-h/templ"
	"github.com/gorilla/feeds"
)

// feedItems is how many consultations the Atom feed and one page of the JSON list hold.
const feedItems = 50

// absolute is an address for programs that meet it outside this site; without a canonical address it stays relative,
// since no host that a request names is believed.
func (s *Server) absolute(path string) string { return s.BaseURL + path }

// authority names this site in ids that must last: the host of the canonical address, else the domain of the site.
func (s *Server) authority() string {
	if u, err := url.Parse(s.BaseURL); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	if s.Site.Domain != "" {
		return s.Site.Domain
	}
	return "localhost"
}

// changedAt is when something was last announced about a consultation.
func changedAt(c *consultation.Consultation) time.Time {
	at := c.PublishedOn
	for _, t := range []*time.Time{c.ExtendedOn, c.EndedEarlyAt, c.WithdrawnAt, c.ConcludedOn} {
		if t != nil && t.After(at) {
			at = *t
		}
	}
	return at
}

// atom is the feed of consultations, the newest first (RFC 4287).
func (s *Server) atom(r *http.Request) (templ.Component, error) {
	items, _, err := s.reads(r.Context()).Consultations.List(r.Context(), consultation.ListFilter{Size: feedItems})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(items, func(a, b consultation.Consultation) int { return changedAt(&b).Compare(changedAt(&a)) })
	feed := &feeds.Feed{
		Title: s.Site.Column + " - " + s.Site.Name, Description: s.Site.Description, Id: s.tag("consultations"),
		Link: &feeds.Link{Href: s.absolute("/consultations"), Rel: "alternate"}, Author: &feeds.Author{Name: s.Site.Name},
	}
	for i := range items {
		c := &items[i]
		if i == 0 {
			feed.Updated = changedAt(c)
		}
		feed.Items = append(feed.Items, &feeds.Item{
			Title: c.Headline, Id: s.tag(c.ID), Link: &feeds.Link{Href: s.absolute("/consultations/" + c.ID), Rel: "alternate"},
			Created: c.PublishedOn, Updated: changedAt(c),
			Description: html.EscapeString(public.KindWord(c.Kind) + "，" + c.Unit + "。" + public.Remaining(c, s.Now()) + "。截止时间：" + ui.Closing(c.ClosesAt) + "。"),
		})
	}
	rendered := (&feeds.Atom{Feed: feed}).AtomFeed()
	rendered.Id = feed.Id // the library would take the link, which is relative where there is no canonical address
	text, err := feeds.ToXML(rendered)
	if err != nil {
		return nil, err
	}
	return document{"application/atom+xml; charset=utf-8", []byte(text)}, nil
}

// tag is a lasting id of something of this site (RFC 4151).
func (s *Server) tag(name string) string { return "tag:" + s.authority() + ",2025:" + name }

// apiConsultation is one consultation in /api/consultations.json. Times are RFC 3339 in Beijing time; closes_at is
// exclusive. Only what every visitor may read is in it.
type apiConsultation struct {
	ID               string     `json:"id"`
	Title            string     `json:"title"`
	Headline         string     `json:"headline"`
	Kind             string     `json:"kind"`
	KindName         string     `json:"kind_name"`
	State            string     `json:"state"`
	StateName        string     `json:"state_name"`
	Unit             string     `json:"unit"`
	PublishedOn      string     `json:"published_on"`
	OpensAt          time.Time  `json:"opens_at"`
	ClosesAt         time.Time  `json:"closes_at"`
	OriginalClosesAt *time.Time `json:"original_closes_at,omitempty"`
	WithdrawnAt      *time.Time `json:"withdrawn_at,omitempty"`
	ConcludedOn      string     `json:"concluded_on,omitempty"`
	Received         int        `json:"received"`
	Published        int        `json:"published"`
	URL              string     `json:"url"`
	DraftURL         string     `json:"draft_url"`
	CommentsURL      string     `json:"comments_url"`
	DeadlineURL      string     `json:"deadline_url"`
}

type apiList struct {
	Total         int               `json:"total"`
	Page          int               `json:"page"`
	PageSize      int               `json:"page_size"`
	Consultations []apiConsultation `json:"consultations"`
}

// states that ?state= may ask for.
var apiStates = []consultation.Phase{
	consultation.NotBegun, consultation.Open, consultation.Closed, consultation.Concluded, consultation.Withdrawn,
}

// consultationsJSON lists consultations for programs: ?state=, ?page=.
func (s *Server) consultationsJSON(r *http.Request) (templ.Component, error) {
	f := consultation.ListFilter{Size: feedItems, Page: max(number(query(r, "page")), 1)}
	if state := consultation.Phase(query(r, "state")); state != "" {
		if !slices.Contains(apiStates, state) {
			return nil, badRequest{http.StatusBadRequest}
		}
		f.Phases = []consultation.Phase{state}
	}
	items, total, err := s.reads(r.Context()).Consultations.List(r.Context(), f)
	if err != nil {
		return nil, err
	}
	list := apiList{Total: total, Page: f.Page, PageSize: feedItems, Consultations: make([]apiConsultation, len(items))}
	for i := range items {
		list.Consultations[i] = s.apiConsultation(&items[i])
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	if err := e.Encode(list); err != nil {
		return nil, err
	}
	return document{"application/json; charset=utf-8", b.Bytes()}, nil
}

func (s *Server) apiConsultation(c *consultation.Consultation) apiConsultation {
	phase, address := c.Phase(s.Now()), s.absolute("/consultations/"+c.ID)
	a := apiConsultation{
		ID: c.ID, Title: c.Title, Headline: c.Headline, Kind: string(c.Kind), KindName: public.KindWord(c.Kind),
		State: string(phase), StateName: public.PhaseWord(phase), Unit: c.Unit, PublishedOn: c.PublishedOn.Format(time.DateOnly),
		OpensAt: c.OpensAt.In(consultation.Shanghai), ClosesAt: c.ClosesAt.In(consultation.Shanghai),
		OriginalClosesAt: inShanghai(c.OriginalClosesAt), WithdrawnAt: inShanghai(c.WithdrawnAt),
		Received: c.Received, Published: c.Published,
		URL: address, DraftURL: address + "/draft", CommentsURL: address + "/comments", DeadlineURL: address + "/deadline.ics",
	}
	if c.ConcludedOn != nil {
		a.ConcludedOn = c.ConcludedOn.Format(time.DateOnly)
	}
	return a
}

func inShanghai(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	local := t.In(consultation.Shanghai)
	return &local
}

// sitemapURL is one address of /sitemap.xml (sitemaps.org 0.9).
type sitemapURL struct {
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod,omitempty"`
}

type sitemapSet struct {
	XMLName xml.Name     `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	URLs    []sitemapURL `xml:"url"`
}

// sitemapXML lists the standing pages and the pages of each published consultation.
func (s *Server) sitemapXML(r *http.Request) (templ.Component, error) {
	list, err := s.reads(r.Context()).Consultations.Listing(r.Context())
	if err != nil {
		return nil, err
	}
	var set sitemapSet
	for _, path := range []string{"/", "/consultations", "/guide", "/privacy", "/accessibility", "/contact", "/sitemap"} {
		set.URLs = append(set.URLs, sitemapURL{Loc: s.absolute(path)})
	}
	for _, l := range list {
		for _, page := range []string{"", "/draft", "/interpretation", "/comments"} {
			set.URLs = append(set.URLs, sitemapURL{
				Loc: s.absolute("/consultations/" + l.ID + page), LastMod: l.ChangedOn.Format(time.DateOnly),
			})
		}
	}
	text, err := xml.MarshalIndent(set, "", "  ")
	if err != nil {
		return nil, err
	}
	return document{"application/xml; charset=utf-8", append([]byte(xml.Header), text...)}, nil
}

// robots keeps crawlers from what is made for one visitor or for the office.
func (s *Server) robots(w http.ResponseWriter, _ *http.Request) {
	text := "User-agent: *\nDisallow: /staff\nDisallow: /status\nDisallow: /receipt\nDisallow: /captcha\nDisallow: /display\n" +
		"Disallow: /consultations/*/comments/new\n"
	if s.BaseURL != "" {
		text += "\nSitemap: " + s.absolute("/sitemap.xml") + "\n"
	}
	plainText(w, http.StatusOK, text)
}
