package generator

import (
	"fmt"
	"slices"

	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/scenarios"
)

// source is where the templates of a shape come from.
type source struct {
	trees     *trees.Source
	templates int
}

// Sizes of the pools. Templates are many enough that the working set is past the
// caches and that tails are there, few enough for tens of megabytes: a span
// takes about half a kilobyte.
const (
	spansInPools = 1 << 16
	// A shape that is rarely drawn still gets its share of variety, as long as
	// that takes at most one part in poolReserve of the spans.
	templatesLeast = 64
	poolReserve    = 8
	templatesMost  = 1 << 14
)

// newSources decides how many templates each shape has: in proportion to how
// often it is drawn, so that one template is drawn about as often as another, unless the
// scenario says how many.
// All pools together hold about so many spans.
func newSources(c *trees.Catalogue, shapes []scenarios.Shape, share []float64, spans float64) ([]source, error) {
	sources := make([]source, len(shapes))
	total := 0.0
	for i := range shapes {
		src, err := c.Source(&shapes[i])
		if err != nil {
			return nil, fmt.Errorf("shape %s: %w", shapes[i].Name, err)
		}
		sources[i] = source{trees: src}
		total += share[i] * src.SpansMean()
	}
	for i := range sources {
		src := &sources[i]
		n := share[i] * spans / total
		n = max(n, min(templatesLeast, spans/poolReserve/src.trees.SpansMean()))
		// A corpus that was asked to be larger is larger in this respect too.
		src.templates = int(min(max(n, 2), max(templatesMost, templatesMost*spans/spansInPools)))
		if shapes[i].Templates > 0 {
			src.templates = shapes[i].Templates
		}
		if err := src.trees.Prepare(src.templates); err != nil {
			return nil, fmt.Errorf("shape %s: %w", shapes[i].Name, err)
		}
	}
	return sources, nil
}

// pilotSpans is the size of the pools by which it is learnt how much a span takes.
const pilotSpans = 1 << 12

// poolSize is how many spans all pools together hold.
func poolSize(s *scenarios.Scenario) (float64, error) {
	switch {
	case s.Corpus == nil || len(s.Shapes) == 0:
		return spansInPools, nil
	case s.Corpus.Spans > 0:
		return float64(s.Corpus.Spans), nil
	}
	pilot := *s
	pilot.Corpus, pilot.Shapes = nil, slices.Clone(s.Shapes)
	for i := range pilot.Shapes {
		pilot.Shapes[i].Templates = 0
	}
	c, err := compile(&pilot, pilotSpans)
	if err != nil {
		return 0, err
	}
	bytes, spans := 0, 0
	for i := range c.templates {
		bytes += c.templates[i].Memory()
		spans += c.templates[i].Spans()
	}
	return float64(s.Corpus.Memory) * float64(spans) / float64(bytes), nil
}
