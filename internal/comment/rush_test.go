package comment

import (
	"testing"
	"time"
)

func TestARushIsManyCommentsOverAWhileAndEndsByItself(t *testing.T) {
	start := time.Date(2025, 5, 7, 23, 0, 0, 0, time.UTC)
	feed := func(p *pace, perSecond int, from time.Time, d time.Duration) time.Time {
		at := from
		for ; at.Sub(from) < d; at = at.Add(10 * time.Millisecond) {
			p.note(at, perSecond/100)
		}
		return at
	}
	var p pace
	at := feed(&p, 1000, start, 3*time.Second)
	if p.rush(at) {
		t.Error("1,000 comments a second are a rush: the search must keep up with them")
	}
	p.note(at, 64)
	if p.rush(at) {
		t.Error("one full batch is a rush")
	}
	at = feed(&p, 4000, at, time.Second)
	if !p.rush(at) {
		t.Error("4,000 comments a second are no rush")
	}
	if !p.rush(at.Add(rushHold/2)) || p.rush(at.Add(2*rushHold)) {
		t.Error("a rush does not end a moment after the last comment")
	}
}
