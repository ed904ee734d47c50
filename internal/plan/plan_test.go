package plan

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/scenarios"
)

func TestAliasTableHasTheWeights(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOfN(rapid.Float64Range(0, 1e6), 1, 20).Draw(t, "weights")
		total := 0.0
		for _, w := range weights {
			total += w
		}
		table, err := newAlias(weights)
		if (err != nil) != (total == 0) {
			t.Fatalf("weights %v: error is %v", weights, err)
		}
		sum := 0.0
		for i, p := range shares(table) {
			sum += p
			if want := weights[i] / total; math.Abs(p-want) > 1e-7 || weights[i] == 0 && p != 0 {
				t.Errorf("shape %d of %v has %v, want %v", i, weights, p, want)
			}
		}
		if err == nil && math.Abs(sum-1) > 1e-9 {
			t.Errorf("shares add up to %v", sum)
		}
	})
}

// A request lies in the window that holds it.
func TestWindows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Plan{Episodes: make([]Episode, 3)}
		edges := rapid.SliceOfNDistinct(rapid.Uint64Range(0, 50), 2, 12, rapid.ID).Draw(t, "edges")
		slices.Sort(edges)
		for i := 0; i+1 < len(edges); i += rapid.IntRange(1, 2).Draw(t, "step") {
			p.windows = append(p.windows, Window{From: edges[i], To: edges[i+1], Incident: len(p.windows) % 3})
		}
		for seq := range uint64(60) {
			var want *Episode
			for _, w := range p.windows {
				if seq >= w.From && seq < w.To {
					want = &p.Episodes[w.Incident]
				}
			}
			if p.episode(seq) != want {
				t.Fatalf("request %d is not where %v have it", seq, p.windows)
			}
		}
	})
}

// worked is a plan of one pool of n templates, the t-th of size t, worked on by a share at a time.
func worked(t testing.TB, n uint32, traces int, share float64) *Plan {
	t.Helper()
	s := &scenarios.Scenario{Seed: 7, TracesPerRequest: scenarios.Dist{A: float64(traces)}, Shapes: []scenarios.Shape{{Name: "one", Weight: 1}}}
	p, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	p.Pools[0].First, p.Pools[0].N = 100, n
	p.Work(share, func(template uint32) int { return int(template) })
	return p
}

// The working set moves on: any few requests in a row draw from few templates,
// each about as often as was meant, and in the end all have been drawn as often as others.
func TestWorkingSet(t *testing.T) {
	for _, share := range []float64{0.02, 0.1, 1} {
		const n, traces = 2000, 20
		p := worked(t, n, traces, share)
		pool := &p.Pools[0]
		if got, want := pool.InUse(), int(share*n); got < want || got > want+1 {
			t.Errorf("%v: %d templates in use, want %d", share, got, want)
		}
		total := map[uint32]int{}
		const through = n * setUses / traces // requests that the set takes for its way through the pool
		for seq := range uint64(2 * through) {
			r := p.Request(seq)
			for i := range r.Traces {
				total[r.Trace(i).Template]++
			}
		}
		if len(total) != n {
			t.Errorf("%v: %d of %d templates were drawn", share, len(total), n)
		}
		for template, k := range total {
			if template < 100 || template >= 100+n {
				t.Fatalf("%v: template %d is of another pool", share, template)
			}
			if k > 2*setUses+7*6 { // seven standard deviations
				t.Errorf("%v: template %d was drawn %d times of %d", share, template, k, 2*setUses)
			}
		}
		few := map[uint32]bool{}
		const row = 50
		for seq := uint64(1000); seq < 1000+row; seq++ {
			r := p.Request(seq)
			for i := range r.Traces {
				few[r.Trace(i).Template] = true
			}
		}
		if most := pool.InUse() + row*traces/setUses + 2; len(few) > most {
			t.Errorf("%v: %d requests have %d templates, want %d at most", share, row, len(few), most)
		}
	}
}

// Any few templates in a row are small and large ones as all are.
func TestMixed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint32Range(1, 5000).Draw(t, "templates")
		order := mixed(3, n, func(template uint32) int { return int(template) })
		seen := map[uint32]bool{}
		for _, o := range order {
			seen[o-3] = true
		}
		if len(seen) != int(n) {
			t.Fatalf("%d of %d templates are in order", len(seen), n)
		}
		row := min(n, setLeast)
		at := rapid.Uint32Range(0, n-row).Draw(t, "at")
		ranks := slices.Clone(order[at : at+row])
		slices.Sort(ranks)
		last := int(3) - 1
		for _, r := range append(ranks, 3+n) {
			if gap := int(r) - last; gap > int(3*n/row)+1 {
				t.Fatalf("of %d templates, %d in a row leave a gap of %d: %v", n, row, gap, ranks)
			}
			last = int(r)
		}
	})
}

// Each client has its turn, so that what it began can go on.
func TestTracersTakeTurns(t *testing.T) {
	for _, n := range []int{1, 2, 3, 10, 64, 97, 10_000} {
		p := Plan{tracers: uint64(n)}
		seen := make([]bool, n)
		for k := range uint64(n) {
			client := p.Tracer(1_000_000_007 + k)
			if client < 0 || client >= n || seen[client] || client != p.Tracer(1_000_000_007+k+uint64(n)) {
				t.Fatalf("of %d clients, %d has request %d of a round, and %d that of the next", n, client, k, p.Tracer(1_000_000_007+k+uint64(n)))
			}
			seen[client] = true
		}
	}
}
