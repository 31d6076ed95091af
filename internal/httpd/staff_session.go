package httpd

import (
	"errors"
	"net/http"
	"strings"

	"wenji/internal/apperr"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/desk"
	"wenji/web/ui"
)

// sessionCookie is the name of the cookie of a session. The prefix __Host- binds it to this very host, and browsers
// take it over TLS alone.
func (s *Server) sessionCookie() string {
	if s.TLS {
		return "__Host-wenji"
	}
	return "wenji_session"
}

func (s *Server) sessionToken(r *http.Request) string {
	c, err := r.Cookie(s.sessionCookie())
	if err != nil {
		return ""
	}
	return c.Value
}

// setSession gives the browser a session, or takes it away when token is empty. The cookie ends with the browser; how
// long a session lasts is decided by the row behind it.
func (s *Server) setSession(w http.ResponseWriter, token string) {
	c := &http.Cookie{
		Name: s.sessionCookie(), Value: token, Path: "/", HttpOnly: true, Secure: s.TLS, SameSite: http.SameSiteLaxMode,
	}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (s *Server) loginForm(w http.ResponseWriter, r *http.Request) error {
	next := staffAddress(r.URL.Query().Get("next"))
	m, err := s.Staff.Session(r.Context(), s.sessionToken(r))
	switch {
	case err == nil:
		http.Redirect(w, r, landing(m, next), http.StatusSeeOther)
		return nil
	case !errors.Is(err, apperr.ErrNotFound):
		return err
	}
	return s.renderLogin(w, r, http.StatusOK, desk.LoginView{Next: next, Ended: r.URL.Query().Get("ended") != ""})
}

func (s *Server) renderLogin(w http.ResponseWriter, r *http.Request, status int, v desk.LoginView) error {
	p := s.uiPage(r, "登录工作平台")
	p.Meta.NoIndex = true
	p.Wrong = v.Message != ""
	v.Provider = s.Provider != nil
	return s.render(w, r, status, desk.Login(p, v))
}

// signIn answers every failed sign-in alike: whatever was wrong, the same sentence.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	f := r.PostForm
	v := desk.LoginView{Username: strings.ToValidUTF8(f.Get("username"), ""), Next: staffAddress(f.Get("next"))}
	token, m, err := s.Staff.SignIn(r.Context(), f.Get("username"), f.Get("password"), f.Get("otp"), s.clientAddress(r))
	var invalid *apperr.Invalid
	switch {
	case errors.As(err, &invalid) && len(invalid.Problems) > 0:
		v.Message = invalid.Problems[0].Message
		var refused *staff.Refused
		if errors.As(err, &refused) && refused.Left > 0 {
			v.Message += validate.TriesLeft(refused.Left)
		}
		return s.renderLogin(w, r, http.StatusUnprocessableEntity, v)
	case errors.Is(err, apperr.ErrTooMany):
		v.Message = validate.LoginTooOften(retryTime(err))
		setRetryAfter(w, retryTime(err))
		return s.renderLogin(w, r, http.StatusTooManyRequests, v)
	case err != nil:
		return err
	}
	return s.enter(w, r, token, m, v.Next)
}

// enter gives the browser its new session instead of one it may have had, and leads on.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, token string, m staff.Member, next string) error {
	if before := s.sessionToken(r); before != "" {
		if err := s.Staff.SignOut(r.Context(), before); err != nil && !errors.Is(err, apperr.ErrNotFound) {
			return err
		}
	}
	s.setSession(w, token)
	http.Redirect(w, r, landing(m, next), http.StatusSeeOther)
	return nil
}

// landing is where a member goes after signing in: where one was going, except that the desk itself is no place for
// who may not read comments.
func landing(m staff.Member, next string) string {
	if duty := dutyPath(m); duty != "" {
		return duty
	}
	if next == "" || next == "/staff" {
		return desk.Landing(m)
	}
	return next
}

// signOut ends the session in the database, takes the cookie away, and has the browser forget the pages it kept. Only
// the cache is named in Clear-Site-Data: “cookies” would reach every site of the same registered domain, and the one
// thing the desk stores in the browser is whether its keys are on.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := s.Staff.SignOut(r.Context(), s.sessionToken(r)); err != nil && !errors.Is(err, apperr.ErrNotFound) {
		return err
	}
	s.setSession(w, "")
	w.Header().Set("Clear-Site-Data", `"cache"`)
	http.Redirect(w, r, "/staff/login", http.StatusSeeOther)
	return nil
}

// deskFrame is the frame of a page of the desk.
func (s *Server) deskFrame(r *http.Request, title, item string, crumbs ...ui.Crumb) desk.Frame {
	p := s.uiPage(r, title, crumbs...)
	p.Meta.NoIndex = true
	if p.Back == "" {
		p.Back = pageOf(r)
	}
	return desk.Frame{Page: p, Item: item, Member: memberOf(r), Waiting: -1}
}

// onDesk shows the failures a member can do something about inside the desk; the rest is errors.go's.
func (s *Server) onDesk(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := h(w, r)
		switch {
		case errors.Is(err, apperr.ErrForbidden):
			return s.render(w, r, http.StatusForbidden, desk.Refused(s.deskFrame(r, "没有权限", "")))
		case errors.Is(err, apperr.ErrNotFound):
			return s.render(w, r, http.StatusNotFound, desk.Missing(s.deskFrame(r, "没有找到", "")))
		}
		return err
	}
}
