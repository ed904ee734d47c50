package stats

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }

// TestPairedPublished: Hollander and Wolfe's depression scale factors (Nonparametric Statistical
// Methods, 1973, p. 29), an example of R's wilcox.test: V = 40, one-sided p 0.01953, and from its tables
// an estimate of −0.46 and the interval −0.786 to −0.010 at 96.1%.
func TestPairedPublished(t *testing.T) {
	first := []float64{1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30}
	second := []float64{0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29}
	d := make([]float64, len(first))
	for i := range d {
		d[i] = second[i] - first[i]
	}
	got := Paired(d, 0.05)
	if !near(got.P, 2*0.01953125) || !near(got.Estimate, -0.46) || !got.Bounded || !near(got.Low, -0.786) || !near(got.High, -0.010) || got.N != 9 {
		t.Errorf("%+v", got)
	}
}

// TestUnpairedPublished: the same book's permeability constants (p. 69), also in R's wilcox.test:
// W = 35, one-sided p 0.1272, an estimate of 0.305, and the interval −0.15 to 0.76.
func TestUnpairedPublished(t *testing.T) {
	term := []float64{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46}
	early := []float64{1.15, 0.88, 0.90, 0.74, 1.21}
	got := Unpaired(early, term, 0.05)
	if math.Abs(got.P-2*0.1272) > 1e-4 || !near(got.Estimate, 0.305) || !got.Bounded || !near(got.Low, -0.15) || !near(got.High, 0.76) || got.N != 5 {
		t.Errorf("%+v", got)
	}
}

// TestPairedBruteForce: P is the share of all choices of signs for the differences whose rank
// sum is at least as far from the middle.
func TestPairedBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SliceOfN(rapid.Map(rapid.IntRange(-4, 4), func(i int) float64 { return float64(i) / 8 }), 1, 12).Draw(t, "d")
		ranks := make([]float64, len(d)) // mid-ranks of sizes, by definition: 1 + smaller + half of the others that are equal
		for i, x := range d {
			ranks[i] = 0.5
			for _, y := range d {
				if math.Abs(y) < math.Abs(x) {
					ranks[i]++
				} else if math.Abs(y) == math.Abs(x) {
					ranks[i] += 0.5
				}
			}
		}
		lead := func(sign func(i int) float64) float64 { // the sum of signed ranks
			sum := 0.0
			for i, x := range d {
				if x != 0 {
					sum += ranks[i] * sign(i)
				}
			}
			return math.Abs(sum)
		}
		seen := lead(func(i int) float64 { return math.Copysign(1, d[i]) })
		extreme := 0
		for signs := range 1 << len(d) {
			if lead(func(i int) float64 { return float64(signs>>i&1)*2 - 1 }) >= seen {
				extreme++
			}
		}
		if want := float64(extreme) / float64(int(1)<<len(d)); !near(Paired(d, 0.05).P, want) {
			t.Fatalf("P %v, brute force %v", Paired(d, 0.05).P, want)
		}
	})
}

// TestUnpairedBruteForce: P is twice the share of all divisions of the values into heaps of these
// sizes that lie at least as far to the side to which the values lean.
func TestUnpairedBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Map(rapid.IntRange(0, 5), func(i int) float64 { return float64(i) })
		if rapid.Bool().Draw(t, "untied") {
			value = rapid.Float64Range(-1, 1)
		}
		a := rapid.SliceOfN(value, 1, 6).Draw(t, "a")
		b := rapid.SliceOfN(value, 1, 6).Draw(t, "b")
		all := append(append([]float64{}, a...), b...)
		u := func(inA uint) float64 { // pairs in which the value of A is larger, equal ones counting ½
			sum := 0.0
			for i, x := range all {
				for j, y := range all {
					if inA>>i&1 == 1 && inA>>j&1 == 0 {
						if x > y {
							sum++
						} else if x == y {
							sum += 0.5
						}
					}
				}
			}
			return sum
		}
		seen := u(1<<len(a) - 1)
		below, above, total := 0, 0, 0
		for inA := range uint(1) << len(all) {
			if bits.OnesCount(inA) != len(a) {
				continue
			}
			total++
			if v := u(inA); v <= seen {
				below++
				if v == seen {
					above++
				}
			} else {
				above++
			}
		}
		want := min(1, 2*float64(min(below, above))/float64(total))
		if got := Unpaired(a, b, 0.05).P; !near(got, want) {
			t.Fatalf("P %v, brute force %v", got, want)
		}
	})
}

