package similar

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// addSketches stores what is known of comments, and counts those in words that others have too, by the minute: a burst of
// the same words is then found without looking at all comments of a day. When words come for the second time, the first
// comment in them is counted too. Only what came since a moment is counted.
func addSketches(ctx context.Context, tx pgx.Tx, consultationID string, ids [][16]byte, digests [][]byte, times []time.Time,
	since time.Time) error {
	_, err := tx.Exec(ctx, `
		WITH added AS (
		  INSERT INTO comment_sketch (comment_id, consultation_id, digest, received_at)
		  SELECT id, $1, digest, received_at
		    FROM unnest($2::uuid[], $3::bytea[], $4::timestamptz[]) AS s (id, digest, received_at)
		  ON CONFLICT DO NOTHING
		  RETURNING digest, received_at
		), fresh AS MATERIALIZED (
		  SELECT digest, date_trunc('minute', received_at) AS minute, count(*) AS comments
		    FROM added
		   WHERE received_at >= $5
		   GROUP BY 1, 2
		), words AS MATERIALIZED (
		  SELECT digest, sum(comments) AS comments,
		         EXISTS (SELECT FROM comment_repeat r WHERE r.consultation_id = $1 AND r.digest = f.digest) AS counted
		    FROM fresh f
		   GROUP BY digest
		), earlier AS MATERIALIZED (
		  SELECT w.digest, s.minute, s.comments
		    FROM words w,
		         LATERAL (SELECT date_trunc('minute', received_at) AS minute, count(*) AS comments
		                    FROM comment_sketch
		                   WHERE consultation_id = $1 AND digest = w.digest AND received_at >= $5
		                   GROUP BY 1) AS s
		   WHERE NOT w.counted
		)
		INSERT INTO comment_repeat AS r (consultation_id, digest, minute, count)
		SELECT $1, digest, minute, sum(comments)
		  FROM (SELECT * FROM fresh UNION ALL SELECT * FROM earlier) AS every
		 WHERE digest IN (SELECT digest FROM words WHERE counted OR comments > 1 UNION ALL SELECT digest FROM earlier)
		 GROUP BY digest, minute
		ON CONFLICT (consultation_id, digest, minute) DO UPDATE SET count = r.count + excluded.count`,
		consultationID, ids, digests, times, since)
	if err != nil {
		return fmt.Errorf("store sketches of %d comments of %s: %w", len(ids), consultationID, err)
	}
	return nil
}

// repeatsCompared is how far back the counts of repeated words are compared with the comments.
const repeatsCompared = 2 * 24 * time.Hour

// wrongRepeats is the kind of difference that tells how many wordings are counted wrong.
const wrongRepeats = "group_repeats"

// repeatsSQL compares, since the moment $2, the counts of repeated words of a consultation with its comments.
const repeatsSQL = `
SELECT $1, 'group_repeats', '', 0, count(*)::integer
  FROM (SELECT digest, count(*) AS comments FROM comment_sketch WHERE consultation_id = $1 AND received_at >= $2 GROUP BY digest) AS s
  FULL JOIN (SELECT digest, sum(count) AS comments FROM comment_repeat WHERE consultation_id = $1 AND minute >= $2 GROUP BY digest) AS r
    USING (digest)
 WHERE s.comments IS DISTINCT FROM r.comments AND (r.comments IS NOT NULL OR s.comments > 1)
HAVING count(*) > 0`

// comparedSince is the whole minute from which repeats are compared.
func comparedSince(now time.Time) time.Time { return now.Add(-repeatsCompared).Truncate(time.Minute) }

// recountRepeats counts the repeated words of a consultation anew, under the lock of its groups.
func recountRepeats(ctx context.Context, tx pgx.Tx, consultationID string, since time.Time) error {
	if _, err := tx.Exec(ctx, `DELETE FROM comment_repeat WHERE consultation_id = $1`, consultationID); err != nil {
		return fmt.Errorf("count repeated words of %s anew: %w", consultationID, err)
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO comment_repeat (consultation_id, digest, minute, count)
		SELECT $1, digest, date_trunc('minute', received_at), count(*)
		  FROM (SELECT digest, received_at, count(*) OVER (PARTITION BY digest) AS same
		          FROM comment_sketch
		         WHERE consultation_id = $1 AND received_at >= $2) AS recent
		 WHERE same > 1
		 GROUP BY 2, 3`, consultationID, since)
	if err != nil {
		return fmt.Errorf("count repeated words of %s anew: %w", consultationID, err)
	}
	return nil
}
