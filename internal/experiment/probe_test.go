package experiment

import (
	"math"
	"testing"

	"github.com/spanstorm/spanstorm/results"
)

// TestCoresIn holds that a probe's cores are those of its phase, and of no start, warm-up or drain.
func TestCoresIn(t *testing.T) {
	rec := &results.Record{Seconds: []results.Second{
		{T: 0, Phase: "warm-up", TargetCPUS: 0.9},
		{T: 1, Phase: "warm-up", TargetCPUS: 0.4},
		{T: 1, Phase: "hold"}, // the second is told once
		{T: 2, Phase: "hold", TargetCPUS: 0.2},
		{T: 3, Phase: "drain", TargetCPUS: 0.8},
	}}
	for _, c := range []struct{ from, to, cores float64 }{
		{2, 3, 0.2},
		{1.5, 3, (0.2 + 0.2) / 1.5},
		{2, 3.25, (0.2 + 0.2) / 1.25},
		{2.25, 2.75, 0.2},
	} {
		if got := coresIn(rec, &results.Phase{Name: "hold", StartS: c.from, EndS: c.to}); math.Abs(got-c.cores) > 1e-9 {
			t.Errorf("from %g to %g: %g cores, not %g", c.from, c.to, got, c.cores)
		}
	}
}
