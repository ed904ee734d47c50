package generator

import (
	"cmp"
	"fmt"
	"io"
	"math/bits"
	"slices"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/internal/wire"
)

// parts are the traces that are sent in several requests, as tracers do it that
// flush partially: once so many spans of a trace have finished they are sent, the
// rest stays until as many again have finished, or all of them. So parts go out in
// the order in which spans finish, and callers after what they call.
//
//	request seq            next of its client      the one after
//	[whole] [part 0] …     [whole] … [part 1]      [whole] … [part 2, with the root]
//
// The first part stands among the traces that begin in its request, the p-th of
// the others at the end of the p-th next request of the same client. Each part is
// a template, and a chunk with an ordinal of its own. All of them bear the trace id
// of the first, and a parent in another part is known by its id there.
type parts struct {
	most int // of a trace; 0 or 1: all are sent whole
	// by template; nil when all are sent whole
	splits []split
	// later parts of traces, until all other templates have their numbers
	later []part
}

// split is how the trace of a template is split, and of the template of a part
// which parents are in others.
type split struct {
	n       int32  // parts; 0: it is sent whole
	later   uint32 // template of the second; the others follow
	foreign []place
}

// part is a later part of a trace.
type part struct {
	of       uint32 // template of the first
	template wire.Template
	facts    facts
	foreign  []place
}

// place is where a span of a split trace is.
type place struct {
	part  int32
	index int32
	last  bool // the last one of a part that is not the first
}

// partsMost bounds the parts of a trace: for each of them, a request is searched for
// what goes on in those after it.
const partsMost = 64

// cut deals the spans of a tree out to parts of so many spans, the last with
// what is left, by when they finish. A caller finishes after what it calls at the
// same time. Within a part spans are in the order of the tree, as tracers keep
// them in the order in which they start.
func cut(tree []trees.Span, least int) [][]int {
	order := make([]int, len(tree))
	for k := range order {
		order[k] = k
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(tree[a].Start+tree[a].Duration, tree[b].Start+tree[b].Duration), cmp.Compare(b, a))
	})
	var all [][]int
	for one := range slices.Chunk(order, least) {
		slices.Sort(one)
		all = append(all, one)
	}
	return all
}

// places is where each span of a tree goes.
func places(tree []trees.Span, cut [][]int) []place {
	at := make([]place, len(tree))
	for p, spans := range cut {
		for i, k := range spans {
			at[k] = place{part: int32(p), index: int32(i), last: p > 0 && i == len(spans)-1}
		}
	}
	return at
}

// pick returns the spans of part p of a tree, and their parents in other parts.
func pick(tree []trees.Span, cut [][]int, at []place, p int) (spans []trees.Span, foreign []place) {
	known := map[int]int{} // parents in other parts: their place in foreign
	for i, k := range cut[p] {
		s := tree[k]
		switch parent := s.Parent; {
		case parent < 0:
		case at[parent].part == int32(p):
			s.Parent = int(at[parent].index)
		default:
			f, ok := known[parent]
			if !ok {
				f = len(foreign)
				known[parent], foreign = f, append(foreign, at[parent])
			}
			s.Parent = len(cut[p]) + f
		}
		if i == 0 && k > 0 {
			s.Meta = ofTrace(s.Meta, tree[0].Meta)
		}
		spans = append(spans, s)
	}
	return spans, foreign
}

// ofTrace returns the tags of the first span of a part with those that are the
// whole trace's and that its root carries: tracers write them on each chunk.
func ofTrace(tags, root []trees.Tag) []trees.Tag {
	tags = slices.Clone(tags)
	for _, tag := range root {
		if !wire.OfTrace(tag.Key) || slices.ContainsFunc(tags, func(t trees.Tag) bool { return t.Key == tag.Key }) {
			continue
		}
		tags = append(tags, tag)
	}
	return tags
}

// split makes templates of all parts of a tree but the first, which it returns.
// The next template is that of the first.
func (c *Corpus) split(conv *converter, shape int, tree []trees.Span, whole facts) ([]trees.Span, error) {
	least := c.scenario.Shapes[shape].PartialFlush
	list := cut(tree, least)
	if len(list) > partsMost {
		return nil, fmt.Errorf("shape %s: a trace of %d spans would be sent in %d parts, more than %d; raise partial_flush to %d, or lower its spans",
			c.scenario.Shapes[shape].Name, len(tree), len(list), partsMost, (len(tree)+partsMost-1)/partsMost)
	}
	at, of := places(tree, list), uint32(len(c.templates))
	for p := 1; p < len(list); p++ {
		spans, foreign := pick(tree, list, at, p)
		one := part{of: of, foreign: foreign}
		one.template, one.facts = c.encodePart(conv, shape, spans, whole)
		c.parts.later = append(c.parts.later, one)
	}
	c.parts.most = max(c.parts.most, len(list))
	first, foreign := pick(tree, list, at, 0)
	c.parts.splits = slices.Grow(c.parts.splits, int(of)+1-len(c.parts.splits))[:of+1]
	c.parts.splits[of] = split{n: int32(len(list)), foreign: foreign}
	return first, nil
}

// addParts gives the later parts of traces their numbers among the templates.
func (c *Corpus) addParts() {
	p := &c.parts
	if p.most == 0 {
		return
	}
	n := len(c.templates) + len(p.later)
	p.splits = slices.Grow(p.splits, n-len(p.splits))[:n]
	for i := range p.later {
		one := &p.later[i]
		number := uint32(len(c.templates))
		if first := &p.splits[one.of]; first.later == 0 {
			first.later = number
		}
		p.splits[number].foreign = one.foreign
		c.templates, c.facts = append(c.templates, one.template), append(c.facts, one.facts)
	}
	p.later = nil
}

