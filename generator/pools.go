package generator

import (
	"fmt"

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
// often it is drawn, so that one template is drawn about as often as another.
// All pools together hold about spansInPools spans.
func newSources(c *trees.Catalogue, shapes []scenarios.Shape, share []float64, spansInPools float64) ([]source, error) {
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
		n := share[i] * spansInPools / total
		n = max(n, min(templatesLeast, spansInPools/poolReserve/src.trees.SpansMean()))
		src.templates = int(min(max(n, 2), templatesMost))
		if err := src.trees.Prepare(src.templates); err != nil {
			return nil, fmt.Errorf("shape %s: %w", shapes[i].Name, err)
		}
	}
	return sources, nil
}
