package wire

import (
	"encoding/binary"
	"math"

	"github.com/tinylib/msgp/msgp"
)

// V04 is msgpack as /v0.3/traces and /v0.4/traces take it: an array of chunks,
// each an array of spans, each a map from the names of its fields.
//
// Every span begins with the fields that are written per request, at fixed
// distances from each other:
//
//	map   "trace_id" cf ········ "span_id" cf ········ "parent_id" cf ········ "start" d3 ········ "duration" d3 ········
//
// (cf is an unsigned and d3 a signed integer of 64 bits, big-endian: a form that
// any value takes, whatever its size.) The order of a map's entries means nothing
// to a decoder.
//
// Links and events of spans are fields, or under v0.3, which has none, tags.
type V04 struct{ InTags bool }

// The fields of a span's head.
const (
	v04TraceAt  = 1 + 8 + 1 // a str of n < 32 bytes is one byte longer than its text
	v04SpanAt   = v04TraceAt + 8 + 1 + 7 + 1
	v04ParentAt = v04SpanAt + 8 + 1 + 9 + 1
	v04StartAt  = v04ParentAt + 8 + 1 + 5 + 1
	v04Head     = v04StartAt + 8
)

const (
	mpUint64  = 0xcf
	mpInt64   = 0xd3
	mpFloat64 = 0xcb
	mpMap16   = 0xde
)

// ContentType implements [Encoding].
func (V04) ContentType() string { return "application/msgpack" }

// Writer implements [Encoding].
func (e V04) Writer() Writer { return e }

// AppendHead implements [Writer].
func (V04) AppendHead(dst []byte, _, n int) []byte { return msgp.AppendArrayHeader(dst, uint32(n)) }

// AppendNext implements [Writer].
func (V04) AppendNext(dst []byte) []byte { return dst }

// AppendTail implements [Writer].
func (V04) AppendTail(dst []byte) []byte { return dst }

// Encode implements [Encoding].
func (e V04) Encode(c *Chunk) Template {
	t := Template{spans: make([]mark, len(c.Spans))}
	b := msgp.AppendArrayHeader(nil, uint32(len(c.Spans)))
	for k := range c.Spans {
		b = t.appendV04Span(b, c, k, e.InTags)
	}
	t.Body = clip(b)
	t.setFixes(c, offsets{v04TraceAt, v04SpanAt, v04ParentAt, v04StartAt})
	return t
}

func (t *Template) appendV04Span(b []byte, c *Chunk, k int, inTags bool) []byte {
	s := &c.Spans[k]
	withMetrics := k == 0 || len(s.Metrics) > 0
	entries := len(s.Meta)
	if k == 0 {
		entries++
	}
	if inTags {
		entries += s.extraTags()
	}
	b = t.appendV04Fields(b, s, k, entries, withMetrics, inTags)
	if k == 0 {
		b = t.appendTraceIDHigh(b)
	}

	if !withMetrics {
		return b
	}
	b = msgp.AppendString(b, "metrics")
	if k != 0 {
		b = msgp.AppendMapHeader(b, uint32(len(s.Metrics)))
		return appendV04Metrics(b, s.Metrics)
	}
	// The root's map always has a 16-bit count, so that its size does not depend on the priority.
	b = append(b, mpMap16)
	t.countAt = uint32(len(b))
	b = binary.BigEndian.AppendUint16(b, uint16(len(s.Metrics)+1))
	b = appendV04Metrics(b, s.Metrics)
	t.cutFrom = uint32(len(b))
	b = appendWide(msgp.AppendString(b, PriorityKey), mpFloat64, 0)
	t.cutTo, t.prioAt = uint32(len(b)), uint32(len(b)-8)
	return b
}

