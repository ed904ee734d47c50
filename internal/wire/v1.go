package wire

import (
	"encoding/binary"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tinylib/msgp/msgp"
)

// V1 is msgpack as /v1.0/traces takes it: maps whose keys are numbers, and texts
// that stream, which is to say that a text is written out where it occurs for the
// first time in the payload, and referred to by number, in the order of these
// first times, from then on.
//
// A template has a reference in every place. Where a text turns out to be new,
// the text takes the place of the reference, and what follows moves.
//
// What tracers keep as tags in earlier versions has fields of its own here, and the
// trace id is 16 bytes, once per chunk.
type V1 struct {
	*texts
	heads []v1Sender // by tracer
}

// v1Sender is what a payload begins with, up to the number of chunks.
type v1Sender struct {
	body  []byte
	texts []int32 // in it: they have the numbers from 1 on
}

// NewV1 returns an encoding for payloads of these tracers that knows no other
// text than theirs.
func NewV1(tracers ...Tracer) V1 {
	e := V1{texts: newTexts()}
	for i := range tracers {
		e.heads = append(e.heads, e.head(&tracers[i]))
	}
	return e
}

// Numbers of fields.
const (
	v1PayloadContainerID     = 2
	v1PayloadLanguage        = 3
	v1PayloadLanguageVersion = 4
	v1PayloadTracerVersion   = 5
	v1PayloadRuntimeID       = 6
	v1PayloadEnv             = 7
	v1PayloadHostname        = 8
	v1PayloadAppVersion      = 9
	v1PayloadChunks          = 11

	v1ChunkPriority  = 1
	v1ChunkOrigin    = 2
	v1ChunkSpans     = 4
	v1ChunkTraceID   = 6
	v1ChunkMechanism = 7

	v1SpanService    = 1
	v1SpanName       = 2
	v1SpanResource   = 3
	v1SpanID         = 4
	v1SpanParent     = 5
	v1SpanStart      = 6
	v1SpanDuration   = 7
	v1SpanError      = 8
	v1SpanAttributes = 9
	v1SpanType       = 10
	v1SpanEnv        = 13
	v1SpanVersion    = 14
	v1SpanComponent  = 15
	v1SpanKind       = 16

	v1Text   = 1
	v1Double = 3
)

// What a span begins with, after the number of the field and the type.
const (
	v1ParentAt = 8 + 2
	v1StartAt  = v1ParentAt + 8 + 2
	v1Head     = v1StartAt + 8
)

const decisionMakerKey = "_dd.p.dm"

// v1Kind is the number of a span.kind; 0 for one that has none.
func v1Kind(kind string) uint8 {
	switch kind {
	case "internal":
		return 1
	case "server":
		return 2
	case "client":
		return 3
	case "producer":
		return 4
	case "consumer":
		return 5
	}
	return 0
}

// v1Promoted is the field of a tag that has one, or 0.
func v1Promoted(key string) uint8 {
	switch key {
	case "env":
		return v1SpanEnv
	case "version":
		return v1SpanVersion
	case "component":
		return v1SpanComponent
	}
	return 0
}

// ContentType implements [Encoding].
func (V1) ContentType() string { return "application/msgpack" }

type v1Field struct {
	number uint8
	value  string
}

// head writes what a payload says of its sender.
func (e *V1) head(t *Tracer) v1Sender {
	fields := slices.DeleteFunc([]v1Field{
		{v1PayloadContainerID, t.ContainerID},
		{v1PayloadLanguage, t.Language},
		{v1PayloadLanguageVersion, t.LanguageVersion},
		{v1PayloadTracerVersion, t.TracerVersion},
		{v1PayloadRuntimeID, t.RuntimeID},
		{v1PayloadEnv, t.Env},
		{v1PayloadHostname, t.Hostname},
		{v1PayloadAppVersion, t.AppVersion},
	}, func(f v1Field) bool { return f.value == "" })
	var h v1Sender
	b := msgp.AppendMapHeader(nil, uint32(len(fields)+1))
	for _, f := range fields {
		b = append(b, f.number)
		id := e.add(f.value)
		if i := slices.Index(h.texts, id); i >= 0 {
			b = msgp.AppendUint32(b, uint32(i+1))
			continue
		}
		h.texts = append(h.texts, id)
		b = msgp.AppendString(b, f.value)
	}
	h.body = clip(append(b, v1PayloadChunks))
	return h
}

