package wire

import (
	"encoding/binary"
	"strings"

	"github.com/tinylib/msgp/msgp"
)

// V07 is msgpack as /v0.7/traces takes it: a map that says who sends, with an
// array of chunks, each a map of what the whole chunk has in common and of spans
// as in [V04].
//
// What tracers keep on the first span for want of a better place in v0.4 has
// moved to the chunk: the priority, the origin, and the tags that are propagated
// with the trace. Of these, the upper half of the trace id stays on the first span
// as well: it is there that agents look for it.
type V07 struct{ heads [][]byte }

// NewV07 returns the encoding for payloads of these tracers.
func NewV07(tracers ...Tracer) V07 {
	var e V07
	for i := range tracers {
		e.heads = append(e.heads, headV07(&tracers[i]))
	}
	return e
}

// noPriority is what agents take for a chunk without a priority.
const noPriority = -128

const (
	originKey        = "_dd.origin"
	propagatedPrefix = "_dd.p."
)

// OfTrace says that a tag is one of the whole trace, which tracers write on the first
// span of each chunk.
func OfTrace(key string) bool { return key == originKey || strings.HasPrefix(key, propagatedPrefix) }

const (
	mpInt8  = 0xd0
	mpStr8  = 0xd9
	mpBin8  = 0xc4
	mpFalse = 0xc2
	mpTrue  = 0xc3
)

// ContentType implements [Encoding].
func (V07) ContentType() string { return "application/msgpack" }

// Writer implements [Encoding].
func (e V07) Writer() Writer { return e }

// AppendHead implements [Writer].
func (e V07) AppendHead(dst []byte, tracer, n int) []byte {
	return msgp.AppendArrayHeader(append(dst, e.heads[tracer]...), uint32(n))
}

// headV07 is what a payload begins with, up to the number of chunks.
func headV07(t *Tracer) []byte {
	fields := [...]struct{ key, value string }{
		{"container_id", t.ContainerID},
		{"language_name", t.Language},
		{"language_version", t.LanguageVersion},
		{"tracer_version", t.TracerVersion},
		{"runtime_id", t.RuntimeID},
		{"env", t.Env},
		{"hostname", t.Hostname},
		{"app_version", t.AppVersion},
	}
	b := msgp.AppendMapHeader(nil, uint32(len(fields)+1))
	for i := range fields {
		b = msgp.AppendString(msgp.AppendString(b, fields[i].key), fields[i].value)
	}
	return clip(msgp.AppendString(b, "chunks"))
}

// AppendNext implements [Writer].
func (V07) AppendNext(dst []byte) []byte { return dst }

// AppendTail implements [Writer].
func (V07) AppendTail(dst []byte) []byte { return dst }

// Encode implements [Encoding].
func (V07) Encode(c *Chunk) Template {
	t := Template{spans: make([]mark, len(c.Spans))}
	// The first span without what goes to the chunk.
	root := c.Spans[0]
	root.Meta = nil
	origin, propagated := "", []Tag{}
	for _, tag := range c.Spans[0].Meta {
		switch {
		case tag.Variable == 0 && tag.Key == originKey && tag.Value != "":
			origin = tag.Value
		case tag.Variable == 0 && strings.HasPrefix(tag.Key, propagatedPrefix):
			propagated = append(propagated, tag)
		default:
			root.Meta = append(root.Meta, tag)
		}
	}

	b := msgp.AppendMapHeader(nil, 5)
	b = append(msgp.AppendString(b, "priority"), mpInt8, 0)
	t.prioAt = uint32(len(b) - 1)
	b = msgp.AppendString(msgp.AppendString(b, "origin"), origin)
	b = msgp.AppendMapHeader(msgp.AppendString(b, "tags"), uint32(len(propagated)+1))
	for _, tag := range propagated {
		b = msgp.AppendString(msgp.AppendString(b, tag.Key), tag.Value)
	}
	b = msgp.AppendString(msgp.AppendString(b, TraceIDHighKey), traceIDHighZeros)
	t.traceAt = uint32(len(b) - traceIDHighDigits)
	b = msgp.AppendBool(msgp.AppendString(b, "dropped_trace"), false)
	b = msgp.AppendArrayHeader(msgp.AppendString(b, "spans"), uint32(len(c.Spans)))
	for k := range c.Spans {
		s, entries := &c.Spans[k], len(c.Spans[k].Meta)
		if k == 0 {
			s, entries = &root, len(root.Meta)+1
		}
		b = t.appendV04Fields(b, s, k, entries, len(s.Metrics) > 0, false)
		if k == 0 {
			b = t.appendTraceIDHigh(b)
		}
		if len(s.Metrics) > 0 {
			b = msgp.AppendMapHeader(msgp.AppendString(b, "metrics"), uint32(len(s.Metrics)))
			b = appendV04Metrics(b, s.Metrics)
		}
	}
	t.Body = clip(b)
	t.setFixes(c, offsets{v04TraceAt, v04SpanAt, v04ParentAt, v04StartAt})
	return t
}

// Append implements [Writer].
func (V07) Append(dst []byte, t *Template, s *Stamp) []byte {
	dst, body, _ := t.copyTo(dst, true) // a chunk without a priority says so
	if len(t.spans) == 0 {
		return dst
	}
	t.stampTags(body, s, 0)
	copy(body[t.traceAt:], body[t.tidAt:t.tidAt+traceIDHighDigits/2])
	body[t.prioAt] = byte(priority(s))
	t.stampV04Heads(body, s, 0)
	return dst
}

// priority is the priority of a chunk for the APIs that have a field for it.
func priority(s *Stamp) int8 {
	if s.HasPriority {
		return s.Priority
	}
	return noPriority
}

// putTraceIDHigh writes the upper half of a trace id: see [TraceIDHighKey].
func putTraceIDHigh(b []byte, startUnixNS int64) {
	binary.BigEndian.PutUint64(b, uint64(uint32(startUnixNS/1e9))<<32)
}
