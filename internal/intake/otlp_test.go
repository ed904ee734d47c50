package intake

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	otlptrace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/ledger"
)

// TracesData has the form of an ExportTraceServiceRequest.
func otlpPayload(tb interface{ Fatal(...any) }, data *otlptrace.TracesData) []byte {
	b, err := proto.Marshal(data)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func text(key, value string) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}}
}

// otlpSpanOf is a span as the collector sends it.
func otlpSpanOf(high, traceID, spanID uint64) *otlptrace.Span {
	s := &otlptrace.Span{
		TraceId: binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, high), traceID),
		SpanId:  binary.BigEndian.AppendUint64(nil, spanID), ParentSpanId: make([]byte, 8),
		Name: "http.request", Kind: otlptrace.Span_SPAN_KIND_SERVER, StartTimeUnixNano: 1.7e18, EndTimeUnixNano: 1.7e18 + 1e6,
		Status: &otlptrace.Status{},
	}
	for _, tag := range [][2]string{
		{"http.method", "POST"}, {"http.status_code", "200"}, {"http.url", "http://shop.example/checkout/confirm?id=123456"},
		{"component", "net/http"}, {"user.id", "4711"}, {"env", "prod"}, {"version", "1.2.3"}, {"dd.span.Resource", "POST /checkout/confirm"},
		{"_dd.p.tid", "66a1b2c300000000"}, {"_dd.measured", "1"}, {"sampling.priority", "1"}, {"datadog.span.id", "2000000000000000001"},
	} {
		s.Attributes = append(s.Attributes, text(tag[0], tag[1]))
	}
	return s
}

// group puts spans under so many resources of a scope each, in turn.
func group(resources int, spans []*otlptrace.Span) *otlptrace.TracesData {
	data := &otlptrace.TracesData{}
	for range resources {
		data.ResourceSpans = append(data.ResourceSpans, &otlptrace.ResourceSpans{
			Resource:   &resource.Resource{Attributes: []*common.KeyValue{text("service.name", "checkout")}},
			ScopeSpans: []*otlptrace.ScopeSpans{{Scope: &common.InstrumentationScope{Name: "Datadog"}}},
		})
	}
	for i, s := range spans {
		scope := data.ResourceSpans[i%resources].ScopeSpans[0]
		scope.Spans = append(scope.Spans, s)
	}
	return data
}

// drawOTLP makes a request whose traces lie across its groups.
func drawOTLP(t *rapid.T) *otlptrace.TracesData {
	data := &otlptrace.TracesData{}
	id := func(length int, label string) []byte {
		if rapid.IntRange(0, 9).Draw(t, "odd") == 0 {
			return rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, label)
		}
		b := make([]byte, length)
		b[0] = rapid.Byte().Draw(t, "high")
		b[length-1] = rapid.ByteRange(0, 3).Draw(t, label)
		return b
	}
	for range rapid.IntRange(0, 3).Draw(t, "resources") {
		rs := &otlptrace.ResourceSpans{SchemaUrl: "https://schema", Resource: &resource.Resource{Attributes: []*common.KeyValue{text("a", "b")}}}
		for range rapid.IntRange(0, 3).Draw(t, "scopes") {
			ss := &otlptrace.ScopeSpans{Scope: &common.InstrumentationScope{Name: rapid.StringN(0, 9, 20).Draw(t, "scope")}}
			for range rapid.IntRange(0, 4).Draw(t, "spans") {
				ss.Spans = append(ss.Spans, &otlptrace.Span{
					TraceId: id(16, "trace"), SpanId: id(8, "span"), Name: rapid.StringN(0, 200, 400).Draw(t, "name"),
					ParentSpanId: id(8, "parent"), TraceState: "x=y", Flags: rapid.Uint32().Draw(t, "flags"),
					Attributes: []*common.KeyValue{text("k", "v")}, DroppedAttributesCount: 300,
					Links:  []*otlptrace.Span_Link{{TraceId: make([]byte, 16), SpanId: make([]byte, 8)}},
					Events: []*otlptrace.Span_Event{{Name: "e"}}, EndTimeUnixNano: rapid.Uint64().Draw(t, "end"),
				})
			}
			rs.ScopeSpans = append(rs.ScopeSpans, ss)
		}
		data.ResourceSpans = append(data.ResourceSpans, rs)
	}
	return data
}

