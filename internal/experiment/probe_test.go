package experiment

import (
	"math"
	"testing"
	"time"

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

// The knee is of the medians at each rate: one probe that was lucky makes none, nor do times that
// hardly grow.
func TestKneeOfProbes(t *testing.T) {
	probe := func(rate, delivered float64, p50 time.Duration) results.Probe {
		p := results.Probe{RatePerS: rate, DeliveredPerS: delivered, Outcome: results.ProbePassed, SentPerS: results.PerSecond{Requests: rate}}
		p.ServiceTime.Mean, p.ResponseTime.P50 = float64(p50), int64(p50)
		return p
	}
	const ms = time.Millisecond
	flat := []results.Probe{
		probe(800, 800, 5*ms), probe(400, 400, 5*ms), probe(600, 600, 2*ms), probe(600, 600, 5*ms), probe(600, 600, 6*ms), probe(900, 805, 5200*time.Microsecond),
	}
	queue := []results.Probe{
		probe(800, 800, 5*ms), probe(400, 400, 5*ms), probe(600, 600, 5*ms), probe(800, 800, 90*ms), probe(800, 800, 6*ms), probe(900, 805, 80*ms),
		{RatePerS: 2000, Outcome: results.ProbeGenerator},
	}
	for name, test := range map[string]struct {
		probes []results.Probe
		want   float64
	}{"flat": {flat, 0}, "queue": {queue, 800}, "none": {nil, 0}} {
		found := &results.Capacity{Probes: test.probes}
		fit(found)
		switch {
		case test.want == 0 && found.Knee != nil:
			t.Errorf("%s: a knee at %+v", name, *found.Knee)
		case test.want != 0 && (found.Knee == nil || found.Knee.RatePerS != test.want || found.Knee.ResponseP50NS != float64(6*ms)):
			t.Errorf("%s: knee %+v, want one at %g", name, found.Knee, test.want)
		}
	}
}
