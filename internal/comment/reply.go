package comment

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Reply is the official answer to a published comment, once approved (官方答复).
type Reply struct {
	Unit    string // in whose name it is given
	Outcome string // code of what became of the comment; see validate.OutcomeText
	Reason  string
	Answer  string
	At      time.Time // approved
}

// readReplies queues the reading of published comments' answers. It reads the view published_reply alone.
func readReplies(b *pgx.Batch, consultationID string, numbers []int, found func(number int, r Reply)) {
	b.Queue(`
		SELECT number, unit, outcome, reason, answer, approved_at
		  FROM published_reply
		 WHERE consultation_id = $1 AND number = ANY ($2::integer[])`, consultationID, numbers).
		Query(func(rows pgx.Rows) error {
			var number int
			var r Reply
			_, err := pgx.ForEachRow(rows, []any{&number, &r.Unit, &r.Outcome, &r.Reason, &r.Answer, &r.At}, func() error {
				found(number, r)
				return nil
			})
			return err
		})
}

// AnsweredCount is the number of published comments of a consultation that have an official answer.
func (s *Store) AnsweredCount(ctx context.Context, consultationID string) (int, error) {
	var n int
	err := s.DB.QueryRow(ctx, `SELECT coalesce(sum(answered), 0) FROM comment_count WHERE consultation_id = $1`, consultationID).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count replies of %s: %w", consultationID, err)
	}
	return n, nil
}
