package staff

import (
	"errors"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/calendar"
)

func TestOnlyTheSystemAdministratorKeepsTheCalendar(t *testing.T) {
	s := newStore(t)
	days := &calendar.Store{DB: s.DB}
	newYear := calendar.Special{
		Day: time.Date(2027, 1, 1, 0, 0, 0, 0, calendar.Shanghai), Kind: calendar.Holiday, Name: "元旦", Source: "国办发明电〔2026〕9号",
	}
	for _, role := range Roles {
		by := Member{Name: "某人", Username: "someone", Role: role}
		add, remove := s.AddSpecialDay(t.Context(), by, newYear), s.RemoveSpecialDay(t.Context(), by, newYear.Day)
		want := error(apperr.ErrForbidden)
		if role == SystemAdmin {
			want = nil
		}
		if !errors.Is(add, want) || !errors.Is(remove, want) {
			t.Errorf("%s: add %v, remove %v", role, add, remove)
		}
	}
	admin := Member{Name: "管理员", Username: "admin", Role: SystemAdmin}
	if err := s.AddSpecialDay(t.Context(), admin, newYear); err != nil {
		t.Fatal(err)
	}
	c, err := days.Calendar(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c.IsWorkday(newYear.Day) || !c.Knows(2027) {
		t.Error("the calendar does not count with the new day")
	}
}
