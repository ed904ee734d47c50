package versus

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/spanstorm/spanstorm/results"
)

// made is a record of a run with these figures.
type made struct {
	responseNS, cpu float64
	sent, accepted  uint64
	refused         uint64
}

func (m made) record() *results.Record {
	q := results.Quantiles{Count: 1000, P50: int64(m.responseNS), P90: int64(2 * m.responseNS), P99: int64(4 * m.responseNS), P999: int64(8 * m.responseNS)}
	rec := &results.Record{Valid: true, Complete: true, Phases: []results.Phase{{Name: "hold", Send: "traces"}}}
	rec.Totals.ResponseTime, rec.Totals.ServiceTime = q, q
	rec.Resources.Target.CPUSPerMillionSpans, rec.Resources.Target.RSSMaxBytes = m.cpu, 50e6
	l := &rec.Ledger
	l.Source, l.Drained = "intake", true
	l.Sent.Traces, l.Refused.Traces = m.sent, m.refused
	l.Delivered.Traces = m.sent - m.refused
	l.Accepted.Traces = m.accepted
	l.Missing.Traces = l.Delivered.Traces - m.accepted
	rec.Requests = results.Requests{Sent: m.sent, Answered: m.sent, Delivered: m.sent - m.refused, ByCode: map[string]uint64{"200": m.sent - m.refused}}
	if m.refused > 0 {
		rec.Requests.ByCode["429"] = m.refused
	}
	return rec
}

// side makes runs, one a round.
func side(label string, rounds int, run func(round int) made) Side {
	s := Side{Target: results.ComparedTarget{Label: label}}
	for i := range rounds {
		s.Runs = append(s.Runs, Run{Round: i + 1, Path: label, Record: run(i).record()})
	}
	return s
}

// noisy is an agent whose rounds differ by chance and, since rounds differ too, by the round:
// slower and dearer by the given factors.
func noisy(seed uint64, spread, slower, dearer float64) func(int) made {
	return func(round int) made {
		shared := rand.New(rand.NewPCG(99, uint64(round)))
		own := rand.New(rand.NewPCG(seed, uint64(round)))
		draw := func(f float64) float64 {
			return f * math.Exp(0.1*shared.NormFloat64()+spread*own.NormFloat64())
		}
		return made{responseNS: draw(2e6 * slower), cpu: draw(20 * dearer), sent: 10000, accepted: 10000}
	}
}

func usual() Options {
	return Options{Confidence: Confidence, MinEffect: MinEffect, Paired: true}
}

func metricOf(t *testing.T, c *results.Comparison, name string) results.ComparedMetric {
	t.Helper()
	i := slices.IndexFunc(c.Metrics, func(m results.ComparedMetric) bool { return m.Name == name })
	if i < 0 {
		t.Fatalf("no metric %s in %d", name, len(c.Metrics))
	}
	return c.Metrics[i]
}

// A target that is 10% slower and as dear is called so, whatever the rounds have in common.
func TestJudge(t *testing.T) {
	a, b := side("a", 12, noisy(1, 0.01, 1, 1)), side("b", 12, noisy(2, 0.01, 1.1, 1))
	c := Judge([]Side{a, b}, usual())
	for _, name := range []string{"response_time.p50", "response_time.p99", "service_time.p50"} {
		m := metricOf(t, c, name)
		if m.Verdict != results.VerdictWorse || m.RatioLow > 1.1 || m.RatioHigh < 1.1 || math.Abs(m.Ratio-1.1) > 0.02 || m.P > 0.001 || m.N != 12 || m.RoundsNeeded != 0 {
			t.Errorf("%s: %+v", name, m)
		}
	}
	for _, name := range []string{"accepted", "refused", "target.rss_max_bytes"} {
		if m := metricOf(t, c, name); m.Verdict != results.VerdictSame || m.P != 1 {
			t.Errorf("%s: %+v", name, m)
		}
	}
	if c.Rounds != 12 || math.Abs(c.Alpha*float64(len(c.Metrics))-0.05) > 1e-12 {
		t.Errorf("%d rounds, alpha %g for %d metrics", c.Rounds, c.Alpha, len(c.Metrics))
	}
	// The other way round it is better.
	a.Target.Label, b.Target.Label = "b", "a"
	if m := metricOf(t, Judge([]Side{b, a}, usual()), "response_time.p50"); m.Verdict != results.VerdictBetter {
		t.Errorf("%+v", m)
	}
}

