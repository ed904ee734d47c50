package schedule

import (
	"errors"
	"math"
)

// bursts is a rate p for the first F of every E, and a rate b for the rest.
//
//	rate
//	p ┤──┐      ┌──┐         c = p·F + b·(E−F)            requests in a cycle
//	  │  │      │  │         i = ⌊k/c⌋,  ρ = k − i·c
//	b ┤  └──────┘  └───      N⁻¹(k) = i·E + ρ/p           ρ < p·F
//	  └───────────────── t            i·E + F + (ρ−p·F)/b otherwise
//	  0  F      E
type bursts struct {
	base, peakRate float64
	every, burst   float64
}

func (b bursts) check() error {
	switch {
	case b.every <= 0:
		return errors.New("its bursts recur after no time; give `every` a duration above zero")
	case b.burst <= 0 || b.burst > b.every:
		return errors.New("its bursts do not fit between each other; give `bursts.for` a duration above zero and up to `every`")
	}
	return nil
}

func (b bursts) cycle() float64 {
	return b.peakRate*b.burst + b.base*(b.every-b.burst)
}

// split is x as whole multiples of unit and the rest, 0 ≤ rest < unit.
func split(x, unit float64) (whole, rest float64) {
	whole = math.Floor(x / unit)
	rest = math.FMA(-whole, unit, x) // one rounding, so that nothing drifts
	if rest < 0 {
		whole, rest = whole-1, rest+unit
	}
	if rest >= unit {
		whole, rest = whole+1, 0
	}
	return whole, rest
}

func (b bursts) count(t float64) float64 {
	i, rest := split(t, b.every)
	n := b.peakRate * math.Min(rest, b.burst)
	if rest > b.burst {
		n += b.base * (rest - b.burst)
	}
	return i*b.cycle() + n
}

func (b bursts) due(k float64) float64 {
	c := b.cycle()
	if c == 0 {
		return math.Inf(1)
	}
	i, rest := split(k, c)
	start := i * b.every
	switch {
	case rest < b.peakRate*b.burst:
		return start + rest/b.peakRate
	case b.base > 0:
		return start + math.Min(b.burst+(rest-b.peakRate*b.burst)/b.base, b.every)
	default: // only by rounding: with base 0 a cycle ends with its burst
		return start + b.every
	}
}

func (b bursts) rate(t float64) float64 {
	if _, rest := split(t, b.every); rest < b.burst {
		return b.peakRate
	}
	return b.base
}

func (b bursts) peak(t float64) float64 {
	if t <= b.burst {
		return b.peakRate
	}
	return math.Max(b.base, b.peakRate)
}
