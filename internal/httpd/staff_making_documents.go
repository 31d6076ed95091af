package httpd

import (
	"net/http"

	"wenji/internal/apperr"
	"wenji/internal/clause"
	"wenji/internal/consultation"
	"wenji/web/desk"

	"github.com/go-chi/chi/v5"
)

func (s *Server) editDraft(w http.ResponseWriter, r *http.Request) error {
	d, err := s.Consultations.DeskDossier(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, desk.EditDraft(s.making(r, d.ID, "征求意见稿"), desk.DraftView{Dossier: d}))
}

func (s *Server) editInterpretation(w http.ResponseWriter, r *http.Request) error {
	d, err := s.Consultations.DeskDossier(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	return s.renderInterpretation(w, r, http.StatusOK, nil, desk.InterpretationView{
		EditView: desk.EditView{Consultation: d.Consultation}, Text: clause.Text(d.Interpretation),
	})
}

func (s *Server) renderInterpretation(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.InterpretationView) error {
	f := s.making(r, v.Consultation.ID, "解读")
	f.Problems, f.Wrong = problems, status != http.StatusOK
	return s.render(w, r, status, desk.EditInterpretation(f, v))
}

func (s *Server) saveInterpretation(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	id, text := chi.URLParam(r, "id"), r.PostForm.Get("interpretation")
	err := s.Consultations.SetInterpretation(r.Context(), actorOf(r), id, typedVersion(r), text, r.PostForm.Get("explanation"))
	return s.saveForm(w, r, "interpretation", err, func(status int, v desk.EditView, problems []apperr.Problem) error {
		if v.Conflict != nil {
			d, err := s.Consultations.DeskDossier(r.Context(), id)
			if err != nil {
				return err
			}
			v.Conflict = desk.Differences([]consultation.FieldChange{{
				Field: "interpretation", Old: clause.Text(d.Interpretation), New: text,
			}}, fieldNames)
		}
		return s.renderInterpretation(w, r, status, problems, desk.InterpretationView{EditView: v, Text: text})
	})
}
