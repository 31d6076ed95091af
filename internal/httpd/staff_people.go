package httpd

import (
	"errors"
	"net/http"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/staff"
	"wenji/internal/validate"
	"wenji/web/desk"
	"wenji/web/ui"

	"github.com/google/uuid"
)

const (
	peoplePath = "/staff/people"
	personPath = peoplePath + "/{id:[0-9a-fA-F-]{36}}"
	unitPath   = "/staff/settings/units/{id:[0-9a-fA-F-]{36}}"
)

// peopleRoutes are the addresses of people, roles, units, sessions and settings.
func (s *Server) peopleRoutes() []staffRoute {
	return []staffRoute{
		{method: "GET", pattern: peoplePath, need: staff.ReadPeople, handle: s.people},
		{method: "GET", pattern: peoplePath + "/new", need: staff.ManagePeople, handle: s.newPerson},
		{method: "POST", pattern: peoplePath + "/new", need: staff.ManagePeople, handle: s.addPerson},
		{method: "GET", pattern: peoplePath + "/password", need: staff.ManagePeople, handle: s.oneTime},
		{method: "GET", pattern: peoplePath + "/sessions", need: staff.ManageSecurity, handle: s.allSessions},
		{method: "POST", pattern: peoplePath + "/sessions/end", need: staff.ManageSecurity, handle: s.endSession},
		{method: "GET", pattern: personPath, need: staff.ReadPeople, handle: s.person},
		{method: "POST", pattern: personPath + "/role", need: staff.GrantRoles, handle: s.grant},
		{method: "POST", pattern: personPath + "/quota", need: staff.ManageSecurity, handle: s.raiseQuota},
		{method: "GET", pattern: personPath + "/reset", need: staff.ManagePeople, handle: s.confirmPerson("reset")},
		{method: "POST", pattern: personPath + "/reset", need: staff.ManagePeople, handle: s.actOnPerson("reset")},
		{method: "GET", pattern: personPath + "/disable", need: staff.ManagePeople, handle: s.confirmPerson("disable")},
		{method: "POST", pattern: personPath + "/disable", need: staff.ManagePeople, handle: s.actOnPerson("disable")},
		{method: "GET", pattern: personPath + "/enable", need: staff.ManagePeople, handle: s.confirmPerson("enable")},
		{method: "POST", pattern: personPath + "/enable", need: staff.ManagePeople, handle: s.actOnPerson("enable")},

		{method: "GET", pattern: "/staff/settings", need: staff.ReadSettings, handle: s.settings},
		{method: "GET", pattern: "/staff/settings/security", need: staff.ManageSecurity, handle: s.security},
		{method: "POST", pattern: "/staff/settings/security", need: staff.ManageSecurity, handle: s.setSecurity},
		{method: "GET", pattern: "/staff/settings/units", need: staff.ManageUnits, handle: s.units},
		{method: "POST", pattern: "/staff/settings/units", need: staff.ManageUnits, handle: s.addUnit},
		{method: "GET", pattern: unitPath, need: staff.ManageUnits, handle: s.unit},
		{method: "POST", pattern: unitPath, need: staff.ManageUnits, handle: s.changeUnit},
		{method: "POST", pattern: unitPath + "/state", need: staff.ManageUnits, handle: s.setUnitState},
		{method: "GET", pattern: "/staff/settings/words", need: staff.ManageUnits, handle: s.words},
		{method: "POST", pattern: "/staff/settings/words", need: staff.ManageUnits, handle: s.addWord},
		{method: "POST", pattern: "/staff/settings/words/remove", need: staff.ManageUnits, handle: s.removeWord},

		{method: "GET", pattern: "/staff/account/setup", handle: s.setup},
		{method: "POST", pattern: "/staff/account/setup", handle: s.enrol},
		{method: "GET", pattern: "/staff/account/password", handle: s.passwordForm},
		{method: "POST", pattern: "/staff/account/password", handle: s.changePassword},
		{method: "GET", pattern: "/staff/account/factor", handle: s.factorForm},
		{method: "POST", pattern: "/staff/account/factor", handle: s.changeFactor},
		{method: "POST", pattern: "/staff/account/sessions", handle: s.endOthers},
	}
}

// oneTimeCookie carries a one-time password from the post that made it to the page that shows it, and goes with it.
var oneTimeCookie = sealedCookie{"onetime", peoplePath, 5 * time.Minute}

// oneTimeNote binds the password to who made it.
type oneTimeNote struct {
	By uuid.UUID
	staff.OneTime
}

func (s *Server) peopleFrame(r *http.Request, title string, problems []apperr.Problem) desk.Frame {
	crumbs := []ui.Crumb{{Name: "用户", URL: peoplePath}, {Name: title}}
	if title == "用户" {
		crumbs = nil
	}
	f := s.deskFrame(r, title, desk.ItemPeople, crumbs...)
	f.Problems, f.Wrong = problems, len(problems) > 0
	return f
}

func (s *Server) people(w http.ResponseWriter, r *http.Request) error {
	return s.renderPeople(w, r, http.StatusOK, nil)
}

