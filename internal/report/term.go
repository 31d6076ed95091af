package report

import (
	"context"
	"time"
)

// ReviewTerm is how long a comment may have waited for its review at this moment before it is late: five working days, in
// real time.
func (s *Store) ReviewTerm(ctx context.Context) (time.Duration, error) {
	days, err := s.Calendar.Calendar(ctx)
	if err != nil {
		return 0, err
	}
	now := s.now()
	return now.Sub(lateBefore(days, now, reviewDays)), nil
}
