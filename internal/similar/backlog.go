package similar

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Backlog counts the comments that have not been looked at for a group yet.
func Backlog(ctx context.Context, tx pgx.Tx) (int, error) {
	var n int
	err := tx.QueryRow(ctx, `
		SELECT coalesce(sum(k.last_number - coalesce(p.last_number, 0)), 0)
		  FROM comment_count k
		  LEFT JOIN similar_progress p ON p.consultation_id = k.consultation_id`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count comments to group: %w", err)
	}
	return n, nil
}
