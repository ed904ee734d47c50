package topology

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// some figures: mostly one, and a tail.
func some() Figures {
	return Figures{
		FanOut: []Bin{{1, 1, 0.7}, {2, 2, 0.2}, {3, 3, 0.05}, {4, 8, 0.04}, {9, 64, 0.01}},
		Calls:  []Bin{{1, 1, 0.8}, {2, 2, 0.18}, {3, 9, 0.02}},
		Kinds:  []Kind{{Share: 0.4}, {Share: 0.35, Calls: true}, {Share: 0.2, Calls: true}, {Share: 0.05}},
	}
}

func seeded(seed uint64) Source { return rand.NewPCG(seed, 7) }

// Whatever the figures, a tree has the size that is asked for, and is a tree.
func TestTreesHaveTheirSize(t *testing.T) {
	g := New(some(), []Size{{40, 5}}, func(i int) Source { return seeded(uint64(i)) })
	rapid.Check(t, func(t *rapid.T) {
		size := Size{Spans: rapid.IntRange(1, 400).Draw(t, "spans")}
		size.Levels = min(size.Spans, rapid.IntRange(2, 30).Draw(t, "levels"))
		seed := rapid.Uint64().Draw(t, "seed")
		tree := g.Grow(size, seeded(seed))
		if len(tree.Parent) != size.Spans || len(tree.Edge) != size.Spans {
			t.Fatalf("%d parents, %d edges of %d spans", len(tree.Parent), len(tree.Edge), size.Spans)
		}
		levels, most := make([]int, size.Spans), 0
		caller, calls := make([]int, len(tree.Kinds)), make([]int, len(tree.Kinds))
		for k, p := range tree.Parent {
			e := tree.Edge[k]
			if k == 0 {
				if p != -1 || e != -1 {
					t.Fatalf("the root has parent %d and edge %d", p, e)
				}
				levels[0], most = 1, 1
				continue
			}
			if p < 0 || p >= k {
				t.Fatalf("span %d has parent %d", k, p)
			}
			if calls[e]++; calls[e] > 1 && caller[e] != p {
				t.Fatalf("edge %d comes from %d and from %d", e, caller[e], p)
			}
			caller[e] = p
			levels[k] = levels[p] + 1
			most = max(most, levels[k])
			if at := tree.Edge[p]; at >= 0 && !some().Kinds[tree.Kinds[at]].Calls {
				t.Fatalf("span %d is of kind %d, which calls no one", p, tree.Kinds[at])
			}
		}
		if most != size.Levels {
			t.Fatalf("%d levels, asked for %d", most, size.Levels)
		}
		for e, n := range calls {
			if n == 0 {
				t.Fatalf("edge %d is never called", e)
			}
		}
		if diff := cmp.Diff(tree, g.Grow(size, seeded(seed))); diff != "" {
			t.Fatalf("another tree from the same source:\n%s", diff)
		}
	})
}

// Small trees as in the wild bend the aims; all of them together have the shares.
func TestFiguresAreRealised(t *testing.T) {
	var sizes []Size
	for i := range 6000 {
		// 2 to 10 spans, 2 most of all, and deeper where larger; one in 50 has hundreds.
		n := 2 + (i%100)*(i%100)/1250
		if i%50 == 0 {
			n = 100 + i%400
		}
		sizes = append(sizes, Size{n, min(n, 2+n/4, 9)})
	}
	source := func(i int) Source { return seeded(uint64(i)) }
	want := some()
	g := New(want, sizes, source)
	got := want.empty()
	for i, size := range sizes {
		got.count(g.Grow(size, source(i)))
	}
	check := func(what string, got, want []float64) {
		t.Helper()
		total := 0.0
		for _, n := range got {
			total += n
		}
		for i := range got {
			if is := got[i] / total; math.Abs(is-want[i]) > 0.02+want[i]*0.05 {
				t.Errorf("%s: share %d is %.4f, want %.4f", what, i, is, want[i])
			}
		}
	}
	shares := func(bins []Bin) (list []float64) {
		for _, b := range bins {
			list = append(list, b.Share)
		}
		return list
	}
	kinds := func(kinds []Kind) (list []float64) {
		for _, k := range kinds {
			list = append(list, k.Share)
		}
		return list
	}
	check("fan-out", shares(got.FanOut), shares(want.FanOut))
	check("calls per edge", shares(got.Calls), shares(want.Calls))
	check("kinds", kinds(got.Kinds), kinds(want.Kinds))
}

// Trees too small for a bin are not bent towards it.
func TestUnreachableBinsAreLeftOut(t *testing.T) {
	f := some().reachable([]Size{{4, 3}})
	for _, b := range append(f.FanOut, f.Calls...) {
		if (b.Share > 0) != (b.From <= 3) {
			t.Errorf("bin %+v of trees of 3 calls", b)
		}
	}
}

// Law: the spans of an edge have one operation, of its kind; two edges from one
// operation lead to two; and services are shared out to the last.
func TestPlaces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, services := some(), rapid.IntRange(1, 60).Draw(t, "services")
		ShareOut(f.Kinds, services)
		sum := 0
		for _, k := range f.Kinds {
			if sum += k.Services; k.Services < 1 {
				t.Fatalf("a kind without a service: %+v", f.Kinds)
			}
		}
		if want := max(services, len(f.Kinds)); sum != want {
			t.Fatalf("%d services shared out, of %d", sum, want)
		}
		size := Size{rapid.IntRange(2, 300).Draw(t, "spans"), 2}
		size.Levels = min(size.Spans, rapid.IntRange(2, 9).Draw(t, "levels"))
		g := New(f, []Size{size}, func(int) Source { return seeded(1) })
		tree := g.Grow(size, seeded(2))
		places := g.Places(tree, seeded(3))
		byEdge, edges := map[int]Place{}, map[[2]Place]int{}
		for k, p := range places {
			if p.Service < 0 || p.Service >= f.Kinds[p.Kind].Services || p.Operation < 0 {
				t.Fatalf("span %d is at %+v", k, p)
			}
			if k == 0 {
				if !f.Kinds[p.Kind].Calls {
					t.Fatalf("the root is of kind %d, which calls no one", p.Kind)
				}
				continue
			}
			e := tree.Edge[k]
			if was, ok := byEdge[e]; ok && was != p || p.Kind != tree.Kinds[e] {
				t.Fatalf("edge %d of kind %d leads to %+v and to %+v", e, tree.Kinds[e], was, p)
			}
			byEdge[e] = p
			if other, ok := edges[[2]Place{places[tree.Parent[k]], p}]; ok && other != e {
				t.Fatalf("edges %d and %d are the same", e, other)
			}
			edges[[2]Place{places[tree.Parent[k]], p}] = e
		}
	})
}
