package similar

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// kinMost is how many stored comments one fresh comment is compared with, those with the most bands in common.
const kinMost = 32

// sharedLeast is how many bands two texts share before they are compared: one is met by chance in a large consultation,
// and each chance costs the reading of a text.
const sharedLeast = 2

// bandMost is how many comments are taken of one band: in a campaign of thousands any of them lead to the group.
const bandMost = 64

// neighbourhood is what fresh comments of one batch are compared with, beside each other.
type neighbourhood struct {
	twins  map[string]*text // by digest: a comment of the same words, stored or of the batch
	shared map[*text][]*text
	banded map[int64][]*text // of the batch, by band
}

// findStored reads, for the fresh comments, what has to be compared with them: the same words if they were seen before,
// else what shares a band.
func findStored(ctx context.Context, tx pgx.Tx, consultationID string, fresh []*text) (*neighbourhood, error) {
	same, err := findTwins(ctx, tx, consultationID, fresh)
	if err != nil {
		return nil, err
	}
	var unseen []*text
	first := make(map[string]bool)
	for _, t := range fresh {
		if _, seen := same[string(t.digest)]; !seen && !first[string(t.digest)] && len(t.pieces) > 0 {
			first[string(t.digest)] = true
			t.bands = sign(t.pieces).bandValues()
			unseen = append(unseen, t)
		}
	}
	found, err := findNeighbours(ctx, tx, consultationID, unseen)
	if err != nil {
		return nil, err
	}
	var ids []uuid.UUID
	wanted := make(map[uuid.UUID]bool)
	want := func(id uuid.UUID) {
		if !wanted[id] {
			wanted[id] = true
			ids = append(ids, id)
		}
	}
	for _, list := range found {
		for _, id := range list {
			want(id)
		}
	}
	for _, id := range same {
		want(id)
	}
	stored, err := readTexts(ctx, tx, ids)
	if err != nil {
		return nil, err
	}
	n := &neighbourhood{twins: make(map[string]*text), shared: make(map[*text][]*text), banded: make(map[int64][]*text)}
	for digest, id := range same {
		if t, ok := stored[id]; ok {
			n.twins[digest] = t
		}
	}
	for i, list := range found {
		for _, id := range list {
			if k, ok := stored[id]; ok {
				k.stored = true
				n.shared[unseen[i]] = append(n.shared[unseen[i]], k)
			}
		}
	}
	return n, nil
}

// kinOf is what t has to be compared with. Of the batch it is what stands in front of t and is found by bands; the
// others are found through a near member of their group, as stored ones are.
func (n *neighbourhood) kinOf(t *text) (kin []*text, twin bool) {
	if len(t.pieces) == 0 {
		return nil, false
	}
	if same, ok := n.twins[string(t.digest)]; ok {
		return []*text{same}, true
	}
	n.twins[string(t.digest)] = t
	kin = n.shared[t]
	common := make(map[*text]int)
	for _, value := range t.bands {
		for _, k := range n.banded[value] {
			if common[k]++; common[k] == sharedLeast {
				kin = append(kin, k)
			}
		}
	}
	return kin, false
}

// enter lets those behind t in the batch find it by its bands.
func (n *neighbourhood) enter(t *text) {
	for _, value := range t.bands {
		n.banded[value] = append(n.banded[value], t)
	}
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

// findNeighbours returns, place by place, the stored comments with bands in common with each fresh one, those with the
// most first. One that a person has taken out of a group leads nobody there. Each band is looked up once, however many
// have it: in a campaign nearly all do.
func findNeighbours(ctx context.Context, tx pgx.Tx, consultationID string, fresh []*text) ([][]uuid.UUID, error) {
	holders := make(map[int64][]uuid.UUID)
	for _, t := range fresh {
		for _, value := range t.bands {
			holders[value] = nil
		}
	}
	if len(holders) == 0 {
		return nil, nil
	}
	found, err := tx.Query(ctx, `
		SELECT v.value, b.comment_id
		  FROM unnest($2::bigint[]) AS v (value)
		 CROSS JOIN LATERAL (
		       SELECT comment_id FROM comment_band WHERE consultation_id = $1 AND value = v.value LIMIT $3) b
		 WHERE NOT EXISTS (SELECT FROM comment_group_member m WHERE m.comment_id = b.comment_id AND m.taken_out)`,
		consultationID, slices.Collect(maps.Keys(holders)), bandMost)
	if err != nil {
		return nil, err
	}
	var value int64
	var id uuid.UUID
	_, err = pgx.ForEachRow(found, []any{&value, (*[16]byte)(&id)}, func() error {
		holders[value] = append(holders[value], id)
		return nil
	})
	if err != nil {
		return nil, err
	}
	kin := make([][]uuid.UUID, len(fresh))
	for i, t := range fresh {
		kin[i] = mostShared(t.bands, holders)
	}
	return kin, nil
}

// mostShared are the at most kinMost comments that hold the most of these bands, and sharedLeast of them.
func mostShared(values []int64, holders map[int64][]uuid.UUID) []uuid.UUID {
	common := make(map[uuid.UUID]int)
	for _, value := range values {
		for _, id := range holders[value] {
			common[id]++
		}
	}
	maps.DeleteFunc(common, func(_ uuid.UUID, n int) bool { return n < sharedLeast })
	ids := slices.Collect(maps.Keys(common))
	slices.SortFunc(ids, func(a, b uuid.UUID) int {
		return cmp.Or(common[b]-common[a], bytes.Compare(a[:], b[:]))
	})
	return ids[:min(len(ids), kinMost)]
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
