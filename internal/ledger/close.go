package ledger

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spanstorm/spanstorm/results"
)

// Describe appends the chunks of request seq to dst, ordinals ascending. It is
// asked about ascending seqs, and the ordinals of a later request must all be
// above those of an earlier one.
type Describe func(dst []Chunk, seq uint64) []Chunk

// Sheet is all that an account is made of.
type Sheet struct {
	// Source says where acceptance was learnt; see results.Ledger.
	Source string
	// Drained says that the target had its time to hand over everything.
	Drained bool
	// Shapes and Faults are the names that Chunk.Shape and Chunk.Fault index.
	Shapes, Faults []string
	// Incidents are the names that Incident indexes, of a request's seq; -1 is
	// none. Incident may be nil where there are no names.
	Incidents []string
	Incident  func(seq uint64) int
	// Reasons gives, for a fault, the reason under which an agent documents
	// that it drops such chunks. A fault that is not in it stands under its
	// own name with underscores: span-id-zero under span_id_zero.
	Reasons map[string]string

	Outcomes *Outcomes
	// Arrivals is nil when there was no intake: then the columns are filled
	// from Claims as far as those go.
	Arrivals *Arrivals
	Describe Describe
	// TraceID is the trace id that a chunk carries; nil leaves examples without.
	TraceID func(ordinal uint64, spans int) uint64
	// SentAt is when a request was sent; nil leaves examples without.
	SentAt func(seq uint64) time.Time
	// Retried says that a request was sent more than once; nil for none.
	Retried func(seq uint64) bool
	// Lost, when set, is told of each request of which traces were lost how many:
	// delivered, to be kept, and no span of them arrived. In all they are those that
	// the ledger has as dropped and missing. Without Arrivals it is told nothing.
	Lost func(seq, traces uint64)
	// Claims are the target's own counters: Meaning, Name and Value are read;
	// the ledger carries them with Seen and Excess filled in.
	Claims []results.Claim
}

// ErrUnbalanced is wrapped by the error of a ledger that does not add up.
var ErrUnbalanced = errors.New("the ledger does not add up")

// reasonMarked is the reason of chunks that the agent forwarded marked as dropped.
const reasonMarked = "dropped_trace"

// Close makes the account. For traces and spans alike, as a whole and in each part,
//
//	sent      = delivered + refused + unanswered
//	delivered = accepted + sampled_out + dropped + missing
//
// and Close verifies that. An error that wraps ErrUnbalanced means a defect of
// this package; the ledger is returned with it all the same. Any other error
// means that the sheet contradicts itself.
//
// Close looks at every chunk that was sent once, in order: a ledger of a
// hundred million chunks takes some ten seconds and no memory of its own.
func Close(s Sheet) (results.Ledger, error) {
	if s.Outcomes == nil || s.Describe == nil {
		return results.Ledger{}, errors.New("close the ledger: a sheet needs Outcomes and Describe")
	}
	b := newBook(s)
	if err := b.fill(); err != nil {
		return results.Ledger{}, fmt.Errorf("close the ledger: %w", err)
	}
	l := b.total()
	if err := verify(l); err != nil {
		return l, fmt.Errorf("close the ledger: %w: %w", ErrUnbalanced, err)
	}
	return l, nil
}

// A book is an account in the making: one cell per incident, shape and fault, so
// that every total is a sum of cells.
type book struct {
	sheet   Sheet
	cells   [][]cell                    // [(incident+1)·shapes + shape][fault+1]
	refused []map[Outcome]results.Count // by fault+1
	ours    uint64                      // spans that came and belong to a chunk that was sent, repeats included
	foreign uint64                      // ordinals that came and were never sent
	marked  results.Count
	missing []sampler // by fault+1: chunks that nothing explains so far
	// requests counts them by outcome.
	requests map[Outcome]uint64
	sampled  struct{ dropped, refused, duplicated sampler }
}

// A cell is the account of one shape with one fault.
type cell struct {
	results.Account
	// lost are the chunks that did not arrive for no cause that is known;
	// they are in Missing. sizes says how many of them have how many spans.
	lost  results.Count
	sizes map[int32]uint64
}

