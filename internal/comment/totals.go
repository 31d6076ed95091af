package comment

import (
	"context"
	"errors"
	"fmt"

	"wenji/internal/apperr"

	"github.com/jackc/pgx/v5"
)

// Totals are the running totals of one consultation, by state.
type Totals struct {
	Received  int // waiting for review
	Published int
	Withheld  int
	Declined  int
}

// All is the number of comments of every state.
func (t Totals) All() int { return t.Received + t.Published + t.Withheld + t.Declined }

// ReadTotals reads the totals as of tx; an unknown consultation has none.
func ReadTotals(ctx context.Context, tx pgx.Tx, consultationID string) (Totals, error) {
	t, err := readTotals(ctx, tx, consultationID, `
		SELECT received, published, withheld, declined
		  FROM comment_count
		 WHERE consultation_id = $1`)
	if errors.Is(err, apperr.ErrNotFound) {
		return Totals{}, nil
	}
	return t, err
}

// LockTotals reads the totals and keeps every comment of the consultation from being stored or moved until tx ends.
// apperr.ErrNotFound: no such consultation.
func LockTotals(ctx context.Context, tx pgx.Tx, consultationID string) (Totals, error) {
	return readTotals(ctx, tx, consultationID, `
		SELECT received, published, withheld, declined
		  FROM comment_count
		 WHERE consultation_id = $1
		   FOR NO KEY UPDATE`)
}

// Conclude closes the consultation's numbers for good: from the commit of tx on no comment is stored in it, by whatever
// channel and however long ago its storing began. It locks like LockTotals.
func Conclude(ctx context.Context, tx pgx.Tx, consultationID string) (Totals, error) {
	return readTotals(ctx, tx, consultationID, `
		UPDATE comment_count
		   SET concluded = true
		 WHERE consultation_id = $1
		RETURNING received, published, withheld, declined`)
}

func readTotals(ctx context.Context, tx pgx.Tx, consultationID, query string) (Totals, error) {
	var t Totals
	err := tx.QueryRow(ctx, query, consultationID).Scan(&t.Received, &t.Published, &t.Withheld, &t.Declined)
	if errors.Is(err, pgx.ErrNoRows) {
		return Totals{}, apperr.ErrNotFound
	}
	if err != nil {
		return Totals{}, fmt.Errorf("read the totals of %s: %w", consultationID, err)
	}
	return t, nil
}
