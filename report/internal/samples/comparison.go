package samples

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/spanstorm/spanstorm/results"
)

// against is a metric of a made-up comparison: that of A, how much it differs from round
// to round, and B's over it (of a share: B's minus it).
type against struct {
	name, unit, better string
	a, noise, effect   float64
	verdict            string
	needed             int
}

func metrics() []against {
	const b, w, s, u = results.VerdictBetter, results.VerdictWorse, results.VerdictSame, results.VerdictUndecided
	return []against{
		{"response_time.p50", "ns", "lower", 2.1e6, 0.02, 1.101, w, 0},
		{"response_time.p90", "ns", "lower", 4.4e6, 0.03, 1.112, w, 0},
		{"response_time.p99", "ns", "lower", 12.3e6, 0.05, 1.094, w, 0},
		{"response_time.p99_9", "ns", "lower", 31.8e6, 0.17, 1.12, u, 40},
		{"service_time.p99", "ns", "lower", 11.9e6, 0.06, 1.05, u, 24},
		{"end_to_end.p99", "ns", "lower", 4.91e9, 0.004, 1.001, s, 0},
		{"accepted", "share", "higher", 0.9987, 0.0003, -0.0151, w, 0},
		{"refused", "share", "lower", 0, 0, 0, s, 0},
		{"target.cpu_s_per_million_spans", "s", "lower", 18.4, 0.02, 0.41, b, 0},
		{"target.rss_max_bytes", "bytes", "lower", 84e6, 0.02, 1.004, s, 0},
		{"capacity", "requests/s", "higher", 1460, 0.09, 0.97, u, 0},
	}
}

// compared makes the metric of so many rounds. The interval is that of a mean, which does
// for a sample: that of a real one is the business of the procedure.
func compared(m against, label string, rounds int, rng *rand.Rand) results.ComparedMetric {
	out := results.ComparedMetric{Name: m.name, Unit: m.unit, Target: label, Better: m.better, MinEffect: 0.05, N: rounds, Verdict: m.verdict, RoundsNeeded: m.needed, AValues: []float64{}, BValues: []float64{}}
	share := m.unit == "share"
	var ratios []float64
	for range rounds {
		a, b := m.a*(1+m.noise*rng.NormFloat64()), m.a*m.effect*(1+m.noise*rng.NormFloat64())
		if share {
			a, b = min(m.a+m.noise*rng.NormFloat64(), 1), min(m.a+m.effect+m.noise*rng.NormFloat64(), 1)
		}
		out.AValues, out.BValues = append(out.AValues, a), append(out.BValues, b)
		if share {
			ratios = append(ratios, b-a)
		} else {
			ratios = append(ratios, math.Log(b/a))
		}
	}
	out.A, out.B = median(out.AValues), median(out.BValues)
	middle, half := median(ratios), 3.2*m.noise*math.Sqrt2/math.Sqrt(float64(rounds))
	out.Bounded = rounds >= 6
	if out.Bounded && !share {
		out.ASpread, out.BSpread = 2*m.noise/math.Sqrt(float64(rounds)), 2*m.noise/math.Sqrt(float64(rounds))
	}
	switch {
	case share:
		out.MinEffect, out.Difference = 0.001, middle
		if out.Bounded {
			out.DifferenceLow, out.DifferenceHigh = middle-half, middle+half
		}
	default:
		out.Ratio = math.Exp(middle)
		if out.Bounded {
			out.RatioLow, out.RatioHigh = math.Exp(middle-half), math.Exp(middle+half)
		}
	}
	out.P = math.Erfc(3.2 * math.Abs(middle) / max(half, 1e-9) / math.Sqrt2)
	switch {
	case !out.Bounded:
		out.Verdict, out.RoundsNeeded = results.VerdictUndecided, 0
	}
	return out
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}

// curve is a curve of response times around a median, each round a little off.
func curve(label string, p50 float64) results.ComparedCurve {
	out := results.ComparedCurve{Label: label}
	for _, p := range results.PercentilePoints() {
		if p > 99.99 {
			break
		}
		x := -math.Log10(1 - p/100)
		v := p50 * math.Exp(1.05*(x-0.3)) * (1 + 0.02*x*x*x)
		out.Points = append(out.Points, results.ComparedCurvePart{Percentile: p, Low: v * (1 - 0.02*(1+x)), Middle: v, High: v * (1 + 0.03*(1+x*x/2))})
	}
	return out
}

