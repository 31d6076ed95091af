package httpd

import (
	"net/http"
	"slices"

	"wenji/internal/apperr"
	"wenji/internal/clause"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/web/desk"
	"wenji/web/public"

	"github.com/a-h/templ"
	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
)

// versions lists the wordings that a draft has had since it was published.
func (s *Server) versions(r *http.Request) (templ.Component, error) {
	d, err := s.dossier(r)
	if err != nil {
		return nil, err
	}
	return public.Versions(s.under(r, &d.Consultation, "征求意见稿的版本"), public.VersionsView{Dossier: d}), nil
}

// version shows one wording beside the one before it.
func (s *Server) version(r *http.Request) (templ.Component, error) {
	d, err := s.dossier(r)
	if err != nil {
		return nil, err
	}
	v := public.VersionView{Dossier: d}
	n := number(chi.URLParam(r, "number"))
	if v.Version, err = s.reads(r.Context()).Consultations.Version(r.Context(), d.ID, n); err != nil {
		return nil, err
	}
	if n > 1 {
		if v.Before, err = s.reads(r.Context()).Consultations.Version(r.Context(), d.ID, n-1); err != nil {
			return nil, err
		}
	}
	return public.Version(s.under(r, &d.Consultation, "征求意见稿的版本"), v), nil
}

// matchPage proposes which clause of the draft each clause of the working copy comes from.
func (s *Server) matchPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.matchView(r)
	if err != nil {
		return err
	}
	v.Match = clause.Propose(v.Old, v.New)
	return s.renderMatch(w, r, http.StatusOK, nil, v)
}

func (s *Server) matchView(r *http.Request) (desk.MatchView, error) {
	var v desk.MatchView
	d, err := s.Consultations.DeskDossier(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return v, err
	}
	kept, err := s.Consultations.WorkingCopy(r.Context(), d.ID, consultation.DraftDocument)
	if err != nil {
		return v, err
	}
	if kept == nil || d.Stage != consultation.StagePublished {
		return v, apperr.ErrNotFound
	}
	known, err := s.unitNames(r)
	if err != nil {
		return v, err
	}
	v.Consultation, v.Stamp = d.Consultation, kept.Stamp
	nodes, _ := clause.Build(kept.Rows, known)
	v.Old, v.New = clause.Clauses(d.Draft), clause.Clauses(nodes)
	return v, nil
}

func (s *Server) renderMatch(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.MatchView) error {
	f := s.making(r, v.Consultation.ID, "核对新旧条目")
	f.Problems, f.Wrong = problems, status != http.StatusOK
	return s.render(w, r, status, desk.MatchVersions(f, v))
}

// saveVersion makes the working copy the new version, as the editor matched it.
func (s *Server) saveVersion(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	v, err := s.matchView(r)
	if err != nil {
		return err
	}
	stamp, err := uuid.Parse(r.PostForm.Get("stamp"))
	if err != nil {
		return badRequest{http.StatusBadRequest}
	}
	v.Explanation = r.PostForm.Get("explanation")
	v.Match = clause.Match{From: map[int]int{}, Into: map[int]int{}}
	for _, n := range v.New {
		v.Match.From[n.Number] = number(r.PostForm.Get(desk.FromField(n.Number)))
	}
	for _, n := range v.Old {
		v.Match.Into[n.Number] = number(r.PostForm.Get(desk.IntoField(n.Number)))
	}
	known, err := s.unitNames(r)
	if err != nil {
		return err
	}
	err = s.Consultations.NewVersion(r.Context(), actorOf(r), v.Consultation.ID, stamp, known, v.Match, v.Explanation)
	if problems, ok := problemsIn(err); ok {
		return s.renderMatch(w, r, http.StatusUnprocessableEntity, problems, v)
	}
	if err != nil {
		return err
	}
	return s.toOverview(w, r, v.Consultation.ID, "draft")
}

// wordsOf are the clauses that a comment is about in the words it was written on. version is the number of their version
// when the draft has been changed since, else 0.
func (s *Server) wordsOf(r *http.Request, d *consultation.Dossier, c comment.Item) (words []clause.Node, version int, err error) {
	if len(d.Versions) == 0 {
		for _, n := range c.Clauses {
			if node, ok := d.ClauseByNumber(n); ok {
				words = append(words, node)
			}
		}
		return words, 0, nil
	}
	v, err := s.Consultations.VersionAt(r.Context(), d.ID, c.ReceivedAt)
	if err != nil {
		return nil, 0, err
	}
	ids, err := s.Comments.ClauseIDs(r.Context(), c.ID)
	if err != nil {
		return nil, 0, err
	}
	for _, n := range v.Nodes {
		if n.Kind == clause.Clause && slices.Contains(ids, n.ID) {
			words = append(words, n)
		}
	}
	if v.Number == d.Versions[len(d.Versions)-1].Number {
		return words, 0, nil
	}
	return words, v.Number, nil
}
