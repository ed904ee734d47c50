package procedures

import (
	"cmp"
	"math"
	"slices"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// probePoint is one probe in one panel, with the outcome of the probe where the panel tells it.
type probePoint struct {
	X, Y    float64
	Outcome string
}

// probeSeries are the probes in one panel, and the line through the medians of each rate.
type probeSeries struct {
	Points  []probePoint
	Medians paper.Line
}

// limitLine is what an expectation allows at most.
type limitLine struct {
	Text string
	Y    float64
}

// capacitySeries is what the chart of a capacity search shows, over the offered rate, in the
// unit of the search. Times are in nanoseconds.
type capacitySeries struct {
	Counts              string      // the unit, per second
	Delivered, Accepted probeSeries // both in the unit
	AcceptedName        string
	P50, P99            probeSeries
	CPU, Memory         probeSeries
	Answer, Low, High   float64 // 0: none
	Limits              []limitLine
	To                  float64 // where the axis ends at least
	Outcomes            []string

	Stacks []probeStack

	InFlight probeSeries // what was delivered over requests in the target
	Law      paper.Line  // what the scalability law says to that; only where it is good
}

// probeStack is what came of each probe at one rate, in order, and what was decided.
type probeStack struct {
	RatePerS float64
	Outcomes []string
	Verdict  string
}

// stacksMost bounds the rates whose probes are drawn one by one.
const stacksMost = 16

// newStacks are those of the rates that were probed, by rate; of many, those nearest to the answer.
func newStacks(c *results.Capacity) []probeStack {
	of := map[float64][]string{}
	for i := range c.Probes[:min(len(c.Probes), pointsLimit)] {
		p := &c.Probes[i]
		of[p.RatePerS] = append(of[p.RatePerS], p.Outcome)
	}
	var stacks []probeStack
	for _, r := range c.Rates {
		s := probeStack{RatePerS: r.RatePerS, Verdict: r.Verdict, Outcomes: of[r.RatePerS]}
		if measurable(r.RatePerS) > 0 && len(s.Outcomes) > 0 {
			stacks = append(stacks, s)
		}
	}
	near := max(c.Answer(), c.High)
	slices.SortStableFunc(stacks, func(a, b probeStack) int { return cmp.Compare(math.Abs(a.RatePerS-near), math.Abs(b.RatePerS-near)) })
	stacks = stacks[:min(len(stacks), stacksMost)]
	slices.SortStableFunc(stacks, func(a, b probeStack) int { return cmp.Compare(a.RatePerS, b.RatePerS) })
	return stacks
}

// pointsLimit bounds the probes that are drawn; nobody can tell more apart.
const pointsLimit = 2000

func newCapacitySeries(c *results.Capacity) capacitySeries {
	s := capacitySeries{Counts: c.Counts(), AcceptedName: "accepted", Answer: measurable(c.Answer()), Low: measurable(c.Low), High: measurable(c.High)}
	if c.Unit != results.UnitTraces {
		s.AcceptedName = "accepted, in requests' worth of traces"
	}
	if !c.Answered {
		s.Answer, s.Low = 0, 0
	}
	s.To = max(s.Answer, s.High)
	for i := range c.Probes[:min(len(c.Probes), pointsLimit)] {
		p := &c.Probes[i]
		x := measurable(p.RatePerS)
		if x == 0 {
			continue
		}
		if !slices.Contains(s.Outcomes, p.Outcome) {
			s.Outcomes = append(s.Outcomes, p.Outcome)
		}
		if p.Outcome == results.ProbeBroken {
			continue
		}
		s.To = max(s.To, x)
		s.Delivered.add(x, p.DeliveredPerS, p.Outcome)
		switch { // the outcome is told by what was delivered
		case c.Unit == results.UnitTraces:
			s.Accepted.add(x, p.AcceptedPerS, "")
		case p.SentPerS.Requests > 0 && p.SentPerS.Traces > 0:
			s.Accepted.add(x, p.AcceptedPerS*p.SentPerS.Requests/p.SentPerS.Traces, "")
		}
		s.P50.add(x, float64(p.ResponseTime.P50), p.Outcome)
		s.P99.add(x, float64(p.ResponseTime.P99), p.Outcome)
		s.CPU.add(x, p.CPUCores, p.Outcome)
		s.Memory.add(x, float64(p.RSSMaxBytes), p.Outcome)
		s.InFlight.add(p.InFlight, p.DeliveredPerS, p.Outcome)
	}
	for _, series := range []*probeSeries{&s.Delivered, &s.Accepted, &s.P50, &s.P99, &s.CPU, &s.Memory} {
		series.join()
	}
	for _, text := range c.Expect {
		e, err := results.ParseExpectation(text)
		if err == nil && e.Metric == "response_time" && (e.Quantile == "p50" || e.Quantile == "p99") && (e.Op == results.Less || e.Op == results.LessOrEqual) && measurable(e.Value) > 0 {
			s.Limits = append(s.Limits, limitLine{e.Text, e.Value})
		}
	}
	s.fitted(c.USL)
	s.Stacks = newStacks(c)
	return s
}

// The smallest and the largest figure that are drawn: beyond them, axes are no use.
const (
	smallest = 1e-9
	largest  = 1e15
)

// measurable is a figure that can be drawn; 0: it cannot.
func measurable(v float64) float64 {
	if v >= smallest && v <= largest {
		return v
	}
	return 0
}

// add puts a probe into a panel, if its figure was measured.
func (s *probeSeries) add(x, y float64, outcome string) {
	if measurable(x) > 0 && measurable(y) > 0 {
		s.Points = append(s.Points, probePoint{x, y, outcome})
	}
}

// join draws a line through the medians of the probes at each rate.
func (s *probeSeries) join() {
	at := map[float64][]float64{}
	for _, p := range s.Points {
		at[p.X] = append(at[p.X], p.Y)
	}
	rates := make([]float64, 0, len(at))
	for x := range at {
		rates = append(rates, x)
	}
	slices.Sort(rates)
	for _, x := range rates {
		values := at[x]
		slices.Sort(values)
		middle := values[len(values)/2]
		if n := len(values); n%2 == 0 {
			middle = (values[n/2-1] + values[n/2]) / 2
		}
		paper.Add(&s.Medians, false, x, middle)
	}
}

func (s *probeSeries) values() []float64 {
	var out []float64
	for _, p := range s.Points {
		out = append(out, p.Y)
	}
	return out
}

// fitted is the curve of the scalability law over what the probes had in the target.
func (s *capacitySeries) fitted(u *results.USL) {
	if u == nil || !u.Good || len(s.InFlight.Points) < 3 {
		return
	}
	last := slices.MaxFunc(s.InFlight.Points, func(a, b probePoint) int { return cmp.Compare(a.X, b.X) }).X
	const steps = 120
	for i := range steps + 1 {
		n := last * float64(i) / steps
		// X(N) = λN / (1 + σ(N−1) + κN(N−1))
		if x := u.Lambda * n / (1 + u.Sigma*(n-1) + u.Kappa*n*(n-1)); x >= 0 && x <= largest && !math.IsNaN(x) {
			paper.Add(&s.Law, false, n, x)
		}
	}
}
