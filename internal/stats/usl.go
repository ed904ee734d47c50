package stats

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// What a fit of the Universal Scalability Law must have to be Good.
const (
	uslPoints  = 5    // distinct N, at least
	uslSpan    = 3    // the largest N over the smallest, at least
	uslMeet    = 2    // the largest N, at least: below that hardly any meet, and nothing contends
	uslR2      = 0.9  // at least
	uslMisfit  = 0.25 // of the fitted throughput, the largest residual
	uslOutside = 3    // a peak beyond that many times the largest N is not claimed
)

// USL is Gunther's Universal Scalability Law fitted to the throughput X at N clients, or at a load of N:
//
//	X(N) = λ·N / (1 + σ·(N−1) + κ·N·(N−1))
//
// It was made for a system in which what is added contends (σ) and has to agree (κ). Where Good is
// false nothing should be concluded from the other fields, and Why says, in a clause, why.
type USL struct {
	Lambda float64 // throughput at N = 1
	Sigma  float64 // contention, ≥ 0
	Kappa  float64 // coherency, ≥ 0
	R2     float64 // share of the variance of X that the curve explains; may be negative
	// PeakN is the N of the highest throughput, √((1−σ)/κ), and PeakX that throughput; both 0
	// where there is none, or none within 3 times the largest N. NoPeak then says which.
	PeakN, PeakX float64
	NoPeak       string
	Good         bool
	Why          string
}

// FitUSL fits the law to points (n, x) by least squares. The law is linear in its reciprocal,
//
//	N/X = a + b·(N−1) + c·N·(N−1),  λ = 1/a,  σ = b/a,  κ = c/a
//
// and with each equation divided by N/X the squares are those of X/X̂ − 1: relative errors. Bounds
// are met by solving for each choice of which of a, b and c are held at 0: the best of those
// solutions that keep to the bounds is the exact answer, for the problem is convex. Points whose n
// or x is not finite and positive are left out.
func FitUSL(n, x []float64) USL {
	n, x = positivePoints(n, x)
	if len(distinct(n)) < 2 {
		return USL{Why: fmt.Sprintf("there are fewer than %d different loads", uslPoints)}
	}
	fit, ok := fitUSL(n, x)
	if !ok {
		return USL{Why: "throughput at a load of 1 cannot be told from the points"}
	}
	fit.R2 = fit.explained(n, x)
	fit.peak(slices.Max(n))
	fit.Why = fit.fault(n, x)
	fit.Good = fit.Why == ""
	return fit
}

// At is the throughput that the curve gives at n.
func (u USL) At(n float64) float64 {
	return u.Lambda * n / (1 + u.Sigma*(n-1) + u.Kappa*n*(n-1))
}

func positive(v float64) bool { return v > 0 && !math.IsInf(v, 0) }

func positivePoints(n, x []float64) (ns, xs []float64) {
	for i := range min(len(n), len(x)) {
		if positive(n[i]) && positive(x[i]) {
			ns, xs = append(ns, n[i]), append(xs, x[i])
		}
	}
	return ns, xs
}

func distinct(values []float64) []float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// fitUSL is the best fit with a, b, c ≥ 0; there is none where that has a = 0, no λ.
func fitUSL(n, x []float64) (fit USL, ok bool) {
	var best [3]float64
	least := math.Inf(1)
	for _, free := range [][]int{{0}, {1}, {2}, {0, 1}, {0, 2}, {1, 2}, {0, 1, 2}} {
		if abc, squares, solved := solveUSL(n, x, free); solved && slices.Min(abc[:]) >= 0 && squares < least {
			best, least = abc, squares
		}
	}
	fit = USL{Lambda: 1 / best[0], Sigma: best[1] / best[0], Kappa: best[2] / best[0]}
	return fit, positive(fit.Lambda) && !math.IsInf(fit.Sigma, 0) && !math.IsInf(fit.Kappa, 0)
}

// solveUSL is the least-squares solution for those of a, b and c that are free, the others being 0,
// and the sum of its squared relative errors. Columns are scaled to one size: N² may be large.
func solveUSL(n, x []float64, free []int) (abc [3]float64, squares float64, ok bool) {
	if len(n) < len(free) {
		return abc, 0, false
	}
	rows, ones := mat.NewDense(len(n), len(free), nil), mat.NewVecDense(len(n), nil)
	for i := range n {
		ones.SetVec(i, 1)
		for j, term := range free {
			rows.Set(i, j, x[i]/n[i]*[]float64{1, n[i] - 1, n[i] * (n[i] - 1)}[term])
		}
	}
	scale := make([]float64, len(free))
	for j := range free {
		if scale[j] = mat.Norm(rows.ColView(j), 2); !positive(scale[j]) {
			return abc, 0, false
		}
	}
	rows.Apply(func(_, j int, v float64) float64 { return v / scale[j] }, rows)
	var solution, fitted mat.VecDense
	if err := solution.SolveVec(rows, ones); err != nil {
		return abc, 0, false // the columns depend on each other: fewer different loads than unknowns
	}
	for j, term := range free {
		abc[term] = solution.AtVec(j) / scale[j]
	}
	fitted.MulVec(rows, &solution)
	fitted.SubVec(&fitted, ones)
	return abc, mat.Dot(&fitted, &fitted), true
}

// explained is R² on the throughput; 0 where that is the same at all loads.
func (u USL) explained(n, x []float64) float64 {
	mean := 0.0
	for _, v := range x {
		mean += v / float64(len(x))
	}
	residual, total, squares := 0.0, 0.0, 0.0
	for i := range n {
		residual += (x[i] - u.At(n[i])) * (x[i] - u.At(n[i]))
		total += (x[i] - mean) * (x[i] - mean)
		squares += x[i] * x[i]
	}
	if r2 := 1 - residual/total; total > rounding*squares && !math.IsNaN(r2) && !math.IsInf(r2, 0) {
		return r2
	}
	return 0
}

// peak sets where throughput is highest.
func (u *USL) peak(largest float64) {
	at := math.Sqrt((1 - u.Sigma) / u.Kappa) // +Inf without κ, NaN with σ > 1
	switch {
	case u.Kappa == 0:
		u.NoPeak = "throughput does not fall again"
	case math.IsNaN(at):
		u.NoPeak = "throughput falls from the first client on"
	case at > uslOutside*largest:
		u.NoPeak = fmt.Sprintf("it would lie beyond %d times the largest load", uslOutside)
	default:
		u.PeakN, u.PeakX = at, u.At(at)
	}
}

// fault is why the fit is not good; empty: it is.
func (u USL) fault(n, x []float64) string {
	misfit := 0.0
	for i := range n {
		misfit = max(misfit, math.Abs(x[i]/u.At(n[i])-1))
	}
	switch smallest, largest := slices.Min(n), slices.Max(n); {
	case len(distinct(n)) < uslPoints:
		return fmt.Sprintf("there are fewer than %d different loads", uslPoints)
	case largest < uslSpan*smallest:
		return fmt.Sprintf("the largest load is less than %d times the smallest", uslSpan)
	case largest < uslMeet:
		return fmt.Sprintf("the largest load is %.2g, and what does not meet does not contend (needed %d)", largest, uslMeet)
	case u.R2 < uslR2:
		return fmt.Sprintf("the curve explains too little of the throughput (R² %.2f, needed %.2f)", u.R2, uslR2)
	case misfit > uslMisfit:
		return fmt.Sprintf("a point is %.0f%% off the curve (at most %.0f%%)", 100*misfit, 100*uslMisfit)
	}
	return ""
}
