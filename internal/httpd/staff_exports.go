package httpd

import (
	"errors"
	"mime"
	"net/http"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/consultation"
	"wenji/internal/export"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/desk"

	"github.com/go-chi/chi/v5"
)

// exportsListed is how many past exports the desk shows.
const exportsListed = 100

func (s *Server) exports(w http.ResponseWriter, r *http.Request) error {
	f := s.deskFrame(r, "导出", desk.ItemExports)
	records, err := s.Exports.List(r.Context(), f.Member, exportsListed)
	if err != nil {
		return err
	}
	var v desk.ExportsView
	for _, record := range records {
		row := desk.ExportRow{
			At: record.StartedAt, ConsultationID: record.ConsultationID, By: record.Member,
			Personal: record.Profile == export.Personal, Format: record.Format, Reason: record.Reason,
			Finished: record.FinishedAt != nil,
		}
		if record.Rows != nil {
			row.Rows = *record.Rows
		}
		v.Rows = append(v.Rows, row)
	}
	return s.render(w, r, http.StatusOK, desk.Exports(f, v))
}

func (s *Server) newExport(w http.ResponseWriter, r *http.Request) error {
	return s.renderExport(w, r, http.StatusOK, desk.ExportForm{
		Consultation: query(r, "consultation"), Format: export.XLSX, Profile: export.Masked,
	}, nil)
}

func (s *Server) renderExport(w http.ResponseWriter, r *http.Request, status int, v desk.ExportForm, problems []apperr.Problem) error {
	list, err := s.allConsultations(r)
	if err != nil {
		return err
	}
	v.Consultations = list
	f := s.deskFrame(r, "新建导出", desk.ItemExports)
	f.Problems = problems
	f.Wrong = len(problems) > 0
	return s.render(w, r, status, desk.NewExport(f, v))
}

// makeExport streams a file. What could refuse it comes before its first byte; a personal one asks for the second
// factor before anything is recorded.
func (s *Server) makeExport(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	v := desk.ExportForm{
		Consultation: r.PostForm.Get("consultation"), Format: r.PostForm.Get("format"), Profile: r.PostForm.Get("profile"),
	}
	for _, state := range r.PostForm["state"] {
		v.States = append(v.States, comment.State(state))
	}
	var ok bool
	if v.Reason, ok = validate.Text(r.PostForm.Get("reason")); !ok {
		v.Reason = ""
	}
	if v.Consultation == "" {
		return s.renderExport(w, r, http.StatusUnprocessableEntity, v, []apperr.Problem{{Field: "consultation", Message: "请选择征集。"}})
	}
	job, err := s.prepareExport(r, v)
	var invalid *apperr.Invalid
	switch {
	case errors.As(err, &invalid):
		return s.renderExport(w, r, http.StatusUnprocessableEntity, v, invalid.Problems)
	case errors.Is(err, apperr.ErrTooMany):
		setRetryAfter(w, retryTime(err))
		return s.renderExport(w, r, http.StatusTooManyRequests, v,
			[]apperr.Problem{{Field: "otp", Message: validate.LoginTooOften(retryTime(err))}})
	case err != nil:
		return err
	}
	h := w.Header()
	h.Set("Content-Type", job.MediaType())
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": job.Filename()}))
	if _, err := job.Stream(r.Context(), w); err != nil {
		s.Log.Error("export broke off", "id", requestID(r), "export", job.ID().String(), "error", safeError(err))
		panic(http.ErrAbortHandler) // the browser sees a broken download, not a short file
	}
	return nil
}

func (s *Server) prepareExport(r *http.Request, v desk.ExportForm) (*export.Job, error) {
	member := memberOf(r)
	options := export.Options{
		ConsultationID: v.Consultation, States: v.States, Format: v.Format, Profile: v.Profile, Reason: v.Reason,
	}
	if v.Profile == export.Personal {
		if !member.Can(staff.ExportPersonal) {
			return nil, apperr.ErrForbidden
		}
		if err := options.Check(); err != nil {
			return nil, err
		}
		if err := s.Staff.CheckSecondFactor(r.Context(), member, r.PostForm.Get("otp")); err != nil {
			return nil, err
		}
	}
	return s.Exports.Prepare(r.Context(), member, options)
}

func (s *Server) staffConsultations(w http.ResponseWriter, r *http.Request) error {
	list, err := s.allConsultations(r)
	if err != nil {
		return err
	}
	f := s.deskFrame(r, "征集管理", desk.ItemConsultations)
	return s.render(w, r, http.StatusOK, desk.Consultations(f, desk.ConsultationsView{Items: list, Saved: query(r, "saved")}))
}

func (s *Server) setPublication(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	id := chi.URLParam(r, "id")
	mode := consultation.Publication(r.PostForm.Get("publication"))
	if mode != consultation.AfterReview && mode != consultation.Instant {
		return badRequest{http.StatusBadRequest}
	}
	if err := s.Consultations.SetPublication(r.Context(), memberOf(r).Name, id, mode); err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/consultations?saved="+id, http.StatusSeeOther)
	return nil
}