// partsOf is in how many parts the trace of a template is sent.
func (c *Corpus) partsOf(template uint32) int {
	if c.parts.splits == nil {
		return 1
	}
	return max(1, int(c.parts.splits[template].n))
}

// part is the template of a part of a trace, given that of the first.
func (c *Corpus) part(template uint32, part int) uint32 {
	if part == 0 {
		return template
	}
	return c.parts.splits[template].later + uint32(part) - 1
}

// fit lays out ids. The slots of a request are as many as it has traces that begin
// in it, made a power of two, for each part of a trace, and as many again: a part
// that is never sent, because its phase is over, has its ordinal there.
func (c *Corpus) fit() error {
	chunks := c.chunksMost
	if c.parts.most > 1 {
		chunks = 2 * c.parts.most << c.slotBits()
	}
	var err error
	if c.layout, err = identity.Fit(chunks, c.spansMost); err != nil && c.parts.most > 1 {
		return fmt.Errorf("%w, or raise partial_flush: traces are sent in up to %d parts", err, c.parts.most)
	}
	c.plan.Bound(c.layout.MaxSeq())
	return err
}

func (c *Corpus) slotBits() int { return bits.Len(uint(c.chunksMost - 1)) }

// slot is the place that part of the i-th trace of a request has in the ordinals
// of the request that carries it.
func (c *Corpus) slot(i, part int) int { return part<<c.slotBits() | i }

// ordinal is that of a part of the i-th trace of request seq.
func (c *Corpus) ordinal(seq uint64, i, part int) uint64 {
	if part == 0 {
		return c.layout.Ordinal(seq, i)
	}
	if at, ok := c.plan.Step(seq, part); ok {
		return c.layout.Ordinal(at, c.slot(i, part))
	}
	return c.layout.Ordinal(seq, c.slot(i, c.parts.most+part))
}

// origin is the trace that a chunk is of, given its slot in request seq: the
// request in which that began, its place there, and which part of it the chunk is.
// ok is false if the request has no such chunk.
func (c *Corpus) origin(seq uint64, slot int) (from uint64, i, part int, ok bool) {
	if from, ok = seq, true; c.parts.most > 1 {
		i = slot & (1<<c.slotBits() - 1)
		if part = slot >> c.slotBits(); part > 0 {
			from, ok = c.plan.Step(seq, -part)
		}
	} else {
		i = slot
	}
	request := c.plan.Request(from)
	if !ok || i < 0 || i >= request.Traces {
		return 0, 0, 0, false
	}
	return from, i, part, part < c.partsOf(request.Trace(i).Template)
}

// First is the first chunk of the trace that a chunk of this ordinal and number
// of spans is of: its trace id is that of all of them.
func (c *Corpus) First(ordinal uint64, spans int) (first uint64, itsSpans int) {
	seq, slot := c.layout.Seq(ordinal)
	from, i, part, ok := c.origin(seq, slot)
	if !ok || part == 0 {
		return ordinal, spans
	}
	request := c.plan.Request(from)
	return c.layout.Ordinal(from, i), int(c.facts[request.Trace(i).Template].spans)
}

// steady is the first request that carries as much of earlier traces as any.
func (c *Corpus) steady() uint64 {
	if c.parts.most <= 1 {
		return 0
	}
	seq := uint64(c.parts.most-1) * c.plan.Tracers()
	if f := c.plan.Fleet; f != nil {
		seq = min(seq, f.Count/2)
	}
	return seq
}

// between is the number of bytes between two chunks of a body.
func (c *Corpus) between() float64 { return float64(len(c.encoding.Writer().AppendNext(nil))) }

// idsMost is the most ids of a stamp.
func (c *Corpus) idsMost() int {
	n := c.spansMost
	for i := range c.parts.splits {
		n = max(n, c.templates[i].Spans()+len(c.parts.splits[i].foreign))
	}
	return n + 1
}

// join makes the stamp, which prepare has filled in as that of a chunk of its own,
// one of a part of a trace. In a trace that is sent whole it changes nothing.
func (k *Composer) join(d *draw) {
	c := k.corpus
	if c.parts.splits[d.Template].n == 0 {
		return
	}
	ids := k.stamp.IDs
	if d.part > 0 {
		k.stamp.TraceID = k.codec.TraceID(c.layout.Ordinal(d.seq, d.i), int(c.facts[d.Template].spans))
		ids[len(ids)-1] = k.codec.LastSpanID(c.ordinal(d.seq, d.i, d.part), len(ids)-2)
	}
	for _, p := range c.parts.splits[d.template].foreign {
		ids = append(ids, p.id(k.codec, c.ordinal(d.seq, d.i, int(p.part))))
	}
	k.stamp.IDs = ids
}

// id is the id of the span there, in a chunk of this ordinal.
func (p place) id(codec *identity.Codec, ordinal uint64) uint64 {
	if p.last {
		return codec.LastSpanID(ordinal, int(p.index))
	}
	return codec.SpanID(ordinal, int(p.index))
}

// sum writes what of the parts decides over bytes, beside their templates.
func (p *parts) sum(w io.Writer) {
	for i := range p.splits {
		if s := &p.splits[i]; s.n > 0 || len(s.foreign) > 0 {
			_, _ = fmt.Fprintln(w, "split", i, *s)
		}
	}
}
