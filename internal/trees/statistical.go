package trees

import (
	"cmp"
	"fmt"
	"slices"

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
	kind       *kind // of a shape with figures
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
	if hasFigures(shape.Statistical) {
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
	if t.figured = t.figure(shape.Statistical, n); t.figured == nil {
		t.build()
	}
	return t, nil
}

// build makes up the services. Of their classes, about those shares that
// Alibaba reports of calls (memcached 37%, http 33%, rpc 28%, db 2%) come out,
// for leaves choose a class first. The first service is a web service.
func (t *statistical) build() {
	layers := [...]class{web, rpc, cache, web, rpc, sql, web, rpc}
	s := &stream{HashText(t.seed, "towns")}
	for i := range max(1, t.given.Services) {
		c := layers[i%len(layers)]
		name := fmt.Sprintf("%s-%s", pick(s, t.cat.words.nouns), [...]string{web: "api", rpc: "service", cache: "cache", sql: "db"}[c])
		for t.cat.services[name] != nil {
			name = pick(s, t.cat.words.nouns) + "-" + name
		}
		svc := t.cat.addService(name, t.shape, [...]string{web: "web", rpc: "rpc", cache: "cache", sql: "db"}[c])
		t.towns = append(t.towns, town{service: svc, class: c})
		t.byKind[c] = append(t.byKind[c], i)
	}
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
	s := &stream{Hash(HashText(t.seed, w.service.name), uint64(j))}
	words := t.cat.words
	noun, verb := pick(s, words.nouns), pick(s, words.verbs)
	op := &operation{
		service: w.service, typ: w.service.typ, class: w.class,
		duration: t.given.Duration, errorRate: float64(t.given.ErrorRate),
	}
	if w.kind != nil {
		op.name, op.resource.values = w.kind.name, []string{w.kind.resource(s, words, w.service.name)}
		return op
	}
	switch w.class {
	case web:
		op.name = "http.request"
		op.resource.values = []string{fmt.Sprintf("%s /%s/%s", pick(s, []string{"GET", "GET", "GET", "POST", "PUT"}), noun, verb)}
	case rpc:
		op.name = "grpc.server"
		op.resource.values = []string{fmt.Sprintf("/%s.%s/%s", w.service.name, title(noun), title(verb))}
	case cache:
		op.name = "redis.command"
		op.resource.values = []string{fmt.Sprintf("%s %s:?", pick(s, []string{"GET", "GET", "SET", "MGET", "DEL"}), noun)}
	case sql:
		op.name = "postgres.query"
		op.resource.values = []string{fmt.Sprintf("SELECT * FROM %s WHERE %s_id = ?", noun, pick(s, words.nouns))}
	}
	return op
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
		nodes = t.parents(nodes[:0], t.spans[i], t.depths[i], s)
		t.assign(nodes, s)
	}
	t.time(nodes, s)
	return nodes
}

// parents makes a tree of n nodes and exactly the given depth, in the order of
// a walk. A first chain has the depth; the others join a node above the last
// level, often the one that the node before them joined: so width carries the
// tail, as it does in the wild.
func (t *statistical) parents(nodes []node, n, depth int, s *stream) []node {
	parent, level := make([]int, n), make([]int, n)
	inner := make([]int, 0, n) // nodes that may have children
	parent[0] = -1
	last := 0
	for k := range n {
		switch {
		case k == 0:
		case k < depth:
			parent[k] = k - 1
		default:
			if k == depth || s.below(4) == 0 {
				last = inner[s.below(len(inner))]
			}
			parent[k] = last
		}
		if k > 0 {
			level[k] = level[parent[k]] + 1
		}
		if level[k]+1 < depth {
			inner = append(inner, k)
		}
	}

	// Children lists, then a walk without recursion: depth is up to the scenario.
	first, next := make([]int, n), make([]int, n)
	for k := range n {
		first[k] = -1
	}
	for k := n - 1; k > 0; k-- {
		next[k] = first[parent[k]]
		first[parent[k]] = k
	}
	place := make([]int, n)
	stack := []int{0}
	for len(stack) > 0 {
		k := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		place[k] = len(nodes)
		p := -1
		if k > 0 {
			p = place[parent[k]]
		}
		nodes = append(nodes, node{parent: p, cause: -1})
		from := len(stack)
		for c := first[k]; c >= 0; c = next[c] {
			stack = append(stack, c)
		}
		slices.Reverse(stack[from:])
	}
	return nodes
}
