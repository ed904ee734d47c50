package agent

import (
	"context"
	"sync"
	"time"

	"github.com/spanstorm/spanstorm/internal/alarm"
)

const (
	// coarseUntil is how long before its end a wait goes over from the runtime's timer,
	// which ctx can end, to an alarm, which is precise.
	coarseUntil = 2 * time.Millisecond
	// spunBelow is how short a wait is not worth sleeping: to be woken takes about as long.
	spunBelow = 10 * time.Microsecond
)

// waiter lets requests wait.
type waiter struct {
	alarms sync.Pool // that nobody waits for now; the collector closes what it takes
}

// pause waits to within a few microseconds, or until ctx ends, and says whether it
// waited to the end.
func (w *waiter) pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	end := time.Now().Add(d)
	if d > coarseUntil {
		timer := time.NewTimer(d - coarseUntil)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return false
		}
		d = time.Until(end)
	}
	if d > spunBelow {
		a, ok := w.alarms.Get().(*alarm.Alarm)
		if !ok {
			a = alarm.New()
		}
		a.Sleep(d)
		w.alarms.Put(a)
		return true
	}
	for time.Now().Before(end) {
		continue
	}
	return true
}
