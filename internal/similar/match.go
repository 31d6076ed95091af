package similar

import (
	"time"

	"github.com/google/uuid"
)

// text is a comment as the search sees it.
type text struct {
	id         uuid.UUID
	number     int
	receivedAt time.Time
	digest     []byte
	pieces     pieces
	bands      []int64 // of fresh ones whose words are new
	kin        []*text // what it shares its words or a band with
	known      bool    // the very words were seen before: found by the digest, so it needs no bands
	stored     bool    // found by its bands, so it has some
	near       bool    // what is like it is found by a near member of its group, so it needs no bands

	group      *group
	similarity float64 // to the group's representative
	changed    bool    // group or similarity are to be written
}

// group is a group as the search sees it.
type group struct {
	id             uuid.UUID
	representative *text
	byStaff        bool // a person has changed it: it is merged with no other of itself
	fresh          bool
	mergedInto     *group
}

// settled is the group that g has become.
func (g *group) settled() *group {
	for g != nil && g.mergedInto != nil {
		g = g.mergedInto
	}
	return g
}

// place decides where a fresh comment belongs: into the group whose representative it is nearest to, or into a new one
// with those that are like it. Groups that it shows to be one are merged, unless a person has changed them.
func place(t *text, newGroup func(representative *text) *group) {
	likeness := make([]float64, len(t.kin))
	var candidates candidates
	var single []*text
	for i, k := range t.kin {
		if likeness[i] = jaccard(t.pieces, k.pieces); likeness[i] < threshold {
			continue
		}
		if g := k.group.settled(); g != nil {
			candidates.look(t, g)
		} else {
			single = append(single, k)
		}
	}
	home := candidates.nearest()
	if home == nil {
		if len(single) == 0 {
			return
		}
		first := single[0]
		for _, k := range single {
			if k.number < first.number {
				first = k
			}
		}
		home = newGroup(first)
		first.join(home)
	}
	t.join(home)
	for _, k := range single {
		if k.group == nil && jaccard(k.pieces, home.representative.pieces) >= loosest {
			k.join(home)
		}
	}
	for i, k := range t.kin {
		if likeness[i] >= near && k.group.settled() == home && (k.stored || k.needsBands()) {
			t.near = true
		}
	}
	for _, c := range candidates {
		if g := c.group; c.likeness >= loosest && g != home && g.mergedInto == nil && !g.byStaff && !home.byStaff &&
			jaccard(g.representative.pieces, home.representative.pieces) >= loosest {
			g.mergedInto = home
		}
	}
}

// candidates are the groups that a comment might belong to, each compared with it once: in a campaign nearly all that is
// like a comment is in the same group.
type candidates []candidate

type candidate struct {
	group    *group
	likeness float64 // to the representative
}

func (c *candidates) look(t *text, g *group) {
	for _, known := range *c {
		if known.group == g {
			return
		}
	}
	*c = append(*c, candidate{g, jaccard(t.pieces, g.representative.pieces)})
}

// nearest is the group whose representative is most like the comment, the older one of two alike; nil when all are too
// far from it.
func (c candidates) nearest() *group {
	var best *group
	most := -1.0
	for _, one := range c {
		if one.likeness < loosest {
			continue
		}
		if one.likeness > most || one.likeness == most && one.group.representative.number < best.representative.number {
			best, most = one.group, one.likeness
		}
	}
	return best
}

func (t *text) join(g *group) {
	t.group, t.similarity, t.changed = g, jaccard(t.pieces, g.representative.pieces), true
}

// needsBands tells whether t is a wording by which others are to be found.
func (t *text) needsBands() bool {
	return len(t.pieces) > 0 && !t.known && (t.group == nil || t.group.representative == t || !t.near)
}
