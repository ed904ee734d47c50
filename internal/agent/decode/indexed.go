package decode

import (
	"encoding/binary"
	"fmt"
	"strconv"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"
)

// What v1.0 has fields for and v0.7 has tags for. The first two are tags of the chunk.
const (
	traceIDHighKey   = "_dd.p.tid" // upper half of the trace id, 16 hexadecimal digits
	decisionMakerKey = "_dd.p.dm"  // the sampling mechanism, with a minus before it
	envKey           = "env"
	versionKey       = "version"
	componentKey     = "component"
	kindKey          = "span.kind"
)

// FromIndexed brings a payload of v1.0 to the form of v0.7: texts instead of
// their numbers, the trace id on each span, tags for what only v1.0 has fields
// for. A text or a truth value becomes meta, a number a metric, bytes a
// meta_struct, and a list text; this is the inverse of what agents that forward
// the newer form do with the older APIs (pkg/trace/api/converter.go).
func FromIndexed(p *idx.InternalTracerPayload) *pb.TracerPayload {
	return new(Decoder).fromIndexed(p)
}

// indexed resolves the texts of one payload.
type indexed struct {
	texts []string
	table *idx.StringTable
}

func (d *Decoder) fromIndexed(p *idx.InternalTracerPayload) *pb.TracerPayload {
	d.texts = d.texts[:0]
	for i := range p.Strings.Len() {
		d.texts = append(d.texts, valid(p.Strings.Get(uint32(i)))) // once, not at each reference
	}
	from, out := indexed{d.texts, p.Strings}, &d.payload
	out.ContainerID, out.LanguageName, out.LanguageVersion = p.ContainerID(), p.LanguageName(), p.LanguageVersion()
	out.TracerVersion, out.RuntimeID = p.TracerVersion(), p.RuntimeID()
	out.Env, out.Hostname, out.AppVersion = p.Env(), p.Hostname(), p.AppVersion()
	out.Tags = from.tags(nil, p.Attributes)
	for _, c := range p.Chunks {
		var chunk *pb.TraceChunk
		out.Chunks, chunk = extend(out.Chunks)
		from.chunk(chunk, c)
	}
	return out
}

func (x indexed) text(ref uint32) string {
	if int(ref) >= len(x.texts) {
		return ""
	}
	return x.texts[ref]
}

// tags adds attributes as texts.
func (x indexed) tags(to map[string]string, attributes map[uint32]*idx.AnyValue) map[string]string {
	for key, value := range attributes {
		set(&to, x.text(key), x.asText(value))
	}
	return to
}

func (x indexed) asText(v *idx.AnyValue) string {
	if s, ok := v.GetValue().(*idx.AnyValue_StringValueRef); ok {
		return x.text(s.StringValueRef)
	}
	if v == nil {
		return ""
	}
	return valid(v.AsString(x.table))
}

// set makes the map, if there is none yet.
func set[V any](m *map[string]V, key string, value V) {
	if *m == nil {
		*m = map[string]V{}
	}
	(*m)[key] = value
}

func (x indexed) chunk(out *pb.TraceChunk, c *idx.InternalTraceChunk) {
	out.Priority, out.Origin, out.DroppedTrace = c.Priority, c.Origin(), c.DroppedTrace
	out.Tags = x.tags(out.Tags, c.Attributes)
	if len(c.TraceID) > 8 {
		set(&out.Tags, traceIDHighKey, fmt.Sprintf("%016x", c.TraceIDHigh()))
	}
	if m := c.SamplingMechanism(); m > 0 {
		set(&out.Tags, decisionMakerKey, "-"+strconv.FormatUint(uint64(m), 10))
	}
	traceID := c.LegacyTraceID()
	for _, s := range c.Spans {
		var span *pb.Span
		out.Spans, span = extend(out.Spans)
		span.TraceID = traceID
		x.span(span, s.ToProto())
	}
}

