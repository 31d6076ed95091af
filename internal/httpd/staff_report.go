package httpd

import (
	"errors"
	"net/http"

	"wenji/internal/apperr"
	"wenji/internal/report"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/desk"
	"wenji/web/ui"

	"github.com/go-chi/chi/v5"
)

// reportRoutes are the addresses of the result report.
func (s *Server) reportRoutes() []staffRoute {
	const result = consultationPath + "/result"
	routes := []staffRoute{
		{method: "GET", pattern: result, need: staff.Report, handle: s.staffResult},
		{method: "POST", pattern: result + "/conclude", need: staff.Report, handle: s.conclude},
	}
	for _, p := range report.Parts {
		at := result + "/" + string(p)
		routes = append(routes,
			staffRoute{method: "GET", pattern: at, need: staff.Report, handle: s.resultPart(p)},
			staffRoute{method: "POST", pattern: at, need: staff.Report, handle: s.saveResult(p)},
			staffRoute{method: "POST", pattern: at + "/publish", need: staff.Report, handle: s.publishResult(p)})
	}
	return routes
}

func (s *Server) staffResult(w http.ResponseWriter, r *http.Request) error {
	return s.renderResult(w, r, http.StatusOK, nil)
}

func (s *Server) renderResult(w http.ResponseWriter, r *http.Request, status int, refused *report.Refusal) error {
	id := chi.URLParam(r, "id")
	f := s.deskFrame(r, "结果反馈", desk.ItemConsultations, resultCrumbs(id, "")...)
	switch query(r, "done") {
	case "published":
		f.Flash = "已公布。"
	case "concluded":
		f.Flash = "已标记为已反馈。"
	}
	standing, err := s.Reports.Standing(r.Context(), f.Member, id)
	if err != nil {
		return err
	}
	return s.render(w, r, status, desk.Result(f, desk.ResultView{Standing: standing, Refused: refused}))
}

// resultCrumbs lead to the report of a consultation, or to one of its parts.
func resultCrumbs(id, part string) []ui.Crumb {
	crumbs := []ui.Crumb{{Name: "征集管理", URL: "/staff/consultations"}, {Name: "结果反馈"}}
	if part != "" {
		crumbs[1].URL = "/staff/consultations/" + id + "/result"
		crumbs = append(crumbs, ui.Crumb{Name: part})
	}
	return crumbs
}

// conclude marks the consultation as 已反馈, or says what is in its way.
func (s *Server) conclude(w http.ResponseWriter, r *http.Request) error {
	id := chi.URLParam(r, "id")
	err := s.Reports.Conclude(r.Context(), memberOf(r), id)
	var refused *report.Refusal
	if errors.As(err, &refused) {
		return s.renderResult(w, r, http.StatusConflict, refused)
	}
	if err != nil {
		return err
	}
	s.changedHere()
	http.Redirect(w, r, "/staff/consultations/"+id+"/result?done=concluded", http.StatusSeeOther)
	return nil
}

func (s *Server) resultPart(p report.Part) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		draft, err := s.Reports.Draft(r.Context(), memberOf(r), chi.URLParam(r, "id"), p)
		if err != nil {
			return err
		}
		return s.renderPart(w, r, http.StatusOK, draft, nil, nil)
	}
}

func (s *Server) renderPart(w http.ResponseWriter, r *http.Request, status int, d report.Draft, problems []apperr.Problem, refused *report.Refusal) error {
	name := report.PartWord(d.Part)
	f := s.deskFrame(r, name, desk.ItemConsultations, resultCrumbs(d.ConsultationID, name)...)
	f.Problems, f.Wrong = problems, len(problems) > 0
	standing, err := s.Reports.Standing(r.Context(), f.Member, d.ConsultationID)
	if err != nil {
		return err
	}
	v := desk.ResultPartView{Standing: standing, Draft: d, Saved: status == http.StatusOK && query(r, "saved") == "1"}
	return s.render(w, r, status, desk.ResultPart(f, v, refused))
}

// typedDraft is the draft as it was typed.
func typedDraft(r *http.Request, p report.Part) report.Draft {
	f := r.PostForm
	return report.Draft{
		ConsultationID: chi.URLParam(r, "id"), Part: p, Summary: f.Get("summary"),
		LinkTitle: f.Get("link_title"), LinkURL: f.Get("link_url"), Version: number(f.Get("version")),
	}
}

func (s *Server) saveResult(p report.Part) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := form(r); err != nil {
			return err
		}
		d := typedDraft(r, p)
		if done, err := s.partProblem(w, r, d, s.Reports.SaveDraft(r.Context(), memberOf(r), d)); done {
			return err
		}
		http.Redirect(w, r, "/staff/consultations/"+d.ConsultationID+"/result/"+string(p)+"?saved=1", http.StatusSeeOther)
		return nil
	}
}

// publishResult publishes the draft as it was saved.
func (s *Server) publishResult(p report.Part) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := form(r); err != nil {
			return err
		}
		id := chi.URLParam(r, "id")
		if err := s.Reports.Publish(r.Context(), memberOf(r), id, p, number(r.PostForm.Get("version"))); err != nil {
			saved, readErr := s.Reports.Draft(r.Context(), memberOf(r), id, p)
			if readErr != nil {
				return readErr
			}
			_, err = s.partProblem(w, r, saved, err)
			return err
		}
		s.changedHere()
		http.Redirect(w, r, "/staff/consultations/"+id+"/result?done=published", http.StatusSeeOther)
		return nil
	}
}

// partProblem shows the part again when an act on it failed for a reason that the editor can do something about.
func (s *Server) partProblem(w http.ResponseWriter, r *http.Request, d report.Draft, err error) (done bool, _ error) {
	var (
		invalid    *apperr.Invalid
		refused    *report.Refusal
		difference *report.Difference
	)
	switch {
	case err == nil:
		return false, nil
	case errors.As(err, &invalid):
		return true, s.renderPart(w, r, http.StatusUnprocessableEntity, d, invalid.Problems, nil)
	case errors.As(err, &refused):
		return true, s.renderPart(w, r, http.StatusConflict, d, desk.ResultRefusal(refused), refused)
	case errors.As(err, &difference):
		sentence := validate.DifferenceSentence(difference.What, difference.Got, difference.Want)
		return true, s.renderPart(w, r, http.StatusConflict, d, problemsOf("publish", sentence), nil)
	}
	return true, err
}
