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
	bands      []int64 // of fresh ones
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
	var groups []*group
	var single []*text
	for _, k := range t.kin {
		if jaccard(t.pieces, k.pieces) < threshold {
			continue
		}
		switch g := k.group.settled(); {
		case g == nil:
			single = append(single, k)
		case jaccard(t.pieces, g.representative.pieces) >= loosest:
			groups = append(groups, g)
		}
	}
	home := nearest(t, groups)
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
	for _, k := range t.kin {
		if k.group.settled() == home && (k.stored || k.needsBands()) && jaccard(t.pieces, k.pieces) >= near {
			t.near = true
		}
	}
	for _, g := range groups {
		if g != home && g.mergedInto == nil && !g.byStaff && !home.byStaff &&
			jaccard(g.representative.pieces, home.representative.pieces) >= loosest {
			g.mergedInto = home
		}
	}
}

// nearest is the group whose representative is most like t, the older one of two alike.
func nearest(t *text, groups []*group) *group {
	var best *group
	most := -1.0
	for _, g := range groups {
		s := jaccard(t.pieces, g.representative.pieces)
		if s > most || s == most && g.representative.number < best.representative.number {
			best, most = g, s
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
