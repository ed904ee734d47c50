package stats

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func curve(u USL, n []float64, noise func() float64) []float64 {
	x := make([]float64, len(n))
	for i := range n {
		x[i] = u.At(n[i]) * (1 + noise())
	}
	return x
}

// TestUSLRecovers: parameters come back, exactly from points on the curve, nearly from noisy ones.
func TestUSLRecovers(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	loads := []float64{1, 2, 4, 8, 12, 16, 24, 32, 48, 64}
	for _, want := range []USL{
		{Lambda: 1000, Sigma: 0.05, Kappa: 0.001},
		{Lambda: 20, Sigma: 0, Kappa: 0.002},
		{Lambda: 3e5, Sigma: 0.1, Kappa: 0},
		{Lambda: 700, Sigma: 0, Kappa: 0},
	} {
		got := FitUSL(loads, curve(want, loads, func() float64 { return 0 }))
		if !got.Good || !near(got.Lambda, want.Lambda) || !near(got.Sigma, want.Sigma) || !near(got.Kappa, want.Kappa) || !near(got.R2, 1) {
			t.Errorf("%+v came back as %+v", want, got)
		}
		if want.Kappa > 0 {
			n := math.Sqrt((1 - want.Sigma) / want.Kappa)
			if math.Abs(got.PeakN-n) > 1e-6*n || got.PeakX < got.At(n*0.99) || got.PeakX < got.At(n*1.01) || got.NoPeak != "" {
				t.Errorf("%+v: peak at %v, not %v", want, got.PeakN, n)
			}
		} else if got.PeakN != 0 || got.PeakX != 0 || got.NoPeak == "" {
			t.Errorf("%+v has no peak: %+v", want, got)
		}
		for range 50 {
			got := FitUSL(loads, curve(want, loads, func() float64 { return 0.03 * r.NormFloat64() }))
			if !got.Good || math.Abs(got.Lambda/want.Lambda-1) > 0.1 ||
				math.Abs(got.Sigma-want.Sigma) > 0.02 || math.Abs(got.Kappa-want.Kappa) > 0.0006 {
				t.Errorf("%+v with 3%% of noise came back as %+v", want, got)
			}
		}
	}
}

// TestUSLLeastSquares: no parameters near to the fitted ones do better, bounds included.
func TestUSLLeastSquares(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SliceOfN(rapid.Float64Range(0.1, 200), 4, 9).Draw(t, "n")
		x := rapid.SliceOfN(rapid.Float64Range(1, 1000), len(n), len(n)).Draw(t, "x")
		fit, ok := fitUSL(n, x)
		if !ok {
			t.Skip("no λ")
		}
		squares := func(a, b, c float64) (sum float64) {
			for i := range n {
				e := x[i]/n[i]*(a+b*(n[i]-1)+c*n[i]*(n[i]-1)) - 1
				sum += e * e
			}
			return sum
		}
		a := 1 / fit.Lambda
		b, c := a*fit.Sigma, a*fit.Kappa
		least := squares(a, b, c)
		for _, step := range []float64{1e-3, 1e-5} {
			for _, da := range []float64{-step, 0, step} {
				for _, db := range []float64{-step, 0, step} {
					for _, dc := range []float64{-step, 0, step} {
						near := [3]float64{a + da, max(0, b+db), max(0, c+dc/100)}
						if near[0] > 0 && squares(near[0], near[1], near[2]) < least*(1-1e-9)-1e-12 {
							t.Fatalf("(%v, %v, %v) with %v is not as good as %v", a, b, c, least, near)
						}
					}
				}
			}
		}
	})
}

