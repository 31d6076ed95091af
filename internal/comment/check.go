package comment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/postgres"

	"github.com/jackc/pgx/v5"
)

// CountDifference is a counter that does not agree with the rows it stands for.
type CountDifference struct {
	ConsultationID string
	Kind, Key      string // state, handled, answered, decided, handling (comments whose own mark is wrong), clause_count, or a kind of Tally
	Kept, Rows     int
}

// differencesSQL compares every counter of a consultation with its rows. All of it is of one instant, so that comments
// which arrive or are decided meanwhile make no difference.
const differencesSQL = `
WITH c AS MATERIALIZED (
  SELECT c.id, c.number, c.state, c.received_at, c.channel, c.occupation, c.clause_ids, c.handling, c.decided_by, c.decided_at,
         CASE WHEN d.approved THEN 3 WHEN d.proposed THEN 2 WHEN d.comment_id IS NOT NULL OR r.comment_id IS NOT NULL THEN 1 ELSE 0
          END AS wanted
    FROM comment c
    LEFT JOIN (SELECT comment_id, bool_or(status = 'approved') AS approved, bool_or(status IN ('submitted', 'returned')) AS proposed
                 FROM disposition WHERE consultation_id = $1 GROUP BY comment_id) AS d ON d.comment_id = c.id
    LEFT JOIN (SELECT DISTINCT comment_id FROM referral WHERE consultation_id = $1 AND state <> 'returned') AS r ON r.comment_id = c.id
   WHERE c.consultation_id = $1
), batch AS (
  SELECT * FROM c WHERE number <= coalesce((SELECT number FROM comment_tally_mark WHERE consultation_id = $1), 0)
), rows AS (` + tallyCells + `
   UNION ALL
  SELECT 'outcome', outcome, count(*) FROM disposition WHERE consultation_id = $1 AND status = 'approved' GROUP BY 2
   UNION ALL
  SELECT 'state', state, count(*) FROM c GROUP BY 2
   UNION ALL
  SELECT 'handled', '', count(*) FROM c WHERE wanted > 0 AND state IN ('published', 'withheld')
   UNION ALL
  SELECT 'answered', '', count(*) FROM c WHERE wanted = 3 AND state = 'published'
   UNION ALL
  SELECT 'decided', '', count(*)
    FROM c
   WHERE decided_by <> '' AND (decided_at AT TIME ZONE 'Asia/Shanghai')::date = (SELECT decided_on FROM comment_count WHERE consultation_id = $1)
   UNION ALL
  SELECT 'handling', '', count(*) FROM c WHERE handling <> wanted
   UNION ALL
  SELECT 'clause_count', clause_id::text, count(*) FROM c, unnest(c.clause_ids) AS clause_id WHERE state = 'published' GROUP BY 2
), kept AS (
  SELECT kind, key, count AS n FROM comment_tally WHERE consultation_id = $1
   UNION ALL
  SELECT s.kind, s.key, s.n
    FROM comment_count k,
         LATERAL (VALUES ('state', 'received', k.received), ('state', 'published', k.published), ('state', 'withheld', k.withheld),
                         ('state', 'declined', k.declined), ('handled', '', k.handled), ('answered', '', k.answered),
                         ('decided', '', k.decided)) AS s (kind, key, n)
   WHERE k.consultation_id = $1
   UNION ALL
  SELECT 'clause_count', clause_id::text, published FROM clause_count WHERE consultation_id = $1
)
SELECT $1, kind, key, coalesce(kept.n, 0)::integer, coalesce(rows.n, 0)::integer
  FROM kept FULL JOIN rows USING (kind, key)
 WHERE coalesce(kept.n, 0) <> coalesce(rows.n, 0)
 ORDER BY kind, key
 LIMIT 100`

