package httpd

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/comment"
	"wenji/internal/validate"
	"wenji/web/public"
	"wenji/web/ui"

	"github.com/google/uuid"
)

const (
	receiptLife = 30 * time.Minute
	statusLife  = 10 * time.Minute
)

// sealedCookie is a small sealed note to a later page: no state in the process, nothing readable in the browser.
type sealedCookie struct {
	name string
	path string
	life time.Duration
}

var (
	receiptCookie = sealedCookie{"receipt", "/receipt", receiptLife}
	statusCookie  = sealedCookie{"status", "/status", statusLife}
)

type sealedNote[T any] struct {
	Until int64 `json:"until"`
	Note  T     `json:"note"`
}

func putNote[T any](s *Server, w http.ResponseWriter, c sealedCookie, note T) error {
	plain, err := json.Marshal(sealedNote[T]{s.Now().Add(c.life).Unix(), note})
	if err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{
		Name: c.name, Value: s.Keys.Box("cookie "+c.name).Seal(plain, ""), Path: c.path, MaxAge: int(c.life.Seconds()),
		HttpOnly: true, Secure: s.TLS, SameSite: http.SameSiteLaxMode,
	})
	return nil
}

func takeNote[T any](s *Server, r *http.Request, c sealedCookie) (note T, ok bool) {
	cookie, err := r.Cookie(c.name)
	if err != nil {
		return note, false
	}
	plain, err := s.Keys.Box("cookie "+c.name).Open(cookie.Value, "")
	if err != nil {
		return note, false
	}
	var sealed sealedNote[T]
	if err := json.Unmarshal(plain, &sealed); err != nil || s.Now().Unix() > sealed.Until {
		return note, false
	}
	return sealed.Note, true
}

func (s *Server) toReceipt(w http.ResponseWriter, r *http.Request, receipt comment.Receipt) error {
	if err := putNote(s, w, receiptCookie, receipt); err != nil {
		return err
	}
	if receipt.State == comment.Published {
		s.publishedHere(receipt.ConsultationID)
	}
	http.Redirect(w, r, "/receipt", http.StatusSeeOther)
	return nil
}

func (s *Server) receipt(w http.ResponseWriter, r *http.Request) error {
	p := s.uiPage(r, "提交成功", ui.Crumb{Name: "提交成功"})
	p.Meta.NoIndex = true
	note, ok := takeNote[comment.Receipt](s, r, receiptCookie)
	if !ok {
		p.Title = "查询码"
		return s.render(w, r, http.StatusNotFound, public.ReceiptGone(p, public.ReceiptGoneView{}))
	}
	d, err := s.keptDossier(r.Context(), note.ConsultationID)
	if err != nil {
		return err
	}
	return s.render(w, r, http.StatusOK, public.Receipt(p, public.ReceiptView{
		Consultation: d.Consultation, Code: note.Code, Number: note.Number, Published: note.State == comment.Published,
	}))
}

func (s *Server) statusPage(r *http.Request) ui.Page {
	p := s.uiPage(r, "查询办理", ui.Crumb{Name: "查询办理"})
	p.Nav = ui.NavStatus
	p.Meta.NoIndex = true
	p.Back = "/status"
	return p
}

func (s *Server) statusForm(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, public.Status(s.statusPage(r), public.StatusView{}))
}

func (s *Server) lookUpStatus(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	v := public.StatusView{Code: r.PostForm.Get("code")}
	code, tail := validate.Code(v.Code), validate.Code(r.PostForm.Get("phone_tail"))
	if code == "" || tail == "" {
		v.Problems = missingLookup(code, tail)
		p := s.statusPage(r)
		p.Wrong = true
		return s.render(w, r, http.StatusUnprocessableEntity, public.Status(p, v))
	}
	st, err := s.Comments.Status(r.Context(), code, tail, s.clientAddress(r))
	switch {
	case errors.Is(err, apperr.ErrNotFound):
		v.Message = validate.StatusUnknown
		return s.render(w, r, http.StatusNotFound, public.Status(s.statusPage(r), v))
	case errors.Is(err, apperr.ErrTooMany):
		v.Message = validate.StatusTooOften(retryTime(err))
		setRetryAfter(w, retryTime(err))
		return s.render(w, r, http.StatusTooManyRequests, public.Status(s.statusPage(r), v))
	case err != nil:
		return err
	}
	if err := putNote(s, w, statusCookie, st.ID); err != nil {
		return err
	}
	http.Redirect(w, r, "/status/result", http.StatusSeeOther)
	return nil
}

