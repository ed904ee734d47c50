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
	Bytes  int          // of its chunk with a priority, encoded
	Spans  []trees.Span // parents before children; good until the next template
}

// Templates visits all templates in the order of their numbers. Their trees are
// grown anew, which takes microseconds per span.
func (c *Corpus) Templates(visit func(*Template)) error {
	if len(c.plan.shapes) == 0 {
		return nil
	}
	d := trees.NewDresser(c.catalogue)
	for i, share := range shares(c.plan.alias) {
		p := &c.plan.shapes[i]
		for t := range int(p.n) {
			spans, err := d.Spans(c.sources[i].trees, t)
			if err != nil {
				return err
			}
			number := int(p.first) + t
			visit(&Template{
				Shape: i, Number: number, Share: share / float64(p.n),
				Bytes: c.templates[number].Size(true), Spans: spans,
			})
		}
	}
	return nil
}

// Draws counts how many of the first traces, in the order in which they are
// sent, are drawn from each template.
func (c *Corpus) Draws(traces int) []int {
	counts := make([]int, len(c.templates))
	if len(c.plan.shapes) == 0 {
		return counts
	}
	for seq := uint64(0); ; seq++ {
		request := c.plan.request(seq)
		for i := range c.plan.chunks(request) {
			if traces == 0 {
				return counts
			}
			_, _, template, _ := c.plan.chunk(request, i)
			counts[template]++
			traces--
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
	if len(tags) == 0 || len(c.plan.shapes) == 0 {
		return tags
	}
	for seq := uint64(0); traces > 0; seq++ {
		request := c.plan.request(seq)
		for i := range min(traces, c.plan.chunks(request)) {
			key, _, template, _ := c.plan.chunk(request, i)
			for _, v := range c.templates[template].Variables() {
				tags[v].Traces++
				seen[v][c.variables[v].rank(c.draw(int(v), key, seq))] = struct{}{}
			}
			traces--
		}
	}
	for v := range tags {
		tags[v].Distinct = len(seen[v])
	}
	return tags
}

// SpanBytes returns a function that says how much a span takes in a payload: for
// encodings that number their texts an upper bound, with the texts spelled out.
func (c *Corpus) SpanBytes() func(trees.Span) int {
	conv, encoding := newConverter(c.variables), wire.Encoding(wire.V04{})
	if c.scenario.Encoding == scenarios.JSON {
		encoding = wire.V03JSON{}
	}
	return func(s trees.Span) int {
		s.Parent = -1
		template := encoding.Encode(&wire.Chunk{Spans: conv.convert([]trees.Span{s}), PriorityWidth: 1})
		return template.Size(true)
	}
}
