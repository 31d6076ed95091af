package ui

import "strconv"

// Tone is the colour and weight of a tag or a box. Words always say the same thing as the tone.
type Tone string

const (
	Plain Tone = "plain" // grey: over, not begun
	Info  Tone = "info"  // blue
	OK    Tone = "ok"    // green: open, done
	Warn  Tone = "warn"  // amber: deadline, doubtful
	Bad   Tone = "bad"   // red: failed
)

// Pager describes where a numbered page stands among the others.
type Pager struct {
	Page    int // from 1
	Pages   int
	Address func(page int) string
}

// window lists the page numbers to show, 0 for a gap: the ends, the current page and its neighbours.
func (g Pager) window() []int {
	var numbers []int
	for n := 1; n <= g.Pages; n++ {
		near := n >= g.Page-1 && n <= g.Page+1
		switch {
		case n == 1 || n == g.Pages || near:
			numbers = append(numbers, n)
		case numbers[len(numbers)-1] != 0:
			numbers = append(numbers, 0)
		}
	}
	return numbers
}

func (g Pager) words() string {
	return "第" + strconv.Itoa(g.Page) + "页，共" + strconv.Itoa(g.Pages) + "页"
}

// Step is one stage of a way, as the list of Steps shows it.
type Step struct {
	Name    string
	When    string // date in words, "" when it has not happened
	Text    string // a sentence; may be empty
	Done    bool
	Current bool // the last stage reached
}

func (s Step) class() string {
	switch {
	case s.Current:
		return "current"
	case s.Done:
		return "done"
	default:
		return "todo"
	}
}
