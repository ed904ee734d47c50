package schedule

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/scenarios"
)

func perS(v float64) scenarios.Quantity {
	return scenarios.Quantity{PerS: v, Unit: scenarios.Requests}
}

func dur(d time.Duration) scenarios.Duration { return scenarios.Duration(d) }

func constant(r float64, d time.Duration) *scenarios.Phase { return rampPhase(r, r, d) }

func rampPhase(from, to float64, d time.Duration) *scenarios.Phase {
	return &scenarios.Phase{Name: "p", For: dur(d), Rate: &scenarios.Rate{From: perS(from), To: perS(to)}}
}

func stepsPhase(from, to, by float64, every, d time.Duration) *scenarios.Phase {
	return &scenarios.Phase{Name: "p", For: dur(d), Steps: &scenarios.Steps{From: perS(from), To: perS(to), By: perS(by), Every: dur(every)}}
}

func sinePhase(mean, amplitude float64, period, d time.Duration) *scenarios.Phase {
	return &scenarios.Phase{Name: "p", For: dur(d), Sine: &scenarios.Sine{Mean: perS(mean), Amplitude: perS(amplitude), Period: dur(period)}}
}

func burstsPhase(base, peak float64, every, burst, d time.Duration) *scenarios.Phase {
	return &scenarios.Phase{Name: "p", For: dur(d), Bursts: &scenarios.Bursts{Base: perS(base), Peak: perS(peak), Every: dur(every), For: dur(burst)}}
}

