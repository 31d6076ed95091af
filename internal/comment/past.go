package comment

import (
	"context"
	"fmt"
	"time"

	"wenji/internal/apperr"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Past is a confirmed draft that is said to have arrived at a moment of the past.
type Past struct {
	Draft
	ReceivedAt time.Time
}

// pastSQL is insertSQL, without its $26 and taking all, with a given instant for each row ($13) in the place of the database's clock.
var pastSQL = insertInput + `, arrived AS (
  SELECT i.*, c.publication, given.now
    FROM input i
    JOIN unnest($13::timestamptz[]) WITH ORDINALITY AS given (now, ord) ON given.ord = i.ord
    JOIN consultation c ON c.id = i.consultation_id
   WHERE c.stage = 'published' AND (c.withdrawn_at IS NULL OR given.now < c.withdrawn_at) AND c.concluded_on IS NULL
     AND c.opens_at <= given.now AND given.now < c.closes_at
)` + insertArrived

// Stored is a comment's number and the state in which it was stored.
type Stored struct {
	Number int
	State  State // Published where 即时展示 let it pass by rule
}

// SubmitPast stores drafts as Submit does, by the same statements, but at the moments that they name, in the caller's
// transaction, and returns what became of each by its id. It is there to make data sets (wenji fill): what citizens send goes by
// the database's clock. A draft stored before keeps its number and stores nothing new. apperr.ErrClosed: one of them is
// not within its consultation's period, and none is stored.
func (s *Store) SubmitPast(ctx context.Context, tx pgx.Tx, list []Past) (map[uuid.UUID]Stored, error) {
	rows, times := make([]newComment, len(list)), make([]time.Time, len(list))
	for i, p := range list {
		var err error
		if rows[i], err = s.row(p.Draft); err != nil {
			return nil, err
		}
		times[i] = p.ReceivedAt
	}
	if err := s.freeCodes(ctx, tx, rows); err != nil {
		return nil, err
	}
	args, err := insertArgs(rows, times)
	if err != nil {
		return nil, err
	}
	results, err := insertAll(ctx, tx, pastSQL, args)
	if err != nil {
		return nil, err
	}
	if len(results) != len(list) {
		return nil, fmt.Errorf("%d of %d past comments are in time: %w", len(results), len(list), apperr.ErrClosed)
	}
	found := make(map[uuid.UUID]Stored, len(results))
	for id, r := range results {
		found[id] = Stored{r.number, r.state}
	}
	return found, nil
}
