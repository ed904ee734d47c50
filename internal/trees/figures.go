package trees

import (
	"fmt"
	"maps"
	"slices"

	"github.com/spanstorm/spanstorm/internal/topology"
	"github.com/spanstorm/spanstorm/scenarios"
)

// figured draws trees whose fan-out, calls per edge and span types have given
// shares: internal/topology says who calls whom how often, and here operations
// are made up for it.
type figured struct {
	grower *topology.Grower
	ofKind [][]int // towns of each kind
	inner  []int   // towns that roots are in
}

// kind is a type of spans that can be made up.
type kind struct {
	typ, name, suffix string
	share             float64
}

// kindOf is how tracers name spans of a type, and what a service of them is called.
func kindOf(typ string) kind {
	k := kind{typ: typ, name: typ + ".query", suffix: typ}
	switch typ {
	case "web", "http":
		k.name, k.suffix = "http.request", "api"
	case "rpc", "grpc":
		k.name, k.suffix = "grpc.server", "service"
	case "sql", "db":
		k.name, k.suffix = "mysql.query", "db"
	case "cache", "redis":
		k.name, k.suffix = "redis.command", "cache"
	case "memcached":
		k.suffix = "cache"
	case "dynamodb":
		k.name = "dynamodb.command"
	case "queue":
		k.name = "kafka.consume"
	}
	return k
}

func (k kind) calls() bool {
	c := classOf(k.typ, k.name)
	return c == web || c == rpc
}

// resource makes up what an operation of the kind does.
func (k kind) resource(s *stream, words *vocabulary, service string) string {
	noun, verb := pick(s, words.nouns), pick(s, words.verbs)
	switch k.name {
	case "http.request":
		return fmt.Sprintf("%s /%s/%s", pick(s, []string{"GET", "GET", "GET", "POST", "PUT"}), noun, verb)
	case "grpc.server":
		return fmt.Sprintf("/%s.%s/%s", service, title(noun), title(verb))
	case "mysql.query":
		return fmt.Sprintf("SELECT * FROM %s WHERE %s_id = ?", noun, pick(s, words.nouns))
	case "redis.command":
		return fmt.Sprintf("%s %s:?", pick(s, []string{"GET", "GET", "SET", "MGET", "DEL"}), noun)
	case "memcached.query":
		return fmt.Sprintf("%s %s:?", pick(s, []string{"get", "get", "get", "set", "delete"}), noun)
	case "mongodb.query":
		return fmt.Sprintf("%s %s", pick(s, []string{"find", "find", "insert", "update"}), noun)
	case "cassandra.query":
		return fmt.Sprintf("SELECT * FROM %s WHERE %s = ?", noun, pick(s, words.nouns))
	case "elasticsearch.query":
		return fmt.Sprintf("POST /%s/_search", noun)
	case "dynamodb.command":
		return "GetItem " + noun
	}
	return noun + "-" + verb
}

// figure readies a shape whose figures are given, or returns nil for one
// without. Shapes that say nothing of their types have the mix of the wild.
func (t *statistical) figure(st *scenarios.Statistical, trees int) *figured {
	if !hasFigures(st) {
		return nil
	}
	types := st.Types
	if types == nil {
		types = scenarios.Mix{"cache": 0.37, "web": 0.33, "rpc": 0.28, "db": 0.02}
	}
	var kinds []kind
	caller := false
	for _, typ := range slices.Sorted(maps.Keys(types)) {
		k := kindOf(typ)
		k.share = float64(types[typ])
		caller = caller || k.calls()
		kinds = append(kinds, k)
	}
	if !caller { // roots are of some service that calls
		kinds = append(kinds, kindOf("web"))
	}
	f := &figured{}
	t.buildKinds(f, kinds, max(1, st.Services))
	want := topology.Figures{FanOut: fanOutBins(st.FanOut), Calls: callBins(st)}
	for _, k := range kinds {
		want.Kinds = append(want.Kinds, topology.Kind{Share: k.share, Calls: k.calls()})
	}
	sizes := make([]topology.Size, trees)
	for i := range sizes {
		sizes[i] = topology.Size{Spans: t.spans[i], Levels: t.depths[i]}
	}
	f.grower = topology.New(want, sizes, func(i int) topology.Source { return &stream{Hash(^t.seed, uint64(i))} })
	return f
}

// hasFigures says that more is known of a shape than sizes.
func hasFigures(st *scenarios.Statistical) bool {
	return st.FanOut != nil || st.CallsPerEdge != nil || st.Types != nil
}

// storeWeight is how much less often a kind has a service of its own when it
// calls no one: many services share a store.
const storeWeight = 1.0 / 3

