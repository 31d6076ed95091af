package httpd

import (
	"errors"
	"net/http"
	"net/url"

	"wenji/internal/apperr"
	"wenji/internal/consultation"
	"wenji/web/desk"

	"github.com/go-chi/chi/v5"
)

func (s *Server) staffConsultations(w http.ResponseWriter, r *http.Request) error {
	f := s.deskFrame(r, "征集管理", desk.ItemConsultations)
	return s.renderConsultations(w, r, http.StatusOK, f, query(r, "saved"))
}

func (s *Server) renderConsultations(w http.ResponseWriter, r *http.Request, status int, f desk.Frame, saved string) error {
	list, err := s.allConsultations(r)
	if err != nil {
		return err
	}
	return s.render(w, r, status, desk.Consultations(f, desk.ConsultationsView{Items: list, Saved: saved}))
}

// setPublication says how comments of one consultation get past the queue from now on.
func (s *Server) setPublication(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	way := consultation.Publication(r.PostForm.Get("publication"))
	if way != consultation.AfterReview && way != consultation.Instant {
		return badRequest{http.StatusBadRequest}
	}
	c, err := s.Consultations.Consultation(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	err = s.Consultations.SetPublication(r.Context(), memberOf(r).Signature(), c.ID, way)
	if errors.Is(err, apperr.ErrConflict) {
		f := s.deskFrame(r, "征集管理", desk.ItemConsultations)
		f.Wrong, f.Problems = true, problemsOf("c"+c.ID, "只有省政府文件可以即时展示。《"+c.Title+"》的意见须审核后公开。")
		return s.renderConsultations(w, r, http.StatusUnprocessableEntity, f, "")
	}
	if err != nil {
		return err
	}
	s.pages.drop()
	http.Redirect(w, r, "/staff/consultations?saved="+url.QueryEscape(c.ID)+"#c"+c.ID, http.StatusSeeOther)
	return nil
}
