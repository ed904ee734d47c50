package ledger

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/results"
)

const (
	testChunkBits = 3
	testSpanBits  = 4
)

// A world is a run made up: what was sent, how it was answered, what came.
type world struct {
	shapes, faults []string
	incidents      []string // request seq lies in incident seq % (len+1) - 1
	requests       map[uint64][]Chunk
	outcomes       map[uint64]Outcome
	retried        map[uint64]bool
	whole          map[uint64]int    // ordinal → whole arrivals
	loose          map[[2]uint64]int // ordinal, index → arrivals in parts
	marked         map[uint64]bool
	claims         []results.Claim
	lost           map[uint64]uint64 // as the last account told it, by seq
	first          []uint64          // first seq of each phase
	lengths        []uint64
}

func drawWorld(t *rapid.T) *world {
	w := &world{
		requests: map[uint64][]Chunk{}, outcomes: map[uint64]Outcome{}, retried: map[uint64]bool{},
		whole: map[uint64]int{}, loose: map[[2]uint64]int{}, marked: map[uint64]bool{},
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "shapes") {
		w.shapes = append(w.shapes, fmt.Sprint("shape-", i))
	}
	w.faults = []string{"span-id-zero", "raw-body", "empty-trace"}[:rapid.IntRange(0, 3).Draw(t, "faults")]
	w.incidents = []string{"bank-down", "slow-database"}[:rapid.IntRange(0, 2).Draw(t, "incidents")]
	seq := uint64(0)
	for range rapid.IntRange(1, 3).Draw(t, "phases") {
		seq += rapid.Uint64Range(0, 3).Draw(t, "gap")
		n := rapid.Uint64Range(1, 12).Draw(t, "requests")
		w.first, w.lengths = append(w.first, seq), append(w.lengths, n)
		for range n {
			w.drawRequest(t, seq)
			seq++
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "foreign") { // ids with our key that nobody sent
		o := (seq+rapid.Uint64Range(1, 99).Draw(t, "foreign seq"))<<testChunkBits + 1
		if rapid.Bool().Draw(t, "foreign whole") {
			w.whole[o]++
		} else {
			w.loose[[2]uint64{o, 3}]++
		}
	}
	for range rapid.IntRange(0, 6).Draw(t, "claims") {
		w.claims = append(w.claims, results.Claim{
			Source:  rapid.SampledFrom([]string{"vars", "statsd"}).Draw(t, "source"),
			Name:    rapid.SampledFrom([]string{"TracesDropped.SpanIDZero", "x.raw_body", "queue_full"}).Draw(t, "name"),
			Meaning: rapid.SampledFrom([]string{"dropped", "dropped", "accepted", "accepted.spans", "dropped.spans", "dropped.spans:why", "other"}).Draw(t, "meaning"),
			Value:   float64(rapid.IntRange(0, 20).Draw(t, "value")),
		})
	}
	return w
}

func (w *world) drawRequest(t *rapid.T, seq uint64) {
	out := rapid.SampledFrom([]Outcome{NotSent, Unanswered, 200, 200, 200, 202, 429, 500, 302}).Draw(t, "outcome")
	if out != NotSent {
		w.outcomes[seq] = out
		w.retried[seq] = rapid.Bool().Draw(t, "retried")
	}
	for i := range rapid.Uint64Range(0, 1<<testChunkBits-1).Draw(t, "chunks") {
		c := Chunk{
			Ordinal: seq<<testChunkBits + i,
			Shape:   rapid.Int32Range(0, int32(len(w.shapes)-1)).Draw(t, "shape"),
			Fault:   rapid.Int32Range(-1, int32(len(w.faults)-1)).Draw(t, "fault"),
			Spans:   rapid.Int32Range(0, 1<<testSpanBits-1).Draw(t, "spans"),
		}
		if c.HasPriority = rapid.IntRange(0, 4).Draw(t, "has priority") > 0; c.HasPriority {
			c.Priority = rapid.Int8Range(-1, 2).Draw(t, "priority")
		}
		w.requests[seq] = append(w.requests[seq], c)
		if c.Spans > 0 && rapid.IntRange(0, 2).Draw(t, "comes whole") > 0 {
			w.whole[c.Ordinal] = rapid.SampledFrom([]int{1, 1, 1, 1, 2, 3, 5}).Draw(t, "times")
		}
		if rapid.IntRange(0, 3).Draw(t, "comes in parts") == 0 {
			for range rapid.IntRange(1, 6).Draw(t, "parts") { // indexes past the end as well
				w.loose[[2]uint64{c.Ordinal, rapid.Uint64Range(0, 1<<testSpanBits-1).Draw(t, "index")}]++
			}
		}
		if rapid.IntRange(0, 5).Draw(t, "marked") == 0 {
			w.marked[c.Ordinal] = true
		}
	}
}

func (w *world) size(ordinal uint64) int {
	for _, c := range w.requests[ordinal>>testChunkBits] {
		if c.Ordinal == ordinal {
			return int(c.Spans)
		}
	}
	return 7 // foreign
}

// An event is one thing that an intake sees.
type event func(*Arrivals)

func (w *world) events() []event {
	var out []event
	for o, times := range w.whole {
		for range times {
			out = append(out, func(a *Arrivals) { a.AddWhole(o, w.size(o)) })
		}
	}
	for at, times := range w.loose {
		for range times {
			out = append(out, func(a *Arrivals) { a.AddSpan(at[0], int(at[1])) })
		}
	}
	for o := range w.marked {
		out = append(out, func(a *Arrivals) { a.AddMarked(o) })
	}
	return out
}

func (w *world) arrivals(t *rapid.T) *Arrivals {
	a := newArrivals(t)
	for _, e := range rapid.Permutation(w.events()).Draw(t, "order") {
		e(a)
	}
	return a
}

type fataler interface{ Fatal(...any) }

func newArrivals(t fataler) *Arrivals {
	a, err := NewArrivals(testSpanBits)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *world) sheet(t fataler, a *Arrivals) Sheet {
	o := NewOutcomes()
	for i := range w.first {
		if err := o.Reserve(w.first[i], w.lengths[i]); err != nil {
			t.Fatal(err)
		}
	}
	for seq, out := range w.outcomes {
		if err := o.Set(seq, out); err != nil {
			t.Fatal(err)
		}
	}
	w.lost = map[uint64]uint64{}
	source := "intake"
	if a == nil {
		source = "vars"
	}
	return Sheet{
		Source: source, Drained: true, Shapes: w.shapes, Faults: w.faults,
		Incidents: w.incidents, Incident: w.incident,
		Outcomes: o, Arrivals: a, Claims: w.claims,
		Describe: func(dst []Chunk, seq uint64) []Chunk { return append(dst, w.requests[seq]...) },
		TraceID:  func(ordinal uint64, _ int) uint64 { return ordinal + 1e18 },
		SentAt:   func(seq uint64) time.Time { return time.Unix(int64(seq), 0) },
		Retried:  func(seq uint64) bool { return w.retried[seq] },
		Lost:     func(seq, traces uint64) { w.lost[seq] += traces },
	}
}

func (w *world) incident(seq uint64) int { return int(seq%uint64(len(w.incidents)+1)) - 1 }

// naiveIncident works out the account of one incident; of -1, that of the rest.
func (w *world) naiveIncident(i int) (sum results.Account) {
	for seq, out := range w.outcomes {
		if w.incident(seq) == i {
			for _, c := range w.requests[seq] {
				w.naiveChunk(&sum, seq, out, c)
			}
		}
	}
	return sum
}

// naive works the account out chunk by chunk, without claims.
func (w *world) naive() (total results.Account, shapes map[string]*results.Account, foreign results.Count) {
	shapes = map[string]*results.Account{}
	for _, s := range w.shapes {
		shapes[s] = &results.Account{}
	}
	known := map[uint64]bool{}
	for seq, out := range w.outcomes {
		for _, c := range w.requests[seq] {
			known[c.Ordinal] = true
			for _, a := range []*results.Account{&total, shapes[w.shapes[c.Shape]]} {
				w.naiveChunk(a, seq, out, c)
			}
		}
	}
	ordinals := map[uint64]bool{}
	for o, times := range w.whole {
		if times > 0 && !known[o] {
			ordinals[o] = true
			foreign.Spans += uint64(times * w.size(o))
		}
	}
	for at, times := range w.loose {
		switch {
		case !known[at[0]]:
			ordinals[at[0]] = true
			foreign.Spans += uint64(times)
		case at[1] >= uint64(w.size(at[0])):
			foreign.Spans += uint64(times)
			if n := times - 1; n > 0 { // which span came again is not kept, only of which chunk
				foreign.Spans -= uint64(n)
			}
		}
	}
	foreign.Traces = uint64(len(ordinals))
	return total, shapes, foreign
}

func (w *world) naiveChunk(a *results.Account, seq uint64, out Outcome, c Chunk) {
	n := uint64(c.Spans)
	came, total, odd := map[uint64]bool{}, uint64(0), uint64(0)
	for range w.whole[c.Ordinal] {
		for i := range n {
			came[i] = true
			total++
		}
	}
	for i := range uint64(1 << testSpanBits) {
		times := w.loose[[2]uint64{c.Ordinal, i}]
		if i < n && times > 0 {
			came[i] = true
			total += uint64(times)
		} else if times > 1 {
			odd += uint64(times - 1)
		}
	}
	distinct := uint64(len(came))
	size, got, rest := results.Count{Traces: 1, Spans: n}, results.Count{Traces: 1, Spans: distinct}, results.Count{Spans: n - distinct}
	if distinct == 0 {
		got, rest = results.Count{}, size
	}
	inc := func(to *results.Count, n results.Count) { *to = to.Plus(n) }
	inc(&a.Sent, size)
	if again := total - distinct + odd; again > 0 {
		inc(&a.Duplicated, results.Count{Traces: 1, Spans: again})
		if w.retried[seq] {
			inc(&a.DuplicatedByRetry, results.Count{Traces: 1, Spans: again})
		}
	}
	switch {
	case out == Unanswered:
		inc(&a.Unanswered, size)
		inc(&a.AcceptedThoughUnanswered, got)
		return
	case out < 200 || out > 299:
		inc(&a.Refused, size)
		inc(&a.AcceptedThoughRefused, got)
		return
	}
	inc(&a.Delivered, size)
	inc(&a.Accepted, got)
	if distinct > 0 && distinct < n {
		inc(&a.Partial, results.Count{Traces: 1, Spans: n - distinct})
	}
	switch {
	case !c.HasPriority || c.Priority <= 0:
		inc(&a.SampledOut, rest)
	case w.marked[c.Ordinal]:
		inc(&a.Dropped, rest)
	default:
		inc(&a.Missing, rest)
	}
}
