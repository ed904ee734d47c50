package schedule

import (
	"errors"
	"math"
)

// steps is a staircase: m steps, each `every` long, the last one without end.
//
//	rate                  r_j  = a + j·b                    j = 0 … m−2
//	to ┤        ┌────     r_m₋₁ = to
//	   │    ┌───┘         C(j) = every·(a·j + b·j(j−1)/2)   requests before step j
//	 a ┤────┘             N(t) = C(j) + r_j·(t − j·every)   j = ⌊t/every⌋
//	   └───────────── t   N⁻¹(k) = j·every + (k − C(j))/r_j
//
// with j the largest step that has C(j) ≤ k, which is the root of a quadratic.
type steps struct {
	from, to float64
	by       float64 // signed: towards `to`
	every    float64
	last     float64 // m−1, the index of the step at `to`
}

// newSteps also takes a staircase downwards; the last step is cut at `to`.
func newSteps(from, to, by, every float64) steps {
	s := steps{from: from, to: to, by: math.Abs(by), every: every}
	if from != to && s.by > 0 {
		// A rounding error is not a step of its own.
		s.last = math.Ceil(math.Abs(to-from)/s.by - 1e-9)
	}
	if to < from {
		s.by = -s.by
	}
	return s
}

// length is how long it takes until the step at `to` has lasted its time.
func (s steps) length() float64 { return (s.last + 1) * s.every }

func (s steps) check() error {
	if s.every <= 0 {
		return errors.New("its steps last no time; give `every` a duration above zero")
	}
	if s.from != s.to && s.by == 0 {
		return errors.New("its steps are zero high and never reach `to`; give `by` a rate above zero")
	}
	return nil
}

func (s steps) height(j float64) float64 {
	if j >= s.last {
		return s.to
	}
	return s.from + j*s.by
}

// before is C(j) for j ≤ m−1.
func (s steps) before(j float64) float64 {
	return s.every * (s.from*j + s.by*j*(j-1)/2)
}

func (s steps) index(t float64) float64 {
	return math.Min(math.Floor(t/s.every), s.last)
}

func (s steps) count(t float64) float64 {
	j := s.index(t)
	return s.before(j) + s.height(j)*(t-j*s.every)
}

func (s steps) due(k float64) float64 {
	// C(j) = k  ⇔  (b/2)·j² + (a − b/2)·j − k/every = 0, solved for its smaller
	// positive root; then corrected for rounding, at most a step or two.
	j := s.last
	a, q := s.from-s.by/2, k/s.every
	if d := a*a + 2*s.by*q; d >= 0 && a+math.Sqrt(d) > 0 {
		j = math.Min(math.Floor(2*q/(a+math.Sqrt(d))), s.last)
	}
	for j < s.last && s.before(j+1) <= k {
		j++
	}
	for j > 0 && s.before(j) > k {
		j--
	}
	h := s.height(j)
	if h == 0 {
		return math.Inf(1)
	}
	return j*s.every + (k-s.before(j))/h
}

func (s steps) rate(t float64) float64 { return s.height(s.index(t)) }

func (s steps) peak(t float64) float64 {
	return math.Max(s.from, s.rate(t))
}
