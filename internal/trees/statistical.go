package trees

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/spanstorm/spanstorm/internal/topology"
	"github.com/spanstorm/spanstorm/internal/trees/internal/kinds"
	"github.com/spanstorm/spanstorm/internal/trees/internal/names"
	"github.com/spanstorm/spanstorm/scenarios"
)

// statistical draws trees whose figures follow given distributions: spans,
// depth, repeated edges, made-up services.
//
// Figures that a small number of trees should reproduce are not left to
// chance: tree t of n takes the quantile (t+½)/n of the number of spans, so
// that all of them together are the distribution. The same quantiles of the depth
// are dealt out so that larger traces tend to be deeper, with noise, for a
// trace cannot be deeper than it has spans.
type statistical struct {
	shape  string
	given  *scenarios.Statistical
	seed   uint64
	depths []int // by tree
	spans  []int // by tree
	cat    *Catalogue
	towns  []town
	byKind [queue + 1][]int // towns of a class
	// figured is set when more is known than sizes: then towns are of its kinds.
	figured *figured
}

// town is a made-up service and its operations, made up as they are needed.
type town struct {
	service    *service
	class      class
	operations []*operation
	subject    names.Subject
	name       string // of its spans
	turn       int    // which of its operations come first
}

// depthNoise is how far apart, as a share of all trees, two of them may be
// when the one with fewer spans gets the greater depth.
const (
	depthNoise = 0.3
	// Flat traces of many spans leave no choice but a wide fan-out: where that is
	// given, depth follows size more closely.
	depthNoiseFigured = 0.1
)

// newStatistical prepares n trees of a shape.
func newStatistical(c *Catalogue, shape *scenarios.Shape, n int) (*statistical, error) {
	t := &statistical{
		shape: shape.Name, given: shape.Statistical,
		seed: HashText(c.seed, "statistical "+shape.Name),
		cat:  c,
	}
	rank := make([]int, n)
	for i := range n {
		u := (float64(i) + 0.5) / float64(n)
		t.spans = append(t.spans, max(1, Count(t.given.Spans, u)))
		rank[i] = i
	}
	if most := t.spans[n-1]; most > spansMost {
		return nil, fmt.Errorf("a trace has %d spans, more than %d; lower statistical.spans, or give it a max", most, spansMost)
	}
	spread := depthNoise
	if topology.Given(shape.Statistical) {
		spread = depthNoiseFigured
	}
	noise := func(i int) float64 { return float64(i)/float64(n) + spread*unit(Hash(t.seed, uint64(i))) }
	slices.SortStableFunc(rank, func(a, b int) int { return cmp.Compare(noise(a), noise(b)) })
	t.depths = make([]int, n)
	for place, i := range rank {
		u := (float64(place) + 0.5) / float64(n)
		// A root and one child make two levels, whatever the distribution says.
		t.depths[i] = min(max(2, Count(t.given.Depth, u)), t.spans[i])
	}
	if t.figured = t.figure(shape.Statistical); t.figured == nil {
		t.build()
	}
	return t, nil
}

// build makes up the services. Of their classes, about those shares that
// Alibaba reports of calls (memcached 37%, http 33%, rpc 28%, db 2%) come out,
// for leaves choose a class first. The first service is a web service.
func (t *statistical) build() {
	layers := [...]string{"web", "rpc", "cache", "web", "rpc", "db", "web", "rpc"}
	s := &stream{HashText(t.seed, "towns")}
	for i := range max(1, t.given.Services) {
		k := kinds.Of(layers[i%len(layers)])
		w := t.found(s, k)
		t.towns = append(t.towns, w)
		t.byKind[w.class] = append(t.byKind[w.class], i)
	}
}

// found makes up a service of a kind. Names that are taken are not drawn again
// for ever: from some try on they are numbered.
func (t *statistical) found(s *stream, k kinds.Kind) town {
	for try := 0; ; try++ {
		subject := names.Draw(s.below)
		name := subject.Service(k.Type, s.below, try)
		if t.cat.services[name] != nil {
			continue
		}
		w := town{service: t.cat.addService(name, t.shape, k.Type), subject: subject, class: classOf(k.Type, k.Name), name: k.Name}
		w.service.rpc = w.class == rpc
		if k.Calls {
			w.turn = s.below(turns)
		}
		return w
	}
}

// turns is how many operations of a service take turns in coming first: a power
// of two, so that exchanging bits of their numbers exchanges them.
const turns = 8

// size is how large tree i is.
func (t *statistical) size(i int) topology.Size {
	return topology.Size{Spans: t.spans[i], Levels: t.depths[i]}
}

// operation returns the j-th operation of a town.
func (t *statistical) operation(at, j int) *operation {
	w := &t.towns[at]
	for len(w.operations) <= j {
		w.operations = append(w.operations, t.makeUp(w, len(w.operations)))
	}
	return w.operations[j]
}

func (t *statistical) makeUp(w *town, j int) *operation {
	return &operation{
		service: w.service, name: w.name, resource: resourceRule{values: []string{w.subject.Operation(w.name, j^w.turn)}}, typ: w.service.typ, class: w.class,
		duration: t.given.Duration, errorRate: float64(t.given.ErrorRate), made: true,
	}
}

// innerTown picks a town whose operations call others.
func (t *statistical) innerTown(s *stream) int {
	from := t.byKind[web]
	if len(t.byKind[rpc]) > 0 && s.below(2) == 0 {
		from = t.byKind[rpc]
	}
	return pick(s, from)
}

// leafTown picks a town by the classes of calls in the wild, per cent.
func (t *statistical) leafTown(s *stream) int {
	p := s.below(100)
	c := web
	switch {
	case p < 37:
		c = cache
	case p < 65:
		c = rpc
	case p < 67:
		c = sql
	}
	if len(t.byKind[c]) == 0 {
		c = web
	}
	return pick(s, t.byKind[c])
}

// grow returns tree i, in nodes.
func (t *statistical) grow(nodes []node, i int, s *stream) []node {
	if t.figured != nil {
		nodes = t.growFigured(nodes[:0], i, s)
	} else {
		nodes = nodes[:0]
		for _, parent := range topology.Wide(t.size(i), s) {
			nodes = append(nodes, node{parent: parent, cause: -1})
		}
		t.assign(nodes, s)
	}
	t.time(nodes, s)
	return nodes
}
