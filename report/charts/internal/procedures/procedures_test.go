package procedures

import (
	"encoding/json"
	"flag"
	"math"
	"path/filepath"
	"testing"

	"gonum.org/v1/plot"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/report/internal/samples"
	"github.com/spanstorm/spanstorm/results"
)

var update = flag.Bool("update", false, "write the golden files")

// The series that the charts draw, not their pixels, are held to golden files.
func TestSeriesGolden(t *testing.T) {
	all := samples.Procedures()
	for _, name := range []string{"capacity", "capacity-generator", "comparison", "comparison-few", "comparison-disk"} {
		rec := all[name]
		series := map[string]any{}
		if rec.Capacity != nil {
			series["capacity"] = newCapacitySeries(rec.Capacity)
		} else {
			series["comparison"], series["curves"] = newComparisonSeries(rec.Comparison, "a", "b"), newCurveSeries(rec.Comparison)
		}
		got, err := json.MarshalIndent(series, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		samples.Golden(t, filepath.Join("testdata", name+".json"), got, *update)
	}
}

// Each probe that measured something is a point in each panel, and lines go through the medians.
func TestProbesAreAllDrawn(t *testing.T) {
	c := &results.Capacity{Rates: []results.CapacityRate{{RatePerS: 200}, {RatePerS: 100}, {RatePerS: 300}}}
	for i, outcome := range []string{results.ProbePassed, results.ProbeFailed, results.ProbePassed, results.ProbeGenerator, results.ProbeBroken} {
		c.Probes = append(c.Probes, results.Probe{RatePerS: []float64{100, 200, 200, 200, 300}[i], Outcome: outcome, DeliveredPerS: float64(100 + i), AcceptedPerS: 40 * float64(100+i), SentPerS: results.PerSecond{Requests: 10, Traces: 400}})
	}
	s := newCapacitySeries(c)
	if len(s.Delivered.Points) != 4 || len(s.P99.Points) != 0 {
		t.Errorf("%d and %d points", len(s.Delivered.Points), len(s.P99.Points))
	}
	if got := s.Delivered.Medians[0]; len(got) != 2 || got[0] != (paper.Point{X: 100, Y: 100}) || got[1] != (paper.Point{X: 200, Y: 102}) {
		t.Errorf("medians %v", got)
	}
	if got := s.Accepted.Points[1].Y; got != 101 {
		t.Errorf("accepted %g requests' worth, want 101", got)
	}
	if len(s.Stacks) != 3 || s.Stacks[0].RatePerS != 100 || len(s.Stacks[1].Outcomes) != 3 || s.Stacks[2].Outcomes[0] != results.ProbeBroken {
		t.Errorf("stacks %v", s.Stacks)
	}
}

// Expectations of other things than the quantiles that are drawn make no line.
func TestLimits(t *testing.T) {
	c := &results.Capacity{Expect: []string{"response_time.p99 < 50ms", "response_time.p50 > 1ms", "response_time.p99_9 < 1s", "refused == 0", "?"}}
	if s := newCapacitySeries(c); len(s.Limits) != 1 || s.Limits[0].Y != 50e6 {
		t.Errorf("limits %v", s.Limits)
	}
}

// Rounds are paired where there were rounds, else held against the median; a share that
// is always the same has no row.
func TestComparedRows(t *testing.T) {
	c := &results.Comparison{Paired: true, Metrics: []results.ComparedMetric{
		{Name: "x", Unit: "ns", Target: "b", A: 3, Ratio: 2, AValues: []float64{1, 2, 5}, BValues: []float64{2, 2}},
		{Name: "of c", Unit: "ns", Target: "c", Ratio: 1},
		{Name: "still", Unit: "share", Target: "b", AValues: []float64{0.5}, BValues: []float64{0.5}},
		{Name: "moved", Unit: "share", Target: "b", Difference: 0.01, AValues: []float64{0.5}, BValues: []float64{0.51}},
		{Name: "nothing", Unit: "ns", Target: "b"},
	}}
	s := newComparisonSeries(c, "a", "b")
	if len(s.Ratios) != 1 || len(s.Shares) != 1 || len(s.Left) != 2 {
		t.Fatalf("%d ratios, %d shares, left out %v", len(s.Ratios), len(s.Shares), s.Left)
	}
	if r := s.Ratios[0].Rounds; len(r) != 2 || r[0] != math.Log(2) || r[1] != 0 {
		t.Errorf("rounds %v", r)
	}
	if got := s.Ratios[0].EstimateText + " " + s.Shares[0].EstimateText; got != "+100% +1pp" {
		t.Errorf("estimates %q", got)
	}
	c.Paired = false
	if r := newComparisonSeries(c, "a", "b").Ratios[0].Rounds; len(r) != 2 || math.Abs(r[0]-math.Log(2.0/3)) > 1e-12 {
		t.Errorf("unpaired rounds %v", r)
	}
}

// The range holds what it should, and its ticks lie on it, in order and apart from each other.
func TestComparisonAxes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []comparedRow
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			v := rapid.Float64Range(-5, 5)
			rows = append(rows, comparedRow{Estimate: v.Draw(t, "estimate"), Low: v.Draw(t, "low"), High: v.Draw(t, "high"), Effect: 0.05})
		}
		limit := math.Log(40)
		low, high := extent(rows, limit)
		if !(low < 0 && high > 0) {
			t.Fatalf("from %g to %g", low, high)
		}
		for _, r := range rows {
			if e := r.Estimate; math.Abs(e) <= limit && (e < low || e > high) {
				t.Fatalf("%g is not between %g and %g", e, low, high)
			}
		}
		const room = 320 * paper.Px
		for _, ticks := range [][]float64{values(changeTicks(low, high, room)), values(pointTicks(low, high, room))} {
			if len(ticks) == 0 || len(ticks) > 20 {
				t.Fatalf("%d ticks between %g and %g", len(ticks), low, high)
			}
			for i, v := range ticks {
				if v < low-1e-9 || v > high+1e-9 || i > 0 && (v-ticks[i-1])/(high-low)*float64(room) < float64(24*paper.Px) {
					t.Fatalf("ticks %v between %g and %g", ticks, low, high)
				}
			}
		}
	})
}

// values are where ticks are.
func values(ticks []plot.Tick) []float64 {
	var out []float64
	for _, t := range ticks {
		out = append(out, t.Value)
	}
	return out
}
