package similar

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wenji/internal/comment"
	"wenji/internal/postgres"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// knownComments are the comments $2 as a member keeps them. They are locked until the transaction ends, so that none is
// decided between this look and the row of the member, which the decision then finds (Moved).
const knownComments = `
		  SELECT c.id, c.number, c.state = 'received' AS waiting, c.clause_ids
		    FROM comment c
		   WHERE c.id = ANY ($2)
		   ORDER BY c.id
		     FOR SHARE`

// countMembers goes through the members of a group g: people and clauses, exactly. Who is who is told by the keyed digest
// alone; a member that has none counts as one. A member about several clauses comes once for each of them and is counted
// with the first.
const countMembers = `
		    SELECT count(DISTINCT p.identity_index)
		           + count(*) FILTER (WHERE p.identity_index IS NULL AND coalesce(u.nth, 1) = 1) AS people,
		           coalesce(array_agg(DISTINCT u.clause_id) FILTER (WHERE u.clause_id IS NOT NULL), '{}') AS clause_ids
		      FROM comment_group_member m
		      JOIN comment w ON w.id = m.comment_id
		      LEFT JOIN personal_data p ON p.comment_id = m.comment_id
		      LEFT JOIN LATERAL unnest(w.clause_ids) WITH ORDINALITY AS u (clause_id, nth) ON true
		     WHERE m.group_id = g.id AND NOT m.taken_out`

// addedToGroups is what the members that have just joined add to their groups: people who had no comment there, found
// through the few comments they have in the consultation, and the clauses they are about.
const addedToGroups = `
		          SELECT group_id,
		                 sum(CASE WHEN identity_index IS NULL THEN comments
		                          WHEN (SELECT true
		                                  FROM personal_data o JOIN comment_group_member m ON m.comment_id = o.comment_id
		                                 WHERE o.identity_index = met.identity_index AND o.consultation_id = $1
		                                   AND m.group_id = met.group_id AND NOT m.taken_out
		                                 LIMIT 1) THEN 0
		                          ELSE 1 END) AS people,
		                 ARRAY(SELECT clause_id
		                         FROM joined j JOIN known k ON k.id = j.comment_id, unnest(k.clause_ids) AS u (clause_id)
		                        WHERE j.group_id = met.group_id) AS clause_ids
		            FROM (SELECT j.group_id, p.identity_index, count(*) AS comments
		                    FROM joined j LEFT JOIN personal_data p ON p.comment_id = j.comment_id
		                   GROUP BY j.group_id, p.identity_index) AS met
		           GROUP BY group_id`

// recount brings the totals of groups in step with their members. The similarities are those to the representative,
// which is not compared with itself.
func recount(ctx context.Context, tx pgx.Tx, groups []uuid.UUID) error {
	_, err := tx.Exec(ctx, `
		UPDATE comment_group g
		   SET members = t.members, lowest = t.lowest, highest = t.highest,
		       first_at = COALESCE(t.first_at, g.first_at), last_at = COALESCE(t.last_at, g.last_at),
		       people = t.people, clause_ids = t.clause_ids, counted = t.members
		  FROM (SELECT g.id, totals.*, k.*
		          FROM comment_group g
		         CROSS JOIN LATERAL (
		               SELECT count(m.comment_id) AS members,
		                      COALESCE(min(m.similarity) FILTER (WHERE m.comment_id <> g.representative_id), 1) AS lowest,
		                      COALESCE(max(m.similarity) FILTER (WHERE m.comment_id <> g.representative_id), 1) AS highest,
		                      min(s.received_at) AS first_at, max(s.received_at) AS last_at
		                 FROM comment_group_member m LEFT JOIN comment_sketch s ON s.comment_id = m.comment_id
		                WHERE m.group_id = g.id AND NOT m.taken_out) AS totals
		         CROSS JOIN LATERAL (`+countMembers+`) AS k
		         WHERE g.id = ANY ($1)) t
		 WHERE g.id = t.id AND g.merged_into IS NULL`, groups)
	return err
}

// Moved follows a decision or its undoing, in the decision's transaction and after the comment's own row: whether a comment
// waits is kept with the group it is in, so that what waits in a group is counted from an index.
func Moved(ctx context.Context, tx pgx.Tx, commentID uuid.UUID, waiting bool) error {
	return postgres.LastExec(ctx, tx, "follow comment "+commentID.String()+" in its group", `
		UPDATE comment_group_member SET waiting = $2 WHERE comment_id = $1 AND waiting <> $2`, commentID, waiting)
}

