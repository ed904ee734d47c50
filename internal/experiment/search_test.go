package experiment

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	timetable "github.com/spanstorm/spanstorm/internal/schedule"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// usualSearch is a search as the command makes it.
func usualSearch(start float64) search {
	return CapacitySettings{Start: start, Precision: CapacityPrecision}.searching(CapacityMost(&scenarios.Scenario{}))
}

// probed lets a made-up target be searched. outcome says how a probe at a rate comes out.
func probed(t *testing.T, s search, outcome func(rate float64) string) []results.Probe {
	t.Helper()
	var probes []results.Probe
	for range 300 {
		rate, purpose, over := s.next(probes)
		if over {
			return probes
		}
		p := results.Probe{RatePerS: rate, Purpose: purpose, Outcome: outcome(rate)}
		if p.Outcome == results.ProbeFailed {
			p.Broke = []string{"refused == 0"}
		}
		probes = append(probes, p)
	}
	t.Fatalf("it does not come to an end: %+v", probes[len(probes)-3:])
	return nil
}

// summed is what the record says of the probes.
func summed(probes []results.Probe) *results.Capacity {
	c := &capacity{rec: &results.Record{Capacity: &results.Capacity{Probes: probes}}}
	c.Precision, c.Scenario = CapacityPrecision, &scenarios.Scenario{}
	c.sum(true)
	return c.rec.Capacity
}

func step(at float64) func(float64) string {
	return func(rate float64) string {
		if rate <= at {
			return results.ProbePassed
		}
		return results.ProbeFailed
	}
}

// A target with a sharp edge is found wherever the search begins, within the precision, and
// both ends are decided by the test.
func TestSearchSharp(t *testing.T) {
	for _, edge := range []float64{1.5, 37, 1490, 123456} {
		for _, start := range []float64{1, 100, 1490, 1e5} {
			probes := probed(t, usualSearch(start), step(edge))
			got := summed(probes)
			if !got.Answered || got.Low > edge || got.High <= edge || got.High > got.Low*(1+CapacityPrecision)*1.001 {
				t.Errorf("edge %g from %g: %v, %g to %g", edge, start, got.Answered, got.Low, got.High)
			}
			for _, r := range got.Rates {
				if r.RatePerS == got.Low && r.Verdict != results.RateHolds || r.RatePerS == got.High && r.Verdict != results.RateBreaks {
					t.Errorf("edge %g: the bracket is not decided: %+v", edge, r)
				}
			}
			if got.LimitedBy != "refused == 0" || got.AnswerPerS.Requests != got.Low {
				t.Errorf("edge %g: %+v", edge, got)
			}
			if len(probes) > 60 {
				t.Errorf("edge %g from %g: %d probes", edge, start, len(probes))
			}
		}
	}
}

// Chance spoils one probe in ten on either side of the edge: the answer is still near it.
func TestSearchNoisy(t *testing.T) {
	const edge, runs = 1490.0, 400
	r := rand.New(rand.NewPCG(1, 2))
	far, worst := 0, 0
	for range runs {
		probes := probed(t, usualSearch(100), func(rate float64) string {
			honest := step(edge)(rate)
			if r.Float64() < 0.1 {
				return map[string]string{results.ProbePassed: results.ProbeFailed, results.ProbeFailed: results.ProbePassed}[honest]
			}
			return honest
		})
		worst = max(worst, len(probes))
		if got := summed(probes); !got.Answered || math.Abs(got.AnswerPerS.Requests/edge-1) > 0.05 {
			far++
		}
	}
	if far > runs*2/100 {
		t.Errorf("%d of %d answers are more than 5%% off", far, runs)
	}
	t.Logf("%d of %d answers are more than 5%% off; at most %d probes", far, runs, worst)
}

// On a slope there are rates at which some probes pass and some fail: the answer lies where
// they pass as a rule.
func TestSearchSlope(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var answers []float64
	for range 200 {
		answers = append(answers, summed(probed(t, usualSearch(100), slope(r, func() float64 { return 1000 }))).AnswerPerS.Requests)
	}
	slices.Sort(answers)
	if low, high := answers[10], answers[189]; low < 850 || high > 1060 {
		t.Errorf("nine tenths of the answers lie from %g to %g", low, high)
	}
}

// slope is a target of which half the probes pass at a rate, nine tenths at 93% of it and one tenth at 107%.
func slope(r *rand.Rand, half func() float64) func(rate float64) string {
	return func(rate float64) string {
		at := half()
		if r.Float64() < 1/(1+math.Exp((rate-at)/(0.03*at))) {
			return results.ProbePassed
		}
		return results.ProbeFailed
	}
}

