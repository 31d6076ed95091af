package httpd

import (
	"errors"
	"net/http"
	"slices"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/export"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/desk"
	"wenji/web/ui"

	"github.com/google/uuid"
)

// exportsPage is how many exports the list shows.
const exportsPage = 100

// exportRoutes are the addresses of exports.
func (s *Server) exportRoutes() []staffRoute {
	const one = "/staff/exports/{xid}"
	return []staffRoute{
		{method: "GET", pattern: "/staff/exports", need: staff.Export, handle: s.exports},
		{method: "GET", pattern: "/staff/exports/new", need: staff.Export, handle: s.newExport},
		{method: "POST", pattern: "/staff/exports/new", need: staff.Export, handle: s.makeExport, long: true},
		{method: "GET", pattern: one, need: staff.Export, handle: s.export},
		{method: "POST", pattern: one + "/approve", need: staff.ApproveExports, handle: s.approveExport},
		{method: "POST", pattern: one + "/refuse", need: staff.ApproveExports, handle: s.refuseExport},
		{method: "GET", pattern: one + "/file", need: staff.Export, handle: s.exportFile, long: true},
	}
}

func (s *Server) exports(w http.ResponseWriter, r *http.Request) error {
	f := s.deskFrame(r, "导出", desk.ItemExports)
	records, err := s.Exports.List(r.Context(), f.Member, exportsPage)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, desk.Exports(f, desk.ExportsView{Rows: records}))
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
		From: f.Get("from"), To: f.Get("to"), Clause: f.Get("clause"), Unit: f.Get("unit"), Channel: f.Get("channel"),
	}
	for _, state := range f["state"] {
		if !slices.Contains(v.States, comment.State(state)) {
			v.States = append(v.States, comment.State(state))
		}
	}
	return v
}

// exportOptions are what a form asks for; a clause that is no number is none of the draft.
func exportOptions(v desk.ExportForm) export.Options {
	o := export.Options{ConsultationID: v.Consultation, Format: v.Format, Profile: v.Profile, Reason: v.Reason, Filter: export.Filter{
		States: slices.Clone(v.States), From: v.From, To: v.To, Unit: v.Unit, Channel: v.Channel,
	}}
	if v.Clause != "" {
		if o.Clause = number(validate.Fold(v.Clause)); o.Clause == 0 {
			o.Clause = -1
		}
	}
	return o
}

// makeExport sends a small file as it is made, and orders a large or a personal one. Personal data needs a fresh second
// factor, asked for last, so that a form with something else to be mended does not use up a code.
func (s *Server) makeExport(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	v := exportForm(r)
	job, ordered, err := s.prepareExport(r, v)
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
	case job == nil:
		http.Redirect(w, r, "/staff/exports/"+ordered.String(), http.StatusSeeOther)
		return nil
	}
	return s.sendFile(w, r, job.Filename(), job.MediaType(), func(w http.ResponseWriter) error {
		_, err := job.Stream(r.Context(), w)
		return err
	})
}

// prepareExport returns a job to be streamed, or the id of an export that is made in the background.
func (s *Server) prepareExport(r *http.Request, v desk.ExportForm) (*export.Job, uuid.UUID, error) {
	member, o := memberOf(r), exportOptions(v)
	if o.Profile == export.Personal {
		if err := s.mayAsk(r, member, o); err != nil {
			return nil, uuid.Nil, err
		}
		id, err := s.Exports.Ask(r.Context(), member, o)
		return nil, id, err
	}
	large, err := s.Exports.Large(r.Context(), member, o)
	if err != nil {
		return nil, uuid.Nil, err
	}
	if large {
		id, err := s.Exports.Ask(r.Context(), member, o)
		return nil, id, err
	}
	job, err := s.Exports.Prepare(r.Context(), member, o)
	return job, uuid.Nil, err
}

// mayAsk checks what can be checked before the second factor is used up.
func (s *Server) mayAsk(r *http.Request, member staff.Member, o export.Options) error {
	if !member.Can(staff.ExportPersonal) {
		return apperr.ErrForbidden
	}
	if err := o.Check(); err != nil {
		return err
	}
	if _, err := s.Consultations.Consultation(r.Context(), o.ConsultationID); err != nil {
		return err
	}
	return s.Staff.CheckSecondFactor(r.Context(), member, r.PostForm.Get("otp"))
}
