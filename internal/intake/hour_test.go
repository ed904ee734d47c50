package intake

import (
	"context"
	"fmt"
	"math/bits"
	"runtime"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/results"
)

// tracesPerS is the rate of the simulation, and spansPerTrace the size of its traces.
const (
	tracesPerS    = 100_000
	spansPerTrace = 10
)

// A load is traffic as a simulation has it: what each request carries, and what
// becomes of it, all of it functions of the seq.
type load struct {
	name   string
	most   int                  // traces in a request
	traces func(seq uint64) int // traces in request seq
	beyond bool                 // shown, and not held to the bar
}

// loads are the ways in which 100,000 traces a second may come. The more room a request
// has for traces that it does not carry, the more an ordinal takes.
func loads() []load {
	return []load{
		{name: "50 traces a request", most: 50, traces: func(uint64) int { return 50 }},
		{name: "1 trace a request", most: 1, traces: func(uint64) int { return 1 }},
		{name: "10 to 200 traces a request, 57 on average", most: 200, traces: func(seq uint64) int { return uneven(seq, 10, 60) }},
		{name: "1 to 200 traces a request, 11 on average", most: 200, traces: func(seq uint64) int { return uneven(seq, 1, 7) }, beyond: true},
	}
}

// uneven draws a size: half of them are less than most above least, a quarter less than
// twice that, and so on, up to 200.
func uneven(seq, least, most uint64) int {
	h := spread(seq + 1)
	octave := bits.TrailingZeros64(h | 1<<6)
	return int(min(least+(h>>32)%(most<<octave), 200))
}

// The fates of a simulated request and trace, in parts of 1,000.
const (
	refusedPer1000 = 1 // of requests, here and there; and a hundredth of them in one stretch
	missingPer1000 = 1 // of traces, as each of these
	partialPer1000 = 1 // without their last span
	twicePer1000   = 1
	piecesPer1000  = 5 // in two pieces
)

// outcome says how a request is answered.
func (l *load) outcome(seq, requests uint64) ledger.Outcome {
	stretch := seq - min(seq, requests/3)
	if spread(seq)%1000 < refusedPer1000 || stretch > 0 && stretch <= requests/100 {
		return 429
	}
	return 200
}

type fate uint8

const (
	comes fate = iota
	missing
	partial
	twice
	inPieces
)

func fateOf(ordinal uint64) fate {
	n := spread(ordinal^0x5bd1e995) % 1000
	for _, f := range []struct {
		fate fate
		per  uint64
	}{{missing, missingPer1000}, {partial, partialPer1000}, {twice, twicePer1000}, {inPieces, piecesPer1000}} {
		if n < f.per {
			return f.fate
		}
		n -= f.per
	}
	return comes
}

// The stages of a simulation.
const (
	stageLoad     = "load"
	stageHandOver = "hand-over"
	stageClosing  = "closing"
)

// simulated is what a simulation came to.
type simulated struct {
	load                       load
	requests                   uint64
	want                       results.Account // by the fates
	ledger                     results.Ledger
	account                    uint64            // bytes: live heap when the load is over
	peak                       uint64            // bytes: most memory held at any time
	stages                     map[string]uint64 // bytes: peak in each stage
	feeding, handOver, closing time.Duration
}

