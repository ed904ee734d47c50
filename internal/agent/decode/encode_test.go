package decode

import (
	"encoding/json"
	"fmt"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"
	"github.com/tinylib/msgp/msgp"
	"pgregory.net/rapid"
)

// A body that can be decoded, and what is to come of it.
type body struct {
	api    API
	format Format
	bytes  []byte
	want   *pb.TracerPayload
}

func goodSpan() *pb.Span {
	return &pb.Span{
		Service: "web", Name: "http.request", Resource: "GET /", Type: "web", TraceID: 1, SpanID: 2, ParentID: 3,
		Start: 1_700_000_000_000_000_000, Duration: 5, Meta: map[string]string{}, Metrics: map[string]float64{},
	}
}

// draw draws a body of any API, written by Datadog's encoders where there are any.
func draw(t *rapid.T) body {
	return drawOf(t, rapid.SampledFrom(APIs()).Draw(t, "api"))
}

func drawOf(t *rapid.T, api API) body {
	b := body{api: api, want: &pb.TracerPayload{}}
	var traces pb.Traces
	for range rapid.IntRange(0, 3).Draw(t, "chunks") {
		c := &pb.TraceChunk{Priority: PriorityNone, Spans: drawTrace(t, api)}
		traces = append(traces, c.Spans)
		if api == V07 || api == V10 {
			c.Priority = rapid.Int32().Draw(t, "priority")
			c.Origin = rapid.String().Draw(t, "origin")
			c.DroppedTrace = rapid.Bool().Draw(t, "dropped")
			c.Tags = rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "tags")
			b.want.LanguageName, b.want.Hostname = rapid.String().Draw(t, "language"), rapid.String().Draw(t, "hostname")
		}
		b.want.Chunks = append(b.want.Chunks, c)
	}
	var err error
	switch api {
	case V03, V04:
		if b.format = rapid.SampledFrom([]Format{Msgpack, JSON}).Draw(t, "format"); b.format == JSON {
			b.bytes, err = json.Marshal(traces)
		} else {
			b.bytes, err = traces.MarshalMsg(nil)
		}
	case V05:
		b.bytes = encodeV05(traces)
	case V07:
		b.bytes, err = b.want.MarshalMsg(nil)
	case V10:
		b.bytes, err = encodeV10(b.want)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func drawTrace(t *rapid.T, api API) pb.Trace {
	var trace pb.Trace
	traceID := rapid.Uint64().Draw(t, "trace id")
	for range rapid.IntRange(0, 4).Draw(t, "spans") {
		s := goodSpan()
		s.Service = rapid.String().Draw(t, "service")
		s.TraceID, s.SpanID, s.ParentID = traceID, rapid.Uint64().Draw(t, "span id"), rapid.Uint64().Draw(t, "parent")
		s.Start, s.Error = rapid.Int64Min(0).Draw(t, "start"), rapid.Int32Range(0, 1).Draw(t, "error")
		s.Meta = rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "meta")
		s.Metrics = rapid.MapOf(rapid.String(), rapid.Float64Range(-1e9, 1e9)).Draw(t, "metrics")
		if rapid.Bool().Draw(t, "link") && api != V05 {
			s.SpanLinks = []*pb.SpanLink{{TraceID: 1, TraceIDHigh: 7, SpanID: 2, Attributes: map[string]string{"k": "v"}}}
		}
		if api == V10 { // has one attribute of a name
			for key := range s.Metrics {
				delete(s.Meta, key)
			}
		}
		trace = append(trace, s)
	}
	return trace
}

// encodeV05 writes [texts, traces], a span being an array of 12.
func encodeV05(traces pb.Traces) []byte {
	numbers, texts := map[string]uint32{}, []byte(nil)
	text := func(b []byte, s string) []byte {
		n, ok := numbers[s]
		if !ok {
			n = uint32(len(numbers))
			numbers[s], texts = n, msgp.AppendString(texts, s)
		}
		return msgp.AppendUint32(b, n)
	}
	list := msgp.AppendArrayHeader(nil, uint32(len(traces)))
	for _, trace := range traces {
		list = msgp.AppendArrayHeader(list, uint32(len(trace)))
		for _, s := range trace {
			list = msgp.AppendArrayHeader(list, 12)
			list = text(text(text(list, s.Service), s.Name), s.Resource)
			list = msgp.AppendUint64(msgp.AppendUint64(msgp.AppendUint64(list, s.TraceID), s.SpanID), s.ParentID)
			list = msgp.AppendInt32(msgp.AppendInt64(msgp.AppendInt64(list, s.Start), s.Duration), s.Error)
			list = msgp.AppendMapHeader(list, uint32(len(s.Meta)))
			for key, value := range s.Meta {
				list = text(text(list, key), value)
			}
			list = msgp.AppendMapHeader(list, uint32(len(s.Metrics)))
			for key, value := range s.Metrics {
				list = msgp.AppendFloat64(text(list, key), value)
			}
			list = text(list, s.Type)
		}
	}
	out := msgp.AppendArrayHeader(msgp.AppendArrayHeader(nil, 2), uint32(len(numbers)))
	return append(append(out, texts...), list...)
}

// encodeV10 writes a payload with Datadog's own types of v1.0.
func encodeV10(p *pb.TracerPayload) ([]byte, error) {
	texts := idx.NewStringTable()
	out := idx.InternalTracerPayload{Strings: texts}
	out.SetLanguageName(p.LanguageName)
	out.SetHostname(p.Hostname)
	for _, c := range p.Chunks {
		var spans []*idx.InternalSpan
		id := make([]byte, 8) // of 64 bits, so that the chunk gets no tag of its upper half
		for _, s := range c.Spans {
			for i := range id {
				id[i] = byte(s.TraceID >> (56 - 8*i))
			}
			span := idx.NewInternalSpan(texts, &idx.Span{
				ServiceRef: texts.Add(s.Service), NameRef: texts.Add(s.Name), ResourceRef: texts.Add(s.Resource), TypeRef: texts.Add(s.Type),
				SpanID: s.SpanID, ParentID: s.ParentID, Start: uint64(s.Start), Duration: uint64(s.Duration), Error: s.Error != 0,
				Attributes: map[uint32]*idx.AnyValue{},
			})
			addTexts(texts, span.Attributes(), s.Meta)
			for key, value := range s.Metrics {
				span.Attributes()[texts.Add(key)] = &idx.AnyValue{Value: &idx.AnyValue_DoubleValue{DoubleValue: value}}
			}
			for _, l := range s.SpanLinks {
				link := &idx.SpanLink{TraceID: fmt.Appendf(nil, "\x00\x00\x00\x00\x00\x00\x00%c\x00\x00\x00\x00\x00\x00\x00%c", l.TraceIDHigh, l.TraceID), SpanID: l.SpanID}
				link.Attributes = map[uint32]*idx.AnyValue{}
				addTexts(texts, link.Attributes, l.Attributes)
				span.ToProto().Links = append(span.ToProto().Links, link)
			}
			spans = append(spans, span)
		}
		attributes := map[uint32]*idx.AnyValue{}
		addTexts(texts, attributes, c.Tags)
		out.Chunks = append(out.Chunks, idx.NewInternalTraceChunk(texts, c.Priority, c.Origin, attributes, spans, c.DroppedTrace, id, 0))
	}
	return out.MarshalMsg(nil)
}

func addTexts(texts *idx.StringTable, to map[uint32]*idx.AnyValue, tags map[string]string) {
	for key, value := range tags {
		to[texts.Add(key)] = &idx.AnyValue{Value: &idx.AnyValue_StringValueRef{StringValueRef: texts.Add(value)}}
	}
}
