package stats

import (
	"math"
	"testing"
)

// walk is what comes of a test with trials that succeed with that probability, exactly: the
// probability of each decision, and the mean number of trials. It goes through all states
// (passed, failed) that are reached undecided.
func walk(s Sequential, success float64, most int) (chance map[Decision]float64, trials float64) {
	chance = map[Decision]float64{}
	reached := []float64{1} // [passed], after so many trials
	for n := 1; n <= most; n++ {
		next := make([]float64, n+1)
		for passed, p := range reached {
			trials += p
			next[passed+1] += p * success
			next[passed] += p * (1 - success)
		}
		for passed, p := range next {
			if d := s.Decide(passed, n-passed); p > 0 && d != Undecided {
				chance[d] += p
				next[passed] = 0
			}
		}
		reached = next
	}
	for _, p := range reached {
		chance[Undecided] += p
	}
	return chance, trials
}

// TestSequentialErrors holds the table of the documentation, and Wald's bounds, against the walk.
func TestSequentialErrors(t *testing.T) {
	for _, c := range []struct {
		test                Sequential
		share               float64
		wrong, edge, trials float64
	}{
		{Sequential{}, 0.8, 0.015, 0.025, 4.7},
		{Sequential{}, 0.9, 0.0014, 0.0014, 3.7},
		{Sequential{}, 0.5, 0.381, 0.237, 6.9},
		{Sequential{PassLow: 0.1, PassHigh: 0.9, Most: 6}, 0.9, 0.012, 0.006, 2.4},
		{Sequential{PassLow: 0.1, PassHigh: 0.9, Most: 6}, 0.8, 0.057, 0.033, 2.8},
		{Sequential{PassLow: 0.1, PassHigh: 0.9, Most: 6}, 0.5, 0.4375, 0.125, 3.5},
	} {
		for _, mirrored := range []bool{false, true} {
			share, wrong := c.share, Breaks
			if mirrored {
				share, wrong = 1-share, Holds
			}
			chance, trials := walk(c.test, share, c.test.orDefaults().Most)
			if near := func(a, b, off float64) bool { return math.Abs(a-b) <= off }; !near(chance[wrong], c.wrong, 5e-4) ||
				!near(chance[Edge], c.edge, 6e-4) || !near(trials, c.trials, 0.06) {
				t.Errorf("%+v at %v: %v %.4f, edge %.4f, %.2f trials; documented %v, %v, %v",
					c.test, share, wrong, chance[wrong], chance[Edge], trials, c.wrong, c.edge, c.trials)
			}
			if chance[Undecided] != 0 {
				t.Errorf("%+v at %v: undecided after Most trials with probability %v", c.test, share, chance[Undecided])
			}
		}
	}
}

func TestSequentialBounds(t *testing.T) {
	for _, low := range []float64{0.05, 0.1, 0.3, 0.5} {
		for _, high := range []float64{0.6, 0.8, 0.95} {
			for _, errHolds := range []float64{0.01, 0.05, 0.2} {
				for _, errBreaks := range []float64{0.02, 0.1} {
					for _, most := range []int{1, 5, 30, 80} {
						s := Sequential{low, high, errHolds, errBreaks, most}
						atLow, _ := walk(s, low, most)
						atHigh, _ := walk(s, high, most)
						if atLow[Holds] > errHolds/(1-errBreaks) || atHigh[Breaks] > errBreaks/(1-errHolds) {
							t.Errorf("%+v: holds at PassLow %.4f, breaks at PassHigh %.4f", s, atLow[Holds], atHigh[Breaks])
						}
					}
				}
			}
		}
	}
}

// TestSequentialEdge: an Edge before Most trials is one that no further trials could have changed.
func TestSequentialEdge(t *testing.T) {
	s := Sequential{Most: 11}
	early := 0
	for n := 1; n < s.Most; n++ {
		for passed := range n + 1 {
			if s.Decide(passed, n-passed) != Edge {
				continue
			}
			early++
			for more := 1; more <= s.Most-n; more++ {
				if s.Decide(passed+more, n-passed) == Holds || s.Decide(passed, n-passed+more) == Breaks {
					t.Errorf("%d of %d is an edge, but %d more decide", passed, n, more)
				}
			}
		}
	}
	if early == 0 {
		t.Error("no edge before the last trial")
	}
}

func TestSequentialDecide(t *testing.T) {
	wald := Sequential{PassLow: 0.2, PassHigh: 0.8, ErrHolds: 1. / 65, ErrBreaks: 1. / 65, Most: 20}
	for _, c := range []struct {
		test           Sequential
		passed, failed int
		want           Decision
	}{
		{Sequential{}, 0, 0, Undecided},
		{Sequential{}, 2, 0, Undecided},
		{Sequential{}, 3, 0, Holds},
		{Sequential{}, 1, 4, Breaks},
		{Sequential{}, 5, 6, Edge},
		{Sequential{}, 50, 50, Edge},
		{wald, 3, 0, Holds}, // the boundary is exactly 3·ln 4
		{wald, 0, 3, Breaks},
		{wald, 3, 1, Undecided},
		{Sequential{PassLow: 0.8, PassHigh: 0.2}, 9, 0, Edge},
		{Sequential{PassHigh: 1}, 9, 0, Edge},
		{Sequential{ErrHolds: 0.7, ErrBreaks: 0.5}, 9, 0, Edge},
		{Sequential{PassLow: math.NaN()}, 9, 0, Edge},
		{Sequential{Most: -1}, 0, 0, Edge},
	} {
		if got := c.test.Decide(c.passed, c.failed); got != c.want {
			t.Errorf("%+v: %d passed, %d failed: %v, not %v", c.test, c.passed, c.failed, got, c.want)
		}
	}
}