// otlpIDs are what a full decoder finds, in the words of the skimmer.
func otlpIDs(data *otlptrace.TracesData) []chunk {
	at, out := map[uint64]int{}, []chunk{}
	for _, rs := range data.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				var traceID, spanID uint64
				if len(s.TraceId) == 16 {
					traceID = binary.BigEndian.Uint64(s.TraceId[8:])
				}
				if len(s.SpanId) == 8 {
					spanID = binary.BigEndian.Uint64(s.SpanId)
				}
				if _, known := at[traceID]; !known {
					at[traceID] = len(out)
					out = append(out, chunk{traceID: traceID})
				}
				c := &out[at[traceID]]
				c.spans = append(c.spans, spanID)
			}
		}
	}
	return out
}

func skimAllOTLP(s *skimmer, payload []byte) ([]chunk, error) {
	out := []chunk{}
	err := s.skimOTLP(payload, func(c chunk) {
		c.spans = append([]uint64(nil), c.spans...)
		out = append(out, c)
	})
	return out, err
}

func TestSkimmingOTLPFindsWhatDecodingFinds(t *testing.T) {
	var s skimmer
	rapid.Check(t, func(t *rapid.T) {
		data := drawOTLP(t)
		got, err := skimAllOTLP(&s, otlpPayload(t, data))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(otlpIDs(data), got, cmp.AllowUnexported(chunk{})); diff != "" {
			t.Fatalf("(-decoded +skimmed):\n%s", diff)
		}
	})
}

func FuzzSkimOTLP(f *testing.F) {
	f.Add([]byte{})
	f.Add(otlpPayload(f, group(2, []*otlptrace.Span{otlpSpanOf(1, 2, 3), otlpSpanOf(4, 2, 5), otlpSpanOf(0, 0, 6)})))
	f.Add([]byte("\x0a\x06\x12\x04\x12\x02\x0a\x01"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		got, err := skimAllOTLP(new(skimmer), payload)
		if err != nil && !errors.Is(err, errPayload) {
			t.Fatal(err)
		}
		full := new(otlptrace.TracesData)
		if proto.Unmarshal(payload, full) != nil {
			return // a skimmer may be more lenient
		}
		if err != nil {
			t.Fatalf("the decoder takes what the skimmer refuses: %v", err)
		}
		if diff := cmp.Diff(otlpIDs(full), got, cmp.AllowUnexported(chunk{})); diff != "" {
			t.Fatalf("(-decoded +skimmed):\n%s", diff)
		}
	})
}

// Whatever groups and requests spans come in, in whatever order, some never
// and some twice: the account is of spans, and a trace that came is whole.
func TestSpansMayBeAnywhere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		codec := identity.New(identity.Key{7}, layout)
		type part struct {
			n, distinct, again int
			first              bool
		}
		parts := map[uint64]*part{}
		var spans []*otlptrace.Span
		trace := uint64(0)
		for i := range uint64(rapid.IntRange(1, 6).Draw(t, "chunks")) {
			ordinal := 3 + 8*i
			p := &part{n: rapid.IntRange(1, 7).Draw(t, "spans")}
			parts[ordinal] = p
			if p.first = i == 0 || rapid.Bool().Draw(t, "first of its trace"); p.first {
				trace = codec.TraceID(ordinal, p.n)
			}
			for index := range p.n {
				id := codec.SpanID(ordinal, index)
				if !p.first && index == p.n-1 {
					id = codec.LastSpanID(ordinal, index)
				}
				times := rapid.SampledFrom([]int{1, 1, 1, 1, 1, 1, 1, 0, 2}).Draw(t, "times")
				p.distinct, p.again = p.distinct+min(times, 1), p.again+max(times-1, 0)
				for range times {
					spans = append(spans, otlpSpanOf(9, trace, id))
				}
			}
		}
		arrivals, err := ledger.NewArrivals(layout.SpanBits)
		if err != nil {
			t.Fatal(err)
		}
		var s skimmer
		var b batch
		for rest := rapid.Permutation(spans).Draw(t, "order"); len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "in one request")
			b.reset(codec, nil)
			if err := s.skimOTLP(otlpPayload(t, group(rapid.IntRange(1, 3).Draw(t, "resources"), rest[:n])), b.add); err != nil {
				t.Fatal(err)
			}
			b.enter(arrivals)
			rest = rest[n:]
		}
		whole := uint64(0)
		for ordinal, p := range parts {
			if distinct, again := arrivals.Seen(ordinal, p.n); distinct != uint64(p.distinct) || again != uint64(p.again) {
				t.Fatalf("of chunk %d, %d spans came and %d again, not %d and %d", ordinal, distinct, again, p.distinct, p.again)
			}
			if p.first && p.distinct == p.n {
				whole++
			}
		}
		if arrivals.Whole() < whole || arrivals.Foreign.Spans != 0 || arrivals.Spans != uint64(len(spans)) {
			t.Fatalf("%d whole, want %d; foreign %+v; %d of %d spans", arrivals.Whole(), whole, arrivals.Foreign, arrivals.Spans, len(spans))
		}
	})
}

