package comment

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Handling is how far the office has got with a comment besides its state.
type Handling int16

const (
	Untouched Handling = iota
	InHand             // handed over, or an answer drafted
	Proposed           // an answer is before an approver, or was sent back by one
	Answered           // an answer is approved
)

// HandlingOf is the Handling of the comment c.id as it follows from its hand-overs and answers, in SQL.
const HandlingOf = `CASE WHEN EXISTS (SELECT FROM disposition d WHERE d.comment_id = c.id AND d.status = 'approved') THEN 3
            WHEN EXISTS (SELECT FROM disposition d WHERE d.comment_id = c.id AND d.status IN ('submitted', 'returned')) THEN 2
            WHEN EXISTS (SELECT FROM disposition d WHERE d.comment_id = c.id)
              OR EXISTS (SELECT FROM referral r WHERE r.comment_id = c.id AND r.state <> 'returned') THEN 1
            ELSE 0 END::smallint`

// SetHandling keeps how far comments are, and the totals that rest on it, in step with an act on them in the same tx: as
// far as the values differ from what is kept. The caller has locked the comments. Totals are locked after comments, as
// Transition does.
func SetHandling(ctx context.Context, tx pgx.Tx, values map[uuid.UUID]Handling) error {
	ids := make([]uuid.UUID, 0, len(values))
	for id := range values {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return strings.Compare(string(a[:]), string(b[:])) })
	wanted := make([]Handling, len(ids))
	for i, id := range ids {
		wanted[i] = values[id]
	}
	_, err := tx.Exec(ctx, `
		WITH before AS MATERIALIZED (
		  SELECT c.id, c.consultation_id, c.state, c.handling AS was, w.handling
		    FROM unnest($1::uuid[], $2::smallint[]) AS w (id, handling)
		    JOIN comment c ON c.id = w.id AND c.handling <> w.handling
		), moved AS (
		  UPDATE comment c SET handling = b.handling FROM before b WHERE c.id = b.id
		), sums AS (
		  SELECT consultation_id,
		         sum((handling > 0)::int - (was > 0)::int) FILTER (WHERE state IN ('published', 'withheld')) AS handled,
		         sum((handling = 3)::int - (was = 3)::int) FILTER (WHERE state = 'published') AS answered
		    FROM before
		   GROUP BY consultation_id
		)
		UPDATE comment_count k
		   SET handled = k.handled + coalesce(s.handled, 0), answered = k.answered + coalesce(s.answered, 0)
		  FROM sums s
		 WHERE k.consultation_id = s.consultation_id AND (s.handled <> 0 OR s.answered <> 0)`, ids, wanted)
	if err != nil {
		return fmt.Errorf("keep the handling of %d comments: %w", len(ids), err)
	}
	return nil
}

// CountOutcomes adds to, or takes from, the numbers of comments by what became of them, in the transaction that approves
// answers. Parallel lists; changes may be negative.
func CountOutcomes(ctx context.Context, tx pgx.Tx, consultations, outcomes []string, changes []int) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO comment_tally AS t (consultation_id, kind, key, count)
		SELECT c.consultation_id, 'outcome', c.outcome, sum(c.change)
		  FROM unnest($1::text[], $2::text[], $3::integer[]) AS c (consultation_id, outcome, change)
		 GROUP BY c.consultation_id, c.outcome
		 ORDER BY c.consultation_id, c.outcome
		ON CONFLICT (consultation_id, kind, key) DO UPDATE SET count = t.count + excluded.count`, consultations, outcomes, changes)
	if err != nil {
		return fmt.Errorf("count outcomes: %w", err)
	}
	return nil
}
