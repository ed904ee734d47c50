package process

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The heap may grow by gcPercent of what lives, or by growLeast where that is more, until
// the garbage collector runs. Nearly all of a generator's heap lives as long as the run
// (the corpus, payloads, the account), while Go's usual 100 percent lets the process take twice
// what it needs, and a tenth more in its tenth minute than in its first. Of a small heap a
// quarter is so little that collections would take one in thirty of our CPU seconds.
const (
	gcPercent     = 25
	gcPercentMost = 400 // of a heap with next to nothing in it
	growLeast     = 32 << 20
	thriftLook    = 2 * time.Second
)

// Thrifty lets this process take little more memory than it needs, unless the user said
// how much (GOGC), and returns what undoes it.
func Thrifty() (undo func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	runtime.GC() // to know what lives
	set := percentOf(liveBytes())
	usual := debug.SetGCPercent(set)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(thriftLook)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			// Setting it stops the world, so it is left as it is where it is about right.
			if now := percentOf(liveBytes()); 10*abs(now-set) > set {
				debug.SetGCPercent(now)
				set = now
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
		debug.SetGCPercent(usual)
	}
}

// percentOf is by how many percent a heap of which so much lives may grow.
func percentOf(live uint64) int {
	return min(max(gcPercent, int(100*growLeast/max(live, 1))), gcPercentMost)
}

// liveBytes is how much of the heap lived when garbage was last collected.
func liveBytes() uint64 {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return live[0].Value.Uint64()
}

func abs(n int) int { return max(n, -n) }
