package clause_test

import (
	"slices"
	"strings"
	"testing"

	"wenji/internal/clause"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

func TestADiffGivesBothTextsBack(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("甲乙丙，。\n1𠮷")), 0, 60, -1)
	rapid.Check(t, func(t *rapid.T) {
		before, after := text.Draw(t, "before"), text.Draw(t, "after")
		var old, later strings.Builder
		for _, p := range clause.Diff(before, after) {
			if p.Edit != clause.Inserted {
				old.WriteString(p.Text)
			}
			if p.Edit != clause.Deleted {
				later.WriteString(p.Text)
			}
		}
		if old.String() != before || later.String() != after {
			t.Fatalf("%q → %q gives %q → %q", before, after, old.String(), later.String())
		}
	})
}

func TestADiffIsShortAndNamesDeletionsFirst(t *testing.T) {
	want := []clause.Piece{{clause.Equal, "建设"}, {clause.Deleted, "五"}, {clause.Inserted, "十"}, {clause.Equal, "个中心"}, {clause.Inserted, "和网络"}, {clause.Equal, "。"}}
	if got := clause.Diff("建设五个中心。", "建设十个中心和网络。"); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	far := clause.Diff(strings.Repeat("甲", 5000), strings.Repeat("乙", 5000))
	if len(far) != 2 {
		t.Errorf("texts far apart give %d pieces", len(far))
	}
}

// versioned parses a document and gives its clauses ids.
func versioned(text string) []clause.Node {
	nodes, _ := clause.Parse(text)
	for i := range nodes {
		nodes[i].ID = uuid.New()
	}
	return nodes
}

// fates says in a line what became of the clauses.
func fates(links []clause.Link) string {
	var out []string
	for _, l := range links {
		out = append(out, string([]rune("0123456789")[l.OldNumber])+"→"+string([]rune("0123456789")[l.NewNumber])+" "+string(l.Change))
	}
	return strings.Join(out, ", ")
}

const (
	one   = "发展居家服务。支持机构向社区延伸，建设嵌入式养老服务设施，提供助餐助浴。"
	two   = "强化机构服务。公办机构优先接收失能老人，推动国有企业转型发展养老。"
	three = "优化健康服务。推进医养结合，二级以上医院设老年医学科，开通绿色通道。"
	four  = "丰富文体活动。办好老年大学，举办文艺汇演和健身赛事，开放公共场馆。"
)

func TestEachFateOfAClauseIsTold(t *testing.T) {
	doc := func(clauses ...string) string {
		var b strings.Builder
		for i, c := range clauses {
			b.WriteString(string([]rune("123456789")[i]) + "." + c + "\n")
		}
		return b.String()
	}
	half := strings.Split(three, "，")
	cases := []struct{ name, before, after, want string }{
		{"kept", doc(one, two), doc(one, two), "1→1 kept, 2→2 kept"},
		{"moved", doc(one, two), doc(two, one), "2→1 moved, 1→2 moved"},
		{"changed", doc(one, two), doc(one, strings.Replace(two, "优先", "应当优先", 1)), "1→1 kept, 2→2 changed"},
		{"added", doc(one), doc(one, two), "1→1 kept, 0→2 added"},
		{"deleted", doc(one, two), doc(two), "2→1 moved, 1→0 deleted"},
		{"merged", doc(one, three, four), doc(one, three+four), "1→1 kept, 2→2 merged, 3→2 merged"},
		{"split", doc(one, three), doc(one, half[0]+"。", half[1]+"，"+half[2]), "1→1 kept, 2→2 split, 2→3 split"},
	}
	for _, c := range cases {
		old, later := versioned(c.before), versioned(c.after)
		_, links := clause.Propose(old, later).Apply(old, later, uuid.New)
		if got := fates(links); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestAClauseKeepsItsIdWhereverItGoes(t *testing.T) {
	words := rapid.StringOfN(rapid.RuneFrom([]rune("甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥")), 8, 20, -1)
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfNDistinct(words, 1, 8, rapid.ID).Draw(t, "clauses")
		order := rapid.Permutation(texts).Draw(t, "order")
		write := func(list []string) string {
			var b strings.Builder
			for i, s := range list {
				b.WriteString(string([]rune("123456789")[i]) + "." + s[:12] + "。" + s[12:] + "。\n")
			}
			return b.String()
		}
		old, later := versioned(write(texts)), versioned(write(order))
		nodes, links := clause.Propose(old, later).Apply(old, later, uuid.New)
		ids := map[string]uuid.UUID{}
		for _, n := range clause.Clauses(old) {
			ids[n.Words()] = n.ID
		}
		seen := map[uuid.UUID]bool{}
		for _, n := range clause.Clauses(nodes) {
			if n.ID != ids[n.Words()] || seen[n.ID] {
				t.Fatalf("clause %q has lost its id, or has that of another", n.Words())
			}
			seen[n.ID] = true
		}
		if len(links) != len(texts) {
			t.Fatalf("%d fates of %d clauses", len(links), len(texts))
		}
	})
}
