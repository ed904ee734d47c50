package schedule

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/scenarios"
)

// TestFlushes holds what clients that flush at intervals amount to: all traces
// that come due, each client in its rhythm.
func TestFlushes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fleet := Fleet{
			Clients:  rapid.IntRange(1, 60).Draw(t, "clients"),
			Interval: time.Duration(rapid.IntRange(50, 3000).Draw(t, "interval")) * time.Millisecond,
			Jitter:   rapid.Float64Range(0, 0.5).Draw(t, "jitter"),
			Seed:     rapid.Uint64().Draw(t, "seed"),
		}
		from := scenarios.Quantity{PerS: rapid.Float64Range(1, 5000).Draw(t, "from"), Unit: scenarios.Traces}
		to := scenarios.Quantity{PerS: rapid.Float64Range(1, 5000).Draw(t, "to"), Unit: scenarios.Traces}
		lasts := time.Duration(rapid.IntRange(100, 20_000).Draw(t, "for")) * time.Millisecond
		phase := &scenarios.Phase{Name: "p", Rate: &scenarios.Rate{From: from, To: to}, For: scenarios.Duration(lasts)}
		f, err := NewFlushes(phase, fleet, Means{})
		if err != nil {
			// Two flushes of a client lie up to an interval and twice the jitter apart.
			most := max(from.PerS, to.PerS)*fleet.Interval.Seconds()*(1+2*fleet.Jitter)/float64(fleet.Clients) + 1
			if most < scenarios.MaxChunks {
				t.Fatalf("no flush sends more than %g traces: %v", most, err)
			}
			return
		}
		last := make([]time.Duration, fleet.Clients)
		var before time.Duration
		var sum uint64
		for k := range f.Count() {
			due, c := f.Due(k), f.Client(k)
			if due < before || due >= lasts {
				t.Fatalf("flush %d is due at %v, after one at %v, in a phase of %v", k, due, before, lasts)
			}
			if n := f.CountAt(due); n <= k || n > f.Count() {
				t.Fatalf("CountAt(Due(%d)) = %d", k, n)
			}
			if f.Traces(k) < 1 || f.Traces(k) > f.Most() {
				t.Fatalf("flush %d sends %d traces, of at most %d", k, f.Traces(k), f.Most())
			}
			if gap := due - last[c]; last[c] > 0 && gap < time.Duration((1-2*fleet.Jitter)*float64(fleet.Interval))-time.Microsecond {
				t.Fatalf("client %d flushes %v after it did, with an interval of %v give or take %g", c, gap, fleet.Interval, fleet.Jitter)
			}
			last[c], before, sum = due, due, sum+uint64(f.Traces(k))
		}
		if sum != f.Sum() {
			t.Fatalf("the flushes send %d traces, Sum says %d", sum, f.Sum())
		}
		// What comes due after a client's last flush goes out after the phase; what
		// came due in the interval before the phase goes out in it.
		slack := max(from.PerS, to.PerS)*fleet.Interval.Seconds()*(1+2*fleet.Jitter) + 2*float64(fleet.Clients)
		if want := (from.PerS + to.PerS) / 2 * lasts.Seconds(); float64(sum) < want-slack || float64(sum) > want+slack {
			t.Fatalf("the flushes send %d traces; %g come due, give or take %g", sum, want, slack)
		}
	})
}

// TestFlushesOfASteadyLoad has the figures that can be worked out by hand: 10
// clients that flush every half second, at 1,000 traces/s, send 20 requests/s of 50.
func TestFlushesOfASteadyLoad(t *testing.T) {
	rate := scenarios.Quantity{PerS: 1000, Unit: scenarios.Traces}
	f, err := NewFlushes(&scenarios.Phase{Name: "p", Rate: &scenarios.Rate{From: rate, To: rate}, For: scenarios.Duration(10 * time.Second)},
		Fleet{Clients: 10, Interval: 500 * time.Millisecond}, Means{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Count() != 200 || f.Most() > 51 || f.Sum() < 9990 || f.Sum() > 10010 || f.Peak() != 20 {
		t.Errorf("%d requests of at most %d traces, %d in all, %g/s", f.Count(), f.Most(), f.Sum(), f.Peak())
	}
}

func TestFlushesThatCannotBe(t *testing.T) {
	rate := scenarios.Quantity{PerS: 100_000, Unit: scenarios.Traces}
	phase := &scenarios.Phase{Name: "p", Rate: &scenarios.Rate{From: rate, To: rate}, For: scenarios.Duration(10 * time.Second)}
	for name, fleet := range map[string]Fleet{
		"a flush of 100,000 traces": {Clients: 1, Interval: time.Second},
		"no clients":                {Interval: time.Second},
		"no interval":               {Clients: 1},
		"too much jitter":           {Clients: 100, Interval: time.Second, Jitter: 0.6},
		"too many flushes":          {Clients: 100_000, Interval: time.Millisecond},
	} {
		if _, err := NewFlushes(phase, fleet, Means{}); err == nil {
			t.Errorf("%s can be planned", name)
		}
	}
}

// Step goes from one flush of a client to its others, in order.
func TestStep(t *testing.T) {
	rate := scenarios.Quantity{PerS: 30, Unit: scenarios.Traces}
	f, err := NewFlushes(&scenarios.Phase{Name: "p", Rate: &scenarios.Rate{From: rate, To: rate}, For: scenarios.Duration(10 * time.Second)},
		Fleet{Clients: 7, Interval: 500 * time.Millisecond, Jitter: 0.5}, Means{})
	if err != nil {
		t.Fatal(err)
	}
	f.Link()
	byClient := map[int][]uint64{}
	for k := range f.Count() {
		byClient[f.Client(k)] = append(byClient[f.Client(k)], k)
	}
	for client, list := range byClient {
		for i, k := range list {
			for n := -len(list) - 1; n <= len(list)+1; n++ {
				other, ok := f.Step(k, n)
				if want := i+n >= 0 && i+n < len(list); ok != want || ok && other != list[i+n] {
					t.Fatalf("client %d, %d flushes from flush %d: %d, %v", client, n, k, other, ok)
				}
			}
		}
	}
}
