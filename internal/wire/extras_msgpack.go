package wire

import (
	"encoding/binary"
	"math"

	"github.com/tinylib/msgp/msgp"
)

// fields is how many fields of a span its extras take in v0.4.
func (x *Extras) fields() uint32 {
	n := uint32(0)
	if x == nil {
		return 0
	}
	for _, there := range []bool{len(x.Links) > 0, len(x.Events) > 0, len(x.Structs) > 0} {
		if there {
			n++
		}
	}
	return n
}

// appendV04Extras writes links, events and structured metadata as fields of
// their own: span_links, span_events, meta_struct.
func (t *Template) appendV04Extras(b []byte, x *Extras) []byte {
	if x == nil {
		return b
	}
	if len(x.Links) > 0 {
		b = msgp.AppendArrayHeader(msgp.AppendString(b, "span_links"), uint32(len(x.Links)))
		for i := range x.Links {
			b = appendV04Link(b, &x.Links[i])
		}
	}
	if len(x.Events) > 0 {
		b = msgp.AppendArrayHeader(msgp.AppendString(b, "span_events"), uint32(len(x.Events)))
		for i := range x.Events {
			e := &x.Events[i]
			b = msgp.AppendString(msgp.AppendMapHeader(b, 3), "time_unix_nano")
			b = appendWide(b, mpUint64, 0)
			t.times = append(t.times, timeMark{at: uint32(len(b) - 8), offset: e.Offset})
			b = msgp.AppendString(msgp.AppendString(b, "name"), e.Name)
			b = msgp.AppendMapHeader(msgp.AppendString(b, "attributes"), uint32(len(e.Attributes)))
			for _, a := range e.Attributes {
				b = appendV04Attribute(msgp.AppendString(b, a.Key), a.Value)
			}
		}
	}
	if len(x.Structs) > 0 {
		b = msgp.AppendMapHeader(msgp.AppendString(b, "meta_struct"), uint32(len(x.Structs)))
		for _, s := range x.Structs {
			b = msgp.AppendBytes(msgp.AppendString(b, s.Key), s.Value)
		}
	}
	return b
}

func appendV04Link(b []byte, l *Link) []byte {
	b = msgp.AppendMapHeader(b, 6)
	b = msgp.AppendUint64(msgp.AppendString(b, "trace_id"), l.TraceID)
	b = msgp.AppendUint64(msgp.AppendString(b, "trace_id_high"), l.TraceIDHigh)
	b = msgp.AppendUint64(msgp.AppendString(b, "span_id"), l.SpanID)
	b = msgp.AppendMapHeader(msgp.AppendString(b, "attributes"), uint32(len(l.Attributes)))
	for _, tag := range l.Attributes {
		b = msgp.AppendString(msgp.AppendString(b, tag.Key), tag.Value)
	}
	b = msgp.AppendString(msgp.AppendString(b, "tracestate"), l.Tracestate)
	return msgp.AppendUint32(msgp.AppendString(b, "flags"), l.Flags)
}

// appendV04Attribute writes a value of Datadog's AttributeAnyValue: its type, and
// the field of that type.
func appendV04Attribute(b []byte, value any) []byte {
	kind, field := attributeType(value)
	b = msgp.AppendUint8(msgp.AppendString(msgp.AppendMapHeader(b, 2), "type"), kind)
	b = msgp.AppendString(b, field)
	switch v := value.(type) {
	case string:
		return msgp.AppendString(b, v)
	case bool:
		return msgp.AppendBool(b, v)
	case int64:
		return msgp.AppendInt64(b, v)
	case float64:
		return msgp.AppendFloat64(b, v)
	case []any:
		b = msgp.AppendArrayHeader(msgp.AppendString(msgp.AppendMapHeader(b, 1), "values"), uint32(len(v)))
		for _, element := range v {
			b = appendV04Attribute(b, element)
		}
		return b
	}
	return msgp.AppendString(b, "")
}

// appendV04ExtraTags writes links and events as tags, for v0.3.
func (t *Template) appendV04ExtraTags(b []byte, x *Extras) []byte {
	if x == nil {
		return b
	}
	if len(x.Links) > 0 {
		b = msgp.AppendString(msgp.AppendString(b, linksKey), linksText(x.Links))
	}
	if len(x.Events) > 0 {
		text := eventsText(x.Events)
		b = appendStringHeader(msgp.AppendString(b, eventsKey), len(text.text))
		b = t.embed(b, &text)
	}
	return b
}

