// Package versus says from records which target did better, in what, by how much and how
// sure that is, and what the targets did differently with the same stream.
//
//	records by target and round ─metrics→ values per round ─ranks→ shift, interval, p → verdict
//	                            └behaviour→ what differs beyond figures
//
// The round is the unit: requests within a run are not independent of one another. The method
// is explained in docs/method.md.
package versus

import (
	"cmp"
	"math"
	"slices"

	"github.com/spanstorm/spanstorm/internal/stats"
	"github.com/spanstorm/spanstorm/results"
)

// Run is one run of a target.
type Run struct {
	Round  int    // from 1; runs of one round are compared with each other
	Path   string // of its record, as reports name it
	Record *results.Record
	// CapacityPerS is what a search in the same round found, in CapacityUnit; 0: there was none.
	CapacityPerS float64
	CapacityUnit string // requests/s, for example
	// CapacityLow and CapacityHigh are the interval of the search.
	CapacityLow, CapacityHigh float64
	// CapacityWhy says why a search that was made is of no use.
	CapacityWhy string
}

// Side is one target with its runs.
type Side struct {
	Target results.ComparedTarget
	Runs   []Run
}

// Options say how sure a verdict has to be.
type Options struct {
	// Confidence is that of all intervals together.
	Confidence float64
	// Spend is how much of the error may be spent on this look at the figures. 0: all of it.
	Spend float64
	// Ahead is how much of it a later look may spend, at which more rounds would be judged: how many
	// would do is said for that. 0: as much as this one.
	Ahead float64
	// Metrics are the names of those that are judged; none: all of them.
	Metrics []string
	// MinEffect is the least difference that is called one, as a share; a tenth of it for
	// metrics that are shares themselves.
	MinEffect float64
	// Paired says that the runs of a round were made together.
	Paired bool
}

// The usual options.
const (
	Confidence = 0.95
	MinEffect  = 0.01
	// shareEffect is what a difference of shares may be less than one of ratios.
	shareEffect = 0.1
)

// Judge sets each side beside the first. Runs that do not count are left out by the caller,
// but for behaviour: see [Behaviour].
func Judge(sides []Side, o Options) *results.Comparison {
	spend := cmp.Or(o.Spend, 1-o.Confidence)
	c := &results.Comparison{Paired: o.Paired, Confidence: o.Confidence, MinEffect: o.MinEffect, MinEffectShare: o.MinEffect * shareEffect}
	for _, s := range sides {
		c.Targets = append(c.Targets, s.Target)
		c.Curves = append(c.Curves, curve(s))
	}
	var tables []pairTable
	for _, b := range sides[1:] {
		for _, m := range chosen(o.Metrics) {
			if t := newPairTable(m, sides[0], b, o.Paired); t.n() > 0 {
				tables = append(tables, t)
			}
		}
	}
	each := 1 / float64(max(1, len(tables)))
	c.Alpha = spend * each
	o.Ahead = cmp.Or(o.Ahead, spend) * each
	c.Rounds = rounds(sides)
	c.Decided = len(tables) > 0
	for _, t := range tables {
		m := t.judge(c.Alpha, o)
		c.Metrics = append(c.Metrics, m)
		c.Decided = c.Decided && m.Verdict != results.VerdictUndecided
	}
	return c
}

// rounds is how many runs the side with the fewest has.
func rounds(sides []Side) int {
	least := len(sides[0].Runs)
	for _, s := range sides {
		least = min(least, len(s.Runs))
	}
	return least
}

// pairTable are the values of one metric for A and one B: pair by pair, or two heaps.
type pairTable struct {
	metric metric
	unit   string
	target string
	paired bool
	a, b   []float64
	// low and high are what B may lie above A by at least and at most, where each value is an interval
	// itself, as the answer to a search is.
	low, high *pairTable
}

func (t pairTable) n() int { return min(len(t.a), len(t.b)) }

// newPairTable reads the metric off all runs that have it; of pairs, both have to.
func newPairTable(m metric, a, b Side, paired bool) pairTable {
	t := pairTable{metric: m, unit: m.unit, target: b.Target.Label, paired: paired}
	t.fill(a, b, m.read, m.read)
	if m.name != MetricCapacity || t.n() == 0 {
		return t
	}
	units := slices.Concat(unitsOf(a), unitsOf(b))
	if t.unit = units[0]; len(slices.Compact(units)) > 1 {
		return pairTable{} // requests beside traces
	}
	lowest := func(r Run) (float64, bool) { return r.CapacityLow, r.CapacityPerS > 0 }
	highest := func(r Run) (float64, bool) { return r.CapacityHigh, r.CapacityPerS > 0 }
	t.low, t.high = &pairTable{metric: m, paired: paired}, &pairTable{metric: m, paired: paired}
	t.low.fill(a, b, highest, lowest)
	t.high.fill(a, b, lowest, highest)
	return t
}

// fill reads figures off all runs that have them; of pairs, both have to.
func (t *pairTable) fill(a, b Side, ofA, ofB func(Run) (float64, bool)) {
	if !t.paired {
		t.a, t.b = values(a.Runs, ofA), values(b.Runs, ofB)
		return
	}
	for _, ra := range a.Runs {
		i := slices.IndexFunc(b.Runs, func(rb Run) bool { return rb.Round == ra.Round })
		if i < 0 {
			continue
		}
		va, okA := ofA(ra)
		vb, okB := ofB(b.Runs[i])
		if okA && okB {
			t.a, t.b = append(t.a, va), append(t.b, vb)
		}
	}
}

