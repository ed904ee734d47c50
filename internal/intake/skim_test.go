package intake

import (
	"errors"
	"testing"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// drawPayload makes an AgentPayload that fills both forms.
func drawPayload(t *rapid.T) *pb.AgentPayload {
	p := &pb.AgentPayload{HostName: "h", AgentVersion: rapid.StringN(0, 9, 40).Draw(t, "version"), TargetTPS: 10, RareSamplerEnabled: true}
	for range rapid.IntRange(0, 3).Draw(t, "payloads") {
		tracer := &pb.TracerPayload{LanguageName: "go", Tags: map[string]string{"a": "b"}}
		for range rapid.IntRange(0, 3).Draw(t, "chunks") {
			c := &pb.TraceChunk{Priority: rapid.Int32().Draw(t, "priority"), DroppedTrace: rapid.Bool().Draw(t, "dropped"), Tags: map[string]string{"x": "y"}}
			for range rapid.IntRange(0, 4).Draw(t, "spans") {
				c.Spans = append(c.Spans, drawSpan(t))
			}
			tracer.Chunks = append(tracer.Chunks, c)
		}
		p.TracerPayloads = append(p.TracerPayloads, tracer)
	}
	for range rapid.IntRange(0, 3).Draw(t, "idx payloads") {
		tracer := &idx.TracerPayload{Strings: []string{"", "web"}, LanguageNameRef: 1}
		for range rapid.IntRange(0, 3).Draw(t, "idx chunks") {
			c := &idx.TraceChunk{
				Priority: rapid.Int32().Draw(t, "priority"), DroppedTrace: rapid.Bool().Draw(t, "dropped"),
				TraceID: rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "trace id"), SamplingMechanism: 4,
			}
			for range rapid.IntRange(0, 4).Draw(t, "idx spans") {
				c.Spans = append(c.Spans, &idx.Span{
					ServiceRef: 1, SpanID: rapid.Uint64().Draw(t, "span id"), ParentID: rapid.Uint64().Draw(t, "parent"),
					Start: rapid.Uint64().Draw(t, "start"), Duration: 5, Kind: idx.SpanKind_SPAN_KIND_CLIENT,
					Attributes: map[uint32]*idx.AnyValue{1: {Value: &idx.AnyValue_DoubleValue{DoubleValue: 1}}},
				})
			}
			tracer.Chunks = append(tracer.Chunks, c)
		}
		p.IdxTracerPayloads = append(p.IdxTracerPayloads, tracer)
	}
	return p
}

func drawSpan(t *rapid.T) *pb.Span {
	return &pb.Span{
		Service: "web", Name: rapid.StringN(0, 200, 400).Draw(t, "name"),
		TraceID: rapid.SampledFrom([]uint64{0, 7, 1 << 62, ^uint64(0)}).Draw(t, "trace id"),
		SpanID:  rapid.Uint64().Draw(t, "span id"), ParentID: rapid.Uint64().Draw(t, "parent"),
		Start: rapid.Int64().Draw(t, "start"), Duration: rapid.Int64().Draw(t, "duration"),
		Meta: map[string]string{"k": "v"}, Metrics: map[string]float64{"m": 1.5},
		SpanLinks: []*pb.SpanLink{{TraceID: 1, SpanID: 2}},
	}
}

// ids are what a full decoder finds, in the words of the skimmer.
func ids(p *pb.AgentPayload) []chunk {
	out := []chunk{}
	for _, tracer := range p.TracerPayloads {
		for _, c := range tracer.Chunks {
			got := chunk{dropped: c.DroppedTrace}
			for i, s := range c.Spans {
				if i == 0 {
					got.traceID = s.TraceID
				}
				got.mixed = got.mixed || s.TraceID != got.traceID
				got.spans = append(got.spans, s.SpanID)
			}
			out = append(out, got)
		}
	}
	for _, tracer := range p.IdxTracerPayloads {
		for _, c := range tracer.Chunks {
			legacy := idx.InternalTraceChunk{TraceID: c.TraceID}
			got := chunk{traceID: legacy.LegacyTraceID(), dropped: c.DroppedTrace}
			for _, s := range c.Spans {
				got.spans = append(got.spans, s.SpanID)
			}
			out = append(out, got)
		}
	}
	return out
}

func skimAll(payload []byte) ([]chunk, error) {
	var s skimmer
	out := []chunk{}
	err := s.skim(payload, func(c chunk) {
		c.spans = append([]uint64(nil), c.spans...)
		c.message, c.tracer = nil, nil // see TestCuttingOut
		out = append(out, c)
	})
	return out, err
}

// sorted puts the first form before the second, as ids does: a payload may mix them.
func sameChunks(want, got []chunk) string {
	key := func(c chunk) [2]uint64 { return [2]uint64{c.traceID, uint64(len(c.spans))} }
	count := map[[2]uint64]int{}
	for _, c := range want {
		count[key(c)]++
	}
	for _, c := range got {
		count[key(c)]--
	}
	for k, n := range count {
		if n != 0 {
			return cmp.Diff(k, n)
		}
	}
	return ""
}

func TestSkimmingFindsWhatDecodingFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPayload(t)
		payload, err := proto.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		got, err := skimAll(payload)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(ids(p), got, cmp.AllowUnexported(chunk{})); diff != "" {
			t.Fatalf("(-decoded +skimmed):\n%s", diff)
		}
	})
}

func FuzzSkim(f *testing.F) {
	f.Add([]byte{})
	f.Add(benchPayload(f, 1, 2))
	f.Add([]byte("\x2a\x03\x32\x01\x1a"))
	whole, err := proto.Marshal(&pb.AgentPayload{IdxTracerPayloads: []*idx.TracerPayload{{
		Chunks: []*idx.TraceChunk{{TraceID: make([]byte, 16), DroppedTrace: true, Spans: []*idx.Span{{SpanID: 5}}}},
	}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Fuzz(func(t *testing.T, payload []byte) {
		got, err := skimAll(payload)
		if err != nil && !errors.Is(err, errPayload) {
			t.Fatal(err)
		}
		full := new(pb.AgentPayload)
		if proto.Unmarshal(payload, full) != nil {
			return // a skimmer may be more lenient
		}
		if err != nil {
			t.Fatalf("the decoder takes what the skimmer refuses: %v", err)
		}
		want := ids(full)
		if len(full.TracerPayloads) > 0 && len(full.IdxTracerPayloads) > 0 {
			// The forms may alternate on the wire; the decoder sorts them apart.
			if diff := sameChunks(want, got); diff != "" {
				t.Fatal(diff)
			}
			return
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(chunk{})); diff != "" {
			t.Fatalf("(-decoded +skimmed):\n%s", diff)
		}
	})
}

func FuzzDecodeRun(f *testing.F) {
	f.Add([]byte(`{"run_key":"000102030405060708090a0b0c0d0e0f","layout":{"chunk_bits":3,"span_bits":8}}`))
	f.Add([]byte(`{"run_key":"","layout":{"chunk_bits":255,"span_bits":255}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		key, layout, err := decodeRun(newReader(body))
		if err != nil {
			return
		}
		if layout.Validate() != nil {
			t.Fatalf("took the layout %+v", layout)
		}
		if len(key.String()) != 32 {
			t.Fatalf("key %s", key)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte("plain"), "")
	f.Add(packGzip(f, []byte("hello")), "gzip")
	f.Add(packZstd(f, []byte("hello")), "zstd")
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0xff}, "zstd")
	f.Fuzz(func(t *testing.T, packed []byte, encoding string) {
		var u unpackers
		for range 2 { // the second time with used readers
			out, err := u.unpack(u.buffer(), packed, encoding)
			if err == nil && len(out) > unpackedBytesMax {
				t.Fatalf("%d bytes", len(out))
			}
		}
	})
}

// benchPayload is a typical payload: spans with a dozen tags.
func benchPayload(tb testing.TB, chunks, spans int) []byte {
	tb.Helper()
	tracer := &pb.TracerPayload{LanguageName: "go"}
	for i := range chunks {
		c := &pb.TraceChunk{Priority: 1}
		for j := range spans {
			c.Spans = append(c.Spans, &pb.Span{
				Service: "checkout", Name: "http.request", Resource: "POST /checkout/confirm", Type: "web",
				TraceID: 1e18 + uint64(i), SpanID: 2e18 + uint64(i*spans+j), ParentID: 2e18, Start: 1.7e18, Duration: 1e6,
				Meta: map[string]string{
					"http.method": "POST", "http.status_code": "200", "http.url": "http://shop.example/checkout/confirm?id=123456",
					"component": "net/http", "span.kind": "server", "user.id": "4711", "env": "prod", "version": "1.2.3", "_dd.p.tid": "66a1b2c300000000",
				},
				Metrics: map[string]float64{"_dd.measured": 1, "_sampling_priority_v1": 1, "_top_level": 1},
			})
		}
		tracer.Chunks = append(tracer.Chunks, c)
	}
	payload, err := proto.Marshal(&pb.AgentPayload{TracerPayloads: []*pb.TracerPayload{tracer}})
	if err != nil {
		tb.Fatal(err)
	}
	return payload
}

func BenchmarkSkim(b *testing.B) {
	const chunks, spans = 100, 10
	payload := benchPayload(b, chunks, spans)
	benchSkim(b, payload, chunks*spans, (*skimmer).skim, func() error { return new(pb.AgentPayload).UnmarshalVT(payload) })
}

// benchSkim skims a payload of so many spans, beside decoding it.
func benchSkim(b *testing.B, payload []byte, spans int, skim func(*skimmer, []byte, func(chunk)) error, decode func() error) {
	var s skimmer
	for name, read := range map[string]func() error{
		"skim":            func() error { return skim(&s, payload, func(chunk) {}) },
		"decode baseline": decode,
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(payload)))
			for b.Loop() {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(spans), "ns/span")
		})
	}
}