// Encode implements [Encoding].
func (e V1) Encode(c *Chunk) Template {
	b := e.body(c)
	b.inline = true
	b.setFixes(c, offsets{0, 0, v1ParentAt, v1StartAt}) // the trace id is elsewhere
	// The first span without what goes to the chunk.
	root := c.Spans[0]
	root.Meta = nil
	origin, mechanism := Tag{}, uint64(0)
	for _, tag := range c.Spans[0].Meta {
		if tag.Key == originKey && (tag.Variable > 0 || tag.Value != "") {
			origin = tag
			continue
		}
		if tag.Key == decisionMakerKey && tag.Variable == 0 && mechanism == 0 {
			if n, err := strconv.ParseUint(strings.TrimPrefix(tag.Value, "-"), 10, 32); err == nil && n > 0 && tag.Value == "-"+strconv.FormatUint(n, 10) {
				mechanism = n
				continue
			}
		}
		root.Meta = append(root.Meta, tag)
	}

	fields := uint32(4)
	if origin.Key != "" {
		fields++
	}
	b.b = msgp.AppendMapHeader(b.b, fields)
	b.b = append(b.b, v1ChunkTraceID, mpBin8, 16)
	b.traceAt = uint32(len(b.b))
	b.b = append(b.b, make([]byte, 16)...)
	b.b = append(b.b, v1ChunkPriority, mpInt8, 0)
	b.prioAt = uint32(len(b.b) - 1)
	b.b = msgp.AppendUint64(append(b.b, v1ChunkMechanism), mechanism)
	if origin.Key != "" {
		b.b = append(b.b, v1ChunkOrigin)
		b.value(origin)
	}
	b.b = msgp.AppendArrayHeader(append(b.b, v1ChunkSpans), uint32(len(c.Spans)))
	for k := range c.Spans {
		s := &c.Spans[k]
		if k == 0 {
			s = &root
		}
		b.appendV1Span(s, k)
	}
	return b.template()
}

func (b *body) appendV1Span(s *Span, k int) {
	var promoted, attributes []Tag
	kind := uint8(0)
	for _, tag := range s.Meta {
		switch {
		case tag.Variable == 0 && tag.Key == "span.kind" && v1Kind(tag.Value) > 0:
			kind = v1Kind(tag.Value)
		case v1Promoted(tag.Key) > 0 && (tag.Variable > 0 || tag.Value != ""):
			promoted = append(promoted, tag)
		case !hasMetric(s.Metrics, tag.Key): // of one name, there is one attribute
			attributes = append(attributes, tag)
		}
	}

	fields := 10 + len(promoted) + s.Extras.v1Fields()
	if kind > 0 {
		fields++
	}
	b.b = msgp.AppendMapHeader(b.b, uint32(fields))
	b.b = append(b.b, v1SpanID, mpUint64)
	b.spans[k] = mark{at: uint32(len(b.b)), parent: uint32(s.Parent + 1), start: s.Start}
	b.b = append(b.b, 0, 0, 0, 0, 0, 0, 0, 0)
	b.b = appendWide(append(b.b, v1SpanParent), mpUint64, 0)
	b.b = appendWide(append(b.b, v1SpanStart), mpUint64, 0)
	b.b = appendWide(append(b.b, v1SpanDuration), mpUint64, uint64(s.Duration))
	b.b = msgp.AppendBool(append(b.b, v1SpanError), s.Error)
	if kind > 0 {
		b.b = append(b.b, v1SpanKind, kind)
	}
	for _, f := range [...]v1Field{{v1SpanService, s.Service}, {v1SpanName, s.Name}, {v1SpanResource, s.Resource}, {v1SpanType, s.Type}} {
		b.b = append(b.b, f.number)
		b.refer(f.value)
	}
	for _, tag := range promoted {
		b.b = append(b.b, v1Promoted(tag.Key))
		b.value(tag)
	}
	b.b = msgp.AppendArrayHeader(append(b.b, v1SpanAttributes), uint32(3*(len(attributes)+len(s.Metrics)+len(s.Extras.structs()))))
	for _, tag := range attributes {
		b.refer(tag.Key)
		b.b = append(b.b, v1Text)
		b.value(tag)
	}
	for _, m := range s.Metrics {
		b.refer(m.Key)
		b.b = appendWide(append(b.b, v1Double), mpFloat64, math.Float64bits(m.Value))
	}
	b.appendV1Structs(s.Extras)
	b.appendV1Extras(s.Extras)
}

