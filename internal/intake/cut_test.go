package intake

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"
	"github.com/google/go-cmp/cmp"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	otlptrace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
	"github.com/spanstorm/spanstorm/internal/identity"
)

// drawIDs are span ids of a chunk, now and then not all of them, and one that is nobody's.
func drawIDs(t *rapid.T, codec *identity.Codec, ordinal uint64) (traceID uint64, ids []uint64) {
	n := rapid.IntRange(1, 5).Draw(t, "spans")
	for i := range n {
		if rapid.IntRange(0, 5).Draw(t, "comes") > 0 {
			ids = append(ids, codec.SpanID(ordinal, i))
		}
	}
	if rapid.IntRange(0, 5).Draw(t, "alien") == 0 {
		ids = append(ids, 7)
	}
	return codec.TraceID(ordinal, n), ids
}

// known says that a chunk can be told to be one of the run's.
func known(ids []uint64) bool {
	return slices.ContainsFunc(ids, func(id uint64) bool { return id != 7 })
}

func drawWanted(t *rapid.T, n int) map[uint64]struct{} {
	wanted := map[uint64]struct{}{}
	for ordinal := range uint64(n) {
		if rapid.Bool().Draw(t, "wanted") {
			wanted[ordinal] = struct{}{}
		}
	}
	return wanted
}

// cutOf skims a payload, and cuts out what is wanted.
func cutOf(t *rapid.T, p protocol, codec *identity.Codec, wanted map[uint64]struct{}, payload []byte) map[uint64]CutOut {
	var b batch
	b.reset(codec, wanted)
	if err := p.skim(new(skimmer), payload, b.add); err != nil {
		t.Fatal(err)
	}
	out := map[uint64]CutOut{}
	for _, c := range p.cut(&b, payload) {
		if _, twice := out[c.Ordinal]; twice {
			t.Fatalf("chunk %d twice", c.Ordinal)
		}
		out[c.Ordinal] = c
	}
	return out
}

// TestCuttingOut holds that a chunk that was cut out reads as it does in the whole payload, in
// both forms, and that nothing else is cut out.
func TestCuttingOut(t *testing.T) {
	codec := identity.New(identity.Key{1}, layout)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 8).Draw(t, "chunks")
		payload, want := &pb.AgentPayload{}, map[uint64]*pb.TracerPayload{}
		tracer, indexed := &pb.TracerPayload{}, &idx.TracerPayload{Strings: []string{""}}
		for i := range 10 {
			indexed.Strings = append(indexed.Strings, fmt.Sprint("text ", i))
		}
		ref := rapid.Uint32Range(0, 10)
		for ordinal := range uint64(n) {
			traceID, ids := drawIDs(t, codec, ordinal)
			dropped := rapid.IntRange(0, 4).Draw(t, "dropped") == 0
			if rapid.Bool().Draw(t, "indexed") {
				c := &idx.TraceChunk{TraceID: binary.BigEndian.AppendUint64(make([]byte, 8), traceID), OriginRef: ref.Draw(t, "origin"), DroppedTrace: dropped}
				for _, id := range ids {
					c.Spans = append(c.Spans, &idx.Span{
						SpanID: id, ServiceRef: ref.Draw(t, "service"), NameRef: ref.Draw(t, "name"), Start: 5,
						Attributes: map[uint32]*idx.AnyValue{ref.Draw(t, "key"): {Value: &idx.AnyValue_StringValueRef{StringValueRef: ref.Draw(t, "value")}}},
					})
				}
				indexed.Chunks = append(indexed.Chunks, c)
				if !dropped && known(ids) {
					one := proto.CloneOf(indexed)
					one.Chunks = []*idx.TraceChunk{c}
					want[ordinal] = decode.FromIndexed(idx.FromProto(proto.CloneOf(one)))
				}
				continue
			}
			c := &pb.TraceChunk{DroppedTrace: dropped, Priority: 1}
			for _, id := range ids {
				c.Spans = append(c.Spans, &pb.Span{TraceID: traceID, SpanID: id, Service: rapid.StringN(0, 9, 200).Draw(t, "service"), Meta: map[string]string{"k": "v"}})
			}
			tracer.Chunks = append(tracer.Chunks, c)
			if !dropped && known(ids) {
				want[ordinal] = &pb.TracerPayload{Chunks: []*pb.TraceChunk{c}}
			}
		}
		payload.TracerPayloads, payload.IdxTracerPayloads = []*pb.TracerPayload{tracer}, []*idx.TracerPayload{indexed}
		body, err := proto.Marshal(payload)
		if err != nil {
			t.Fatal(err)
		}
		wanted := drawWanted(t, n)
		got := map[uint64]*pb.TracerPayload{}
		for ordinal, c := range cutOf(t, datadog(), codec, wanted, body) {
			got[ordinal] = read(t, c)
		}
		for ordinal := range uint64(n) {
			if _, ok := wanted[ordinal]; !ok {
				delete(want, ordinal)
			}
		}
		if diff := cmp.Diff(want, got, protocmp.Transform(), protocmp.IgnoreEmptyMessages()); diff != "" {
			t.Fatalf("(-in the payload +cut out):\n%s", diff)
		}
	})
}

