package decode

import (
	"encoding/binary"
	"encoding/json"
	"runtime"
	"strings"
	"testing"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"
)

// Memory that is used again must not show in what is decoded next.
func TestDecodingForgetsTheBodyBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d Decoder
		for range 4 {
			b := draw(t)
			spoil := rapid.IntRange(0, len(b.bytes)).Draw(t, "spoil")
			_, _, _ = d.Decode(b.api, b.format, b.bytes[:spoil]) // leaves something half done
			d.Reset()
			got, rest, err := d.Decode(b.api, b.format, append(b.bytes, "more"...))
			if err != nil || string(rest) != "more" {
				t.Fatalf("%s: %v, %q follows", b.api, err, rest)
			}
			if diff := cmp.Diff(b.want, got, protocmp.Transform(), protocmp.IgnoreEmptyMessages()); diff != "" {
				t.Fatalf("%s (-encoded +decoded):\n%s", b.api, diff)
			}
			d.Reset()
		}
	})
}

// A span that names fewer fields than the one before it in the same memory.
func TestDecodingASparseSpan(t *testing.T) {
	var d Decoder
	full, err := pb.Traces{{goodSpan()}}.MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.Decode(V04, Msgpack, full); err != nil {
		t.Fatal(err)
	}
	d.Reset()
	got, _, err := d.Decode(V04, Msgpack, []byte("\x91\x91\x81\xa7span_id\x05"))
	if err != nil {
		t.Fatal(err)
	}
	want := &pb.TracerPayload{Chunks: []*pb.TraceChunk{{Priority: PriorityNone, Spans: []*pb.Span{{SpanID: 5}}}}}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
}

// What only v1.0 has fields and types for.
func TestFromIndexed(t *testing.T) {
	texts := idx.NewStringTable()
	text := func(s string) *idx.AnyValue {
		return &idx.AnyValue{Value: &idx.AnyValue_StringValueRef{StringValueRef: texts.Add(s)}}
	}
	whole := &idx.AnyValue{Value: &idx.AnyValue_IntValue{IntValue: -3}}
	list := &idx.AnyValue{Value: &idx.AnyValue_ArrayValue{ArrayValue: &idx.ArrayValue{Values: []*idx.AnyValue{text("a"), whole}}}}
	span := &idx.Span{
		SpanID: 9, Error: true, Kind: idx.SpanKind_SPAN_KIND_CLIENT,
		EnvRef: texts.Add("prod"), VersionRef: texts.Add("1.2"), ComponentRef: texts.Add("net/http"),
		Attributes: map[uint32]*idx.AnyValue{
			texts.Add("text"):  text("bad \xff"),
			texts.Add("truth"): {Value: &idx.AnyValue_BoolValue{BoolValue: true}},
			texts.Add("whole"): whole,
			texts.Add("half"):  {Value: &idx.AnyValue_DoubleValue{DoubleValue: 0.5}},
			texts.Add("bytes"): {Value: &idx.AnyValue_BytesValue{BytesValue: []byte{1, 2}}},
			texts.Add("list"):  list,
		},
		Events: []*idx.SpanEvent{{Time: 4, NameRef: texts.Add("exception"), Attributes: map[uint32]*idx.AnyValue{
			texts.Add("list"): list, texts.Add("whole"): whole,
		}}},
	}
	id := []byte{1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3}
	chunk := idx.NewInternalTraceChunk(texts, 2, "synthetics", nil, []*idx.InternalSpan{idx.NewInternalSpan(texts, span)}, false, id, 4)
	got := FromIndexed(&idx.InternalTracerPayload{Strings: texts, Chunks: []*idx.InternalTraceChunk{chunk}})
	want := &pb.TracerPayload{Chunks: []*pb.TraceChunk{{
		Priority: 2, Origin: "synthetics", Tags: map[string]string{"_dd.p.tid": "0100000000000002", "_dd.p.dm": "-4"},
		Spans: []*pb.Span{{
			TraceID: 3, SpanID: 9, Error: 1,
			Meta: map[string]string{
				"env": "prod", "version": "1.2", "component": "net/http", "span.kind": "client",
				"text": "bad \uFFFD", "truth": "true", "list": "[a,-3]",
			},
			Metrics:    map[string]float64{"whole": -3, "half": 0.5},
			MetaStruct: map[string][]byte{"bytes": {1, 2}},
			SpanEvents: []*pb.SpanEvent{{TimeUnixNano: 4, Name: "exception", Attributes: map[string]*pb.AttributeAnyValue{
				"whole": {Type: pb.AttributeAnyValue_INT_VALUE, IntValue: -3},
				"list": {Type: pb.AttributeAnyValue_ARRAY_VALUE, ArrayValue: &pb.AttributeArray{Values: []*pb.AttributeArrayValue{
					{StringValue: "a"}, {Type: pb.AttributeArrayValue_INT_VALUE, IntValue: -3},
				}}},
			}}},
		}},
	}}}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
}