// simulate has an agent forward what a generator sent in so many seconds to a real
// intake, hands it over as at the end of a run, and closes the account.
func simulate(t *testing.T, l load, seconds int) simulated {
	t.Helper()
	layout, err := identity.Fit(l.most, spansPerTrace)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	if err := s.SetRun(identity.Key{1}, layout); err != nil {
		t.Fatal(err)
	}
	out := simulated{load: l}
	for n := 0; n < seconds*tracesPerS; out.requests++ {
		n += l.traces(out.requests)
	}
	w := watchMemory()
	defer w.stop()

	began := time.Now()
	outcomes := ledger.NewOutcomes()
	if err := outcomes.Reserve(0, out.requests); err != nil {
		t.Fatal(err)
	}
	f := feeder{run: s.run.Load(), layout: layout, outcomes: outcomes, sim: &out}
	f.feed(t)
	out.feeding = time.Since(began)
	runtime.GC()
	out.account = w.next(stageLoad)

	began = time.Now()
	client := NewClient(s.Addrs().Control)
	arrivals, err := client.Arrivals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	moments, _, err := client.Moments(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.next(stageHandOver)
	out.handOver = time.Since(began)

	began = time.Now()
	describe := func(dst []ledger.Chunk, seq uint64) []ledger.Chunk {
		for i := range l.traces(seq) {
			dst = append(dst, ledger.Chunk{Ordinal: layout.Ordinal(seq, i), Fault: ledger.NoFault, Spans: spansPerTrace, Priority: 1, HasPriority: true})
		}
		return dst
	}
	out.ledger, err = ledger.Close(ledger.Sheet{Source: "intake", Drained: true, Shapes: []string{"one"}, Outcomes: outcomes, Arrivals: arrivals, Describe: describe})
	if err != nil {
		t.Fatal(err)
	}
	out.closing = time.Since(began)
	w.next(stageClosing)
	runtime.KeepAlive(moments)
	out.peak, out.stages = w.most()
	return out
}

// feeder is the agent: it forwards payload after payload, mostly in order.
type feeder struct {
	run      *keyed
	layout   identity.Layout
	outcomes *ledger.Outcomes
	sim      *simulated
	held     []uint64 // ordinals that are yet to be forwarded
	batch    batch
	pieces   []find // the other halves of chunks that came in pieces
	rank     uint64
}

const (
	heldMost     = 20_000 // traces that an agent holds
	payloadMost  = 5_000  // traces in what it forwards at a time
	shufflePer   = 10     // one trace in so many changes places with
	shuffleReach = 1_000  // one so far away at most
)

func (f *feeder) feed(t *testing.T) {
	for seq := range f.sim.requests {
		n := f.sim.load.traces(seq)
		size := results.Count{Traces: uint64(n), Spans: uint64(n) * spansPerTrace}
		f.sim.want.Sent = f.sim.want.Sent.Plus(size)
		out := f.sim.load.outcome(seq, f.sim.requests)
		if err := f.outcomes.Set(seq, out); err != nil {
			t.Fatal(err)
		}
		if !out.Delivered() {
			f.sim.want.Refused = f.sim.want.Refused.Plus(size)
			continue
		}
		f.sim.want.Delivered = f.sim.want.Delivered.Plus(size)
		for i := range n {
			f.held = append(f.held, f.layout.Ordinal(seq, i))
		}
		for len(f.held) >= heldMost {
			f.forward(payloadMost)
		}
	}
	for len(f.held) > 0 || len(f.pieces) > 0 {
		f.forward(min(len(f.held), payloadMost))
	}
}

// forward sends one payload of n traces.
func (f *feeder) forward(n int) {
	for i := 0; i < n; i += shufflePer {
		f.rank++
		far := i + int(spread(f.rank)%shuffleReach)
		if far < len(f.held) {
			f.held[i], f.held[far] = f.held[far], f.held[i]
		}
	}
	f.batch.finds = append(f.batch.finds[:0], f.pieces...)
	f.pieces = f.pieces[:0]
	for _, o := range f.held[:n] {
		f.add(o)
	}
	f.held = f.held[:copy(f.held, f.held[n:])]
	f.run.mu.Lock()
	f.run.enter(&f.batch)
	f.run.mu.Unlock()
}

// add puts one trace into the payload, as its fate has it.
func (f *feeder) add(ordinal uint64) {
	want, one := &f.sim.want, results.Count{Traces: 1, Spans: spansPerTrace}
	whole := find{wholeChunk, ordinal, spansPerTrace}
	fate := fateOf(ordinal)
	switch fate {
	case missing:
		want.Missing = want.Missing.Plus(one)
		return
	case partial:
		want.Partial = want.Partial.Plus(results.Count{Traces: 1, Spans: 1})
		want.Missing.Spans++
		one.Spans--
		f.batch.finds = appendPiece(f.batch.finds, ordinal, 0, spansPerTrace-1)
	case inPieces:
		f.batch.finds = appendPiece(f.batch.finds, ordinal, 0, spansPerTrace/2)
		f.pieces = appendPiece(f.pieces, ordinal, spansPerTrace/2, spansPerTrace)
	case twice:
		want.Duplicated = want.Duplicated.Plus(one)
		f.batch.finds = append(f.batch.finds, whole, whole)
	case comes:
		f.batch.finds = append(f.batch.finds, whole)
	}
	want.Accepted = want.Accepted.Plus(one)
}

// appendPiece appends what is found in the spans from … to-1 of a chunk.
func appendPiece(finds []find, ordinal uint64, from, to int) []find {
	for i := from; i < to; i++ {
		finds = append(finds, find{looseSpan, ordinal, i})
	}
	return append(finds, find{kind: partChunk}, find{joinedChunk, ordinal, spansPerTrace})
}

// memoryWatch follows how much memory this process holds: what its runtime has from
// the system and has not given back.
type memoryWatch struct {
	mu     sync.Mutex
	stage  uint64
	peak   uint64
	stages map[string]uint64
	quit   chan struct{}
	done   chan struct{}
}

func watchMemory() *memoryWatch {
	runtime.GC()
	w := &memoryWatch{stages: map[string]uint64{}, quit: make(chan struct{}), done: make(chan struct{})}
	go func() {
		defer close(w.done)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-w.quit:
				return
			case <-tick.C:
				w.look()
			}
		}
	}()
	return w
}

