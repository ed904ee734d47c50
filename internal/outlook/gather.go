package outlook

import (
	"cmp"
	"maps"
	"slices"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/scenarios"
)

// gatherer takes in template by template what figures are made of.
type gatherer struct {
	shapes    []string
	draws     []int // by template; nil when all templates count
	traces    float64
	all       gathered
	byShape   []gathered
	templates []int // by shape
	services  map[string]*ofService
	seen      seen
	treeCalls map[uint64]float64 // calls by hash of the tree shape
	spanBytes func(trees.Span) int
	largest   map[operation]int // bytes of the largest span
	perSpan   []float64         // bytes per span of the largest template, by shape
	biggest   []int             // bytes of that template
	work      workspace
}

// operation is what an agent can tell apart.
type operation struct{ service, name, resource string }

type seen struct{ services, names, resources map[string]struct{} }

type ofService struct {
	spans, failed float64
	durations     values
}

// gathered is what is known of the traces of a shape, or of all.
type gathered struct {
	weight                                                    float64
	spans, depth, fanOut, calls, services, bytes, extent, dur values
	chunks                                                    values
	perTrace, perEdge                                         values
	failed, failedSpans                                       float64
	types, callTypes                                          map[string]float64
}

// workspace is what is used again from tree to tree.
type workspace struct {
	numbers  map[operation]int32
	ops      []int32
	depth    []int32
	children []int32
	shape    []uint64
	edges    map[[2]int32]int
	fan      map[[2]int32]struct{} // (span, operation that it calls)
	distinct []int32               // by span
	services map[string]struct{}
}

func newGatherer(s *scenarios.Scenario, c *generator.Corpus, traces int) *gatherer {
	g := &gatherer{
		shapes: c.ShapeNames(), byShape: make([]gathered, len(s.Shapes)), templates: make([]int, len(s.Shapes)),
		services: map[string]*ofService{}, treeCalls: map[uint64]float64{},
		seen:      seen{map[string]struct{}{}, map[string]struct{}{}, map[string]struct{}{}},
		spanBytes: c.SpanBytes(), largest: map[operation]int{}, perSpan: make([]float64, len(s.Shapes)), biggest: make([]int, len(s.Shapes)),
		work: workspace{
			numbers: map[operation]int32{}, edges: map[[2]int32]int{}, fan: map[[2]int32]struct{}{}, services: map[string]struct{}{},
		},
		traces: 1,
	}
	if traces > 0 {
		g.draws, g.traces = c.Draws(traces), 0
		for _, n := range g.draws {
			g.traces += float64(n)
		}
	}
	return g
}

// add takes a template in.
func (g *gatherer) add(t *generator.Template) {
	g.templates[t.Shape]++
	weight := t.Share
	if g.draws != nil {
		weight = float64(g.draws[t.Number]) / max(1, g.traces)
	}
	for k := range t.Spans {
		s := &t.Spans[k]
		op := operation{s.Service, s.Name, s.Resource}
		if _, ok := g.work.numbers[op]; !ok {
			g.work.numbers[op] = int32(len(g.work.numbers))
		}
		n, named := g.spanBytes(*s), operation{service: s.Service, name: s.Name}
		g.largest[op], g.largest[named] = max(g.largest[op], n), max(g.largest[named], n)
	}
	if t.Bytes > g.biggest[t.Shape] {
		g.biggest[t.Shape], g.perSpan[t.Shape] = t.Bytes, float64(t.Bytes)/float64(len(t.Spans))
	}
	if weight == 0 {
		return
	}
	for _, into := range []*gathered{&g.all, &g.byShape[t.Shape]} {
		into.add(t, weight, &g.work)
	}
	g.treeCalls[g.work.treeShape(t.Spans)] = float64(len(t.Spans) - 1)
	for k := range t.Spans {
		s := &t.Spans[k]
		g.seen.services[s.Service] = struct{}{}
		g.seen.names[s.Name] = struct{}{}
		g.seen.resources[s.Resource] = struct{}{}
		of := g.services[s.Service]
		if of == nil {
			of = &ofService{}
			g.services[s.Service] = of
		}
		of.spans += weight
		if s.Error {
			of.failed += weight
		}
		of.durations.add(float64(s.Duration), weight)
	}
}

func (g *gathered) add(t *generator.Template, weight float64, w *workspace) {
	if g.types == nil {
		g.types, g.callTypes = map[string]float64{}, map[string]float64{}
	}
	w.walk(t.Spans)
	g.weight += weight
	levels, failed, extent := int32(0), 0, int64(0)
	for k := range t.Spans {
		s := &t.Spans[k]
		levels = max(levels, w.depth[k])
		extent = max(extent, s.Start+s.Duration)
		if s.Error {
			failed++
		}
		g.types[s.Type] += weight
		if s.Parent >= 0 {
			g.callTypes[s.Type] += weight
		}
		g.dur.add(float64(s.Duration), weight)
		if w.children[k] > 0 {
			g.fanOut.add(float64(w.distinct[k]), weight)
			g.calls.add(float64(w.children[k]), weight)
		}
	}
	for _, times := range w.edges {
		g.perEdge.add(float64(times), weight)
	}
	g.perTrace.add(float64(len(w.edges)), weight)
	g.spans.add(float64(len(t.Spans)), weight)
	g.depth.add(float64(levels), weight)
	g.services.add(float64(len(w.services)), weight)
	g.chunks.add(float64(t.Chunks), weight)
	g.bytes.add(float64(t.Bytes), weight)
	g.extent.add(float64(extent), weight)
	g.failed += weight * float64(min(failed, 1))
	g.failedSpans += weight * float64(failed)
}

