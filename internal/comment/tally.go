package comment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/postgres"

	"github.com/jackc/pgx/v5"
)

// Kinds of a Tally.
const (
	ByDay        = "day"        // of arrival in Asia/Shanghai, as 2025-05-07
	ByChannel    = "channel"    // one of validate.Channels
	ByOccupation = "occupation" // "" where it is not known
	ByClause     = "clause"     // its id; "" is the whole draft. A comment on three clauses is counted three times
	ByOutcome    = "outcome"    // of the approved disposition
)

// Tally is how many comments of a consultation there are, by kind and key.
type Tally map[string]map[string]int

// tallyMost is how many comments one step of the worker counts.
const tallyMost = 5000

// tallyCells counts the comments of one consultation between two numbers. What it counts by never changes.
const tallyCells = `
  SELECT 'day' AS kind, ((received_at AT TIME ZONE 'Asia/Shanghai')::date)::text AS key, count(*) AS n FROM batch GROUP BY 2
   UNION ALL
  SELECT 'channel', channel, count(*) FROM batch GROUP BY 2
   UNION ALL
  SELECT 'occupation', occupation, count(*) FROM batch GROUP BY 2
   UNION ALL
  SELECT 'clause', coalesce(clause_id::text, ''), count(*)
    FROM batch LEFT JOIN LATERAL unnest(clause_ids) AS clause_id ON true
   GROUP BY 2`

// tallyOnce counts what is new in one consultation, or compares the counters of one with its rows, and returns how many
// comments were counted.
func (s *Store) tallyOnce(ctx context.Context) (n int, err error) {
	err = s.DB.InTx(ctx, func(tx pgx.Tx) (err error) {
		n, err = tallyFresh(ctx, tx)
		return err
	})
	if err != nil || n > 0 {
		return n, err
	}
	return 0, s.recheck(ctx)
}

// TallyBulk is one step of the counting that Index does, for stores that have grown by much; 0 when nothing is left to
// count that nobody else has in hand.
func (s *Store) TallyBulk(ctx context.Context) (n int, err error) {
	for range 2 { // the first look may have found consultations without a mark
		err = s.DB.InTx(ctx, func(tx pgx.Tx) (err error) {
			n, err = tallyFresh(ctx, tx)
			return err
		})
		if n > 0 || err != nil {
			return n, err
		}
	}
	return 0, nil
}

// tallyFresh counts on where the tally of one consultation ends, and returns how many comments that were. Numbers are
// given under a lock that is held to the commit, so whoever sees the last one sees all before it.
func tallyFresh(ctx context.Context, tx pgx.Tx) (int, error) {
	var consultationID string
	var mark, last int
	err := tx.QueryRow(ctx, `
		SELECT m.consultation_id, m.number, least(k.last_number, m.number + $1)
		  FROM comment_tally_mark m
		  JOIN comment_count k ON k.consultation_id = m.consultation_id AND k.last_number > m.number
		 LIMIT 1
		   FOR UPDATE OF m SKIP LOCKED`, tallyMost).Scan(&consultationID, &mark, &last)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, beginTallies(ctx, tx)
	}
	if err != nil {
		return 0, fmt.Errorf("look for comments to count: %w", err)
	}
	_, err = tx.Exec(ctx, `
		WITH batch AS MATERIALIZED (
		  SELECT received_at, channel, occupation, clause_ids
		    FROM comment
		   WHERE consultation_id = $1 AND number > $2 AND number <= $3
		), counted AS (
		  INSERT INTO comment_tally AS t (consultation_id, kind, key, count)
		  SELECT $1, kind, key, n FROM (`+tallyCells+`) AS cells
		  ON CONFLICT (consultation_id, kind, key) DO UPDATE SET count = t.count + excluded.count
		)
		UPDATE comment_tally_mark SET number = $3 WHERE consultation_id = $1`, consultationID, mark, last)
	if err != nil {
		return 0, fmt.Errorf("count comments of %s: %w", consultationID, err)
	}
	return last - mark, nil
}

// beginTallies makes the marks of new consultations, from the next round on.
func beginTallies(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO comment_tally_mark (consultation_id)
		SELECT k.consultation_id
		  FROM comment_count k
		 WHERE k.last_number > 0 AND NOT EXISTS (SELECT FROM comment_tally_mark m WHERE m.consultation_id = k.consultation_id)
		ON CONFLICT DO NOTHING`)
	if err != nil {
		return fmt.Errorf("begin to count: %w", err)
	}
	return nil
}

// querier is the pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// ReadTally reads how many comments of a consultation there are: what the worker has counted, and what came since.
func ReadTally(ctx context.Context, q querier, consultationID string) (Tally, error) {
	rows, err := q.Query(ctx, `
		WITH batch AS MATERIALIZED (
		  SELECT received_at, channel, occupation, clause_ids
		    FROM comment
		   WHERE consultation_id = $1
		     AND number > coalesce((SELECT number FROM comment_tally_mark WHERE consultation_id = $1), 0)
		)
		SELECT kind, key, sum(n)::integer
		  FROM (SELECT kind, key, count AS n FROM comment_tally WHERE consultation_id = $1
		         UNION ALL`+tallyCells+`) AS cells
		 GROUP BY kind, key
		HAVING sum(n) > 0`, consultationID)
	if err != nil {
		return nil, fmt.Errorf("read the tally of %s: %w", consultationID, err)
	}
	t := Tally{}
	var kind, key string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&kind, &key, &n}, func() error {
		if t[kind] == nil {
			t[kind] = map[string]int{}
		}
		t[kind][key] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the tally of %s: %w", consultationID, err)
	}
	return t, nil
}

// ReceivedOn counts the comments of all consultations that arrived on a day, whatever became of them.
func ReceivedOn(ctx context.Context, db *postgres.DB, day time.Time) (n int, err error) {
	err = db.QueryRow(ctx, `
		SELECT coalesce((SELECT sum(t.count)
		                   FROM comment_count k
		                   JOIN comment_tally t ON t.consultation_id = k.consultation_id AND t.kind = 'day' AND t.key = $1), 0)
		       + (SELECT count(*)
		            FROM comment_count k
		            LEFT JOIN comment_tally_mark m ON m.consultation_id = k.consultation_id
		            JOIN comment c ON c.consultation_id = k.consultation_id AND c.number > coalesce(m.number, 0)
		           WHERE k.last_number > coalesce(m.number, 0)
		             AND (c.received_at AT TIME ZONE 'Asia/Shanghai')::date::text = $1)`, day.Format(time.DateOnly)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count what was received on %s: %w", day.Format(time.DateOnly), err)
	}
	return n, nil
}
