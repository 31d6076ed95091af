package report

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func named(counts map[string]int) []Cell {
	var cells []Cell
	for key, n := range counts {
		cells = append(cells, Cell{Key: key, Name: key, Count: n})
	}
	slices.SortFunc(cells, func(a, b Cell) int { return len(a.Key)*1000 + int(a.Key[0]) - len(b.Key)*1000 - int(b.Key[0]) })
	return cells
}

func plain(int) string { return "其他" }

func TestSmallGroupsArePublishedTogether(t *testing.T) {
	for _, c := range []struct {
		name string
		in   []Cell
		want string
	}{
		{"large ones stay", []Cell{{Key: "工人", Count: 9}, {Key: "农民", Count: 3}}, "[工人 9 农民 3]"},
		{"two small ones join", []Cell{{Key: "工人", Count: 9}, {Key: "农民", Count: 2}, {Key: "学生", Count: 1}}, "[工人 9 merged 3]"},
		// One alone would be found by taking the others from the sum.
		{"a single small one takes the next", []Cell{{Key: "工人", Count: 9}, {Key: "教师", Count: 4}, {Key: "学生", Count: 1}}, "[工人 9 merged 5]"},
		{"two of one are still too few", []Cell{{Key: "工人", Count: 9}, {Key: "教师", Count: 1}, {Key: "学生", Count: 1}, {Key: "农民", Count: 5}}, "[工人 9 merged 7]"},
		{"soldiers are never a row", []Cell{{Key: "工人", Count: 9}, {Key: unnamed, Count: 50}, {Key: "农民", Count: 4}}, "[工人 9 merged 54]"},
		{"nothing to join", []Cell{{Key: "网上", Count: 1}}, "[merged 1]"},
		{"all become one", []Cell{{Key: "网上", Count: 100}, {Key: "信函", Count: 1}}, "[merged 101]"},
		{"empty ones are left out", []Cell{{Key: "网上", Count: 3}, {Key: "信函"}}, "[网上 3]"},
		{"none at all", nil, "[]"},
	} {
		var got []string
		for _, cell := range merge(c.in, plain) {
			got = append(got, fmt.Sprintf("%s %d", cell.Key, cell.Count))
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

// Whatever is counted: nothing is lost, nobody can be told out of a cell, nor by taking cells from the sum.
func TestNobodyCanBeToldOutOfWhatIsPublished(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		counts := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", unnamed}), rapid.OneOf(
			rapid.IntRange(0, 4), rapid.IntRange(0, 2000)), 0, 7).Draw(r, "counts")
		in := named(counts)
		out := merge(in, plain)
		total := sum(in)
		if sum(out) != total {
			r.Fatalf("the sum of %v is %d, want %d", out, sum(out), total)
		}
		apart := 0 // groups that are shown alone
		for _, c := range out {
			if c.Key == unnamed {
				r.Fatalf("%v is a row", c)
			}
			if c.Key != Merged {
				apart++
				if c.Count != counts[c.Key] {
					r.Fatalf("%v was %d", c, counts[c.Key])
				}
			}
			if c.Count < fewest && len(out) > 1 {
				r.Fatalf("%v can be told out of %v", c, out)
			}
		}
		there := 0
		for _, c := range in {
			if c.Count > 0 {
				there++
			}
		}
		// What is not shown alone is at least two groups, unless there is one group in all.
		if hidden := there - apart; hidden == 1 && there > 1 {
			r.Fatalf("%v follows from %v by subtraction", in, out)
		}
		if rest := total - sum(withoutMerged(out)); rest > 0 && rest < fewest && len(out) > 1 {
			r.Fatalf("%d are told out of %v by subtraction", rest, out)
		}
	})
}

func withoutMerged(cells []Cell) []Cell {
	return slices.DeleteFunc(slices.Clone(cells), func(c Cell) bool { return c.Key == Merged })
}
