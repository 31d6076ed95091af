package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Backlog is what has not gone out.
type Backlog struct {
	Waiting int        // messages to be sent, counted up to 100,000
	Oldest  *time.Time // since when the oldest of them waits; nil: none
	Failed  int        // messages given up within the last day, counted up to 10,000
}

// ReadBacklog reads it as of now, from indexes that hold the waiting and the failed alone.
func ReadBacklog(ctx context.Context, tx pgx.Tx, now time.Time) (Backlog, error) {
	var b Backlog
	err := tx.QueryRow(ctx, `
		SELECT w.n, w.oldest, f.n
		  FROM (SELECT count(*) AS n, min(created_at) AS oldest
		          FROM (SELECT created_at
		                  FROM outbox
		                 WHERE sent_at IS NULL AND failed_at IS NULL AND skipped_at IS NULL
		                 ORDER BY due_at, id
		                 LIMIT 100000) AS o) AS w,
		       (SELECT count(*) AS n
		          FROM (SELECT FROM outbox WHERE failed_at > $1 ORDER BY failed_at DESC, id LIMIT 10000) AS o) AS f`,
		now.AddDate(0, 0, -1)).Scan(&b.Waiting, &b.Oldest, &b.Failed)
	if err != nil {
		return Backlog{}, fmt.Errorf("count messages: %w", err)
	}
	return b, nil
}
