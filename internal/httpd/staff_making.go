package httpd

import (
	"errors"
	"net/http"
	"strconv"

	"wenji/internal/apperr"
	"wenji/internal/consultation"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/desk"
	"wenji/web/ui"

	"github.com/go-chi/chi/v5"
)

// makingRoutes are the addresses of making, publishing and changing a consultation, and of the working-day calendar.
func (s *Server) makingRoutes() []staffRoute {
	const (
		one = consultationPath
		may = staff.EditConsultation
	)
	return []staffRoute{
		{method: "GET", pattern: "/staff/consultations/new", need: may, handle: s.newConsultation},
		{method: "POST", pattern: "/staff/consultations/new", need: may, handle: s.createConsultation},
		{method: "GET", pattern: one + "/edit", need: may, handle: s.editOverview},
		{method: "GET", pattern: one + "/edit/basics", need: may, handle: s.editBasics},
		{method: "POST", pattern: one + "/edit/basics", need: may, handle: s.saveBasics},
		{method: "GET", pattern: one + "/edit/notice", need: may, handle: s.editNotice},
		{method: "POST", pattern: one + "/edit/notice", need: may, handle: s.saveNotice, upload: longText},
		{method: "GET", pattern: one + "/edit/draft", need: may, handle: s.editDraft},
		{method: "POST", pattern: one + "/edit/draft", need: may, handle: s.saveDraft, upload: longText},
		{method: "GET", pattern: one + "/edit/interpretation", need: may, handle: s.editInterpretation},
		{method: "POST", pattern: one + "/edit/interpretation", need: may, handle: s.saveInterpretation, upload: longText},
		{method: "GET", pattern: one + "/edit/fields", need: may, handle: s.editFields},
		{method: "POST", pattern: one + "/edit/fields", need: may, handle: s.saveFields},
		{method: "GET", pattern: one + "/edit/time", need: may, handle: s.editTime},
		{method: "POST", pattern: one + "/edit/time", need: may, handle: s.saveTime},
		{method: "GET", pattern: one + "/edit/files", need: may, handle: s.editFiles},
		{method: "POST", pattern: one + "/edit/files", need: may, handle: s.addFile, long: true, upload: consultation.UploadMost + formOverhead},
		{method: "POST", pattern: one + "/edit/files/remove", need: may, handle: s.removeFile},
		{method: "POST", pattern: one + "/edit/files/raise", need: may, handle: s.raiseFile},
		{method: "GET", pattern: one + "/edit/file", need: may, handle: s.deskAttachment},
		{method: "GET", pattern: one + "/edit/publish", need: may, handle: s.checklist},
		{method: "POST", pattern: one + "/edit/publish", need: may, handle: s.publishConsultation},
		{method: "GET", pattern: one + "/preview", need: may, handle: s.preview},
		{method: "GET", pattern: one + "/extend", need: may, handle: s.periodForm(consultation.Extension)},
		{method: "POST", pattern: one + "/extend", need: may, handle: s.changePeriod(consultation.Extension)},
		{method: "GET", pattern: one + "/end", need: may, handle: s.periodForm(consultation.EarlyEnd)},
		{method: "POST", pattern: one + "/end", need: may, handle: s.changePeriod(consultation.EarlyEnd)},
		{method: "GET", pattern: one + "/withdraw", need: may, handle: s.periodForm(consultation.Withdrawal)},
		{method: "POST", pattern: one + "/withdraw", need: may, handle: s.changePeriod(consultation.Withdrawal)},

		{method: "GET", pattern: calendarPath, need: staff.ManageUnits, handle: s.calendarPage},
		{method: "POST", pattern: calendarPath, need: staff.ManageUnits, handle: s.addSpecialDay},
		{method: "POST", pattern: calendarPath + "/remove", need: staff.ManageUnits, handle: s.removeSpecialDay},
	}
}

// making is the frame of a page about one consultation being edited; title is the last step of the path.
func (s *Server) making(r *http.Request, id, title string) desk.Frame {
	crumbs := []ui.Crumb{{Name: "征集管理", URL: "/staff/consultations"}}
	if title == "" {
		title = "编辑征集"
	} else {
		crumbs = append(crumbs, ui.Crumb{Name: "编辑征集", URL: "/staff/consultations/" + id + "/edit"})
	}
	return s.deskFrame(r, title, desk.ItemConsultations, append(crumbs, ui.Crumb{Name: title})...)
}

func (s *Server) newConsultation(w http.ResponseWriter, r *http.Request) error {
	return s.renderNew(w, r, http.StatusOK, nil, desk.NewConsultationView{})
}

func (s *Server) renderNew(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.NewConsultationView) error {
	f := s.deskFrame(r, "新建征集", desk.ItemConsultations, ui.Crumb{Name: "征集管理", URL: "/staff/consultations"}, ui.Crumb{Name: "新建征集"})
	f.Problems, f.Wrong = problems, len(problems) > 0
	return s.render(w, r, status, desk.NewConsultation(f, v))
}