func (s *Server) renderPeople(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem) error {
	list, more, err := s.Staff.People(r.Context(), memberOf(r), query(r, "after"))
	if err != nil {
		return err
	}
	v := desk.PeopleView{People: list}
	if more {
		v.Next = list[len(list)-1].Username
	}
	if v.Alarms, err = s.revealAlarms(r); err != nil {
		return err
	}
	f := s.peopleFrame(r, "用户", problems)
	if query(r, "saved") == "quota" {
		f.Flash = "已提高今天的上限。"
	}
	return s.render(w, r, status, desk.People(f, v))
}

func (s *Server) newPerson(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, desk.NewPerson(s.peopleFrame(r, "添加人员", nil), desk.PersonForm{}))
}

func (s *Server) addPerson(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	v := desk.PersonForm{Username: r.PostForm.Get("username"), Name: r.PostForm.Get("name")}
	made, err := s.Staff.AddPerson(r.Context(), memberOf(r), v.Username, v.Name)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		f := s.peopleFrame(r, "添加人员", invalid.Problems)
		return s.render(w, r, http.StatusUnprocessableEntity, desk.NewPerson(f, v))
	}
	if err != nil {
		return err
	}
	return s.toOneTime(w, r, made)
}

func (s *Server) toOneTime(w http.ResponseWriter, r *http.Request, made staff.OneTime) error {
	if err := putNote(s, w, oneTimeCookie, oneTimeNote{memberOf(r).ID, made}); err != nil {
		return err
	}
	http.Redirect(w, r, peoplePath+"/password", http.StatusSeeOther)
	return nil
}

// oneTime shows a one-time password and takes it from the browser: loading the page again shows nothing, and makes
// nothing.
func (s *Server) oneTime(w http.ResponseWriter, r *http.Request) error {
	note, ok := takeNote[oneTimeNote](s, r, oneTimeCookie)
	v := desk.OneTimeView{OneTime: note.OneTime, Gone: !ok || note.By != memberOf(r).ID}
	if v.Gone {
		v.OneTime = staff.OneTime{}
	}
	http.SetCookie(w, &http.Cookie{
		Name: oneTimeCookie.name, Path: oneTimeCookie.path, MaxAge: -1, HttpOnly: true, Secure: s.TLS, SameSite: http.SameSiteLaxMode,
	})
	return s.render(w, r, http.StatusOK, desk.OneTimePassword(s.peopleFrame(r, "一次性密码", nil), v))
}

func (s *Server) person(w http.ResponseWriter, r *http.Request) error {
	return s.renderPerson(w, r, http.StatusOK, nil, nil)
}

// renderPerson shows a member; typed is a form to be mended, nil for the rights as they are.
func (s *Server) renderPerson(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, typed *desk.PersonView) error {
	id, err := commentID(r)
	if err != nil {
		return err
	}
	p, err := s.Staff.Person(r.Context(), memberOf(r), id)
	if err != nil {
		return err
	}
	units, err := s.Staff.Units(r.Context())
	if err != nil {
		return err
	}
	v := desk.PersonView{Person: p, Units: units, Role: string(p.Role), Own: p.ID == memberOf(r).ID}
	if p.UnitID != nil {
		v.Unit = p.UnitID.String()
	}
	if typed != nil {
		v.Role, v.Unit = typed.Role, typed.Unit
	}
	f := s.peopleFrame(r, p.Name, problems)
	if status == http.StatusOK {
		f.Flash = map[string]string{"role": "已保存。", "state": "已保存。"}[query(r, "saved")]
	}
	return s.render(w, r, status, desk.Person(f, v))
}

func (s *Server) grant(w http.ResponseWriter, r *http.Request) error {
	id, err := commentID(r)
	if err != nil {
		return err
	}
	if err := form(r); err != nil {
		return err
	}
	typed := desk.PersonView{Role: r.PostForm.Get("role"), Unit: r.PostForm.Get("unit")}
	rights := staff.Rights{Role: staff.Role(typed.Role), Seen: staff.Role(r.PostForm.Get("seen"))}
	if typed.Unit != "" {
		if rights.UnitID, err = uuid.Parse(typed.Unit); err != nil {
			return s.renderPerson(w, r, http.StatusUnprocessableEntity, problemsOf("unit", validate.OfficerUnit), &typed)
		}
	}
	err = s.Staff.Grant(r.Context(), memberOf(r), id, rights)
	var invalid *apperr.Invalid
	switch {
	case errors.As(err, &invalid):
		return s.renderPerson(w, r, http.StatusUnprocessableEntity, invalid.Problems, &typed)
	case errors.Is(err, staff.ErrLastAdmin):
		return s.renderPerson(w, r, http.StatusConflict, problemsOf("role", validate.LastOfKind), &typed)
	case err != nil:
		return err
	}
	http.Redirect(w, r, peoplePath+"/"+id.String()+"?saved=role", http.StatusSeeOther)
	return nil
}

// personActs are the words and the sentence of each act that is confirmed on a page of its own.
var personActs = map[string]struct{ word, sentence string }{
	"reset":   {"重置", "重置后，原来的密码和身份验证器失效，并显示一次性密码。安全管理员确认前，此人的权限暂停。"},
	"disable": {"停用", "停用后，%s将不能登录。"},
	"enable":  {"启用", "启用后，%s可以用原来的密码和身份验证器登录，权限不变。"},
}
