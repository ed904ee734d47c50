package attack

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/results"
)

func TestJudge(t *testing.T) {
	good := Figures{
		Phase: "hold", Planned: 10_000, Sent: 10_000, MaxInFlight: 100, InFlightPeak: 12,
		LightService: 5 * time.Millisecond, LightCount: 10_000, PeakRatePerS: 1000,
		LateLimit: 10 * time.Millisecond, CPUShare: 0.2,
	}
	tests := []struct {
		name      string
		change    func(*Figures)
		invalid   []string // a part of each reason
		saturated bool
	}{
		{"all is well", func(*Figures) {}, nil, false},
		{"1% late", func(f *Figures) { f.LatePunctual, f.Late = 100, 100 }, nil, false},
		{"more than 1% late", func(f *Figures) { f.LatePunctual, f.Late = 101, 101 }, []string{"fell behind: 101 of 10000"}, false},
		{"a single one late", func(f *Figures) { f.Planned, f.Sent, f.LatePunctual, f.Late = 20, 20, 1, 1 }, nil, false},
		{"late behind busy workers", func(f *Figures) { f.Late, f.HeldShare = 5000, 0.5 }, nil, true},
		{"late behind busy workers and a busy processor", func(f *Figures) { f.Late, f.HeldShare, f.CPUShare = 5000, 0.5, 0.97 },
			[]string{"processors 97% busy"}, false},
		{"processor not known", func(f *Figures) { f.Late, f.HeldShare, f.CPUShare = 5000, 0.5, -1 }, nil, true},
		{"unsent though free", func(f *Figures) { f.Sent = 9000 }, []string{"1000 of 10000 requests were never sent"}, false},
		{"unsent, interrupted", func(f *Figures) { f.Sent, f.Interrupted = 100, true }, nil, false},
		{"unsent, all busy", func(f *Figures) { f.Sent, f.HeldShare = 5000, 0.5 }, nil, true},
		{"a moment of all busy", func(f *Figures) { f.HeldShare = 0.009 }, nil, false},
		{"the bound is too small", func(f *Figures) { f.HeldShare, f.LightService, f.Sent = 0.9, 200*time.Millisecond, 5000 },
			[]string{"max_in_flight 100 is too small: 1000 requests/s at a service time of 200ms need 200"}, false},
		{"the bound would be too small, were it reached", func(f *Figures) { f.LightService = 200 * time.Millisecond }, nil, false},
		{"the bound is just large enough", func(f *Figures) { f.HeldShare, f.LightService = 0.9, 100*time.Millisecond }, nil, true},
		{"nothing seen in the light", func(f *Figures) { f.HeldShare, f.LightService, f.LightCount = 0.9, 0, 0 }, nil, true},
		{"nothing sent, all busy", func(f *Figures) { f.Sent, f.HeldShare = 0, 1 }, nil, true},
		{"1% refused", func(f *Figures) { f.Refusals = 100 }, nil, false},
		{"half refused", func(f *Figures) { f.Refusals = 5000 }, nil, true},
		{"a closed loop", func(f *Figures) { f.Closed, f.HeldShare, f.Late = true, 1, 9999 }, nil, false},
		{"nothing planned", func(f *Figures) { f.Planned, f.Sent = 0, 0 }, nil, false},
		{"both", func(f *Figures) {
			f.LatePunctual, f.Late, f.HeldShare, f.LightService = 500, 500, 0.9, time.Second
		}, []string{"too small", "fell behind"}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := good
			tt.change(&f)
			v := Judge(f)
			if v.Saturated != tt.saturated || len(v.Invalid) != len(tt.invalid) {
				t.Fatalf("verdict %+v, want saturated %v and %d reasons", v, tt.saturated, len(tt.invalid))
			}
			for i, part := range tt.invalid {
				if !strings.Contains(v.Invalid[i], part) {
					t.Errorf("reason %q, want %q", v.Invalid[i], part)
				}
			}
		})
	}
	short, long := good, good
	short.Planned, short.Sent, short.LatePunctual = 100, 100, 20
	if v := Judge(short, long); len(v.Invalid) != 0 {
		t.Errorf("20 late among 10,100 are held against the run: %v", v.Invalid)
	}
	if v := Judge(short, short, long); len(v.Invalid) != 0 {
		t.Errorf("40 late among 10,200 are held against the run: %v", v.Invalid)
	}
	short.LatePunctual = 90
	if v := Judge(short, short, long); len(v.Invalid) != 1 {
		t.Errorf("180 late among 10,200 are not held against the run: %v", v.Invalid)
	}
	const least = 20 * time.Millisecond
	if lateLimit(least, time.Second) != 100*time.Millisecond || lateLimit(least, time.Millisecond) != least {
		t.Error("the limit is not max(least, 10% of p99)")
	}
}

