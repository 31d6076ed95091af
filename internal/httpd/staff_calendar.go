package httpd

import (
	"errors"
	"net/http"

	"wenji/internal/apperr"
	"wenji/internal/calendar"
	"wenji/internal/validate"
	"wenji/web/desk"
	"wenji/web/ui"
)

const calendarPath = "/staff/settings/calendar"

func (s *Server) calendarPage(w http.ResponseWriter, r *http.Request) error {
	return s.renderCalendar(w, r, http.StatusOK, nil, desk.CalendarView{Kind: string(calendar.Holiday)})
}

func (s *Server) renderCalendar(w http.ResponseWriter, r *http.Request, status int, problems []apperr.Problem, v desk.CalendarView) error {
	days, err := s.Calendar.Specials(r.Context())
	if err != nil {
		return err
	}
	v.Years = desk.CalendarYears(days)
	f := s.deskFrame(r, "工作日历", desk.ItemSettings, ui.Crumb{Name: "设置", URL: "/staff/settings"}, ui.Crumb{Name: "工作日历"})
	f.Problems, f.Wrong = problems, len(problems) > 0
	if status == http.StatusOK {
		f.Flash = map[string]string{"added": "已登记。", "removed": "已删除。"}[query(r, "saved")]
	}
	return s.render(w, r, status, desk.Calendar(f, v))
}

func (s *Server) addSpecialDay(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	p := r.PostForm
	v := desk.CalendarView{Day: p.Get("day"), Kind: p.Get("kind"), Name: p.Get("name"), Source: p.Get("source")}
	day, ok := validate.Moment(v.Day, false)
	if !ok {
		return s.renderCalendar(w, r, http.StatusUnprocessableEntity, problemsOf("day", validate.DayForm), v)
	}
	err := s.Staff.AddSpecialDay(r.Context(), memberOf(r), calendar.Special{Day: day, Kind: calendar.Kind(v.Kind), Name: v.Name, Source: v.Source})
	var invalid *apperr.Invalid
	if errors.As(err, &invalid) {
		return s.renderCalendar(w, r, http.StatusUnprocessableEntity, invalid.Problems, v)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, calendarPath+"?saved=added", http.StatusSeeOther)
	return nil
}

func (s *Server) removeSpecialDay(w http.ResponseWriter, r *http.Request) error {
	if err := form(r); err != nil {
		return err
	}
	day, ok := validate.Moment(r.PostForm.Get("day"), false)
	if !ok {
		return apperr.ErrNotFound
	}
	if err := s.Staff.RemoveSpecialDay(r.Context(), memberOf(r), day); err != nil {
		return err
	}
	http.Redirect(w, r, calendarPath+"?saved=removed", http.StatusSeeOther)
	return nil
}