// buildKinds makes up services of each kind, at least one, about in proportion to
// its calls.
func (t *statistical) buildKinds(f *figured, kinds []kind, services int) {
	s := &stream{HashText(t.seed, "towns")}
	total := 0.0
	weights := make([]float64, len(kinds))
	for i, k := range kinds {
		weights[i] = k.share
		if !k.calls() {
			weights[i] *= storeWeight
		}
		total += weights[i]
	}
	f.ofKind = make([][]int, len(kinds))
	// One of each, and the others in proportion.
	others := float64(max(0, services-len(kinds)))
	sum, made := 0.0, 0
	for i, k := range kinds {
		sum += weights[i]
		upTo := i + 1 + int(others*sum/total+0.5)
		for ; made < upTo; made++ {
			name := pick(s, t.cat.words.nouns) + "-" + k.suffix
			for t.cat.services[name] != nil {
				name = pick(s, t.cat.words.nouns) + "-" + name
			}
			f.ofKind[i] = append(f.ofKind[i], len(t.towns))
			if k.calls() {
				f.inner = append(f.inner, len(t.towns))
			}
			t.towns = append(t.towns, town{service: t.cat.addService(name, t.shape, k.typ), class: classOf(k.typ, k.name), kind: &kinds[i]})
		}
	}
}

// growFigured returns tree i of a shape with figures.
func (t *statistical) growFigured(nodes []node, i int, s *stream) []node {
	tree := t.figured.grower.Grow(topology.Size{Spans: t.spans[i], Levels: t.depths[i]}, &stream{Hash(^t.seed, uint64(i))})
	places := make([]place, len(tree.Parent))
	edges := make([]place, len(tree.Kinds))
	known := make([]bool, len(tree.Kinds))
	type edge struct{ from, to place }
	seen := make(map[edge]struct{}, len(edges))
	for k, parent := range tree.Parent {
		switch e := tree.Edge[k]; {
		case parent < 0:
			places[k] = place{popular(s, t.figured.inner), s.below(operationsFirst)}
		case known[e]:
			places[k] = edges[e]
		default:
			from, towns := places[parent], t.figured.ofKind[tree.Kinds[e]]
			for choice := operationsFirst; ; choice++ {
				to := place{popular(s, towns), s.below(choice)}
				if _, ok := seen[edge{from, to}]; !ok {
					seen[edge{from, to}], edges[e], known[e], places[k] = struct{}{}, to, true, to
					break
				}
			}
		}
		nodes = append(nodes, node{op: t.operation(places[k].town, places[k].op), parent: parent, cause: -1})
	}
	return nodes
}

// popular picks a service as the wild does: the first twentieth of them get more
// than a third of the calls, and the last ones a third of their part.
func popular(s *stream, towns []int) int {
	u := s.unit()
	return towns[int(u*u*u*float64(len(towns)))]
}

// operationsFirst is how many operations of a service are tried first.
const operationsFirst = 4

// Fan-out is aimed at number by number up to fanOutSingly, then in bins that double.
const (
	fanOutSingly = 8
	fanOutParts  = 4096
)

// fanOutBins cuts a distribution of counts into bins; nil is mostly one, and
// now and then many.
func fanOutBins(d *scenarios.Dist) []topology.Bin {
	if d == nil {
		d = &scenarios.Dist{Kind: scenarios.LogNormal, A: 1.2, B: 8, Max: 64}
	}
	most := max(1, Count(*d, 1))
	var bins []topology.Bin
	for from := 1; from <= most; {
		to := from
		if from > fanOutSingly {
			to = min(most, 2*from-2)
		}
		bins = append(bins, topology.Bin{From: from, To: to})
		from = to + 1
	}
	for i := range fanOutParts {
		n := max(1, Count(*d, (float64(i)+0.5)/fanOutParts))
		at := slices.IndexFunc(bins, func(b topology.Bin) bool { return n <= b.To })
		bins[at].Share += 1.0 / fanOutParts
	}
	return bins
}

// callBins are the bins of calls per edge: as given, or of repeated edges,
// mostly twice, and now and then as a loop over rows does.
func callBins(st *scenarios.Statistical) []topology.Bin {
	if st.CallsPerEdge == nil {
		r := float64(st.RepeatedEdges)
		return []topology.Bin{{From: 1, To: 1, Share: 1 - r}, {From: 2, To: 2, Share: 0.8 * r}, {From: 3, To: 30, Share: 0.2 * r}}
	}
	var bins []topology.Bin
	for _, name := range slices.Sorted(maps.Keys(st.CallsPerEdge)) {
		from, to, _ := scenarios.Times(name)
		bins = append(bins, topology.Bin{From: from, To: to, Share: float64(st.CallsPerEdge[name])})
	}
	slices.SortFunc(bins, func(a, b topology.Bin) int { return a.From - b.From })
	return bins
}
