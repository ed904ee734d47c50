package generator

import (
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/internal/wire"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Template is one of the trees that traces are drawn from, for those who weigh a
// corpus before it is sent.
type Template struct {
	Shape  int          // as ShapeNames counts them
	Number int          // among the templates of all shapes
	Share  float64      // of traces that are drawn from it
	Chunks int          // that its trace is sent in
	Bytes  int          // of these with a priority, encoded
	Spans  []trees.Span // parents before children; good until the next template
}

// Templates visits all templates in the order of their numbers. Their trees are
// grown anew, which takes microseconds per span.
func (c *Corpus) Templates(visit func(*Template)) error {
	if len(c.plan.Pools) == 0 {
		return nil
	}
	d := trees.NewDresser(c.catalogue)
	for i, share := range c.plan.Shares() {
		p := &c.plan.Pools[i]
		for t := range int(p.N) {
			spans, err := d.Spans(c.sources[i].trees, t)
			if err != nil {
				return err
			}
			number, bytes := p.First+uint32(t), 0
			for part := range c.partsOf(number) {
				bytes += c.templates[c.part(number, part)].Size(true)
			}
			visit(&Template{
				Shape: i, Number: int(number), Share: share / float64(p.N),
				Chunks: c.partsOf(number), Bytes: bytes, Spans: spans,
			})
		}
	}
	return nil
}

// Draws counts how many of the first traces, in the order in which they are
// sent, are drawn from each template.
func (c *Corpus) Draws(traces int) []int {
	counts := make([]int, len(c.templates))
	c.first(traces, func(_, _ uint64, template uint32) { counts[template]++ })
	return counts
}

// first visits the first traces: the request of each, its key and its template.
// There are fewer than that many when there are fewer of them in as many requests.
func (c *Corpus) first(traces int, visit func(seq, key uint64, template uint32)) {
	for seq := range uint64(traces) {
		request := c.plan.Request(seq)
		for i := range min(traces, request.Traces) {
			t := request.Trace(i)
			visit(seq, t.Key, t.Template)
		}
		if traces -= request.Traces; traces <= 0 {
			return
		}
	}
}

// Tag is a tag that takes many values, and what the first traces carry of it.
type Tag struct {
	Key         string
	Cardinality uint64
	Skew        scenarios.Skew
	Every       uint64 // requests that a value lasts; 0: another one in each trace
	Traces      int    // that carry it, of those looked at
	Distinct    int    // values in them
}

// Tags looks at the tags that vary, in so many of the first traces.
func (c *Corpus) Tags(traces int) []Tag {
	tags := make([]Tag, len(c.variables))
	seen := make([]map[uint64]struct{}, len(c.variables))
	for v := range tags {
		of := &c.variables[v]
		tags[v], seen[v] = Tag{Key: of.Key, Cardinality: of.Cardinality, Skew: of.Skew, Every: of.Every}, map[uint64]struct{}{}
	}
	if len(tags) == 0 {
		return tags
	}
	counted := make([]bool, len(tags)) // in the trace in hand
	c.first(traces, func(seq, key uint64, template uint32) {
		clear(counted)
		for part := range c.partsOf(template) {
			for _, v := range c.templates[c.part(template, part)].Variables() {
				if !counted[v] {
					counted[v] = true
					tags[v].Traces++
				}
				seen[v][c.variables[v].ranks.Rank(c.draw(int(v), key, seq))] = struct{}{}
			}
		}
	})
	for v := range tags {
		tags[v].Distinct = len(seen[v])
	}
	return tags
}

// SpanBytes returns a function that says how much a span takes in a payload: for
// encodings that number their texts an upper bound, with the texts spelled out.
func (c *Corpus) SpanBytes() func(trees.Span) int {
	inTags := !c.scenario.API.TakesExtras()
	conv, encoding := newConverter(c.variables), wire.Encoding(wire.V04{InTags: inTags})
	if c.scenario.Encoding == scenarios.JSON {
		encoding = wire.V03JSON{InTags: inTags}
	}
	return func(s trees.Span) int {
		s.Parent = -1
		template := encoding.Encode(&wire.Chunk{Spans: conv.convert([]trees.Span{s}), PriorityWidth: 1})
		return template.Size(true)
	}
}
