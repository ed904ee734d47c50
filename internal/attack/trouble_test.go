package attack

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/tracer"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// rawServer hands each accepted connection to handle.
func rawServer(t *testing.T, handle func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = c.Close() }()
				handle(c)
			})
		}
	})
	return "http://" + l.Addr().String()
}

// readRequest reads one request with its body.
func readRequest(c net.Conn) bool {
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err == nil
}

func TestTrouble(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused := "http://" + nobody.Addr().String()
	_ = nobody.Close()

	tests := []struct {
		name string
		url  string
		conn func(net.Conn)
		want results.Errors
	}{
		{name: "refused", url: refused, want: results.Errors{Refused: 10}},
		{name: "garbage", conn: func(c net.Conn) {
			readRequest(c)
			_, _ = io.WriteString(c, "220 mail.example.com ESMTP\r\n")
		}, want: results.Errors{BadHTTP: 10}},
		{name: "a garbled header", conn: func(c net.Conn) {
			readRequest(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nthis is no header\r\n\r\n")
		}, want: results.Errors{BadHTTP: 10}},
		{name: "a garbled chunk", conn: func(c net.Conn) {
			readRequest(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")
		}, want: results.Errors{BadHTTP: 10}},
		{name: "closed in place of an answer", conn: func(c net.Conn) { readRequest(c) }, want: results.Errors{EOF: 10}},
		{name: "closed in the middle of an answer", conn: func(c net.Conn) {
			readRequest(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")
		}, want: results.Errors{EOF: 10}},
		{name: "reset", conn: func(c net.Conn) {
			readRequest(c)
			_ = c.(*net.TCPConn).SetLinger(0) //nolint:errcheck // a failed assertion should panic
		}, want: results.Errors{Reset: 10}},
		{name: "silence", conn: func(c net.Conn) {
			readRequest(c)
			_, _ = io.Copy(io.Discard, c) // until the client gives up
		}, want: results.Errors{Timeout: 10}},
		{name: "half an answer and silence", conn: func(c net.Conn) {
			readRequest(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")
			_, _ = io.Copy(io.Discard, c)
		}, want: results.Errors{Timeout: 10}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			url := tt.url
			if tt.conn != nil {
				url = rawServer(t, tt.conn)
			}
			p := openPlan(t, url, 100, 100*time.Millisecond)
			p.Timeout = 300 * time.Millisecond
			out, _ := mustRun(t.Context(), t, p)
			if got := out.Phase.Requests.Errors; got != tt.want {
				t.Errorf("errors %+v, want %+v; examples %q", got, tt.want, out.Phase.Requests.ErrorExamples)
			}
			if len(out.Phase.Requests.ErrorExamples) != 1 {
				t.Errorf("examples %q", out.Phase.Requests.ErrorExamples)
			}
			if p.Progress != nil {
				t.Error("the caller's plan was changed")
			}
		})
	}
}

// TestNoSilentRetry closes each connection after its second request was read
// and counts what arrives: net/http must not send any of them again.
func TestNoSilentRetry(t *testing.T) {
	var arrived atomic.Int64
	url := rawServer(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		for n := range 2 {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, req.Body)
			arrived.Add(1)
			if n == 0 {
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			}
		}
	})
	p := closedPlan(t, url, 1, 40, 10*time.Second)
	out, _ := mustRun(t.Context(), t, p)
	r := out.Phase.Requests
	if arrived.Load() != 40 || r.Delivered != 20 || r.Errors.EOF != 20 {
		t.Errorf("40 requests: %d arrived, requests %+v", arrived.Load(), r)
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var elsewhere atomic.Int64
	other := agent(t, func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) })
	for _, code := range []int{301, 302, 307, 308} {
		s := agent(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Location", other.URL)
			w.WriteHeader(code)
		})
		out, seen := mustRun(t.Context(), t, closedPlan(t, s.URL, 1, 5, 10*time.Second))
		if elsewhere.Load() != 0 || out.Phase.Requests.Delivered != 0 || seen[0].Code != code {
			t.Errorf("%d: %d followed, requests %+v", code, elsewhere.Load(), out.Phase.Requests)
		}
	}
}

func TestProxyIsIgnored(t *testing.T) {
	proxy := agent(t, func(http.ResponseWriter, *http.Request) { t.Error("the proxy was asked") })
	t.Setenv("HTTP_PROXY", proxy.URL)
	t.Setenv("http_proxy", proxy.URL)
	s := agent(t, nil)
	out, _ := mustRun(t.Context(), t, closedPlan(t, s.URL, 1, 5, 10*time.Second))
	if out.Phase.Requests.Delivered != 5 {
		t.Errorf("requests %+v", out.Phase.Requests)
	}
}

