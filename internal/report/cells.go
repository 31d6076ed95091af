package report

import "slices"

// fewest is the smallest count that is published of a group of people or of what they wrote: one or two of a kind could
// be told who they are.
const fewest = 3

// unnamed is never a row of its own in what is published, however many there are (product rule: never 现役军人).
const unnamed = "现役军人"

// Cell is one group with its count.
type Cell struct {
	Key   string `json:"key"`             // code of the channel, number of the clause, occupation, or Merged
	Short string `json:"short,omitempty"` // label beside a bar; Name where empty
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Merged is the key of the cell that holds several groups together.
const Merged = "merged"

// merge returns the cells as they may be published: each has at least three, and none can be found by taking the others
// from the sum. Groups of one or two, and unnamed, go into one cell; as long as that cell is itself below three, or holds
// one group alone, the smallest of the other groups joins it. What cannot be split up at all becomes one cell with the
// whole. The order of the cells stays; the merged one comes last. Empty groups are left out. words names the merged cell,
// given how many groups are left beside it.
func merge(cells []Cell, words func(beside int) string) []Cell {
	var kept []Cell
	together := Cell{Key: Merged}
	groups := 0
	join := func(c Cell) { together.Count += c.Count; groups++ }
	for _, c := range cells {
		switch {
		case c.Count == 0:
		case c.Count < fewest || c.Key == unnamed:
			join(c)
		default:
			kept = append(kept, c)
		}
	}
	for groups > 0 && (groups < 2 || together.Count < fewest) && len(kept) > 0 {
		least := 0
		for i, c := range kept {
			if c.Count < kept[least].Count {
				least = i
			}
		}
		join(kept[least])
		kept = slices.Delete(kept, least, least+1)
	}
	if groups == 0 {
		return kept
	}
	together.Name = words(len(kept))
	return append(kept, together)
}

func sum(cells []Cell) int {
	n := 0
	for _, c := range cells {
		n += c.Count
	}
	return n
}
