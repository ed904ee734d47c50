package experiment

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/internal/stats"
	"github.com/spanstorm/spanstorm/internal/versus"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

func probeLine(p *results.Probe) string {
	line := p.Outcome
	if len(p.Broke) > 0 {
		line += ": " + strings.Join(p.Broke, ", ")
	}
	if p.ResponseTime.Count > 0 {
		line += fmt.Sprintf("  (p99 %s, %.2g cores)", results.FormatDuration(float64(p.ResponseTime.P99)), p.CPUCores)
	}
	return line
}

// readProbe is what a run at one rate came to.
func (c *capacity) readProbe(p *results.Probe, rec *results.Record) {
	p.Broke = []string{}
	switch {
	case rec.Target.Exit != nil || rec.Target.Gone:
		p.Outcome, p.Broke = results.ProbeFailed, append(p.Broke, results.LimitDied)
	case !rec.Valid:
		p.Outcome, p.Broke = results.ProbeGenerator, append(p.Broke, rec.InvalidReasons...)
	default:
		for _, e := range rec.Expectations {
			if !e.Met {
				p.Broke = append(p.Broke, e.Text)
			}
		}
		if slices.ContainsFunc(rec.Phases, func(ph results.Phase) bool { return !ph.Discarded && ph.Requests.Unsent > 0 }) {
			p.Broke = append(p.Broke, results.LimitSaturated)
		}
		p.Outcome = results.ProbePassed
		if len(p.Broke) > 0 {
			p.Outcome = results.ProbeFailed
		}
	}
	p.ServiceTime, p.ResponseTime = rec.Totals.ServiceTime, rec.Totals.ResponseTime
	target := rec.Resources.Target
	p.CPUSPerMillionSpans, p.RSSMaxBytes = target.CPUSPerMillionSpans, target.RSSMaxBytes
	length, whole := 0.0, 1.0 // how many traces one of the ledger is
	for i := range rec.Phases {
		ph := &rec.Phases[i]
		took := ph.EndS - ph.StartS
		length += took
		if ph.Discarded || took <= 0 {
			continue
		}
		p.SentPerS = results.PerSecond{Requests: ph.RateSentPerS, Traces: ph.TracesPerS, Spans: ph.SpansPerS, Bytes: ph.BytesPerS}
		p.UnitsPerRequest = c.unitsPerRequest(p.RatePerS, ph)
		p.DeliveredPerS = float64(ph.Requests.Delivered) / took * p.UnitsPerRequest
		if c.rec.Capacity.Unit == results.UnitTraces && ph.TracesPerS > 0 {
			whole = p.UnitsPerRequest * ph.RateSentPerS / ph.TracesPerS
		}
		p.CPUCores = coresIn(rec, ph)
		p.InFlight = float64(ph.Requests.Answered) / took * rec.Totals.ServiceTime.Mean / 1e9
	}
	if length > 0 {
		p.AcceptedPerS = float64(rec.Ledger.Accepted.Traces) / length * whole
	}
}

// unitsPerRequest is how much of the unit of the search a request carried on average. Of traces that are
// sent in parts the record counts parts: as many begin as end, so they are those that the rate brings about.
func (c *capacity) unitsPerRequest(rate float64, ph *results.Phase) float64 {
	parts := slices.ContainsFunc(c.Scenario.Shapes, func(s scenarios.Shape) bool { return s.PartialFlush > 0 })
	switch {
	case c.rec.Capacity.Unit != results.UnitTraces || ph.RateSentPerS == 0:
		return 1
	case parts && ph.RatePlannedPerS > 0:
		return rate / ph.RatePlannedPerS
	}
	return ph.TracesPerS / ph.RateSentPerS
}

// coresIn is what the target used in a phase, per second; of a second that the phase shares
// with another, in proportion. What the phase left it to do comes later, and is not in it.
func coresIn(rec *results.Record, ph *results.Phase) float64 {
	used := 0.0
	for _, s := range rec.Seconds {
		from := float64(s.T)
		used += s.TargetCPUS * max(0, min(from+1, ph.EndS)-max(from, ph.StartS))
	}
	return used / (ph.EndS - ph.StartS)
}

