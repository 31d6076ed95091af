package export

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Backlog counts the exports that wait for an approval, for a worker, or are being made.
func Backlog(ctx context.Context, tx pgx.Tx) (map[State]int, error) {
	counts := map[State]int{Waiting: 0, Queued: 0, Running: 0}
	rows, err := tx.Query(ctx, `
		SELECT state, count(*) FROM export WHERE state IN ('queued', 'running') GROUP BY state
		UNION ALL
		SELECT 'waiting', count(*) FROM (SELECT FROM export WHERE state = 'waiting' LIMIT 1000) AS w`)
	if err != nil {
		return nil, fmt.Errorf("count exports: %w", err)
	}
	var (
		state State
		n     int
	)
	_, err = pgx.ForEachRow(rows, []any{&state, &n}, func() error {
		counts[state] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count exports: %w", err)
	}
	return counts, nil
}