// walk works out depths, children and edges of a tree.
func (w *workspace) walk(spans []trees.Span) {
	n := len(spans)
	w.ops, w.depth = slices.Grow(w.ops[:0], n)[:n], slices.Grow(w.depth[:0], n)[:n]
	w.children, w.distinct = slices.Grow(w.children[:0], n)[:n], slices.Grow(w.distinct[:0], n)[:n]
	clear(w.children)
	clear(w.distinct)
	clear(w.edges)
	clear(w.fan)
	clear(w.services)
	for k := range spans {
		s := &spans[k]
		w.ops[k], w.depth[k] = w.numbers[operation{s.Service, s.Name, s.Resource}], 1
		w.services[s.Service] = struct{}{}
		p := s.Parent
		if p < 0 {
			continue
		}
		w.depth[k] += w.depth[p]
		w.children[p]++
		w.edges[[2]int32{w.ops[p], w.ops[k]}]++
		if call := [2]int32{int32(p), w.ops[k]}; !has(w.fan, call) {
			w.fan[call] = struct{}{}
			w.distinct[p]++
		}
	}
}

func has[K comparable](set map[K]struct{}, key K) bool {
	_, ok := set[key]
	return ok
}

// treeShape is a hash of who is whose child, whatever the order of children:
// that of a span is mixed from the sum of those of its children.
func (w *workspace) treeShape(spans []trees.Span) uint64 {
	w.shape = slices.Grow(w.shape[:0], len(spans))[:len(spans)]
	clear(w.shape)
	for k := len(spans) - 1; k > 0; k-- {
		w.shape[spans[k].Parent] += trees.Hash(w.shape[k], 1)
	}
	return trees.Hash(w.shape[0], 0)
}

// fill puts the figures into an outlook.
func (g *gatherer) fill(o *Outlook) {
	o.Traces = g.all.figures()
	for i := range g.byShape {
		share := 0.0
		if g.all.weight > 0 {
			share = g.byShape[i].weight / g.all.weight
		}
		o.Shapes = append(o.Shapes, Shape{Name: g.shapes[i], TraceShare: share, Templates: g.templates[i], Traces: g.byShape[i].figures()})
	}
	total := 0.0
	for _, name := range slices.Sorted(maps.Keys(g.services)) {
		total += g.services[name].spans
	}
	for _, name := range slices.Sorted(maps.Keys(g.services)) {
		of := g.services[name]
		o.Services = append(o.Services, Service{
			Service: name, SpanShare: of.spans / total, FailedShare: of.failed / of.spans, DurationNS: of.durations.sum(),
		})
	}
	slices.SortStableFunc(o.Services, func(a, b Service) int { return cmp.Compare(b.SpanShare, a.SpanShare) })
	v := &o.Variety
	v.Services, v.Names, v.Resources = len(g.seen.services), len(g.seen.names), len(g.seen.resources)
	v.Operations, v.TreeShapes = len(g.work.numbers), len(g.treeCalls)
	var calls values
	for _, n := range g.treeCalls {
		calls.add(n, 1)
	}
	v.CallsPerTreeShape = calls.sum()
}

func (g *gathered) figures() Traces {
	t := Traces{
		Spans: g.spans.sum(), DepthLevels: g.depth.sum(), FanOut: g.fanOut.sum(), CallsPerCaller: g.calls.sum(),
		Services: g.services.sum(), Chunks: g.chunks.sum(), ChunkBytes: g.bytes.sum(), DurationNS: g.extent.sum(), SpanDurationNS: g.dur.sum(),
		Edges:     Edges{PerTrace: g.perTrace.sum(), CallsPerEdge: g.perEdge.sum()},
		SpanTypes: typeShares(g.types), CallTypes: typeShares(g.callTypes),
	}
	if g.weight > 0 {
		t.FailedShare = g.failed / g.weight
		t.FailedSpanShare = g.failedSpans / (g.weight * t.Spans.Mean)
	}
	total := 0.0
	for _, e := range g.perEdge {
		total += e.weight
		switch {
		case e.value < 2:
			t.Edges.OnceShare += e.weight
		case e.value < 3:
			t.Edges.TwiceShare += e.weight
		case e.value < 10:
			t.Edges.ThreeToNineShare += e.weight
		default:
			t.Edges.TenOrMoreShare += e.weight
		}
	}
	if total > 0 {
		e := &t.Edges
		e.RepeatedShare = (e.TwiceShare + e.ThreeToNineShare + e.TenOrMoreShare) / total
		for _, share := range []*float64{&e.OnceShare, &e.TwiceShare, &e.ThreeToNineShare, &e.TenOrMoreShare} {
			*share /= total
		}
	}
	return t
}

func typeShares(spans map[string]float64) []TypeShare {
	shares := []TypeShare{}
	total := 0.0
	for _, typ := range slices.Sorted(maps.Keys(spans)) {
		total += spans[typ]
	}
	for _, typ := range slices.Sorted(maps.Keys(spans)) {
		shares = append(shares, TypeShare{typ, spans[typ] / total})
	}
	slices.SortStableFunc(shares, func(a, b TypeShare) int { return cmp.Compare(b.Share, a.Share) })
	return shares
}
