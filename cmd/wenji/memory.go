package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The garbage collector waits until the heap is several times what is in use (collectAt); a portal that nobody visits
// would keep that much for hours.
const (
	idleLook   = 500 * time.Millisecond
	idleAtMost = 1 << 20 // bytes allocated between two looks
	worthBack  = 6 << 20 // bytes allocated since memory was given back last
)

// giveBackMemory returns to the system what is not in use, whenever the portal has become idle, until ctx ends.
func giveBackMemory(ctx context.Context) {
	allocated := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	var last, given uint64
	tick := time.NewTicker(idleLook)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		metrics.Read(allocated)
		now := allocated[0].Value.Uint64()
		if now-last < idleAtMost && now-given > worthBack {
			debug.FreeOSMemory()
			given = now
		}
		last = now
	}
}
