package attack

import (
	"context"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/spanstorm/spanstorm/internal/schedule"
)

const (
	// sliceMost bounds a single wait, so that an interrupt is obeyed.
	sliceMost = 50 * time.Millisecond
	// wakeMost bounds how much earlier than due the pacer is woken, and so how
	// long it spins after a sleep; spinMost is what it spins for without one.
	wakeMost = 50 * time.Microsecond
	spinMost = 10 * time.Microsecond
	// wakeStep is how fast the estimate of the wake-up's lateness follows.
	wakeStep = 200 * time.Nanosecond
	// leadMost bounds how early a hit is let go, and so how long a worker that
	// is ready early spins; leadStep is how fast the lead follows.
	leadMost = 60 * time.Microsecond
	leadStep = int64(200 * time.Nanosecond)
	// heldLeast is how long a hit must have waited for a worker to count as held up.
	heldLeast = 50 * time.Microsecond
)

// pacer lets hits go when they are due. It waits inside Pace and always
// returns a wait of 0, for a wait returned to vegeta goes through time.Sleep,
// which rounds up to a millisecond.
//
// Only vegeta's pacing goroutine calls Pace; the atomics are read by others.
type pacer struct {
	ctx      context.Context
	clock    func() time.Duration // since the phase's start; negative before it
	sleep    func(time.Duration)
	schedule schedule.Schedule // nil: closed loop
	end      time.Duration     // when letting go ends
	most     uint64
	crew     *crew

	// wake is how late the system usually wakes a sleeper: the first quartile,
	// so that three of four times nothing is left to spin for.
	wake time.Duration

	// lead is how much before its due time a hit is let go, in ns: the median
	// of what the way from here to a worker takes.
	lead atomic.Int64

	// handed is when the hit that no worker has taken yet was let go, in ns
	// plus 1; 0 when there is none. full says that no worker was free then.
	handed atomic.Int64
	full   atomic.Bool

	// backlog is true while hits are late because they had to wait for a worker.
	backlog atomic.Bool
	// heldNS is for how long hits waited for a worker.
	heldNS atomic.Int64
}

var _ vegeta.Pacer = (*pacer)(nil)

// Pace implements [vegeta.Pacer]. The elapsed time that vegeta passes is not
// used: it counts from another moment than the phase's start.
func (p *pacer) Pace(_ time.Duration, hits uint64) (time.Duration, bool) {
	if p.schedule == nil { // a closed loop: a worker that is free is what is waited for
		return 0, hits >= p.most || !p.await(0)
	}
	// Vegeta comes back only when a worker has taken the last hit.
	if held := p.holding(p.clock(), p.crew.takeFull()); held > 0 {
		p.heldNS.Add(int64(held))
		p.backlog.Store(true)
	}
	p.handed.Store(0)
	if hits >= p.most || !p.await(p.schedule.Due(hits)-time.Duration(p.lead.Load())) {
		return 0, true
	}
	p.full.Store(p.crew.full())
	p.handed.Store(int64(p.clock()) + 1)
	return 0, false
}

// holding is for how long the last hit has been waiting for a worker; 0 where
// workers were free, for then it was the machine's doing.
func (p *pacer) holding(now time.Duration, wasFull bool) time.Duration {
	handed := p.handed.Load()
	if handed == 0 {
		return 0
	}
	if held := now - time.Duration(handed-1); held >= heldLeast && (wasFull || p.full.Load()) {
		return held
	}
	return 0
}

// held is for how long hits have waited for a worker, the last one included
// that may never have been taken.
func (p *pacer) held(now time.Duration) time.Duration {
	return time.Duration(p.heldNS.Load()) + p.holding(min(now, p.end), p.crew.full())
}

// await waits until due; false means that nothing more is to be let go.
//
// A sleeper is woken late, on virtual machines by 30 µs and more. So the pacer
// asks to be woken earlier by what it has seen, and spins where it was woken
// before time, never for longer than wakeMost. At rates so high that hits follow
// each other faster than a sleeper can be woken, a few go out at each waking:
// spinning through would take a processor away from the workers.
func (p *pacer) await(due time.Duration) bool {
	slept := false
	for {
		now := p.clock()
		switch {
		case now > p.end || p.ctx.Err() != nil:
			return false
		case now >= due:
			return true
		case due-now <= spinMost || slept && due-now <= wakeMost:
			continue // spin
		}
		p.backlog.Store(false) // caught up
		d := min(max(due-now-p.wake, 1), sliceMost)
		p.sleep(d)
		p.learn(p.clock() - now - d)
		slept = true
	}
}

// meet is called by a worker that is ready to send. It waits out what is left
// until due, which is less than leadMost, and returns the time at which to send.
//
// Waking a worker takes tens of microseconds, most of them the same each time.
// So hits are let go earlier by the median of that: a step up for each request
// that gets here late, a step down for each that gets here early.
func (p *pacer) meet(due time.Duration) time.Duration {
	now := p.clock()
	if p.schedule == nil || p.backlog.Load() {
		return now
	}
	lead := p.lead.Load()
	if now > due {
		lead += leadStep
	} else {
		lead -= leadStep
	}
	p.lead.Store(min(max(lead, 0), int64(leadMost))) // a lost update is made up for by the next
	for end := now + leadMost; now < due && now < end; {
		now = p.clock()
	}
	return now
}

// learn follows the first quartile of how late the sleeper was woken: a step up
// for a later wake-up, three steps down for an earlier one.
func (p *pacer) learn(late time.Duration) {
	if late > p.wake {
		p.wake = min(p.wake+wakeStep, wakeMost)
	} else {
		p.wake = max(p.wake-3*wakeStep, 0)
	}
}

// Rate implements [vegeta.Pacer], in requests per second.
func (p *pacer) Rate(elapsed time.Duration) float64 {
	if p.schedule == nil {
		return 0
	}
	return p.schedule.Rate(elapsed)
}

// crew counts the workers that carry a request.
type crew struct {
	most    int32
	busy    atomic.Int32
	wasFull atomic.Bool
}

// begin counts a worker in and returns how many others were busy.
func (c *crew) begin() (others int32) {
	n := c.busy.Add(1)
	if n >= c.crowd() {
		c.wasFull.Store(true)
	}
	return n - 1
}

func (c *crew) done() { c.busy.Add(-1) }

// crowd is from how many on all count as busy: a worker between two requests
// is not counted for a moment, and of many workers a few always are.
func (c *crew) crowd() int32 { return c.most - c.most/32 }

func (c *crew) full() bool { return c.busy.Load() >= c.crowd() }

// takeFull says whether the crew was full at any time since it was last asked.
func (c *crew) takeFull() bool {
	return c.wasFull.Swap(false) || c.full()
}
