package wire

import (
	"encoding/json"
	"slices"
	"strconv"
	"unicode/utf8"
)

// V03JSON is JSON as /v0.3/traces and /v0.4/traces take it: the same arrays and
// names as in msgpack.
//
// Every span begins with the fields that are written per request, in 19 digits
// each:
//
//	"trace_id":···················,"span_id":···················,"start":···················,"parent_id":···················
//
// The root's parent id is a 0 and the last of them, so that nothing after it has
// to keep its distance. A priority is written to the right of its field, after
// spaces.
//
// Links and events of spans are fields, or under v0.3, which has none, tags.
type V03JSON struct{ InTags bool }

const (
	jsonDigits   = 19
	jsonTrace    = `{"trace_id":`
	jsonSpan     = `,"span_id":`
	jsonStart    = `,"start":`
	jsonParent   = `,"parent_id":`
	jsonTraceAt  = len(jsonTrace)
	jsonSpanAt   = jsonTraceAt + jsonDigits + len(jsonSpan)
	jsonStartAt  = jsonSpanAt + jsonDigits + len(jsonStart)
	jsonParentAt = jsonStartAt + jsonDigits + len(jsonParent)
	jsonHead     = jsonParentAt + jsonDigits
	jsonRootHead = jsonStartAt + jsonDigits

	jsonNoDigits = "0000000000000000000"
)

// ContentType implements [Encoding].
func (V03JSON) ContentType() string { return "application/json" }

// Writer implements [Encoding].
func (e V03JSON) Writer() Writer { return e }

// AppendHead implements [Writer].
func (V03JSON) AppendHead(dst []byte, _, _ int) []byte { return append(dst, '[') }

// AppendNext implements [Writer].
func (V03JSON) AppendNext(dst []byte) []byte { return append(dst, ',') }

// AppendTail implements [Writer].
func (V03JSON) AppendTail(dst []byte) []byte { return append(dst, ']') }

// Encode implements [Encoding].
func (e V03JSON) Encode(c *Chunk) Template {
	t := Template{spans: make([]mark, len(c.Spans)), prioWidth: uint8(c.PriorityWidth)}
	b := []byte{'['}
	for k := range c.Spans {
		if k > 0 {
			b = append(b, ',')
		}
		b = t.appendJSONSpan(b, c, k, e.InTags)
	}
	t.Body = clip(append(b, ']'))
	t.setFixes(c, offsets{uint32(jsonTraceAt), uint32(jsonSpanAt), uint32(jsonParentAt), uint32(jsonStartAt)})
	return t
}

func (t *Template) appendJSONSpan(b []byte, c *Chunk, k int, inTags bool) []byte {
	s := &c.Spans[k]
	t.spans[k] = mark{at: uint32(len(b)), parent: uint32(s.Parent + 1), start: s.Start}
	b = append(b, jsonTrace+jsonNoDigits+jsonSpan+jsonNoDigits+jsonStart+jsonNoDigits+jsonParent...)
	if k == 0 && s.Parent < 0 && !slices.ContainsFunc(c.Fixed, func(f Fix) bool { return f.Span == 0 && f.Field == FieldParent }) {
		b = append(b, '0')
	} else {
		b = append(b, jsonNoDigits...)
	}
	b = strconv.AppendInt(append(b, `,"duration":`...), s.Duration, 10)
	b = strconv.AppendInt(append(b, `,"error":`...), int64(errorFlag(s.Error)), 10)
	b = appendJSONString(append(b, `,"service":`...), s.Service)
	b = appendJSONString(append(b, `,"name":`...), s.Name)
	b = appendJSONString(append(b, `,"resource":`...), s.Resource)
	if s.Type != "" {
		b = appendJSONString(append(b, `,"type":`...), s.Type)
	}

	if !inTags {
		b = t.appendJSONExtras(b, s.Extras)
	}
	b = append(b, `,"meta":{`...)
	for i, tag := range s.Meta {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendJSONString(b, tag.Key), ':')
		b = appendJSONString(b, tag.Value)
		if tag.Variable > 0 {
			t.vary(len(b)-1-len(tag.Value), tag)
		}
	}
	if inTags && s.Extras != nil {
		b = t.appendJSONExtraTags(b, s)
	}
	if k == 0 {
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(b, `"`+TraceIDHighKey+`":"`+traceIDHighZeros+`"`...)
		t.tidAt = uint32(len(b) - 1 - traceIDHighDigits)
	}

	if k > 0 && len(s.Metrics) == 0 {
		return append(b, `}}`...)
	}
	b = append(b, `},"metrics":{`...)
	for i, m := range s.Metrics {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendJSONString(b, m.Key), ':')
		b = strconv.AppendFloat(b, m.Value, 'g', -1, 64)
	}
	if k == 0 {
		t.cutFrom = uint32(len(b))
		if len(s.Metrics) > 0 {
			b = append(b, ',')
		}
		b = append(b, `"`+PriorityKey+`":`...)
		t.prioAt = uint32(len(b))
		for range c.PriorityWidth {
			b = append(b, '0')
		}
		t.cutTo = uint32(len(b))
	}
	return append(b, `}}`...)
}

