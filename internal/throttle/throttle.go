// Package throttle counts tries per address, account or code, for all replicas together.
package throttle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/postgres"

	"github.com/jackc/pgx/v5"
)

// Limiter keeps counts in table tries, under keyed digests: the table holds no address or name. It only counts; what
// number is too many is the caller's rule. The database's clock, moved by DB.Skew, says when a window ends.
type Limiter struct {
	DB    *postgres.DB
	Index func(purpose, value string) []byte // vault.KeyRing.Index
}

// Count adds one try of key at what ("login address", "code", …) and returns how many there are in the present window
// and how long that window lasts yet. A window begins with its first try and lasts as long as that try said; the first
// try after its end begins the next. Counting and reading are one statement: no try is lost or seen twice.
func (l *Limiter) Count(ctx context.Context, what, key string, window time.Duration) (n int, reset time.Duration, err error) {
	err = l.DB.QueryRow(ctx, `
		INSERT INTO tries AS t (key, count, expires_at)
		VALUES ($1, 1, now() + $2::interval + $3::interval)
		ON CONFLICT (key) DO UPDATE
		   SET count      = CASE WHEN t.expires_at > now() + $2 THEN t.count + 1  ELSE 1 END,
		       expires_at = CASE WHEN t.expires_at > now() + $2 THEN t.expires_at ELSE excluded.expires_at END
		RETURNING count, expires_at - now() - $2`,
		l.digest(what, key), l.DB.Skew, window).Scan(&n, &reset)
	if err != nil {
		return 0, 0, fmt.Errorf("count a try at %s: %w", what, err)
	}
	return n, reset, nil
}

// Peek returns what Count last returned, without counting; 0, 0 when no window runs.
func (l *Limiter) Peek(ctx context.Context, what, key string) (n int, reset time.Duration, err error) {
	err = l.DB.QueryRow(ctx, `
		SELECT count, expires_at - now() - $2::interval
		  FROM tries
		 WHERE key = $1 AND expires_at > now() + $2`,
		l.digest(what, key), l.DB.Skew).Scan(&n, &reset)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("look at tries at %s: %w", what, err)
	}
	return n, reset, nil
}

// Reset forgets the tries of key at what, as after one that succeeded.
func (l *Limiter) Reset(ctx context.Context, what, key string) error {
	if _, err := l.DB.Exec(ctx, `DELETE FROM tries WHERE key = $1`, l.digest(what, key)); err != nil {
		return fmt.Errorf("forget tries at %s: %w", what, err)
	}
	return nil
}

const purgeBatch = 10000

// Purge deletes the counts of windows that have ended, a batch at a time, so that a flood of addresses does not fill
// the table. Rows being counted at the moment are left for next time.
func (l *Limiter) Purge(ctx context.Context) error {
	for {
		tag, err := l.DB.Exec(ctx, `
			DELETE FROM tries
			 WHERE key IN (SELECT key
			                 FROM tries
			                WHERE expires_at <= now() + $1::interval
			                ORDER BY expires_at
			                LIMIT $2
			                  FOR UPDATE SKIP LOCKED)`, l.DB.Skew, purgeBatch)
		if err != nil {
			return fmt.Errorf("purge tries: %w", err)
		}
		if tag.RowsAffected() < purgeBatch {
			return nil
		}
	}
}

func (l *Limiter) digest(what, key string) []byte { return l.Index("tries/"+what, key) }
