package httpd

import (
	"errors"
	"net/http"
	"strings"

	"wenji/internal/apperr"
	"wenji/internal/clause"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/web/public"
	"wenji/web/ui"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"
)

const (
	clauseComments = 10 // published comments shown with a clause
	commentsPage   = 20
)

func (s *Server) home(r *http.Request) (templ.Component, error) {
	open, _, err := s.reads(r.Context()).Consultations.List(r.Context(), consultation.ListFilter{Phases: []consultation.Phase{consultation.Open}})
	if err != nil {
		return nil, err
	}
	results, _, err := s.reads(r.Context()).Consultations.List(r.Context(), consultation.ListFilter{Phases: []consultation.Phase{consultation.Concluded}})
	if err != nil {
		return nil, err
	}
	p := s.uiPage(r, "")
	p.Nav = ui.NavHome
	p.Meta.ColumnType = columnType
	return public.Home(p, public.HomeView{Open: open, Results: results[:min(3, len(results))]}), nil
}

func (s *Server) list(r *http.Request) (templ.Component, error) {
	q := public.ListQuery{
		State: consultation.Phase(query(r, "state")), Kind: consultation.Kind(query(r, "kind")),
		Unit: query(r, "unit"), Q: query(r, "q"), Page: max(number(query(r, "page")), 1),
	}
	f := consultation.ListFilter{Unit: q.Unit, Query: q.Q, Page: q.Page}
	switch q.State {
	case consultation.Open, consultation.Closed, consultation.Concluded:
		f.Phases = []consultation.Phase{q.State}
	default:
		q.State = ""
	}
	for _, k := range consultation.Kinds {
		if q.Kind == k {
			f.Kind = k
		}
	}
	q.Kind = f.Kind
	items, total, err := s.reads(r.Context()).Consultations.List(r.Context(), f)
	if err != nil {
		return nil, err
	}
	counts, err := s.reads(r.Context()).Consultations.PhaseCounts(r.Context())
	if err != nil {
		return nil, err
	}
	units, err := s.reads(r.Context()).Consultations.Units(r.Context())
	if err != nil {
		return nil, err
	}
	p := s.uiPage(r, "征集公告", ui.Crumb{Name: "征集公告"})
	p.Nav = ui.NavHome
	p.Meta.ColumnType = columnType
	return public.List(p, public.ListView{
		Query: q, Items: items, Total: total, Pages: max((total+consultation.PageSize-1)/consultation.PageSize, 1), Counts: counts, Units: units,
	}), nil
}

const columnType = "互动交流"

// dossier loads the consultation of the address.
func (s *Server) dossier(r *http.Request) (*consultation.Dossier, error) {
	return s.keptDossier(r.Context(), chi.URLParam(r, "id"))
}

// under is the page of something below a consultation's notice; name is the last crumb.
func (s *Server) under(r *http.Request, c *consultation.Consultation, name string) ui.Page {
	crumbs := []ui.Crumb{{Name: "征集公告", URL: "/consultations"}}
	if name == "" {
		crumbs = append(crumbs, ui.Crumb{Name: "公告"})
	} else {
		crumbs = append(crumbs, ui.Crumb{Name: "公告", URL: "/consultations/" + c.ID}, ui.Crumb{Name: name})
	}
	title := c.Headline
	if name != "" {
		title = name + "：" + c.Title
	}
	p := s.uiPage(r, title, crumbs...)
	p.Nav = ui.NavHome
	p.Meta.ColumnType = columnType
	p.Meta.Article = &ui.Article{Title: title, PublishedOn: c.PublishedOn, Source: c.Source}
	return p
}

func (s *Server) notice(r *http.Request) (templ.Component, error) {
	d, err := s.dossier(r)
	if err != nil {
		return nil, err
	}
	p := s.under(r, &d.Consultation, "")
	p.Meta.Calendar = "/consultations/" + d.ID + "/deadline.ics"
	return public.Notice(p, public.NoticeView{Dossier: d}), nil
}

// corrections shows the earlier wordings of what was changed after publication.
func (s *Server) corrections(r *http.Request) (templ.Component, error) {
	d, err := s.dossier(r)
	if err != nil {
		return nil, err
	}
	return public.Corrections(s.under(r, &d.Consultation, "勘误说明"), public.CorrectionsView{Dossier: d}), nil
}

func (s *Server) draft(r *http.Request) (templ.Component, error) {
	d, err := s.dossier(r)
	if err != nil {
		return nil, err
	}
	return public.Draft(s.under(r, &d.Consultation, "征求意见稿"), public.DraftView{
		Dossier: d, WithComments: query(r, "with") == "comments", Unit: query(r, "unit"),
	}), nil
}

func (s *Server) clause(r *http.Request) (templ.Component, error) {
	d, err := s.dossier(r)
	if err != nil {
		return nil, err
	}
	n := number(chi.URLParam(r, "number"))
	node, ok := d.ClauseByNumber(n)
	if !ok {
		return nil, apperr.ErrNotFound
	}
	list, _, err := s.reads(r.Context()).Comments.PublishedList(r.Context(), comment.PublicFilter{
		ConsultationID: d.ID, ClauseID: node.ID, Limit: clauseComments,
	})
	if err != nil {
		return nil, err
	}
	p := s.under(r, &d.Consultation, clauseName(node))
	return public.Clause(p, public.ClauseView{Dossier: d, Number: n, Comments: list, Total: d.ClauseCounts[node.ID]}), nil
}

func clauseName(n clause.Node) string { return strings.TrimSpace(n.Label + n.Title) }

func (s *Server) interpretation(r *http.Request) (templ.Component, error) {
	d, err := s.dossier(r)
	if err != nil {
		return nil, err
	}
	return public.Interpretation(s.under(r, &d.Consultation, "解读材料"), public.InterpretationView{Dossier: d}), nil
}

