package httpd

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"wenji/internal/apperr"
	"wenji/internal/staff"
	"wenji/web/desk"
	"wenji/web/ui"
)

func (s *Server) settingsFrame(r *http.Request, title string, problems []apperr.Problem) desk.Frame {
	f := s.deskFrame(r, title, desk.ItemSettings, ui.Crumb{Name: "设置", URL: "/staff/settings"}, ui.Crumb{Name: title})
	f.Problems, f.Wrong = problems, len(problems) > 0
	if len(problems) == 0 && query(r, "saved") != "" {
		f.Flash = "已保存。"
	}
	return f
}

func saved(w http.ResponseWriter, r *http.Request, path string) error {
	http.Redirect(w, r, path+"?saved=1", http.StatusSeeOther)
	return nil
}

func (s *Server) settings(w http.ResponseWriter, r *http.Request) error {
	return s.render(w, r, http.StatusOK, desk.Settings(s.deskFrame(r, "设置", desk.ItemSettings)))
}

func (s *Server) security(w http.ResponseWriter, r *http.Request) error {
	rules, err := s.Staff.Rules(r.Context())
	if err != nil {
		return err
	}
	v := desk.RulesView{
		Length: strconv.Itoa(rules.Length), Classes: strconv.Itoa(rules.Classes), History: strconv.Itoa(rules.History),
		Days: strconv.Itoa(rules.Days), Reveals: strconv.Itoa(rules.Reveals),
	}
	return s.render(w, r, http.StatusOK, desk.Security(s.settingsFrame(r, "密码规则和查看上限", nil), v))
}

func (s *Server) setSecurity(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	p := r.PostForm
	v := desk.RulesView{
		Length: p.Get("password_length"), Classes: p.Get("password_classes"), History: p.Get("password_history"),
		Days: p.Get("password_days"), Reveals: p.Get("reveals_a_day"),
	}
	whole := func(typed string) int {
		n, err := strconv.Atoi(strings.TrimSpace(typed))
		if err != nil {
			return -1 // outside the limits of every switch
		}
		return n
	}
	err := s.Staff.SetRules(r.Context(), memberOf(r), staff.Rules{
		Length: whole(v.Length), Classes: whole(v.Classes), History: whole(v.History), Days: whole(v.Days), Reveals: whole(v.Reveals),
	})
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		f := s.settingsFrame(r, "密码规则和查看上限", invalid.Problems)
		return s.render(w, r, http.StatusUnprocessableEntity, desk.Security(f, v))
	}
	if err != nil {
		return err
	}
	return saved(w, r, "/staff/settings/security")
}

func (s *Server) units(w http.ResponseWriter, r *http.Request) error {
	return s.renderUnits(w, r, http.StatusOK, nil, desk.UnitForm{})
}

func (s *Server) renderUnits(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.UnitForm) error {
	units, err := s.Staff.Units(r.Context())
	if err != nil {
		return err
	}
	f := s.settingsFrame(r, "责任单位", problems)
	return s.render(w, r, status, desk.Units(f, desk.UnitsView{Units: units, Form: v}))
}

// unitForm reads the form of a department: as typed, and as the domain takes it.
func unitForm(r *http.Request) (desk.UnitForm, staff.UnitForm) {
	v := desk.UnitForm{Name: r.PostForm.Get("name"), Aliases: r.PostForm.Get("aliases")}
	return v, staff.UnitForm{Name: v.Name, Aliases: strings.Split(v.Aliases, "\n")}
}

func (s *Server) addUnit(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	v, u := unitForm(r)
	err := s.Staff.AddUnit(r.Context(), memberOf(r), u)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderUnits(w, r, http.StatusUnprocessableEntity, invalid.Problems, v)
	}
	if err != nil {
		return err
	}
	return saved(w, r, "/staff/settings/units")
}

func (s *Server) unit(w http.ResponseWriter, r *http.Request) error {
	return s.renderUnit(w, r, http.StatusOK, nil, nil)
}

func (s *Server) renderUnit(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, typed *desk.UnitForm) error {
	id, err := commentID(r)
	if err != nil {
		return err
	}
	units, err := s.Staff.Units(r.Context())
	if err != nil {
		return err
	}
	for _, u := range units {
		if u.ID != id {
			continue
		}
		v := desk.UnitForm{ID: id, Name: u.Name, Aliases: strings.Join(u.Aliases, "\n")}
		if typed != nil {
			v.Name, v.Aliases = typed.Name, typed.Aliases
		}
		return s.render(w, r, status, desk.Unit(s.settingsFrame(r, "修改单位", problems), v, u.Disabled))
	}
	return apperr.ErrNotFound
}

func (s *Server) changeUnit(w http.ResponseWriter, r *http.Request) error {
	id, err := commentID(r)
	if err != nil {
		return err
	}
	if err := form(r); err != nil {
		return err
	}
	v, u := unitForm(r)
	err = s.Staff.ChangeUnit(r.Context(), memberOf(r), id, u)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderUnit(w, r, http.StatusUnprocessableEntity, invalid.Problems, &v)
	}
	if err != nil {
		return err
	}
	return saved(w, r, "/staff/settings/units")
}

func (s *Server) setUnitState(w http.ResponseWriter, r *http.Request) error {
	id, err := commentID(r)
	if err != nil {
		return err
	}
	if err := form(r); err != nil {
		return err
	}
	if err := s.Staff.SetUnitDisabled(r.Context(), memberOf(r), id, r.PostForm.Get("disabled") == "1"); err != nil {
		return err
	}
	return saved(w, r, "/staff/settings/units")
}

func (s *Server) words(w http.ResponseWriter, r *http.Request) error {
	return s.renderWords(w, r, http.StatusOK, nil, "")
}

func (s *Server) renderWords(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, word string) error {
	list, err := s.Comments.ListedWords(r.Context())
	if err != nil {
		return err
	}
	f := s.settingsFrame(r, "词表", problems)
	return s.render(w, r, status, desk.Words(f, desk.WordsView{Words: list, Word: word}))
}

func (s *Server) addWord(w http.ResponseWriter, r *http.Request) error { return s.setWord(w, r, true) }

func (s *Server) removeWord(w http.ResponseWriter, r *http.Request) error {
	return s.setWord(w, r, false)
}

func (s *Server) setWord(w http.ResponseWriter, r *http.Request, listed bool) error {
	if err := form(r); err != nil {
		return err
	}
	word := r.PostForm.Get("word")
	err := s.Comments.SetListedWord(r.Context(), memberOf(r), word, listed)
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderWords(w, r, http.StatusUnprocessableEntity, invalid.Problems, word)
	}
	if err != nil {
		return err
	}
	return saved(w, r, "/staff/settings/words")
}