func (x indexed) span(out *pb.Span, s *idx.Span) {
	out.Service, out.Name, out.Resource, out.Type = x.text(s.ServiceRef), x.text(s.NameRef), x.text(s.ResourceRef), x.text(s.TypeRef)
	out.SpanID, out.ParentID = s.SpanID, s.ParentID
	out.Start, out.Duration = int64(s.Start), int64(s.Duration)
	if s.Error {
		out.Error = 1
	}
	for key, value := range s.Attributes {
		switch v := value.GetValue().(type) {
		case *idx.AnyValue_DoubleValue:
			set(&out.Metrics, x.text(key), v.DoubleValue)
		case *idx.AnyValue_IntValue:
			set(&out.Metrics, x.text(key), float64(v.IntValue))
		case *idx.AnyValue_BytesValue:
			set(&out.MetaStruct, x.text(key), v.BytesValue)
		default:
			set(&out.Meta, x.text(key), x.asText(value))
		}
	}
	for _, field := range [...]struct{ key, value string }{
		{envKey, x.text(s.EnvRef)},
		{versionKey, x.text(s.VersionRef)},
		{componentKey, x.text(s.ComponentRef)},
		{kindKey, kindOf(s.Kind)},
	} {
		if field.value != "" {
			set(&out.Meta, field.key, field.value)
		}
	}
	for _, link := range s.Links {
		out.SpanLinks = append(out.SpanLinks, x.link(link))
	}
	for _, event := range s.Events {
		out.SpanEvents = append(out.SpanEvents, x.event(event))
	}
}

// kindOf is the value of span.kind; empty for what no tracer should send.
func kindOf(k idx.SpanKind) string {
	switch k {
	case idx.SpanKind_SPAN_KIND_INTERNAL:
		return "internal"
	case idx.SpanKind_SPAN_KIND_SERVER:
		return "server"
	case idx.SpanKind_SPAN_KIND_CLIENT:
		return "client"
	case idx.SpanKind_SPAN_KIND_PRODUCER:
		return "producer"
	case idx.SpanKind_SPAN_KIND_CONSUMER:
		return "consumer"
	}
	return ""
}

func (x indexed) link(l *idx.SpanLink) *pb.SpanLink {
	var id [16]byte // big-endian; a shorter one is its low end
	copy(id[max(0, len(id)-len(l.TraceID)):], l.TraceID)
	return &pb.SpanLink{
		TraceID: binary.BigEndian.Uint64(id[8:]), TraceIDHigh: binary.BigEndian.Uint64(id[:8]), SpanID: l.SpanID,
		Attributes: x.tags(nil, l.Attributes), Tracestate: x.text(l.TracestateRef), Flags: l.Flags,
	}
}

func (x indexed) event(e *idx.SpanEvent) *pb.SpanEvent {
	out := &pb.SpanEvent{TimeUnixNano: e.Time, Name: x.text(e.NameRef)}
	for key, value := range e.Attributes {
		set(&out.Attributes, x.text(key), x.any(value))
	}
	return out
}

// any is an attribute of an event.
func (x indexed) any(value *idx.AnyValue) *pb.AttributeAnyValue {
	list, ok := value.GetValue().(*idx.AnyValue_ArrayValue)
	if !ok {
		one := x.scalar(value)
		// The two enumerations say the same with the same numbers.
		return &pb.AttributeAnyValue{
			Type:        pb.AttributeAnyValue_AttributeAnyValueType(one.Type),
			StringValue: one.StringValue, BoolValue: one.BoolValue, IntValue: one.IntValue, DoubleValue: one.DoubleValue,
		}
	}
	out := &pb.AttributeAnyValue{Type: pb.AttributeAnyValue_ARRAY_VALUE, ArrayValue: new(pb.AttributeArray)}
	for _, element := range list.ArrayValue.GetValues() {
		out.ArrayValue.Values = append(out.ArrayValue.Values, x.scalar(element))
	}
	return out
}

func (x indexed) scalar(value *idx.AnyValue) *pb.AttributeArrayValue {
	switch v := value.GetValue().(type) {
	case *idx.AnyValue_BoolValue:
		return &pb.AttributeArrayValue{Type: pb.AttributeArrayValue_BOOL_VALUE, BoolValue: v.BoolValue}
	case *idx.AnyValue_IntValue:
		return &pb.AttributeArrayValue{Type: pb.AttributeArrayValue_INT_VALUE, IntValue: v.IntValue}
	case *idx.AnyValue_DoubleValue:
		return &pb.AttributeArrayValue{Type: pb.AttributeArrayValue_DOUBLE_VALUE, DoubleValue: v.DoubleValue}
	}
	return &pb.AttributeArrayValue{Type: pb.AttributeArrayValue_STRING_VALUE, StringValue: x.asText(value)}
}