// appendStringHeader writes what msgpack has before a text of n bytes.
func appendStringHeader(b []byte, n int) []byte {
	switch {
	case n < 32:
		return append(b, 0xa0|byte(n))
	case n < 1<<8:
		return append(b, mpStr8, byte(n))
	case n < 1<<16:
		return append(b, 0xda, byte(n>>8), byte(n))
	}
	return append(b, 0xdb, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// Texts that have times in them are numbered below this: timed text i of the
// template is timedFirst-i.
const timedFirst = -1 << 30

// appendV05ExtraTags writes links and events as tags: v0.5 has no fields for them.
func (b *body) appendV05ExtraTags(x *Extras) {
	if x == nil {
		return
	}
	if len(x.Links) > 0 {
		b.refer(linksKey)
		b.refer(linksText(x.Links))
	}
	if len(x.Events) > 0 {
		text := eventsText(x.Events)
		b.refer(eventsKey)
		b.referTo(timedFirst-int32(len(b.timed)), len(appendStringHeader(nil, len(text.text)))+len(text.text))
		b.timed = append(b.timed, text)
	}
}

// Numbers of fields of v1.0.
const (
	v1SpanLinks  = 11
	v1SpanEvents = 12

	v1LinkTraceID    = 1
	v1LinkSpanID     = 2
	v1LinkAttributes = 3
	v1LinkTracestate = 4
	v1LinkFlags      = 5

	v1EventTime       = 1
	v1EventName       = 2
	v1EventAttributes = 3

	v1Bool  = 2
	v1Int   = 4
	v1Bytes = 5
	v1Array = 6
)

// v1Fields is how many fields of a span its extras take in v1.0, where
// structured metadata are attributes.
func (x *Extras) v1Fields() int {
	n := 0
	if x != nil && len(x.Links) > 0 {
		n++
	}
	if x != nil && len(x.Events) > 0 {
		n++
	}
	return n
}

func (x *Extras) structs() []Struct {
	if x == nil {
		return nil
	}
	return x.Structs
}

func (b *body) appendV1Structs(x *Extras) {
	for _, s := range x.structs() {
		b.refer(s.Key)
		b.b = msgp.AppendBytes(append(b.b, v1Bytes), s.Value)
	}
}

// appendV1Extras writes links and events.
func (b *body) appendV1Extras(x *Extras) {
	if x == nil {
		return
	}
	if len(x.Links) > 0 {
		b.b = msgp.AppendArrayHeader(append(b.b, v1SpanLinks), uint32(len(x.Links)))
		for i := range x.Links {
			b.appendV1Link(&x.Links[i])
		}
	}
	if len(x.Events) > 0 {
		b.b = msgp.AppendArrayHeader(append(b.b, v1SpanEvents), uint32(len(x.Events)))
		for i := range x.Events {
			b.appendV1Event(&x.Events[i])
		}
	}
}

func (b *body) appendV1Link(l *Link) {
	b.b = append(msgp.AppendMapHeader(b.b, 5), v1LinkTraceID, mpBin8, 16)
	b.b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b.b, l.TraceIDHigh), l.TraceID)
	b.b = msgp.AppendUint64(append(b.b, v1LinkSpanID), l.SpanID)
	b.b = msgp.AppendArrayHeader(append(b.b, v1LinkAttributes), uint32(3*len(l.Attributes)))
	for _, tag := range l.Attributes {
		b.refer(tag.Key)
		b.b = append(b.b, v1Text)
		b.refer(tag.Value)
	}
	b.b = append(b.b, v1LinkTracestate)
	b.refer(l.Tracestate)
	b.b = msgp.AppendUint32(append(b.b, v1LinkFlags), l.Flags)
}

func (b *body) appendV1Event(e *Event) {
	b.b = appendWide(append(msgp.AppendMapHeader(b.b, 3), v1EventTime), mpUint64, 0)
	b.times = append(b.times, timeMark{at: uint32(len(b.b) - 8), offset: e.Offset})
	b.b = append(b.b, v1EventName)
	b.refer(e.Name)
	b.b = msgp.AppendArrayHeader(append(b.b, v1EventAttributes), uint32(3*len(e.Attributes)))
	for _, a := range e.Attributes {
		b.refer(a.Key)
		b.appendV1Value(a.Value)
	}
}

func (b *body) appendV1Value(value any) {
	switch v := value.(type) {
	case string:
		b.b = append(b.b, v1Text)
		b.refer(v)
	case bool:
		b.b = msgp.AppendBool(append(b.b, v1Bool), v)
	case int64:
		b.b = msgp.AppendInt64(append(b.b, v1Int), v)
	case float64:
		b.b = appendWide(append(b.b, v1Double), mpFloat64, math.Float64bits(v))
	case []any:
		b.b = msgp.AppendArrayHeader(append(b.b, v1Array), uint32(2*len(v)))
		for _, element := range v {
			b.appendV1Value(element)
		}
	}
}
