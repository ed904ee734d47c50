package intake

import (
	"time"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/ledger"
)

// A find is one thing that a payload held, ids already turned into ordinals.
type find struct {
	kind    findKind
	ordinal uint64
	n       int // wholeChunk, joinedChunk: spans; looseSpan: index; foreign: spans
}

type findKind uint8

const (
	wholeChunk   findKind = iota // every span of a chunk, once
	partChunk                    // a chunk whose spans are found one by one
	looseSpan                    // one span of such a chunk
	joinedChunk                  // a chunk that is whole once all its spans have come so
	markedChunk                  // marked as dropped
	foreignChunk                 // no span of it is ours
	foreignSpans                 // spans that are not ours, in a chunk that is
	probeChunk                   // the trace that checks the path
)

// A batch is what one payload held. It is filled before the payload is
// answered and entered after.
type batch struct {
	codec *identity.Codec
	probe uint64 // the least ordinal of a probe
	finds []find

	wanted map[uint64]struct{} // chunks that are to be cut out,
	cuts   []cut               // and those of them that the payload held

	plain, indexed bool // there were chunks of the usual form, and of the indexed one

	seen     []uint64 // scratch: which indexes of a chunk came
	promises []find   // and what its ids say of sizes
}

func (b *batch) reset(codec *identity.Codec, wanted map[uint64]struct{}) {
	b.codec, b.probe, b.finds = codec, codec.Layout().FirstProbe(), b.finds[:0]
	clear(b.cuts) // they refer to the payload before
	b.wanted, b.cuts = wanted, b.cuts[:0]
	b.plain, b.indexed = false, false
}

// add turns the ids of a chunk into ordinals. Where the spans are exactly those
// that belong together, by the trace id or, in a later part of a long trace, by
// the span that says that it is the last, that is all there is to say; else (a
// trace id that was broken on purpose, spans missing or alien) each span speaks
// for itself, and what the ids promise says when all have come.
func (b *batch) add(c chunk) {
	if c.tracer != nil {
		b.indexed = true
	} else {
		b.plain = true
	}
	if ordinal, whole := b.whole(c); whole {
		kind := wholeChunk
		switch {
		case ordinal >= b.probe:
			kind = probeChunk
		case c.dropped:
			kind = markedChunk
		}
		b.finds = append(b.finds, find{kind, ordinal, len(c.spans)})
		b.want(ordinal, true, &c)
		return
	}
	ours, alien, loose := 0, 0, 0
	before, began := uint64(0), false
	b.promises = b.promises[:0]
	if ordinal, spans, ok := b.codec.Trace(c.traceID); ok {
		b.promises = append(b.promises, find{joinedChunk, ordinal, spans})
	}
	for _, id := range c.spans {
		ordinal, index, last, ok := b.codec.SpanOf(id)
		if !ok {
			alien++
			continue
		}
		ours++
		if !began || ordinal != before {
			b.want(ordinal, false, &c)
		}
		switch {
		case ordinal >= b.probe:
			b.finds = append(b.finds, find{kind: probeChunk, ordinal: ordinal})
		case !c.dropped:
			b.finds = append(b.finds, find{looseSpan, ordinal, index})
			loose++
			if last {
				b.promises = append(b.promises, find{joinedChunk, ordinal, index + 1})
			}
		case !began || ordinal != before:
			b.finds = append(b.finds, find{kind: markedChunk, ordinal: ordinal})
		}
		before, began = ordinal, true
	}
	if loose > 0 {
		b.finds = append(b.finds, find{kind: partChunk})
		b.finds = append(b.finds, b.promises...)
	}
	switch {
	case alien > 0 && ours == 0:
		b.finds = append(b.finds, find{kind: foreignChunk, n: alien})
	case alien > 0:
		b.finds = append(b.finds, find{kind: foreignSpans, n: alien})
	}
}

// whole says that a chunk is exactly what its trace id promises, or what the
// last of its spans does.
func (b *batch) whole(c chunk) (ordinal uint64, ok bool) {
	if c.mixed || len(c.spans) == 0 {
		return 0, false
	}
	first, _, ok := b.codec.Span(c.spans[0])
	if !ok {
		return 0, false
	}
	ordinal, spans, ok := b.codec.Trace(c.traceID)
	promised := ok && ordinal == first && spans == len(c.spans)
	words := (len(c.spans) + 63) / 64
	if cap(b.seen) < words {
		b.seen = make([]uint64, words)
	}
	b.seen = b.seen[:words]
	clear(b.seen)
	for _, id := range c.spans {
		o, index, last, ok := b.codec.SpanOf(id)
		if !ok || o != first || index >= len(c.spans) || b.seen[index/64]>>(index%64)&1 != 0 {
			return 0, false
		}
		b.seen[index/64] |= 1 << (index % 64)
		promised = promised || last && index == len(c.spans)-1
	}
	return first, promised
}

// enter books a batch that came just now.
func (k *keyed) enter(b *batch) {
	if !b.enter(k.arrivals) {
		return
	}
	now := time.Now()
	k.arrivals.Touch(now)
	for i := range b.finds {
		if f := &b.finds[i]; f.kind == wholeChunk {
			k.moments.add(f.ordinal, now.UnixNano())
		}
	}
}

// enter books the batch.
func (b *batch) enter(a *ledger.Arrivals) (ours bool) {
	for i := range b.finds {
		f := &b.finds[i]
		switch f.kind {
		case wholeChunk:
			a.AddWhole(f.ordinal, f.n)
			ours = true
		case partChunk:
			a.AddPart()
		case looseSpan:
			a.AddSpan(f.ordinal, f.n)
			ours = true
		case joinedChunk:
			if a.Join(f.ordinal, f.n) {
				f.kind = wholeChunk // by now
			}
		case markedChunk:
			a.AddMarked(f.ordinal)
			ours = true
		case foreignChunk:
			a.AddForeign(1, f.n)
		case foreignSpans:
			a.AddForeign(0, f.n)
		case probeChunk:
			a.Probes++
		}
	}
	return ours
}