func TestDue(t *testing.T) {
	const s = time.Second
	tests := []struct {
		name  string
		phase *scenarios.Phase
		count uint64
		peak  float64
		dur   time.Duration
		due   map[uint64]time.Duration
	}{
		{"constant", constant(100, 10*s), 1000, 100, 10 * s,
			map[uint64]time.Duration{0: 0, 1: 10 * time.Millisecond, 999: 9990 * time.Millisecond, 1000: 10 * s, 5000: 10 * s}},
		{"once an hour", constant(1.0/3600, 24*time.Hour), 24, 1.0 / 3600, 24 * time.Hour,
			map[uint64]time.Duration{0: 0, 1: time.Hour, 23: 23 * time.Hour}},
		{"less than one", constant(1.0/3600, s), 1, 1.0 / 3600, s, map[uint64]time.Duration{0: 0, 1: s}},
		{"a million a second", constant(1e6, 1000*s), 1e9, 1e6, 1000 * s,
			map[uint64]time.Duration{1: time.Microsecond, 999_999_999: 1000*s - time.Microsecond, 123_456_789: 123_456_789 * time.Microsecond}},
		{"100 a minute", constant(100.0/60, time.Minute), 100, 100.0 / 60, time.Minute, map[uint64]time.Duration{50: 30 * s}},
		{"nothing", constant(0, s), 0, 0, s, map[uint64]time.Duration{0: s}},
		// N(t) = 5t², so request k is due at √(k/5).
		{"ramp from zero", rampPhase(0, 100, 10*s), 500, 100, 10 * s,
			map[uint64]time.Duration{0: 0, 5: s, 20: 2 * s, 80: 4 * s, 500: 10 * s}},
		// N(t) = 100t − 5t²; half way up: 100·2 − 20 = 180.
		{"ramp to zero", rampPhase(100, 0, 10*s), 500, 100, 10 * s,
			map[uint64]time.Duration{0: 0, 180: 2 * s, 320: 4 * s, 495: 9 * s}},
		{"ramp", rampPhase(100, 2000, 30*s), 31500, 2000, 30 * s, map[uint64]time.Duration{0: 0}},
		{"steps", stepsPhase(100, 250, 100, 2*s, 0), 1100, 250, 6 * s,
			map[uint64]time.Duration{0: 0, 199: 1990 * time.Millisecond, 200: 2 * s, 201: 2005 * time.Millisecond, 600: 4 * s, 850: 5 * s}},
		{"steps down", stepsPhase(300, 100, 100, s, 0), 600, 300, 3 * s,
			map[uint64]time.Duration{0: 0, 300: s, 500: 2 * s, 550: 2500 * time.Millisecond}},
		{"steps from zero", stepsPhase(0, 10, 10, s, 0), 10, 10, 2 * s, map[uint64]time.Duration{0: s, 5: 1500 * time.Millisecond}},
		{"one step", stepsPhase(50, 50, 0, s, 0), 50, 50, s, map[uint64]time.Duration{25: 500 * time.Millisecond}},
		{"steps cut short", stepsPhase(100, 300, 100, s, 1500*time.Millisecond), 200, 200, 1500 * time.Millisecond,
			map[uint64]time.Duration{100: s}},
		{"the last step holds on", stepsPhase(100, 200, 100, s, 4*s), 700, 200, 4 * s, map[uint64]time.Duration{500: 3 * s}},
		// A tenth is no binary fraction; there are still 10 steps.
		{"steps of a tenth", stepsPhase(0.1, 1, 0.1, 10*s, 0), 55, 1, 100 * s, map[uint64]time.Duration{0: 0, 1: 10 * s}},
		{"sine", sinePhase(100, 50, 10*s, 20*s), 2000, 150, 20 * s,
			map[uint64]time.Duration{0: 0, 1000: 10 * s}},
		{"a flat sine", sinePhase(100, 0, 10*s, s), 100, 100, s, map[uint64]time.Duration{50: 500 * time.Millisecond}},
		{"bursts", burstsPhase(10, 1000, 10*s, s, 20*s), 2180, 1000, 20 * s,
			map[uint64]time.Duration{0: 0, 500: 500 * time.Millisecond, 1000: s, 1010: 2 * s, 1090: 10 * s, 1590: 10500 * time.Millisecond}},
		{"bursts of silence", burstsPhase(0, 100, 10*s, s, 30*s), 300, 100, 30 * s,
			map[uint64]time.Duration{0: 0, 99: 990 * time.Millisecond, 100: 10 * s, 200: 20 * s}},
		{"lulls", burstsPhase(100, 0, 2*s, s, 4*s), 200, 100, 4 * s, map[uint64]time.Duration{0: s, 100: 3 * s}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sched, err := New(tt.phase, Means{})
			if err != nil {
				t.Fatal(err)
			}
			if sched.Count() != tt.count || sched.Duration() != tt.dur || math.Abs(sched.Peak()-tt.peak) > 1e-9 {
				t.Errorf("count %d, duration %v, peak %g; want %d, %v, %g",
					sched.Count(), sched.Duration(), sched.Peak(), tt.count, tt.dur, tt.peak)
			}
			got := map[uint64]time.Duration{}
			for k := range tt.due {
				got[k] = sched.Due(k)
			}
			if diff := cmp.Diff(tt.due, got); diff != "" {
				t.Errorf("due times (-want +got):\n%s", diff)
			}
		})
	}
}

// TestSineAgainstItsFormula checks the one inverse that is iterated: the
// integral at every due time is the number of the request.
func TestSineAgainstItsFormula(t *testing.T) {
	sched, err := New(sinePhase(1000, 1000, 7*time.Second, time.Minute), Means{})
	if err != nil {
		t.Fatal(err)
	}
	f := sine{mean: 1000, amplitude: 1000, period: 7}
	for k := range sched.Count() {
		// A nanosecond of rounding is at most 2000/s · 1 ns.
		if n := f.count(sched.Due(k).Seconds()); math.Abs(n-float64(k)) > 2e-6+float64(k)*1e-13 {
			t.Fatalf("request %d is due at %v, where %g are", k, sched.Due(k), n)
		}
	}
}

func TestRatesInOtherUnits(t *testing.T) {
	means := Means{Traces: 20, Spans: 160, Bytes: 50_000}
	for unit, want := range map[scenarios.Unit]uint64{
		scenarios.Requests: 800_000, scenarios.Traces: 40_000, scenarios.Spans: 5_000, scenarios.Bytes: 16,
	} {
		q := scenarios.Quantity{PerS: 800_000, Unit: unit}
		p := &scenarios.Phase{For: dur(time.Second), Rate: &scenarios.Rate{From: q, To: q}}
		s, err := New(p, means)
		if err != nil {
			t.Fatal(err)
		}
		if s.Count() != want {
			t.Errorf("800000 %s/s are %d requests/s, want %d", unit, s.Count(), want)
		}
	}
}

