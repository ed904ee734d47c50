package stats

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestFalling(t *testing.T) {
	for _, c := range []struct {
		list []Trials
		want []float64
	}{
		{nil, []float64{}},
		{[]Trials{{3, 0}, {0, 2}}, []float64{1, 0}},
		{[]Trials{{2, 0}, {0, 1}, {3, 0}, {0, 2}}, []float64{1, 0.75, 0.75, 0}},
		{[]Trials{{0, 1}, {1, 1}, {4, 0}}, []float64{5.0 / 7, 5.0 / 7, 5.0 / 7}},
		{[]Trials{{}, {1, 1}, {}, {0, 1}}, []float64{1, 0.5, 0.5, 0}},
	} {
		if got := Falling(c.list); !slices.EqualFunc(got, c.want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
			t.Errorf("%v: %v, want %v", c.list, got, c.want)
		}
	}
}

// TestFallingIsLikeliest sets the estimates beside others that fall: none is more likely.
func TestFallingIsLikeliest(t *testing.T) {
	likelihood := func(list []Trials, p []float64) float64 {
		sum := 0.0
		for i, t := range list {
			for _, term := range []struct {
				n int
				p float64
			}{{t.Passed, p[i]}, {t.Failed, 1 - p[i]}} {
				if term.n > 0 {
					sum += float64(term.n) * math.Log(term.p)
				}
			}
		}
		return sum
	}
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Trials {
			return Trials{rapid.IntRange(0, 5).Draw(t, "passed"), rapid.IntRange(0, 5).Draw(t, "failed")}
		}), 1, 6).Draw(t, "trials")
		got := Falling(list)
		if !slices.IsSortedFunc(got, func(a, b float64) int { return int(math.Copysign(1, b-a)) * int(math.Ceil(math.Abs(b-a))) }) {
			t.Fatalf("%v does not fall", got)
		}
		other := rapid.SliceOfN(rapid.Float64Range(0, 1), len(list), len(list)).Draw(t, "other")
		slices.Sort(other)
		slices.Reverse(other)
		if likelihood(list, other) > likelihood(list, got)+1e-9 {
			t.Fatalf("%v: %v is more likely than %v", list, other, got)
		}
	})
}