// On a machine that is now faster and now slower, by a tenth, the interval says so: those of two
// searches overlap, and hold the rate at which half the probes pass over time.
func TestSearchDrift(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	const searches = 400
	var intervals [][2]float64
	hold, wide := 0, 0.0
	for range searches {
		turn := 2 * math.Pi * r.Float64()
		got := summed(probed(t, usualSearch(100), slope(r, func() float64 {
			turn += 2 * math.Pi / 20 // as many probes
			return 1000 * (1 + 0.1*math.Sin(turn))
		})))
		if got.Low > got.AnswerPerS.Requests || got.High <= got.AnswerPerS.Requests {
			t.Fatalf("%g to %g, answer %g", got.Low, got.High, got.AnswerPerS.Requests)
		}
		intervals = append(intervals, [2]float64{got.Low, got.High})
		if got.Low <= 1000 && got.High >= 1000 {
			hold++
		}
		wide += math.Log(got.High/got.Low) / searches
	}
	overlap := 0
	for i := 0; i+1 < searches; i += 2 {
		if a, b := intervals[i], intervals[i+1]; a[0] <= b[1] && b[0] <= a[1] {
			overlap++
		}
	}
	t.Logf("%d of %d intervals hold 1000, %d of %d pairs overlap; high is %.2f of low", hold, searches, overlap, searches/2, math.Exp(wide))
	if hold < searches*3/4 || overlap < searches/2*95/100 {
		t.Errorf("%d of %d intervals hold 1000, %d of %d pairs overlap", hold, searches, overlap, searches/2)
	}
}

// Where the generator is the limit there is no answer, and what to do is said; one spoilt
// probe is not yet a limit.
func TestSearchGenerator(t *testing.T) {
	got := summed(probed(t, usualSearch(100), func(rate float64) string {
		if rate > 700 {
			return results.ProbeGenerator
		}
		return results.ProbePassed
	}))
	if got.Answered || got.NoAnswer == "" || got.LimitedBy != results.LimitGenerator || got.High != 0 || got.Low > 700 || got.Low < 650 || got.AnswerPerS.Requests != 0 {
		t.Errorf("%+v", got)
	}
	spoilt := map[float64]bool{}
	got = summed(probed(t, usualSearch(100), func(rate float64) string {
		if !spoilt[rate] {
			spoilt[rate] = true
			return results.ProbeGenerator
		}
		return step(1490)(rate)
	}))
	if !got.Answered || got.Low < 1400 || got.Low > 1490 {
		t.Errorf("with each first probe spoilt: %+v", got)
	}
}

// A target that holds nothing, or everything, is said to.
func TestSearchEnds(t *testing.T) {
	got := summed(probed(t, usualSearch(100), step(0)))
	if got.Answered || got.NoAnswer == "" || got.High != capacityLeast {
		t.Errorf("nothing holds: %+v", got)
	}
	got = summed(probed(t, usualSearch(100), step(math.Inf(1))))
	if got.Answered || got.NoAnswer == "" || got.Low != CapacityMost(&scenarios.Scenario{}) {
		t.Errorf("everything holds: %+v", got)
	}
}

// The looks of a comparison spend what there is to spend, and no more.
func TestSchedule(t *testing.T) {
	for _, test := range []struct {
		s    schedule
		want []int
	}{
		{schedule{rounds: 12}, []int{12}},
		{schedule{rounds: 5}, []int{5}},
		{schedule{rounds: 30}, []int{12, 18, 27, 30}},
		{schedule{rounds: 12, more: true}, []int{12, 18, 27, 41, 62}},
		{schedule{rounds: 20, more: true}, []int{12, 18, 20, 30, 45}},
	} {
		var looks []results.Look
		var rounds []int
		spent := 0.0
		for len(looks) < len(test.want) {
			look := test.s.next(looks)
			looks, rounds, spent = append(looks, look), append(rounds, look.Rounds), spent+look.Alpha
		}
		if !slices.Equal(rounds, test.want) {
			t.Errorf("%+v: looks at %v, want %v", test.s, rounds, test.want)
		}
		if spent > 0.05+1e-12 || !test.s.more && spent < 0.05-1e-12 {
			t.Errorf("%+v spends %g", test.s, spent)
		}
	}
}

