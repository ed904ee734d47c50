package stats

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/stat/distuv"
)

const (
	// power is the probability with which as many values as are said to be needed decide.
	power = 0.9
	// pilotAlpha is that of the interval by which the spread of a shift is judged: the narrowest
	// that four pairs have. A wider one would need more values, a narrower one varies more.
	pilotAlpha = 1. / 8
)

// Needed is how many pairs would probably decide whether a shift lies beyond ±margin or within it: so
// many that the interval of [Paired] is wholly outside or wholly inside 9 times in 10, or rather 3 in 4
// where few differences were seen or many are far out.
//
// It takes the shift seen so far for the true one, and judges how uncertain that is by the width of
// its interval, which shrinks with the root of the number of pairs. It is never below [LeastPaired],
// and just that where fewer than four differences were seen. 0: more than most, or no number would
// do, the shift being at the margin itself.
func Needed(differences []float64, alpha, margin float64, most int) int {
	d := finite(differences)
	k, tail := signedRankCut(len(d), pilotAlpha)
	seen := shift(walsh(d), k, 1, len(d))
	return outlook{
		estimate: seen.Estimate,
		spread:   unitSpread(seen, tail, float64(len(d))),
		margin:   margin,
		cut:      func(n int) (int, float64) { return signedRankCut(n, alpha) },
		free:     func(n int) int { return n - 1 },
	}.needed(LeastPaired(alpha), most)
}

// NeededUnpaired is [Needed] for [Unpaired]: how many values each heap would have to have.
func NeededUnpaired(a, b []float64, alpha, margin float64, most int) int {
	a, b = finite(a), finite(b)
	k, tail := rankSumCut(len(a), len(b), pilotAlpha)
	seen := shift(pairwise(a, b), k, 1, min(len(a), len(b)))
	// Heaps of unequal size tell as much as two of their harmonic mean.
	size := 2 / (1/float64(len(a)) + 1/float64(len(b)))
	return outlook{
		estimate: seen.Estimate,
		spread:   unitSpread(seen, tail, size),
		margin:   margin,
		cut:      func(n int) (int, float64) { return rankSumCut(n, n, alpha) },
		free:     func(n int) int { return 2*n - 2 },
	}.needed(LeastUnpaired(alpha), most)
}

// unitSpread is the standard deviation of the estimate times √n, read off an interval, after Lehmann:
// half its width over the normal quantile at its tail; NaN without an interval.
func unitSpread(s Shift, tail, n float64) float64 {
	if !s.Bounded {
		return math.NaN()
	}
	return (s.High - s.Low) / 2 / normalQuantile(tail) * math.Sqrt(n)
}

// outlook is what is believed of a shift, to say what n values would show of it.
type outlook struct {
	estimate, spread, margin float64
	cut                      func(n int) (k int, tail float64) // of the interval of n
	free                     func(n int) int                   // degrees of freedom
}

// needed is the smallest n from least to most that decides with the given power.
func (o outlook) needed(least, most int) int {
	switch {
	case least > most || math.IsNaN(o.margin):
		return 0
	case math.IsNaN(o.spread):
		return least
	}
	n := least + sort.Search(most-least+1, func(i int) bool { return o.decides(least+i) >= power })
	if n > most {
		return 0
	}
	return n
}

// decides is the probability that an interval of n values does not touch ±margin. Estimate and
// width are taken for those of a t interval, which is near to that of ranks from about 8 values on.
func (o outlook) decides(n int) float64 {
	_, tail := o.cut(n)
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(max(1, o.free(n)))}
	half, unit := t.Quantile(1-tail), o.spread/math.Sqrt(float64(n))
	clears := func(distance float64) float64 { // … a bound that lies that far from the shift
		if distance <= 0 {
			return 0
		}
		return t.CDF(distance/unit - half)
	}
	far, margin := math.Abs(o.estimate), math.Abs(o.margin)
	if far > margin {
		return clears(far - margin)
	}
	return clears(margin-far) + clears(margin+far) - 1
}