// TestDuality: without ties the interval leaves a shift out exactly where the test rejects it, and
// both turn about with the values.
func TestDuality(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	excluded := 0
	for i := range 1000 {
		n, alpha := 4+i%30, []float64{0.2, 0.05, 0.01}[i%3]
		a, b, d, turned := draw(r.NormFloat64, n), draw(r.NormFloat64, 4+i%17), draw(r.NormFloat64, n), make([]float64, n)
		for j := range d {
			d[j] += 0.5
			turned[j] = -d[j]
		}
		for _, pair := range [][2]Shift{{Paired(d, alpha), Paired(turned, alpha)}, {Unpaired(a, b, alpha), Unpaired(b, a, alpha)}} {
			s, turned := pair[0], pair[1]
			out := s.Low > 0 || s.High < 0
			if out != (s.P <= alpha) {
				t.Fatalf("n %d, alpha %v: %+v", n, alpha, s)
			}
			if out {
				excluded++
			}
			if !near(s.P, turned.P) || s.Bounded != turned.Bounded || !near(s.Estimate, -turned.Estimate) ||
				s.Bounded && (!near(s.Low, -turned.High) || !near(s.High, -turned.Low)) {
				t.Fatalf("n %d, alpha %v: %+v turned about is %+v", n, alpha, s, turned)
			}
		}
	}
	if excluded < 300 {
		t.Errorf("only %d intervals leave 0 out: little was tested", excluded)
	}
}

func draw(from func() float64, n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = from()
	}
	return values
}

// distributions are symmetric ones, with tails from none to so heavy that there is no mean; steps are tied.
func distributions(r *rand.Rand) map[string]func() float64 {
	return map[string]func() float64{
		"uniform": func() float64 { return r.Float64() - 0.5 },
		"normal":  r.NormFloat64,
		"cauchy":  func() float64 { return r.NormFloat64() / r.NormFloat64() },
		"spoilt": func() float64 { // one round in ten is far out
			if r.IntN(10) == 0 {
				return 30 * r.NormFloat64()
			}
			return r.NormFloat64()
		},
		"steps": func() float64 { return math.Round(r.NormFloat64()) },
	}
}

// TestCoverage: intervals leave the true shift out as often as the cut says (never more often than
// alpha), or, of tied values, at most as often. The bound is four standard errors of that count.
func TestCoverage(t *testing.T) {
	const trials, shift = 500, 2.0
	for name := range distributions(nil) {
		r := rand.New(rand.NewPCG(3, 4))
		from := distributions(r)[name]
		for _, n := range []int{6, 12} {
			for _, alpha := range []float64{0.05, 0.2} {
				var missed [2]float64
				for range trials {
					d, a, b := draw(from, n), draw(from, n), draw(from, n+2)
					for i := range d {
						d[i] += shift
					}
					for i := range b {
						b[i] += shift
					}
					for i, s := range []Shift{Paired(d, alpha), Unpaired(a, b, alpha)} {
						if !s.Bounded {
							t.Fatalf("no interval of %d values at %v", n, alpha)
						}
						if shift < s.Low || shift > s.High {
							missed[i]++
						}
					}
				}
				_, paired := signedRankCut(n, alpha)
				_, unpaired := rankSumCut(n, n+2, alpha)
				for i, tail := range []float64{paired, unpaired} {
					want, off := 2*tail*trials, 4*math.Sqrt(2*tail*(1-2*tail)*trials)
					if 2*tail > alpha || missed[i] > want+off || missed[i] < want-off && name != "steps" {
						t.Errorf("%s, %d values, alpha %v: %v of %d intervals miss, not %.0f", name, n, alpha, missed[i], trials, want)
					}
				}
			}
		}
	}
}

