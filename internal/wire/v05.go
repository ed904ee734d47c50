package wire

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/tinylib/msgp/msgp"
)

// V05 is msgpack as /v0.5/traces takes it: all texts of the payload, each once,
// and then the chunks, whose spans are arrays of twelve and refer to the texts by
// number:
//
//	[[text, …], [[[service name resource cf trace_id cf span_id cf parent_id d3 start d3 duration error {meta} {metrics} type], …], …]]
//
// References have a fixed width, like ids and times, and are written per request:
// the number that a text has depends on the chunks before.
//
// Texts that almost every payload holds, above all the keys of tags, lead the
// table of each, and references to them are final in the templates.
type V05 struct {
	*texts
	lead *[]byte // the empty text and those of fixed numbers, in msgpack
}

// NewV05 returns an encoding that knows no text yet.
func NewV05() V05 {
	d := newTexts()
	lead := d.get(0)
	return V05{d, &lead}
}

// What a span has after its third reference.
const (
	v05SpanAt   = 8 + 1
	v05ParentAt = v05SpanAt + 8 + 1
	v05StartAt  = v05ParentAt + 8 + 1
	v05Head     = v05StartAt + 8
)

const v05Fields = 12

// ContentType implements [Encoding].
func (V05) ContentType() string { return "application/msgpack" }

// Encode implements [Encoding].
func (e V05) Encode(c *Chunk) Template {
	b := e.body(c)
	b.setFixes(c, offsets{0, v05SpanAt, v05ParentAt, v05StartAt})
	b.b = msgp.AppendArrayHeader(b.b, uint32(len(c.Spans)))
	for k := range c.Spans {
		b.appendV05Span(&c.Spans[k], k)
	}
	return b.template()
}

func (b *body) appendV05Span(s *Span, k int) {
	b.b = msgp.AppendArrayHeader(b.b, v05Fields)
	b.refer(s.Service)
	b.refer(s.Name)
	b.refer(s.Resource)
	b.spans[k] = mark{at: uint32(len(b.b) + 1), parent: uint32(s.Parent + 1), start: s.Start}
	b.b = appendWide(b.b, mpUint64, 0)
	b.b = appendWide(b.b, mpUint64, 0)
	b.b = appendWide(b.b, mpUint64, 0)
	b.b = appendWide(b.b, mpInt64, 0)
	b.b = appendWide(b.b, mpInt64, uint64(s.Duration))
	b.b = msgp.AppendInt(b.b, int(errorFlag(s.Error)))

	entries := len(s.Meta) + s.extraTags()
	if k == 0 {
		entries++
	}
	b.b = msgp.AppendMapHeader(b.b, uint32(entries))
	for _, tag := range s.Meta {
		b.refer(tag.Key)
		b.value(tag)
	}
	b.appendV05ExtraTags(s.Extras)
	if k == 0 {
		b.refer(TraceIDHighKey)
		b.referTo(traceIDHighText, 1+traceIDHighDigits)
	}

	if k > 0 {
		b.b = msgp.AppendMapHeader(b.b, uint32(len(s.Metrics)))
		b.appendV05Metrics(s.Metrics)
		b.refer(s.Type)
		return
	}
	// As in v0.4: the size of the count does not depend on the priority.
	b.b = append(b.b, mpMap16)
	b.countAt = uint32(len(b.b))
	b.b = binary.BigEndian.AppendUint16(b.b, uint16(len(s.Metrics)+1))
	b.appendV05Metrics(s.Metrics)
	b.cutFrom, b.cutRef = uint32(len(b.b)), uint32(len(b.refs))
	b.refer(PriorityKey)
	b.b = appendWide(b.b, mpFloat64, 0)
	b.cutTo, b.prioAt = uint32(len(b.b)), uint32(len(b.b)-8)
	b.refer(s.Type)
}

