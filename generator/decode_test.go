package generator

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"

	"github.com/spanstorm/spanstorm/scenarios"
)

// fataler is a test, or one case of a law.
type fataler interface{ Fatalf(string, ...any) }

// plainSpan is a span as Datadog's types hold it, without what protobuf adds.
type plainSpan struct {
	Service, Name, Resource, Type string
	TraceID, SpanID, ParentID     uint64
	Start, Duration               int64
	Error                         int32
	Meta                          map[string]string
	Metrics                       map[string]float64
	Links                         []Link
	Events                        []Event
	MetaStruct                    map[string][]byte
}

// decode reads a body with Datadog's own decoders. What newer APIs keep with the
// chunk is put on its first span, where trees have it.
func decode(t fataler, c *Corpus, body []byte) [][]plainSpan {
	switch c.scenario.API {
	case scenarios.V05:
		var traces pb.Traces
		if err := traces.UnmarshalMsgDictionary(body); err != nil {
			t.Fatalf("decode %d bytes of v0.5: %v", len(body), err)
		}
		return fromTags(t, plain(traces))
	case scenarios.V07:
		var payload pb.TracerPayload
		if rest, err := payload.UnmarshalMsg(body); err != nil || len(rest) > 0 {
			t.Fatalf("decode %d bytes of v0.7: %v, %d bytes left over", len(body), err, len(rest))
		}
		return plainV07(t, &payload)
	case scenarios.V10:
		var payload idx.InternalTracerPayload
		if rest, err := payload.UnmarshalMsg(body); err != nil || len(rest) > 0 {
			t.Fatalf("decode %d bytes of v1.0: %v, %d bytes left over", len(body), err, len(rest))
		}
		return plainV10(t, &payload)
	}
	var traces pb.Traces
	if c.ContentType() == "application/json" {
		if err := json.Unmarshal(body, &traces); err != nil {
			t.Fatalf("decode %d bytes of JSON: %v", len(body), err)
		}
	} else if rest, err := traces.UnmarshalMsg(body); err != nil || len(rest) > 0 {
		t.Fatalf("decode %d bytes of msgpack: %v, %d bytes left over", len(body), err, len(rest))
	}
	if c.scenario.API == scenarios.V03 {
		return fromTags(t, plain(traces))
	}
	return plain(traces)
}

func plain(traces pb.Traces) [][]plainSpan {
	var all [][]plainSpan
	for _, trace := range traces {
		var spans []plainSpan
		for _, s := range trace {
			spans = append(spans, plainSpan{
				s.Service, s.Name, s.Resource, s.Type, s.TraceID, s.SpanID, s.ParentID,
				s.Start, s.Duration, s.Error, s.Meta, s.Metrics, linksOf(s), eventsOf(s), s.MetaStruct,
			})
		}
		all = append(all, spans)
	}
	return all
}

func plainV07(t fataler, payload *pb.TracerPayload) [][]plainSpan {
	if payload.LanguageName == "" || payload.TracerVersion == "" || payload.RuntimeID == "" || payload.ContainerID == "" {
		t.Fatalf("the payload does not say who sends: %q %q %q %q", payload.LanguageName, payload.TracerVersion, payload.RuntimeID, payload.ContainerID)
	}
	var traces pb.Traces
	for _, chunk := range payload.Chunks {
		traces = append(traces, chunk.Spans)
	}
	all := plain(traces)
	for i, chunk := range payload.Chunks {
		maps.Copy(all[i][0].Meta, chunk.Tags)
		fromChunk(&all[i][0], chunk.Priority, chunk.Origin)
	}
	return all
}

// fromChunk puts on the root what its chunk says.
func fromChunk(root *plainSpan, priority int32, origin string) {
	if priority != -128 {
		if root.Metrics == nil {
			root.Metrics = map[string]float64{}
		}
		root.Metrics["_sampling_priority_v1"] = float64(priority)
	}
	if origin != "" {
		root.Meta["_dd.origin"] = origin
	}
}

func plainV10(t fataler, payload *idx.InternalTracerPayload) [][]plainSpan {
	if payload.LanguageName() == "" || payload.TracerVersion() == "" || payload.RuntimeID() == "" || payload.ContainerID() == "" {
		t.Fatalf("the payload does not say who sends: %q %q %q %q", payload.LanguageName(), payload.TracerVersion(), payload.RuntimeID(), payload.ContainerID())
	}
	var all [][]plainSpan
	for _, chunk := range payload.Chunks {
		var spans []plainSpan
		for _, s := range chunk.Spans {
			spans = append(spans, plainIndexed(t, payload.Strings, chunk, s))
		}
		root := &spans[0]
		root.Meta["_dd.p.tid"] = fmt.Sprintf("%016x", binary.BigEndian.Uint64(chunk.TraceID))
		if m := chunk.SamplingMechanism(); m > 0 {
			root.Meta["_dd.p.dm"] = fmt.Sprintf("-%d", m)
		}
		fromChunk(root, chunk.Priority, chunk.Origin())
		all = append(all, spans)
	}
	return all
}

func plainIndexed(t fataler, texts *idx.StringTable, chunk *idx.InternalTraceChunk, s *idx.InternalSpan) plainSpan {
	span := plainSpan{
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
	indexedExtras(t, texts, s, &span)
	// These have fields of their own in v1.0.
	for key, value := range map[string]string{"env": s.Env(), "version": s.Version(), "component": s.Component()} {
		if value != "" {
			span.Meta[key] = value
		}
	}
	if s.Kind() != idx.SpanKind_SPAN_KIND_UNSPECIFIED {
		span.Meta["span.kind"] = s.SpanKind()
	}
	return span
}
