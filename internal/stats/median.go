package stats

import (
	"math"

	mm "github.com/aclements/go-moremath/stats"
)

// Median is the middle of the values with an interval of at least that confidence (0..1), two of
// the values themselves: how many of them lie below the true median is binomial, whatever their
// distribution. It is the interval that benchstat prints. With too few values it is not bounded,
// and −Inf or +Inf on a side; the middle of no values is 0.
func Median(values []float64, confidence float64) (middle, low, high float64, bounded bool) {
	values = finite(values)
	if len(values) == 0 || math.IsNaN(confidence) {
		return 0, math.Inf(-1), math.Inf(1), false
	}
	interval := mm.QuantileCI(len(values), 0.5, min(max(confidence, 0), 1))
	middle, low, high = interval.SampleCI(mm.Sample{Xs: values})
	return middle, low, high, !math.IsInf(low, 0) && !math.IsInf(high, 0)
}
