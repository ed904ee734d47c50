package attack

import (
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/internal/schedule"
)

// relay lets hits go and hands them to a worker, by a clock of its own.
type relay struct {
	pacer *pacer
	now   time.Duration
	look  time.Duration // what a look at the clock takes
	late  time.Duration // how late a sleeper is woken
}

func newRelay(tb testing.TB, sched schedule.Schedule) *relay {
	r := &relay{look: 100 * time.Nanosecond}
	r.pacer = &pacer{
		ctx: tb.Context(), schedule: sched, crew: &crew{most: 64}, most: 1 << 40, end: time.Hour,
		clock: func() time.Duration { r.now += r.look; return r.now },
		sleep: func(d time.Duration) { r.now += d + r.late },
	}
	if sched != nil {
		r.pacer.most, r.pacer.end = sched.Count(), sched.Duration()+time.Second
	}
	return r
}

// hit lets hit k go and has a worker ready to send it after handover. It
// returns when it was let go, when the worker was ready, and when it was sent.
func (r *relay) hit(k uint64, handover time.Duration) (released, ready, sent time.Duration, ok bool) {
	wait, stop := r.pacer.Pace(0, k)
	released = r.now
	r.now += handover
	ready = r.now
	return released, ready, r.pacer.meet(r.pacer.schedule.Due(k)), wait == 0 && !stop
}

// TestMeetKeepsToDueTimes holds the laws of the lead over any way that hits take.
func TestMeetKeepsToDueTimes(t *testing.T) {
	_, sched := constantPhase(t, 1000, 2*time.Second)
	rapid.Check(t, func(rt *rapid.T) {
		r := newRelay(t, sched)
		r.look = time.Duration(rapid.IntRange(1, 2000).Draw(rt, "look"))
		r.late = time.Duration(rapid.IntRange(0, 100_000).Draw(rt, "late"))
		r.pacer.lead.Store(rapid.Int64Range(0, int64(leadMost)).Draw(rt, "lead"))
		ways := rapid.SliceOfN(rapid.IntRange(0, 300_000), 1, 300).Draw(rt, "handover")
		for k, way := range ways {
			due := sched.Due(uint64(k))
			released, ready, sent, ok := r.hit(uint64(k), time.Duration(way))
			switch {
			case !ok:
				rt.Fatalf("hit %d was not let go", k)
			case released < due-leadMost:
				rt.Fatalf("hit %d was let go %v before it was due", k, due-released)
			case sent < due:
				rt.Fatalf("hit %d was sent %v before it was due", k, due-sent)
			case sent > max(due, ready)+2*r.look:
				rt.Fatalf("hit %d, due at %v, was ready at %v and sent at %v", k, due, ready, sent)
			}
			if lead := r.pacer.lead.Load(); lead < 0 || lead > int64(leadMost) {
				rt.Fatalf("the lead is %v after hit %d", time.Duration(lead), k)
			}
		}
	})
}

// TestMeetSpinsForALeadAtMost has a worker ready long before its hit is due, as
// no pacer lets it: it is not kept for longer than leadMost.
func TestMeetSpinsForALeadAtMost(t *testing.T) {
	_, sched := constantPhase(t, 1, 10*time.Second)
	r := newRelay(t, sched)
	if sent := r.pacer.meet(time.Second); sent < leadMost || sent > leadMost+2*r.look {
		t.Errorf("sent after %v, want %v", sent, leadMost)
	}
}

// TestLeadIsTheMedianWay lets the way to a worker take many times, and checks
// what the pacer makes of it.
func TestLeadIsTheMedianWay(t *testing.T) {
	_, sched := constantPhase(t, 1000, 3*time.Second)
	random := rand.New(rand.NewPCG(1, 2))
	us := func(n float64) time.Duration { return time.Duration(n * float64(time.Microsecond)) }
	for _, tt := range []struct {
		name string
		way  func() time.Duration
		want time.Duration
	}{
		{"no way at all", func() time.Duration { return 0 }, 0},
		{"always the same", func() time.Duration { return us(30) }, us(30)},
		{"around a middle", func() time.Duration { return us(20 + 20*random.Float64()) }, us(30)},
		// The mean is 92 µs: what comes late in any case is not waited for by the others.
		{"with a long tail", func() time.Duration {
			if random.IntN(5) < 2 {
				return us(200)
			}
			return us(20)
		}, us(20)},
		{"longer than any lead", func() time.Duration { return us(500) }, leadMost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRelay(t, sched)
			early := 0
			for k := range sched.Count() {
				released, _, _, ok := r.hit(k, tt.way())
				if !ok {
					t.Fatalf("hit %d was not let go", k)
				}
				if k < 1000 {
					continue // learning
				}
				if released < sched.Due(k) {
					early++
				}
				if off := time.Duration(r.pacer.lead.Load()) - tt.want; off < -us(5) || off > us(5) {
					t.Fatalf("the lead is %v from %v at hit %d", off, tt.want, k)
				}
			}
			if want := 2000; tt.want > us(10) && early != want {
				t.Errorf("%d of %d hits were let go early", early, want)
			}
		})
	}
}

// TestMeetLeavesOthersAlone: a hit that had to wait for a worker, and one of a
// closed loop, are sent at once and teach nothing.
func TestMeetLeavesOthersAlone(t *testing.T) {
	_, sched := constantPhase(t, 1000, time.Second)
	behind, closed := newRelay(t, sched), newRelay(t, nil)
	behind.pacer.backlog.Store(true)
	for name, r := range map[string]*relay{"behind": behind, "closed": closed} {
		r.pacer.lead.Store(30_000)
		if sent := r.pacer.meet(40 * time.Microsecond); sent != r.look {
			t.Errorf("%s: sent at %v, want at once", name, sent)
		}
		if lead := r.pacer.lead.Load(); lead != 30_000 {
			t.Errorf("%s: the lead is now %v", name, time.Duration(lead))
		}
	}
}
