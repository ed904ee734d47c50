package schedule

import (
	"errors"
	"math"
)

// sine is a rate that swings around its mean.
//
//	r(t) = m + A·sin(2πt/P)
//	N(t) = m·t + (A·P/2π)·(1 − cos(2πt/P))
//
// A period holds m·P requests, so N⁻¹(k) = i·P + τ with i = ⌊k/(m·P)⌋ and τ the
// root of N(τ) = k − i·m·P in [0, P]. N does not decrease (A ≤ m), so the root
// is bracketed; it has no closed form. Newton's step is taken where it stays in
// the bracket, else the bracket is halved: at most sineSteps rounds, of which
// about five are used.
type sine struct {
	mean, amplitude float64
	period          float64
}

// sineSteps rounds of halving bring a bracket of one period below a
// nanosecond for any period up to ten thousand years.
const sineSteps = 70

func (s sine) check() error {
	switch {
	case s.period <= 0:
		return errors.New("its sine has no period; give `period` a duration above zero")
	case s.amplitude > s.mean:
		return errors.New("its sine would go below zero; give an `amplitude` up to `mean`")
	}
	return nil
}

func (s sine) within(t float64) float64 {
	h := math.Sin(math.Pi * t / s.period)
	// 1 − cos 2x = 2·sin² x, which does not cancel for small x.
	return s.mean*t + s.amplitude*s.period/math.Pi*h*h
}

func (s sine) count(t float64) float64 {
	i, rest := split(t, s.period)
	return i*s.mean*s.period + s.within(rest)
}

func (s sine) due(k float64) float64 {
	if s.mean == 0 {
		return math.Inf(1)
	}
	i, want := split(k, s.mean*s.period)
	lo, hi := 0.0, s.period
	t := want / s.mean
	for range sineSteps {
		miss := s.within(t) - want
		if miss == 0 {
			break
		}
		if miss < 0 {
			lo = t
		} else {
			hi = t
		}
		next := t - miss/s.rate(t)
		if !(next > lo && next < hi) { // also NaN and ±Inf, where the rate is 0
			next = lo + (hi-lo)/2
		}
		if math.Abs(next-t) < 1e-11 {
			t = next
			break
		}
		t = next
	}
	return i*s.period + t
}

func (s sine) rate(t float64) float64 {
	return s.mean + s.amplitude*math.Sin(2*math.Pi*t/s.period)
}

func (s sine) peak(t float64) float64 {
	if t < s.period/4 {
		return s.rate(t)
	}
	return s.mean + s.amplitude
}
