package wire

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"
	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"
)

// fataler is a test, or one case of a law.
type fataler interface{ Fatalf(string, ...any) }

// decode reads a payload with Datadog's own decoders, and brings what newer
// APIs keep in fields of the chunk back to where the older ones have it.
func decode(t fataler, e Encoding, body []byte) pb.Traces {
	var traces pb.Traces
	switch e := e.(type) {
	case V03JSON:
		if err := json.Unmarshal(body, &traces); err != nil {
			t.Fatalf("%v in %s", err, body)
		}
	case V04:
		if rest, err := traces.UnmarshalMsg(body); err != nil || len(rest) > 0 {
			t.Fatalf("%v, %d bytes left over", err, len(rest))
		}
	case V05:
		checkTexts(t, body)
		if err := traces.UnmarshalMsgDictionary(body); err != nil {
			t.Fatalf("%v", err)
		}
	case V07:
		traces = decodeV07(t, body)
	case V1:
		traces = decodeV1(t, e.tracer, body)
	}
	return traces
}

func decodeV07(t fataler, body []byte) pb.Traces {
	var payload pb.TracerPayload
	if rest, err := payload.UnmarshalMsg(body); err != nil || len(rest) > 0 {
		t.Fatalf("%v, %d bytes left over", err, len(rest))
	}
	got := Tracer{
		payload.LanguageName, payload.LanguageVersion, payload.TracerVersion, payload.RuntimeID, payload.ContainerID,
		payload.Env, payload.Hostname, payload.AppVersion,
	}
	if diff := cmp.Diff(tracer, got); diff != "" {
		t.Fatalf("the tracer (-encoded +decoded):\n%s", diff)
	}
	var traces pb.Traces
	for _, chunk := range payload.Chunks {
		root := chunk.Spans[0]
		if root.Meta[TraceIDHighKey] != chunk.Tags[TraceIDHighKey] {
			t.Fatalf("the chunk's trace id is %q, the span's %q", chunk.Tags[TraceIDHighKey], root.Meta[TraceIDHighKey])
		}
		maps.Copy(root.Meta, chunk.Tags)
		if chunk.Origin != "" {
			root.Meta[originKey] = chunk.Origin
		}
		root.Metrics = withPriority(root.Metrics, chunk.Priority)
		traces = append(traces, chunk.Spans)
	}
	return traces
}

func withPriority(metrics map[string]float64, priority int32) map[string]float64 {
	if priority == noPriority {
		return metrics
	}
	if metrics == nil {
		metrics = map[string]float64{}
	}
	metrics[PriorityKey] = float64(priority)
	return metrics
}

// checkTexts says that a payload of v0.5 has each text once, the empty one first.
func checkTexts(t fataler, body []byte) {
	_, rest, err := msgp.ReadArrayHeaderBytes(body)
	if err != nil {
		t.Fatalf("%v", err)
	}
	n, rest, err := msgp.ReadArrayHeaderBytes(rest)
	if err != nil {
		t.Fatalf("%v", err)
	}
	seen := map[string]bool{}
	for i := range n {
		var s string
		if s, rest, err = msgp.ReadStringBytes(rest); err != nil {
			t.Fatalf("%v", err)
		}
		if seen[s] || (i == 0) != (s == "") {
			t.Fatalf("text %d is %q, seen before: %v", i, s, seen[s])
		}
		seen[s] = true
	}
}

func decodeV1(t fataler, sender Tracer, body []byte) pb.Traces {
	var payload idx.InternalTracerPayload
	if rest, err := payload.UnmarshalMsg(body); err != nil || len(rest) > 0 {
		t.Fatalf("%v, %d bytes left over", err, len(rest))
	}
	got := Tracer{
		payload.LanguageName(), payload.LanguageVersion(), payload.TracerVersion(), payload.RuntimeID(), payload.ContainerID(),
		payload.Env(), payload.Hostname(), payload.AppVersion(),
	}
	if diff := cmp.Diff(sender, got); diff != "" {
		t.Fatalf("the tracer (-encoded +decoded):\n%s", diff)
	}
	var traces pb.Traces
	for _, chunk := range payload.Chunks {
		var trace pb.Trace
		for _, s := range chunk.Spans {
			trace = append(trace, asSpan(t, payload.Strings, chunk, s))
		}
		root := trace[0]
		high := binary.BigEndian.Uint64(chunk.TraceID)
		root.Meta[TraceIDHighKey] = fmt.Sprintf("%016x", high)
		root.Metrics = withPriority(root.Metrics, chunk.Priority)
		if chunk.Origin() != "" {
			root.Meta[originKey] = chunk.Origin()
		}
		if m := chunk.SamplingMechanism(); m > 0 {
			root.Meta[decisionMakerKey] = fmt.Sprintf("-%d", m)
		}
		traces = append(traces, trace)
	}
	return traces
}

func asSpan(t fataler, texts *idx.StringTable, chunk *idx.InternalTraceChunk, s *idx.InternalSpan) *pb.Span {
	span := &pb.Span{
		Service: s.Service(), Name: s.Name(), Resource: s.Resource(), Type: s.Type(),
		TraceID: binary.BigEndian.Uint64(chunk.TraceID[8:]), SpanID: s.SpanID(), ParentID: s.ParentID(),
		Start: int64(s.Start()), Duration: int64(s.Duration()),
		Meta: map[string]string{}, Metrics: map[string]float64{},
	}
	if s.Error() {
		span.Error = 1
	}
	for key, value := range s.Attributes() {
		switch v := value.Value.(type) {
		case *idx.AnyValue_StringValueRef:
			span.Meta[texts.Get(key)] = texts.Get(v.StringValueRef)
		case *idx.AnyValue_DoubleValue:
			span.Metrics[texts.Get(key)] = v.DoubleValue
		case *idx.AnyValue_BytesValue:
			if span.MetaStruct == nil {
				span.MetaStruct = map[string][]byte{}
			}
			span.MetaStruct[texts.Get(key)] = v.BytesValue
		default:
			t.Fatalf("attribute %q is a %T", texts.Get(key), v)
		}
	}
	for key, value := range map[string]string{"env": s.Env(), "version": s.Version(), "component": s.Component()} {
		if value != "" {
			span.Meta[key] = value
		}
	}
	extrasOfV1(t, texts, s, span)
	if s.Kind() > 0 {
		span.Meta["span.kind"] = s.SpanKind()
	}
	return span
}

// oneOfAName takes away the tags that v1.0 cannot hold: it has one attribute of
// a name, and that is the metric.
func oneOfAName(traces pb.Traces) {
	for _, trace := range traces {
		for _, s := range trace {
			for key := range s.Metrics {
				delete(s.Meta, key)
			}
		}
	}
}