func newBook(s Sheet) *book {
	b := &book{sheet: s, requests: map[Outcome]uint64{}}
	for range len(s.Faults) + 1 {
		b.refused = append(b.refused, map[Outcome]results.Count{})
	}
	b.cells = make([][]cell, (len(s.Incidents)+1)*len(s.Shapes))
	for i := range b.cells {
		b.cells[i] = make([]cell, len(s.Faults)+1)
	}
	b.missing = make([]sampler, len(s.Faults)+1)
	return b
}

// fill walks over everything that was sent and what came, side by side.
func (b *book) fill() error {
	var chunks []Chunk
	var err error
	var last uint64
	began := false
	seen := newWalk(b.sheet.Arrivals)
	b.sheet.Outcomes.Each(func(seq uint64, out Outcome) bool {
		b.requests[out]++
		chunks = b.sheet.Describe(chunks[:0], seq)
		incident := -1
		if len(b.sheet.Incidents) > 0 {
			incident = b.sheet.Incident(seq)
		}
		lost := uint64(0)
		for _, c := range chunks {
			if err = b.check(seq, c); err != nil {
				return false
			}
			if began && c.Ordinal <= last {
				err = fmt.Errorf("request %d: chunk %d comes after chunk %d; ordinals must ascend", seq, c.Ordinal, last)
				return false
			}
			last, began = c.Ordinal, true
			came := seen.chunk(c)
			if out.Delivered() && c.Kept() && came.distinct == 0 {
				lost++
			}
			b.enter(seq, incident, out, c, came)
		}
		if lost > 0 && b.sheet.Lost != nil && b.sheet.Arrivals != nil {
			b.sheet.Lost(seq, lost)
		}
		return true
	})
	seen.finish()
	b.ours, b.foreign = seen.ours, seen.foreign
	return err
}

func (b *book) check(seq uint64, c Chunk) error {
	switch {
	case c.Shape < 0 || int(c.Shape) >= len(b.sheet.Shapes):
		return fmt.Errorf("request %d: chunk %d has shape %d of %d", seq, c.Ordinal, c.Shape, len(b.sheet.Shapes))
	case c.Fault < NoFault || int(c.Fault) >= len(b.sheet.Faults):
		return fmt.Errorf("request %d: chunk %d has fault %d of %d", seq, c.Ordinal, c.Fault, len(b.sheet.Faults))
	case c.Spans < 0:
		return fmt.Errorf("request %d: chunk %d has %d spans", seq, c.Ordinal, c.Spans)
	}
	return nil
}

// enter books one chunk.
func (b *book) enter(seq uint64, incident int, out Outcome, c Chunk, came arrived) {
	a := &b.cells[(incident+1)*len(b.sheet.Shapes)+int(c.Shape)][c.Fault+1]
	size := results.Count{Traces: 1, Spans: uint64(c.Spans)}
	a.Sent = a.Sent.Plus(size)
	got := results.Count{Traces: 1, Spans: came.distinct}
	arrived := came.distinct > 0
	switch {
	case out.Delivered():
		a.Delivered = a.Delivered.Plus(size)
		b.settle(seq, c, a, came)
	case out == Unanswered:
		a.Unanswered = a.Unanswered.Plus(size)
		if arrived {
			a.AcceptedThoughUnanswered = a.AcceptedThoughUnanswered.Plus(got)
		}
	default:
		a.Refused = a.Refused.Plus(size)
		codes := b.refused[c.Fault+1]
		codes[out] = codes[out].Plus(size)
		b.sampled.refused.offer(seq, c)
		if arrived {
			a.AcceptedThoughRefused = a.AcceptedThoughRefused.Plus(got)
		}
	}
	if came.again > 0 {
		twice := results.Count{Traces: 1, Spans: came.again}
		a.Duplicated = a.Duplicated.Plus(twice)
		if b.sheet.Retried != nil && b.sheet.Retried(seq) {
			a.DuplicatedByRetry = a.DuplicatedByRetry.Plus(twice)
		}
		b.sampled.duplicated.offer(seq, c)
	}
}

