package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// tooLate is how long after it was due a request may be answered for the load to count as held.
const tooLate = 100.0 // ms

// steadyRun is what a load of constant rate came to.
type steadyRun struct {
	outcome       // latency counts from when a request was due, not from when a client was free to send it
	failed  int   // not answered as they should be
	fault   error // the first of them
}

// holds tells whether the rate was kept: nothing failed, and 99 of 100 answers came within tooLate.
func (r steadyRun) holds() bool { return r.failed == 0 && quantile(r.latency, 0.99) <= tooLate }

// steady offers requests at a constant rate for d over so many connections; see pace.
func steady(ctx context.Context, address string, connections int, rate float64, d time.Duration,
	step func(c *client, i int) error) (steadyRun, error) {
	clients := make([]*client, connections)
	for i := range clients {
		c, err := dial(ctx, address)
		if err != nil {
			return steadyRun{}, err
		}
		defer func() { clients[i].close() }()
		clients[i] = c
	}
	return pace(ctx, connections, rate, d, kernelSleep, func(worker, i int) error {
		err := step(clients[worker], i)
		if err == nil {
			return nil
		}
		if again, err := dial(ctx, address); err == nil { // the old connection is in an unknown state
			clients[worker].close()
			clients[worker] = again
		}
		return err
	})
}

// pace has steps done at a constant rate for d: the one numbered i is due i/rate after the beginning, whatever became of
// those before. While all workers wait for the server, what falls due waits too, and its waiting counts; a closed loop,
// which sends the next request once the last is answered, would not have sent it and would not see the stall.
func pace(ctx context.Context, workers int, rate float64, d time.Duration, sleep func(time.Duration),
	step func(worker, i int) error) (steadyRun, error) {
	n, interval := int(rate*d.Seconds()), float64(time.Second)/rate
	began := time.Now()
	at := func(i int) time.Time { return began.Add(time.Duration(float64(i) * interval)) }
	due := make(chan int, n)
	go release(ctx, due, n, at, sleep)
	var r steadyRun
	var mu sync.Mutex
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			var own steadyRun
			for i := range due {
				err := step(w, i)
				own.latency = append(own.latency, millis(time.Since(at(i))))
				if err == nil {
					continue
				}
				if own.failed++; own.fault == nil {
					own.fault = err
				}
			}
			mu.Lock()
			defer mu.Unlock()
			r.latency, r.failed = append(r.latency, own.latency...), r.failed+own.failed
			if r.fault == nil {
				r.fault = own.fault
			}
		})
	}
	all.Wait()
	r.took, r.done = time.Since(began), len(r.latency)-r.failed
	if ctx.Err() == nil && len(r.latency) != n {
		return r, fmt.Errorf("%d steps were due, %d were done", n, len(r.latency))
	}
	return r, ctx.Err()
}

// release hands out numbers when they are due, and never waits for whoever takes them.
func release(ctx context.Context, due chan<- int, n int, at func(i int) time.Time, sleep func(time.Duration)) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(due)
	for i := range n {
		if wait := time.Until(at(i)); wait > 0 {
			sleep(wait)
		}
		if ctx.Err() != nil {
			return
		}
		due <- i
	}
}

// kernelSleep is more exact than Go's timers, which may be a millisecond late in a process that has little to do.
func kernelSleep(d time.Duration) {
	pause := syscall.NsecToTimespec(int64(d))
	syscall.Nanosleep(&pause, nil) // woken early by a signal, a request goes out that much too soon
}

// highest looks for the highest rate that holds, up to most, by halving. try offers one rate.
func highest(most float64, probes int, try func(rate float64) (steadyRun, error)) (float64, error) {
	low, high := 0.0, most
	for range probes {
		rate := (low + high) / 2
		r, err := try(rate)
		if err != nil {
			return 0, err
		}
		if r.holds() {
			low = rate
		} else {
			high = rate
		}
	}
	return low, nil
}