// appendV04Fields writes a span up to and with its meta, which the caller
// completes to the number of entries, and whose metrics it writes.
func (t *Template) appendV04Fields(b []byte, s *Span, k, entries int, withMetrics, inTags bool) []byte {
	fields := uint32(10)
	if !inTags {
		fields += s.Extras.fields()
	}
	for _, there := range []bool{s.Type != "", withMetrics} {
		if there {
			fields++
		}
	}
	b = msgp.AppendMapHeader(b, fields)
	t.spans[k] = mark{at: uint32(len(b)), parent: uint32(s.Parent + 1), start: s.Start}
	b = appendWide(msgp.AppendString(b, "trace_id"), mpUint64, 0)
	b = appendWide(msgp.AppendString(b, "span_id"), mpUint64, 0)
	b = appendWide(msgp.AppendString(b, "parent_id"), mpUint64, 0)
	b = appendWide(msgp.AppendString(b, "start"), mpInt64, 0)
	b = appendWide(msgp.AppendString(b, "duration"), mpInt64, uint64(s.Duration))
	b = msgp.AppendInt(msgp.AppendString(b, "error"), int(errorFlag(s.Error)))
	b = msgp.AppendString(msgp.AppendString(b, "service"), s.Service)
	b = msgp.AppendString(msgp.AppendString(b, "name"), s.Name)
	b = msgp.AppendString(msgp.AppendString(b, "resource"), s.Resource)
	if s.Type != "" {
		b = msgp.AppendString(msgp.AppendString(b, "type"), s.Type)
	}

	if !inTags {
		b = t.appendV04Extras(b, s.Extras)
	}
	b = msgp.AppendString(b, "meta")
	b = msgp.AppendMapHeader(b, uint32(entries))
	for _, tag := range s.Meta {
		b = msgp.AppendString(b, tag.Key)
		b = msgp.AppendString(b, tag.Value)
		if tag.Variable > 0 {
			t.vary(len(b)-len(tag.Value), tag)
		}
	}
	if inTags {
		b = t.appendV04ExtraTags(b, s.Extras)
	}
	return b
}

func (t *Template) appendTraceIDHigh(b []byte) []byte {
	b = msgp.AppendString(msgp.AppendString(b, TraceIDHighKey), traceIDHighZeros)
	t.tidAt = uint32(len(b) - traceIDHighDigits)
	return b
}

func appendV04Metrics(b []byte, metrics []Metric) []byte {
	for _, m := range metrics {
		b = appendWide(msgp.AppendString(b, m.Key), mpFloat64, math.Float64bits(m.Value))
	}
	return b
}

// appendWide writes a number of 64 bits in its full width.
func appendWide(b []byte, form byte, n uint64) []byte {
	return binary.BigEndian.AppendUint64(append(b, form), n)
}

// Append implements [Writer].
func (e V04) Append(dst []byte, t *Template, s *Stamp) []byte {
	dst, body, moved := t.copyTo(dst, s.HasPriority)
	t.stampV04(body, s, moved)
	return dst
}

func (t *Template) stampV04(body []byte, s *Stamp, moved uint32) {
	if len(t.spans) == 0 {
		return
	}
	t.stampTags(body, s, moved)
	if s.HasPriority {
		binary.BigEndian.PutUint64(body[t.prioAt:], math.Float64bits(float64(s.Priority)))
	} else {
		count := binary.BigEndian.Uint16(body[t.countAt:])
		binary.BigEndian.PutUint16(body[t.countAt:], count-1)
	}
	t.stampV04Heads(body, s, moved)
}

func (t *Template) stampV04Heads(body []byte, s *Stamp, moved uint32) {
	ids, trace, start := s.IDs, s.TraceID, s.Start
	shift := uint32(0) // the cut lies inside the root, so only what follows has moved
	for k := range t.spans {
		m := &t.spans[k]
		head := (*[v04Head]byte)(body[m.at-shift:])
		binary.BigEndian.PutUint64(head[v04TraceAt:], trace)
		binary.BigEndian.PutUint64(head[v04SpanAt:], ids[k+1])
		binary.BigEndian.PutUint64(head[v04ParentAt:], ids[m.parent])
		binary.BigEndian.PutUint64(head[v04StartAt:], uint64(start+m.start))
		shift = moved
	}
	t.fix(body, s, moved, putBigEndian)
}

func errorFlag(failed bool) int32 {
	if failed {
		return 1
	}
	return 0
}

// clip gives back the room that appending left over: templates are many.
func clip(b []byte) []byte { return append(make([]byte, 0, len(b)), b...) }