// TestRingGivesEachItsOwn lets takers come in any order within a window, some
// much later than others, and checks that each gets the payload of its number.
func TestRingGivesEachItsOwn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 400).Draw(t, "n")
		mean := rapid.SampledFrom([]float64{0, 100, 1 << 20, 64 << 20}).Draw(t, "mean")
		takers := rapid.IntRange(1, 50).Draw(t, "takers")
		r := newRing(mean)
		var composed sync.WaitGroup
		composed.Go(func() {
			r.fill(uint64(n), func(p *payload, k uint64) { p.body = append(p.body, byte(k), byte(k>>8)) })
		})
		numbers := make(chan uint64, n)
		for k := range uint64(n) {
			numbers <- k
		}
		close(numbers)
		var wg sync.WaitGroup
		wrong := make(chan string, takers)
		for range takers {
			wg.Go(func() {
				for k := range numbers {
					if k%7 == 0 {
						runtime.Gosched()
					}
					p := r.take(k)
					if p == nil || p.index != k || !slices.Equal(p.body, []byte{byte(k), byte(k >> 8)}) {
						wrong <- fmt.Sprintf("payload of %d: %+v", k, p)
						return
					}
					r.give(p)
				}
			})
		}
		wg.Wait()
		composed.Wait()
		if len(wrong) > 0 {
			t.Fatal(<-wrong)
		}
		if r.bytes.Load() != 0 {
			t.Fatalf("%d bytes are left on the books", r.bytes.Load())
		}
		r.close()
		if r.take(uint64(n)) != nil {
			t.Fatal("a closed ring gave a payload")
		}
	})
}

func TestRingIsBounded(t *testing.T) {
	for _, tt := range []struct {
		size, most int
	}{{100, aheadMost}, {1 << 20, 32}, {64 << 20, 1}} {
		r := newRing(float64(tt.size))
		var composed sync.WaitGroup
		body := make([]byte, tt.size)
		composed.Go(func() { r.fill(1000, func(p *payload, _ uint64) { p.body = body }) })
		for r.filled.Load() < uint64(tt.most) {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(20 * time.Millisecond) // time to go too far
		if got := r.filled.Load(); got != uint64(tt.most) {
			t.Errorf("%d payloads of %d bytes are composed ahead, want %d", got, tt.size, tt.most)
		}
		r.close()
		composed.Wait()
	}
}

// TestRowsAddUp records answers in any order, of requests sent or not, and
// compares the rows with what was recorded.
func TestRowsAddUp(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		_, sched := constantPhase(t, 40, 5*time.Second)
		s := newSeconds("p", sched)
		s.offset = time.Duration(rapid.Int64Range(0, int64(3*time.Second)).Draw(rt, "offset"))
		sent := rapid.SliceOfNDistinct(rapid.Uint64Range(0, 199), 0, 200, func(k uint64) uint64 { return k }).Draw(rt, "sent")
		want := map[int]uint64{}
		for _, k := range sent {
			o := sample{Observation: Observation{Due: sched.Due(k), Code: 200}, inFlight: 1}
			o.Send = o.Due + time.Duration(k%50)*time.Millisecond
			o.End = o.Send + time.Duration(k)*time.Millisecond
			s.record(&o)
			want[int((s.offset+o.Due)/time.Second)]++
		}
		var planned uint64
		rows := s.rows(5 * time.Second)
		for _, r := range rows {
			planned += r.Planned
			if r.Sent != want[r.T] || r.Delivered != r.Sent || r.ResponseTime.Count != r.Sent || r.Sent > r.Planned {
				rt.Fatalf("second %d: %+v, want %d sent", r.T, r, want[r.T])
			}
		}
		if planned != 200 || rows[0].T != int(s.offset/time.Second) {
			rt.Fatalf("%d planned in %d rows from second %d", planned, len(rows), rows[0].T)
		}
		if len(sent) == 200 && len(s.open) != 0 {
			rt.Fatalf("%d rows are still open", len(s.open))
		}
	})
}

