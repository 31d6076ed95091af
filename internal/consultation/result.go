package consultation

import (
	"context"
	"fmt"
	"time"

	"wenji/internal/announce"
	"wenji/internal/apperr"

	"github.com/jackc/pgx/v5"
)

// Locked reads a consultation and keeps it from being changed by others until tx ends. Comments can still be stored:
// that is held back by their totals, not by the consultation. apperr.ErrNotFound: there is none.
func Locked(ctx context.Context, tx pgx.Tx, id string) (*Consultation, error) {
	if _, err := tx.Exec(ctx, `SELECT FROM consultation WHERE id = $1 FOR NO KEY UPDATE`, readable(id)); err != nil {
		return nil, fmt.Errorf("lock consultation %q: %w", id, err)
	}
	return read(ctx, tx, id)
}

// MarkResult notes the day on which a part of the result report was published, in the caller's transaction, and tells
// the page caches.
func MarkResult(ctx context.Context, tx pgx.Tx, id string, on time.Time) error {
	return mark(ctx, tx, `
		UPDATE consultation
		   SET result_on = $2, version = version + 1
		 WHERE id = $1`, id, on)
}

// Conclude marks a consultation as 已反馈 on a day, in the caller's transaction, and tells the page caches. Whoever calls it
// has locked the consultation and checked that nothing is left to be done. apperr.ErrConflict: it is concluded already,
// withdrawn, or not published.
func Conclude(ctx context.Context, tx pgx.Tx, id string, on time.Time) error {
	return mark(ctx, tx, `
		UPDATE consultation
		   SET concluded_on = $2, version = version + 1
		 WHERE id = $1
		   AND concluded_on IS NULL
		   AND withdrawn_at IS NULL
		   AND stage = 'published'`, id, on)
}

func mark(ctx context.Context, tx pgx.Tx, update, id string, on time.Time) error {
	done, err := tx.Exec(ctx, update, id, on.In(Shanghai).Format(time.DateOnly))
	if err != nil {
		return fmt.Errorf("mark consultation %s: %w", id, err)
	}
	if done.RowsAffected() != 1 {
		return fmt.Errorf("mark consultation %s: %w", id, apperr.ErrConflict)
	}
	return announce.Changed(ctx, tx, id)
}

// Read returns a consultation of any stage as tx sees it, or apperr.ErrNotFound.
func Read(ctx context.Context, tx pgx.Tx, id string) (*Consultation, error) { return read(ctx, tx, id) }