func TestTracesPutsBackWhatChunksSay(t *testing.T) {
	root, child := &pb.Span{SpanID: 1}, &pb.Span{SpanID: 2, ParentID: 1}
	got := Traces(&pb.TracerPayload{Chunks: []*pb.TraceChunk{
		{Priority: -1, Origin: "rum", Tags: map[string]string{"_dd.p.tid": "5"}, Spans: []*pb.Span{child, root}},
		{Priority: PriorityNone, Spans: []*pb.Span{{SpanID: 3, ParentID: 9}}},
		nil,
	}})
	want := pb.Traces{
		{{SpanID: 2, ParentID: 1}, {SpanID: 1, Meta: map[string]string{"_dd.p.tid": "5", OriginKey: "rum"}, Metrics: map[string]float64{PriorityKey: -1}}},
		{{SpanID: 3, ParentID: 9}},
		nil,
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(pb.Span{})); diff != "" {
		t.Error(diff)
	}
}

func TestALyingLengthCostsNothing(t *testing.T) {
	many := func(kind byte) []byte { return binary.BigEndian.AppendUint32([]byte{kind}, 500_000) }
	lies := map[string]struct {
		api  API
		body []byte
	}{
		"traces":          {V04, many(0xdd)},
		"spans":           {V04, append([]byte{0x91}, many(0xdd)...)},
		"fields":          {V04, append([]byte{0x91, 0x91}, many(0xdf)...)},
		"tags":            {V04, append([]byte("\x91\x91\x81\xa4meta"), many(0xdf)...)},
		"a string":        {V04, append([]byte("\x91\x91\x81\xa4name"), binary.BigEndian.AppendUint32([]byte{0xdb}, 1<<31)...)},
		"texts":           {V05, append([]byte{0x92}, many(0xdd)...)},
		"traces of v0.5":  {V05, append([]byte{0x92, 0x90}, many(0xdd)...)},
		"past the list":   {V05, append([]byte{0x91, 0x90}, many(0xdd)...)},
		"chunks of v0.7":  {V07, append([]byte("\x81\xa6chunks"), many(0xdd)...)},
		"chunks of v1.0":  {V10, append([]byte{0x81, 11}, many(0xdd)...)},
		"spans of v1.0":   {V10, append([]byte{0x81, 11, 0x91, 0x81, 4}, many(0xdd)...)},
		"strings of v1.0": {V10, append([]byte{0x81, 1}, many(0xdd)...)},
	}
	for name, lie := range lies {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := new(Decoder).Decode(lie.api, Msgpack, lie.body)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: believed", name)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("%s: %d bytes for a body of %d", name, used, len(lie.body))
		}
	}
}

func TestMemoryKeptIsBounded(t *testing.T) {
	spans := make(pb.Trace, keepSpans+1)
	for i := range spans {
		spans[i] = &pb.Span{SpanID: 1}
	}
	large := map[API][]byte{}
	var err error
	if large[V04], err = (pb.Traces{spans}).MarshalMsg(nil); err != nil {
		t.Fatal(err)
	}
	if large[V07], err = (&pb.TracerPayload{Chunks: []*pb.TraceChunk{{Spans: spans}}}).MarshalMsg(nil); err != nil {
		t.Fatal(err)
	}
	for api, body := range large {
		var d Decoder
		if _, _, err := d.Decode(api, Msgpack, body); err != nil {
			t.Fatal(err)
		}
		if d.Reset(); cap(d.traces) != 0 || cap(d.payload.Chunks) != 0 {
			t.Errorf("%s: a body of %d spans is kept", api, len(spans))
		}
	}
}

