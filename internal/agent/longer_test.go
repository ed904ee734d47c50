package agent

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
)

// handled sends n requests to a receiver, without sockets, and says how long each took.
func handled(t *testing.T, r *receiver, body []byte, n int) []time.Duration {
	t.Helper()
	took := make([]time.Duration, n)
	for i := range took {
		q := httptest.NewRequest(http.MethodPut, "/v0.4/traces", bytes.NewReader(body))
		q.Header.Set("Content-Type", "application/msgpack")
		w := httptest.NewRecorder()
		began := time.Now()
		r.traces(decode.V04, w, q)
		took[i] = time.Since(began)
		if w.Code != http.StatusOK {
			t.Fatalf("answered %d: %s", w.Code, w.Body)
		}
	}
	return took
}

func dialled(t *testing.T, dials string) *receiver {
	t.Helper()
	d, err := ParseDials(dials)
	if err != nil {
		t.Fatal(err)
	}
	return newReceiver(d)
}

func median(d []time.Duration) float64 {
	d = slices.Sorted(slices.Values(d))
	return float64(d[len(d)/2])
}

// The ratio is of medians of requests in turns, so that a busy machine hits both alike.
func TestSlowIsAShareOfARequest(t *testing.T) {
	plain, slow := dialled(t, "latency=5ms"), dialled(t, "latency=5ms,slow=100%")
	body := benchBody(t)
	var without, with []time.Duration
	for range 40 {
		without = append(without, handled(t, plain, body, 1)...)
		with = append(with, handled(t, slow, body, 1)...)
	}
	if ratio := median(with) / median(without); ratio < 1.85 || ratio > 2.15 {
		t.Errorf("%.2f times as long, want twice", ratio)
	}
}

// A short wait is waited, and not rounded up to the runtime's millisecond.
func TestPauseIsPrecise(t *testing.T) {
	var w waiter
	for _, d := range []time.Duration{5 * time.Microsecond, 100 * time.Microsecond, 2500 * time.Microsecond} {
		var took []time.Duration
		for range 50 {
			began := time.Now()
			if !w.pause(t.Context(), d) {
				t.Fatal("not to the end")
			}
			took = append(took, time.Since(began))
		}
		// The least of many: a busy machine delays some of them.
		if least := slices.Min(took); least < d || least > d+400*time.Microsecond {
			t.Errorf("%v took %v at least", d, least)
		}
	}
}

// The law of the account, whatever the requests cost and however many come at once.
func TestBurnedIsAShareOfTheRest(t *testing.T) {
	if !cpuClocks {
		t.Skip("no clocks of CPU time")
	}
	body := benchBody(t)
	for _, dials := range []string{"cpu_per_span=+50%", "cpu_per_span=3%", "cpu_per_span=300%"} {
		r := dialled(t, dials)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { handled(t, r, body, 300) })
		}
		wg.Wait()
		handled(t, r, body, 100)
		b := &r.trouble.burner
		rest := processCPU() - b.began - b.burned
		if law := b.share * float64(rest); float64(b.burned) < 0.9*law-float64(worthwhile) || float64(b.burned) > 1.1*law+float64(4*worthwhile) {
			t.Errorf("%s: %v burned beside %v, want %v", dials, b.burned, rest, time.Duration(law))
		}
	}
}

// Before the clock is wound, and of requests without spans, nothing is burned.
func TestNothingIsBurnedInCalm(t *testing.T) {
	r := dialled(t, "cpu_per_span=1000%,slow=1000%")
	handled(t, r, []byte{0x90}, 10)
	if burned := r.trouble.burner.burned; burned != 0 {
		t.Errorf("%v burned without a span", burned)
	}
	r.trouble.calm.Store(true)
	handled(t, r, benchBody(t), 10)
	if burned := r.trouble.burner.burned; burned != 0 {
		t.Errorf("%v burned before the load", burned)
	}
	before := processCPU()
	r.trouble.wind()
	if b := &r.trouble.burner; cpuClocks && b.began < before {
		t.Errorf("the account begins at %v, before the load, at %v", b.began, before)
	}
	handled(t, r, benchBody(t), 10)
	if r.trouble.burner.burned == 0 && cpuClocks {
		t.Error("nothing is burned in the load")
	}
}
