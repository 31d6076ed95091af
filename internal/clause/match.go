package clause

import (
	"cmp"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Change says what became of a clause from one version of a document to the next.
type Change string

const (
	Kept    Change = "kept"
	Moved   Change = "moved"   // the same words under another number
	Changed Change = "changed" // other words
	Split   Change = "split"   // one of several clauses made of one; the first keeps the id
	Merged  Change = "merged"  // one of several clauses made into one, which keeps the id of one of them
	Removed Change = "deleted"
	Added   Change = "added"
)

// Link is one clause of a version with what it was in the version before.
type Link struct {
	Change    Change
	OldNumber int // 0 for an added clause
	NewNumber int // 0 for a deleted one
	Old, New  uuid.UUID
}

// Match says where clauses come from and go to, by number.
type Match struct {
	From map[int]int // of a new clause: the old one it comes from; absent or 0: added. Two from the same: split
	Into map[int]int // of an old clause that no new one comes from: the new one it is part of; absent or 0: deleted
}

// Clauses are the numbered clauses among nodes.
func Clauses(nodes []Node) []Node {
	var list []Node
	for _, n := range nodes {
		if n.Kind == Clause {
			list = append(list, n)
		}
	}
	return list
}

// Words are the words of a clause that are compared: title, text and units.
func (n *Node) Words() string {
	words := n.Title
	if n.Body != "" {
		words += "\n" + n.Body
	}
	if len(n.Units) > 0 || n.UnitsNote != "" {
		words += "\n责任单位：" + strings.Join(n.Units, "、")
		if len(n.Units) > 0 && n.UnitsNote != "" {
			words += "。"
		}
		words += n.UnitsNote
	}
	return words
}

const (
	alike     = 0.4 // pairs of neighbouring characters in common, of all (Dice): taken for the same clause
	contained = 0.6 // share of a clause's pairs that another one has: taken for a part of it
)

// Propose finds for each clause of a new version the old one that is most like it. An editor confirms or mends it.
func Propose(old, new []Node) Match {
	before, after := Clauses(old), Clauses(new)
	m := Match{From: map[int]int{}, Into: map[int]int{}}
	oldPairs, newPairs := pairsOf(before), pairsOf(after)
	type candidate struct {
		i, j  int
		score float64
	}
	var list []candidate
	for i := range before {
		for j := range after {
			score := likeness(oldPairs[i], newPairs[j])
			if before[i].Words() == after[j].Words() {
				score = 2
			} else if before[i].Title != "" && before[i].Title == after[j].Title {
				score += 0.3
			}
			if score >= alike {
				list = append(list, candidate{i, j, score})
			}
		}
	}
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(apart(a.i, a.j), apart(b.i, b.j)), cmp.Compare(a.i, b.i), cmp.Compare(a.j, b.j))
	})
	usedOld, usedNew := make([]bool, len(before)), make([]bool, len(after))
	for _, c := range list {
		if !usedOld[c.i] && !usedNew[c.j] {
			usedOld[c.i], usedNew[c.j] = true, true
			m.From[after[c.j].Number] = before[c.i].Number
		}
	}
	for j := range after {
		if i, ok := holder(newPairs[j], oldPairs); ok && !usedNew[j] {
			m.From[after[j].Number] = before[i].Number
			usedOld[i] = true
		}
	}
	for i := range before {
		if j, ok := holder(oldPairs[i], newPairs); ok && !usedOld[i] {
			m.Into[before[i].Number] = after[j].Number
		}
	}
	return m
}

func apart(i, j int) int { return max(i-j, j-i) }

// Apply gives the clauses of a new version the ids they keep, and says what became of each clause. fresh makes the id of
// a clause that keeps none. Nodes that are no clauses get fresh ids.
func (m Match) Apply(old, new []Node, fresh func() uuid.UUID) (nodes []Node, links []Link) {
	before := map[int]Node{}
	for _, n := range Clauses(old) {
		before[n.Number] = n
	}
	children := map[int]int{} // how many new clauses come from an old one
	for _, n := range Clauses(new) {
		if _, ok := before[m.From[n.Number]]; ok {
			children[m.From[n.Number]]++
		}
	}
	partsOf := map[int]bool{}
	for o, n := range m.Into {
		if _, ok := before[o]; ok && children[o] == 0 {
			partsOf[n] = true
		}
	}
	nodes = slices.Clone(new)
	kept := map[int]bool{}
	ids := map[int]uuid.UUID{}
	for i := range nodes {
		n := &nodes[i]
		n.ID = fresh()
		if n.Kind != Clause {
			continue
		}
		o, ok := before[m.From[n.Number]]
		link := Link{Change: Added, NewNumber: n.Number}
		if ok {
			if !kept[o.Number] {
				n.ID, kept[o.Number] = o.ID, true
			}
			link = Link{Change: change(o, *n, children[o.Number] > 1, partsOf[n.Number]), OldNumber: o.Number, Old: o.ID, NewNumber: n.Number}
		}
		link.New, ids[n.Number] = n.ID, n.ID
		links = append(links, link)
	}
	for _, o := range Clauses(old) {
		if children[o.Number] > 0 {
			continue
		}
		link := Link{Change: Removed, OldNumber: o.Number, Old: o.ID}
		if id, ok := ids[m.Into[o.Number]]; ok {
			link.Change, link.New, link.NewNumber = Merged, id, m.Into[o.Number]
		}
		links = append(links, link)
	}
	return nodes, links
}

func change(old, new Node, split, merged bool) Change {
	switch {
	case split:
		return Split
	case merged:
		return Merged
	case old.Words() != new.Words():
		return Changed
	case old.Number != new.Number:
		return Moved
	}
	return Kept
}

// pairs are the pairs of neighbouring characters of a text with how often each stands in it.
type pairs struct {
	count map[[2]rune]int
	total int
}

func pairsOf(nodes []Node) []pairs {
	list := make([]pairs, len(nodes))
	for i := range nodes {
		list[i].count = map[[2]rune]int{}
		var last rune
		for _, r := range nodes[i].Title + nodes[i].Body {
			if blank(r) {
				continue
			}
			if last != 0 {
				list[i].count[[2]rune{last, r}]++
				list[i].total++
			}
			last = r
		}
	}
	return list
}

// common counts the pairs that two texts share.
func common(a, b pairs) int {
	if len(a.count) > len(b.count) {
		a, b = b, a
	}
	n := 0
	for p, c := range a.count {
		n += min(c, b.count[p])
	}
	return n
}

func likeness(a, b pairs) float64 {
	if a.total+b.total == 0 {
		return 0
	}
	return 2 * float64(common(a, b)) / float64(a.total+b.total)
}

// holder finds the text that holds most of p, if it holds enough of it.
func holder(p pairs, list []pairs) (at int, ok bool) {
	best := 0.0
	for i := range list {
		if p.total == 0 {
			continue
		}
		if share := float64(common(p, list[i])) / float64(p.total); share >= contained && share > best {
			at, ok, best = i, true, share
		}
	}
	return at, ok
}