// read decodes what was cut out of an AgentPayload.
func read(t interface{ Fatal(...any) }, c CutOut) *pb.TracerPayload {
	if c.Form == FormChunk {
		chunk := new(pb.TraceChunk)
		if err := proto.Unmarshal(c.Body, chunk); err != nil {
			t.Fatal(err)
		}
		return &pb.TracerPayload{Chunks: []*pb.TraceChunk{chunk}}
	}
	p := new(idx.TracerPayload)
	if err := proto.Unmarshal(c.Body, p); err != nil {
		t.Fatal(err)
	}
	return decode.FromIndexed(idx.FromProto(p))
}

// TestCuttingOutOTLP holds the same of spans that stand under several resources and scopes.
func TestCuttingOutOTLP(t *testing.T) {
	codec := identity.New(identity.Key{1}, layout)
	// A span with what it stands under, as one text.
	told := func(r *otlptrace.ResourceSpans, s *otlptrace.ScopeSpans, span *otlptrace.Span) string {
		return fmt.Sprintf("%s %s %x %s", r.Resource.Attributes[0].Value.GetStringValue(), s.Scope.Name, span.SpanId, span.Name)
	}
	each := func(data *otlptrace.TracesData, visit func(uint64, string)) {
		for _, r := range data.ResourceSpans {
			for _, s := range r.ScopeSpans {
				for _, span := range s.Spans {
					visit(binary.BigEndian.Uint64(span.SpanId), told(r, s, span))
				}
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 6).Draw(t, "chunks")
		data := new(otlptrace.TracesData)
		for i := range 2 {
			r := &otlptrace.ResourceSpans{Resource: &resource.Resource{Attributes: []*common.KeyValue{text("service.name", fmt.Sprint("service ", i))}}}
			for k := range 2 {
				r.ScopeSpans = append(r.ScopeSpans, &otlptrace.ScopeSpans{Scope: &common.InstrumentationScope{Name: fmt.Sprint("scope ", k)}})
			}
			data.ResourceSpans = append(data.ResourceSpans, r)
		}
		for ordinal := range uint64(n) {
			traceID, ids := drawIDs(t, codec, ordinal)
			for _, id := range ids {
				s := data.ResourceSpans[rapid.IntRange(0, 1).Draw(t, "resource")].ScopeSpans[rapid.IntRange(0, 1).Draw(t, "scope")]
				s.Spans = append(s.Spans, otlpSpanOf(9, traceID, id))
			}
		}
		wanted := drawWanted(t, n)
		want, got := map[uint64][]string{}, map[uint64][]string{}
		each(data, func(id uint64, s string) {
			ordinal, _, ok := codec.Span(id)
			if _, is := wanted[ordinal]; is && ok {
				want[ordinal] = append(want[ordinal], s)
			}
		})
		for ordinal, c := range cutOf(t, otlp(), codec, wanted, otlpPayload(t, data)) {
			cut := new(otlptrace.TracesData)
			if err := proto.Unmarshal(c.Body, cut); err != nil {
				t.Fatal(err)
			}
			each(cut, func(_ uint64, s string) { got[ordinal] = append(got[ordinal], s) })
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-in the payload +cut out):\n%s", diff)
		}
	})
}