// Unknown lets the people of the groups that comments are in be counted anew, because the personal data of these comments is
// about to be erased or corrected in tx. It comes before all that locks a comment.
func Unknown(ctx context.Context, tx pgx.Tx, consultationID string, comments []uuid.UUID) error {
	if err := lock(ctx, tx, consultationID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `
		UPDATE comment_group
		   SET counted = -1
		 WHERE id IN (SELECT group_id FROM comment_group_member WHERE comment_id = ANY ($1) AND NOT taken_out)
		   AND counted <> -1`, comments)
	if err != nil {
		return fmt.Errorf("have the people of groups counted anew: %w", err)
	}
	return nil
}

const (
	mendMost   = 1000 // members seen to at a time
	countMost  = 20   // groups counted at a time
	checkEvery = time.Hour
)

// mend sees to what programs older than the counters have left, to groups whose people are to be counted anew, and to the
// groups of one consultation whose turn it is to be compared with their members.
func (s *Store) mend(ctx context.Context) error {
	if err := s.DB.InTx(ctx, func(tx pgx.Tx) error { return follow(ctx, tx, `m.number = 0`) }); err != nil {
		return err
	}
	if err := s.DB.InTx(ctx, func(tx pgx.Tx) error { return recountSome(ctx, tx) }); err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx pgx.Tx) error { return s.recheck(ctx, tx) })
}

// follow brings number and waiting of members in step with their comments, which it locks.
func follow(ctx context.Context, tx pgx.Tx, which string, args ...any) error {
	_, err := tx.Exec(ctx, `
		WITH known AS MATERIALIZED (
		  SELECT c.id, c.number, c.state = 'received' AS waiting
		    FROM comment_group_member m JOIN comment c ON c.id = m.comment_id
		   WHERE `+which+`
		   ORDER BY c.id
		   LIMIT `+fmt.Sprint(mendMost)+`
		     FOR SHARE OF c
		)
		UPDATE comment_group_member m
		   SET number = k.number, waiting = k.waiting
		  FROM known k
		 WHERE m.comment_id = k.id`, args...)
	if err != nil {
		return fmt.Errorf("follow the comments of groups: %w", err)
	}
	return nil
}

// recountSome counts groups of one consultation that are to be counted, under the lock of its groups.
func recountSome(ctx context.Context, tx pgx.Tx) error {
	var id string
	err := tx.QueryRow(ctx, `
		SELECT p.consultation_id
		  FROM similar_progress p
		 WHERE p.consultation_id IN (SELECT consultation_id FROM comment_group WHERE counted <> members AND merged_into IS NULL)
		 LIMIT 1
		   FOR UPDATE OF p SKIP LOCKED`).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for groups to count: %w", err)
	}
	rows, err := tx.Query(ctx, `
		SELECT id FROM comment_group WHERE consultation_id = $1 AND counted <> members AND merged_into IS NULL LIMIT $2`, id, countMost)
	if err != nil {
		return fmt.Errorf("look for groups to count: %w", err)
	}
	groups, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return fmt.Errorf("look for groups to count: %w", err)
	}
	if err := recount(ctx, tx, groups); err != nil {
		return fmt.Errorf("count %d groups of %s: %w", len(groups), id, err)
	}
	return nil
}