// TestUSLRefuses: of each kind of points of which nothing should be concluded.
func TestUSLRefuses(t *testing.T) {
	wide := []float64{1, 2, 4, 8, 16, 32}
	for _, c := range []struct {
		name string
		n, x []float64
		why  string
	}{
		{"none", nil, nil, "fewer than 5 different loads"},
		{"one load", []float64{4, 4, 4, 4, 4, 4}, []float64{1, 2, 3, 1, 2, 3}, "fewer than 5 different loads"},
		{"four loads", []float64{1, 2, 4, 8, 8}, []float64{1, 2, 4, 7, 7}, "fewer than 5 different loads"},
		{"narrow", []float64{10, 11, 12, 13, 14}, []float64{10, 11, 12, 13, 14}, "less than 3 times"},
		{"one by one", []float64{0.02, 0.04, 0.06, 0.08, 0.1}, []float64{200, 400, 600, 750, 800}, "does not meet"},
		{"flat", wide, []float64{5, 5.1, 4.9, 5, 5.05, 4.95}, "too little"},
		{"up and down", wide, []float64{1, 9, 2, 8, 1, 9}, "too little"},
		{"the same everywhere", wide, []float64{5.1, 5.1, 5.1, 5.1, 5.1, 5.1}, "too little"},
		{"one off", append([]float64{3, 5, 20, 24, 28}, wide...), append([]float64{1.5, 5, 20, 24, 28}, wide...), "off the curve"},
	} {
		if got := FitUSL(c.n, c.x); got.Good || !strings.Contains(got.Why, c.why) {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	r := rand.New(rand.NewPCG(15, 16))
	good := 0
	for range 200 { // clouds
		n, x := draw(func() float64 { return 1 + 99*r.Float64() }, 12), draw(func() float64 { return 1 + 99*r.Float64() }, 12)
		if FitUSL(n, x).Good {
			good++
		}
	}
	if good > 0 {
		t.Errorf("%d of 200 clouds of points were taken for a curve", good)
	}
}

func TestUSLPeakFarOutside(t *testing.T) {
	loads := []float64{1, 2, 3, 4, 5, 6}
	law := USL{Lambda: 10, Sigma: 0.02, Kappa: 0.0001} // its peak is at 99
	got := FitUSL(loads, curve(law, loads, func() float64 { return 0 }))
	if !got.Good || got.PeakN != 0 || !strings.Contains(got.NoPeak, "beyond") {
		t.Errorf("%+v", got)
	}
}

func TestKnee(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name                 string
		throughput, response []float64
		want                 int
	}{
		{"between", []float64{100, 200, 400, 790, 820, 830}, []float64{10, 10, 11, 15, 30, 90}, 3},
		{"one that has none is passed over", []float64{100, nan, 400, 790, 0, 830}, []float64{10, 5, 11, 15, 30, inf}, -1},
		{"and does not shift the index", []float64{100, nan, 400, 790, 820}, []float64{10, 5, 11, 15, 60}, 3},
		{"rising to the end", []float64{100, 200, 300}, []float64{10, 10, 10}, -1},
		{"falling from the start", []float64{100, 110, 120}, []float64{10, 20, 40}, -1},
		{"times that do not grow", []float64{100, 200, 300, 310}, []float64{10, 8, 6, 7}, -1},
		{"two points", []float64{100, 200}, []float64{10, 10}, -1},
		{"none", nil, nil, -1},
		{"of unequal length", []float64{100, 200, 210, 5}, []float64{10, 10, 40}, 1},
	} {
		if got := Knee(c.throughput, c.response); got != c.want {
			t.Errorf("%s: %d, not %d", c.name, got, c.want)
		}
	}
	// M/M/1 of service rate 1: response 1/(1−ρ), power ρ(1−ρ), highest at ρ = ½.
	var throughput, response []float64
	for i := 1; i < 20; i++ {
		rho := float64(i) / 20
		throughput, response = append(throughput, rho), append(response, 1/(1-rho))
	}
	if got := Knee(throughput, response); throughput[got] != 0.5 {
		t.Errorf("knee of an M/M/1 queue at %v", throughput[got])
	}
}

func TestMedian(t *testing.T) {
	// Binomial(9, ½): the second and the eighth of nine hold the median with probability 96.1%.
	middle, low, high, bounded := Median([]float64{9, 1, 8, 2, 7, 3, 6, 4, 5}, 0.95)
	if middle != 5 || low != 2 || high != 8 || !bounded {
		t.Errorf("%v, %v to %v, %v", middle, low, high, bounded)
	}
	if middle, low, high, bounded = Median([]float64{1, 2, math.NaN(), 4, 3, 5}, 0.95); middle != 3 || bounded || !math.IsInf(low, -1) || high != 5 {
		t.Errorf("of five: %v, %v to %v, %v", middle, low, high, bounded)
	}
	if middle, _, _, bounded = Median(nil, 0.95); middle != 0 || bounded {
		t.Errorf("of none: %v, %v", middle, bounded)
	}
}

// TestOddInputs: whatever goes in, nothing panics, and what comes out is in order.
func TestOddInputs(t *testing.T) {
	odd := rapid.OneOf(rapid.Float64Range(-1e300, 1e300), rapid.SampledFrom([]float64{
		0, 1, 1, 2, -1, math.NaN(), math.Inf(1), math.Inf(-1), 1e300, -1e300, math.SmallestNonzeroFloat64}))
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOfN(odd, 0, 12).Draw(t, "a"), rapid.SliceOfN(odd, 0, 12).Draw(t, "b")
		alpha, margin := odd.Draw(t, "alpha"), odd.Draw(t, "margin")
		for _, s := range []Shift{Paired(a, alpha), Unpaired(a, b, alpha)} {
			if !(s.P >= 0 && s.P <= 1) || s.Low > s.High || math.IsNaN(s.Estimate) || s.Bounded && (s.Estimate < s.Low || s.Estimate > s.High) {
				t.Fatalf("%+v", s)
			}
		}
		for _, n := range []int{Needed(a, alpha, margin, 60), NeededUnpaired(a, b, alpha, margin, 40)} {
			if n < 0 || n > 60 {
				t.Fatalf("%d needed of 60 at most", n)
			}
		}
		if middle, low, high, bounded := Median(a, alpha); bounded && !(low <= middle && middle <= high) {
			t.Fatalf("median %v, %v to %v", middle, low, high)
		}
		if u := FitUSL(a, b); u.Good != (u.Why == "") || math.IsNaN(u.R2) || math.IsInf(u.R2, 0) || u.Good && !(u.Lambda > 0 && u.Sigma >= 0 && u.Kappa >= 0) {
			t.Fatalf("%+v", u)
		}
		if i := Knee(a, b); i < -1 || i >= min(len(a), len(b)) {
			t.Fatalf("knee %d", i)
		}
		Sequential{alpha, margin, alpha, alpha, len(a)}.Decide(len(a), len(b))
	})
}
