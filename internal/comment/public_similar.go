package comment

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// countSimilar fills in how many published comments say nearly the same, each comment itself included. It reads a view
// that holds published comments alone, each group counted once and up to CountMost+1: a page must not cost more the more
// people sent the same.
func (s *Store) countSimilar(ctx context.Context, consultationID string, list []Public) error {
	if len(list) == 0 {
		return nil
	}
	numbers := make([]int, len(list))
	for i, c := range list {
		numbers[i] = c.Number
	}
	rows, err := s.DB.Query(ctx, `
		WITH mine AS (
		  SELECT number, group_id FROM published_group_member WHERE consultation_id = $1 AND number = ANY ($2)
		), sizes AS (
		  SELECT d.group_id, (SELECT count(*)
		                        FROM (SELECT FROM published_group_member o WHERE o.group_id = d.group_id LIMIT $3) AS counted) AS size
		    FROM (SELECT DISTINCT group_id FROM mine) d
		)
		SELECT number, size FROM mine JOIN sizes USING (group_id) WHERE size > 1`, consultationID, numbers, CountMost+1)
	if err != nil {
		return fmt.Errorf("count similar comments of %s: %w", consultationID, err)
	}
	sizes := make(map[int]int)
	var number, size int
	_, err = pgx.ForEachRow(rows, []any{&number, &size}, func() error {
		sizes[number] = size
		return nil
	})
	if err != nil {
		return fmt.Errorf("count similar comments of %s: %w", consultationID, err)
	}
	for i := range list {
		list[i].Similar = sizes[list[i].Number]
	}
	return nil
}
