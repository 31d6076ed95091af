package main

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// stalled is a load of one worker on a server that answers in a millisecond, but keeps the eleventh request waiting. Its
// clock is the bubble's, so the figures are exact.
func stalled(t *testing.T, rate float64, d, stall time.Duration) (r steadyRun) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var err error
		r, err = pace(t.Context(), 1, rate, d, time.Sleep, func(_, i int) error {
			time.Sleep(time.Millisecond)
			if i == 10 {
				time.Sleep(stall)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
	return r
}

func TestLatencyCountsFromWhenARequestWasDue(t *testing.T) {
	r := stalled(t, 100, 2*time.Second, 500*time.Millisecond)
	if len(r.latency) != 200 || r.done != 200 {
		t.Fatalf("%d requests were sent, 200 were due", len(r.latency))
	}
	if got := r.latency[10]; got != 501 {
		t.Errorf("the stalled request took %v ms, want 501", got)
	}
	// The next was due 10 ms after it, could be sent 501 ms after it, and was answered a millisecond later.
	if got := r.latency[11]; got != 492 {
		t.Errorf("the request behind the stalled one took %v ms, want 492: what waits for a client counts", got)
	}
	if r.holds() {
		t.Error("a load of which a fifth came too late counts as held")
	}
}

func TestALateClientDoesNotShiftTheSchedule(t *testing.T) {
	r := stalled(t, 100, 2*time.Second, 500*time.Millisecond)
	if got := r.latency[199]; got != 1 {
		t.Errorf("the last request was answered %v ms after it was due, want 1", got)
	}
	if r.took != 1991*time.Millisecond {
		t.Errorf("the load took %s: its end has moved", r.took)
	}
}

func TestARateWithAFailureDoesNotHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault := errors.New("status 503")
		r, err := pace(t.Context(), 4, 1000, time.Second, time.Sleep, func(_, i int) error {
			if i == 500 {
				return fault
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.failed != 1 || r.done != 999 || !errors.Is(r.fault, fault) || r.holds() {
			t.Errorf("%d failed (%v), %d done, holds %v", r.failed, r.fault, r.done, r.holds())
		}
	})
}

func TestTheHighestRateThatHoldsIsFound(t *testing.T) {
	got, err := highest(1000, 6, func(rate float64) (steadyRun, error) {
		r := steadyRun{outcome: outcome{latency: []float64{1}}}
		if rate > 637 {
			r.latency[0] = 2 * tooLate
		}
		return r, nil
	})
	if err != nil || got > 637 || got < 637-1000.0/64 {
		t.Errorf("found %v, want just under 637 (%v)", got, err)
	}
}