func TestRefused(t *testing.T) {
	spans := scenarios.Quantity{PerS: 1, Unit: scenarios.Spans}
	tests := []struct {
		name  string
		phase *scenarios.Phase
		want  string
	}{
		{"no profile", &scenarios.Phase{Name: "p", For: dur(time.Second)}, "no rate"},
		{"no time", constant(1, 0), "for"},
		{"too fast", constant(2e9, time.Second), "outside"},
		{"negative", constant(-1, time.Second), "outside"},
		{"not a number", constant(math.NaN(), time.Second), "outside"},
		{"too many", constant(1e9, 10_000*time.Hour), "numbered"},
		{"steps without time", stepsPhase(1, 2, 1, 0, time.Second), "every"},
		{"steps without height", stepsPhase(1, 2, 0, time.Second, time.Second), "by"},
		{"sine below zero", sinePhase(1, 2, time.Second, time.Second), "amplitude"},
		{"sine without period", sinePhase(1, 1, 0, time.Second), "period"},
		{"bursts without period", burstsPhase(1, 2, 0, time.Second, time.Second), "every"},
		{"bursts that overlap", burstsPhase(1, 2, time.Second, 2*time.Second, time.Second), "every"},
		{"spans in empty requests", &scenarios.Phase{Name: "p", For: dur(time.Second), Rate: &scenarios.Rate{From: spans, To: spans}}, "spans"},
		{"unknown unit", &scenarios.Phase{Name: "p", For: dur(time.Second), Rate: &scenarios.Rate{From: scenarios.Quantity{PerS: 1, Unit: "cats"}}}, "cats"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.phase, Means{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error about %q", err, tt.want)
			}
		})
	}
	closed := &scenarios.Phase{Rate: &scenarios.Rate{Max: true}}
	if _, err := New(closed, Means{}); !errors.Is(err, ErrClosedLoop) {
		t.Errorf("rate: max gives %v, want %v", err, ErrClosedLoop)
	}
}

// drawPhase draws a phase of any profile, of up to about 1e9 requests.
func drawPhase(t *rapid.T) *scenarios.Phase {
	rate := func(name string) float64 {
		return math.Pow(10, rapid.Float64Range(-3.6, 6).Draw(t, name)) // 1/h … 1e6/s
	}
	span := func(name string, most time.Duration) time.Duration {
		return time.Duration(rapid.Int64Range(int64(time.Millisecond), int64(most)).Draw(t, name))
	}
	d := span("for", 1000*time.Second)
	switch rapid.SampledFrom([]string{"constant", "ramp", "ramp from 0", "ramp to 0", "steps", "sine", "bursts", "bursts of silence"}).Draw(t, "profile") {
	case "constant":
		return constant(rate("rate"), d)
	case "ramp":
		return rampPhase(rate("from"), rate("to"), d)
	case "ramp from 0":
		return rampPhase(0, rate("to"), d)
	case "ramp to 0":
		return rampPhase(rate("from"), 0, d)
	case "steps":
		return stepsPhase(rate("from"), rate("to"), rate("by"), span("every", 100*time.Second), d)
	case "sine":
		mean := rate("mean")
		return sinePhase(mean, mean*rapid.Float64Range(0, 1).Draw(t, "amplitude"), span("period", 1000*time.Second), d)
	case "bursts":
		every := span("every", 100*time.Second)
		return burstsPhase(rate("base"), rate("peak"), every, span("burst", every), d)
	default:
		every := span("every", 100*time.Second)
		return burstsPhase(0, rate("peak"), every, span("burst", every), d)
	}
}