func (s *Server) print(r *http.Request) (templ.Component, error) {
	d, err := s.dossier(r)
	if err != nil {
		return nil, err
	}
	return public.Print(s.under(r, &d.Consultation, "打印版"), public.PrintView{
		Dossier: d, Address: s.BaseURL + "/consultations/" + d.ID,
	}), nil
}

func (s *Server) comments(r *http.Request) (templ.Component, error) {
	d, err := s.dossier(r)
	if err != nil {
		return nil, err
	}
	q := public.CommentsQuery{
		Clause: number(query(r, "clause")), Q: query(r, "q"), Oldest: query(r, "sort") == "oldest", Reply: query(r, "reply") == "1",
		After: number(query(r, "after")), Before: number(query(r, "before")),
	}
	f := comment.PublicFilter{ConsultationID: d.ID, Query: q.Q, Answered: q.Reply, Oldest: q.Oldest, After: q.After, Limit: commentsPage}
	if node, ok := d.ClauseByNumber(q.Clause); ok {
		f.ClauseID = node.ID
	} else {
		q.Clause = 0
	}
	v := public.CommentsView{Dossier: d, Query: q}
	words, searchable := comment.SearchWords(q.Q)
	v.Words, v.Short = words, q.Q != "" && !searchable
	if q.Before > 0 {
		f.Oldest, f.After = !f.Oldest, q.Before
	}
	items, more, err := s.reads(r.Context()).Comments.PublishedList(r.Context(), f)
	if err != nil {
		return nil, err
	}
	if q.Before > 0 {
		for i, j := 0, len(items)-1; i < j; i, j = i+1, j-1 {
			items[i], items[j] = items[j], items[i]
		}
	}
	v.Items = items
	if v.Total, err = s.reads(r.Context()).Comments.PublishedCount(r.Context(), f); err != nil {
		return nil, err
	}
	if v.Answered, err = s.reads(r.Context()).Comments.AnsweredCount(r.Context(), d.ID); err != nil {
		return nil, err
	}
	v.Previous, v.Next = neighbours(q, items, more)
	return public.Comments(s.under(r, &d.Consultation, "公众意见"), v), nil
}

// neighbours are the queries of the pages before and after; nil where there is none.
func neighbours(q public.CommentsQuery, items []comment.Public, more bool) (previous, next *public.CommentsQuery) {
	if len(items) == 0 {
		return nil, nil
	}
	before, after := q, q
	before.Before, before.After = items[0].Number, 0
	after.After, after.Before = items[len(items)-1].Number, 0
	if q.Before > 0 || more {
		next = &after
	}
	if q.After > 0 || (q.Before > 0 && more) {
		previous = &before
	}
	return previous, next
}

func (s *Server) comment(r *http.Request) (templ.Component, error) {
	d, err := s.dossier(r)
	if err != nil {
		return nil, err
	}
	c, err := s.reads(r.Context()).Comments.PublishedOne(r.Context(), d.ID, number(chi.URLParam(r, "number")))
	if err != nil {
		return nil, err
	}
	return public.Comment(s.under(r, &d.Consultation, "公众意见"), public.CommentView{Dossier: d, Comment: c}), nil
}

func (s *Server) attachment(w http.ResponseWriter, r *http.Request) error {
	a, content, err := s.Consultations.Attachment(r.Context(), chi.URLParam(r, "id"), chi.URLParam(r, "name"))
	if err != nil {
		return err
	}
	w.Header()["Cache-Control"] = revalidate
	serveFile(w, r, a, content)
	return nil
}

func (s *Server) guide(r *http.Request) (templ.Component, error) {
	p := s.uiPage(r, "参与指南", ui.Crumb{Name: "参与指南"})
	p.Nav = ui.NavGuide
	return public.Guide(p, public.GuideView{}), nil
}

func (s *Server) privacy(r *http.Request) (templ.Component, error) {
	return public.Privacy(s.uiPage(r, "隐私声明", ui.Crumb{Name: "隐私声明"}), public.PrivacyView{}), nil
}

func (s *Server) accessibility(r *http.Request) (templ.Component, error) {
	return public.Accessibility(s.uiPage(r, "无障碍说明", ui.Crumb{Name: "无障碍说明"}), public.AccessibilityView{}), nil
}

func (s *Server) contact(r *http.Request) (templ.Component, error) {
	return public.Contact(s.uiPage(r, "联系我们", ui.Crumb{Name: "联系我们"}), public.ContactView{}), nil
}

func (s *Server) siteMap(r *http.Request) (templ.Component, error) {
	open, _, err := s.reads(r.Context()).Consultations.List(r.Context(), consultation.ListFilter{Phases: []consultation.Phase{consultation.Open}})
	if err != nil {
		return nil, err
	}
	return public.SiteMap(s.uiPage(r, "网站地图", ui.Crumb{Name: "网站地图"}), public.SiteMapView{Open: open}), nil
}

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) { plainText(w, http.StatusOK, "ok\n") }

// readyz answers 200 while this process should get requests: not draining, database reachable, schema
// current, changes heard of.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	if s.draining.Load() {
		plainText(w, http.StatusServiceUnavailable, "draining\n")
		return
	}
	if err := s.ready(r); err != nil {
		plainText(w, http.StatusServiceUnavailable, err.Error()+"\n")
		return
	}
	plainText(w, http.StatusOK, "ready\n")
}

var (
	errNotReachable = errors.New("database not reachable")
	errNotMigrated  = errors.New("migrations pending: run wenji migrate")
	errNotListening = errors.New("not listening for changes yet")
)

func plainText(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(text))
}

func favicon(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/static/favicon.svg", http.StatusFound)
}