// TestApproximation: past the exact distributions the normal approximation goes on where they end.
func TestApproximation(t *testing.T) {
	for _, alpha := range []float64{0.1, 0.01, 0.001} {
		exact, _ := signedRankCut(signedRankExact, alpha)
		n := float64(signedRankExact)
		approximate, tail := normalCut(n*(n+1)/4, math.Sqrt(n*(n+1)*(2*n+1)/24), alpha)
		if math.Abs(float64(exact-approximate)) > 0.01*float64(exact) || tail > alpha/2 {
			t.Errorf("alpha %v: cut at %d, by approximation at %d", alpha, exact, approximate)
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		d := draw(func() float64 { return math.Round(20 * (r.NormFloat64() + 0.2)) }, signedRankExact)
		ranks, positive := doubledRanks(d)
		exact, approximate := signedRankP(ranks, positive, true), signedRankP(ranks, positive, false)
		if math.Abs(exact-approximate) > 0.01*exact+0.0005 {
			t.Errorf("P %v, by approximation %v", exact, approximate)
		}
		a, b := draw(r.NormFloat64, 50), draw(func() float64 { return r.NormFloat64() + 0.3 }, 50)
		exact = Unpaired(a, b, 0.05).P
		if approximate := Unpaired(append(a, 0.15), b, 0.05).P; math.Abs(exact-approximate) > 0.2*exact+0.01 {
			t.Errorf("P %v, with one more value, by approximation, %v", exact, approximate)
		}
	}
}

// TestLeast: one value fewer has no interval.
func TestLeast(t *testing.T) {
	for _, alpha := range []float64{1, 0.5, 0.1, 0.05, 0.01, 0.05 / 12, 0.05 / 12 / 4, 1e-6} {
		for n := 1; n <= 30; n++ {
			same := make([]float64, n)
			if got, want := Paired(same, alpha).Bounded, n >= LeastPaired(alpha); got != want {
				t.Errorf("Paired: %d values at %v: interval %v, LeastPaired %d", n, alpha, got, LeastPaired(alpha))
			}
			if got, want := Unpaired(same, same, alpha).Bounded, n >= LeastUnpaired(alpha); got != want {
				t.Errorf("Unpaired: %d values at %v: interval %v, LeastUnpaired %d", n, alpha, got, LeastUnpaired(alpha))
			}
		}
	}
	if got := [2]int{LeastPaired(0.05), LeastUnpaired(0.05)}; got != [2]int{6, 4} {
		t.Errorf("at 5%%: %v", got)
	}
	for _, alpha := range []float64{0, -1, math.NaN()} {
		if LeastPaired(alpha) != math.MaxInt || LeastUnpaired(alpha) != math.MaxInt {
			t.Errorf("there is no interval of alpha %v", alpha)
		}
	}
}

func TestNoDifference(t *testing.T) {
	zeros := make([]float64, 8)
	want := Shift{Bounded: true, P: 1, N: 8}
	if got := Paired(zeros, 0.05); got != want {
		t.Errorf("Paired: %+v", got)
	}
	if got := Unpaired(zeros, zeros, 0.05); got != want {
		t.Errorf("Unpaired: %+v", got)
	}
	// A zero has a rank: of 0, 1, …, 5 all but the lowest are positive, 2 of 2⁵ choices.
	if got := Paired([]float64{0, 1, 2, 3, 4, 5}, 0.05).P; !near(got, 2./32) {
		t.Errorf("P %v", got)
	}
}