// appendJSONString writes s in quotes. A string that JSON can hold as it is
// takes the short way, which templates need: there are many of them.
func appendJSONString(b []byte, s string) []byte {
	if !utf8.ValidString(s) { // which JSON cannot hold: it is broken on purpose, and has nothing to be escaped
		return append(append(append(b, '"'), s...), '"')
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, err := json.Marshal(s)
			if err != nil { // no string is beyond encoding/json
				quoted = []byte(`""`)
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// Append implements [Writer].
func (e V03JSON) Append(dst []byte, t *Template, s *Stamp) []byte {
	dst, body, moved := t.copyTo(dst, s.HasPriority)
	t.stampJSON(body, s, moved)
	return dst
}

func (t *Template) stampJSON(body []byte, s *Stamp, moved uint32) {
	if len(t.spans) == 0 {
		return
	}
	t.stampTags(body, s, moved)
	if s.HasPriority {
		putPriority(body[t.prioAt:t.prioAt+uint32(t.prioWidth)], s.Priority)
	}

	ids := s.IDs
	var trace [jsonDigits]byte // the same in all spans
	putDigits(&trace, s.TraceID)
	for k := range t.spans {
		m := &t.spans[k]
		if k == 0 {
			head := (*[jsonRootHead]byte)(body[m.at:])
			*(*[jsonDigits]byte)(head[jsonTraceAt:]) = trace
			putDigits((*[jsonDigits]byte)(head[jsonSpanAt:]), ids[1])
			putDigits((*[jsonDigits]byte)(head[jsonStartAt:]), uint64(s.Start+m.start))
			if m.parent > 0 {
				putDigits((*[jsonDigits]byte)(body[m.at+uint32(jsonParentAt):]), ids[m.parent])
			}
			continue
		}
		head := (*[jsonHead]byte)(body[m.at-moved:])
		*(*[jsonDigits]byte)(head[jsonTraceAt:]) = trace
		putDigits((*[jsonDigits]byte)(head[jsonSpanAt:]), ids[k+1])
		putDigits((*[jsonDigits]byte)(head[jsonStartAt:]), uint64(s.Start+m.start))
		putDigits((*[jsonDigits]byte)(head[jsonParentAt:]), ids[m.parent])
	}
	t.fix(body, s, moved, putPadded)
}

// putPriority writes p at the right of b, after spaces.
func putPriority(b []byte, p int8) {
	var text [4]byte
	digits := strconv.AppendInt(text[:0], int64(p), 10)
	for i := range b {
		b[i] = ' '
	}
	copy(b[max(0, len(b)-len(digits)):], digits)
}