// TestEarlyAnswerToALargeBody lets the agent answer 413 before it has read the
// body, which net/http may then still be reading: the bodies that do get
// through must be the right ones, however buffers are used again.
func TestEarlyAnswerToALargeBody(t *testing.T) {
	const size = 6 << 20
	var n, wrong atomic.Int64
	s := agent(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%2 == 0 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // given up by the client
		}
		for i := 16; i < len(body); i += 8 * 61 {
			if !bytes.Equal(body[i:i+8], body[:8]) {
				wrong.Add(1)
				break
			}
		}
		_, _ = io.WriteString(w, "{}")
	})
	p := closedPlan(t, s.URL, 4, 40, 30*time.Second)
	p.Source, p.BodyBytes = source{size: size}, size
	out, seen := mustRun(t.Context(), t, p)
	if wrong.Load() != 0 {
		t.Errorf("%d bodies were overwritten while they were sent", wrong.Load())
	}
	if r := out.Phase.Requests; r.ByCode["413"] == 0 || r.ByCode["200"] == 0 || r.Sent != 40 {
		t.Errorf("requests %+v", r)
	}
	for _, o := range seen {
		if o.Code == 0 && o.Class != tracer.ClassReset {
			t.Errorf("seq %d: %v (%v)", o.Seq, o.Class, o.Err)
		}
	}
}

// TestStall holds all requests of a window. The response times show it in full,
// and the generator is not blamed.
func TestStall(t *testing.T) {
	begin := time.Now().Add(300 * time.Millisecond)
	end := begin.Add(400 * time.Millisecond)
	s := agent(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if now := time.Now(); now.After(begin) && now.Before(end) {
			time.Sleep(end.Sub(now))
		}
		_, _ = io.WriteString(w, "{}")
	})
	p := openPlan(t, s.URL, 200, time.Second)
	out, _ := mustRun(t.Context(), t, p)
	if r := out.Phase.Requests; r.Delivered != 200 {
		t.Fatalf("requests %+v", r)
	}
	// 80 of 200 requests are due in the window, and wait for its end: the
	// longest about 400 ms, and no less than half of them 200 ms.
	long := newGauge()
	long.Merge(out.ResponseTime)
	if n := long.above(200 * time.Millisecond); n < 35 {
		t.Errorf("%d response times over 200 ms, want 40", n)
	}
	if out.Figures.InFlightPeak < 70 {
		t.Errorf("at most %d in flight, want about 80", out.Figures.InFlightPeak)
	}
	if v := Judge(out.Figures); v.Saturated {
		t.Errorf("verdict %+v of %+v", v, out.Figures)
	}
}

func TestBoundTooSmall(t *testing.T) {
	s := agent(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(100 * time.Millisecond)
		_, _ = io.WriteString(w, "{}")
	})
	p := openPlan(t, s.URL, 500, time.Second)
	p.MaxInFlight = 10 // 500/s at 100 ms need 50
	out, _ := mustRun(t.Context(), t, p)
	v := Judge(out.Figures)
	if len(v.Invalid) != 1 || !strings.Contains(v.Invalid[0], "max_in_flight 10 is too small") || v.Saturated {
		t.Errorf("verdict %+v of %+v", v, out.Figures)
	}
	r := out.Phase.Requests
	if r.Unsent == 0 || r.Sent > 150 || out.Figures.InFlightPeak != 10 {
		t.Errorf("requests %+v, at most %d in flight", r, out.Figures.InFlightPeak)
	}
	// Nothing is hidden: what was sent late is seen to have been late.
	if out.Phase.SendDelay.P99 < int64(300*time.Millisecond) {
		t.Errorf("send delay %+v", out.Phase.SendDelay)
	}
}

// TestSaturated stalls a target that is quick otherwise: all workers become
// busy and stay so past the end of the phase.
func TestSaturated(t *testing.T) {
	begin := time.Now().Add(300 * time.Millisecond)
	s := agent(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if time.Now().After(begin) {
			time.Sleep(700 * time.Millisecond)
		}
		_, _ = io.WriteString(w, "{}")
	})
	p := openPlan(t, s.URL, 400, 700*time.Millisecond)
	p.MaxInFlight = 40
	out, _ := mustRun(t.Context(), t, p)
	if v := Judge(out.Figures); len(v.Invalid) != 0 || !v.Saturated {
		t.Errorf("verdict %+v of %+v", v, out.Figures)
	}
	if r := out.Phase.Requests; r.Unsent == 0 {
		t.Errorf("requests %+v", r)
	}
}

