package report

import (
	"context"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/calendar"
	"wenji/internal/comment"
	"wenji/internal/staff"

	"github.com/jackc/pgx/v5"
)

// Stats are the figures behind the charts of one consultation, for the desk: small groups are not merged.
type Stats struct {
	Days    []Day // daysShown of them, the last one the day of now or, once closed, the last of the period
	Numbers Numbers
}

// Day is what was received on one day in Asia/Shanghai.
type Day struct {
	Day   time.Time // its midnight
	Count int
}

const daysShown = 30

// Stats reads the counters of one consultation: it costs the same however many comments there are. apperr.ErrNotFound is not given: an unknown one has none.
func (s *Store) Stats(ctx context.Context, by staff.Member, consultationID string, closesAt time.Time) (*Stats, error) {
	if !by.Can(staff.ReadComments) {
		return nil, apperr.ErrForbidden
	}
	last := s.now()
	if last.After(closesAt) {
		last = closesAt.Add(-time.Nanosecond)
	}
	st := &Stats{}
	err := s.DB.InSnapshot(ctx, func(tx pgx.Tx) (err error) {
		tally, err := comment.ReadTally(ctx, tx, consultationID)
		if err != nil {
			return err
		}
		st.Days = daysOf(tally, last)
		st.Numbers, err = runningNumbers(ctx, tx, consultationID, tally)
		return err
	})
	if err != nil {
		return nil, err
	}
	return st, nil
}

func daysOf(tally comment.Tally, last time.Time) []Day {
	first := midnight(last).AddDate(0, 0, 1-daysShown)
	days := make([]Day, daysShown)
	for i := range days {
		days[i].Day = first.AddDate(0, 0, i)
		days[i].Count = tally[comment.ByDay][days[i].Day.Format(time.DateOnly)]
	}
	return days
}

func midnight(t time.Time) time.Time {
	y, m, d := t.In(calendar.Shanghai).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, calendar.Shanghai)
}
