package values

import "math"

// DistKind is the form of a distribution.
type DistKind uint8

// The forms. Parameters are in nanoseconds for durations.
const (
	Constant   DistKind = iota // A
	Normal                     // mean A, standard deviation B, cut at 0: `a ± b`
	LogNormal                  // median A, 99th percentile B, cut at Max when Max > 0: `{p50, p99, max}`
	UniformInt                 // whole numbers A..B, both included: `a..b`
	Piecewise                  // through the given Quantiles: `{p50, p90, …, max}`
)

// Dist is a distribution of counts, durations (ns) or plain numbers. To cut
// means to clamp: what would lie beyond the cut lies on it.
type Dist struct {
	Kind      DistKind
	A, B, Max float64
	// Knots are the quantiles of a piecewise distribution, as knots() counts them;
	// 0 for those that are not given. Max repeats the last of them.
	Knots [knotCount]float64
	// Time says that the numbers are nanoseconds and are written with a unit.
	Time bool
}

// z99 is the 99th percentile of the standard normal distribution, as the
// language defines it: σ = ln(p99/p50)/2.326.
const z99 = 2.326

func (d Dist) sigma() float64 { return math.Log(d.B/d.A) / z99 }

// Quantile returns the value below which the share u of the distribution lies,
// 0 < u < 1. Drawing is Quantile of a uniform number, so a draw is a pure function.
//
//	normal      max(0, A + B·z(u))
//	log-normal  min(Max, A·exp(σ·z(u)))
//	uniform     A + ⌊u·(B−A+1)⌋
//	piecewise   a·(b/a)^((u−s)/(t−s)) between the given quantiles a at s and b at t
//
// with z(u) the quantile of the standard normal distribution. Outside of
// (0, 1), u is moved to the nearest number inside.
func (d Dist) Quantile(u float64) float64 {
	u = min(max(u, 1e-12), 1-1e-12)
	switch d.Kind {
	case Normal:
		return max(0, d.A+d.B*z(u))
	case LogNormal:
		return d.cut(d.A * math.Exp(d.sigma()*z(u)))
	case UniformInt:
		return min(d.B, d.A+math.Floor(u*(d.B-d.A+1)))
	case Piecewise:
		return d.between(u)
	default:
		return d.A
	}
}

func (d Dist) cut(x float64) float64 {
	if d.Max > 0 {
		return min(x, d.Max)
	}
	return x
}

// Mean returns the mean of the distribution, cuts included:
//
//	normal      A·Φ(A/B) + B·φ(A/B)
//	log-normal  A·e^(σ²/2)·Φ(m−σ) + Max·(1−Φ(m)),  m = ln(Max/A)/σ
//	uniform     (A+B)/2
//	piecewise   Σ (t−s)·(b−a)/ln(b/a) over its pieces
//
// with Φ and φ the distribution function and the density of the standard
// normal distribution; without a cut, the log-normal mean is A·e^(σ²/2).
func (d Dist) Mean() float64 {
	switch d.Kind {
	case Normal:
		if d.B == 0 {
			return max(0, d.A)
		}
		return d.A*phi(d.A/d.B) + d.B*math.Exp(-d.A*d.A/(2*d.B*d.B))/math.Sqrt(2*math.Pi)
	case LogNormal:
		s := d.sigma()
		if s == 0 {
			return d.cut(d.A)
		}
		whole := d.A * math.Exp(s*s/2)
		if d.Max <= 0 {
			return whole
		}
		m := math.Log(d.Max/d.A) / s
		return whole*phi(m-s) + d.Max*(1-phi(m))
	case UniformInt:
		return (d.A + d.B) / 2
	case Piecewise:
		return d.meanOfPieces()
	default:
		return d.A
	}
}

// Most returns the largest value the distribution can take in practice: the
// cut, the end of the range, or the quantile at 1−10⁻⁹.
func (d Dist) Most() float64 {
	switch d.Kind {
	case UniformInt:
		return d.B
	case Piecewise:
		return d.between(1)
	}
	return d.Quantile(1 - 1e-9)
}

// z is the quantile of the standard normal distribution.
func z(u float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*u) }

// phi is its distribution function.
func phi(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
