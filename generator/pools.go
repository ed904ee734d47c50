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
	case s.Corpus != nil && s.Corpus.Spans > 0:
		return float64(s.Corpus.Spans), nil
	case s.Corpus == nil || s.Corpus.Memory == 0 || len(s.Shapes) == 0:
		return spansInPools, nil
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
	spans := 0
	for i := range c.templates {
		spans += c.templates[i].Spans()
	}
	return float64(s.Corpus.Memory) * float64(spans) / float64(c.memory()), nil
}

// workSpans is how many spans of templates traces are drawn from at a time, unless
// the scenario says it: about as much as a processor's own cache holds.
const workSpans = 1 << 10

// work lays out the working set of templates. It holds no less than twice what a
// request carries, so that the traces of one request differ.
func (c *Corpus) work() {
	total, perTrace := 0.0, 0.0 // spans
	for i, share := range c.plan.Shares() {
		spans, p := 0, &c.plan.Pools[i]
		for t := p.First; t < p.First+p.N; t++ {
			spans += c.spans(t)
		}
		total += float64(spans)
		perTrace += share * float64(spans) / float64(p.N)
	}
	set := float64(workSpans)
	if of := c.scenario.Corpus; of != nil && of.WorkingSet > 0 {
		set = float64(of.WorkingSet)
	}
	set = max(set, 2*perTrace*c.plan.MeanTraces())
	c.plan.Work(set/max(total, 1), c.spans)
}

// spans is how many the trace of a template has, in all its parts: by them
// templates are put in order, not by bytes, so that the same trees go to every API.
func (c *Corpus) spans(template uint32) (n int) {
	for part := range c.partsOf(template) {
		n += int(c.facts[c.part(template, part)].spans)
	}
	return n
}

// inUse is how many templates traces are drawn from at a time.
func (c *Corpus) inUse() (n int) {
	for i := range c.plan.Pools {
		n += c.plan.Pools[i].InUse()
	}
	return n
}