func TestUnknownAPI(t *testing.T) {
	if _, _, err := new(Decoder).Decode("v0.6", Msgpack, []byte{0x90}); err == nil {
		t.Error("decoded")
	}
}

// counts are the chunks and spans of a body, as Datadog's types say.
func counts(api API, format Format, body []byte) (chunks, spans int, ok bool) {
	var traces pb.Traces
	var err error
	switch {
	case api == V07:
		var p pb.TracerPayload
		_, err = p.UnmarshalMsg(body)
		for _, c := range p.Chunks {
			spans += len(c.GetSpans())
		}
		return len(p.Chunks), spans, err == nil
	case api == V10:
		var p idx.InternalTracerPayload
		_, err = p.UnmarshalMsg(body)
		for _, c := range p.Chunks {
			if c != nil { // after an error
				spans += len(c.Spans)
			}
		}
		return len(p.Chunks), spans, err == nil
	case api == V05:
		err = traces.UnmarshalMsgDictionary(body)
	case format == JSON:
		err = json.Unmarshal(body, &traces)
	default:
		_, err = traces.UnmarshalMsg(body)
	}
	for _, t := range traces {
		spans += len(t)
	}
	return len(traces), spans, err == nil
}

// fuzz holds decoding against Datadog's types: nothing panics, a body gives as
// many chunks and spans as they say, in memory that was used before too, and
// what comes of it can be forwarded.
func fuzz(f *testing.F, api API, format Format) {
	for seed := range 40 {
		b := rapid.Custom(func(t *rapid.T) body { return drawOf(t, api) }).Example(seed)
		if b.format == format && len(b.bytes) < 2000 {
			f.Add(b.bytes)
			f.Add(b.bytes[:len(b.bytes)/2])
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var d Decoder
		for range 2 {
			got, rest, err := d.Decode(api, format, body)
			if err != nil {
				return
			}
			spans := 0
			for _, c := range got.Chunks {
				spans += len(c.GetSpans())
			}
			if c, s, ok := counts(api, format, body[:len(body)-len(rest)]); !ok || c != len(got.Chunks) || s != spans {
				t.Fatalf("%d chunks and %d spans, Datadog's types have %d and %d, ok=%v", len(got.Chunks), spans, c, s, ok)
			}
			forwardable(t, got)
			d.Reset()
		}
	})
}

// forwardable says that a payload survives the form in which it is forwarded.
func forwardable(t *testing.T, p *pb.TracerPayload) {
	for _, c := range p.Chunks {
		if c == nil {
			return // the agent leaves those out
		}
	}
	message, err := p.MarshalVT()
	if err != nil {
		t.Fatal(err)
	}
	if err := proto.Unmarshal(message, new(pb.TracerPayload)); err != nil {
		t.Fatalf("%v in what %v became", err, p)
	}
}

func FuzzJSON(f *testing.F) { fuzz(f, V03, JSON) }
func FuzzV04(f *testing.F)  { fuzz(f, V04, Msgpack) }
func FuzzV05(f *testing.F)  { fuzz(f, V05, Msgpack) }
func FuzzV07(f *testing.F)  { fuzz(f, V07, Msgpack) }
func FuzzV10(f *testing.F)  { fuzz(f, V10, Msgpack) }

func FuzzFormatOf(f *testing.F) {
	f.Add("application/json; charset=utf-8")
	f.Add("application/msgpack")
	f.Add("text/plain; a=b;;")
	f.Fuzz(func(t *testing.T, header string) {
		format := FormatOf(header)
		if format != JSON && (format != Msgpack || !strings.Contains(strings.ToLower(header), "application/msgpack")) {
			t.Fatal(format)
		}
	})
}
