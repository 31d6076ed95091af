package ui

import (
	"strings"
	"unicode"
)

// Piece is a stretch of text; Hit tells that it was searched for.
type Piece struct {
	Text string
	Hit  bool
}

// Snippet cuts a text round the first place where one of the words stands, most characters long in all, on one line, and
// marks every place where one stands, case aside.
func Snippet(text string, words []string, most int) []Piece {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	first, _ := nextHit(runes, 0, words)
	from := 0
	if first > most/3 {
		from = first - most/3
	}
	to := min(len(runes), from+most)
	var pieces []Piece
	add := func(words string, hit bool) {
		if words != "" {
			pieces = append(pieces, Piece{words, hit})
		}
	}
	if from > 0 {
		add("……", false)
	}
	for at := from; at < to; {
		hit, length := nextHit(runes, at, words)
		if hit < 0 || hit >= to {
			add(string(runes[at:to]), false)
			break
		}
		end := min(hit+length, len(runes))
		add(string(runes[at:hit]), false)
		add(string(runes[hit:end]), true)
		at = end
	}
	if to < len(runes) {
		add("……", false)
	}
	return pieces
}

// nextHit is where the first of the words stands from at on, and how long it is; -1 where none does.
func nextHit(text []rune, at int, words []string) (place, length int) {
	place = -1
	for _, w := range words {
		word := []rune(w)
		for i := at; i+len(word) <= len(text) && (place < 0 || i < place); i++ {
			if sameFold(text[i:i+len(word)], word) {
				place, length = i, len(word)
				break
			}
		}
	}
	return place, length
}

func sameFold(a, b []rune) bool {
	for i := range b {
		if a[i] != b[i] && unicode.ToLower(a[i]) != unicode.ToLower(b[i]) {
			return false
		}
	}
	return len(b) > 0
}