// sum puts into the record what the probes so far say.
func (c *capacity) sum(last bool) {
	found := c.rec.Capacity
	found.SpentS = (c.spent + time.Since(c.began)).Seconds()
	searching := c.searching(CapacityMost(c.Scenario))
	list := searching.tallies(found.Probes)
	lo, hi := bracket(list)
	found.Rates = []results.CapacityRate{}
	for _, t := range list {
		found.Rates = append(found.Rates, results.CapacityRate{RatePerS: t.rate, Passed: t.passed, Failed: t.failed, Verdict: t.verdict})
	}
	found.Answered, found.NoAnswer, found.LimitedBy, found.At, found.AnswerPerS = false, "", "", nil, results.PerSecond{}
	found.Low, found.High = searching.spread(list, lo, hi)
	if hi != nil {
		found.LimitedBy = limitedBy(found.Probes, hi)
	}
	if lo != nil {
		found.AnswerPerS, found.At = stateAt(found, lo.rate)
		found.Answered = true
	}
	if why := c.noAnswer(lo, hi); why != "" {
		found.Answered, found.NoAnswer = false, why
		found.AnswerPerS, found.At = results.PerSecond{}, nil
	}
	fit(found)
	c.rec.Valid, c.rec.InvalidReasons = true, []string{}
	if last && !found.Answered {
		c.rec.Valid, c.rec.InvalidReasons = false, []string{"the search found no answer"}
	}
}

// noAnswer says why there is none, and what to do; empty: there is one.
func (c *capacity) noAnswer(lo, hi *tally) string {
	found := c.rec.Capacity
	per := found.Counts()
	switch {
	case len(found.Probes) == 0:
		return "no rate was probed"
	case hi != nil && hi.verdict == results.RateGenerator:
		below := "at no rate below was it otherwise"
		if lo != nil {
			below = fmt.Sprintf("up to %g %s all held", lo.rate, per)
		}
		return fmt.Sprintf("at %g %s the generator was the limit, not the target; %s. Give the generator more: leave cores to it (GOMAXPROCS, CPU sets or limits for the target), "+
			"raise max_in_flight if the reason says so, or run it on a machine of its own (%s)", hi.rate, per, below, reason(found.Probes, hi.rate))
	case lo == nil:
		return fmt.Sprintf("at %g %s, the lowest rate that was probed, it did not hold: %s. Probe below it with --start, or ease the expectation", hi.rate, per, found.LimitedBy)
	case hi == nil && lo.rate >= CapacityMost(c.Scenario):
		why := fmt.Sprintf("all held up to %g %s, above which nothing is searched", lo.rate, per)
		if found.Unit == results.UnitTraces {
			why += fmt.Sprintf(": a request has at most %d traces; give more clients, or a shorter flush_interval", scenarios.MaxChunks)
		}
		return why
	}
	return ""
}

// reason is why the last probe at a rate that the generator spoilt was.
func reason(probes []results.Probe, rate float64) (why string) {
	for _, p := range probes {
		if p.RatePerS == rate && p.Outcome == results.ProbeGenerator {
			why = strings.Join(p.Broke, "; ")
		}
	}
	return why
}

// limitedBy is what broke most often at a rate that does not hold.
func limitedBy(probes []results.Probe, t *tally) string {
	if t.verdict == results.RateGenerator {
		return results.LimitGenerator
	}
	counts, order := map[string]int{}, []string{}
	for _, p := range probes {
		if p.RatePerS != t.rate || p.Outcome != results.ProbeFailed {
			continue
		}
		for _, broke := range p.Broke {
			if counts[broke] == 0 {
				order = append(order, broke)
			}
			counts[broke]++
		}
	}
	if len(order) == 0 {
		return ""
	}
	return slices.MaxFunc(order, func(a, b string) int { return counts[a] - counts[b] })
}

