package httpd

import (
	"errors"
	"mime"
	"net/http"
	"slices"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/export"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/desk"
	"wenji/web/ui"
)

// exportsPage is how many exports the list shows.
const exportsPage = 100

func (s *Server) exports(w http.ResponseWriter, r *http.Request) error {
	f := s.deskFrame(r, "导出", desk.ItemExports)
	records, err := s.Exports.List(r.Context(), f.Member, exportsPage)
	if err != nil {
		return err
	}
	v := desk.ExportsView{Rows: make([]desk.ExportRow, len(records))}
	for i, e := range records {
		v.Rows[i] = desk.ExportRow{
			At: e.StartedAt, ConsultationID: e.ConsultationID, By: e.Member, Personal: e.Profile == export.Personal,
			Format: e.Format, Reason: e.Reason, Finished: e.FinishedAt != nil,
		}
		if e.Rows != nil {
			v.Rows[i].Rows = *e.Rows
		}
	}
	return s.render(w, r, http.StatusOK, desk.Exports(f, v))
}

func (s *Server) newExport(w http.ResponseWriter, r *http.Request) error {
	return s.renderExport(w, r, http.StatusOK, nil, desk.ExportForm{
		Consultation: query(r, "consultation"), Format: export.XLSX, Profile: export.Masked,
	})
}

func (s *Server) renderExport(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.ExportForm) error {
	list, err := s.allConsultations(r)
	if err != nil {
		return err
	}
	v.Consultations = list
	f := s.deskFrame(r, "新建导出", desk.ItemExports, ui.Crumb{Name: "导出", URL: "/staff/exports"}, ui.Crumb{Name: "新建导出"})
	f.Problems, f.Wrong = problems, len(problems) > 0
	return s.render(w, r, status, desk.NewExport(f, v))
}

// exportForm reads the form of an export.
func exportForm(r *http.Request) desk.ExportForm {
	f := r.PostForm
	v := desk.ExportForm{
		Consultation: f.Get("consultation"), Format: f.Get("format"), Profile: f.Get("profile"), Reason: f.Get("reason"),
	}
	for _, state := range f["state"] {
		if !slices.Contains(v.States, comment.State(state)) {
			v.States = append(v.States, comment.State(state))
		}
	}
	return v
}

// makeExport sends the file as it is made. Personal data needs a fresh second factor, asked for last, so that a form
// with something else to be mended does not use up a code.
func (s *Server) makeExport(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	v := exportForm(r)
	job, err := s.prepareExport(r, v)
	var invalid *apperr.Invalid
	switch {
	case errors.As(err, &invalid):
		return s.renderExport(w, r, http.StatusUnprocessableEntity, invalid.Problems, v)
	case errors.Is(err, apperr.ErrNotFound):
		return s.renderExport(w, r, http.StatusUnprocessableEntity, problemsOf("consultation", "请选择征集。"), v)
	case errors.Is(err, apperr.ErrTooMany):
		setRetryAfter(w, retryTime(err))
		return s.renderExport(w, r, http.StatusTooManyRequests, problemsOf("otp", validate.LoginTooOften(retryTime(err))), v)
	case err != nil:
		return err
	}
	return s.sendExport(w, r, job)
}

func (s *Server) prepareExport(r *http.Request, v desk.ExportForm) (*export.Job, error) {
	member := memberOf(r)
	options := export.Options{
		ConsultationID: v.Consultation, States: v.States, Format: v.Format, Profile: v.Profile, Reason: v.Reason,
	}
	if v.Profile != export.Personal {
		return s.Exports.Prepare(r.Context(), member, options)
	}
	if !member.Can(staff.ExportPersonal) {
		return nil, apperr.ErrForbidden
	}
	if err := options.Check(); err != nil {
		return nil, err
	}
	if _, err := s.Consultations.Consultation(r.Context(), v.Consultation); err != nil {
		return nil, err
	}
	if err := s.Staff.CheckSecondFactor(r.Context(), member, r.PostForm.Get("otp")); err != nil {
		return nil, err
	}
	return s.Exports.Prepare(r.Context(), member, options)
}

// sendExport streams the file. When it breaks before its first byte, the person gets an error page; later on the
// connection is cut, so that no browser takes a part for the whole.
func (s *Server) sendExport(w http.ResponseWriter, r *http.Request, job *export.Job) error {
	d := &download{ResponseWriter: w, job: job}
	_, err := job.Stream(r.Context(), d)
	if err == nil || !d.begun {
		return err
	}
	s.Log.Error("export broke off", "id", requestID(r), "error", safeError(err))
	panic(http.ErrAbortHandler)
}

// download says what file follows once its first byte is there.
type download struct {
	http.ResponseWriter
	job   *export.Job
	begun bool
}

func (d *download) Write(p []byte) (int, error) {
	if !d.begun {
		d.begun = true
		h := d.Header()
		h.Set("Content-Type", d.job.MediaType())
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.job.Filename()}))
	}
	return d.ResponseWriter.Write(p)
}