// beside is a comparison of so many rounds; of round 3 a run of b does not count.
func beside(rounds int, targets ...results.ComparedTarget) *results.Record {
	rec := procedure(float64(rounds*len(targets)) * 16)
	rng := rand.New(rand.NewPCG(3, 4))
	c := &results.Comparison{
		Targets: targets, Rounds: rounds, Paired: true, Confidence: 0.95, Alpha: 0.05 / 22, MinEffect: 0.05, MinEffectShare: 0.001,
		Plan: &results.ComparisonPlan{Rounds: 6, BudgetS: 900, Capacity: true, Seed: 42}, SpentS: float64(rounds*len(targets)) * 16,
		Looks: []results.Look{}, Metrics: []results.ComparedMetric{}, Behaviour: []results.Behaviour{}, Curves: []results.ComparedCurve{}, Runs: []results.ComparedRun{},
	}
	rec.Comparison = c
	for at := 6; at <= rounds; at += 6 {
		c.Looks = append(c.Looks, results.Look{Rounds: at, Alpha: 0.025})
	}
	for i, t := range targets {
		c.Curves = append(c.Curves, curve(t.Label, 2.1e6*(1+0.1*float64(i))))
		if i == 0 {
			continue
		}
		for _, m := range metrics() {
			if i == 2 { // c is no different, and where it is, better
				m.effect, m.noise = 1+(m.effect-1)/8, m.noise/10
				if m.unit == "share" {
					m.effect = 0
				}
				if m.verdict != results.VerdictBetter {
					m.verdict, m.needed = results.VerdictSame, 0
				}
			}
			c.Metrics = append(c.Metrics, compared(m, t.Label, rounds, rng))
		}
	}
	for round := 1; round <= rounds; round++ {
		for _, t := range targets {
			c.Runs = append(c.Runs, results.ComparedRun{Round: round, Label: t.Label, Record: fmt.Sprintf("%s/%03d", t.Label, round)})
		}
	}
	return rec
}

func versions() []results.ComparedTarget {
	return []results.ComparedTarget{
		{Label: "a", Target: "agents/datadog/datadog-0.60.0.yaml", Name: "datadog-0.60.0", Version: "0.60.0"},
		{Label: "b", Target: "agents/datadog/datadog-0.85.1.yaml", Name: "datadog-0.85.1", Version: "0.85.1", Set: []string{"env.GOMAXPROCS=1"}},
		{Label: "c", Target: "embedded:latency=2ms", Name: "embedded", Version: "v0.2.0"},
	}
}

func twoVersions() *results.Record {
	rec := beside(12, versions()[:2]...)
	c := rec.Comparison
	c.Behaviour = []results.Behaviour{
		{Target: "b", Kind: "fate", Subject: "fault trace-id-zero", A: "dropped 100%", B: "accepted 100%", Seq: 412, Record: "b/003"},
		{Target: "b", Kind: "fate", Subject: "fault two-trace-ids", A: "dropped 100%", B: "accepted 97.2%, missing 2.8%", Seq: 97, Record: "b/001"},
		{Target: "b", Kind: "altered", Subject: "field meta.http.url", A: "as sent", B: "removed in 12% of spans", Seq: 8, Record: "b/001"},
		{Target: "b", Kind: "body", Subject: "answers", A: `{"rate_by_service":{…}} with 3 services`, B: `{"rate_by_service":{}}`, Seq: 0, Record: "b/001"},
	}
	c.MoreBehaviour = 3
	for i := range c.Runs {
		c.Runs[i].Round += c.Runs[i].Round / 3 // the third round does not count
	}
	c.Runs = append(c.Runs, results.ComparedRun{Round: 3, Label: "a", Record: "a/003"},
		results.ComparedRun{Round: 3, Label: "b", Record: "b/003", Problem: "the run is not valid: the generator was the limit (send delay p99 41ms)"})
	return rec
}

func threeTargets() *results.Record {
	rec := beside(12, versions()...)
	rec.Comparison.Behaviour = []results.Behaviour{
		{Target: "b", Kind: "fate", Subject: "fault trace-id-zero", A: "dropped 100%", B: "accepted 100%", Seq: 412, Record: "b/003"},
		{Target: "c", Kind: "answer", Subject: "shape nightly-report", A: "200", B: "200, 413 for 4.1%", Seq: 3107, Record: "c/002"},
	}
	return rec
}

func tooFew() *results.Record {
	rec := beside(2, versions()[:2]...)
	rec.Interrupted, rec.Complete = true, true
	return rec
}

