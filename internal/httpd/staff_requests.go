package httpd

import (
	"errors"
	"net/http"

	"wenji/internal/apperr"
	"wenji/internal/retention"
	"wenji/internal/validate"
	"wenji/web/desk"
	"wenji/web/ui"
)

func (s *Server) requests(w http.ResponseWriter, r *http.Request) error {
	f := s.deskFrame(r, "个人信息请求", desk.ItemRequests)
	if query(r, "done") == "1" {
		f.Flash = "已办结，意见人查询时可以看到。"
	}
	var (
		v   desk.RequestsView
		err error
	)
	if v.Open, err = s.Retention.OpenRequests(r.Context(), f.Member); err != nil {
		return err
	}
	if v.Decided, err = s.Retention.DecidedRequests(r.Context(), f.Member); err != nil {
		return err
	}
	if v.Mail, err = s.Mail.Counts(r.Context()); err != nil {
		return err
	}
	if v.Failed, err = s.Mail.Failed(r.Context()); err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, desk.Requests(f, v))
}

func (s *Server) request(w http.ResponseWriter, r *http.Request) error {
	return s.renderRequest(w, r, http.StatusOK, nil, desk.RequestForm{})
}

func (s *Server) renderRequest(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, typed desk.RequestForm) error {
	id, err := commentID(r)
	if err != nil {
		return err
	}
	crumbs := []ui.Crumb{{Name: "个人信息请求", URL: "/staff/requests"}, {Name: "办理"}}
	f := s.deskFrame(r, "办理个人信息请求", desk.ItemRequests, crumbs...)
	f.Problems, f.Wrong = problems, len(problems) > 0
	wish, err := s.Retention.Request(r.Context(), f.Member, id)
	if err != nil {
		return err
	}
	return s.render(w, r, status, desk.Request(f, desk.RequestView{Wish: wish, Form: typed}))
}

// afterRequest answers a decision: back to the list, or the page with what is to be mended or why it was refused.
func (s *Server) afterRequest(w http.ResponseWriter, r *http.Request, err error, typed desk.RequestForm) error {
	status, problems := refusedAct(err, "sure")
	if errors.Is(err, retention.ErrHeld) { // whoever handles requests cannot lift a hold
		problems = problemsOf("sure", validate.RequestHeld)
	}
	switch {
	case problems != nil:
		return s.renderRequest(w, r, status, problems, typed)
	case err != nil:
		return err
	}
	http.Redirect(w, r, "/staff/requests?done=1", http.StatusSeeOther)
	return nil
}

func (s *Server) correctPersonal(w http.ResponseWriter, r *http.Request) error {
	id, err := commentID(r)
	if err != nil {
		return err
	}
	if err := form(r); err != nil {
		return err
	}
	typed := desk.RequestForm{Name: r.PostForm.Get("name"), Phone: r.PostForm.Get("phone"), Email: r.PostForm.Get("email")}
	err = s.Retention.Correct(r.Context(), memberOf(r), id, retention.Correction{Name: typed.Name, Phone: typed.Phone, Email: typed.Email})
	return s.afterRequest(w, r, err, typed)
}

func (s *Server) erasePersonal(w http.ResponseWriter, r *http.Request) error {
	id, err := commentID(r)
	if err != nil {
		return err
	}
	if err := form(r); err != nil {
		return err
	}
	if r.PostForm.Get("sure") != "1" {
		return s.renderRequest(w, r, http.StatusUnprocessableEntity, problemsOf("sure", validate.EraseUnticked), desk.RequestForm{})
	}
	return s.afterRequest(w, r, s.Retention.EraseOne(r.Context(), memberOf(r), id), desk.RequestForm{})
}

func (s *Server) refuseRequest(w http.ResponseWriter, r *http.Request) error {
	id, err := commentID(r)
	if err != nil {
		return err
	}
	if err := form(r); err != nil {
		return err
	}
	typed := desk.RequestForm{Answer: r.PostForm.Get("answer")}
	return s.afterRequest(w, r, s.Retention.Refuse(r.Context(), memberOf(r), id, typed.Answer), typed)
}
