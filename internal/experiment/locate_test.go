package experiment

import (
	"slices"
	"testing"

	"github.com/spanstorm/spanstorm/scenarios"
)

// The warm-up of a comparison holds the rate at which the load begins, and one that sends
// something where that is 0: at 0/s a scenario is refused.
func TestWithWarmUp(t *testing.T) {
	for load, want := range map[string]float64{
		"[{rate: 40/s, for: 1s}]":                                       40,
		"[{rate: 20/s..90/s, for: 1s}]":                                 20,
		"[{rate: 0/s..90/s, for: 1s}]":                                  45,
		"[{steps: {from: 70/s, to: 90/s, by: 10/s, every: 1s}}]":        70,
		"[{send: services, rate: 1/s, for: 1s}, {rate: 30/s, for: 1s}]": 30,
	} {
		s, err := scenarios.Load("smoke", []string{"load=" + load})
		if err != nil {
			t.Fatal(err)
		}
		warmed := withWarmUp(s)
		warm := warmed.Load[slices.IndexFunc(warmed.Load, func(p scenarios.Phase) bool { return p.Send != "services" })]
		if !warm.Discard || warm.Rate.From.PerS != want || warm.Rate.To.PerS != want {
			t.Errorf("%s: warmed up by %+v, want %g/s", load, warm, want)
		}
		if len(s.Load) != len(warmed.Load)-1 {
			t.Errorf("%s: %d phases became %d", load, len(s.Load), len(warmed.Load))
		}
	}
}
