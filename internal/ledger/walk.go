package ledger

import "github.com/RoaringBitmap/roaring/v2/roaring64"

// arrived is what came of one chunk.
type arrived struct {
	distinct uint64 // different spans of it, at most as many as it has
	again    uint64 // spans that came on top of those
	marked   bool   // it came marked as dropped
}

// A walk answers for one chunk after the other, ordinals ascending, what came
// of it. Asking the sets about each chunk would search each time; walking
// along them costs a few nanoseconds. What it steps over was never sent.
type walk struct {
	arrivals             *Arrivals
	whole, twice, marked cursor
	loose                cursor
	ours                 uint64 // spans that came and belong to chunks asked about
	foreign              uint64 // ordinals that came and were stepped over
}

func newWalk(a *Arrivals) *walk {
	w := &walk{arrivals: a}
	if a != nil {
		w.whole.it = a.whole.Iterator()
		w.twice.it = a.twice.Iterator()
		w.marked.it = a.marked.Iterator()
		w.loose.it = a.loose.Iterator()
	}
	return w
}

// chunk says what came of c. Ordinals must ascend from call to call.
func (w *walk) chunk(c Chunk) arrived {
	a := w.arrivals
	if a == nil || !a.holds(c.Ordinal) {
		return arrived{}
	}
	w.skip(c.Ordinal)
	var seen chunkSeen
	seen.whole = w.whole.take(c.Ordinal)
	if !w.twice.done() {
		w.twice.below(c.Ordinal)
		seen.twice = w.twice.take(c.Ordinal)
	}
	for !w.loose.done() && w.loose.it.PeekNext()>>a.spanBits == c.Ordinal {
		if a.index(w.loose.it.Next()) < uint64(c.Spans) {
			seen.loose++
		}
	}
	var out arrived
	out.distinct, out.again = a.resolve(c.Ordinal, uint64(c.Spans), seen)
	// What came again is taken for those that share an id, as far as there are any.
	alike := min(out.again, uint64(c.Alike), uint64(c.Spans)-out.distinct)
	out.distinct, out.again = out.distinct+alike, out.again-alike
	w.ours += out.distinct + out.again
	if !w.marked.done() {
		w.marked.below(c.Ordinal)
		out.marked = w.marked.take(c.Ordinal)
	}
	return out
}

// skip steps over ordinals below next, which nobody sent.
func (w *walk) skip(next uint64) {
	w.foreign += w.whole.below(next)
	bits := w.arrivals.spanBits
	for !w.loose.done() {
		o := w.loose.it.PeekNext() >> bits
		if o >= next {
			return
		}
		w.foreignLoose(o)
	}
}

// foreignLoose steps over the loose spans of an ordinal that nobody sent.
func (w *walk) foreignLoose(ordinal uint64) {
	if !w.arrivals.whole.Contains(ordinal) { // else it counts as a whole one
		w.foreign++
	}
	for !w.loose.done() && w.loose.it.PeekNext()>>w.arrivals.spanBits == ordinal {
		w.loose.it.Next()
	}
}

// finish steps over what is left.
func (w *walk) finish() {
	if w.arrivals == nil {
		return
	}
	for !w.whole.done() {
		w.whole.it.Next()
		w.foreign++
	}
	for !w.loose.done() {
		w.foreignLoose(w.loose.it.PeekNext() >> w.arrivals.spanBits)
	}
}

// A cursor is a place in an ascending set.
type cursor struct{ it roaring64.IntPeekable64 }

func (c *cursor) done() bool { return !c.it.HasNext() }

// below steps over everything below x and says how much that was.
func (c *cursor) below(x uint64) (skipped uint64) {
	for c.it.HasNext() && c.it.PeekNext() < x {
		c.it.Next()
		skipped++
	}
	return skipped
}

// take steps over x if it is next.
func (c *cursor) take(x uint64) bool {
	if c.it.HasNext() && c.it.PeekNext() == x {
		c.it.Next()
		return true
	}
	return false
}
