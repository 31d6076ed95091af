package similar

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// group finds where the fresh comments of a consultation belong, and stores it.
func (s *Store) group(ctx context.Context, tx pgx.Tx, consultationID string, fresh []*text) error {
	known, err := findStored(ctx, tx, consultationID, fresh)
	if err != nil {
		return err
	}
	var founded []*group
	var failed error
	newGroup := func(representative *text) *group {
		id, err := uuid.NewV7()
		if err != nil {
			failed = err
		}
		g := &group{id: id, representative: representative, fresh: true}
		founded = append(founded, g)
		return g
	}
	touched := make(map[*text]bool)
	for _, t := range fresh {
		t.kin, t.known = known.kinOf(t)
		place(t, newGroup)
		if t.needsBands() {
			known.enter(t)
		}
		touched[t] = true
		for _, k := range t.kin {
			touched[k] = true
		}
	}
	if failed != nil {
		return failed
	}
	at := s.now()
	if err := insertSketches(ctx, tx, consultationID, fresh, at); err != nil {
		return err
	}
	if err := insertGroups(ctx, tx, consultationID, founded, at); err != nil {
		return err
	}
	uncounted, err := writeMembers(ctx, tx, consultationID, touched, at)
	if err != nil {
		return err
	}
	for g := range mergedOf(touched) {
		home := g.settled()
		if err := merge(ctx, tx, g.id, home.id, home.representative); err != nil {
			return err
		}
		uncounted[home.id] = true
	}
	return recount(ctx, tx, keys(uncounted))
}

// mergedOf are the groups that have gone up in others.
func mergedOf(touched map[*text]bool) map[*group]bool {
	merged := make(map[*group]bool)
	for t := range touched {
		for g := t.group; g != nil && g.mergedInto != nil; g = g.mergedInto {
			merged[g] = true
		}
	}
	return merged
}

func keys(set map[uuid.UUID]bool) []uuid.UUID {
	list := make([]uuid.UUID, 0, len(set))
	for id := range set {
		list = append(list, id)
	}
	return list
}

func insertSketches(ctx context.Context, tx pgx.Tx, consultationID string, fresh []*text, at time.Time) error {
	ids, digests, times := make([][16]byte, len(fresh)), make([][]byte, len(fresh)), make([]time.Time, len(fresh))
	var owners [][16]byte
	var values []int64
	for i, t := range fresh {
		ids[i], digests[i], times[i] = t.id, t.digest, t.receivedAt
		if t.needsBands() {
			for _, value := range t.bands {
				owners, values = append(owners, t.id), append(values, value)
			}
		}
	}
	if err := addSketches(ctx, tx, consultationID, ids, digests, times, at.Add(-arrivalsKept)); err != nil {
		return err
	}
	return insertBands(ctx, tx, consultationID, owners, values)
}

// insertBands goes through the index in its order, so that what a batch needs of it is at hand for the next row.
func insertBands(ctx context.Context, tx pgx.Tx, consultationID string, owners [][16]byte, values []int64) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO comment_band (consultation_id, value, comment_id)
		SELECT $1, value, comment_id
		  FROM unnest($2::uuid[], $3::bigint[]) AS b (comment_id, value)
		 ORDER BY value
		ON CONFLICT DO NOTHING`, consultationID, owners, values)
	return err
}

func insertGroups(ctx context.Context, tx pgx.Tx, consultationID string, founded []*group, at time.Time) error {
	ids, heads := make([]uuid.UUID, len(founded)), make([]uuid.UUID, len(founded))
	for i, g := range founded {
		ids[i], heads[i] = g.id, g.representative.id
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO comment_group (id, consultation_id, representative_id, first_at, last_at, created_at)
		SELECT id, $1, representative, $4, $4, $4
		  FROM unnest($2::uuid[], $3::uuid[]) AS g (id, representative)`, consultationID, ids, heads, at)
	return err
}