func hasMetric(metrics []Metric, key string) bool {
	for i := range metrics {
		if metrics[i].Key == key {
			return true
		}
	}
	return false
}

// Finish implements [Indexed].
func (e V1) Finish(_ []Template, _, most int) (again bool) { return e.widen(most) }

// Writer implements [Encoding].
func (e V1) Writer() Writer { return &v1Writer{newIndex(e.texts), e.heads} }

type v1Writer struct {
	index
	heads []v1Sender
}

// AppendHead implements [Writer].
func (w *v1Writer) AppendHead(dst []byte, tracer, n int) []byte {
	h := &w.heads[tracer]
	w.begin()
	for _, id := range h.texts {
		w.numbers[id] = numbered{w.payload, w.next}
		w.next++
	}
	return msgp.AppendArrayHeader(append(dst, h.body...), uint32(n))
}

// AppendNext implements [Writer].
func (w *v1Writer) AppendNext(dst []byte) []byte { return dst }

// AppendTail implements [Writer].
func (w *v1Writer) AppendTail(dst []byte) []byte { return dst }

// Append implements [Writer].
func (w *v1Writer) Append(dst []byte, t *Template, s *Stamp) []byte {
	if len(t.spans) == 0 {
		return append(dst, t.Body...)
	}
	w.resolve(t, s)
	// What has been written: the body up to copied, references up to refs, the last
	// of them at last, spans up to span, and times of events up to event.
	copied, refs, last, span, event := 0, 0, 0, 0, 0
	from := len(dst)
	for i := 0; ; i++ {
		end, endRefs := len(t.Body), len(t.refs)
		if i < len(w.fresh) {
			first := t.firsts[w.fresh[i]]
			end, endRefs = int(first.at), int(first.ref)
		}
		shift := len(dst) - copied
		dst = append(dst, t.Body[copied:end]...)
		last = w.point(dst, t, t.refs[refs:endRefs], last, shift)
		for ; span < len(t.spans) && int(t.spans[span].at) < end; span++ {
			m := &t.spans[span]
			head := (*[v1Head]byte)(dst[int(m.at)+shift:])
			binary.BigEndian.PutUint64(head[0:], s.IDs[span+1])
			binary.BigEndian.PutUint64(head[v1ParentAt:], s.IDs[m.parent])
			binary.BigEndian.PutUint64(head[v1StartAt:], uint64(s.Start+m.start))
			if t.fixes != nil {
				t.fixV1(head[:], span, s)
			}
		}
		for ; event < len(t.times) && int(t.times[event].at) < end; event++ {
			t.times[event].put(dst[int(t.times[event].at)+shift:], s.Start)
		}
		if i == len(w.fresh) {
			break
		}
		dst = w.appendText(dst, t, w.fresh[i], s)
		copied = end + w.reference()
		last += int(t.refs[endRefs])
		refs = endRefs + 1
	}

	// Before any reference, so that nothing has moved.
	body := dst[from:]
	putTraceIDHigh(body[t.traceAt:], s.Start)
	binary.BigEndian.PutUint64(body[t.traceAt+8:], t.traceV1(s))
	body[t.prioAt] = byte(priority(s))
	return dst
}

// fixV1 writes what is fixed in the head of span k.
func (t *Template) fixV1(head []byte, k int, s *Stamp) {
	i, _ := slices.BinarySearchFunc(t.fixes, k, func(f fixMark, k int) int { return f.Span - k })
	for ; i < len(t.fixes) && t.fixes[i].Span == k; i++ {
		if f := &t.fixes[i]; f.Field != FieldTraceID {
			putBigEndian(head[f.from:], f.value(s))
		}
	}
}

// traceV1 is the lower half of the trace id.
func (t *Template) traceV1(s *Stamp) uint64 {
	for i := range t.fixes {
		if f := &t.fixes[i]; f.Field == FieldTraceID {
			return f.value(s)
		}
	}
	return s.TraceID
}
