package ledger

import (
	"fmt"
	"maps"
	"time"

	"github.com/RoaringBitmap/roaring/v2/roaring64"

	"github.com/spanstorm/spanstorm/results"
)

// MaxSpanBits bounds the SpanBits of an [Arrivals]: ordinal and index share one
// 64-bit number.
const MaxSpanBits = 32

// Bounds on what one Arrivals takes. Past them it counts instead of
// remembering, and Overflow says how often: then the ledger's missing is an
// upper bound. Only an agent that makes ids up gets there.
const (
	maxLoose = 1 << 26 // spans of incomplete chunks
	maxOdd   = 1 << 22 // chunks with an uneven number of repeats
)

// tidyEvery is how many complete chunks arrive between two compactions.
const tidyEvery = 1 << 22

// Arrivals is what an intake saw of a run: for every chunk whether it came
// whole, which of its spans came when it did not, and what came again.
//
// Whole chunks are a set of ordinals, the spans of others a set of numbers
// ordinal·2^SpanBits + index: both cost a fraction of a byte to two bytes per
// entry. Order does not matter: the same spans give the same account however
// they were split and in whatever order they came.
//
// An Arrivals is not safe for concurrent use.
type Arrivals struct {
	spanBits uint8

	whole     *roaring64.Bitmap // ordinals that came whole, at least once
	twice     *roaring64.Bitmap // ordinals that came whole a second time
	more      map[uint64]uint64 // how often they came whole after that
	loose     *roaring64.Bitmap // spans that came otherwise
	odd       map[uint64]uint64 // how often spans came otherwise that had come so before
	marked    *roaring64.Bitmap // ordinals that came marked as dropped
	nWhole    uint64            // size of whole, and
	nLoose    uint64            // of loose; counting them each time would cost more than adding
	sinceTidy uint64

	// Foreign counts chunks of which no span is ours, and spans that are not.
	Foreign results.Count
	// Chunks and Spans count everything of ours that came, repeats included.
	Chunks, Spans uint64
	// Probes counts arrivals of the trace that checks the path.
	Probes uint64
	// StatsPayloads counts /api/v0.2/stats.
	StatsPayloads uint64
	// Overflow counts spans that came and could not be remembered.
	Overflow uint64
	// LastUnixNS is when the last chunk of ours came; 0 for never.
	LastUnixNS int64
}

// NewArrivals returns an empty account of arrivals of chunks with at most
// 2^spanBits spans. An error says that spanBits is more than MaxSpanBits.
func NewArrivals(spanBits uint8) (*Arrivals, error) {
	if spanBits > MaxSpanBits {
		return nil, fmt.Errorf("arrivals with %d bits for a span's index: at most %d", spanBits, MaxSpanBits)
	}
	return &Arrivals{
		spanBits: spanBits,
		whole:    roaring64.New(),
		twice:    roaring64.New(),
		loose:    roaring64.New(),
		marked:   roaring64.New(),
		more:     map[uint64]uint64{},
		odd:      map[uint64]uint64{},
	}, nil
}

// SpanBits is the number of bits of a span's index.
func (a *Arrivals) SpanBits() uint8 { return a.spanBits }

// AddWhole records that a chunk came with each of its spans exactly once.
func (a *Arrivals) AddWhole(ordinal uint64, spans int) {
	if !a.holds(ordinal) || spans < 1 {
		a.AddForeign(1, max(spans, 0))
		return
	}
	a.Chunks++
	a.Spans += uint64(spans)
	switch {
	case a.whole.CheckedAdd(ordinal):
		a.oneMore()
	case a.twice.CheckedAdd(ordinal):
	default:
		a.bump(a.more, ordinal, uint64(spans))
	}
}

// AddSpan records that one span came in a chunk that was not whole as far as
// the intake could tell: under another trace id, or in parts.
func (a *Arrivals) AddSpan(ordinal uint64, index int) {
	if !a.holds(ordinal) || index < 0 || uint64(index)>>a.spanBits != 0 {
		a.AddForeign(0, 1)
		return
	}
	a.Spans++
	number := ordinal<<a.spanBits | uint64(index)
	switch {
	case a.nLoose >= maxLoose && !a.loose.Contains(number):
		a.Overflow++
	case a.loose.CheckedAdd(number):
		a.nLoose++
	default:
		a.bump(a.odd, ordinal, 1)
	}
}

// Join makes a chunk of so many spans whole if all of them came by AddSpan: it
// may have been cut in pieces on its way. What is asked of a afterwards is
// answered as before; a whole chunk takes less room, and Whole counts it. It says
// whether it has done so.
func (a *Arrivals) Join(ordinal uint64, spans int) (joined bool) {
	if !a.holds(ordinal) || spans < 1 || uint64(spans) > 1<<a.spanBits || a.whole.Contains(ordinal) {
		return false
	}
	first := ordinal << a.spanBits
	for n := uint64(spans); n > 0; n-- { // the last is the least likely to be there
		if !a.loose.Contains(first + n - 1) {
			return false
		}
	}
	a.loose.RemoveRange(first, first+uint64(spans))
	a.nLoose -= uint64(spans)
	a.whole.Add(ordinal)
	a.oneMore()
	return true
}

// AddPart counts one chunk whose spans were handed to AddSpan.
func (a *Arrivals) AddPart() { a.Chunks++ }

// AddMarked records that a chunk came marked as dropped: it did not arrive,
// and the agent said so.
func (a *Arrivals) AddMarked(ordinal uint64) {
	if a.holds(ordinal) {
		a.marked.Add(ordinal)
	}
}

