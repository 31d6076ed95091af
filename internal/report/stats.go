package report

import (
	"context"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/calendar"
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

// Stats counts the comments of one consultation. apperr.ErrNotFound is not given: an unknown one has none.
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
		if st.Days, err = countDays(ctx, tx, consultationID, last); err != nil {
			return fmt.Errorf("count comments of %s by day: %w", consultationID, err)
		}
		st.Numbers, err = count(ctx, tx, consultationID)
		return err
	})
	if err != nil {
		return nil, err
	}
	return st, nil
}

func countDays(ctx context.Context, tx pgx.Tx, consultationID string, last time.Time) ([]Day, error) {
	first := midnight(last).AddDate(0, 0, 1-daysShown)
	rows, err := tx.Query(ctx, `
		SELECT floor(extract(epoch FROM received_at - $2) / 86400)::int, count(*)
		  FROM comment
		 WHERE consultation_id = $1
		   AND received_at >= $2
		   AND received_at < $3
		 GROUP BY 1`, consultationID, first, first.AddDate(0, 0, daysShown))
	if err != nil {
		return nil, err
	}
	days := make([]Day, daysShown)
	for i := range days {
		days[i].Day = first.AddDate(0, 0, i)
	}
	var i, n int
	_, err = pgx.ForEachRow(rows, []any{&i, &n}, func() error { days[i].Count = n; return nil })
	return days, err
}

func midnight(t time.Time) time.Time {
	y, m, d := t.In(calendar.Shanghai).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, calendar.Shanghai)
}
