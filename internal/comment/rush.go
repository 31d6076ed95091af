package comment

import (
	"sync/atomic"
	"time"
)

const (
	// rushFrom is how many comments a second make a rush. Below it the search keeps up with what comes; above it, what it takes
	// from processors and disk is missing where citizens wait for their receipt.
	rushFrom   = 1500
	rushWindow = 250 * time.Millisecond // over which arrivals are counted
	rushHold   = time.Second            // for which a rush is thought to go on

	// RushRest is how long work in the background rests between two small batches in a rush. It comes forward all the same.
	RushRest = 2 * time.Second
)

// pace knows how fast comments come in to this process. The writer notes, anyone asks.
type pace struct {
	began time.Time // of the window under way
	count int
	until atomic.Int64 // when the rush is over, Unix nanoseconds
}

func (p *pace) note(now time.Time, n int) {
	p.count += n
	past := now.Sub(p.began)
	if past < rushWindow {
		return
	}
	if time.Duration(p.count)*time.Second >= rushFrom*past {
		p.until.Store(now.Add(rushHold).UnixNano())
	}
	p.began, p.count = now, 0
}

func (p *pace) rush(now time.Time) bool { return now.UnixNano() < p.until.Load() }

// Rush tells whether more comments come in to this process than what works behind them should get in the way of.
func (s *Store) Rush() bool { return s.pace.rush(time.Now()) }
