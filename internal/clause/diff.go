package clause

// Edit says what became of a piece of text.
type Edit int

const (
	Equal Edit = iota
	Deleted
	Inserted
)

// Piece is a run of characters that stayed, went or came.
type Piece struct {
	Edit Edit
	Text string
}

// mostEdits bounds the work of Diff; texts further apart are shown as one taken away and one put in.
const mostEdits = 1000

// Diff compares two texts character by character: the pieces that are not Inserted make up the old text, those that are
// not Deleted the new one. It finds a shortest way from one to the other (Myers 1986).
func Diff(before, after string) []Piece {
	a, b := []rune(before), []rune(after)
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	end := 0
	for end < len(a)-start && end < len(b)-start && a[len(a)-1-end] == b[len(b)-1-end] {
		end++
	}
	var out pieces
	out.add(Equal, a[:start])
	out.middle(a[start:len(a)-end], b[start:len(b)-end])
	out.add(Equal, a[len(a)-end:])
	return out.list
}

// pieces joins what is of one kind.
type pieces struct{ list []Piece }

func (p *pieces) add(e Edit, r []rune) {
	if len(r) == 0 {
		return
	}
	if n := len(p.list); n > 0 && p.list[n-1].Edit == e {
		p.list[n-1].Text += string(r)
		return
	}
	p.list = append(p.list, Piece{e, string(r)})
}

func (p *pieces) middle(a, b []rune) {
	steps := script(a, b)
	if steps == nil {
		p.add(Deleted, a)
		p.add(Inserted, b)
		return
	}
	// Deletions of one place go before its insertions.
	i, j := 0, 0
	for k := 0; k < len(steps); {
		from, to := i, j
		for ; k < len(steps) && steps[k] != Equal; k++ {
			if steps[k] == Deleted {
				i++
			} else {
				j++
			}
		}
		p.add(Deleted, a[from:i])
		p.add(Inserted, b[to:j])
		for from = i; k < len(steps) && steps[k] == Equal; k++ {
			i, j = i+1, j+1
		}
		p.add(Equal, a[from:i])
	}
}

// script is a shortest list of steps, one a character, that leads from a to b; nil when it would be too long.
func script(a, b []rune) []Edit {
	n, m := len(a), len(b)
	most := min(n+m, mostEdits)
	reach := make([]int, 2*most+3) // by diagonal: how far in a the best way of so many edits comes
	at := func(k int) int { return k + most + 1 }
	var trace [][]int
	for d := 0; d <= most; d++ {
		trace = append(trace, append([]int(nil), reach[at(-d):at(d)+1]...))
		for k := -d; k <= d; k += 2 {
			x := 0
			switch {
			case d == 0:
			case k == -d || k != d && reach[at(k-1)] < reach[at(k+1)]:
				x = reach[at(k+1)]
			default:
				x = reach[at(k-1)] + 1
			}
			for x < n && x-k < m && x-k >= 0 && a[x] == b[x-k] {
				x++
			}
			reach[at(k)] = x
			if x >= n && x-k >= m {
				return walkBack(trace, n, m, d)
			}
		}
	}
	return nil
}

// walkBack reads the steps from the traces, the last one first. trace[d] holds the reaches before round d on the
// diagonals from -d to d.
func walkBack(trace [][]int, x, y, d int) []Edit {
	var steps []Edit
	for ; d > 0; d-- {
		before := func(k int) int { return trace[d][k+d] }
		k := x - y
		down := k == -d || k != d && before(k-1) < before(k+1)
		from := k - 1
		if down {
			from = k + 1
		}
		fromX := before(from)
		fromY := fromX - from
		for x > fromX && y > fromY && (down && x > fromX || !down && x > fromX+1) {
			steps, x, y = append(steps, Equal), x-1, y-1
		}
		if down {
			steps, y = append(steps, Inserted), y-1
		} else {
			steps, x = append(steps, Deleted), x-1
		}
	}
	for ; x > 0; x, y = x-1, y-1 {
		steps = append(steps, Equal)
	}
	for i, j := 0, len(steps)-1; i < j; i, j = i+1, j-1 {
		steps[i], steps[j] = steps[j], steps[i]
	}
	return steps
}
