package values

import (
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// Mean, in closed form, against the mean of many quantiles: the midpoints of
// equal shares, which is sampling without its noise.
func TestMeanAgreesWithQuantiles(t *testing.T) {
	for _, text := range []string{"7", "20 ± 5", "1 ± 3", "0 ± 2", "5 ± 0", "1..3", "0..100", "-3..4"} {
		d, wrong := ParseDist(text, false)
		if wrong != nil {
			t.Fatalf("%s: %v", text, wrong)
		}
		checkMean(t, text, d)
	}
	for name, d := range map[string]Dist{
		"p50 6, p99 700":               {Kind: LogNormal, A: 6, B: 700},
		"p50 6, p99 700, max 5000":     {Kind: LogNormal, A: 6, B: 700, Max: 5000},
		"p50 6, max 50":                {Kind: LogNormal, A: 6, B: 50, Max: 50},
		"p50 6, p99 6":                 {Kind: LogNormal, A: 6, B: 6},
		"p50 6, p99 6, max 6":          {Kind: LogNormal, A: 6, B: 6, Max: 6},
		"p50 12ms, p99 90ms":           {Kind: LogNormal, A: 12e6, B: 90e6, Time: true},
		"p50 200, p99 3k, max 1e12":    {Kind: LogNormal, A: 200, B: 3000, Max: 1e12},
		"p50 2, p90 6, p99 9, max 21k": piecewise(map[string]float64{"p50": 2, "p90": 6, "p99": 9, "max": 21362}),
		"min 1, p50 2, p90 2, p99_9 7": piecewise(map[string]float64{"min": 1, "p50": 2, "p90": 2, "p99_9": 7}),
	} {
		checkMean(t, name, d)
	}
}

func piecewise(quantiles map[string]float64) Dist {
	d := Dist{Kind: Piecewise, Max: quantiles["max"]}
	for i, k := range knots() {
		d.Knots[i] = quantiles[k.key]
	}
	return d
}

// A piecewise distribution goes through the quantiles that it is given, rises
// between them, and is flat beyond them.
func TestPiecewiseGoesThroughItsQuantiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, value := Dist{Kind: Piecewise}, rapid.Float64Range(0.001, 10).Draw(t, "lowest")
		first, last := -1, -1
		for i := range d.Knots {
			value *= rapid.Float64Range(1, 50).Draw(t, "factor")
			if i == 3 || rapid.Bool().Draw(t, "given") {
				d.Knots[i] = value
				last = i
				if first < 0 {
					first = i
				}
			}
		}
		for i, k := range knots() {
			if d.Knots[i] == 0 || k.at == 0 || k.at == 1 {
				continue
			}
			if got := d.Quantile(k.at); math.Abs(got/d.Knots[i]-1) > 1e-9 {
				t.Fatalf("%s of %s is %g, given %g", k.key, d, got, d.Knots[i])
			}
		}
		before := 0.0
		for u := range 1000 {
			x := d.Quantile((float64(u) + 0.5) / 1000)
			if x < before || x < d.Knots[first]*(1-1e-9) || x > d.Knots[last]*(1+1e-9) {
				t.Fatalf("%s: quantile %g at %d/1000, after %g", d, x, u, before)
			}
			before = x
		}
		if d.Most() != d.Knots[last] {
			t.Fatalf("%s: the most is %g", d, d.Most())
		}
	})
}

func checkMean(t *testing.T, name string, d Dist) {
	t.Helper()
	const n = 400_000
	sum := 0.0
	for i := range n {
		sum += d.Quantile((float64(i) + 0.5) / n)
	}
	got, want := d.Mean(), sum/n
	// The heaviest tail above has a standard deviation of 8 means.
	if math.Abs(got-want) > 0.002*max(1, math.Abs(want)) {
		t.Errorf("%s: Mean %g, mean of quantiles %g", name, got, want)
	}
}

// A sampled share below a quantile is that share: within 5 standard deviations.
func TestQuantileAgreesWithSampling(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	const n = 50_000
	for _, d := range []Dist{
		{Kind: Normal, A: 20, B: 5}, {Kind: LogNormal, A: 6, B: 700}, {Kind: LogNormal, A: 6, B: 700, Max: 5000},
	} {
		samples := make([]float64, n)
		for i := range samples {
			z := random.NormFloat64() // not our quantile function
			if d.Kind == Normal {
				samples[i] = max(0, d.A+d.B*z)
			} else {
				samples[i] = d.A * math.Exp(math.Log(d.B/d.A)/2.326*z)
			}
		}
		for _, u := range []float64{0.01, 0.1, 0.5, 0.9, 0.99} {
			below := 0
			for _, x := range samples {
				if x < d.Quantile(u) {
					below++
				}
			}
			if got, bound := float64(below)/n, 5*math.Sqrt(u*(1-u)/n); math.Abs(got-u) > bound {
				t.Errorf("%s: a share of %g lies below the quantile of %g", d, got, u)
			}
		}
	}
}

func TestQuantileKeepsItsPromises(t *testing.T) {
	if got := (Dist{Kind: LogNormal, A: 6, B: 700}).Quantile(0.99); math.Abs(got-700) > 0.5 {
		t.Errorf("the 99th percentile is %g, want 700", got)
	}
	rapid.Check(t, func(t *rapid.T) {
		d := drawDist(t)
		u, v := rapid.Float64Range(0, 1).Draw(t, "u"), rapid.Float64Range(0, 1).Draw(t, "v")
		if u > v {
			u, v = v, u
		}
		a, b := d.Quantile(u), d.Quantile(v)
		if a > b {
			t.Fatalf("%s: Quantile(%g) = %g > Quantile(%g) = %g", d, u, a, v, b)
		}
		if a < 0 || v < 1-1e-9 && b > d.Most() {
			t.Fatalf("%s: Quantile(%g) = %g and Quantile(%g) = %g leave 0..%g", d, u, a, v, b, d.Most())
		}
		if m := d.Mean(); m < d.Quantile(0) || m > d.Most() {
			t.Fatalf("%s: Mean %g is outside of %g..%g", d, m, d.Quantile(0), d.Most())
		}
	})
}

// drawDist draws a distribution of counts or times that has an upper end.
func drawDist(t *rapid.T) Dist {
	a, b := float64(rapid.IntRange(1, 1e6).Draw(t, "a")), float64(rapid.IntRange(1, 1e6).Draw(t, "b"))
	low, high := min(a, b), max(a, b)
	timed := rapid.Bool().Draw(t, "time")
	return rapid.SampledFrom([]Dist{
		{Kind: Constant, A: a, Time: timed},
		{Kind: Normal, A: a, B: math.Floor(b / 100), Time: timed},
		{Kind: LogNormal, A: low, B: high, Max: high + float64(rapid.IntRange(0, 1e6).Draw(t, "beyond")), Time: timed},
		{Kind: UniformInt, A: low, B: high, Time: timed},
	}).Draw(t, "kind")
}
