package httpd

import (
	"errors"
	"net/http"
	"net/url"

	"wenji/internal/apperr"
	"wenji/internal/consultation"
	"wenji/internal/staff"
	"wenji/web/desk"

	"github.com/go-chi/chi/v5"
)

func (s *Server) staffConsultations(w http.ResponseWriter, r *http.Request) error {
	f := s.deskFrame(r, "征集管理", desk.ItemConsultations)
	return s.renderConsultations(w, r, http.StatusOK, f, query(r, "saved"))
}

func (s *Server) renderConsultations(w http.ResponseWriter, r *http.Request, status int, f desk.Frame, saved string) error {
	list, _, err := s.Consultations.List(r.Context(), consultation.ListFilter{
		Size: consultationsMost, Desk: f.Member.Can(staff.EditConsultation),
	})
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
	id := chi.URLParam(r, "id")
	err := s.Consultations.SetPublication(r.Context(), actorOf(r), id, consultation.Publication(r.PostForm.Get("publication")))
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) && len(invalid.Problems) > 0 {
		f := s.deskFrame(r, "征集管理", desk.ItemConsultations)
		f.Wrong, f.Problems = true, problemsOf("c"+id, invalid.Problems[0].Message)
		return s.renderConsultations(w, r, http.StatusUnprocessableEntity, f, "")
	}
	if err != nil {
		return err
	}
	s.changedHere()
	http.Redirect(w, r, "/staff/consultations?saved="+url.QueryEscape(id)+"#c"+id, http.StatusSeeOther)
	return nil
}

// actorOf is the signed-in member as consultations know them.
func actorOf(r *http.Request) consultation.Actor {
	m := memberOf(r)
	return consultation.Actor{
		Signature: m.Signature(), Role: string(m.Role), Edit: m.Can(staff.EditConsultation), SetPublication: m.Can(staff.SetPublication),
	}
}
