package agent

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// trouble is what the dials do to one request after the other. Which request
// is hit follows from its number and the seed alone.
type trouble struct {
	dials    Dials
	requests atomic.Uint64
	calm     atomic.Bool // until the clock is wound
	clock    clock
	bucket   bucket
	meter    meter
	burner   burner
	waiter   waiter
	dropBelow,
	errorBelow,
	resetBelow uint64
}

func newTrouble(d Dials) *trouble {
	t := &trouble{
		dials:      d,
		bucket:     newBucket(d.Capacity),
		dropBelow:  threshold(d.Drop),
		errorBelow: threshold(d.Error),
		resetBelow: threshold(d.Reset),
	}
	t.calm.Store(d.AwaitClock)
	t.burner.share = d.CPUPerSpan
	t.burner.reset()
	return t
}

// wind begins the load: the next request with traces is its first.
func (t *trouble) wind() {
	t.clock.wind()
	t.burner.reset()
	t.calm.Store(false)
}

// threshold is the bound below which that share of 64-bit numbers lies.
func threshold(share float64) uint64 {
	switch {
	case share <= 0:
		return 0
	case share >= 1:
		return math.MaxUint64
	}
	return uint64(share * (1 << 63) * 2)
}

// What the dice are thrown for; each has a sequence of its own.
const (
	diceReset = iota + 1
	diceError
	diceDrop
	diceLatencyU
	diceLatencyV
)

// dice is a number that looks random, for one purpose and one subject.
func (t *trouble) dice(purpose, subject uint64) uint64 {
	return scramble(scramble(t.dials.seed()^purpose<<56) + subject)
}

// scramble is the finaliser of splitmix64 (Steele, Lea, Flood, 2014).
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unit is a number in (0, 1].
func unit(x uint64) float64 { return float64(x>>11+1) / (1 << 53) }

func (t *trouble) resets(request uint64) bool { return t.dice(diceReset, request) < t.resetBelow }
func (t *trouble) fails(request uint64) bool  { return t.dice(diceError, request) < t.errorBelow }

// drops says that a trace is to vanish. It goes by the trace's id, so that it
// hits all shapes alike and the same traces whatever else happens.
func (t *trouble) drops(traceID uint64) bool {
	return t.dice(diceDrop, traceID) < t.dropBelow && !t.calm.Load()
}

// latency is how long a request takes on top.
func (t *trouble) latency(request uint64) time.Duration {
	base := t.dials.Latency.draw(unit(t.dice(diceLatencyU, request)), unit(t.dice(diceLatencyV, request)))
	if t.dials.Knee.PerS == 0 {
		return base
	}
	return t.dials.Knee.latency(base, t.meter.perS())
}

// stalled is how much of a stall is left at a time after the load began.
func (t *trouble) stalled(since time.Duration) time.Duration {
	var left time.Duration
	for _, s := range t.dials.Stalls {
		if since >= s.At && since < s.At+s.For {
			left = max(left, s.At+s.For-since)
		}
	}
	return left
}

// longer is how much longer a request takes that has taken so long already.
func (t *trouble) longer(taken time.Duration) time.Duration {
	return time.Duration(t.dials.Slow * float64(taken))
}

// clock tells the time since the load began: since the first request with
// traces, or since the first one after it was wound.
type clock struct {
	mu    sync.Mutex
	began time.Time
}

// wind makes the next request the first.
func (c *clock) wind() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.began = time.Time{}
}

func (c *clock) since(now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.began.IsZero() {
		c.began = now
	}
	return now.Sub(c.began)
}

// burstFor is how much of a second's capacity may be used at once.
const burstFor = 50 * time.Millisecond

// bucket is a token bucket: perS tokens a second flow in, and it holds
// burstFor of them, at least two: one alone would lose the fractions that flow
// in between two requests.
type bucket struct {
	perS, size float64

	mu   sync.Mutex
	held float64
	last time.Time
}

func newBucket(perS float64) bucket {
	size := max(2, perS*burstFor.Seconds())
	return bucket{perS: perS, size: size, held: size}
}

// take says whether there is a token; always when there is no limit.
func (b *bucket) take(now time.Time) bool {
	if b.perS == 0 {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.last.IsZero() {
		b.held = min(b.size, b.held+b.perS*max(0, now.Sub(b.last).Seconds()))
	}
	b.last = now
	if b.held < 1 {
		return false
	}
	b.held--
	return true
}

// The meter's window is slots·slotFor = 1 s.
const (
	slots   = 10
	slotFor = 100 * time.Millisecond
)

// meter measures the rate of requests over the last second.
type meter struct {
	mu    sync.Mutex
	began time.Time
	slot  int64 // number of the current slot since began
	count [slots]uint64
}

func (m *meter) tick(now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.began.IsZero() {
		m.began = now
	}
	m.advance(now)
	m.count[m.slot%slots]++
}

// advance empties the slots that were passed since the last look.
func (m *meter) advance(now time.Time) {
	to := max(m.slot, int64(now.Sub(m.began)/slotFor))
	for m.slot = max(m.slot, to-slots); m.slot < to; {
		m.slot++
		m.count[m.slot%slots] = 0
	}
}

func (m *meter) perS() float64 { return m.perSAt(time.Now()) }

// perSAt is the number of requests in the slots before the current one, over
// their time; before there are any, what the current one holds.
func (m *meter) perSAt(now time.Time) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.began.IsZero() {
		return 0
	}
	m.advance(now)
	full := min(m.slot, slots-1)
	if full == 0 {
		return float64(m.count[0]) / slotFor.Seconds()
	}
	var n uint64
	for i := range full {
		n += m.count[(m.slot-1-i)%slots]
	}
	return float64(n) / (float64(full) * slotFor.Seconds())
}