func differences(ctx context.Context, q querier, consultationID string) ([]CountDifference, error) {
	rows, err := q.Query(ctx, differencesSQL, consultationID)
	if err != nil {
		return nil, fmt.Errorf("compare the counters of %s: %w", consultationID, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[CountDifference])
	if err != nil {
		return nil, fmt.Errorf("compare the counters of %s: %w", consultationID, err)
	}
	return list, nil
}

// CheckCounters compares the counters of all consultations with their rows, one consultation at a time so that none is
// held up, and returns how many consultations there are and what does not agree.
func CheckCounters(ctx context.Context, db *postgres.DB) (checked int, list []CountDifference, err error) {
	rows, err := db.Query(ctx, `SELECT consultation_id FROM comment_count ORDER BY consultation_id`)
	if err != nil {
		return 0, nil, fmt.Errorf("list the counters: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return 0, nil, fmt.Errorf("list the counters: %w", err)
	}
	for _, id := range ids {
		found, err := differences(ctx, db, id)
		if err != nil {
			return 0, nil, err
		}
		list = append(list, found...)
	}
	return len(ids), list, nil
}

// checkEvery is how often the counters of a consultation are compared with its rows.
const checkEvery = 24 * time.Hour

// recheck compares the counters of one consultation whose turn it is, and sets them right where a program older than a
// counter has changed its rows: while replicas are upgraded one after the other, the old ones go on working.
func (s *Store) recheck(ctx context.Context) error {
	return s.DB.InTx(ctx, func(tx pgx.Tx) error {
		var id string
		err := tx.QueryRow(ctx, `
			SELECT consultation_id
			  FROM comment_tally_mark
			 WHERE checked_at < now() - $1::interval
			 LIMIT 1
			   FOR UPDATE SKIP LOCKED`, checkEvery).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look for counters to compare: %w", err)
		}
		list, err := differences(ctx, tx, id)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			if err := Recount(ctx, tx, id); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `UPDATE comment_tally_mark SET checked_at = now() WHERE consultation_id = $1`, id); err != nil {
			return fmt.Errorf("note that the counters of %s agree: %w", id, err)
		}
		return nil
	})
}

// decidedDay is the day on which a person decided a comment c; null where nobody did.
const decidedDay = `CASE WHEN c.decided_by <> '' THEN (c.decided_at AT TIME ZONE 'Asia/Shanghai')::date END`

// Recount sets all counters of a consultation anew from its rows, and lets the worker count the tallies again. Until tx
// ends no comment of it is stored or decided.
func Recount(ctx context.Context, tx pgx.Tx, consultationID string) error {
	for _, sql := range []string{
		`SELECT FROM comment_tally_mark WHERE consultation_id = $1 FOR UPDATE`,
		`UPDATE comment c SET handling = ` + HandlingOf + ` WHERE c.consultation_id = $1 AND c.handling <> ` + HandlingOf,
		`SELECT FROM comment_count WHERE consultation_id = $1 FOR NO KEY UPDATE`, // after comments, as everywhere
		`UPDATE comment_count k
		    SET (received, published, withheld, declined, handled, answered, decided_on, decided) =
		        (SELECT count(*) FILTER (WHERE state = 'received'), count(*) FILTER (WHERE state = 'published'),
		                count(*) FILTER (WHERE state = 'withheld'), count(*) FILTER (WHERE state = 'declined'),
		                count(*) FILTER (WHERE handling > 0 AND state IN ('published', 'withheld')),
		                count(*) FILTER (WHERE handling = 3 AND state = 'published'),
		                coalesce(max(` + decidedDay + `), '0001-01-01'),
		                count(*) FILTER (WHERE ` + decidedDay + ` = (SELECT max(` + decidedDay + `) FROM comment c WHERE c.consultation_id = k.consultation_id))
		           FROM comment c
		          WHERE c.consultation_id = k.consultation_id)
		  WHERE k.consultation_id = $1`,
		`DELETE FROM clause_count WHERE consultation_id = $1`,
		`INSERT INTO clause_count (consultation_id, clause_id, published)
		 SELECT c.consultation_id, clause_id, count(*)
		   FROM comment c, unnest(c.clause_ids) AS clause_id
		  WHERE c.consultation_id = $1 AND c.state = 'published'
		  GROUP BY c.consultation_id, clause_id`,
		`DELETE FROM comment_tally WHERE consultation_id = $1`,
		`UPDATE comment_tally_mark SET number = 0 WHERE consultation_id = $1`,
		`INSERT INTO comment_tally (consultation_id, kind, key, count)
		 SELECT consultation_id, 'outcome', outcome, count(*)
		   FROM disposition
		  WHERE consultation_id = $1 AND status = 'approved'
		  GROUP BY consultation_id, outcome`,
	} {
		if _, err := tx.Exec(ctx, sql, consultationID); err != nil {
			return fmt.Errorf("count %s anew: %w", consultationID, err)
		}
	}
	return nil
}
