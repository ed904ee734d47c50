package stats

import (
	"math"
	"slices"

	"github.com/aclements/go-moremath/mathx"
	mm "github.com/aclements/go-moremath/stats"
)

// Unpaired is the shift between two heaps of values: Mann and Whitney's test, and the interval of
// all differences b − a that is its inversion: where no values are tied, the interval leaves 0 out
// if and only if P ≤ alpha.
//
// It assumes that the values are independent and that without a shift both heaps come from one
// distribution, of whatever form. P is exact given the ties, up to 50 values in each heap, 25
// where values are tied; past that it is the normal approximation with corrections for ties and
// continuity. With ties the interval is that of untied values, which covers at least as often.
//
// Time and memory grow with the product of the numbers of values.
func Unpaired(a, b []float64, alpha float64) Shift {
	a, b = finite(a), finite(b)
	k, _ := rankSumCut(len(a), len(b), alpha)
	return shift(pairwise(a, b), k, rankSumP(a, b), min(len(a), len(b)))
}

// LeastUnpaired is the least number of values in each heap for which [Unpaired] has an interval
// of confidence 1 − alpha: n such that heaps that do not overlap, 2 of (2n over n) orders, are as
// rare as alpha.
func LeastUnpaired(alpha float64) int {
	return least(alpha, func(n int) float64 { return 2 / mathx.Choose(2*n, n) })
}

// pairwise returns y − x of all x of a and y of b.
func pairwise(a, b []float64) []float64 {
	all := make([]float64, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			all = append(all, y-x)
		}
	}
	return all
}

// rankSumCut is the largest k with P(U < k) ≤ alpha/2, U being the number of pairs in which the
// value of B is the larger, without ties, and that probability; 0: there is none.
func rankSumCut(na, nb int, alpha float64) (k int, tail float64) {
	if na == 0 || nb == 0 || !possible(alpha) {
		return 0, 0
	}
	product := float64(na) * float64(nb)
	k, tail = normalCut(product/2, math.Sqrt(product*float64(na+nb+1)/12), alpha)
	if max(na, nb) > mm.MannWhitneyExactLimit {
		return k, tail
	}
	// The approximation is near enough to begin with.
	below := func(k int) float64 { return mm.UDist{N1: na, N2: nb}.CDF(float64(k - 1)) }
	for tail = below(k); tail > tailMost(alpha); tail = below(k) {
		k--
	}
	for next := below(k + 1); next <= tailMost(alpha); next = below(k + 1) {
		k, tail = k+1, next
	}
	return k, tail
}

// rankSumP is the two-sided p of the rank-sum test.
func rankSumP(a, b []float64) float64 {
	ties, tied := tiesOf(a, b)
	if len(a) == 0 || len(b) == 0 || len(ties) == 1 {
		return 1
	}
	exact := mm.MannWhitneyExactLimit
	if tied {
		exact = mm.MannWhitneyTiesExactLimit
	}
	result, err := mm.MannWhitneyUTest(a, b, mm.LocationDiffers)
	if err != nil {
		return 1 // all values are equal
	}
	if !tied || max(len(a), len(b)) > exact {
		return min(1, result.P)
	}
	// With ties U need not be distributed evenly about its middle, so that either tail has to be
	// looked at; the upper one is the lower one of the values turned about.
	lower := mm.UDist{N1: len(a), N2: len(b), T: ties}.CDF(result.U)
	slices.Reverse(ties)
	upper := mm.UDist{N1: len(a), N2: len(b), T: ties}.CDF(float64(len(a)*len(b)) - result.U)
	return min(1, 2*min(lower, upper))
}

// tiesOf returns how many values of both heaps are equal, from the smallest value upwards, and
// whether any are.
func tiesOf(a, b []float64) (counts []int, tied bool) {
	all := slices.Concat(a, b)
	slices.Sort(all)
	for i, v := range all {
		if i > 0 && v == all[i-1] {
			counts[len(counts)-1]++
			tied = true
		} else {
			counts = append(counts, 1)
		}
	}
	return counts, tied
}
