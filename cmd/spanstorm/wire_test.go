package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/internal/process"
	"github.com/spanstorm/spanstorm/internal/run"
	"github.com/spanstorm/spanstorm/results"
)

// wire captures the bodies that pass through it, on their way to an agent, or
// answers for one.
type wire struct {
	next http.Handler

	mu       sync.Mutex
	requests []intake.Sample
}

func (c *wire) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	if strings.HasSuffix(req.URL.Path, "/traces") {
		c.mu.Lock()
		c.requests = append(c.requests, intake.Sample{Path: req.URL.Path, Header: req.Header.Clone(), Body: body})
		c.mu.Unlock()
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	c.next.ServeHTTP(w, req)
}

// listen serves the wire on loopback.
func (c *wire) listen(t *testing.T) string {
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return server.URL
}

// bySeq sorts what was captured by the request that it belongs to.
func (c *wire) bySeq(t *testing.T, replay *run.Replay) map[uint64][]byte {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[uint64][]byte{}
	for _, request := range c.requests {
		body := request.Body
		traces := decode(t, body)
		seq, _, _, err := replay.Find(traces[0][0].TraceID)
		if err != nil {
			t.Fatal(err)
		}
		if seq >= replay.Corpus.Layout().MaxSeq() { // the first trace
			continue
		}
		out[seq] = body
	}
	return out
}

func decode(t *testing.T, body []byte) pb.Traces {
	t.Helper()
	var traces pb.Traces
	if rest, err := traces.UnmarshalMsg(body); err != nil || len(rest) > 0 {
		t.Fatalf("decoding a body: %v, %d bytes left", err, len(rest))
	}
	return traces
}

// embedded starts an embedded agent by hand that forwards to intake, and returns
// where it listens.
func embedded(t *testing.T, listen, intake string, dials ...string) string {
	t.Helper()
	at, _ := embeddedProcess(t, listen, intake, dials...)
	return at
}

// embeddedProcess is embedded, with its process.
func embeddedProcess(t *testing.T, listen, intake string, dials ...string) (at string, pid int) {
	t.Helper()
	self, err := exec.LookPath("spanstorm")
	if err != nil {
		t.Fatal(err)
	}
	agent, ready, err := process.StartRole(t.Context(), process.Command{
		Path: self, Args: append([]string{"agent", "--listen", listen, "--intake", "http://" + intake}, dials...),
	}, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = agent.Stop(t.Context(), time.Second) })
	return ready.Listen, agent.PID()
}

// embeddedBehind is one with a wire in front of it.
func embeddedBehind(t *testing.T, intake string, dials ...string) *wire {
	t.Helper()
	host := embedded(t, "127.0.0.1:0", intake, dials...)
	return &wire{next: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: host})}
}

// ports counts those that freePort has tried.
var ports atomic.Int64

// freePort is an address that nobody listens on. It lies below the ports that systems
// give out, so that nothing beside this test is given it meanwhile.
func freePort(t *testing.T) string {
	t.Helper()
	const first, many = 20_000, 10_000
	for range 100 {
		port := first + (int64(os.Getpid())*101+ports.Add(1))%many
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			_ = l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("a hundred ports are taken")
	return ""
}

// TestMissingTraceToBytes goes from a trace that went missing to the bytes that
// carried it, and holds them against what passed over the wire. The agent was
// started elsewhere, as users' agents are.
func TestMissingTraceToBytes(t *testing.T) {
	t.Parallel()
	intake := freePort(t)
	captured := embeddedBehind(t, intake, "--drop", "10%")
	j := steady("[{name: hold, rate: 100/s, for: 3s}, {name: flat-out, rate: max, connections: 2, for: 1s}]", "traces_per_request=3")
	j.target, j.intake = captured.listen(t), intake
	rec, out := j.beside().do(t)
	if len(rec.Ledger.Examples.Missing) == 0 {
		t.Fatalf("nothing missing: %+v", rec.Ledger.Account)
	}
	replay, err := run.NewReplay(rec)
	if err != nil {
		t.Fatal(err)
	}
	sent := captured.bySeq(t, replay)
	if uint64(len(sent)) != rec.Requests.Sent {
		t.Errorf("captured %d requests, the record counts %d", len(sent), rec.Requests.Sent)
	}
	examples := rec.Ledger.Examples.Missing
	if raced { // each is a process of its own, which has no goroutines beside it
		examples = examples[:min(2, len(examples))]
	}
	for _, example := range examples {
		var stdout, stderr bytes.Buffer
		cmd := exec.Command("spanstorm", "preview", out, "--trace", example.TraceID)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("preview --trace %s: %v\n%s", example.TraceID, err, &stderr)
		}
		if !bytes.Equal(stdout.Bytes(), sent[example.Seq]) {
			t.Errorf("trace %s of request %d: preview gives other bytes than were sent", example.TraceID, example.Seq)
		}
		if !strings.Contains(fmt.Sprint(ids(decode(t, stdout.Bytes()))), example.TraceID) {
			t.Errorf("trace %s is not in the body of request %d", example.TraceID, example.Seq)
		}
	}
	for seq, body := range sent {
		if again, err := replay.Body(seq); err != nil || !bytes.Equal(again, body) {
			t.Fatalf("request %d cannot be had again: %v", seq, err)
		}
	}
}

