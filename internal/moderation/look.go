package moderation

import (
	"context"
	"time"

	"wenji/internal/staff"

	"github.com/jackc/pgx/v5"
)

// Look counts one look of the member at personal data outside of Reveal, such as at the scan of a letter, against the same
// quota, and warns as Reveal does. within is false beyond the quota, limit: nothing may be shown then.
func (s *Store) Look(ctx context.Context, tx pgx.Tx, by staff.Member, at time.Time) (within bool, limit int, err error) {
	q, err := takeReveal(ctx, tx, by, at)
	if err != nil {
		return false, 0, err
	}
	s.warn(by, q)
	return !q.refused, q.limit, nil
}
