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
	return s.renderDraft(w, r, http.StatusOK, nil, desk.DraftView{
		EditView: desk.EditView{Consultation: d.Consultation}, Dossier: d, Text: clause.Text(d.Draft),
	})
}

func (s *Server) renderDraft(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.DraftView) error {
	_, v.Doubts = clause.Parse(v.Text)
	f := s.making(r, v.Consultation.ID, "征求意见稿")
	f.Problems, f.Wrong = problems, status != http.StatusOK
	if status == http.StatusOK && query(r, "saved") == "draft" {
		f.Flash = "征求意见稿已保存。请核对下面识别的结构。"
	}
	return s.render(w, r, status, desk.EditDraft(f, v))
}

// saveDraft goes back to the page of the draft, where what was recognised is to be looked at.
func (s *Server) saveDraft(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	id, text := chi.URLParam(r, "id"), r.PostForm.Get("draft")
	err := s.Consultations.SetDraftText(r.Context(), actorOf(r), id, typedVersion(r), text)
	if err == nil {
		s.changedHere()
		http.Redirect(w, r, "/staff/consultations/"+id+"/edit/draft?saved=draft", http.StatusSeeOther)
		return nil
	}
	return s.saveForm(w, r, "draft", err, func(status int, v desk.EditView, problems []apperr.Problem) error {
		d, err := s.Consultations.DeskDossier(r.Context(), id)
		if err != nil {
			return err
		}
		if v.Conflict != nil {
			v.Conflict = desk.Differences([]consultation.FieldChange{{Field: "draft", Old: clause.Text(d.Draft), New: text}}, fieldNames)
		}
		return s.renderDraft(w, r, status, problems, desk.DraftView{EditView: v, Dossier: d, Text: text})
	})
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
