// Package stats has what the comparison and the search for capacity reckon with: by how much
// values are shifted and how sure that is, how many more would decide, what a series of passes
// and failures says, and where a curve bends. It knows numbers only: no metric, no unit, no verdict.
//
// Shifts are judged by ranks. Nothing is assumed about how values are distributed, and a value
// that is far out, from a round that a busy machine spoilt, counts as one value and no more.
// The price is that below a least number of values there is no interval, which
// [LeastPaired] and [LeastUnpaired] give.
//
// Values that are not finite stand for what is missing: they are left out, a pair as a whole, and
// N says how many were counted. No input panics.
package stats

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Shift is by how much the values of B lie above those of A, in the unit of the values.
type Shift struct {
	Estimate  float64 // Hodges and Lehmann's: the median of all pairwise averages or differences; 0 where N is 0
	Low, High float64 // the interval, of confidence 1 − alpha or a little more; −Inf and +Inf where not Bounded
	Bounded   bool    // false: too few values for an interval of that confidence
	P         float64 // two-sided, of no shift; not corrected for anything
	N         int     // the pairs counted, or the values of the smaller heap
}

// shift reads a Shift off all pairwise values, which it sorts: the k-th from below and the k-th
// from above bound the interval. A k of 0 says that there is none.
func shift(pairwise []float64, k int, p float64, n int) Shift {
	s := Shift{Low: math.Inf(-1), High: math.Inf(1), P: p, N: n}
	if len(pairwise) == 0 {
		return s
	}
	slices.Sort(pairwise)
	s.Estimate = middle(pairwise[(len(pairwise)-1)/2], pairwise[len(pairwise)/2])
	if k > 0 {
		s.Low, s.High, s.Bounded = pairwise[k-1], pairwise[len(pairwise)-k], true
	}
	return s
}

// middle is (x + y)/2, without overflow.
func middle(x, y float64) float64 { return x + (y/2 - x/2) }

// The quantile at a tail of the standard normal distribution, and the tail beyond a quantile.
func normalQuantile(tail float64) float64 { return -distuv.UnitNormal.Quantile(tail) }
func normalTail(z float64) float64        { return distuv.UnitNormal.Survival(z) }

// rounding is what sums of probabilities may be off by, as a share of them.
const rounding = 1e-12

// tailMost is what may lie below an interval of confidence 1 − alpha.
func tailMost(alpha float64) float64 { return min(alpha, 1) / 2 * (1 + rounding) }

// normalCut is the largest k with P(X < k) ≤ alpha/2, and that probability, for a whole number X
// whose distribution is about normal; 0: there is none.
func normalCut(mean, sd, alpha float64) (k int, tail float64) {
	k = int(math.Floor(mean + 0.5 - normalQuantile(tailMost(alpha))*sd))
	if k <= 0 {
		return 0, 0
	}
	return k, normalTail((mean + 0.5 - float64(k)) / sd)
}

// possible says whether intervals of confidence 1 − alpha exist at all.
func possible(alpha float64) bool { return alpha > 0 }

// least is the smallest n at which p(n), which falls with n, is at most alpha.
func least(alpha float64, p func(n int) float64) int {
	if !possible(alpha) {
		return math.MaxInt
	}
	n := 1
	for p(n) > alpha*(1+rounding) {
		n++
	}
	return n
}

func finite(values []float64) []float64 {
	kept := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			kept = append(kept, v)
		}
	}
	return kept
}
