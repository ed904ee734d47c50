package procedures

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

// comparedRow is one metric of the chart. Its figures are logarithms of ratios, B over A,
// or of a share differences in percentage points.
type comparedRow struct {
	Name, Verdict              string
	Rounds                     []float64 // in their order
	Estimate                   float64
	Low, High                  float64
	Bounded                    bool
	Effect                     float64 // less than that is no difference, to either side
	EstimateText, IntervalText string
}

// comparisonSeries is what the chart of one target beside the first shows.
type comparisonSeries struct {
	A, B   string // labels
	Ratios []comparedRow
	Shares []comparedRow
	Left   []string // metrics of which there is nothing to draw
}

// rowsMost bounds the metrics that are drawn.
const rowsMost = 60

func newComparisonSeries(c *results.Comparison, a, b string) comparisonSeries {
	s := comparisonSeries{A: a, B: b}
	for i := range c.Metrics {
		m := &c.Metrics[i]
		switch {
		case m.Target != b || len(s.Ratios)+len(s.Shares) == rowsMost:
		case m.Unit == "share":
			row := shareRow(m, c.Paired)
			// A share that is the same in every round has a row for nothing.
			if still := func(v float64) bool { return v == 0 }; still(row.Estimate) && still(row.Low) && still(row.High) && !slices.ContainsFunc(row.Rounds, func(v float64) bool { return v != 0 }) {
				s.Left = append(s.Left, m.Name)
				continue
			}
			s.Shares = append(s.Shares, row)
		default:
			row := ratioRow(m, c.Paired)
			if len(row.Rounds) == 0 && math.IsNaN(row.Estimate) {
				s.Left = append(s.Left, m.Name)
				continue
			}
			s.Ratios = append(s.Ratios, row)
		}
	}
	return s
}

// others are the values of A that those of B are set beside: of the same round, or where
// there are no rounds, their median.
func others(m *results.ComparedMetric, paired bool) func(i int) (float64, bool) {
	if !paired {
		return func(int) (float64, bool) { return m.A, true }
	}
	return func(i int) (float64, bool) {
		if i >= len(m.AValues) {
			return 0, false
		}
		return m.AValues[i], true
	}
}

// logRatio is NaN where there is no such thing.
func logRatio(r float64) float64 {
	if r > 1/largest && r < largest {
		return math.Log(r)
	}
	return math.NaN()
}

func ratioRow(m *results.ComparedMetric, paired bool) comparedRow {
	row := comparedRow{Name: m.Name, Verdict: m.Verdict, Estimate: logRatio(m.Ratio), Effect: math.Log1p(min(measurable(m.MinEffect), 1))}
	beside := others(m, paired)
	for i, b := range m.BValues[:min(len(m.BValues), pointsLimit)] {
		if a, ok := beside(i); ok {
			if r := logRatio(b / a); !math.IsNaN(r) {
				row.Rounds = append(row.Rounds, r)
			}
		}
	}
	row.EstimateText = changeText(row.Estimate)
	low, high := logRatio(m.RatioLow), logRatio(m.RatioHigh)
	if m.Bounded && low <= high {
		row.Bounded, row.Low, row.High = true, low, high
		row.IntervalText = strings.TrimSuffix(changeText(low), "%") + " to " + changeText(high)
	}
	return row
}

// changeText writes the logarithm of a ratio as a change in percent.
func changeText(log float64) string {
	p := 100 * math.Expm1(log)
	switch {
	case math.IsNaN(p):
		return "–"
	case math.Abs(p) >= 99.95:
		return fmt.Sprintf("%+.0f%%", p)
	case math.Abs(p) < 0.05:
		return "0.0%"
	}
	return fmt.Sprintf("%+.1f%%", p)
}

func shareRow(m *results.ComparedMetric, paired bool) comparedRow {
	points := func(v float64) float64 {
		if math.Abs(v) <= 1 {
			return 100 * v
		}
		return 0
	}
	row := comparedRow{Name: m.Name, Verdict: m.Verdict, Estimate: points(m.Difference), Effect: points(m.MinEffect)}
	beside := others(m, paired)
	for i, b := range m.BValues[:min(len(m.BValues), pointsLimit)] {
		if a, ok := beside(i); ok {
			row.Rounds = append(row.Rounds, points(b-a))
		}
	}
	row.EstimateText = pointsText(row.Estimate) + "pp"
	if low, high := points(m.DifferenceLow), points(m.DifferenceHigh); m.Bounded && low <= high {
		row.Bounded, row.Low, row.High = true, low, high
		row.IntervalText = pointsText(low) + " to " + pointsText(high) + "pp"
	}
	return row
}

// pointsText writes percentage points: with two places, or four where there would be nothing of them.
func pointsText(v float64) string {
	places := 2
	if v != 0 && math.Abs(v) < 0.1 {
		places = 4
	}
	s := strings.TrimRight(strings.TrimRight(strconv.FormatFloat(v, 'f', places, 64), "0"), ".")
	if s == "-0" || s == "0" {
		return "0"
	}
	if v > 0 {
		return "+" + s
	}
	return s
}

// extent is the least range with 0 in it that rows need: of all their figures, but of
// single rounds no further than limit.
func extent(rows []comparedRow, limit float64) (low, high float64) {
	for _, r := range rows {
		for _, v := range append([]float64{r.Estimate, r.Low, r.High, -r.Effect, r.Effect}, r.Rounds...) {
			if math.Abs(v) <= limit { // nor NaN
				low, high = min(low, v), max(high, v)
			}
		}
	}
	room := max(0.05*(high-low), 1e-6)
	return low - room, high + room
}
