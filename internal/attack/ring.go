package attack

import (
	"sync"
	"sync/atomic"

	"github.com/spanstorm/spanstorm/internal/tracer"
	"github.com/spanstorm/spanstorm/internal/tracer/odd"
	"github.com/spanstorm/spanstorm/results"
)

const (
	// aheadMost and aheadBytes bound how far payloads are composed ahead.
	aheadMost  = 256
	aheadBytes = 32 << 20
	// aheadBytesClosed is the same in a closed loop, where nothing is due: the
	// less is ahead, the more of it is still in the processor's cache when sent.
	aheadBytesClosed = 192 << 10
	// batchBytes is how much is composed in one go once there is room: waking
	// the producer for every small payload would cost more than composing it.
	batchBytes = 128 << 10
)

// payload is one composed body.
type payload struct {
	body   []byte
	index  uint64 // in the phase
	traces int
	odd    *odd.Odd     // what is odd about its request beside the body; nil for nothing
	ring   *ring        // where it goes back to
	holds  atomic.Int32 // how many may still read it
}

var _ tracer.Payload = (*payload)(nil)

// Body implements [tracer.Payload].
func (p *payload) Body() []byte { return p.body }

// Traces implements [tracer.Payload].
func (p *payload) Traces() int { return p.traces }

// Release implements [tracer.Payload].
func (p *payload) Release() {
	if p.holds.Add(-1) == 0 {
		p.ring.give(p)
	}
}

// hold is undone by Release.
func (p *payload) hold() { p.holds.Add(1) }

// ring holds payloads composed ahead of their due time. Payload k waits in slot
// k mod K. One goroutine fills it in order; the worker that carries request k
// takes payload k, in whatever order workers come.
//
//	compose → [ k | k+1 | … | k+K−1 ] → take(k)
//
// A slot knows whose payload it holds, so that a worker that was held up between
// getting its number and taking its payload finds it still there.
type ring struct {
	slots []slot
	room  chan struct{} // tells the producer that there is room again
	batch uint64

	filled atomic.Uint64
	taken  atomic.Uint64
	bytes  atomic.Int64 // composed and not taken

	bytesMost int64 // bounds bytes

	spareMu  sync.Mutex
	spare    []*payload // the one given back last on top: its memory is warm
	bodyMost int        // larger buffers are not kept

	stop sync.Once
	done chan struct{}

	// marks are written by the producer and read after it has ended, or under mu.
	mu    sync.Mutex
	marks []results.TimeMark
}

type slot struct {
	mu      sync.Mutex
	cond    sync.Cond
	payload *payload
	closed  bool
}

// newRing makes a ring for bodies of about meanBytes.
func newRing(meanBytes float64) *ring {
	k := aheadMost
	if meanBytes > 0 {
		k = min(k, max(2, int(aheadBytes/meanBytes)))
	}
	r := &ring{
		slots:     make([]slot, k),
		room:      make(chan struct{}, 1),
		batch:     1,
		spare:     make([]*payload, 0, 2*k),
		bodyMost:  max(256<<10, int(4*meanBytes)),
		bytesMost: aheadBytes,
		done:      make(chan struct{}),
	}
	if meanBytes > 0 {
		r.batch = uint64(max(1, min(k/4, int(batchBytes/meanBytes))))
	}
	for i := range r.slots {
		r.slots[i].cond.L = &r.slots[i].mu
	}
	return r
}

// fill composes payloads 0 … n−1 until the ring is closed.
func (r *ring) fill(n uint64, compose func(p *payload, index uint64)) {
	for k := range n {
		if !r.awaitRoom() {
			return
		}
		p := r.get()
		p.index = k
		compose(p, k)
		r.bytes.Add(int64(len(p.body)))
		if !r.put(p) {
			return
		}
		r.filled.Store(k + 1)
	}
}

// awaitRoom waits until there is room: while the ring is filling up, for one
// payload, and once it was full, for a batch. False means that it is closed.
func (r *ring) awaitRoom() bool {
	for batch := uint64(1); !r.roomy(batch); batch = r.batch {
		select {
		case <-r.room:
		case <-r.done:
			return false
		}
	}
	select {
	case <-r.done:
		return false
	default:
		return true
	}
}

// roomy says whether a batch fits. With nothing composed there is always room,
// however large a payload is. (A payload may be taken just before it is counted
// as filled, hence the signed difference.)
func (r *ring) roomy(batch uint64) bool {
	ahead := int64(r.filled.Load() - r.taken.Load())
	return ahead <= 0 || ahead+int64(batch) <= int64(len(r.slots)) && r.bytes.Load() < r.bytesMost
}

// put waits until the slot is empty, which it is unless a worker is held up.
func (r *ring) put(p *payload) bool {
	s := &r.slots[p.index%uint64(len(r.slots))]
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.payload != nil && !s.closed {
		s.cond.Wait()
	}
	if s.closed {
		return false
	}
	s.payload = p
	s.cond.Broadcast()
	return true
}

// take waits for payload k; nil means that the ring was closed before.
func (r *ring) take(k uint64) *payload {
	s := &r.slots[k%uint64(len(r.slots))]
	s.mu.Lock()
	for !s.closed && (s.payload == nil || s.payload.index != k) {
		s.cond.Wait()
	}
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	p := s.payload
	s.payload = nil
	s.cond.Broadcast()
	s.mu.Unlock()

	r.bytes.Add(-int64(len(p.body)))
	r.taken.Add(1)
	if r.roomy(r.batch) {
		select {
		case r.room <- struct{}{}:
		default:
		}
	}
	return p
}

// close wakes everybody; takers get nothing from then on.
func (r *ring) close() {
	r.stop.Do(func() {
		close(r.done)
		for i := range r.slots {
			s := &r.slots[i]
			s.mu.Lock()
			s.closed = true
			s.cond.Broadcast()
			s.mu.Unlock()
		}
	})
}

func (r *ring) get() *payload {
	r.spareMu.Lock()
	defer r.spareMu.Unlock()
	n := len(r.spare)
	if n == 0 {
		p := &payload{ring: r}
		p.holds.Store(1)
		return p
	}
	p := r.spare[n-1]
	r.spare[n-1] = nil
	r.spare = r.spare[:n-1]
	p.body = p.body[:0]
	p.holds.Store(1)
	return p
}

// give takes a payload back whose body nobody reads any more. Buffers that one
// giant payload has blown up are left to the garbage collector.
func (r *ring) give(p *payload) {
	if cap(p.body) > r.bodyMost {
		return
	}
	r.spareMu.Lock()
	defer r.spareMu.Unlock()
	if len(r.spare) < cap(r.spare) {
		r.spare = append(r.spare, p)
	}
}