func TestInterrupt(t *testing.T) {
	arrived := make(chan struct{}, 1000)
	release := make(chan struct{})
	s := agent(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	defer close(release)
	for name, plan := range map[string]Plan{
		"open":         openPlan(t, s.URL, 100, time.Hour),
		"all busy":     func() Plan { p := openPlan(t, s.URL, 100, time.Hour); p.MaxInFlight = 3; return p }(),
		"closed":       closedPlan(t, s.URL, 3, 1e6, time.Hour),
		"once an hour": openPlan(t, s.URL, 1.0/3600, 10*time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			go func() {
				<-arrived
				cancel()
			}()
			out, seen := mustRun(ctx, t, plan)
			if !out.Interrupted || len(seen) == 0 {
				t.Errorf("interrupted %v after %d requests", out.Interrupted, len(seen))
			}
			for _, o := range seen {
				if o.Class != tracer.ClassOther || !errors.Is(o.Err, context.Canceled) {
					t.Errorf("seq %d: class %v, error %v", o.Seq, o.Class, o.Err)
				}
			}
			if v := Judge(out.Figures); len(v.Invalid) != 0 {
				t.Errorf("verdict %+v", v)
			}
			for len(arrived) > 0 {
				<-arrived
			}
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out, seen := mustRun(ctx, t, openPlan(t, s.URL, 100, time.Hour))
	if len(seen) != 0 || out.Phase.Requests.Unsent != 360_000 {
		t.Errorf("interrupted before the start: %+v", out.Phase.Requests)
	}
}

func TestProgressAndCheckpoints(t *testing.T) {
	s := agent(t, nil)
	p := openPlan(t, s.URL, 200, 1500*time.Millisecond)
	p.Offset = 10 * time.Second
	p.Progress = new(Progress)
	p.CheckpointEvery = 200 * time.Millisecond
	var saved []*Outcome
	p.Checkpoint = func(o *Outcome) { saved = append(saved, o) }
	out, _ := mustRun(t.Context(), t, p)
	snap := p.Progress.Snapshot()
	if snap.Planned != 300 || snap.Sent != 300 || snap.Answered != 300 || snap.Delivered != 300 ||
		snap.InFlight != 0 || snap.Failed() != 0 || snap.P99 <= 0 {
		t.Errorf("progress %+v", snap)
	}
	if len(saved) == 0 {
		t.Fatal("no checkpoint")
	}
	for i, c := range saved {
		if c.ServiceTime != nil || (i > 0 && c.Phase.Sent < saved[i-1].Phase.Sent) || len(c.Seconds) == 0 {
			t.Errorf("checkpoint %d: %+v", i, c.Phase.Requests)
		}
	}
	if first := out.Seconds[0].T; first != 10 || out.Phase.StartS < 10 || out.Phase.EndS < 11.5 {
		t.Errorf("the phase begins in second %d, at %g, and ends at %g", first, out.Phase.StartS, out.Phase.EndS)
	}
}

func TestRefusedPlans(t *testing.T) {
	phase, sched := constantPhase(t, 1, time.Second)
	client := newClient(t, tracer.Config{URL: "http://127.0.0.1:1"})
	whole := Plan{Phase: phase, Schedule: sched, Client: client, Path: "/", Source: source{}}
	for want, spoil := range map[string]func(*Plan){
		"phase":         func(p *Plan) { p.Phase = nil },
		"client":        func(p *Plan) { p.Client = nil },
		"source":        func(p *Plan) { p.Source = nil },
		"path":          func(p *Plan) { p.Path = "traces" },
		"max_in_flight": func(p *Plan) { p.MaxInFlight = -1 },
		"timeout":       func(p *Plan) { p.Timeout = -1 },
		"seqs":          func(p *Plan) { p.Schedule = nil },
		"connections": func(p *Plan) {
			p.Schedule, p.MaxRequests = nil, 1
			p.Phase = &scenarios.Phase{For: 1, Connections: -1}
		},
	} {
		p := whole
		spoil(&p)
		if _, err := Run(t.Context(), p, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error about %s", err, want)
		}
	}
}