// writeMembers stores who has joined which group and adds them to its totals: counting all members of a group again for
// each of its new ones would make a campaign of n comments cost n². It returns the groups whose totals are to be counted
// all the same, because nobody but the representative was there to compare with.
func writeMembers(ctx context.Context, tx pgx.Tx, consultationID string, touched map[*text]bool, at time.Time) (map[uuid.UUID]bool, error) {
	var ids, groups []uuid.UUID
	var similarities []float64
	for t := range touched {
		if t.changed {
			ids, groups, similarities = append(ids, t.id), append(groups, t.group.id), append(similarities, t.similarity)
		}
	}
	found, err := tx.Query(ctx, `
		WITH known AS MATERIALIZED (`+knownComments+`
		), joined AS (
		  INSERT INTO comment_group_member (comment_id, consultation_id, group_id, similarity, joined_at, number, waiting)
		  SELECT m.comment_id, $1, m.group_id, m.similarity, $5, k.number, k.waiting
		    FROM unnest($2::uuid[], $3::uuid[], $4::float8[]) AS m (comment_id, group_id, similarity)
		    JOIN known k ON k.id = m.comment_id
		  ON CONFLICT DO NOTHING
		  RETURNING comment_id, group_id, similarity
		), grown AS (
		  UPDATE comment_group g
		     SET members = g.members + n.members,
		         lowest = LEAST(g.lowest, n.lowest), highest = GREATEST(g.highest, n.highest),
		         first_at = LEAST(g.first_at, n.first_at), last_at = GREATEST(g.last_at, n.last_at),
		         people = g.people + a.people,
		         clause_ids = ARRAY(SELECT DISTINCT id FROM unnest(g.clause_ids || a.clause_ids) AS u (id) ORDER BY id),
		         counted = CASE WHEN g.counted = g.members THEN g.members + n.members ELSE -1 END
		    FROM (SELECT j.group_id, count(*) AS members, min(j.similarity) AS lowest, max(j.similarity) AS highest,
		                 min(s.received_at) AS first_at, max(s.received_at) AS last_at
		            FROM joined j JOIN comment_sketch s ON s.comment_id = j.comment_id
		           GROUP BY j.group_id) n
		    JOIN (`+addedToGroups+`) AS a ON a.group_id = n.group_id
		   WHERE g.id = n.group_id AND g.members > 1 AND g.merged_into IS NULL
		  RETURNING g.id
		)
		SELECT DISTINCT group_id FROM joined WHERE group_id NOT IN (SELECT id FROM grown)`,
		consultationID, ids, groups, similarities, at)
	if err != nil {
		return nil, err
	}
	uncounted := make(map[uuid.UUID]bool)
	var id uuid.UUID
	_, err = pgx.ForEachRow(found, []any{&id}, func() error {
		uncounted[id] = true
		return nil
	})
	return uncounted, err
}

// merge moves all members of a group into another; those taken out of it stay out.
func merge(ctx context.Context, tx pgx.Tx, from, to uuid.UUID, representative *text) error {
	_, err := tx.Exec(ctx, `
		UPDATE comment_group_member
		   SET group_id = $2
		 WHERE group_id = $1 AND NOT taken_out`, from, to)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE comment_group SET merged_into = $2, members = 0, people = 0, clause_ids = '{}', counted = 0 WHERE id = $1`, from, to)
	if err != nil {
		return err
	}
	return measure(ctx, tx, to, representative)
}

// measure compares all members of a group with its representative.
func measure(ctx context.Context, tx pgx.Tx, groupID uuid.UUID, representative *text) error {
	found, err := tx.Query(ctx, `
		SELECT c.id, c.title, c.body
		  FROM comment_group_member m JOIN comment c ON c.id = m.comment_id
		 WHERE m.group_id = $1 AND NOT m.taken_out`, groupID)
	if err != nil {
		return err
	}
	var ids []uuid.UUID
	var similarities []float64
	var id uuid.UUID
	var title, body string
	_, err = pgx.ForEachRow(found, []any{&id, &title, &body}, func() error {
		ids = append(ids, id)
		similarities = append(similarities, jaccard(cut(normalise(title, body)), representative.pieces))
		return nil
	})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		UPDATE comment_group_member m
		   SET similarity = s.similarity
		  FROM unnest($1::uuid[], $2::float8[]) AS s (comment_id, similarity)
		 WHERE m.comment_id = s.comment_id`, ids, similarities)
	return err
}