// TestLossyFromTheStart meets an agent that was started elsewhere and that
// loses and refuses the first trace as it does every other: the run
// asks again instead of giving up.
func TestLossyFromTheStart(t *testing.T) {
	t.Parallel()
	intake := freePort(t)
	j := steady("[{name: hold, rate: 100/s, for: 1s}]")
	j.target, j.intake = embeddedBehind(t, intake, "--drop", "30%", "--error", "20%").listen(t), intake
	rec, _ := j.beside().do(t)
	if l := rec.Ledger.Account; l.Missing.Traces == 0 || l.Refused.Traces == 0 || l.Accepted.Traces == 0 {
		t.Errorf("want some of each: %+v", l)
	}
}

func ids(traces pb.Traces) (out []uint64) {
	for _, trace := range traces {
		out = append(out, trace[0].TraceID)
	}
	return out
}

// TestSameBodies runs one scenario with one worker and with 64: the corpus and,
// ids and times masked, the bodies are the same.
func TestSameBodies(t *testing.T) {
	t.Parallel()
	type sending struct {
		rec    *results.Record
		masked map[uint64]pb.Traces
	}
	send := func(workers int) sending {
		captured := &wire{next: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "{}") })}
		j := steady("[{name: hold, rate: 200/s, for: 2s}]", "traces_per_request=1..5", fmt.Sprintf("max_in_flight=%d", workers))
		j.target = captured.listen(t)
		rec, _ := j.beside().do(t)
		replay, err := run.NewReplay(rec)
		if err != nil {
			t.Fatal(err)
		}
		s := sending{rec: rec, masked: map[uint64]pb.Traces{}}
		for seq, body := range captured.bySeq(t, replay) {
			s.masked[seq] = mask(decode(t, body))
		}
		return s
	}
	one, many := send(1), send(64)
	if one.rec.Fingerprint != many.rec.Fingerprint {
		t.Errorf("fingerprints %s and %s", one.rec.Fingerprint, many.rec.Fingerprint)
	}
	if one.rec.RunKey == many.rec.RunKey {
		t.Error("two runs have one key")
	}
	both := 0
	for seq, traces := range one.masked {
		if other, ok := many.masked[seq]; ok {
			both++
			if diff := cmp.Diff(fmt.Sprint(traces), fmt.Sprint(other)); diff != "" {
				t.Fatalf("request %d differs:\n%s", seq, diff)
			}
		}
	}
	if both < 300 {
		t.Errorf("only %d requests in common", both)
	}
	if l := one.rec.Ledger; l.Source != "status" || l.Accepted.Traces != l.Delivered.Traces {
		t.Errorf("without an intake: source %q, %+v", l.Source, l.Account)
	}
}

// mask blanks ids and times; which span is whose parent stays.
func mask(traces pb.Traces) pb.Traces {
	for _, trace := range traces {
		index := map[uint64]uint64{0: 0}
		for i, span := range trace {
			index[span.SpanID] = uint64(i + 1)
		}
		first := trace[0].Start
		for _, span := range trace {
			span.TraceID, span.SpanID, span.ParentID = 0, index[span.SpanID], index[span.ParentID]
			span.Start -= first
			delete(span.Meta, "_dd.p.tid") // the upper half of the trace id: its time
		}
	}
	return traces
}