// settle says what became of a chunk that was delivered. Of a chunk that came
// in part, what came is accepted and the rest is lost: its trace is booked
// once, its spans on both sides.
func (b *book) settle(seq uint64, c Chunk, a *cell, came arrived) {
	size := results.Count{Traces: 1, Spans: uint64(c.Spans)}
	rest := results.Count{Spans: size.Spans - came.distinct}
	switch {
	case came.distinct > 0:
		a.Accepted = a.Accepted.Plus(results.Count{Traces: 1, Spans: came.distinct})
		if rest.Spans > 0 {
			a.Partial = a.Partial.Plus(results.Count{Traces: 1, Spans: rest.Spans})
		}
	default:
		rest = size
	}
	switch {
	case rest == results.Count{}:
	case !c.Kept():
		a.SampledOut = a.SampledOut.Plus(rest)
	case came.marked:
		a.Dropped = a.Dropped.Plus(rest)
		b.marked = b.marked.Plus(rest)
		b.sampled.dropped.offer(seq, c)
	default:
		a.Missing = a.Missing.Plus(rest)
		if rest.Traces > 0 {
			a.lost = a.lost.Plus(rest)
			if a.sizes == nil {
				a.sizes = map[int32]uint64{}
			}
			a.sizes[c.Spans]++
			b.missing[c.Fault+1].offer(seq, c)
		}
	}
}

// total adds the cells up, lets the claims explain what they can, and puts
// down the ledger.
func (b *book) total() results.Ledger {
	l := results.Ledger{
		Source:          b.sheet.Source,
		Drained:         b.sheet.Drained,
		RefusedByCode:   map[string]results.Count{},
		DroppedByReason: map[string]results.Count{},
		ByShape:         []results.Part{},
		ByFault:         []results.Part{},
		ByIncident:      []results.Part{},
	}
	if a := b.sheet.Arrivals; a != nil {
		// What was not remembered could have been anybody's.
		l.Drained = l.Drained && a.Overflow == 0
		l.StatsPayloads = a.StatsPayloads
		l.Foreign = a.Foreign
		l.Foreign.Traces += b.foreign
		l.Foreign.Spans += minus(a.Spans, b.ours+a.Overflow)
	}
	for _, codes := range b.refused {
		for code, n := range byCode(codes) {
			l.RefusedByCode[code] = l.RefusedByCode[code].Plus(n)
		}
	}
	if b.marked != (results.Count{}) {
		l.DroppedByReason[reasonMarked] = b.marked
	}
	b.explain(&l)
	return l
}

func byCode(codes map[Outcome]results.Count) map[string]results.Count {
	out := map[string]results.Count{}
	for outcome, n := range codes {
		out[code(outcome)] = n
	}
	return out
}

// code is an outcome's status code, as records have it.
func code(out Outcome) string { return strconv.Itoa(int(out)) }

func minus(a, b uint64) uint64 {
	if a < b {
		return 0
	}
	return a - b
}

// Expected is the number of chunks that should come out of the agent: those
// that were delivered and that it has no sampling reason to withhold.
func Expected(outcomes *Outcomes, describe Describe) uint64 {
	return Outstanding(outcomes, nil, describe)
}

// Outstanding is how many of the expected chunks have not come whole. At 0 the
// account may be closed; chunks that are malformed may keep it above 0 for ever.
func Outstanding(outcomes *Outcomes, arrivals *Arrivals, describe Describe) uint64 {
	var n uint64
	var chunks []Chunk
	seen := newWalk(arrivals)
	outcomes.Each(func(seq uint64, out Outcome) bool {
		if !out.Delivered() {
			return true
		}
		chunks = describe(chunks[:0], seq)
		for _, c := range chunks {
			if came := seen.chunk(c); c.Kept() && came.distinct < uint64(c.Spans) {
				n++
			}
		}
		return true
	})
	return n
}
