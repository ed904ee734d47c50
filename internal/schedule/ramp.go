package schedule

import "math"

// ramp is a rate that moves linearly; a constant rate is a ramp between equals.
//
//	rate             r(t) = a + s·t            s = (b−a)/D
//	b ┤      ╱       N(t) = a·t + s·t²/2
//	  │   ╱          N⁻¹(k) = 2k / (a + √(a² + 2·s·k))
//	a ┤╱
//	  └──────── t    This form of the quadratic's root does not cancel for
//	  0      D       small s, and for s = 0 it is k/a.
type ramp struct {
	from, to float64 // a, b: requests per second
	over     float64 // D: seconds
}

func (r ramp) slope() float64 {
	if r.over <= 0 {
		return 0
	}
	return (r.to - r.from) / r.over
}

func (r ramp) check() error { return nil }

func (r ramp) count(t float64) float64 {
	// a·t + s·t²/2 as the area of a trapezoid: exact at t = D.
	return t * (r.from + r.rate(t)) / 2
}

func (r ramp) due(k float64) float64 {
	if r.from == 0 && r.to == 0 {
		return math.Inf(1)
	}
	if k == 0 {
		return 0
	}
	under := r.from*r.from + 2*r.slope()*k
	return 2 * k / (r.from + math.Sqrt(math.Max(0, under)))
}

func (r ramp) rate(t float64) float64 {
	if r.over <= 0 {
		return r.from
	}
	f := t / r.over
	return r.from*(1-f) + r.to*f
}

func (r ramp) peak(float64) float64 { return math.Max(r.from, r.to) }
