package stats

import (
	"math"
	"math/rand/v2"
	"testing"
)

// touches says whether the interval does not decide about ±margin.
func touches(s Shift, margin float64) bool {
	outside := s.Low > margin || s.High < -margin
	inside := s.Low > -margin && s.High < margin
	return !outside && !inside
}

// TestNeededDecides: judged by many differences, so that shift and spread are known well, as many
// are said to be needed as decide about 9 times in 10, and half as many do not. Where many values
// are far out it is rather 3 times in 4.
func TestNeededDecides(t *testing.T) {
	const trials, margin, alpha = 200, 0.5, 0.05
	tails := distributions(rand.New(rand.NewPCG(7, 8)))
	for _, c := range []struct {
		name        string
		shift       float64
		least, most float64 // share of decisions
	}{
		{"normal", 1, 0.84, 0.96},
		{"normal", 1.3, 0.84, 0.96},
		{"normal", 0, 0.84, 0.97},
		{"normal", -0.15, 0.84, 0.97},
		{"uniform", 0.7, 0.84, 0.96},
		{"spoilt", 1.1, 0.7, 0.96},
		{"cauchy", 1.8, 0.6, 0.96},
	} {
		from := func() float64 { return tails[c.name]() + c.shift }
		pilot := draw(from, 200)
		off := Paired(pilot, alpha).Estimate - c.shift
		for i := range pilot {
			pilot[i] -= off
		}
		n := Needed(pilot, alpha, margin, 1000)
		decided := func(n int) (share float64) {
			for range trials {
				if !touches(Paired(draw(from, n), alpha), margin) {
					share += 1. / trials
				}
			}
			return share
		}
		enough, half := decided(n), 0.
		if n/2 >= LeastPaired(alpha) {
			half = decided(n / 2)
		}
		if enough < c.least || enough > c.most || half > 0.75 {
			t.Errorf("%s shifted by %v: %d are said to be needed: they decide in %.0f%%, half as many in %.0f%%", c.name, c.shift, n, 100*enough, 100*half)
		}
	}
}

func TestNeededUnpairedDecides(t *testing.T) {
	const trials, margin, alpha = 200, 0.5, 0.05
	r := rand.New(rand.NewPCG(9, 10))
	for _, shift := range []float64{0, 1.8} {
		a, b := draw(r.NormFloat64, 150), draw(func() float64 { return r.NormFloat64() + shift }, 100)
		off := Unpaired(a, b, alpha).Estimate - shift
		for i := range b {
			b[i] -= off
		}
		n := NeededUnpaired(a, b, alpha, margin, 1000)
		decided := 0.
		for range trials {
			if !touches(Unpaired(draw(r.NormFloat64, n), draw(func() float64 { return r.NormFloat64() + shift }, n), alpha), margin) {
				decided += 1. / trials
			}
		}
		if decided < 0.84 || decided > 0.97 {
			t.Errorf("shifted by %v: %d are said to be needed, and decide in %.0f%%", shift, n, 100*decided)
		}
	}
}

// TestNeededFromFew: judged by eight differences, as in practice, the number varies a lot; still it
// decides far more often than not.
func TestNeededFromFew(t *testing.T) {
	const trials, margin, alpha, shift = 300, 0.5, 0.01, 1.5
	r := rand.New(rand.NewPCG(11, 12))
	from := func() float64 { return r.NormFloat64() + shift }
	decided, suggested := 0, 0
	for range trials {
		n := Needed(draw(from, 8), alpha, margin, 200)
		if n == 0 {
			continue
		}
		suggested++
		if !touches(Paired(draw(from, n), alpha), margin) {
			decided++
		}
	}
	if suggested < trials*9/10 || decided < suggested*7/10 {
		t.Errorf("%d of %d got a number, and %d of them a decision with it", suggested, trials, decided)
	}
}

func TestNeededBounds(t *testing.T) {
	apart := []float64{9, 10, 11, 9.5, 10.5, 10, 9.9, 10.1}
	for _, c := range []struct {
		name string
		got  int
		want int
	}{
		{"clear", Needed(apart, 0.05, 1, 100), 6},
		{"clear, and little error", Needed(apart, 1e-4, 1, 100), LeastPaired(1e-4)},
		{"too few to judge by", Needed(apart[:3], 0.05, 1, 100), 6},
		{"none", Needed(nil, 0.05, 1, 100), 6},
		{"none at all", NeededUnpaired(nil, nil, 0.05, 1, 100), 4},
		{"all the same", Needed([]float64{2, 2, 2, 2}, 0.05, 1, 100), 6},
		{"all the same, within", Needed([]float64{0, 0, 0, 0}, 0.05, 1, 100), 6},
		{"all at the margin", Needed([]float64{1, 1, 1, 1}, 0.05, 1, 100), 0},
		{"at the margin", Needed(apart, 0.05, 10, 100), 0},
		{"more than most", Needed(apart, 0.05, 10.2, 30), 0},
		{"most below the least", Needed(apart, 0.05, 1, 5), 0},
		{"no error allowed", Needed(apart, 0, 1, 100), 0},
		{"heaps apart", NeededUnpaired(apart, []float64{1, 2, 3, 1.5}, 0.05, 1, 100), 4},
	} {
		if c.got != c.want {
			t.Errorf("%s: %d, not %d", c.name, c.got, c.want)
		}
	}
	if n, more := Needed(apart, 0.05, 9.7, 1000), Needed(apart, 0.05, 9.9, 1000); n <= 8 || more <= n {
		t.Errorf("nearer to the margin: %d, and nearer still %d", n, more)
	}
	if more := Needed(apart, 0.05, math.NaN(), 1000); more != 0 {
		t.Errorf("no margin: %d", more)
	}
}
