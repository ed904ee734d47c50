package main

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// steady is a scenario of about 2 KB a request.
func steady(load string, more ...string) job {
	return job{scenario: "smoke", sets: append([]string{"traces_per_request=2", "expect=[]", "load=" + load}, more...)}
}

// TestSilentDrops finds a tenth of the traces missing behind 200s.
func TestSilentDrops(t *testing.T) {
	t.Parallel()
	figures(t)
	j := job{scenario: "smoke", sets: []string{"load.0.rate=200/s", "load.0.for=4s", "traces_per_request=10"}, target: "embedded:drop=10%"}
	rec, _ := j.beside().do(t)
	if diff := cmp.Diff([]string{"drop=0.1"}, rec.Target.Set); diff != "" {
		t.Errorf("set in the target, in the record (-want +got)\n%s", diff)
	}
	l := rec.Ledger
	if l.Delivered != l.Sent {
		t.Fatalf("delivered %+v of %+v", l.Delivered, l.Sent)
	}
	binomial(t, "all", l.Sent.Traces, l.Missing.Traces, 0.1)
	lost := uint64(0)
	for _, s := range rec.Seconds {
		lost += s.Missing
		binomial(t, fmt.Sprintf("due in second %d", s.T), 10*s.Delivered, s.Missing, 0.1)
	}
	if lost != l.Missing.Traces {
		t.Errorf("%d traces are missing, and %d by second", l.Missing.Traces, lost)
	}
	for _, part := range l.ByShape {
		binomial(t, part.Name, part.Sent.Traces, part.Missing.Traces, 0.1)
	}
	if len(l.Examples.Missing) != 20 {
		t.Errorf("%d examples of missing traces, want 20", len(l.Examples.Missing))
	}
}

// binomial holds k of n within five standard deviations of share p: a false
// alarm in two million.
func binomial(t *testing.T, of string, n, k uint64, p float64) {
	t.Helper()
	mean, sigma := float64(n)*p, math.Sqrt(float64(n)*p*(1-p))
	if math.Abs(float64(k)-mean) > 5*sigma+1 {
		t.Errorf("%s: %d of %d, want %.0f ± %.0f", of, k, n, mean, 5*sigma)
	}
}

// TestStall counts the waiting. With a stall of length s in a load of r/s for
// d, the r·s requests due during the stall are answered at its end: the longest
// wait is s, the waits fall linearly to 0, and the share of requests that wait
// longer than w is (s−w)/d. So the quantile q of the response times is
//
//	w = s − (1−q)·d
//
// whatever the number of workers, as long as what has piled up, 150 requests, is answered
// in little time, while service time shows it only if there
// are workers enough to have all of those requests under way at once.
func TestStall(t *testing.T) {
	figures(t)
	const s, d, q = time.Second, 6 * time.Second, 0.99
	want := float64(s) - (1-q)*float64(d)
	const load = "[{name: hold, rate: 150/s, for: 6s}]"
	for _, c := range []struct {
		name   string
		more   []string
		hidden bool
	}{
		{name: "plenty of workers"},
		{name: "eight workers", more: []string{"max_in_flight=8"}, hidden: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := steady(load, c.more...)
			j.target = "embedded:stall=2s+1s"
			rec := j.punctual(t)
			if !rec.Valid {
				t.Errorf("invalid: %v", rec.InvalidReasons)
			}
			got := float64(rec.Totals.ResponseTime.P99)
			if math.Abs(got/want-1) > 0.03 {
				t.Errorf("response time p99 is %.0f ms, the closed form says %.0f ms", got/1e6, want/1e6)
			}
			service := float64(rec.Totals.ServiceTime.P99)
			if c.hidden && service > want/10 {
				t.Errorf("service time p99 is %.0f ms: with eight workers it should hide the stall", service/1e6)
			}
			t.Logf("p99: response %.1f ms, closed form %.1f ms, service %.1f ms", got/1e6, want/1e6, service/1e6)
		})
	}
}

// TestTooFewWorkers blames the bound, not the target.
func TestTooFewWorkers(t *testing.T) {
	figures(t)
	j := steady("[{name: hold, rate: 500/s, for: 2s}]", "max_in_flight=20")
	j.target = "embedded:latency=200ms"
	rec, _ := j.do(t)
	if rec.Valid || len(rec.InvalidReasons) == 0 {
		t.Errorf("valid, though 20 workers cannot send 500/s at 200 ms each")
	}
	if rec.Requests.Unsent == 0 {
		t.Errorf("nothing unsent of %d", rec.Requests.Planned)
	}
}

// TestOverCapacity offers twice what the agent takes.
func TestOverCapacity(t *testing.T) {
	figures(t)
	j := steady("[{name: hold, rate: 1000/s, for: 3s}]")
	j.target = "embedded:capacity=500/s"
	rec := j.punctual(t)
	if !rec.Valid || !rec.Saturated {
		t.Errorf("valid %v %v, saturated %v; want both", rec.Valid, rec.InvalidReasons, rec.Saturated)
	}
	if rec.Requests.ByCode["429"] == 0 || rec.Ledger.Refused.Traces == 0 {
		t.Errorf("nothing refused: %v", rec.Requests.ByCode)
	}
	if rec.Ledger.Missing.Traces != 0 {
		t.Errorf("%d missing: what is refused is not missing", rec.Ledger.Missing.Traces)
	}
}

// TestErrorsAndResets tells refusals from silence.
func TestErrorsAndResets(t *testing.T) {
	t.Parallel()
	j := steady("[{name: hold, rate: 100/s, for: 6s}]")
	j.target = "embedded:error=5%,reset=5%"
	rec, _ := j.beside().do(t)
	l := rec.Ledger
	binomial(t, "refused", l.Sent.Traces, l.Refused.Traces, 0.05)
	binomial(t, "unanswered", l.Sent.Traces, l.Unanswered.Traces, 0.05)
	if l.Missing.Traces != 0 || l.Foreign.Traces != 0 {
		t.Errorf("missing %d, foreign %d", l.Missing.Traces, l.Foreign.Traces)
	}
}