func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		phase := drawPhase(t)
		s, err := New(phase, Means{})
		if err != nil {
			t.Fatal(err)
		}
		n := s.Count()
		if n == 0 {
			t.Skip("nothing is planned")
		}
		// The first is due at the start, the one after the last at the end.
		if s.Due(0) != 0 || s.Due(n) != s.Duration() {
			t.Fatalf("due: first %v, after the last %v; want 0 and %v", s.Due(0), s.Due(n), s.Duration())
		}
		if s.CountAt(-1) != 0 || s.CountAt(s.Duration()) != n {
			t.Fatalf("count before %d, at the end %d; want 0 and %d", s.CountAt(-1), s.CountAt(s.Duration()), n)
		}
		// Monotone, for neighbours wherever they are.
		k := rapid.Uint64Range(0, n-1).Draw(t, "k")
		at, next := s.Due(k), s.Due(k+1)
		if next < at || at < 0 || at > s.Duration() {
			t.Fatalf("due(%d) = %v, due(%d) = %v within %v", k, at, k+1, next, s.Duration())
		}
		// CountAt inverts Due: everything up to k is due by then, and what
		// CountAt says is due is, and nothing more.
		c := s.CountAt(at)
		if c < k+1 || s.Due(c-1) > at || (c < n && s.Due(c) <= at) {
			t.Fatalf("countAt(due(%d) = %v) = %d; due(%d) = %v, due(%d) = %v", k, at, c, c-1, s.Due(c-1), c, s.Due(c))
		}
		if at > 0 && s.Due(max(k, 1)-1) < at && s.CountAt(at-1) != k {
			t.Fatalf("countAt just before due(%d) = %d", k, s.CountAt(at-1))
		}
		// Between two due times as many are due as the rate says.
		corners, again := cornersOf(phase)
		cycles := rapid.Float64Range(0, 100).Draw(t, "cycles")
		j := max(k, s.CountAt(min(at+time.Duration(cycles*float64(again)), s.Duration()))-1)
		want, planned := float64(j-k), integrate(s, at, s.Due(j), corners, again)
		if math.Abs(planned-want) > 1+want*1e-3 {
			t.Fatalf("between %v and %v %g are due, and the rate makes %g", at, s.Due(j), want, planned)
		}
	})
}

// cornersOf are the times at which a phase's rate is not smooth, and after how
// long they come again.
func cornersOf(phase *scenarios.Phase) (corners []time.Duration, again time.Duration) {
	switch {
	case phase.Steps != nil:
		return []time.Duration{0}, time.Duration(phase.Steps.Every)
	case phase.Bursts != nil:
		return []time.Duration{0, time.Duration(phase.Bursts.For)}, time.Duration(phase.Bursts.Every)
	case phase.Sine != nil:
		return []time.Duration{0}, time.Duration(phase.Sine.Period)
	}
	return []time.Duration{0}, time.Duration(phase.For)
}

// integrate sums the rate by the midpoint rule, from corner to corner.
func integrate(s Schedule, lo, hi time.Duration, corners []time.Duration, again time.Duration) float64 {
	const parts = 100
	sum := 0.0
	for cycle := lo - lo%again; cycle < hi; cycle += again {
		for i, corner := range corners {
			end := again
			if i+1 < len(corners) {
				end = corners[i+1]
			}
			from, to := max(cycle+corner, lo), min(cycle+end, hi)
			for part := range parts {
				if w := float64(to-from) / parts; w > 0 {
					sum += s.Rate(from+time.Duration((float64(part)+0.5)*w)) * w / 1e9
				}
			}
		}
	}
	return sum
}

// TestCountIsTheIntegral compares Count with the area under the rate, worked
// out by geometry where the profile has corners.
func TestCountIsTheIntegral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := New(drawPhase(t), Means{})
		if err != nil {
			t.Fatal(err)
		}
		p, ok := s.(*plan)
		if !ok {
			t.Fatalf("a schedule of type %T", s)
		}
		area := p.curve.count(s.Duration().Seconds())
		if math.Abs(float64(s.Count())-area) > 1+1e-9*area {
			t.Fatalf("count %d, area %g", s.Count(), area)
		}
	})
}

