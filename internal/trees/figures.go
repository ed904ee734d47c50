package trees

import (
	"github.com/spanstorm/spanstorm/internal/topology"
	"github.com/spanstorm/spanstorm/internal/trees/internal/kinds"
	"github.com/spanstorm/spanstorm/scenarios"
)

// figured draws trees whose fan-out, calls per edge and span types have given
// shares: internal/topology says who calls whom how often, and here services and
// operations are made up for it.
type figured struct {
	grower *topology.Grower
	towns  [][]int // of each kind
}

// figure readies a shape whose figures are given, or returns nil for one without.
func (t *statistical) figure(st *scenarios.Statistical) *figured {
	if !topology.Given(st) {
		return nil
	}
	all := kinds.Mix(st.Types)
	plan := make([]topology.Kind, len(all))
	for i, k := range all {
		plan[i] = topology.Kind{Share: k.Share, Calls: k.Calls}
	}
	topology.ShareOut(plan, max(1, st.Services))
	f := &figured{towns: make([][]int, len(all))}
	s := &stream{HashText(t.seed, "towns")}
	for i, k := range all {
		for range plan[i].Services {
			f.towns[i] = append(f.towns[i], len(t.towns))
			t.towns = append(t.towns, t.found(s, k))
		}
	}
	sizes := make([]topology.Size, len(t.spans))
	for i := range sizes {
		sizes[i] = t.size(i)
	}
	f.grower = topology.New(topology.Of(st, plan), sizes, func(i int) topology.Source { return t.source(i) })
	return f
}

// source is where tree i draws who calls whom, each time the same.
func (t *statistical) source(i int) *stream { return &stream{Hash(^t.seed, uint64(i))} }

// growFigured returns the spans of tree i, of a shape with figures.
func (t *statistical) growFigured(nodes []node, i int, s *stream) []node {
	tree := t.figured.grower.Grow(t.size(i), t.source(i))
	for k, p := range t.figured.grower.Places(tree, s) {
		op := t.operation(t.figured.towns[p.Kind][p.Service], p.Operation)
		nodes = append(nodes, node{op: op, parent: tree.Parent[k], cause: -1})
	}
	return nodes
}