// TestWhatIsWantedIsCutOutOnce goes by way of the endpoints: whole chunks are kept once, pieces
// each, and what has not been asked for not at all.
func TestWhatIsWantedIsCutOutOnce(t *testing.T) {
	f := start(t, Options{})
	if err := f.client.Want(t.Context(), []uint64{1}); err == nil || !strings.Contains(err.Error(), "no run's key") {
		t.Errorf("want chunks before there is a run: %v", err)
	}
	f.keyed()
	if err := f.client.Want(t.Context(), []uint64{1, 2, 9}); err != nil {
		t.Fatal(err)
	}
	whole, other := f.chunk(f.codec.TraceID(1, 2), 1, 0, 1), f.chunk(f.codec.TraceID(3, 1), 3, 0)
	first, second := f.chunk(f.codec.TraceID(2, 2), 2, 0), f.chunk(f.codec.TraceID(2, 2), 2, 1)
	for _, body := range [][]byte{payloadOf(t, whole, other, first), payloadOf(t, second, whole)} {
		if code := f.post(pathTraces, "", body); code != http.StatusAccepted {
			t.Fatal(code)
		}
	}
	got, err := f.client.CutOuts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	spans := map[uint64][]int{}
	for _, c := range got {
		spans[c.Ordinal] = append(spans[c.Ordinal], len(read(t, c).Chunks[0].Spans))
	}
	if diff := cmp.Diff(map[uint64][]int{1: {2}, 2: {1, 1}}, spans); diff != "" {
		t.Error(diff)
	}
}

// TestRoomForCutOuts bounds them, and what large ones take of it.
func TestRoomForCutOuts(t *testing.T) {
	k := &cuts{pieces: map[uint64]int{}}
	never := func(int) bool { return false }
	large, small := make([]byte, 4<<20), make([]byte, cutLarge)
	for ordinal := range uint64(8) {
		k.keep([]CutOut{{Ordinal: ordinal, Body: large}}, never)
	}
	if k.bytes != cutBytesMax/2 {
		t.Errorf("%d bytes of large chunks", k.bytes)
	}
	for range 2 * cutPiecesMax {
		k.keep([]CutOut{{Ordinal: 100, Body: small}}, never)
	}
	if k.pieces[100] != cutPiecesMax {
		t.Errorf("%d pieces", k.pieces[100])
	}
	for ordinal := range uint64(2 * cutBytesMax / cutLarge) {
		k.keep([]CutOut{{Ordinal: 1000 + ordinal, Body: small}}, never)
	}
	if k.bytes > cutBytesMax || k.bytes < cutBytesMax-cutLarge {
		t.Errorf("%d bytes in all", k.bytes)
	}
}

// BenchmarkWanted reads payloads of a run of 200,000 chunks, of which none are wanted, or a
// thousand.
func BenchmarkWanted(b *testing.B) {
	const chunks, spans, payloads = 100, 10, 2000
	codec := identity.New(identity.Key{1}, layout)
	var tracer pb.TracerPayload
	if err := proto.Unmarshal(benchTracer(b, chunks, spans), &tracer); err != nil {
		b.Fatal(err)
	}
	wanted := map[uint64]struct{}{}
	for i := range uint64(1000) {
		wanted[i*chunks*payloads/1000] = struct{}{}
	}
	bodies := make([][]byte, 200) // as many as there are, they come again
	for p := range bodies {
		for i, c := range tracer.Chunks {
			ordinal := uint64(p*chunks + i)
			for k, s := range c.Spans {
				s.TraceID, s.SpanID = codec.TraceID(ordinal, spans), codec.SpanID(ordinal, k)
			}
		}
		var err error
		if bodies[p], err = proto.Marshal(&pb.AgentPayload{TracerPayloads: []*pb.TracerPayload{&tracer}}); err != nil {
			b.Fatal(err)
		}
	}
	for name, set := range map[string]map[uint64]struct{}{"none": nil, "a thousand": wanted} {
		b.Run(name, func(b *testing.B) {
			var s skimmer
			var batch batch
			cut := 0
			for i := 0; b.Loop(); i++ {
				body := bodies[i%len(bodies)]
				batch.reset(codec, set)
				if err := s.skim(body, batch.add); err != nil {
					b.Fatal(err)
				}
				cut += len(cutChunks(&batch, body))
			}
			if (cut > 0) != (set != nil) {
				b.Fatalf("%d were cut out", cut)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/chunks/spans, "ns/span")
		})
	}
}

// benchTracer is the one payload of a tracer in benchPayload.
func benchTracer(tb testing.TB, chunks, spans int) []byte {
	tb.Helper()
	var tracer []byte
	if err := each(benchPayload(tb, chunks, spans), payloadTracers, func(b []byte) error {
		tracer = b
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
	return tracer
}