// Only what was asked about is judged; the error is that metric's alone, and more rounds are counted for what
// later looks may spend.
func TestJudgeNamed(t *testing.T) {
	const cpu = "target.cpu_s_per_million_spans"
	sides := []Side{side("a", 12, noisy(1, 0.08, 1, 1)), side("b", 12, noisy(2, 0.08, 1, 1.06))}
	all := metricOf(t, Judge(sides, usual()), cpu)
	o := usual()
	o.Metrics = []string{cpu}
	c := Judge(sides, o)
	m := metricOf(t, c, cpu)
	if len(c.Metrics) != 1 || math.Abs(c.Alpha-0.05) > 1e-12 || m.RatioHigh-m.RatioLow >= all.RatioHigh-all.RatioLow || m.Ratio != all.Ratio {
		t.Errorf("alpha %g, %+v, among all %+v", c.Alpha, m, all)
	}
	o.Ahead = 0.001
	if later := metricOf(t, Judge(sides, o), cpu); later.RatioLow != m.RatioLow || later.RoundsNeeded <= m.RoundsNeeded {
		t.Errorf("%d rounds, and %d with less to spend on them", m.RoundsNeeded, later.RoundsNeeded)
	}
	if missing := Missing(sides, []string{cpu, "capacity", "end_to_end.p50"}); !slices.Equal(missing, []string{"end_to_end.p50", "capacity"}) || Missing(sides, nil) != nil {
		t.Errorf("%v", missing)
	}
}

// What chance hides stays undecided, and the rounds that are said to do really would.
func TestJudgeUndecided(t *testing.T) {
	judge := func(rounds int, seed uint64) results.ComparedMetric {
		c := Judge([]Side{side("a", rounds, noisy(seed, 0.03, 1, 1)), side("b", rounds, noisy(seed+1000, 0.03, 1, 1.04))}, usual())
		return metricOf(t, c, "target.cpu_s_per_million_spans")
	}
	called, suggested := 0, 0
	for seed := range uint64(40) {
		m := judge(12, 10+seed)
		if m.Verdict == results.VerdictWorse {
			continue // chance was kind
		}
		if m.Verdict != results.VerdictUndecided {
			t.Fatalf("%+v", m)
		}
		if m.RoundsNeeded == 0 {
			continue
		}
		suggested++
		if judge(m.RoundsNeeded, 500+seed).Verdict == results.VerdictWorse {
			called++
		}
	}
	if suggested < 20 || called*10 < suggested*6 {
		t.Errorf("%d of %d comparisons with the rounds that were suggested call it", called, suggested)
	}
	t.Logf("%d of %d", called, suggested)
}

// Few rounds decide nothing, however large the difference; no interval is made up.
func TestJudgeFewRounds(t *testing.T) {
	c := Judge([]Side{side("a", 3, noisy(1, 0.01, 1, 1)), side("b", 3, noisy(2, 0.01, 5, 1))}, usual())
	for _, m := range c.Metrics {
		if m.Verdict != results.VerdictUndecided || m.Bounded || m.RatioHigh != 0 || m.RoundsNeeded < 9 {
			t.Errorf("%+v", m)
		}
	}
	if m := metricOf(t, c, "response_time.p50"); math.Abs(m.Ratio-5) > 0.3 || m.A == 0 || m.B < 4*m.A {
		t.Errorf("the figures are there all the same: %+v", m)
	}
}

// An agent compared with itself is hardly ever called different on anything.
func TestJudgeItself(t *testing.T) {
	const comparisons = 400
	called := 0
	for i := range uint64(comparisons) {
		c := Judge([]Side{side("a", 12, noisy(7000+i, 0.05, 1, 1)), side("b", 12, noisy(17000+i, 0.05, 1, 1))}, usual())
		if slices.ContainsFunc(c.Metrics, func(m results.ComparedMetric) bool {
			return m.Verdict == results.VerdictBetter || m.Verdict == results.VerdictWorse
		}) {
			called++
		}
	}
	if called > comparisons*5/100 {
		t.Errorf("%d of %d", called, comparisons)
	}
	t.Logf("%d of %d", called, comparisons)
}

