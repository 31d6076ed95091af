package comment

import (
	"context"
	"errors"
	"fmt"

	"wenji/internal/apperr"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ClauseIDs are the ids of the clauses that a comment is about, those that a later version of the draft no longer has
// too. apperr.ErrNotFound: no such comment.
func (s *Store) ClauseIDs(ctx context.Context, id uuid.UUID) (ids []uuid.UUID, err error) {
	err = s.DB.QueryRow(ctx, `SELECT clause_ids FROM comment WHERE id = $1`, id).Scan(&ids)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, apperr.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the clauses of a comment: %w", err)
	}
	return ids, nil
}