// recheck compares the groups of one consultation with their members, and sets right what differs.
func (s *Store) recheck(ctx context.Context, tx pgx.Tx) error {
	var id string
	err := tx.QueryRow(ctx, `
		SELECT consultation_id
		  FROM similar_progress
		 WHERE checked_at < now() - $1::interval
		 LIMIT 1
		   FOR UPDATE SKIP LOCKED`, checkEvery).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look for groups to compare: %w", err)
	}
	list, err := differences(ctx, tx, id, comparedSince(s.now()))
	if err != nil {
		return err
	}
	var groups []uuid.UUID
	for _, d := range list {
		if d.Kind == wrongRepeats {
			if err := recountRepeats(ctx, tx, id, s.now().Add(-arrivalsKept)); err != nil {
				return err
			}
			continue
		}
		if d.Kind == wrongMembers {
			const wrong = `m.consultation_id = $1 AND (m.number <> c.number OR m.waiting <> (c.state = 'received'))`
			if err := follow(ctx, tx, wrong, id); err != nil {
				return err
			}
			continue
		}
		group, err := uuid.Parse(d.Key)
		if err != nil {
			return fmt.Errorf("compare the groups of %s: %w", id, err)
		}
		groups = append(groups, group)
	}
	if err := recount(ctx, tx, groups); err != nil {
		return fmt.Errorf("count %d groups of %s: %w", len(groups), id, err)
	}
	return postgres.LastExec(ctx, tx, "note that the groups of "+id+" agree",
		`UPDATE similar_progress SET checked_at = now() WHERE consultation_id = $1`, id)
}

// wrongMembers is the kind of difference that tells how many members of groups do not agree with their comments.
const wrongMembers = "group_member"

// differencesSQL compares the counters of the groups of a consultation with their members, as of one instant. A group that
// is known to be counted anew is none of them: readers go through it meanwhile.
const differencesSQL = `
WITH m AS MATERIALIZED (
  SELECT m.group_id, m.taken_out, c.clause_ids, p.identity_index, m.number <> c.number OR m.waiting <> (c.state = 'received') AS wrong
    FROM comment_group g
    JOIN comment_group_member m ON m.group_id = g.id
    JOIN comment c ON c.id = m.comment_id
    LEFT JOIN personal_data p ON p.comment_id = m.comment_id
   WHERE g.consultation_id = $1
), found AS (
  SELECT group_id, count(*) AS members, count(DISTINCT identity_index) + count(*) FILTER (WHERE identity_index IS NULL) AS people
    FROM m
   WHERE NOT taken_out
   GROUP BY group_id
), about AS (
  SELECT group_id, array_agg(DISTINCT clause_id) AS clause_ids
    FROM m, unnest(m.clause_ids) AS clause_id
   WHERE NOT taken_out
   GROUP BY group_id
)
SELECT $1, 'group_' || d.kind, g.id::text, d.kept::integer, d.rows::integer
  FROM comment_group g
  LEFT JOIN found f ON f.group_id = g.id
  LEFT JOIN about a ON a.group_id = g.id,
       LATERAL (VALUES ('members', g.members, coalesce(f.members, 0), g.members <> coalesce(f.members, 0)),
                       ('people', g.people, coalesce(f.people, 0), g.counted = g.members AND g.people <> coalesce(f.people, 0)),
                       ('clauses', cardinality(g.clause_ids), cardinality(coalesce(a.clause_ids, '{}')),
                        g.counted = g.members AND g.clause_ids <> coalesce(a.clause_ids, '{}'))) AS d (kind, kept, rows, differs)
 WHERE g.consultation_id = $1 AND g.merged_into IS NULL AND d.differs
 UNION ALL
SELECT $1, 'group_member', '', 0, count(*)::integer FROM m WHERE wrong HAVING count(*) > 0
 UNION ALL` + repeatsSQL + `
 LIMIT 100`

// querier is the pool or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

func differences(ctx context.Context, q querier, consultationID string, since time.Time) ([]comment.CountDifference, error) {
	rows, err := q.Query(ctx, differencesSQL, consultationID, since)
	if err != nil {
		return nil, fmt.Errorf("compare the groups of %s: %w", consultationID, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[comment.CountDifference])
	if err != nil {
		return nil, fmt.Errorf("compare the groups of %s: %w", consultationID, err)
	}
	return list, nil
}

// CheckCounters compares the counters of all groups with their members, one consultation at a time, and returns what does
// not agree: group_members, group_people and group_clauses by the group's id; group_member, how many members do not agree
// with their comments; and group_repeats, how many repeated wordings of the last two days are counted wrong.
func CheckCounters(ctx context.Context, db *postgres.DB) (list []comment.CountDifference, err error) {
	rows, err := db.Query(ctx, `SELECT consultation_id FROM similar_progress ORDER BY consultation_id`)
	if err != nil {
		return nil, fmt.Errorf("list the progress of grouping: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list the progress of grouping: %w", err)
	}
	for _, id := range ids {
		found, err := differences(ctx, db, id, comparedSince(db.Now()))
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}