// AddForeign counts chunks and spans under ids that are not ours.
func (a *Arrivals) AddForeign(chunks, spans int) {
	a.Foreign.Traces += uint64(chunks)
	a.Foreign.Spans += uint64(spans)
}

// Touch records when something of ours came.
func (a *Arrivals) Touch(at time.Time) { a.LastUnixNS = max(a.LastUnixNS, at.UnixNano()) }

// Whole is the number of chunks that came whole.
func (a *Arrivals) Whole() uint64 { return a.nWhole }

// holds says that an ordinal leaves room for the index of a span.
func (a *Arrivals) holds(ordinal uint64) bool { return ordinal>>(64-a.spanBits) == 0 }

// bump counts one more repeat, of so many spans, without letting the map grow for ever.
func (a *Arrivals) bump(m map[uint64]uint64, ordinal, spans uint64) {
	if _, known := m[ordinal]; !known && len(m) >= maxOdd {
		a.Overflow += spans
		return
	}
	m[ordinal]++
}

// oneMore counts a chunk that is new in whole.
func (a *Arrivals) oneMore() {
	a.nWhole++
	if a.sinceTidy++; a.sinceTidy >= tidyEvery {
		a.tidy()
	}
}

// tidy turns neighbouring ordinals into runs, where that is smaller: with room
// for 1,000 chunks in a request and 10 in most, it is by a factor of four.
func (a *Arrivals) tidy() {
	a.whole.RunOptimize()
	a.twice.RunOptimize()
	a.loose.RunOptimize()
	a.sinceTidy = 0
}

// Seen is what came of one chunk of n spans: how many different ones of them,
// and how many more on top because spans came again. It is the definition that
// Close follows in one pass; on its own it is for tests and single questions.
func (a *Arrivals) Seen(ordinal uint64, n int) (distinct, again uint64) {
	var c chunkSeen
	if !a.holds(ordinal) {
		return 0, 0
	}
	c.whole = a.whole.Contains(ordinal)
	c.twice = a.twice.Contains(ordinal)
	it := a.loose.Iterator()
	it.AdvanceIfNeeded(ordinal << a.spanBits)
	for it.HasNext() && it.PeekNext()>>a.spanBits == ordinal {
		if a.index(it.Next()) < uint64(n) {
			c.loose++
		}
	}
	return a.resolve(ordinal, uint64(n), c)
}

func (a *Arrivals) index(number uint64) uint64 { return number & (1<<a.spanBits - 1) }

// chunkSeen is what the sets say of one chunk.
type chunkSeen struct {
	whole, twice bool
	loose        uint64
}

// resolve turns what the sets say of a chunk of n spans into
//
//	distinct = n                                  if it came whole, else its loose spans
//	again    = n·(whole arrivals after the first) + loose spans that had come before
//	           + its loose spans                  if it came whole as well
func (a *Arrivals) resolve(ordinal, n uint64, c chunkSeen) (distinct, again uint64) {
	again = n * a.more[ordinal]
	again += a.odd[ordinal]
	if c.twice {
		again += n
	}
	if c.whole {
		return n, again + c.loose
	}
	return c.loose, again
}

// Clone is a copy that shares nothing with a.
func (a *Arrivals) Clone() *Arrivals {
	b := *a
	b.whole, b.twice = a.whole.Clone(), a.twice.Clone()
	b.loose, b.marked = a.loose.Clone(), a.marked.Clone()
	b.more, b.odd = maps.Clone(a.more), maps.Clone(a.odd)
	return &b
}

// Merge adds what another intake of the same run saw. Both must have the same
// SpanBits; b is left as it was.
func (a *Arrivals) Merge(b *Arrivals) error {
	if a.spanBits != b.spanBits {
		return fmt.Errorf("merge arrivals with %d bits for a span's index into some with %d: they are not of one run", b.spanBits, a.spanBits)
	}
	// What came for the first time over there is a repeat here when it has
	// been here as well. The bounds on repeats hold for each intake, so that
	// merging loses nothing.
	for it := roaring64.And(a.whole, b.whole).Iterator(); it.HasNext(); {
		o := it.Next()
		a.repeat(o)
		if b.twice.Contains(o) {
			a.repeat(o)
		}
	}
	a.twice.Or(roaring64.AndNot(b.twice, a.whole))
	for it := roaring64.And(a.loose, b.loose).Iterator(); it.HasNext(); {
		a.odd[it.Next()>>a.spanBits]++
	}
	for o, n := range b.more {
		a.more[o] += n
	}
	for o, n := range b.odd {
		a.odd[o] += n
	}
	a.whole.Or(b.whole)
	a.loose.Or(b.loose)
	a.marked.Or(b.marked)
	a.nWhole, a.nLoose = a.whole.GetCardinality(), a.loose.GetCardinality()
	a.Foreign = a.Foreign.Plus(b.Foreign)
	a.Chunks += b.Chunks
	a.Spans += b.Spans
	a.Probes += b.Probes
	a.StatsPayloads += b.StatsPayloads
	a.Overflow += b.Overflow
	a.LastUnixNS = max(a.LastUnixNS, b.LastUnixNS)
	return nil
}

// repeat records one more whole arrival of a chunk that had come whole.
func (a *Arrivals) repeat(ordinal uint64) {
	if !a.twice.CheckedAdd(ordinal) {
		a.more[ordinal]++
	}
}
