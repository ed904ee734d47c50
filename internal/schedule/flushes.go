package schedule

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"github.com/spanstorm/spanstorm/scenarios"
)

// Fleet is a number of clients that collect traces and send what they have at
// intervals, each at times of its own.
type Fleet struct {
	Clients  int
	Interval time.Duration
	// Jitter is how far a flush may lie from its place, as a share of the interval, up to a half.
	Jitter float64
	// Seed decides when in an interval each client flushes, and its jitter.
	Seed uint64
}

// Flushes is the schedule of a fleet: request k is the k-th flush. Traces are due
// by the phase's profile, the m-th of them at client m mod Clients, and a flush
// sends those that came due at its client since the one before it. A flush with
// nothing to send is none.
type Flushes struct {
	flushes []flush
	traces  *plan
	fleet   Fleet
	most    uint32
	sum     uint64
	turns   *turns // nil before Link
}

// turns are the flushes by client: where one stands among those of its client.
type turns struct {
	flushes []uint32 // client by client, each client's in order
	firsts  []uint32 // by client: where its flushes begin; and the end
	place   []uint32 // by flush: its index in flushes
}

type flush struct {
	due    int64 // ns
	client uint32
	traces uint32
}

// flushesMost bounds the memory of a phase's flushes: 16 bytes each.
const flushesMost = 20_000_000

// NewFlushes plans a phase whose rate is one of traces, or is converted into
// one by means, which are those of one trace.
func NewFlushes(phase *scenarios.Phase, fleet Fleet, means Means) (*Flushes, error) {
	means.Traces = 1
	made, err := New(phase, means)
	if err != nil {
		return nil, err
	}
	traces, ok := made.(*plan)
	if !ok || fleet.Clients < 1 || fleet.Interval <= 0 || fleet.Jitter < 0 || fleet.Jitter > 0.5 {
		return nil, fmt.Errorf("plan phase %q: a fleet of %d clients that flush every %v, give or take %v of it, cannot be planned", phase.Name, fleet.Clients, fleet.Interval, fleet.Jitter)
	}
	f := &Flushes{traces: traces, fleet: fleet}
	if n := float64(fleet.Clients) * (float64(traces.dur)/float64(fleet.Interval) + 1); n > flushesMost {
		return nil, fmt.Errorf("plan phase %q: %.0f flushes are more than %d; flush less often, with fewer clients, or for a shorter time", phase.Name, n, flushesMost)
	}
	for c := range fleet.Clients {
		if err := f.plan(c); err != nil {
			return nil, fmt.Errorf("plan phase %q: %w", phase.Name, err)
		}
	}
	slices.SortFunc(f.flushes, func(a, b flush) int {
		return cmp.Or(cmp.Compare(a.due, b.due), cmp.Compare(a.client, b.client))
	})
	return f, nil
}

// plan lists the flushes of client c.
func (f *Flushes) plan(c int) error {
	random := rand.New(rand.NewPCG(f.fleet.Seed, uint64(c))) //nolint:gosec // nothing secret
	phase := random.Float64()
	at := func(j int) time.Duration {
		shift := f.fleet.Jitter * (2*random.Float64() - 1)
		return time.Duration((float64(j) + phase + shift) * float64(f.fleet.Interval))
	}
	from := f.due(at(-1))
	for j := 0; ; j++ {
		t := at(j)
		if t >= f.traces.dur {
			return nil
		}
		if t < 0 {
			from = f.due(t)
			continue
		}
		to := f.due(t)
		n := share(to, c, f.fleet.Clients) - share(from, c, f.fleet.Clients)
		from = to
		switch {
		case n > scenarios.MaxChunks:
			return fmt.Errorf("a flush sends %d traces, more than %d; flush more often or from more clients", n, scenarios.MaxChunks)
		case n > 0:
			f.flushes = append(f.flushes, flush{due: int64(t), client: uint32(c), traces: uint32(n)})
			f.most = max(f.most, uint32(n))
			f.sum += uint64(n)
		}
	}
}

// due is the number of traces that are due by t. Before the phase, when its
// clients were at work already, they came at the rate that it begins with.
func (f *Flushes) due(t time.Duration) int64 {
	if t < 0 {
		return int64(math.Ceil(f.traces.Rate(0) * t.Seconds()))
	}
	return int64(f.traces.CountAt(t))
}

// share is how many of the first n traces are client c's; below 0 it counts down.
func share(n int64, c, clients int) int64 {
	return int64(math.Ceil(float64(n-int64(c)) / float64(clients)))
}

// Traces is the number of traces that request k sends, at least 1, k < Count.
func (f *Flushes) Traces(k uint64) int { return int(f.flushes[k].traces) }

// Client is the client that sends request k < Count, from 0.
func (f *Flushes) Client(k uint64) int { return int(f.flushes[k].client) }

// Link lets Step find its way, at 8 bytes a flush.
func (f *Flushes) Link() {
	if f.turns != nil {
		return
	}
	t := &turns{
		flushes: make([]uint32, len(f.flushes)), place: make([]uint32, len(f.flushes)), firsts: make([]uint32, f.fleet.Clients+1),
	}
	for _, one := range f.flushes {
		t.firsts[one.client+1]++
	}
	for c := range f.fleet.Clients {
		t.firsts[c+1] += t.firsts[c]
	}
	next := slices.Clone(t.firsts)
	for k, one := range f.flushes {
		at := next[one.client]
		next[one.client]++
		t.flushes[at], t.place[k] = uint32(k), at
	}
	f.turns = t
}

// Step is the request that the client of request k < Count sends n requests
// later, or earlier if n is negative. ok is false if there is none. Link comes first.
func (f *Flushes) Step(k uint64, n int) (other uint64, ok bool) {
	t, client := f.turns, f.flushes[k].client
	at := int64(t.place[k]) + int64(n)
	if at < int64(t.firsts[client]) || at >= int64(t.firsts[client+1]) {
		return 0, false
	}
	return uint64(t.flushes[at]), true
}

// Most is the most traces that a request sends; 0 when there is none.
func (f *Flushes) Most() int { return int(f.most) }

// Sum is the number of traces of all requests.
func (f *Flushes) Sum() uint64 { return f.sum }

// Due implements [Schedule].
func (f *Flushes) Due(k uint64) time.Duration {
	if k >= uint64(len(f.flushes)) {
		return f.traces.dur
	}
	return time.Duration(f.flushes[k].due)
}

// CountAt implements [Schedule].
func (f *Flushes) CountAt(t time.Duration) uint64 {
	return uint64(sort.Search(len(f.flushes), func(i int) bool { return f.flushes[i].due > int64(t) }))
}

// Count implements [Schedule].
func (f *Flushes) Count() uint64 { return uint64(len(f.flushes)) }

// Duration implements [Schedule].
func (f *Flushes) Duration() time.Duration { return f.traces.dur }

// Rate implements [Schedule]: each client flushes once an interval, if it has
// anything to send.
func (f *Flushes) Rate(t time.Duration) float64 {
	return min(f.traces.Rate(t), float64(f.fleet.Clients)/f.fleet.Interval.Seconds())
}

// Peak implements [Schedule].
func (f *Flushes) Peak() float64 {
	return min(f.traces.Peak(), float64(f.fleet.Clients)/f.fleet.Interval.Seconds())
}
