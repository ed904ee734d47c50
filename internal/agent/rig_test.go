package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/results"
)

var layout = identity.Layout{ChunkBits: 3, SpanBits: 5}

const (
	perRequest = 4 // chunks
	perChunk   = 5 // spans
)

// A rig is an agent with an intake behind it, and what was sent to it.
type rig struct {
	*testing.T
	addr     string
	intake   *intake.Server
	codec    *identity.Codec
	client   *http.Client
	stop     context.CancelFunc
	ended    chan error
	outcomes *ledger.Outcomes
	spoil    map[uint64]bool // ordinals with a span id of zero
	priority func(ordinal uint64) (int8, bool)
	api      decode.API // that load sends by
}

func rigUp(t *testing.T, dials string) *rig {
	t.Helper()
	in, err := intake.Start(intake.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = in.Stop(ctx)
	})
	return rigOn(t, dials, in)
}

func rigOn(t *testing.T, dials string, in *intake.Server) *rig {
	t.Helper()
	d, err := ParseDials(dials)
	if err != nil {
		t.Fatal(err)
	}
	if d.Listen == "" {
		d.Listen = "127.0.0.1:0"
	}
	key, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{
		T: t, intake: in, codec: identity.New(key, layout), ended: make(chan error, 1),
		outcomes: ledger.NewOutcomes(), spoil: map[uint64]bool{},
		priority: func(uint64) (int8, bool) { return 1, true },
		api:      decode.V04,
	}
	if in != nil {
		d.Intake = "http://" + in.Addrs().Listen
		if err := in.SetRun(key, layout); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready := make(chan string, 1)
	go func() { r.ended <- Serve(ctx, d, func(addr string) { ready <- addr }) }()
	select {
	case r.addr = <-ready:
	case err := <-r.ended:
		cancel()
		t.Fatal(err)
	}
	r.stop = cancel
	r.client = &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	if path, ok := strings.CutPrefix(r.addr, unixPrefix); ok {
		r.addr = "agent"
		r.client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}}
	}
	t.Cleanup(func() { cancel(); r.client.CloseIdleConnections() })
	return r
}

func (r *rig) describe(dst []ledger.Chunk, seq uint64) []ledger.Chunk {
	for i := range perRequest {
		o := layout.Ordinal(seq, i)
		c := ledger.Chunk{Ordinal: o, Shape: int32(i % 2), Fault: ledger.NoFault, Spans: perChunk}
		if r.spoil[o] {
			c.Fault = 0
		}
		c.Priority, c.HasPriority = r.priority(o)
		dst = append(dst, c)
	}
	return dst
}

// traces are the spans of request seq.
func (r *rig) traces(seq uint64) pb.Traces {
	var out pb.Traces
	for i := range perRequest {
		o := layout.Ordinal(seq, i)
		var t pb.Trace
		for k := range perChunk {
			s := &pb.Span{
				Service: "web", Name: "http.request", Resource: "GET /", Type: "web",
				TraceID: r.codec.TraceID(o, perChunk), SpanID: r.codec.SpanID(o, k),
				Start: time.Now().UnixNano(), Duration: 1000,
				Meta: map[string]string{"http.method": "GET"}, Metrics: map[string]float64{"x": 1},
			}
			if k > 0 {
				s.ParentID = r.codec.SpanID(o, 0)
			} else if p, ok := r.priority(o); ok {
				s.Metrics[decode.PriorityKey] = float64(p)
			}
			if r.spoil[o] && k == 2 {
				s.SpanID = 0
			}
			t = append(t, s)
		}
		out = append(out, t)
	}
	return out
}

func (r *rig) request(method, path, contentType string, body []byte) (*http.Request, error) {
	req, err := http.NewRequest(method, "http://"+r.addr+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("X-Datadog-Trace-Count", fmt.Sprint(perRequest))
	req.Header.Set("Datadog-Meta-Lang", "go")
	return req, nil
}

func (r *rig) send(path, contentType string, body []byte) (*http.Response, string, error) {
	req, err := r.request(http.MethodPut, path, contentType, body)
	if err != nil {
		return nil, "", err
	}
	res, err := r.client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return res, string(text), err
}

// body is request seq in the rig's API.
func (r *rig) body(seq uint64) []byte {
	if r.api == decode.V04 {
		return r.msgpack(seq)
	}
	return written(r.api, r.traces(seq))
}

func (r *rig) msgpack(seq uint64) []byte {
	body, err := r.traces(seq).MarshalMsg(nil)
	if err != nil {
		r.Fatal(err)
	}
	return body
}

// load sends n requests, workers at a time, and books the outcomes.
func (r *rig) load(n uint64, workers int) []time.Duration {
	r.Helper()
	if err := r.outcomes.Reserve(0, n); err != nil {
		r.Fatal(err)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	took := make([]time.Duration, n)
	next := make(chan uint64)
	for range workers {
		wg.Go(func() {
			for seq := range next {
				body := r.body(seq)
				began := time.Now()
				res, _, err := r.send(r.api.Path(), "application/msgpack", body)
				took[seq] = time.Since(began)
				out := ledger.Unanswered
				if err == nil {
					out = ledger.Outcome(res.StatusCode)
				}
				mu.Lock()
				if err := r.outcomes.Set(seq, out); err != nil {
					r.Error(err)
				}
				mu.Unlock()
			}
		})
	}
	for seq := range n {
		next <- seq
	}
	close(next)
	wg.Wait()
	return took
}

func (r *rig) vars() map[string]any {
	r.Helper()
	res, err := r.client.Get("http://" + r.addr + "/debug/vars")
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var page map[string]any
	if err := json.NewDecoder(res.Body).Decode(&page); err != nil {
		r.Fatal(err)
	}
	return page
}

func (r *rig) counter(path ...string) float64 {
	r.Helper()
	var at any = r.vars()
	for _, key := range path {
		object, ok := at.(map[string]any)
		if !ok {
			r.Fatalf("no object above %s in %v", key, path)
		}
		at = object[key]
	}
	n, ok := at.(float64)
	if !ok {
		r.Fatalf("no counter %v", path)
	}
	return n
}

// close ends the agent, which flushes, and closes the account.
func (r *rig) close() results.Ledger {
	r.Helper()
	var claims []results.Claim
	for _, name := range []string{"span_id_zero", "empty_trace"} {
		v := r.counter("receiver", "traces_dropped", name)
		claims = append(claims, results.Claim{Source: "vars", Name: name, Meaning: "dropped", Value: v})
	}
	r.stop()
	if err := <-r.ended; err != nil {
		r.Fatal(err)
	}
	arrivals, err := r.intake.Arrivals()
	if err != nil {
		r.Fatal(err)
	}
	l, err := ledger.Close(ledger.Sheet{
		Source: "intake", Drained: true, Shapes: []string{"even", "odd"}, Faults: []string{"span-id-zero"},
		Outcomes: r.outcomes, Arrivals: arrivals, Describe: r.describe, TraceID: r.codec.TraceID, Claims: claims,
	})
	if err != nil {
		r.Fatal(err)
	}
	if l.Foreign.Spans != 0 || l.Duplicated.Traces != 0 {
		r.Errorf("foreign %+v, duplicated %+v", l.Foreign, l.Duplicated)
	}
	return l
}

func traces(n uint64) results.Count { return results.Count{Traces: n, Spans: n * perChunk} }
