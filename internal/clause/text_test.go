package clause_test

import (
	"os"
	"slices"
	"testing"

	"wenji/internal/clause"
)

func TestStoredNodesAreReadAgainFromTheirText(t *testing.T) {
	for _, name := range []string{"draft.txt", "interpretation.txt"} {
		source, err := os.ReadFile("../sample/" + name)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := clause.Parse(string(source))
		got, _ := clause.Parse(clause.Text(want))
		if len(got) != len(want) {
			t.Fatalf("%s: %d nodes, want %d", name, len(got), len(want))
		}
		for i, w := range want {
			g := got[i]
			if g.Kind != w.Kind || g.Number != w.Number || g.Label != w.Label || g.Title != w.Title || g.Body != w.Body ||
				!slices.Equal(g.Units, w.Units) || g.UnitsNote != w.UnitsNote {
				t.Errorf("%s, node %d:\n got %+v\nwant %+v", name, i, g, w)
			}
		}
	}
}
