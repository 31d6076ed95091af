package httpd

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"image/png"
	"net/http"

	"wenji/internal/apperr"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/desk"
	"wenji/web/ui"

	"github.com/pquerna/otp"
)

const (
	setupPath    = "/staff/account/setup"
	passwordPath = "/staff/account/password"
)

// dutyPath is the one page that is open to a member who has to do something first; "" for others.
func dutyPath(m staff.Member) string {
	switch m.Must {
	case staff.MustEnrol:
		return setupPath
	case staff.MustChange:
		return passwordPath
	}
	return ""
}

func (s *Server) account(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Staff.OwnSessions(r.Context(), memberOf(r), s.sessionToken(r))
	if err != nil {
		return err
	}
	f := s.deskFrame(r, "我的账户", desk.ItemAccount)
	f.Flash = map[string]string{
		"password": "密码已修改，其他登录已退出。", "factor": "身份验证器已更换，其他登录已退出。", "enrol": "账户已启用。", "sessions": "其他登录已退出。",
	}[query(r, "saved")]
	return s.render(w, r, http.StatusOK, desk.Account(f, desk.AccountView{Sessions: list}))
}

func toAccount(w http.ResponseWriter, r *http.Request, saved string) error {
	http.Redirect(w, r, "/staff/account?saved="+saved, http.StatusSeeOther)
	return nil
}

// rulesHint says what a password has to be.
func (s *Server) rulesHint(r *http.Request) (string, error) {
	rules, err := s.Staff.Rules(r.Context())
	if err != nil {
		return "", err
	}
	return validate.PasswordLength(rules.Length) + validate.PasswordClasses(rules.Classes), nil
}

// formProblems are what is to be mended in a form about the own account, with the status of the answer; ok is false for
// other failures.
func formProblems(w http.ResponseWriter, err error) (problems []apperr.Problem, status int, ok bool) {
	var invalid *apperr.Invalid
	switch {
	case errors.As(err, &invalid):
		return invalid.Problems, http.StatusUnprocessableEntity, true
	case errors.Is(err, apperr.ErrTooMany):
		setRetryAfter(w, retryTime(err))
		return problemsOf("present", validate.LoginTooOften(retryTime(err))), http.StatusTooManyRequests, true
	}
	return nil, 0, false
}

func (s *Server) setup(w http.ResponseWriter, r *http.Request) error {
	if memberOf(r).Must != staff.MustEnrol {
		return toAccount(w, r, "")
	}
	return s.renderEnrol(w, r, http.StatusOK, nil, "", true)
}

func (s *Server) factorForm(w http.ResponseWriter, r *http.Request) error {
	return s.renderEnrol(w, r, http.StatusOK, nil, "", false)
}

// renderEnrol shows the QR code of the sealed second factor, or of a new one where there is none that holds.
func (s *Server) renderEnrol(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, sealed string, first bool) error {
	hint, err := s.rulesHint(r)
	if err != nil {
		return err
	}
	e, err := s.Staff.OpenEnrolment(memberOf(r), sealed)
	if errors.Is(err, apperr.ErrExpired) {
		e, err = s.Staff.NewEnrolment(memberOf(r))
	}
	if err != nil {
		return err
	}
	image, err := qrCode(e.URL)
	if err != nil {
		return err
	}
	title := "更换身份验证器"
	if first {
		title = "启用账户"
	}
	f := s.deskFrame(r, title, desk.ItemAccount, underAccount(r, title)...)
	f.Problems, f.Wrong = problems, len(problems) > 0
	v := desk.EnrolView{First: first, Secret: e.Secret, Image: image, Sealed: e.Sealed}
	return s.render(w, r, status, desk.Enrol(f, v, hint))
}

// qrCode draws what an authenticator app reads, as a data: address that the policy for images allows.
func qrCode(url string) (string, error) {
	key, err := otp.NewKeyFromURL(url)
	if err != nil {
		return "", fmt.Errorf("read a second factor: %w", err)
	}
	drawn, err := key.Image(240, 240)
	if err != nil {
		return "", fmt.Errorf("draw a second factor: %w", err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, drawn); err != nil {
		return "", fmt.Errorf("draw a second factor: %w", err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

func (s *Server) enrol(w http.ResponseWriter, r *http.Request) error {
	return s.bindFactor(w, r, true, func(e staff.Enrolment) error {
		p := r.PostForm
		return s.Staff.Enrol(r.Context(), memberOf(r), s.sessionToken(r), e,
			staff.NewPassword{New: p.Get("new"), Again: p.Get("again")}, p.Get("otp"))
	})
}

func (s *Server) changeFactor(w http.ResponseWriter, r *http.Request) error {
	return s.bindFactor(w, r, false, func(e staff.Enrolment) error {
		p := r.PostForm
		return s.Staff.ChangeFactor(r.Context(), memberOf(r), s.sessionToken(r), e, p.Get("present"), p.Get("old"), p.Get("otp"))
	})
}

func (s *Server) bindFactor(w http.ResponseWriter, r *http.Request, first bool, bind func(staff.Enrolment) error) error {
	if err := form(r); err != nil {
		return err
	}
	sealed := r.PostForm.Get("sealed")
	e, err := s.Staff.OpenEnrolment(memberOf(r), sealed)
	if errors.Is(err, apperr.ErrExpired) {
		return s.renderEnrol(w, r, http.StatusConflict, problemsOf("otp", validate.EnrolmentLapsed), "", first)
	}
	if err != nil {
		return err
	}
	if err = bind(e); err != nil {
		if problems, status, ok := formProblems(w, err); ok {
			return s.renderEnrol(w, r, status, problems, sealed, first)
		}
		return err
	}
	if first {
		return toAccount(w, r, "enrol")
	}
	return toAccount(w, r, "factor")
}

func (s *Server) passwordForm(w http.ResponseWriter, r *http.Request) error {
	return s.renderPassword(w, r, http.StatusOK, nil)
}

func (s *Server) renderPassword(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem) error {
	hint, err := s.rulesHint(r)
	if err != nil {
		return err
	}
	f := s.deskFrame(r, "修改密码", desk.ItemAccount, underAccount(r, "修改密码")...)
	f.Problems, f.Wrong = problems, len(problems) > 0
	return s.render(w, r, status, desk.ChangePassword(f, hint))
}

func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	p := r.PostForm
	err := s.Staff.ChangePassword(r.Context(), memberOf(r), s.sessionToken(r),
		staff.NewPassword{Present: p.Get("present"), New: p.Get("new"), Again: p.Get("again")})
	if err != nil {
		if problems, status, ok := formProblems(w, err); ok {
			return s.renderPassword(w, r, status, problems)
		}
		return err
	}
	return toAccount(w, r, "password")
}

func (s *Server) endOthers(w http.ResponseWriter, r *http.Request) error {
	if err := s.Staff.EndOtherSessions(r.Context(), memberOf(r), s.sessionToken(r)); err != nil {
		return err
	}
	return toAccount(w, r, "sessions")
}

// underAccount is the way back to the account; who must do this first has none.
func underAccount(r *http.Request, title string) []ui.Crumb {
	if memberOf(r).Must != "" {
		return nil
	}
	return []ui.Crumb{{Name: "我的账户", URL: "/staff/account"}, {Name: title}}
}