// stateAt are the medians over the probes at a rate that passed.
func stateAt(found *results.Capacity, rate float64) (results.PerSecond, *results.CapacityAt) {
	var passed []results.Probe
	for _, p := range found.Probes {
		if p.RatePerS == rate && p.Outcome == results.ProbePassed {
			passed = append(passed, p)
		}
	}
	middle := func(of func(results.Probe) float64) float64 { return median(passed, of) }
	per := results.PerSecond{
		Requests: middle(func(p results.Probe) float64 { return p.SentPerS.Requests }),
		Traces:   middle(func(p results.Probe) float64 { return p.SentPerS.Traces }),
		Spans:    middle(func(p results.Probe) float64 { return p.SentPerS.Spans }),
		Bytes:    middle(func(p results.Probe) float64 { return p.SentPerS.Bytes }),
	}
	// In the unit of the search it is the rate that was asked for.
	if found.Unit == results.UnitTraces {
		per.Traces = rate
	} else {
		per.Requests = rate
	}
	return per, &results.CapacityAt{
		CPUCores:            middle(func(p results.Probe) float64 { return p.CPUCores }),
		CPUSPerMillionSpans: middle(func(p results.Probe) float64 { return p.CPUSPerMillionSpans }),
		RSSMaxBytes:         middle(func(p results.Probe) float64 { return float64(p.RSSMaxBytes) }),
		ResponseP50NS:       middle(func(p results.Probe) float64 { return float64(p.ResponseTime.P50) }),
		ResponseP99NS:       middle(func(p results.Probe) float64 { return float64(p.ResponseTime.P99) }),
	}
}

// median is that of a figure of probes; 0 for none.
func median(probes []results.Probe, of func(results.Probe) float64) float64 {
	values := make([]float64, len(probes))
	for i, p := range probes {
		values[i] = of(p)
	}
	m, _, _, _ := stats.Median(values, versus.Confidence)
	if math.IsNaN(m) {
		return 0
	}
	return m
}

// fit puts knee and scalability law into the record.
func fit(found *results.Capacity) {
	found.Knee, found.USL = nil, nil
	probes := slices.DeleteFunc(slices.Clone(found.Probes), func(p results.Probe) bool {
		return p.Outcome == results.ProbeGenerator || p.Outcome == results.ProbeBroken || p.DeliveredPerS <= 0 || p.ServiceTime.Mean <= 0
	})
	slices.SortStableFunc(probes, func(a, b results.Probe) int { return cmp.Compare(a.RatePerS, b.RatePerS) })
	found.Knee = knee(probes)
	if len(probes) < uslLeast {
		return
	}
	var inFlight, throughput []float64
	for _, p := range probes {
		inFlight, throughput = append(inFlight, p.InFlight), append(throughput, p.DeliveredPerS)
	}
	u := stats.FitUSL(inFlight, throughput)
	found.USL = &results.USL{Lambda: u.Lambda, Sigma: u.Sigma, Kappa: u.Kappa, R2: u.R2, PeakPerS: u.PeakX, PeakN: u.PeakN, Good: u.Good, Why: u.Why}
}

// knee is that of the medians at each rate, of probes in order of rate; nil: there is none.
func knee(probes []results.Probe) *results.CapacityKnee {
	var at []results.CapacityKnee
	var throughput, response []float64
	for len(probes) > 0 {
		n := slices.IndexFunc(probes, func(p results.Probe) bool { return p.RatePerS != probes[0].RatePerS })
		if n < 0 {
			n = len(probes)
		}
		k := results.CapacityKnee{
			RatePerS:      median(probes[:n], func(p results.Probe) float64 { return p.DeliveredPerS }),
			RequestsPerS:  median(probes[:n], func(p results.Probe) float64 { return p.SentPerS.Requests }),
			ResponseP50NS: median(probes[:n], func(p results.Probe) float64 { return float64(p.ResponseTime.P50) }),
		}
		at, throughput, response = append(at, k), append(throughput, k.RatePerS), append(response, k.ResponseP50NS)
		probes = probes[n:]
	}
	if i := stats.Knee(throughput, response); i >= 0 {
		return &at[i]
	}
	return nil
}

// uslLeast is how many probes a scalability law is fitted to at least.
const uslLeast = 5
