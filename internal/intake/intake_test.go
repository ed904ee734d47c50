package intake

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"
	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/results"
)

func newReader(b []byte) io.Reader { return bytes.NewReader(b) }

func packGzip(tb testing.TB, b []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		tb.Fatal(err)
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

func packZstd(tb testing.TB, b []byte) []byte {
	tb.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

var layout = identity.Layout{ChunkBits: 3, SpanBits: 5}

type fixture struct {
	*testing.T
	server *Server
	client *Client
	key    identity.Key
	codec  *identity.Codec
}

func start(t *testing.T, o Options) *fixture {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := s.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	key, err := identity.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return &fixture{t, s, NewClient(s.Addrs().Control), key, identity.New(key, layout)}
}

func (f *fixture) keyed() *fixture {
	f.Helper()
	if err := f.client.SetRun(f.Context(), f.key, layout); err != nil {
		f.Fatal(err)
	}
	return f
}

func (f *fixture) post(path, encoding string, body []byte) int {
	f.Helper()
	req, err := http.NewRequestWithContext(f.Context(), http.MethodPost, "http://"+f.server.Addrs().Listen+path, bytes.NewReader(body))
	if err != nil {
		f.Fatal(err)
	}
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode
}

// chunk makes a forwarded chunk with the given spans of an ordinal of n spans.
func (f *fixture) chunk(traceID, ordinal uint64, indexes ...int) *pb.TraceChunk {
	c := &pb.TraceChunk{Priority: 1}
	for _, i := range indexes {
		c.Spans = append(c.Spans, &pb.Span{TraceID: traceID, SpanID: f.codec.SpanID(ordinal, i), Service: "s"})
	}
	return c
}

func payloadOf(t testing.TB, chunks ...*pb.TraceChunk) []byte {
	t.Helper()
	b, err := proto.Marshal(&pb.AgentPayload{TracerPayloads: []*pb.TracerPayload{{Chunks: chunks}}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (f *fixture) seen(ordinal uint64, n int, distinct, again uint64) {
	f.Helper()
	a, err := f.client.Arrivals(f.Context())
	if err != nil {
		f.Fatal(err)
	}
	if d, x := a.Seen(ordinal, n); d != distinct || x != again {
		f.Errorf("chunk %d: %d of %d came, %d again; want %d and %d", ordinal, d, n, x, distinct, again)
	}
}

func TestBothFormsInEveryPacking(t *testing.T) {
	f := start(t, Options{}).keyed()
	low := make([]byte, 16)
	binary.BigEndian.PutUint64(low[8:], f.codec.TraceID(9, 2))
	low[0] = 0xaa // the high half is no business of ours
	idxPayload, err := proto.Marshal(&pb.AgentPayload{IdxTracerPayloads: []*idx.TracerPayload{{Chunks: []*idx.TraceChunk{{
		TraceID: low, Spans: []*idx.Span{{SpanID: f.codec.SpanID(9, 1)}, {SpanID: f.codec.SpanID(9, 0)}},
	}}}}})
	if err != nil {
		t.Fatal(err)
	}
	plain := payloadOf(t, f.chunk(f.codec.TraceID(8, 3), 8, 0, 1, 2))
	for i, send := range []struct {
		encoding string
		pack     func(testing.TB, []byte) []byte
	}{
		{"", func(_ testing.TB, b []byte) []byte { return b }},
		{"identity", func(_ testing.TB, b []byte) []byte { return b }},
		{"gzip", packGzip},
		{"zstd", packZstd},
	} {
		if code := f.post(pathTraces, send.encoding, send.pack(t, plain)); code != http.StatusAccepted {
			t.Errorf("%q: %d", send.encoding, code)
		}
		if code := f.post(pathTraces, send.encoding, send.pack(t, idxPayload)); code != http.StatusAccepted {
			t.Errorf("%q, idx: %d", send.encoding, code)
		}
		f.seen(8, 3, 3, uint64(3*i))
		f.seen(9, 2, 2, uint64(2*i))
	}
	p, err := f.client.Progress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p.Complete != 2 || p.Chunks != 8 || p.Spans != 20 || p.Payloads != 8 || p.LastArrivalUnixNS == 0 || p.Probe {
		t.Errorf("progress: %+v", p)
	}
	want := map[string]uint64{
		"tracerPayloads, identity": 2, "tracerPayloads, gzip": 1, "tracerPayloads, zstd": 1,
		"idxTracerPayloads, identity": 2, "idxTracerPayloads, gzip": 1, "idxTracerPayloads, zstd": 1,
	}
	if !maps.Equal(p.Forms, want) {
		t.Errorf("forms: %v", p.Forms)
	}
}

func TestChunksThatAreNotWhole(t *testing.T) {
	f := start(t, Options{}).keyed()
	shared := f.codec.TraceID(16, 2)
	foreign := &pb.TraceChunk{Spans: []*pb.Span{{TraceID: 5, SpanID: 6}, {TraceID: 5, SpanID: 7}}}
	alien := f.chunk(f.codec.TraceID(20, 2), 20, 0)
	alien.Spans = append(alien.Spans, &pb.Span{TraceID: f.codec.TraceID(20, 2), SpanID: 77})
	dropped := f.chunk(f.codec.TraceID(21, 2), 21, 0, 1)
	dropped.DroppedTrace = true
	droppedPart := f.chunk(f.codec.TraceID(22, 3), 22, 0, 1)
	droppedPart.DroppedTrace = true
	mixed := f.chunk(f.codec.TraceID(23, 2), 23, 0, 1)
	mixed.Spans[1].TraceID = 4
	probe := layout.Probe(0)
	body := payloadOf(t,
		f.chunk(shared, 16, 0, 1),                    // whole
		f.chunk(shared, 17, 0, 1, 2),                 // under the trace id of its first chunk
		f.chunk(0, 18, 1, 0),                         // trace id broken on purpose
		f.chunk(f.codec.TraceID(19, 4), 19, 3, 1),    // in part
		f.chunk(f.codec.TraceID(19, 4), 19, 1),       // one of it again
		f.chunk(f.codec.TraceID(24, 2), 24, 0, 0),    // one span twice
		f.chunk(f.codec.TraceID(probe, 1), probe, 0), // the trace that checks the path
		foreign, alien, dropped, droppedPart, mixed, &pb.TraceChunk{},
	)
	if code := f.post(pathTraces, "", body); code != http.StatusAccepted {
		t.Fatal(code)
	}
	f.seen(16, 2, 2, 0)
	f.seen(17, 3, 3, 0)
	f.seen(18, 2, 2, 0)
	f.seen(19, 4, 2, 1)
	f.seen(20, 2, 1, 0)
	f.seen(21, 2, 0, 0)
	f.seen(22, 3, 0, 0)
	f.seen(23, 2, 2, 0)
	f.seen(24, 2, 1, 1)
	a, err := f.client.Arrivals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := (results.Count{Traces: 1, Spans: 3}); a.Foreign != want || a.Probes != 1 || a.Whole() != 2 { // the first, and the mixed one
		t.Errorf("foreign %+v, probes %d, whole %d", a.Foreign, a.Probes, a.Whole())
	}
}

func TestBeforeThereIsAKey(t *testing.T) {
	f := start(t, Options{Samples: 2})
	if code := f.post(pathTraces, "", payloadOf(t, f.chunk(1, 1, 0))); code != http.StatusAccepted {
		t.Fatal(code)
	}
	p, err := f.client.Progress(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p.UnkeyedPayloads != 1 || p.Payloads != 0 {
		t.Errorf("%+v", p)
	}
	if _, err := f.client.Arrivals(t.Context()); err == nil || !strings.Contains(err.Error(), "no run's key") {
		t.Errorf("arrivals of no run: %v", err)
	}
	// A key begins an empty account, and another one the next.
	f.keyed()
	f.post(pathTraces, "", payloadOf(t, f.chunk(f.codec.TraceID(3, 1), 3, 0)))
	f.seen(3, 1, 1, 0)
	f.keyed()
	f.seen(3, 1, 0, 0)
}

func TestWhatIsNoPayloadIsRefusedAndNotCounted(t *testing.T) {
	f := start(t, Options{}).keyed()
	f.server.unpack.max = 1 << 20
	whole := payloadOf(t, f.chunk(f.codec.TraceID(3, 1), 3, 0))
	tests := map[string]struct {
		encoding string
		body     []byte
		code     int
	}{
		"cut short":        {"", append(whole, 0x2a, 0x7f), http.StatusBadRequest},
		"not gzip":         {"gzip", whole, http.StatusBadRequest},
		"not zstd":         {"zstd", whole, http.StatusBadRequest},
		"unknown packing":  {"br", whole, http.StatusUnsupportedMediaType},
		"unpacks too much": {"zstd", packZstd(t, make([]byte, 1<<20+1)), http.StatusRequestEntityTooLarge},
		"the same in gzip": {"gzip", packGzip(t, make([]byte, 1<<20+1)), http.StatusRequestEntityTooLarge},
	}
	for name, test := range tests {
		if code := f.post(pathTraces, test.encoding, test.body); code != test.code {
			t.Errorf("%s: %d, want %d", name, code, test.code)
		}
	}
	f.seen(3, 1, 0, 0)
	p := f.server.Progress()
	if p.MalformedPayloads != uint64(len(tests)) || p.Payloads != 0 {
		t.Errorf("%+v", p)
	}
}

func TestOtherEndpointsKeepAgentsCalm(t *testing.T) {
	f := start(t, Options{}).keyed()
	if code := f.post(pathStats, "gzip", []byte("anything")); code != http.StatusAccepted {
		t.Error(code)
	}
	for _, path := range []string{"/intake/", "/api/v2/apmtelemetry", "/api/v1/validate"} {
		if code := f.post(path, "", []byte("{}")); code/100 != 2 {
			t.Errorf("%s: %d", path, code)
		}
	}
	res, err := http.Get("http://" + f.server.Addrs().Listen + "/api/v1/validate?api_key=x")
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Error(res.Status)
	}
	for i := range 2 * pathsMax {
		f.post(fmt.Sprint("/made/up/", i), "", nil)
	}
	p := f.server.Progress()
	if p.StatsPayloads != 1 || p.OtherRequests["GET /api/v1/validate"] != 1 || p.OtherRequests["POST /intake/"] != 1 {
		t.Errorf("%+v", p)
	}
	if len(p.OtherRequests) > pathsMax+1 || p.OtherRequests["other"] == 0 {
		t.Errorf("%d paths are counted one by one", len(p.OtherRequests))
	}
	a, err := f.server.Arrivals()
	if err != nil || a.StatsPayloads != 1 {
		t.Errorf("%v, %d payloads of statistics", err, a.StatsPayloads)
	}
}

func TestSamplesAreKeptWhole(t *testing.T) {
	f := start(t, Options{Samples: 2}).keyed()
	var want []*pb.AgentPayload
	for i := range uint64(3) {
		c := f.chunk(f.codec.TraceID(i, 1), i, 0)
		p := &pb.AgentPayload{TracerPayloads: []*pb.TracerPayload{{Chunks: []*pb.TraceChunk{c}}}}
		want = append(want, p)
		f.post(pathTraces, "gzip", packGzip(t, payloadOf(t, c)))
	}
	samples, err := f.client.Samples(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(samples) != 2 {
		t.Fatalf("%d samples", len(samples))
	}
	for i, s := range samples {
		got, err := s.Decode()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[i], got, protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
		if s.Header.Get("Content-Encoding") != "gzip" || s.Path != pathTraces {
			t.Errorf("%+v", s.Header)
		}
	}
}

func TestControlStaysOnLoopback(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "192.0.2.1:0", "example.com:1", "nonsense"} {
		if s, err := Start(Options{Control: addr}); err == nil {
			t.Errorf("%s: listens on %v", addr, s.Addrs())
		}
	}
}

func TestControlRefusesABadKey(t *testing.T) {
	f := start(t, Options{})
	for _, body := range []string{
		``, `{}`, `{"run_key":"xyz","layout":{}}`,
		`{"run_key":"000102030405060708090a0b0c0d0e0f","layout":{"chunk_bits":40,"span_bits":40}}`,
		`{"run_key":"000102030405060708090a0b0c0d0e0f","layout":{"chunk_bits":1,"span_bits":1}} {}`,
		`{"run_key":"000102030405060708090a0b0c0d0e0f","layout":{"chunk_bits":1,"span_bits":1},"more":1}`,
	} {
		res, err := http.Post("http://"+f.server.Addrs().Control+controlRun, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", body, res.Status)
		}
	}
}

// gone is an answer whose reader has left.
type gone struct{ http.ResponseWriter }

func (gone) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
func (gone) WriteHeader(int)           {}
func (gone) Header() http.Header       { return http.Header{} }

func TestAnArrivalCountsOnceItWasAnswered(t *testing.T) {
	f := start(t, Options{}).keyed()
	body := payloadOf(t, f.chunk(f.codec.TraceID(3, 1), 3, 0))
	req, err := http.NewRequest(http.MethodPost, pathTraces, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	f.server.dataHandler().ServeHTTP(gone{}, req)
	f.seen(3, 1, 0, 0)
	if p := f.server.Progress(); p.UnansweredPayloads != 1 || p.Payloads != 0 {
		t.Errorf("%+v", p)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ready, ended := make(chan Addrs, 1), make(chan error, 1)
	go func() { ended <- Serve(ctx, Options{}, func(a Addrs) { ready <- a }) }()
	addrs := <-ready
	if _, err := NewClient(addrs.Control).Progress(ctx); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := NewClient(addrs.Control).Progress(t.Context()); err == nil {
		t.Error("it still answers")
	}
}

// A later part of a long trace bears the trace id of the first part: it is whole
// when all its spans came, up to the one that says that it is the last.
func TestPartsOfATrace(t *testing.T) {
	f := start(t, Options{}).keyed()
	trace := f.codec.TraceID(8, 2)
	part := func(ordinal uint64, n int, indexes ...int) *pb.TraceChunk {
		c := f.chunk(trace, ordinal, indexes...)
		for k, i := range indexes {
			if i == n-1 {
				c.Spans[k].SpanID = f.codec.LastSpanID(ordinal, i)
			}
		}
		return c
	}
	body := payloadOf(t,
		f.chunk(trace, 8, 0, 1),  // the first part
		part(17, 3, 2, 0, 1),     // whole, in another order
		part(17, 3, 0, 1, 2),     // and again
		part(25, 3, 0, 1),        // without its last span
		part(33, 3, 0, 2),        // without one in the middle
		part(41, 1, 0),           // a single span
		part(49, 2, 0, 1, 1),     // whole, and one twice
		f.chunk(trace, 57, 0, 1), // spans that no one calls the last
	)
	if code := f.post(pathTraces, "", body); code != http.StatusAccepted {
		t.Fatalf("answered %d", code)
	}
	a, err := f.server.Arrivals()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ordinal         uint64
		n               int
		distinct, again uint64
	}{{8, 2, 2, 0}, {17, 3, 3, 3}, {25, 3, 2, 0}, {33, 3, 2, 0}, {41, 1, 1, 0}, {49, 2, 2, 1}, {57, 2, 2, 0}} {
		if distinct, again := a.Seen(c.ordinal, c.n); distinct != c.distinct || again != c.again {
			t.Errorf("chunk %d of %d spans: %d came, %d again; want %d and %d", c.ordinal, c.n, distinct, again, c.distinct, c.again)
		}
	}
	if a.Whole() != 4 || a.Foreign != (results.Count{}) || a.Chunks != 8 {
		t.Errorf("%d chunks, %d whole, foreign %+v", a.Chunks, a.Whole(), a.Foreign)
	}
}
