package stats

import (
	"cmp"
	"math"
	"slices"
)

// signedRankExact is the largest number of pairs for which the distribution of the signed-rank
// sum is computed; past it, it is normal for all purposes.
const signedRankExact = 100

// Paired is the shift of paired values, given their differences b − a: Wilcoxon's signed-rank
// test, and the interval of the averages of all two differences (Walsh's) that is its inversion:
// where differences are not tied, the interval leaves 0 out if and only if P ≤ alpha.
//
// All it assumes is that without a shift a difference is as likely d as −d, which a random order
// within each round brings about. Tied differences share their ranks. A difference of zero has a
// rank and no sign. P is exact given those ranks: the sum of the positive ones among all 2ⁿ
// choices of signs; past 100 pairs it is the normal approximation with correction for continuity.
// With ties the interval is that of untied differences, which covers at least as often.
//
// Time and memory grow with the square of the number of differences.
func Paired(differences []float64, alpha float64) Shift {
	d := finite(differences)
	k, _ := signedRankCut(len(d), alpha)
	ranks, positive := doubledRanks(d)
	return shift(walsh(d), k, signedRankP(ranks, positive, len(d) <= signedRankExact), len(d))
}

// LeastPaired is the least number of pairs for which [Paired] has an interval of confidence
// 1 − alpha: n such that all n differences of one sign, 2·2⁻ⁿ, is as rare as alpha.
func LeastPaired(alpha float64) int {
	return least(alpha, func(n int) float64 { return math.Ldexp(2, -n) })
}

// walsh returns (dᵢ + dⱼ)/2 of all i ≤ j.
func walsh(d []float64) []float64 {
	all := make([]float64, 0, len(d)*(len(d)+1)/2)
	for i := range d {
		for j := i; j < len(d); j++ {
			all = append(all, middle(d[i], d[j]))
		}
	}
	return all
}

// signedRankCut is the largest k with P(T < k) ≤ alpha/2, T being the sum of the ranks of those
// of n untied differences that are positive, and that probability; 0: there is none.
func signedRankCut(n int, alpha float64) (k int, tail float64) {
	if n == 0 || !possible(alpha) {
		return 0, 0
	}
	if n > signedRankExact {
		f := float64(n)
		return normalCut(f*(f+1)/4, math.Sqrt(f*(f+1)*(2*f+1)/24), alpha)
	}
	ranks := make([]int, n)
	for i := range ranks {
		ranks[i] = i + 1
	}
	for _, p := range signFlips(ranks) {
		if tail+p > tailMost(alpha) {
			break
		}
		tail += p
		k++
	}
	return k, tail
}

// signedRankP is the two-sided p of the signed-rank test, given [doubledRanks].
func signedRankP(ranks []int, positive int, exact bool) float64 {
	total, squares := 0, 0.0
	for _, r := range ranks {
		total += r
		squares += float64(r) * float64(r)
	}
	smaller := min(positive, total-positive)
	if total == 0 || 2*smaller == total {
		return 1
	}
	if !exact {
		// A step of the sum of doubled ranks is 2, so that half of one is 1.
		distance := float64(total)/2 - float64(smaller) - 1
		return min(1, 2*normalTail(distance/(math.Sqrt(squares)/2)))
	}
	p := 0.0
	for _, at := range signFlips(ranks)[:smaller+1] {
		p += at
	}
	return min(1, 2*p)
}

// doubledRanks returns twice the rank of each difference that is not zero, among the sizes of
// all (twice, so that the middle of tied ranks is whole), and the sum of the positive ones.
func doubledRanks(d []float64) (ranks []int, positive int) {
	d = slices.Clone(d)
	slices.SortFunc(d, func(x, y float64) int { return cmp.Compare(math.Abs(x), math.Abs(y)) })
	for from := 0; from < len(d); {
		to := from + 1
		for to < len(d) && math.Abs(d[to]) == math.Abs(d[from]) {
			to++
		}
		doubled := from + 1 + to // ranks from+1 … to
		for _, v := range d[from:to] {
			if v == 0 {
				continue
			}
			ranks = append(ranks, doubled)
			if v > 0 {
				positive += doubled
			}
		}
		from = to
	}
	return ranks, positive
}

// signFlips is the distribution of the sum of those ranks whose sign comes out positive, each
// with probability ½ for itself: [sum] is its probability.
//
//	P₀(0) = 1,  Pᵢ(s) = ½·Pᵢ₋₁(s) + ½·Pᵢ₋₁(s − rankᵢ)
func signFlips(ranks []int) []float64 {
	total := 0
	for _, r := range ranks {
		total += r
	}
	p := make([]float64, total+1)
	p[0] = 1
	reached := 0
	for _, r := range ranks {
		reached += r
		for s := reached; s >= 0; s-- {
			p[s] /= 2
			if s >= r {
				p[s] += p[s-r] / 2
			}
		}
	}
	return p
}