func (w *memoryWatch) look() {
	s := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(s)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stage = max(w.stage, s[0].Value.Uint64()-s[1].Value.Uint64())
}

// next ends a stage, and returns the live heap.
func (w *memoryWatch) next(stage string) uint64 {
	w.look()
	w.mu.Lock()
	w.stages[stage] = w.stage
	w.peak = max(w.peak, w.stage)
	w.stage = 0
	w.mu.Unlock()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func (w *memoryWatch) most() (uint64, map[string]uint64) { return w.peak, w.stages }

func (w *memoryWatch) stop() {
	close(w.quit)
	<-w.done
}

// check holds that the account of a simulation is exactly what its fates were.
func (s *simulated) check(t *testing.T) {
	t.Helper()
	if s.ledger.Account != s.want {
		t.Errorf("%s: the account is %+v, want %+v", s.load.name, s.ledger.Account, s.want)
	}
	if s.want.Missing.Traces == 0 || s.want.Partial.Traces == 0 || s.want.Duplicated.Traces == 0 || s.want.Refused.Traces == 0 {
		t.Errorf("%s: nothing of some kind: %+v", s.load.name, s.want)
	}
}

func (s *simulated) String() string {
	return fmt.Sprintf("%s: %d requests, %d traces: account %.1f MB, peak %.1f MB, by stage %v; feeding %v, handing over %v, closing %v",
		s.load.name, s.requests, s.want.Sent.Traces, float64(s.account)/1e6, float64(s.peak)/1e6, s.stages, s.feeding, s.handOver, s.closing)
}

// TestHourInSmall is a hundredth of TestProveLedgerHour: the account is exact, and takes no more
// than a hundredth of 250 MB beside what does not grow, moments and what lies between two compactions.
func TestHourInSmall(t *testing.T) {
	const most, fixed = 250e6 / 100, 30e6
	for _, l := range loads() {
		t.Run(l.name, func(t *testing.T) {
			seconds := 36
			if testing.Short() {
				seconds = 4
			}
			s := simulate(t, l, seconds)
			s.check(t)
			t.Log(s.String())
			if s.account > most+fixed {
				t.Errorf("the account takes %.1f MB", float64(s.account)/1e6)
			}
		})
	}
}
