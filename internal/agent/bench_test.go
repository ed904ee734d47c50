package agent

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
)

func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

// benchBody is a payload of about 2 KB: one trace of 6 spans.
func benchBody(b testing.TB) []byte {
	b.Helper()
	var trace pb.Trace
	for i := range 6 {
		s := goodSpan()
		s.SpanID = uint64(i + 1)
		s.Meta = map[string]string{
			"http.method": "POST", "http.status_code": "200", "component": "net/http", "span.kind": "server",
			"http.url": "http://shop.example/checkout/confirm", "user.id": "4711",
		}
		s.Metrics = map[string]float64{decode.PriorityKey: 1, "_dd.measured": 1}
		trace = append(trace, s)
	}
	body, err := pb.Traces{trace}.MarshalMsg(nil)
	if err != nil {
		b.Fatal(err)
	}
	return body
}

func perSecond(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
}

// The agent's own work on a request, without sockets.
func BenchmarkTake(b *testing.B) {
	b.Run("no dials", func(b *testing.B) { benchmarkTake(b, Dials{}) })
	b.Run("cpu_per_span", func(b *testing.B) { benchmarkTake(b, Dials{CPUPerSpan: 0.03}) })
}

func benchmarkTake(b *testing.B, d Dials) {
	body := benchBody(b)
	r := newReceiver(d)
	r.forward.url = "http://unused" // encode and buffer as for an intake
	header := http.Header{"Content-Type": {"application/msgpack"}}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for i := range b.N {
		q := httptest.NewRequest(http.MethodPut, "/v0.4/traces", bytes.NewReader(body))
		q.Header = header
		r.traces(decode.V04, httptest.NewRecorder(), q)
		if i%1000 == 0 {
			r.forward.mu.Lock()
			r.forward.open, r.forward.full, r.forward.bytes = outgoing{}, nil, 0
			r.forward.mu.Unlock()
		}
	}
	perSecond(b)
}

// Over loopback, client and server in one process: half of the cost is the client's.
func BenchmarkServe(b *testing.B) {
	body := benchBody(b)
	run := func(b *testing.B, handler http.Handler) {
		server := httptest.NewServer(handler)
		defer server.Close()
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
		b.SetBytes(int64(len(body)))
		b.SetParallelism(4)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				q, err := http.NewRequest(http.MethodPut, server.URL+"/v0.4/traces", bytes.NewReader(body))
				if err != nil {
					b.Error(err)
					return
				}
				q.Header.Set("Content-Type", "application/msgpack")
				res, err := client.Do(q)
				if err != nil {
					b.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
		})
		perSecond(b)
	}
	b.Run("agent", func(b *testing.B) { run(b, newReceiver(Dials{}).handler()) })
	b.Run("discard baseline", func(b *testing.B) {
		run(b, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
			discard(w, q)
			accepted(decode.V04, w)
		}))
	})
}