// onDisk is a comparison of records on disk, of which there is no plan, and no difference.
func onDisk() *results.Record {
	rec := beside(8, results.ComparedTarget{Label: "a", Target: "results/yesterday", Name: "embedded", Version: "v0.2.0"}, results.ComparedTarget{Label: "b", Target: "results/today", Name: "embedded", Version: "v0.2.0"})
	c := rec.Comparison
	c.Plan, c.Paired, c.Looks, c.SpentS, c.Decided = nil, false, nil, 0, true
	c.Metrics = c.Metrics[:0]
	rng := rand.New(rand.NewPCG(5, 6))
	for _, m := range metrics()[:6] {
		m.effect, m.noise, m.verdict, m.needed = 1, 0.01, results.VerdictSame, 0
		c.Metrics = append(c.Metrics, compared(m, "b", 8, rng))
	}
	c.Behaviour = []results.Behaviour{{Target: "b", Kind: "header", Subject: "answers", A: "no Datadog-Agent-Version", B: "Datadog-Agent-Version: 7.60.0", Seq: 1, Record: "results/today/run-1"}}
	return rec
}

// Procedures are records of procedures made of many runs, by what they show. They are
// the same each time.
func Procedures() map[string]*results.Record {
	out := map[string]*results.Record{
		"capacity": answered(), "capacity-traces": inTraces(), "capacity-budget": exhausted(), "capacity-generator": generatorBound(),
		"comparison": twoVersions(), "comparison-three": threeTargets(), "comparison-few": tooFew(), "comparison-disk": onDisk(),
		"capacity-empty": {SchemaVersion: 1, Capacity: &results.Capacity{}}, "comparison-empty": {SchemaVersion: 1, Comparison: &results.Comparison{}},
	}
	maps.Copy(out, hostileProcedures())
	return out
}

// All are the runs and the procedures.
func All() map[string]*results.Record {
	all := Runs()
	maps.Copy(all, Procedures())
	return all
}

// hostileProcedures have texts and figures that try to break out of the report.
func hostileProcedures() map[string]*results.Record {
	search, pair := answered(), threeTargets()
	for _, rec := range []*results.Record{search, pair} {
		rec.Name, rec.Warnings, rec.InvalidReasons, rec.Fingerprint = Evil, []string{Evil}, []string{Evil}, Evil
		rec.Target.Name, rec.Target.Version, rec.Target.URL = Evil, Evil, Evil
	}
	c := search.Capacity
	c.LimitedBy, c.Expect, c.USL.Good, c.USL.Why = Evil, []string{Evil}, false, Evil
	c.Rates[0].Verdict, c.Rates[1].RatePerS, c.Rates[2].Passed = Evil, math.Inf(1), -4
	p := &c.Probes[0]
	p.Record, p.Purpose, p.Outcome, p.Broke, p.RatePerS, p.DeliveredPerS = Evil, Evil, Evil, []string{Evil}, -1e300, math.NaN()
	c.Probes[1].RatePerS, c.Probes[1].ResponseTime.P99, c.Probes[1].CPUCores = 1e300, -5, math.Inf(-1)
	c.Probes[5].Record, c.High = Evil, 1e300
	d := pair.Comparison
	d.Targets[0].Label, d.Targets[0].Name, d.Targets[1].Set, d.Targets[2].Target = Evil, Evil, []string{Evil}, Evil
	m := &d.Metrics[0]
	m.Name, m.Unit, m.Verdict, m.Ratio, m.RatioLow, m.RatioHigh, m.P, m.AValues = Evil, Evil, Evil, math.NaN(), -1, math.Inf(1), math.NaN(), []float64{0, -1, math.Inf(1)}
	d.Metrics[1].RatioLow, d.Metrics[1].RatioHigh, d.Metrics[1].BValues = 0, 1e300, nil
	d.Metrics[6].Difference, d.Metrics[6].DifferenceHigh = -1e300, math.NaN()
	d.Behaviour[0] = results.Behaviour{Target: Evil, Kind: Evil, Subject: Evil, A: Evil, B: Evil, Record: Evil}
	d.Runs[0].Problem, d.Runs[0].Label, d.Runs[0].Record, d.Runs[0].Round = Evil, Evil, Evil, -1
	d.Curves[0].Label, d.Curves[0].Points[0], d.Curves[1].Points = Evil, results.ComparedCurvePart{Percentile: 400, Low: -1, Middle: math.NaN(), High: math.Inf(1)}, nil
	return map[string]*results.Record{"capacity-hostile": search, "comparison-hostile": pair}
}