// Heaps are compared without pairs; a value that one side lacks is no pair.
func TestJudgeHeaps(t *testing.T) {
	a, b := side("a", 14, noisy(1, 0.01, 1, 1)), side("b", 11, noisy(2, 0.01, 2, 1))
	o := usual()
	o.Paired = false
	if m := metricOf(t, Judge([]Side{a, b}, o), "response_time.p50"); m.Verdict != results.VerdictWorse || m.N != 11 || len(m.AValues) != 14 {
		t.Errorf("%+v", m)
	}
	b.Runs[3].Record.Resources.Target.CPUSPerMillionSpans = 0 // not measured
	if m := metricOf(t, Judge([]Side{a, b}, usual()), "target.cpu_s_per_million_spans"); m.N != 10 {
		t.Errorf("%d pairs", m.N)
	}
}

// Two answers to a search are compared by their intervals.
func TestJudgeCapacity(t *testing.T) {
	with := func(label string, low, high float64) Side {
		return Side{Target: results.ComparedTarget{Label: label}, Runs: []Run{{Round: 1, Record: &results.Record{}, CapacityPerS: low, CapacityLow: low, CapacityHigh: high}}}
	}
	for _, test := range []struct {
		b    Side
		want string
	}{
		{with("b", 1200, 1230), results.VerdictBetter},
		{with("b", 800, 820), results.VerdictWorse},
		{with("b", 1010, 1035), results.VerdictUndecided},
	} {
		m := metricOf(t, Judge([]Side{with("a", 1000, 1025), test.b}, usual()), "capacity")
		if m.Verdict != test.want || !m.Bounded || m.RatioLow >= m.RatioHigh {
			t.Errorf("%+v, want %s", m, test.want)
		}
	}
}

// Searches answer with rates that were probed: that all rounds find the same one is no proof that the
// targets are the same, beyond what the intervals of the searches leave.
func TestJudgeCapacityRounds(t *testing.T) {
	with := func(label string, low, high float64) Side {
		s := Side{Target: results.ComparedTarget{Label: label}}
		for round := range 14 {
			s.Runs = append(s.Runs, Run{Round: round + 1, Record: &results.Record{}, CapacityPerS: low, CapacityLow: low, CapacityHigh: high, CapacityUnit: "requests/s"})
		}
		return s
	}
	a, o := with("a", 800, 1131), usual()
	o.Metrics = []string{"capacity"}
	for _, test := range []struct {
		b         Side
		want      string
		low, high float64
	}{
		{with("b", 800, 1131), results.VerdictUndecided, 800. / 1131, 1131. / 800},
		{with("b", 1600, 1700), results.VerdictBetter, 1600. / 1131, 1700. / 800},
		{with("b", 400, 420), results.VerdictWorse, 400. / 1131, 420. / 800},
	} {
		m := metricOf(t, Judge([]Side{a, test.b}, o), "capacity")
		if m.Verdict != test.want || math.Abs(m.RatioLow-test.low) > 1e-9 || math.Abs(m.RatioHigh-test.high) > 1e-9 || m.Unit != "requests/s" || m.RoundsNeeded != 0 {
			t.Errorf("%+v, want %s, %g to %g", m, test.want, test.low, test.high)
		}
	}
	// One search beside many is not as sure as two: the others may say something else.
	one, many := with("a", 800, 900), with("b", 1600, 1700)
	one.Runs, o.Paired = one.Runs[:1], false
	for i := range many.Runs[1:3] {
		many.Runs[i+1].CapacityPerS, many.Runs[i+1].CapacityLow, many.Runs[i+1].CapacityHigh = 700, 700, 720
	}
	many.Runs = many.Runs[:3]
	if m := metricOf(t, Judge([]Side{one, many}, o), "capacity"); m.Verdict != results.VerdictUndecided {
		t.Errorf("one beside three: %+v", m)
	}
	o = usual()
	o.Metrics = []string{"capacity"}
	for i := range a.Runs {
		a.Runs[i].CapacityUnit = "traces/s"
	}
	if c := Judge([]Side{a, with("b", 1600, 1700)}, o); len(c.Metrics) > 0 {
		t.Errorf("traces beside requests: %+v", c.Metrics)
	}
}
