package generator

import (
	"slices"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/scenarios"
)

// As many traces are late as the scenario says, by as much, and are otherwise
// what they would have been.
func TestLateTraces(t *testing.T) {
	s := shop()
	onTime := compileOrFatal(t, s)
	s = shop()
	s.Shapes[0].Late = &scenarios.Late{Share: 0.05, By: ms(30_000, 600_000)} // of checkout alone
	c := compileOrFatal(t, s)
	key := identity.Key{1}
	codec := identity.New(key, c.Layout())
	var late []time.Duration
	traces := 0
	for seq := range uint64(1000) {
		for i := range c.Chunks(nil, seq) {
			request := c.plan.Request(seq)
			shape := request.Trace(i).Shape
			tree, err := c.Tree(seq, i)
			if err != nil {
				t.Fatal(err)
			}
			if shape != 0 {
				if tree.Late != 0 {
					t.Fatalf("a trace of %s is late by %s", tree.Shape, tree.Late)
				}
				continue
			}
			traces++
			if tree.Late > 0 {
				late = append(late, tree.Late)
			}
			if i > 0 || seq > 100 {
				continue
			}
			other, err := onTime.Tree(seq, i)
			if err != nil {
				t.Fatal(err)
			}
			tree.Stamp(codec, someTime)
			other.Stamp(codec, someTime)
			for k := range tree.Spans {
				if moved := other.Spans[k].StartUnixNS - tree.Spans[k].StartUnixNS; moved != int64(tree.Late) {
					t.Fatalf("span %d starts %d ns earlier, the trace is late by %s", k, moved, tree.Late)
				}
			}
		}
	}
	// 12,000 traces: 5% ± 5 standard deviations.
	if share := float64(len(late)) / float64(traces); share < 0.04 || share > 0.06 {
		t.Errorf("%d of %d traces are late", len(late), traces)
	}
	slices.Sort(late)
	if p50 := late[len(late)/2]; p50 < 24*time.Second || p50 > 37*time.Second {
		t.Errorf("half of them by less than %s, want 30s", p50)
	}
	if p99 := late[len(late)*99/100]; p99 < 4*time.Minute || p99 > 30*time.Minute {
		t.Errorf("99 of 100 by less than %s, want 10m", p99)
	}
}
