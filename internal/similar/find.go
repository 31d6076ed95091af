package similar

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// kinMost is how many stored comments one fresh comment is compared with, those with the most bands in common.
const kinMost = 32

// bandMost is how many comments are taken of one band: in a campaign of thousands any of them lead to the group.
const bandMost = 64

// pairs are candidates: which stored comments a fresh one is to be compared with.
type pairs map[*text][]uuid.UUID

// findKin fills in, for each fresh comment, what it has to be compared with: the same words if they were seen before,
// else what shares a band, of the stored comments and of the fresh ones in front of it.
func findKin(ctx context.Context, tx pgx.Tx, consultationID string, fresh []*text) error {
	same, err := findTwins(ctx, tx, consultationID, fresh)
	if err != nil {
		return err
	}
	found, err := findNeighbours(ctx, tx, consultationID, fresh)
	if err != nil {
		return err
	}
	var ids []uuid.UUID
	for _, list := range found {
		ids = append(ids, list...)
	}
	for _, id := range same {
		ids = append(ids, id)
	}
	stored, err := readTexts(ctx, tx, ids)
	if err != nil {
		return err
	}
	firsts, banded := make(map[string]*text), make(map[int64][]*text)
	for _, t := range fresh {
		if len(t.pieces) == 0 {
			continue
		}
		twin, ok := stored[same[string(t.digest)]]
		if !ok {
			twin, ok = firsts[string(t.digest)]
		}
		if ok {
			t.known, t.kin = true, []*text{twin}
			continue
		}
		firsts[string(t.digest)] = t
		for _, id := range found[t] {
			if k, ok := stored[id]; ok {
				k.stored = true
				t.kin = append(t.kin, k)
			}
		}
		t.kin = append(t.kin, freshKin(t, banded)...)
	}
	return nil
}

// freshKin are the comments in front of t in the batch that share a band with it, and enters t for those behind.
func freshKin(t *text, banded map[int64][]*text) []*text {
	var kin []*text
	seen := make(map[*text]bool)
	for _, value := range t.bands {
		for _, k := range banded[value] {
			if !seen[k] {
				seen[k] = true
				kin = append(kin, k)
			}
		}
		banded[value] = append(banded[value], t)
	}
	return kin
}

// findTwins returns, by digest, a stored comment of the same words that nobody has taken out of its group.
func findTwins(ctx context.Context, tx pgx.Tx, consultationID string, fresh []*text) (map[string]uuid.UUID, error) {
	digests := make([][]byte, len(fresh))
	for i, t := range fresh {
		digests[i] = t.digest
	}
	found, err := tx.Query(ctx, `
		SELECT d.digest, k.comment_id
		  FROM (SELECT DISTINCT digest FROM unnest($2::bytea[]) AS wanted (digest)) d
		 CROSS JOIN LATERAL (
		       SELECT s.comment_id
		         FROM comment_sketch s
		        WHERE s.consultation_id = $1 AND s.digest = d.digest
		          AND NOT EXISTS (SELECT FROM comment_group_member m WHERE m.comment_id = s.comment_id AND m.taken_out)
		        LIMIT 1) k`, consultationID, digests)
	if err != nil {
		return nil, err
	}
	twins := make(map[string]uuid.UUID)
	var digest []byte
	var id uuid.UUID
	_, err = pgx.ForEachRow(found, []any{&digest, &id}, func() error {
		twins[string(digest)] = id
		return nil
	})
	return twins, err
}

// findNeighbours returns the stored comments with bands in common with each fresh one. One that a person has taken out
// of a group leads nobody there.
func findNeighbours(ctx context.Context, tx pgx.Tx, consultationID string, fresh []*text) (pairs, error) {
	var places []int
	var values []int64
	for i, t := range fresh {
		for _, value := range t.bands {
			places, values = append(places, i), append(values, value)
		}
	}
	found, err := tx.Query(ctx, `
		SELECT place, comment_id
		  FROM (SELECT w.place, b.comment_id,
		               row_number() OVER (PARTITION BY w.place ORDER BY count(*) DESC, b.comment_id) AS rank
		          FROM unnest($2::int[], $3::bigint[]) AS w (place, value)
		         CROSS JOIN LATERAL (
		               SELECT comment_id FROM comment_band WHERE consultation_id = $1 AND value = w.value LIMIT $5) b
		         WHERE NOT EXISTS (SELECT FROM comment_group_member m WHERE m.comment_id = b.comment_id AND m.taken_out)
		         GROUP BY w.place, b.comment_id) ranked
		 WHERE rank <= $4`, consultationID, places, values, kinMost, bandMost)
	if err != nil {
		return nil, err
	}
	kin := make(pairs)
	var place int
	var id uuid.UUID
	_, err = pgx.ForEachRow(found, []any{&place, &id}, func() error {
		kin[fresh[place]] = append(kin[fresh[place]], id)
		return nil
	})
	return kin, err
}

// readTexts reads comments with their groups and the representatives of these.
func readTexts(ctx context.Context, tx pgx.Tx, ids []uuid.UUID) (map[uuid.UUID]*text, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := tx.Query(ctx, `
		WITH wanted AS (
		  SELECT unnest($1::uuid[]) AS id
		), heads AS (
		  SELECT g.representative_id AS id
		    FROM comment_group_member m JOIN comment_group g ON g.id = m.group_id
		   WHERE m.comment_id IN (SELECT id FROM wanted)
		)
		SELECT c.id, c.number, c.title, c.body, m.group_id, COALESCE(m.similarity, 0), g.representative_id, g.changed_by_staff
		  FROM comment c
		  LEFT JOIN comment_group_member m ON m.comment_id = c.id AND NOT m.taken_out
		  LEFT JOIN comment_group g ON g.id = m.group_id
		 WHERE c.id IN (SELECT id FROM wanted UNION SELECT id FROM heads)`, ids)
	if err != nil {
		return nil, err
	}
	texts, groups, heads := make(map[uuid.UUID]*text), make(map[uuid.UUID]*group), make(map[*group]uuid.UUID)
	_, err = pgx.CollectRows(found, func(row pgx.CollectableRow) (struct{}, error) {
		var t text
		var title, body string
		var groupID, head *uuid.UUID
		var byStaff *bool
		if err := row.Scan(&t.id, &t.number, &title, &body, &groupID, &t.similarity, &head, &byStaff); err != nil {
			return struct{}{}, err
		}
		t.pieces = cut(normalise(title, body))
		texts[t.id] = &t
		if groupID != nil {
			if groups[*groupID] == nil {
				g := &group{id: *groupID, byStaff: *byStaff}
				groups[*groupID], heads[g] = g, *head
			}
			t.group = groups[*groupID]
		}
		return struct{}{}, nil
	})
	if err != nil {
		return nil, err
	}
	for g, head := range heads {
		if g.representative = texts[head]; g.representative == nil {
			return nil, fmt.Errorf("group %s has no representative", g.id)
		}
	}
	return texts, nil
}