// TestGaugeLosesNothing records values past its range.
func TestGaugeLosesNothing(t *testing.T) {
	g, s := newGauge(), newSparse()
	for _, d := range []time.Duration{-5, 0, 1, time.Second, rangeMost, rangeMost + 1, 100 * time.Hour} {
		g.record(d)
		s.record(d)
	}
	scratch := newGauge()
	for _, q := range []results.Quantiles{g.quantiles(), s.quantiles(scratch.Histogram)} {
		if q.Count != 7 || q.OverRange != 2 || q.Min != 0 || time.Duration(q.Max) < rangeMost*999/1000 {
			t.Errorf("quantiles %+v", q)
		}
	}
	if scratch.TotalCount() != 0 {
		t.Error("the scratch histogram was not left empty")
	}
	if n := g.above(500 * time.Millisecond); n != 4 {
		t.Errorf("%d values above half a second, want 4", n)
	}
}

// TestPacerKeepsToItsPlan asks a pacer with a clock of its own.
func TestPacerKeepsToItsPlan(t *testing.T) {
	_, sched := constantPhase(t, 1000, 100*time.Millisecond)
	var now time.Duration
	slept, late := 0, newGauge()
	p := &pacer{
		ctx: t.Context(), schedule: sched, most: sched.Count(), crew: &crew{most: 4}, end: 110 * time.Millisecond,
		// Each look at the clock takes a while, and a sleeper is woken late.
		clock: func() time.Duration { now += time.Microsecond; return now },
		sleep: func(d time.Duration) { slept++; now += d + 30*time.Microsecond },
	}
	for k := range uint64(50) {
		if wait, stop := p.Pace(0, k); wait != 0 || stop || now < sched.Due(k) {
			t.Fatalf("hit %d: wait %v, stop %v at %v", k, wait, stop, now)
		}
		late.record(now - sched.Due(k))
	}
	// It has learnt to be woken earlier, and does not spin the time away.
	if late.at(100) > 35*time.Microsecond || late.Min() > 30_000 || slept < 40 {
		t.Errorf("let go %v late at most, after %d sleeps", late.at(100), slept)
	}
	if p.held(now) != 0 || p.backlog.Load() {
		t.Errorf("held for %v with workers free", p.held(now))
	}
	// All workers are busy, and the next hit is taken 20 ms later.
	p.crew.busy.Store(4)
	if _, stop := p.Pace(0, 50); stop {
		t.Fatal("stopped")
	}
	now += 20 * time.Millisecond
	if held := p.held(now); held < 19*time.Millisecond {
		t.Errorf("held for %v so far, want 20ms", held)
	}
	if _, stop := p.Pace(0, 51); stop || !p.backlog.Load() {
		t.Errorf("stop %v, backlog %v", stop, p.backlog.Load())
	}
	if held := time.Duration(p.heldNS.Load()); held < 19*time.Millisecond || held > 21*time.Millisecond {
		t.Errorf("held for %v, want 20ms", held)
	}
	now = 111 * time.Millisecond
	if _, stop := p.Pace(0, 52); !stop {
		t.Error("goes on past its end")
	}
	if _, stop := p.Pace(0, 100); !stop {
		t.Error("goes on past its last hit")
	}
}