// The search begins where the scenario does.
func TestStartRate(t *testing.T) {
	const spans = 2.3 // of a trace of smoke: its corpus has about that
	for _, test := range []struct {
		sets []string
		want float64
	}{
		{[]string{"load=[{rate: 20/s, for: 1s, discard: true}, {rate: 40/s..90/s, for: 1s}]"}, 40},
		{[]string{"load=[{rate: 3000 traces/s, for: 1s}]", "traces_per_request=20"}, 150},
		{[]string{"load=[{rate: 3000 traces/s, for: 1s}]", "clients={count: 5, flush_interval: 1s}"}, 3000},
		{[]string{"load=[{rate: max, for: 1s}]"}, startFallback},
		{[]string{"load=[{rate: 3000 spans/s, for: 1s}]", "traces_per_request=20"}, 3000 / 20 / spans},
		{[]string{"load=[{rate: 3000 spans/s, for: 1s}]", "clients={count: 5, flush_interval: 1s}"}, 3000 / spans},
		{[]string{"load=[{rate: 0/s..90/s, for: 10s}]"}, 45},
		{[]string{"load=[{steps: {from: 70/s, to: 90/s, by: 10/s, every: 1s}}]"}, 70},
		{[]string{"load=[{sine: {mean: 60/s, amplitude: 50/s, period: 10s}, for: 10s}]"}, 60},
		{[]string{"load=[{bursts: {base: 10/s, peak: 80/s, every: 10s, for: 1s}, for: 10s}]"}, 80},
	} {
		s, err := scenarios.Load("smoke", test.sets)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := startRate(s); err != nil || math.Abs(got-test.want) > 0.03*test.want {
			t.Errorf("%v begins at %g, %v, want %g", test.sets, got, err, test.want)
		}
	}
}

// More traces than clients can send in requests of their largest size are not searched for.
func TestCapacityMost(t *testing.T) {
	s := &scenarios.Scenario{Clients: scenarios.Clients{Count: 10, FlushInterval: scenarios.Duration(500 * time.Millisecond), FlushJitter: 0.1}}
	if most := CapacityMost(s); most != 166_650 {
		t.Errorf("%g traces/s, want 10 clients times 9,999 in 600 ms", most)
	}
	for share, fits := range map[float64]bool{1: true, 1.3: false} {
		q := scenarios.Quantity{PerS: share * CapacityMost(s), Unit: scenarios.Traces}
		phase := &scenarios.Phase{Name: "hold", Send: "traces", Rate: &scenarios.Rate{From: q, To: q}, For: scenarios.Duration(20 * time.Second)}
		_, err := timetable.NewFlushes(phase, timetable.Fleet{Clients: 10, Interval: 500 * time.Millisecond, Jitter: 0.1, Seed: 1}, timetable.Means{})
		if fits != (err == nil) {
			t.Errorf("%s: %v", q, err)
		}
	}
}

// What a capacity has to hold is what the scenario expects, and that requests are taken.
func TestProbeScenario(t *testing.T) {
	for _, test := range []struct {
		expect   string
		want     []string
		warnings int
	}{
		{"[]", []string{expectTaken, expectKept}, 1},
		{"[missing == 0, hold.response_time.p99 < 50ms]", []string{"missing == 0", "response_time.p99 < 50ms", expectTaken}, 1},
		{"[error_rate <= 1%]", []string{"error_rate <= 1%"}, 0},
		{"[requests.by_code.429 == 0]", []string{"requests.by_code.429 == 0"}, 0},
	} {
		s, err := scenarios.Load("smoke", []string{"expect=" + test.expect})
		if err != nil {
			t.Fatal(err)
		}
		base, expect, warnings, err := probeScenario(s)
		if err != nil || !slices.Equal(expect, test.want) || !slices.Equal(base.Expect, test.want) || len(warnings) != test.warnings {
			t.Errorf("%s: %q, %q, %v, want %q", test.expect, expect, warnings, err, test.want)
		}
	}
}

// A warm-up of no length is none; nothing said about it is the usual one.
func TestWarmUp(t *testing.T) {
	s, err := scenarios.Load("smoke", nil)
	if err != nil {
		t.Fatal(err)
	}
	for warm, phases := range map[time.Duration]int{-1: 1, 0: 2, time.Second: 2} {
		c := &capacity{base: s, CapacityOptions: CapacityOptions{Scenario: s, CapacitySettings: CapacitySettings{Warm: warm}.usual()}}
		if got := c.at(100); len(got.Load) != phases || got.Load[phases-1].Discard {
			t.Errorf("a warm-up of %v: %+v", warm, got.Load)
		}
	}
}