// TestMonotoneThroughout walks whole phases, corners included.
func TestMonotoneThroughout(t *testing.T) {
	for name, phase := range map[string]*scenarios.Phase{
		"ramp":   rampPhase(0, 5000, 10*time.Second),
		"down":   rampPhase(5000, 0, 10*time.Second),
		"steps":  stepsPhase(7, 1003, 13, 137*time.Millisecond, 0),
		"sine":   sinePhase(3000, 3000, 700*time.Millisecond, 10*time.Second),
		"bursts": burstsPhase(11, 9001, 700*time.Millisecond, 13*time.Millisecond, 30*time.Second),
	} {
		t.Run(name, func(t *testing.T) {
			s, err := New(phase, Means{})
			if err != nil {
				t.Fatal(err)
			}
			last := time.Duration(-1)
			for k := uint64(0); k <= s.Count(); k++ {
				at := s.Due(k)
				if at <= last {
					t.Fatalf("due(%d) = %v, not after %v", k, at, last)
				}
				if k < s.Count() && s.CountAt(at) != k+1 {
					t.Fatalf("countAt(due(%d)) = %d", k, s.CountAt(at))
				}
				last = at
			}
		})
	}
}

// TestNoDrift asks for requests far out: a billion requests on, each is due
// where exact arithmetic puts it.
func TestNoDrift(t *testing.T) {
	s, err := New(constant(1e6/3.0, 3001*time.Second), Means{})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []uint64{1, 999_999_999, 1_000_000_000} {
		if got, want := s.Due(k), time.Duration(k*3000); got != want {
			t.Errorf("constant: due(%d) = %v, want %v", k, got, want)
		}
	}
	b, err := New(burstsPhase(100, 1000, time.Second, 300*time.Millisecond, 3_000_000*time.Second), Means{})
	if err != nil {
		t.Fatal(err)
	}
	for _, cycle := range []uint64{1, 1_000_000, 2_702_702} { // 370 a cycle
		want := time.Duration(cycle)*time.Second + 100*time.Millisecond
		if got := b.Due(cycle*370 + 100); got < want-2 || got > want+2 {
			t.Errorf("bursts: cycle %d due at %v, want %v", cycle, got, want)
		}
	}
}

func TestPacer(t *testing.T) {
	s, err := New(constant(100, time.Second), Means{})
	if err != nil {
		t.Fatal(err)
	}
	p := Pacer{s}
	for _, tt := range []struct {
		elapsed time.Duration
		hits    uint64
		wait    time.Duration
		stop    bool
	}{
		{0, 0, 0, false},
		{0, 1, 10 * time.Millisecond, false},
		{8 * time.Millisecond, 1, 2 * time.Millisecond, false},
		{time.Second, 50, 0, false}, // late: at once
		{0, 100, 0, true},
	} {
		if wait, stop := p.Pace(tt.elapsed, tt.hits); wait != tt.wait || stop != tt.stop {
			t.Errorf("pace(%v, %d) = %v, %v; want %v, %v", tt.elapsed, tt.hits, wait, stop, tt.wait, tt.stop)
		}
	}
	if p.Rate(500*time.Millisecond) != 100 || p.Rate(2*time.Second) != 0 {
		t.Error("the pacer's rate is not the schedule's")
	}
}

func BenchmarkDue(b *testing.B) {
	for name, phase := range map[string]*scenarios.Phase{
		"constant": constant(1000, time.Hour),
		"ramp":     rampPhase(0, 1000, time.Hour),
		"steps":    stepsPhase(10, 1000, 10, time.Minute, 0),
		"sine":     sinePhase(1000, 900, time.Minute, time.Hour),
		"bursts":   burstsPhase(10, 1000, time.Minute, time.Second, time.Hour),
	} {
		b.Run(name, func(b *testing.B) {
			s, err := New(phase, Means{})
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			n, sum := s.Count(), time.Duration(0)
			for i := range b.N {
				sum += s.Due(uint64(i) * 7919 % n)
			}
			if sum < 0 {
				b.Fatal("a negative due time")
			}
		})
	}
}