// postOTLP sends as an exporter does.
func (f *fixture) postOTLP(encoding, contentType string, body []byte) (code int, answer string) {
	f.Helper()
	req, err := http.NewRequestWithContext(f.Context(), http.MethodPost, "http://"+f.server.Addrs().Listen+pathOTLP, bytes.NewReader(body))
	if err != nil {
		f.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		f.Fatal(err)
	}
	if got := res.Header.Get("Content-Type"); got != protobufType {
		f.Errorf("answered as %q", got)
	}
	return res.StatusCode, string(text)
}

func TestOTLP(t *testing.T) {
	f := start(t, Options{Samples: 1}).keyed()
	var spans []*otlptrace.Span
	for index := range 3 {
		spans = append(spans,
			otlpSpanOf(1, f.codec.TraceID(8, 3), f.codec.SpanID(8, index)),
			otlpSpanOf(0, f.codec.TraceID(9, 3), f.codec.SpanID(9, index)),
			otlpSpanOf(0, 5, 6))
	}
	body := otlpPayload(t, group(2, spans))
	for i, encoding := range []string{"", "gzip", "zstd"} {
		packed := map[string]func(testing.TB, []byte) []byte{
			"": func(_ testing.TB, b []byte) []byte { return b }, "gzip": packGzip, "zstd": packZstd,
		}[encoding](t, body)
		// An empty ExportTraceServiceResponse has no bytes.
		if code, text := f.postOTLP(encoding, protobufType, packed); code != http.StatusOK || text != "" {
			t.Errorf("%q: answered %d, %q", encoding, code, text)
		}
		f.seen(8, 3, 3, uint64(3*i))
		f.seen(9, 3, 3, uint64(3*i))
	}
	for code, send := range map[int][3]string{
		http.StatusBadRequest:           {"", protobufType, "\x0a\x7f"},
		http.StatusUnsupportedMediaType: {"", "application/json", `{"resourceSpans":[]}`},
	} {
		got, text := f.postOTLP(send[0], send[1], []byte(send[2]))
		if got != code || len(text) < 5 || text[:3] != "\x08\x03\x12" { // INVALID_ARGUMENT, and a message
			t.Errorf("%q: answered %d, %q", send[2], got, text)
		}
	}
	p := f.server.Progress()
	if p.Complete != 2 || p.Payloads != 3 || p.MalformedPayloads != 2 || p.Foreign != 3 || p.Spans != 18 {
		t.Errorf("%+v", p)
	}
	if _, err := f.server.Samples()[0].Decode(); err == nil {
		t.Error("OTLP is decoded as what it is not")
	}
}

func BenchmarkSkimOTLP(b *testing.B) {
	const chunks, spans, resources = 100, 10, 5
	var all []*otlptrace.Span
	for i := range uint64(chunks * spans) {
		all = append(all, otlpSpanOf(1, 1e18+i/spans, 2e18+i))
	}
	payload := otlpPayload(b, group(resources, all))
	benchSkim(b, payload, chunks*spans, (*skimmer).skimOTLP, func() error { return proto.Unmarshal(payload, new(otlptrace.TracesData)) })
}
