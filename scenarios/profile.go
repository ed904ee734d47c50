package scenarios

import (
	"fmt"
	"math"
)

// Count is the number of steps: the rates From, From+By, … and To at last.
func (s Steps) Count() int {
	if s.By.PerS <= 0 || s.To.PerS < s.From.PerS {
		return 0
	}
	// A little less than the quotient, so that rounding adds no step.
	n := math.Ceil((s.To.PerS-s.From.PerS)/s.By.PerS - 1e-9)
	return int(min(n, math.MaxInt32-1)) + 1
}

// Profile says in one line what the phase does, for people.
func (p Phase) Profile() string {
	var what string
	switch {
	case p.Rate != nil && p.Rate.Max:
		what = fmt.Sprintf("as fast as %d connections go", p.Connections)
	case p.Rate != nil && p.Rate.From == p.Rate.To:
		what = p.Rate.From.String()
	case p.Rate != nil:
		what = fmt.Sprintf("ramp %s → %s", p.Rate.From, p.Rate.To)
	case p.Steps != nil:
		what = fmt.Sprintf("steps %s → %s by %s every %s", p.Steps.From, p.Steps.To, p.Steps.By, p.Steps.Every)
	case p.Sine != nil:
		what = fmt.Sprintf("sine %s ± %s, period %s", p.Sine.Mean, p.Sine.Amplitude, p.Sine.Period)
	case p.Bursts != nil:
		what = fmt.Sprintf("%s with bursts of %s for %s every %s", p.Bursts.Base, p.Bursts.Peak, p.Bursts.For, p.Bursts.Every)
	}
	if p.Send == "services" {
		what = "services, " + what
	}
	return what + " for " + p.For.String()
}
