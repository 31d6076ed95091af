package httpd

import (
	"errors"
	"net/http"
	"strings"

	"wenji/internal/apperr"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/desk"

	"github.com/google/uuid"
)

// confirmPerson is the page that asks before an act about a person.
func (s *Server) confirmPerson(act string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return s.renderConfirmPerson(w, r, http.StatusOK, act, nil)
	}
}

func (s *Server) renderConfirmPerson(w http.ResponseWriter, r *http.Request, status int, act string, problems []apperr.Problem) error {
	id, err := commentID(r)
	if err != nil {
		return err
	}
	if id == memberOf(r).ID {
		return apperr.ErrForbidden
	}
	p, err := s.Staff.Person(r.Context(), memberOf(r), id)
	if err != nil {
		return err
	}
	words := personActs[act]
	f := s.peopleFrame(r, words.word+p.Name, problems)
	return s.render(w, r, status, desk.ConfirmPerson(f, p, act, words.word, strings.ReplaceAll(words.sentence, "%s", p.Name)))
}

// actOnPerson carries the act out.
func (s *Server) actOnPerson(act string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := commentID(r)
		if err != nil {
			return err
		}
		by := memberOf(r)
		var made staff.OneTime
		sentence := validate.LastOfKind
		if act == "reset" {
			made, err = s.Staff.ResetPerson(r.Context(), by, id)
			sentence = validate.ResetLastKeeper
		} else {
			err = s.Staff.SetDisabled(r.Context(), by, id, act == "disable")
		}
		switch {
		case errors.Is(err, staff.ErrLastAdmin):
			return s.renderConfirmPerson(w, r, http.StatusConflict, act, problemsOf("main", sentence))
		case err != nil:
			return err
		case act == "reset":
			return s.toOneTime(w, r, made)
		}
		http.Redirect(w, r, peoplePath+"/"+id.String()+"?saved=state", http.StatusSeeOther)
		return nil
	}
}

func (s *Server) allSessions(w http.ResponseWriter, r *http.Request) error {
	list, err := s.Staff.Sessions(r.Context(), memberOf(r), s.sessionToken(r))
	if err != nil {
		return err
	}
	f := s.peopleFrame(r, "在线用户", nil)
	if query(r, "saved") == "ended" {
		f.Flash = "已强制下线。"
	}
	return s.render(w, r, http.StatusOK, desk.Sessions(f, desk.SessionsView{Sessions: list}))
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	id, err := uuid.Parse(r.PostForm.Get("id"))
	if err != nil {
		return apperr.ErrNotFound
	}
	// A session that has ended meanwhile is what was asked for.
	if err := s.Staff.EndSession(r.Context(), memberOf(r), id); err != nil && !errors.Is(err, apperr.ErrNotFound) {
		return err
	}
	http.Redirect(w, r, peoplePath+"/sessions?saved=ended", http.StatusSeeOther)
	return nil
}

// revealAlarms are shown to who may raise the quota and to who reads the record.
func (s *Server) revealAlarms(r *http.Request) ([]desk.RevealAlarm, error) {
	by := memberOf(r)
	if !by.Can(staff.ManageSecurity) && !by.Can(staff.ReadAudit) {
		return nil, nil
	}
	list, err := s.Moderation.RevealAlarms(r.Context(), by)
	if err != nil {
		return nil, err
	}
	alarms := make([]desk.RevealAlarm, len(list))
	for i, a := range list {
		alarms[i] = desk.RevealAlarm(a)
	}
	return alarms, nil
}

func (s *Server) raiseQuota(w http.ResponseWriter, r *http.Request) error {
	id, err := commentID(r)
	if err != nil {
		return err
	}
	if err := form(r); err != nil {
		return err
	}
	err = s.Moderation.RaiseQuota(r.Context(), memberOf(r), id, number(r.PostForm.Get("extra")))
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderPeople(w, r, http.StatusUnprocessableEntity, problemsOf("main", validate.RaiseForm))
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, peoplePath+"?saved=quota", http.StatusSeeOther)
	return nil
}
