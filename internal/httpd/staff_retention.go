package httpd

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/retention"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/desk"
	"wenji/web/ui"

	"github.com/go-chi/chi/v5"
)

// retentionRoutes are the addresses of terms, legal hold, erasure, and requests of commenters.
func (s *Server) retentionRoutes() []staffRoute {
	const (
		term    = "/staff/retention/{id:[0-9]{4}-[0-9]{4}}"
		request = "/staff/requests/{id:[0-9a-fA-F-]{36}}"
	)
	return []staffRoute{
		{method: "GET", pattern: "/staff/retention", need: staff.ManageRetention, handle: s.terms},
		{method: "GET", pattern: term, need: staff.ManageRetention, handle: s.term},
		{method: "POST", pattern: term + "/term", need: staff.ManageRetention, handle: s.setTerm},
		{method: "POST", pattern: term + "/hold", need: staff.ManageRetention, handle: s.hold},
		{method: "POST", pattern: term + "/lift", need: staff.ManageRetention, handle: s.lift},
		{method: "GET", pattern: term + "/erase", need: staff.ManageRetention, handle: s.eraseConfirm},
		{method: "POST", pattern: term + "/erase", need: staff.ManageRetention, handle: s.eraseTerm},

		{method: "GET", pattern: "/staff/requests", need: staff.HandleRequests, handle: s.requests},
		{method: "GET", pattern: request, need: staff.HandleRequests, handle: s.request},
		{method: "POST", pattern: request + "/correct", need: staff.HandleRequests, handle: s.correctPersonal},
		{method: "POST", pattern: request + "/erase", need: staff.HandleRequests, handle: s.erasePersonal},
		{method: "POST", pattern: request + "/refuse", need: staff.HandleRequests, handle: s.refuseRequest},
	}
}

func (s *Server) terms(w http.ResponseWriter, r *http.Request) error {
	f := s.deskFrame(r, "留存与删除", desk.ItemRetention)
	list, err := s.Retention.List(r.Context(), f.Member, query(r, "before"))
	if err != nil {
		return err
	}
	v := desk.RetentionView{Terms: list}
	if len(list) == retention.TermsPage {
		v.Next = list[len(list)-1].ConsultationID
	}
	return s.render(w, r, http.StatusOK, desk.Retention(f, v))
}

func (s *Server) termFrame(r *http.Request, title string) desk.Frame {
	crumbs := []ui.Crumb{{Name: "留存与删除", URL: "/staff/retention"}, {Name: chi.URLParam(r, "id")}}
	return s.deskFrame(r, title, desk.ItemRetention, crumbs...)
}

// doneWords are told after an act on a term.
var doneWords = map[string]string{
	"term": "已调整保存期限。", "hold": "已开始依法保全，到期也不会删除。", "lift": "已解除保全。", "erase": "已删除个人信息。",
	"erasing": "正在删除，剩下的由后台继续，一小时内完成。",
}

func (s *Server) term(w http.ResponseWriter, r *http.Request) error {
	return s.renderTerm(w, r, http.StatusOK, nil, desk.TermForm{})
}

func (s *Server) renderTerm(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, typed desk.TermForm) error {
	f := s.termFrame(r, "留存与删除")
	f.Problems, f.Wrong = problems, len(problems) > 0
	if status == http.StatusOK {
		f.Flash = doneWords[query(r, "done")]
	}
	t, err := s.Retention.Term(r.Context(), f.Member, chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	erasures, err := s.Retention.Erasures(r.Context(), f.Member, t.ConsultationID)
	if err != nil {
		return err
	}
	if typed.Months == "" {
		typed.Months = strconv.Itoa(t.Months)
	}
	return s.render(w, r, status, desk.Term(f, desk.TermView{Term: t, Erasures: erasures, Form: typed}))
}

// afterTerm answers an act on a term: back to its page, or the page with what is to be mended or why it was refused.
func (s *Server) afterTerm(w http.ResponseWriter, r *http.Request, err error, act string, typed desk.TermForm) error {
	status, problems := refusedAct(err, act)
	switch {
	case problems != nil:
		return s.renderTerm(w, r, status, problems, typed)
	case err != nil:
		return err
	}
	http.Redirect(w, r, "/staff/retention/"+chi.URLParam(r, "id")+"?done="+act, http.StatusSeeOther)
	return nil
}

// refusedAct are status and problems of an act that was not carried out and whose page says why; none for other errors.
func refusedAct(err error, field string) (int, []apperr.Problem) {
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return http.StatusUnprocessableEntity, invalid.Problems
	}
	if sentence := retention.Refusal(err); sentence != "" {
		return http.StatusConflict, problemsOf(field, sentence)
	}
	return 0, nil
}

func (s *Server) setTerm(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	typed := desk.TermForm{Months: r.PostForm.Get("months"), Reason: r.PostForm.Get("reason")}
	err := s.Retention.SetTerm(r.Context(), memberOf(r), chi.URLParam(r, "id"), number(typed.Months), typed.Reason)
	return s.afterTerm(w, r, err, "term", typed)
}

func (s *Server) hold(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	typed := desk.TermForm{Hold: r.PostForm.Get("hold")}
	err := s.Retention.Hold(r.Context(), memberOf(r), chi.URLParam(r, "id"), typed.Hold)
	return s.afterTerm(w, r, err, "hold", typed)
}

func (s *Server) lift(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	typed := desk.TermForm{Lift: r.PostForm.Get("lift")}
	err := s.Retention.Lift(r.Context(), memberOf(r), chi.URLParam(r, "id"), typed.Lift)
	return s.afterTerm(w, r, err, "lift", typed)
}

func (s *Server) eraseConfirm(w http.ResponseWriter, r *http.Request) error {
	return s.renderErase(w, r, http.StatusOK, nil)
}

func (s *Server) renderErase(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem) error {
	f := s.termFrame(r, "删除个人信息")
	f.Problems, f.Wrong = problems, len(problems) > 0
	t, err := s.Retention.Term(r.Context(), f.Member, chi.URLParam(r, "id"))
	if err != nil {
		return err
	}
	return s.render(w, r, status, desk.EraseConfirm(f, desk.TermView{Term: t}))
}

// eraseTime is how long a page waits for an erasure; the background goes on with what is left.
const eraseTime = 5 * time.Second

func (s *Server) eraseTerm(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	if r.PostForm.Get("sure") != "1" {
		return s.renderErase(w, r, http.StatusUnprocessableEntity, problemsOf("sure", validate.EraseUnticked))
	}
	ctx, cancel := context.WithTimeout(r.Context(), eraseTime)
	defer cancel()
	_, err := s.Retention.Erase(ctx, memberOf(r), chi.URLParam(r, "id"))
	if err != nil && ctx.Err() != nil && r.Context().Err() == nil {
		return s.afterTerm(w, r, nil, "erasing", desk.TermForm{})
	}
	return s.afterTerm(w, r, err, "erase", desk.TermForm{})
}