// createConsultation makes a consultation of its kind, name and unit; headline and mail subject are proposed as notices
// of this column usually have them, and can be changed.
func (s *Server) createConsultation(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	v := desk.NewConsultationView{
		Kind: consultation.Kind(r.PostForm.Get("kind")), Title: consultation.BareTitle(r.PostForm.Get("title")), Unit: r.PostForm.Get("unit"),
		ConcernsBusiness: r.PostForm.Get("concerns_business") == "1",
	}
	b := consultation.Basics{Kind: v.Kind, Title: v.Title, Unit: v.Unit, Source: v.Unit, ConcernsBusiness: v.ConcernsBusiness}
	if v.Title != "" && v.Unit != "" {
		b.Headline, b.MailSubject = desk.SuggestedHeadline(v.Unit, v.Title), desk.SuggestedSubject(v.Title)
	}
	id, err := s.Consultations.Create(r.Context(), actorOf(r), b)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderNew(w, r, http.StatusUnprocessableEntity, ownProblems(invalid.Problems, "kind", "title", "unit"), v)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/staff/consultations/"+id+"/edit", http.StatusSeeOther)
	return nil
}

// ownProblems keeps the problems of the fields that the page has; the others follow from them.
func ownProblems(all []apperr.Problem, fields ...string) []apperr.Problem {
	var own []apperr.Problem
	for _, p := range all {
		for _, f := range fields {
			if p.Field == f {
				own = append(own, p)
			}
		}
	}
	return own
}

func (s *Server) editOverview(w http.ResponseWriter, r *http.Request) error {
	id := chi.URLParam(r, "id")
	d, err := s.Consultations.DeskDossier(r.Context(), id)
	if err != nil {
		return err
	}
	duties, err := s.Consultations.Checklist(r.Context(), id)
	if err != nil {
		return err
	}
	f := s.making(r, id, "")
	f.Flash = savedWords[query(r, "saved")]
	return s.render(w, r, http.StatusOK, desk.EditOverview(f, desk.OverviewView{Dossier: d, Duties: duties}))
}

// savedWords tell on the overview what was done.
var savedWords = map[string]string{
	"basics": "基本信息已保存。", "notice": "公告已保存。", "draft": "征求意见稿已保存。", "interpretation": "解读已保存。", "fields": "填写项已保存。", "time": "时间已保存。", "files": "附件已保存。",
	"publish": "已发布。公众现在可以看到本征集。", "extension": "征集时间已延长，公告已公布。", "early_end": "征集已提前结束，公告已公布。",
	"withdrawal": "征集已中止，公告已公布。",
}

// toOverview goes back to the overview, which says what was saved.
func (s *Server) toOverview(w http.ResponseWriter, r *http.Request, id, saved string) error {
	s.changedHere()
	http.Redirect(w, r, "/staff/consultations/"+id+"/edit?saved="+saved, http.StatusSeeOther)
	return nil
}

// editing loads the consultation of the address for one of its forms.
func (s *Server) editing(r *http.Request) (desk.EditView, error) {
	c, err := s.Consultations.DeskConsultation(r.Context(), chi.URLParam(r, "id"))
	if err != nil {
		return desk.EditView{}, err
	}
	return desk.EditView{Consultation: *c}, nil
}

// typedVersion is the version that the posted form was shown with.
func typedVersion(r *http.Request) int {
	n, err := strconv.Atoi(r.PostForm.Get("version"))
	if err != nil {
		return 0
	}
	return n
}

// saveForm ends the saving of one form: 303 to the overview; 422 with what was typed; 409 with both versions when
// somebody else saved in between. again shows the form with the consultation as it now stands.
func (s *Server) saveForm(w http.ResponseWriter, r *http.Request, section string, err error,
	again func(status int, v desk.EditView, problems []apperr.Problem) error) error {
	var invalid *apperr.Invalid
	status, conflict := 0, false
	var problems []apperr.Problem
	switch {
	case err == nil:
		return s.toOverview(w, r, chi.URLParam(r, "id"), section)
	case errors.As(err, &invalid):
		status, problems = http.StatusUnprocessableEntity, invalid.Problems
	case errors.Is(err, apperr.ErrConflict):
		status, conflict = http.StatusConflict, true
	default:
		return err
	}
	v, err := s.editing(r)
	if err != nil {
		return err
	}
	v.Explanation = r.PostForm.Get("explanation")
	if conflict {
		v.Conflict = []desk.Difference{}
	} else {
		v.Consultation.Version = typedVersion(r)
	}
	return again(status, v, problems)
}

func fieldNames(field string) string { return validate.MakingLabel(field) }
