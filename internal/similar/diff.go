package similar

import (
	"strings"
	"unicode/utf8"
)

// Op tells what a stretch of a comparison is.
type Op int

// Kinds of stretches.
const (
	Same Op = iota
	Gone    // only in the first text
	New     // only in the second text
)

// Stretch is a part of a comparison of two texts.
type Stretch struct {
	Op   Op
	Text string
}

const (
	// lettersMost bounds the table of a comparison letter by letter; larger stretches are shown as replaced whole.
	lettersMost = 400_000
	// sentencesMost bounds the one of a comparison sentence by sentence, which only a text made of commas exceeds.
	sentencesMost = 1_000_000
	// keptFewest is the share of letters that must agree for a comparison letter by letter: below, single letters that
	// happen to agree would only confuse.
	keptFewest = 0.3
)

// Compare shows how the second text differs from the first: sentence by sentence, and letter by letter where a sentence
// has changed a little. Same and Gone together are the first text, Same and New the second.
func Compare(first, second string) []Stretch {
	left, right := sentences(first), sentences(second)
	if len(left)*len(right) > sentencesMost {
		return add(nil, Stretch{Gone, first}, Stretch{New, second})
	}
	var all []Stretch
	for _, s := range align(left, right) {
		if s.gone == "" || s.new == "" {
			all = add(all, Stretch{Same, s.same}, Stretch{Gone, s.gone}, Stretch{New, s.new})
			continue
		}
		all = add(all, letters(s.gone, s.new)...)
	}
	return all
}

// add appends what is not empty, joined to a neighbour of the same kind.
func add(list []Stretch, more ...Stretch) []Stretch {
	for _, s := range more {
		switch n := len(list); {
		case s.Text == "":
		case n > 0 && list[n-1].Op == s.Op:
			list[n-1].Text += s.Text
		default:
			list = append(list, s)
		}
	}
	return list
}

// sentences cuts a text behind each mark that ends a sentence or a part of one.
func sentences(text string) []string {
	var list []string
	start := 0
	for i, r := range text {
		if strings.ContainsRune("，。；：！？、\n,;!?", r) {
			end := i + len(string(r))
			list = append(list, text[start:end])
			start = end
		}
	}
	if start < len(text) {
		list = append(list, text[start:])
	}
	return list
}

// letters compares two short texts letter by letter.
func letters(a, b string) []Stretch {
	left, right := strings.Split(a, ""), strings.Split(b, "")
	if len(left)*len(right) > lettersMost {
		return []Stretch{{Gone, a}, {New, b}}
	}
	var list []Stretch
	kept := 0
	for _, s := range align(left, right) {
		kept += utf8.RuneCountInString(s.same)
		list = add(list, Stretch{Same, s.same}, Stretch{Gone, s.gone}, Stretch{New, s.new})
	}
	if float64(kept) < keptFewest*float64(max(len(left), len(right))) {
		return []Stretch{{Gone, a}, {New, b}}
	}
	return list
}

// step is a stretch that both have, or what stands in the first in place of what stands in the second.
type step struct{ same, gone, new string }

// align finds a longest common subsequence of two lists of parts.
func align(a, b []string) []step {
	// longest[i][j] is its length for a[i:] and b[j:].
	longest := make([][]int32, len(a)+1)
	cells := make([]int32, (len(a)+1)*(len(b)+1))
	for i := range longest {
		longest[i] = cells[i*(len(b)+1) : (i+1)*(len(b)+1)]
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				longest[i][j] = longest[i+1][j+1] + 1
			} else {
				longest[i][j] = max(longest[i+1][j], longest[i][j+1])
			}
		}
	}
	var steps []step
	var open step
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			if open != (step{}) {
				steps, open = append(steps, open), step{}
			}
			steps = append(steps, step{same: a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && longest[i+1][j] >= longest[i][j+1]:
			open.gone += a[i]
			i++
		default:
			open.new += b[j]
			j++
		}
	}
	if open != (step{}) {
		steps = append(steps, open)
	}
	return steps
}
