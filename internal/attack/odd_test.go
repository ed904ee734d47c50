package attack

import (
	"context"
	"io"
	"net/http"
	"runtime"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/internal/limits"
	"github.com/spanstorm/spanstorm/internal/tracer"
	"github.com/spanstorm/spanstorm/internal/tracer/odd"
	"github.com/spanstorm/spanstorm/scenarios"
)

// oddSource makes one request in so many odd, in turn.
type oddSource struct {
	source
	kinds []*odd.Odd
	every uint64
}

func newOddSource(every uint64, kinds ...string) oddSource {
	s := oddSource{source: source{size: 2000}, every: every}
	for _, kind := range kinds {
		s.kinds = append(s.kinds, odd.For(&scenarios.Fault{Kind: kind}, scenarios.V04, scenarios.Msgpack))
	}
	return s
}

func (s oddSource) Odd(seq uint64) *odd.Odd {
	if seq%s.every != 0 {
		return nil
	}
	return s.kinds[seq/s.every%uint64(len(s.kinds))]
}

// strictAgent answers as an agent with limits, and 400 to a body that is not as
// large as the source's.
func strictAgent(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v0.5/traces" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	if r.ContentLength > limits.PayloadBytes {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || len(body) != 2000 && r.URL.Path != "/info" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	_, _ = io.WriteString(w, "{}")
}

func TestOddRequestsAreObservedLikeOthers(t *testing.T) {
	s := agent(t, strictAgent)
	kinds := []string{fault.WrongVersion, fault.NoCountHeader, fault.Chunked, fault.OverLimit, fault.ClosedMidBody, fault.Pipelined, fault.HeaderFlood, fault.WrongEncoding}
	codes := []int{404, 200, 200, 413, 0, 200, 431, 200}
	p := openPlan(t, s.URL, 400, time.Second)
	src := newOddSource(5, kinds...)
	p.Source = src
	out, seen := mustRun(t.Context(), t, p)
	for _, o := range seen {
		want, size := 200, int64(2000)
		if src.Odd(o.Seq) != nil {
			k := int(o.Seq / 5 % uint64(len(kinds)))
			if want = codes[k]; kinds[k] == fault.OverLimit {
				size = limits.PayloadBytes + 1
			}
			if o.Code == 0 && o.Class != tracer.ClassEOF {
				t.Errorf("%s: %s", kinds[k], o.Class)
			}
		}
		if o.Code != want || o.BytesOut != size || o.UnexpectedBody || o.End < o.Send {
			t.Errorf("request %d: %+v, want %d", o.Seq, o, want)
		}
	}
	if r := out.Phase.Requests; r.Sent != 400 || r.Delivered != 360 || r.Errors.EOF != 10 {
		t.Errorf("%+v", r)
	}
}

// TestLargeBodiesTakeNoMemory sends gigabytes, more or less at once.
func TestLargeBodiesTakeNoMemory(t *testing.T) {
	s := agent(t, strictAgent)
	p := openPlan(t, s.URL, 200, 500*time.Millisecond)
	p.Source = newOddSource(2, fault.FarOverLimit)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	out, _ := mustRun(t.Context(), t, p)
	runtime.ReadMemStats(&after)
	if r := out.Phase.Requests; r.Delivered != 50 || r.ByCode["413"] != 50 {
		t.Errorf("%+v", r)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 2*limits.PayloadBytes {
		t.Errorf("%d MB allocated for 50 bodies of 50 MB", got>>20)
	}
}

// TestAnInterruptReachesOddRequests has slow bodies under way when the user gives up.
func TestAnInterruptReachesOddRequests(t *testing.T) {
	s := agent(t, nil)
	p := openPlan(t, s.URL, 50, 10*time.Second)
	p.Timeout = 30 * time.Second
	p.Source = newOddSource(1, fault.SlowBody)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(300*time.Millisecond, cancel)
	began := time.Now()
	out, seen := mustRun(ctx, t, p)
	if took := time.Since(began); took > 5*time.Second || !out.Interrupted || len(seen) == 0 {
		t.Errorf("%v, interrupted %v, %d seen", took, out.Interrupted, len(seen))
	}
	for _, o := range seen {
		if o.Class != tracer.ClassOther {
			t.Errorf("%+v", o)
		}
	}
}
