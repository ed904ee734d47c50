package trees

import (
	"fmt"

	"github.com/spanstorm/spanstorm/scenarios"
)

// Source makes the trees of a shape. Tree t depends on the seed, the shape, t
// and the number of trees, not on the trees made before.
type Source struct {
	catalogue *Catalogue
	shape     *scenarios.Shape
	seed      uint64
	spansMean float64
	entry     *operation   // nil for a statistical shape
	drawn     *statistical // once prepared; nil for a shape with an entry
}

// pilotTrees are grown to learn how large the trees of an entry are.
const pilotTrees = 32

// Source returns the source of a shape's trees. The error says that the shape's
// entry is not there, or that a trace of it grows too large.
func (c *Catalogue) Source(shape *scenarios.Shape) (*Source, error) {
	src := &Source{catalogue: c, shape: shape, seed: HashText(c.seed, "shape "+shape.Name)}
	if shape.Statistical != nil {
		src.spansMean = max(1, shape.Statistical.Spans.Mean())
		return src, nil
	}
	var ok bool
	if src.entry, ok = c.operations[shape.Entry]; !ok {
		return nil, fmt.Errorf("enters at %q, which is no operation of the scenario; name one as service.operation", shape.Entry)
	}
	if err := src.pilot(); err != nil {
		return nil, err
	}
	return src, nil
}

// pilot grows a few trees of an entry.
func (src *Source) pilot() error {
	var nodes []node
	for t := range pilotTrees {
		var err error
		if nodes, err = src.grow(nodes, t); err != nil {
			return err
		}
		src.spansMean += float64(len(nodes)) / pilotTrees
	}
	return nil
}

// SpansMean is the mean number of spans of a tree, about.
func (src *Source) SpansMean() float64 { return src.spansMean }

// Prepare readies trees 0 … n-1, for n of at least 1. It is called once, before
// Dresser.Spans. The error says that a trace would be too large.
func (src *Source) Prepare(n int) error {
	if src.shape.Statistical == nil {
		return nil
	}
	var err error
	src.drawn, err = newStatistical(src.catalogue, src.shape, n)
	return err
}

// key is the key of all that is drawn for tree t.
func (src *Source) key(t int) uint64 { return Hash(src.seed, uint64(t)) }

func (src *Source) grow(nodes []node, t int) ([]node, error) {
	s := &stream{^src.key(t)}
	if src.drawn != nil {
		return src.drawn.grow(nodes, t, s), nil
	}
	return grow(nodes, src.entry, s)
}