func (b *body) appendV05Metrics(metrics []Metric) {
	for _, m := range metrics {
		b.refer(m.Key)
		b.b = appendWide(b.b, mpFloat64, math.Float64bits(m.Value))
	}
}

// Finish implements [Indexed].
func (e V05) Finish(templates []Template, least, most int) (again bool) {
	if e.widen(most) {
		return true
	}
	e.fix(templates, least)
	lead := slices.Clone(e.get(0))
	for id := range int32(len(e.ends)) {
		if _, ok := e.fixed[id]; ok && id > 0 {
			lead = append(lead, e.get(id)...)
		}
	}
	*e.lead = lead
	return false
}

// Sum implements [Indexed].
func (e V05) Sum(w io.Writer) error {
	if _, err := w.Write(*e.lead); err != nil {
		return fmt.Errorf("sum the first texts: %w", err)
	}
	return e.texts.Sum(w)
}

// Writer implements [Encoding].
func (e V05) Writer() Writer { return &v05Writer{index: newIndex(e.texts), lead: *e.lead} }

type v05Writer struct {
	index
	lead  []byte
	from  int    // where the payload begins
	table []byte // its texts so far
}

// AppendHead implements [Writer]. The texts are put in front at the end.
func (w *v05Writer) AppendHead(dst []byte, _, n int) []byte {
	w.begin()
	w.next = max(1, uint32(len(w.fixed)))
	w.table = append(w.table[:0], w.lead...)
	w.from = len(dst)
	return msgp.AppendArrayHeader(dst, uint32(n))
}

// AppendNext implements [Writer].
func (w *v05Writer) AppendNext(dst []byte) []byte { return dst }

// AppendTail implements [Writer].
func (w *v05Writer) AppendTail(dst []byte) []byte {
	var room [1 + msgp.ArrayHeaderSize]byte
	head := msgp.AppendArrayHeader(room[:0], 2)
	head = msgp.AppendArrayHeader(head, w.next)
	chunks, size := len(dst)-w.from, len(head)+len(w.table)
	dst = slices.Grow(dst, size)[:len(dst)+size]
	payload := dst[w.from:]
	copy(payload[size:], payload[:chunks])
	copy(payload[copy(payload, head):], w.table)
	return dst
}

// Append implements [Writer].
func (w *v05Writer) Append(dst []byte, t *Template, s *Stamp) []byte {
	if len(t.spans) == 0 {
		return append(dst, t.Body...)
	}
	w.resolve(t, s)
	for _, i := range w.fresh {
		w.table = w.appendText(w.table, t, i, s)
	}

	dst, body, moved := t.copyTo(dst, s.HasPriority)
	if s.HasPriority {
		w.point(body, t, t.refs, 0, 0)
		binary.BigEndian.PutUint64(body[t.prioAt:], math.Float64bits(float64(s.Priority)))
	} else {
		at, rest := w.point(body, t, t.refs[:t.cutRef], 0, 0), t.refs[t.cutRef:]
		if len(rest) > 0 && at+int(rest[0]) < int(t.cutTo) { // the one inside the cut
			at, rest = at+int(rest[0]), rest[1:]
		}
		w.point(body, t, rest, at, -int(moved))
		count := binary.BigEndian.Uint16(t.Body[t.countAt:])
		binary.BigEndian.PutUint16(body[t.countAt:], count-1)
	}

	ids, trace, start := s.IDs, s.TraceID, s.Start
	shift := uint32(0)
	for k := range t.spans {
		m := &t.spans[k]
		head := (*[v05Head]byte)(body[m.at-shift:])
		binary.BigEndian.PutUint64(head[0:], trace)
		binary.BigEndian.PutUint64(head[v05SpanAt:], ids[k+1])
		binary.BigEndian.PutUint64(head[v05ParentAt:], ids[m.parent])
		binary.BigEndian.PutUint64(head[v05StartAt:], uint64(start+m.start))
		shift = moved
	}
	t.fix(body, s, moved, putBigEndian)
	return dst
}
