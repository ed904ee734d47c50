// Package schedule says when each request of a phase is due.
//
// A [Schedule] is a closed form: the k-th request is due when the planned rate,
// integrated from the start of the phase, has reached k:
//
//	N(t) = ∫₀ᵗ r(u) du        Due(k) = N⁻¹(k)
//
// Nothing is accumulated from request to request, so a schedule does not drift,
// request k can be asked for without requests 0..k-1, and a request's due time
// can be worked out again from a record.
//
// What may live here: profiles of rates, their integrals and inverses, and the
// conversion of rates into requests. What may not: clocks, waiting, sending.
package schedule

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/spanstorm/spanstorm/scenarios"
)

// Schedule is the plan of one phase. Implementations are immutable and safe for
// concurrent use.
type Schedule interface {
	// Due is when request k is due, from the start of the phase, rounded to a
	// nanosecond. It never decreases; Due(0) is the first moment at which the
	// planned rate is above zero, and Due(k) for k ≥ Count is Duration.
	Due(k uint64) time.Duration
	// CountAt is the number of requests k < Count with Due(k) ≤ t.
	CountAt(t time.Duration) uint64
	// Count is the number of requests due in the phase: ⌈N(Duration)⌉.
	Count() uint64
	// Duration is how long the phase lasts.
	Duration() time.Duration
	// Rate is the planned rate at t, in requests per second; 0 outside the phase.
	Rate(t time.Duration) float64
	// Peak is the highest planned rate, in requests per second.
	Peak() float64
}

// Means are what one request holds on average. They turn rates of traces,
// spans and bytes into rates of requests.
type Means struct {
	Traces float64
	Spans  float64
	Bytes  float64
}

// Bounds on what can be planned. The first keeps due times of neighbours a
// nanosecond apart, the second keeps request numbers exact in a float64.
const (
	MaxRatePerS = 1e9
	MaxCount    = 1 << 52
)

// ErrClosedLoop is returned by [New] for `rate: max`, which has no schedule:
// each request is due when a connection is free.
var ErrClosedLoop = errors.New("a closed loop has no schedule")

// New returns the schedule of a phase. Its errors name the phase and the
// remedy; for `rate: max` the error is [ErrClosedLoop].
func New(phase *scenarios.Phase, means Means) (Schedule, error) {
	if phase == nil {
		return nil, errors.New("plan a phase: no phase given")
	}
	s, err := build(phase, means)
	if err != nil && !errors.Is(err, ErrClosedLoop) {
		return nil, fmt.Errorf("plan phase %q: %w", phase.Name, err)
	}
	return s, err
}

func build(phase *scenarios.Phase, means Means) (Schedule, error) {
	c := converter{means: means}
	d := time.Duration(phase.For)
	var f curve
	switch {
	case phase.Rate != nil && phase.Rate.Max:
		return nil, ErrClosedLoop
	case phase.Rate != nil:
		f = ramp{from: c.rate(phase.Rate.From), to: c.rate(phase.Rate.To), over: d.Seconds()}
	case phase.Steps != nil:
		s := newSteps(c.rate(phase.Steps.From), c.rate(phase.Steps.To), c.rate(phase.Steps.By), seconds(phase.Steps.Every))
		if d == 0 {
			d = time.Duration(math.Round(s.length() * 1e9))
		}
		f = s
	case phase.Sine != nil:
		f = sine{mean: c.rate(phase.Sine.Mean), amplitude: c.rate(phase.Sine.Amplitude), period: seconds(phase.Sine.Period)}
	case phase.Bursts != nil:
		b := phase.Bursts
		f = bursts{base: c.rate(b.Base), peakRate: c.rate(b.Peak), every: seconds(b.Every), burst: seconds(b.For)}
	default:
		return nil, errors.New("it has no rate; give rate, steps, sine or bursts")
	}
	if c.err != nil {
		return nil, c.err
	}
	return newPlan(f, d)
}

func seconds(d scenarios.Duration) float64 { return time.Duration(d).Seconds() }

// converter turns quantities into requests per second and keeps the first error.
type converter struct {
	means Means
	err   error
}

func (c *converter) rate(q scenarios.Quantity) float64 {
	per := 1.0
	switch q.Unit {
	case scenarios.Requests, "":
	case scenarios.Traces:
		per = c.means.Traces
	case scenarios.Spans:
		per = c.means.Spans
	case scenarios.Bytes:
		per = c.means.Bytes
	default:
		c.fail(fmt.Errorf("rates in %q are unknown; use requests, traces, spans, KB or MB", q.Unit))
		return 0
	}
	if !(per > 0) || math.IsInf(per, 0) {
		c.fail(fmt.Errorf("a rate in %s needs requests that hold some; these hold %g on average: give the rate in requests", q.Unit, per))
		return 0
	}
	r := q.PerS / per
	if !(r >= 0) || r > MaxRatePerS {
		c.fail(fmt.Errorf("a rate of %g requests/s is outside 0..%g", r, float64(MaxRatePerS)))
		return 0
	}
	return r
}

func (c *converter) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// curve is a profile over time in seconds, in requests and requests per second.
type curve interface {
	count(t float64) float64 // N(t), t ≥ 0
	due(k float64) float64   // the largest t with N(t) ≤ k; +Inf when N never gets past k
	rate(t float64) float64
	peak(t float64) float64 // the highest rate in [0, t]
	check() error
}

// plan is a curve cut off at a duration.
type plan struct {
	curve curve
	dur   time.Duration
	n     uint64
	top   float64
}

func newPlan(f curve, d time.Duration) (*plan, error) {
	if d <= 0 {
		return nil, fmt.Errorf("it lasts %v; give `for` a duration above zero", d)
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	total := f.count(d.Seconds())
	if !(total < MaxCount) {
		return nil, fmt.Errorf("it plans %g requests, more than the %g that can be numbered; lower the rate or shorten `for`", total, float64(MaxCount))
	}
	// 100/s for 10s are 1000 requests even where the product comes out one
	// rounding error above 1000.
	slack := 1e-6 + total*1e-12
	return &plan{curve: f, dur: d, n: uint64(math.Max(0, math.Ceil(total-slack))), top: f.peak(d.Seconds())}, nil
}

func (p *plan) Count() uint64           { return p.n }
func (p *plan) Duration() time.Duration { return p.dur }
func (p *plan) Peak() float64           { return p.top }

func (p *plan) Rate(t time.Duration) float64 {
	if t < 0 || t >= p.dur {
		return 0
	}
	return p.curve.rate(t.Seconds())
}

func (p *plan) Due(k uint64) time.Duration {
	if k >= p.n {
		return p.dur
	}
	ns := math.Round(p.curve.due(float64(k)) * 1e9)
	if !(ns < float64(p.dur)) { // also +Inf
		return p.dur
	}
	return time.Duration(ns)
}

func (p *plan) CountAt(t time.Duration) uint64 {
	if t < 0 || p.n == 0 {
		return 0
	}
	if t >= p.dur {
		return p.n
	}
	// The integral is a guess that is right but for rounding; Due has the last
	// word, so that both always agree.
	k := min(uint64(p.curve.count(t.Seconds()))+1, p.n)
	for k > 0 && p.Due(k-1) > t {
		k--
	}
	for k < p.n && p.Due(k) <= t {
		k++
	}
	return k
}
