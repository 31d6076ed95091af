package comment

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// SimilarMost is the highest count of comments in nearly the same words that a page tells. Each is looked up: a page of twenty
// from as many campaigns must not cost more than it shows.
const SimilarMost = 100

// detail fills in how many published comments say nearly the same, each comment itself included, and the official answers.
// It reads views that hold published comments alone, in one round trip.
func (s *Store) detail(ctx context.Context, consultationID string, list []Public) error {
	if len(list) == 0 {
		return nil
	}
	places := make(map[int]int, len(list))
	numbers := make([]int, len(list))
	for i, p := range list {
		numbers[i], places[p.Number] = p.Number, i
	}
	var b pgx.Batch
	countSimilar(&b, consultationID, numbers, func(number, size int) { list[places[number]].Similar = size })
	readReplies(&b, consultationID, numbers, func(number int, r Reply) { list[places[number]].Reply = &r })
	if err := s.DB.SendBatch(ctx, &b).Close(); err != nil {
		return fmt.Errorf("read what belongs to comments of %s: %w", consultationID, err)
	}
	return nil
}

// countSimilar queues the counting, each group once and up to SimilarMost+1. The counts are materialised: asked for whether
// they are above one, PostgreSQL would make them twice.
func countSimilar(b *pgx.Batch, consultationID string, numbers []int, found func(number, size int)) {
	b.Queue(`
		WITH mine AS MATERIALIZED (
		  SELECT number, group_id FROM published_group_member WHERE consultation_id = $1 AND number = ANY ($2::integer[])
		), sizes AS MATERIALIZED (
		  SELECT d.group_id, (SELECT count(*)
		                        FROM (SELECT FROM published_group_member o WHERE o.group_id = d.group_id LIMIT $3) AS counted) AS size
		    FROM (SELECT DISTINCT group_id FROM mine) d
		)
		SELECT number, size FROM mine JOIN sizes USING (group_id) WHERE size > 1`, consultationID, numbers, SimilarMost+1).
		Query(func(rows pgx.Rows) error {
			var number, size int
			_, err := pgx.ForEachRow(rows, []any{&number, &size}, func() error {
				found(number, size)
				return nil
			})
			return err
		})
}
