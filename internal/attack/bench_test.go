package attack

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/spanstorm/spanstorm/internal/tracer"
)

func benchAgent(b *testing.B) *httptest.Server {
	return agent(b, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"rate_by_service":{}}`)
	})
}

// BenchmarkRequest sends b.N requests over 8 connections: plain vegeta with one
// static body, vegeta with a static body on a transport like ours, and this package with
// a fresh body each. Server and client share the process, so the allocations are
// those of both; what is ours is the difference.
func BenchmarkRequest(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"2KB", 2_000}, {"20KB", 20_000}, {"300KB", 300_000}} {
		b.Run(size.name, func(b *testing.B) {
			static := source{size.bytes}.Append(nil, 1, 1)
			plain := func(b *testing.B, rt *http.Transport) {
				s := benchAgent(b)
				opts := []func(*vegeta.Attacker){
					vegeta.Workers(8), vegeta.MaxWorkers(8), vegeta.MaxBody(0),
					vegeta.Timeout(tracer.DefaultTimeout), vegeta.Connections(8),
				}
				if rt != nil {
					opts = append(opts, vegeta.Client(&http.Client{Transport: rt, Timeout: tracer.DefaultTimeout}))
				}
				a := vegeta.NewAttacker(opts...)
				tr := vegeta.NewStaticTargeter(vegeta.Target{Method: "PUT", URL: s.URL + "/v0.4/traces", Body: static})
				b.SetBytes(int64(size.bytes))
				b.ReportAllocs()
				b.ResetTimer()
				before, _ := cpuTime()
				for r := range a.Attack(tr, countPacer(b.N), 0, "") {
					if r.Code != 200 {
						b.Fatal(r.Error)
					}
				}
				after, _ := cpuTime()
				b.ReportMetric(float64(after-before)/float64(b.N), "cpu-ns/op")
			}
			b.Run("vegeta", func(b *testing.B) { plain(b, nil) })
			b.Run("vegeta-tuned", func(b *testing.B) {
				plain(b, &http.Transport{
					DisableCompression: true, MaxIdleConnsPerHost: 8,
					WriteBufferSize: size.bytes + size.bytes/2, // headers and body in one go, as ours
				})
			})
			b.Run("spanstorm", func(b *testing.B) {
				s := benchAgent(b)
				p := closedPlan(b, s.URL, 8, uint64(b.N), time.Hour)
				p.Source, p.BodyBytes = fixed{static}, float64(size.bytes)
				p.Client = newClient(b, tracer.Config{URL: s.URL, MaxInFlight: 8, BodyBytes: p.BodyBytes})
				b.SetBytes(int64(size.bytes))
				b.ReportAllocs()
				b.ResetTimer()
				before, _ := cpuTime()
				out, err := Run(b.Context(), p, nil)
				after, _ := cpuTime()
				if err != nil || out.Phase.Requests.Delivered != uint64(b.N) {
					b.Fatal(err, out.Phase.Requests)
				}
				b.ReportMetric(float64(after-before)/float64(b.N), "cpu-ns/op")
			})
		})
	}
}

// fixed is a Source that copies, as composing from templates does.
type fixed struct{ body []byte }

func (f fixed) Append(dst []byte, _ uint64, _ int64) []byte { return append(dst, f.body...) }
func (f fixed) Traces(uint64) int                           { return 20 }

// countPacer lets so many hits go without waiting.
type countPacer uint64

func (c countPacer) Pace(_ time.Duration, hits uint64) (time.Duration, bool) {
	return 0, hits >= uint64(c)
}

func (c countPacer) Rate(time.Duration) float64 { return 0 }

// BenchmarkSendDelay runs 5,000 requests/s of 2 KB, one second per iteration (use
// -benchtime 3x), and reports how late they were sent, beside vegeta's own pacer
// at the same rate. Vegeta's figure counts from its first request and ends before
// the request is built; ours ends where the request is handed to the transport.
func BenchmarkSendDelay(b *testing.B) {
	const rate, size = 5000, 2000
	b.Run("spanstorm", func(b *testing.B) {
		s := benchAgent(b)
		for b.Loop() {
			p := openPlan(b, s.URL, rate, time.Second)
			p.Source = source{size}
			out, err := Run(b.Context(), p, nil)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(out.Phase.SendDelay.P50), "p50-ns")
			b.ReportMetric(float64(out.Phase.SendDelay.P99), "p99-ns")
			b.ReportMetric(float64(out.Phase.ServiceTime.P50), "service-p50-ns")
		}
	})
	b.Run("vegeta", func(b *testing.B) {
		s := benchAgent(b)
		for b.Loop() {
			a := vegeta.NewAttacker(vegeta.MaxBody(0))
			tr := vegeta.NewStaticTargeter(vegeta.Target{Method: "PUT", URL: s.URL, Body: make([]byte, size)})
			delay, service := newGauge(), newGauge()
			var began time.Time
			for r := range a.Attack(tr, vegeta.Rate{Freq: rate, Per: time.Second}, time.Second, "") {
				if r.Seq == 0 {
					began = r.Timestamp
				}
				delay.record(r.Timestamp.Sub(began) - time.Duration(r.Seq)*time.Second/rate)
				service.record(r.Latency)
			}
			b.ReportMetric(float64(delay.at(50)), "p50-ns")
			b.ReportMetric(float64(delay.at(99)), "p99-ns")
			b.ReportMetric(float64(service.at(50)), "service-p50-ns")
		}
	})
}

// BenchmarkRecord is what the recorder spends on one answer.
func BenchmarkRecord(b *testing.B) {
	p := openPlan(b, "http://127.0.0.1:1", 5000, time.Hour).withDefaults()
	r := newRecorder(&p, "", nil)
	r.begin(time.Now())
	b.ReportAllocs()
	for i := range b.N {
		due := p.Schedule.Due(uint64(i))
		r.record(&sample{Observation: Observation{
			Seq: uint64(i), Code: 200, Due: due, Send: due + time.Duration(i%30_000), End: due + 200_000 + time.Duration(i*7919%900_000),
		}, light: true})
	}
}

// BenchmarkRing is a payload's way through the ring, beside the copy it holds.
func BenchmarkRing(b *testing.B) {
	body := make([]byte, 2000)
	b.Run("memcpy", func(b *testing.B) {
		dst := make([]byte, len(body))
		for range b.N {
			copy(dst, body)
		}
	})
	b.Run("ring", func(b *testing.B) {
		r := newRing(float64(len(body)))
		b.ReportAllocs()
		go r.fill(uint64(b.N), func(p *payload, _ uint64) { p.body = append(p.body, body...) })
		for k := range uint64(b.N) {
			r.give(r.take(k))
		}
		r.close()
	})
}
