package comment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/apperr"
	"wenji/internal/postgres"

	"github.com/jackc/pgx/v5"
)

// Backlog is what waits in all consultations together.
type Backlog struct {
	Waiting   int        // comments to be reviewed
	Oldest    *time.Time // when the one that waits longest was received; nil: none waits
	Unindexed int        // comments the search has yet to read, new and changed
}

// ReadBacklog reads it from running totals and from the ends of indexes: its cost does not grow with the comments.
func ReadBacklog(ctx context.Context, tx pgx.Tx) (Backlog, error) {
	var b Backlog
	err := tx.QueryRow(ctx, `
		SELECT coalesce(sum(k.received), 0), coalesce(sum(k.last_number - coalesce(m.number, 0)), 0),
		       (SELECT received_at FROM comment WHERE state = 'received' ORDER BY received_at, id LIMIT 1)
		  FROM comment_count k
		  LEFT JOIN comment_search_mark m ON m.consultation_id = k.consultation_id`).Scan(&b.Waiting, &b.Unindexed, &b.Oldest)
	if err != nil {
		return Backlog{}, fmt.Errorf("count what waits: %w", err)
	}
	var changed int
	err = tx.QueryRow(ctx, `
		SELECT count(*) FROM (SELECT FROM comment_search_stale LIMIT $1) AS s`, staleMost).Scan(&changed)
	if err != nil {
		return Backlog{}, fmt.Errorf("count comments to index again: %w", err)
	}
	b.Unindexed += changed
	return b, nil
}

// staleMost bounds the count of changed comments.
const staleMost = 10000

// Outcomes counts what became of submissions in this process since its start.
type Outcomes struct {
	Acknowledged int64 // a receipt was given
	Refused      int64 // the consultation is not open, or the form was stored with other words
	Failed       int64 // nothing was stored, and the citizen was told so
	Unknown      int64 // it may have been stored or not, and the citizen was told so
}

// Outcomes returns the counts.
func (s *Store) Outcomes() Outcomes {
	return Outcomes{s.acknowledged.Load(), s.refused.Load(), s.failed.Load(), s.unknown.Load()}
}

// QueueLength is how many comments wait for the writer of this process at this moment, and how many may.
func (s *Store) QueueLength() (waiting, most int) { return len(s.queue), cap(s.queue) }

func (s *Store) countOutcome(err error) {
	switch {
	case err == nil:
		s.acknowledged.Add(1)
	case errors.Is(err, apperr.ErrClosed), errors.Is(err, apperr.ErrConflict):
		s.refused.Add(1)
	case errors.Is(err, postgres.ErrUnconfirmed):
		s.unknown.Add(1)
	default:
		s.failed.Add(1)
	}
}