func missingLookup(code, tail string) []apperr.Problem {
	var problems []apperr.Problem
	if code == "" {
		problems = append(problems, apperr.Problem{Field: "code", Message: "请填写查询码。"})
	}
	if tail == "" {
		problems = append(problems, apperr.Problem{Field: "phone_tail", Message: "请填写联系电话后四位。"})
	}
	return problems
}

func (s *Server) statusResult(w http.ResponseWriter, r *http.Request) error {
	id, ok := takeNote[uuid.UUID](s, r, statusCookie)
	if !ok {
		http.Redirect(w, r, "/status", http.StatusSeeOther)
		return nil
	}
	return s.renderStatusResult(w, r, http.StatusOK, id, public.OwnData{Asked: query(r, "asked") == "1"})
}

// renderStatusResult shows how far a comment has come, with what its writer typed about the own data.
func (s *Server) renderStatusResult(w http.ResponseWriter, r *http.Request, status int, id uuid.UUID, own public.OwnData) error {
	st, err := s.Comments.StatusOf(r.Context(), id)
	if err != nil {
		return err
	}
	d, err := s.keptDossier(r.Context(), st.ConsultationID)
	if err != nil {
		return err
	}
	v := public.StatusResultView{
		Consultation: d.Consultation, Number: st.Number, State: st.State, ReceivedAt: st.ReceivedAt,
		DecidedAt: st.DecidedAt, ByRule: st.ByRule,
	}
	if st.State == comment.Withheld || st.State == comment.Declined {
		v.Reason = validate.ReasonText(st.DecisionReason)
	}
	if v.Progress, err = s.Referrals.Progress(r.Context(), id); err != nil {
		return err
	}
	if v.Own, err = s.ownData(r, id, own); err != nil {
		return err
	}
	p := s.statusPage(r)
	p.Wrong = len(own.Problems) > 0
	return s.render(w, r, status, public.StatusResult(p, v))
}

func (s *Server) display(w http.ResponseWriter, r *http.Request) error {
	p := s.uiPage(r, "显示设置", ui.Crumb{Name: "显示设置"})
	v := public.DisplayView{Saved: r.URL.Query().Get("saved") == "1"}
	if back := r.URL.Query().Get("back"); local(back) {
		v.Back = back
	}
	return s.render(w, r, http.StatusOK, public.DisplaySettings(p, v))
}

// setDisplay keeps size and colours in the one cookie a reader has; a post of the size alone keeps the colours.
func (s *Server) setDisplay(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	s.putDisplay(w, r)
	back := r.PostForm.Get("back")
	if r.PostForm.Has("theme") || !local(back) || strings.HasPrefix(back, "/display") {
		back = "/display?saved=1"
	}
	http.Redirect(w, r, back, http.StatusSeeOther)
	return nil
}

func (s *Server) putDisplay(w http.ResponseWriter, r *http.Request) ui.Display {
	d := displayOf(r)
	if size := r.PostForm.Get("size"); size != "" {
		d.Size = ui.Size(size)
	}
	if theme := r.PostForm.Get("theme"); theme != "" {
		d.Theme = ui.Theme(theme)
	}
	d = d.Normal()
	http.SetCookie(w, &http.Cookie{
		Name: displayCookie, Value: d.String(), Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, Secure: s.TLS,
		SameSite: http.SameSiteLaxMode,
	})
	return d
}
