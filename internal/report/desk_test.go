package report_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/calendar"
	"wenji/internal/report"
	"wenji/internal/staff"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, calendar.Shanghai)
	if err != nil {
		panic(err)
	}
	return t
}

// tasks lists kinds, due days and counts.
func tasks(d *report.Desk) string {
	var list []string
	for _, t := range d.Tasks {
		list = append(list, fmt.Sprintf("%s %s %d", t.Kind, t.Due.In(calendar.Shanghai).Format("01-02"), t.Count))
	}
	return strings.Join(list, "，")
}

func (f *fixture) desk(by staff.Member) *report.Desk {
	f.t.Helper()
	d, err := f.Desk(f.t.Context(), by)
	if err != nil {
		f.t.Fatal(err)
	}
	return d
}

// The holidays of 1 to 5 May 2025 stand between; Sunday 27 April was worked in exchange.
func TestACommentIsLateWhenItsFiveWorkingDaysAreOver(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		received, now string
		late          int
	}{
		{"2025-04-25 09:00", "2025-05-06 23:59", 0}, // Friday: 27, 28, 29, 30 April, 6 May
		{"2025-04-25 09:00", "2025-05-07 00:01", 1},
		{"2025-04-25 23:59", "2025-05-07 00:01", 1},
		{"2025-04-26 00:00", "2025-05-07 00:01", 1}, // Saturday: the same five days
		{"2025-04-27 00:00", "2025-05-07 00:01", 0}, // Sunday, a working day: the fifth is 7 May
		{"2025-04-27 00:00", "2025-05-08 00:01", 1},
	} {
		f := newFixture(t)
		f.add(comment{state: "received", received: at(c.received)})
		f.at = at(c.now)
		d := f.desk(moderator)
		if d.Late != c.late || d.Waiting != 1 {
			t.Errorf("received %s, at %s: %d late, %d waiting", c.received, c.now, d.Late, d.Waiting)
		}
		if listed := !at(c.received).After(d.LateUntil.AddDate(0, 0, 1).Add(-time.Nanosecond)); listed != (c.late == 1) {
			t.Errorf("received %s, at %s: the list until %v", c.received, c.now, d.LateUntil)
		}
	}
}

func TestTheDeskKnowsWhatEachMayDo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.at = at("2025-05-07 10:00")
	f.add(comment{state: "received", received: at("2025-05-06 09:00")})
	for i := range 5 {
		id := f.add(comment{})
		if i < 3 {
			unit := uuid.New()
			f.exec(`INSERT INTO unit (id, name) VALUES ($1, $2)`, unit, fmt.Sprint("单位", i))
			f.exec(`INSERT INTO referral (id, consultation_id, comment_id, unit_id, unit_name, due_on, referred_at)
				VALUES (gen_random_uuid(), $1, $2, $3, '单位', $4, now())`, subject, id, unit, []string{"2025-05-06", "2025-05-10", "2025-05-11"}[i])
		}
		if i == 3 {
			f.exec(`INSERT INTO disposition (comment_id, consultation_id, outcome, status, drafted_by) VALUES ($1, $2, 'adopted', 'submitted', '李明')`, id, subject)
		}
	}
	f.exec(`INSERT INTO export (id, consultation_id, member_id, member_name, profile, format, started_at, state, expires_at)
		VALUES (gen_random_uuid(), $1, $2, '李明', 'personal', 'csv', now(), 'waiting', now() + interval '1 day')`, subject, moderator.ID)
	f.exec(`INSERT INTO personal_request (id, consultation_id, comment_id, kind, asked_at, due_on)
		SELECT gen_random_uuid(), consultation_id, id, 'erase', now(), '2025-05-09' FROM comment WHERE number = 2`)
	f.recount()
	d := f.desk(moderator)
	if got := fmt.Sprint(d.Waiting, d.Late, d.ToRefer, d.DueSoon, d.Overdue); got != "1 0 1 1 1" {
		t.Errorf("numbers %s", got)
	}
	if got := tasks(d); got != "overdue 05-06 1，closing 05-07 0，request 05-09 1，soon 05-10 1，review 05-13 0" {
		t.Errorf("the moderator's tasks: %s", got)
	}
	if got := tasks(f.desk(editor)); got != "overdue 05-06 1，approve 05-07 1，export 05-07 1，closing 05-07 0，soon 05-10 1" {
		t.Errorf("the editor's tasks: %s", got)
	}
	f.at = at("2025-05-08 10:00")
	if got := tasks(f.desk(editor)); !strings.Contains(got, "report 05-08 0") {
		t.Errorf("the editor's tasks once closed: %s", got)
	}
	if _, err := f.Desk(t.Context(), admin); !errors.Is(err, apperr.ErrForbidden) {
		t.Errorf("an administrator reads the desk: %v", err)
	}
}

// A part of a report is counted row by row when it is published; until then the desk shows the counters.
func TestTheCountersSayWhatTheRowsSay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(comment{clauses: []int{1, 2}, outcome: "adopted"})
	f.add(comment{clauses: []int{2}, state: "withheld", occupation: "农民", outcome: "partly", reason: "理由"})
	f.add(comment{channel: "letter", state: "declined"})
	f.add(comment{state: "received"})
	f.exec(`UPDATE comment SET occupation = '', clause_ids = ARRAY[gen_random_uuid()] WHERE number = 3`)
	f.recount()
	s, err := f.Stats(t.Context(), moderator, subject, at("2025-05-08 00:00"))
	if err != nil {
		t.Fatal(err)
	}
	err = f.DB.InSnapshot(t.Context(), func(tx pgx.Tx) error {
		exact, err := report.Counted(t.Context(), tx, subject)
		if !reflect.DeepEqual(s.Numbers, exact) {
			t.Errorf("the counters say\n%+v, the rows\n%+v", s.Numbers, exact)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestStatisticsCountEveryCommentOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.add(comment{clauses: []int{1, 2}, received: at("2025-05-07 23:59")})
	f.add(comment{occupation: "农民", channel: "letter", received: at("2025-04-29 00:00")})
	f.add(comment{occupation: "农民", received: at("2025-03-01 00:00")})
	f.exec(`UPDATE comment SET occupation = '' WHERE number = 1`)
	s, err := f.Stats(t.Context(), moderator, subject, at("2025-05-08 00:00"))
	if err != nil {
		t.Fatal(err)
	}
	n := s.Numbers
	if got := cells(n.Channels) + "；" + cells(n.Occupations) + "；" + cells(n.Clauses); got != "网上填写 2，信函 1；农民 2，未填写 1；第1条 条文 1，第2条 条文 1，整个征求意见稿 2" {
		t.Errorf("numbers %s", got)
	}
	if len(s.Days) != 30 || !s.Days[29].Day.Equal(at("2025-05-07 00:00")) || s.Days[29].Count != 1 || s.Days[21].Count != 1 || s.Days[0].Count != 0 {
		t.Errorf("days %+v", s.Days)
	}
	if _, err := f.Stats(t.Context(), admin, subject, at("2025-05-08 00:00")); !errors.Is(err, apperr.ErrForbidden) {
		t.Errorf("an administrator reads statistics: %v", err)
	}
}
