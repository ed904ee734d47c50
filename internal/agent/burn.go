package agent

import (
	"context"
	"math"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// burner uses up CPU time for nothing, by an account:
//
//	burned = share · (CPU time of the process − burned)
//
// since it was reset. Whatever the agent does for its spans, wherever it does it,
// costs that share more: not an estimate, but what the system's own clocks say. What
// keeping the account costs is burned, too.
type burner struct {
	share    float64
	requests atomic.Int64 // with spans, since the reset
	next     atomic.Int64 // how many there are to be when the account is looked at again
	waste    atomic.Uint64

	mu      sync.Mutex
	began   time.Duration // CPU time of the process at the reset
	burned  time.Duration // since then
	burning time.Duration // what requests have taken on and not finished yet
}

const (
	// worthwhile is how much is burned at once: much less would cost more to account for.
	worthwhile = 20 * time.Microsecond
	// requestsMost is how many requests may pass without a look at the account.
	requestsMost = 1000
)

// reset begins the account anew.
func (b *burner) reset() {
	if b.share == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.began, b.burned = processCPU(), 0
	b.requests.Store(0)
	b.next.Store(0)
}

// burn is called for each request with spans. It burns what is owed, in CPU time of
// its own thread: while the system lets others run, nothing counts. When ctx ends,
// the rest stays owed.
func (b *burner) burn(ctx context.Context) {
	if b.share == 0 || b.requests.Add(1) < b.next.Load() {
		return
	}
	runtime.LockOSThread() // its clock is read several times
	defer runtime.UnlockOSThread()
	began := threadCPU()
	owed := b.take()
	for threadCPU()-began < owed && ctx.Err() == nil {
		x := uint64(began)
		for range 300 { // well under a microsecond
			x = scramble(x)
		}
		b.waste.Store(x)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.burning -= owed
	b.burned += threadCPU() - began
}

// take says what is owed, beside what others are burning just now, and when to look
// at the account again.
func (b *burner) take() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	rest := processCPU() - b.began - b.burned // with as much as is burned already of burning
	owed := max(0, time.Duration(b.share*float64(rest-b.burning))-b.burned-b.burning)
	b.burning += owed
	// The requests up to now say how many make a worthwhile amount.
	n := b.requests.Load()
	each := b.share * float64(rest) / float64(max(1, n))
	b.next.Store(n + int64(min(requestsMost, math.Ceil(float64(worthwhile)/max(1, each)))))
	return owed
}
