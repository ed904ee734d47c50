package generator

import (
	"strings"

	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/internal/wire"
)

// converter makes spans of a tree into spans to encode, in which a tag that
// varies has a place as wide as its values. It keeps its buffers; what it
// returns is good until the next tree.
type converter struct {
	placeholders []string // by variable
	spans        []wire.Span
	meta         []wire.Tag
	metrics      []wire.Metric
}

func newConverter(variables []variable) *converter {
	c := &converter{}
	for i := range variables {
		c.placeholders = append(c.placeholders, strings.Repeat("0", variables[i].width()))
	}
	return c
}

func (c *converter) convert(tree []trees.Span) []wire.Span {
	c.spans, c.meta, c.metrics = c.spans[:0], c.meta[:0], c.metrics[:0]
	for i := range tree {
		s := &tree[i]
		fromMeta, fromMetrics := len(c.meta), len(c.metrics)
		for _, tag := range s.Meta {
			if tag.Variable > 0 {
				tag.Value = c.placeholders[tag.Variable-1]
			}
			c.meta = append(c.meta, wire.Tag(tag))
		}
		for _, m := range s.Metrics {
			c.metrics = append(c.metrics, wire.Metric(m))
		}
		c.spans = append(c.spans, wire.Span{
			Service: s.Service, Name: s.Name, Resource: s.Resource, Type: s.Type,
			Parent: s.Parent, Start: s.Start, Duration: s.Duration, Error: s.Error,
			Meta: c.meta[fromMeta:], Metrics: c.metrics[fromMetrics:],
			Extras: s.Extras,
		})
	}
	return c.spans
}