// unitsOf are those in which capacities were searched.
func unitsOf(s Side) (units []string) {
	for _, r := range s.Runs {
		if r.CapacityPerS > 0 {
			units = append(units, r.CapacityUnit)
		}
	}
	return units
}

// judge compares the two. On the scale of the metric a shift of 0 is no difference: logarithms
// for ratios, the values themselves for shares.
func (t pairTable) judge(alpha float64, o Options) results.ComparedMetric {
	m := results.ComparedMetric{
		Name: t.metric.name, Unit: t.unit, Target: t.target, Better: t.metric.better,
		N: t.n(), AValues: t.a, BValues: t.b, MinEffect: o.MinEffect,
	}
	m.A, m.ASpread = middle(t.a)
	m.B, m.BSpread = middle(t.b)
	margin := math.Log(1 + o.MinEffect)
	if t.metric.share {
		m.MinEffect *= shareEffect
		margin = m.MinEffect
	}
	shift, needed := t.shift(alpha, o.Ahead, margin)
	if t.low != nil {
		var decidable bool
		if shift, decidable = t.widened(shift, alpha, margin); !decidable {
			needed = 0
		}
	}
	m.Bounded, m.P = shift.Bounded, shift.P
	if t.metric.share {
		m.Difference = shift.Estimate
	} else {
		m.Ratio = math.Exp(shift.Estimate)
	}
	m.Verdict = results.VerdictUndecided
	if shift.Bounded {
		if t.metric.share {
			m.DifferenceLow, m.DifferenceHigh = shift.Low, shift.High
		} else {
			m.RatioLow, m.RatioHigh = math.Exp(shift.Low), math.Exp(shift.High)
		}
		switch {
		case shift.Low >= -margin && shift.High <= margin:
			m.Verdict = results.VerdictSame
		case shift.Low > margin:
			m.Verdict = verdictOf(t.metric.better == higher)
		case shift.High < -margin:
			m.Verdict = verdictOf(t.metric.better == lower)
		}
	}
	if m.Verdict == results.VerdictUndecided && needed > 0 {
		m.RoundsNeeded = max(needed, m.N+1) // those that were made did not do
	}
	return m
}

func verdictOf(better bool) string {
	if better {
		return results.VerdictBetter
	}
	return results.VerdictWorse
}

// shift is how far B lies above A, and how many rounds would decide it with an interval of ahead.
func (t pairTable) shift(alpha, ahead, margin float64) (stats.Shift, int) {
	scaled := func(values []float64) []float64 {
		if t.metric.share {
			return values
		}
		out := make([]float64, len(values))
		for i, v := range values {
			out[i] = math.Log(v)
		}
		return out
	}
	a, b := scaled(t.a), scaled(t.b)
	if !t.paired {
		return stats.Unpaired(a, b, alpha), stats.NeededUnpaired(a, b, ahead, margin, results.RoundsMost)
	}
	differences := make([]float64, len(a))
	for i := range a {
		differences[i] = b[i] - a[i]
	}
	return stats.Paired(differences, alpha), stats.Needed(differences, ahead, margin, results.RoundsMost)
}

// widened is the shift of answers to searches, by their own intervals: from the least that they allow
// to the most. Two searches alone are as sure as these are. Where the searches themselves are too
// wide, no number of them decides.
func (t pairTable) widened(s stats.Shift, alpha, margin float64) (wide stats.Shift, decidable bool) {
	if len(t.a) == 1 && len(t.b) == 1 {
		s.Low, s.High, s.Bounded = math.Log(t.low.b[0]/t.low.a[0]), math.Log(t.high.b[0]/t.high.a[0]), true
		return s, true
	}
	low, _ := t.low.shift(alpha, alpha, margin)
	high, _ := t.high.shift(alpha, alpha, margin)
	s.Low, s.High, s.Bounded = low.Low, high.High, low.Bounded && high.Bounded
	same := low.Estimate >= -margin && high.Estimate <= margin
	return s, same || low.Estimate > margin || high.Estimate < -margin
}

// middle is the median and half the width of its own 95% interval, as a share of it.
func middle(values []float64) (median, spread float64) {
	median, low, high, bounded := stats.Median(values, 0.95)
	if bounded && median != 0 {
		spread = max(high-median, median-low) / median
	}
	return median, spread
}

// curve is the curve of percentiles of a side, with the band of its middle half.
func curve(s Side) results.ComparedCurve {
	c := results.ComparedCurve{Label: s.Target.Label, Points: []results.ComparedCurvePart{}}
	byPercentile := map[float64][]float64{}
	for _, r := range s.Runs {
		for _, p := range r.Record.Totals.Percentiles {
			v, count := p.ResponseTimeNS, r.Record.Totals.ResponseTime.Count
			if r.Record.ClosedLoop() {
				v, count = p.ServiceTimeNS, r.Record.Totals.ServiceTime.Count
			}
			if beyond := (1 - p.Percentile/100) * float64(count); v > 0 && beyond > 0.99 {
				byPercentile[p.Percentile] = append(byPercentile[p.Percentile], float64(v))
			}
		}
	}
	for at, values := range byPercentile {
		if len(values) < len(s.Runs) {
			continue // some runs are too short to have it
		}
		slices.Sort(values)
		c.Points = append(c.Points, results.ComparedCurvePart{Percentile: at, Low: quantile(values, 0.25), Middle: quantile(values, 0.5), High: quantile(values, 0.75)})
	}
	slices.SortFunc(c.Points, func(a, b results.ComparedCurvePart) int { return cmp.Compare(a.Percentile, b.Percentile) })
	return c
}

// quantile of sorted values, between neighbours in proportion.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
