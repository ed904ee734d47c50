// Package wire writes chunks of spans in the encodings of the trace API, a file
// each. It decides nothing: which spans there are, what their ids are and when
// they start is said by others.
//
// A chunk is encoded once, into a [Template], with every id, time and varying
// value as a field of fixed width. [Encoding.Append] then copies the template
// and writes those fields, which costs little more than the copy.
package wire

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// Span is what is known of a span before it is sent.
type Span struct {
	Service, Name, Resource, Type string
	// Parent is the index of the parent in the chunk, lower than the span's own; -1 for
	// the root. From the number of spans on it counts parents in other chunks of the
	// same trace, whose ids follow those of the spans in Stamp.IDs.
	Parent int
	// Start is in nanoseconds since Stamp.Start.
	Start int64
	// Duration is in nanoseconds.
	Duration int64
	Error    bool
	Meta     []Tag
	Metrics  []Metric
	Extras   *Extras // nil: none
}

// Tag is an entry of a span's meta.
type Tag struct {
	Key, Value string
	// Variable, when above 0, says that the value varies: each time it is
	// Stamp.Values[Variable-1], of the same length as Value, written without escapes.
	Variable int
}

// Metric is an entry of a span's metrics.
type Metric struct {
	Key   string
	Value float64
}

// Chunk is a trace, or a part of one, before it is encoded. Its first span is its
// root, or in a part without it, the one that carries what is of the whole trace.
type Chunk struct {
	Spans []Span
	// PriorityWidth is the most characters that a priority of this chunk
	// takes in text.
	PriorityWidth int
	// Fixed are fields that hold something else than usual.
	Fixed []Fix
}

// Fields of a whole chunk, which these APIs carry on its first span.
const (
	// PriorityKey is the metric that holds the sampling priority.
	PriorityKey = "_sampling_priority_v1"
	// TraceIDHighKey is the tag that holds the high 64 bits of a 128-bit trace id
	// in hexadecimal. Tracers put the second in which the trace began into the
	// high half of them (until 2106, when 32 bits of seconds are full), and zeros into
	// the low one.
	TraceIDHighKey = "_dd.p.tid"
)

const (
	traceIDHighDigits = 16
	traceIDHighZeros  = "0000000000000000"
)

// Template is a chunk, encoded, and where the fields are that vary.
type Template struct {
	Body []byte

	spans  []mark
	tags   []tagMark
	used   []uint16 // variables, each once
	times  []timeMark
	tidAt  uint32
	prioAt uint32
	// Without a priority, Body[cutFrom:cutTo] is left out, and the 16-bit number
	// of entries at countAt is one less.
	cutFrom, cutTo, countAt uint32
	prioWidth               uint8
	traceAt                 uint32 // the trace id, or its upper half, of the whole chunk
	fixes                   []fixMark

	// Of an [Indexed] encoding only.
	refs   []uint32   // the distance of each reference from the one before
	texts  []int32    // what they refer to, each once, in the order of the first references
	firsts []firstRef // the first references to texts
	cutRef uint32     // references before the cut
	alone  uint32     // bytes that the texts add, modulo 2^32
	timed  []timedText
}

// mark says where a span's head begins, the fixed-width fields that all spans
// have, and what goes there.
type mark struct {
	at     uint32
	parent uint32 // index into Stamp.IDs: 0 for the root, else Span.Parent + 1
	start  int64
}

type tagMark struct {
	at       uint32
	variable uint16
	width    uint16
}

// Touch reads a little of each part of the template, so that the processor
// fetches it. The result means nothing.
func (t *Template) Touch() int {
	if len(t.spans) == 0 {
		return int(t.Body[0])
	}
	n := int(t.Body[0]) + int(t.spans[0].at) + int(t.spans[len(t.spans)-1].at)
	if len(t.tags) > 0 {
		n += int(t.tags[0].at) + int(t.used[0])
	}
	if len(t.refs) > 0 {
		n += int(t.refs[0]) + int(t.texts[0])
	}
	return n
}

// Variables returns the indexes into Stamp.Values that the template needs, each once.
func (t *Template) Variables() []uint16 { return t.used }

func (t *Template) vary(at int, tag Tag) {
	m := tagMark{at: uint32(at), variable: uint16(tag.Variable - 1), width: uint16(len(tag.Value))}
	t.tags = append(t.tags, m)
	t.use(m.variable)
}

func (t *Template) use(variable uint16) {
	if !slices.Contains(t.used, variable) {
		t.used = append(t.used, variable)
	}
}

// Spans returns the number of spans of the chunk.
func (t *Template) Spans() int { return len(t.spans) }

// Size returns the number of bytes that the chunk adds to a payload. Under an
// [Indexed] encoding that is what it adds to an empty one: texts that an earlier
// chunk has brought along are not written again.
func (t *Template) Size(hasPriority bool) int {
	size := int(uint32(len(t.Body)) + t.alone)
	if hasPriority {
		return size
	}
	return size - int(t.cutTo-t.cutFrom)
}

// Memory returns about how many bytes the template takes in memory.
func (t *Template) Memory() int {
	const ofMark, ofTag, ofNumber, ofRef = 16, 8, 4, 8
	return len(t.Body) + ofMark*len(t.spans) + ofTag*len(t.tags) + 2*len(t.used) + ofNumber*(len(t.refs)+len(t.texts)) + ofRef*len(t.firsts)
}

// Stamp is what is written into a template.
type Stamp struct {
	TraceID uint64
	// IDs begins with a 0, the parent of the root; the id of span k is IDs[k+1]. Behind
	// those of the spans are the ids of parents in other chunks.
	IDs []uint64
	// Start is when the root of the trace starts, in nanoseconds since 1970. Encodings in text
	// need it to have 19 digits, as it has from 2001 to 2286.
	Start       int64
	Priority    int8
	HasPriority bool
	// Values holds the value of each variable.
	Values [][]byte
}

// Encoding is one way to write payloads.
type Encoding interface {
	// ContentType is the value of the request's header.
	ContentType() string
	// Encode makes a template of a chunk. Encoding is over before the first
	// payload is written.
	Encode(c *Chunk) Template
	// Writer returns a writer of payloads. Each goroutine needs one of its own.
	Writer() Writer
}

// Writer writes payloads, one after the other. Its methods do not allocate,
// once they have seen payloads of the size and when dst has room, and what they write
// depends on nothing that was in an earlier payload.
type Writer interface {
	// AppendHead begins a payload of n chunks, sent by a tracer: its number among
	// those that the encoding was made for, where the API says in the payload who sends.
	AppendHead(dst []byte, tracer, n int) []byte
	// AppendNext stands between two chunks.
	AppendNext(dst []byte) []byte
	// Append copies t to the end of dst and stamps the copy.
	Append(dst []byte, t *Template, s *Stamp) []byte
	// AppendTail ends the payload that AppendHead began.
	AppendTail(dst []byte) []byte
}

// Indexed is an Encoding that writes a text once per payload and refers to it
// by number from then on. How much a chunk takes depends on the chunks before it.
type Indexed interface {
	Encoding
	// Finish is called once all templates are encoded, for payloads of least to most
	// chunks. If it returns true, payloads may hold more texts than references have
	// room for: they have more now, and all chunks have to be encoded and finished
	// again.
	Finish(templates []Template, least, most int) (again bool)
	// Sum writes to w all of the texts, which templates know by number only.
	Sum(w io.Writer) error
}

// Tracer is who sends a payload, for the APIs that say it in the payload.
type Tracer struct {
	Language, LanguageVersion, TracerVersion string
	RuntimeID, ContainerID                   string
	Env, Hostname, AppVersion                string
}

// copyTo copies the chunk to the end of dst, without the priority when there
// is none, and returns the copy as well, and by how much what follows the cut
// has moved.
func (t *Template) copyTo(dst []byte, hasPriority bool) (all, body []byte, moved uint32) {
	from := len(dst)
	if hasPriority {
		dst = append(dst, t.Body...)
		return dst, dst[from:], 0
	}
	dst = append(dst, t.Body[:t.cutFrom]...)
	dst = append(dst, t.Body[t.cutTo:]...)
	return dst, dst[from:], t.cutTo - t.cutFrom
}

// stampTags writes what both encodings write alike: varying tags and the high
// bits of the trace id.
func (t *Template) stampTags(body []byte, s *Stamp, moved uint32) {
	putHex(body[t.tidAt:t.tidAt+traceIDHighDigits/2], uint32(s.Start/1e9))
	if len(t.times) > 0 {
		t.stampTimes(body, s, moved)
	}
	for _, m := range t.tags {
		at := m.at
		if at > t.cutFrom {
			at -= moved
		}
		copy(body[at:at+uint32(m.width)], s.Values[m.variable])
	}
}

// putHex writes n in eight lower-case hexadecimal digits.
func putHex(b []byte, n uint32) {
	const digits = "0123456789abcdef"
	_ = b[7]
	for i := 7; i >= 0; i-- {
		b[i] = digits[n&15]
		n >>= 4
	}
}

// TraceIDHigh is the value of the tag TraceIDHighKey in a chunk that starts at
// startUnixNS.
func TraceIDHigh(startUnixNS int64) string {
	b := []byte(traceIDHighZeros)
	putHex(b, uint32(startUnixNS/1e9))
	return string(b)
}

// Sum writes to w all of the template that decides what Append writes.
func (t *Template) Sum(w io.Writer) error {
	parts := []any{
		uint32(len(t.Body)), uint32(len(t.spans)), uint32(len(t.tags)),
		t.tidAt, t.prioAt, t.cutFrom, t.cutTo, t.countAt, t.prioWidth,
	}
	parts = append(parts, t.Body, t.spans, t.tags)
	if len(t.refs) > 0 || t.traceAt > 0 { // other APIs than v0.3 and v0.4
		parts = append(parts, t.refs, t.texts, t.firsts, t.cutRef, t.traceAt)
	}
	for i := range t.fixes {
		f := &t.fixes[i]
		parts = append(parts, uint32(f.Span), f.from, uint32(f.Same), f.Value)
	}
	parts = append(parts, t.extraParts()...)
	for _, part := range parts {
		if err := binary.Write(w, binary.LittleEndian, part); err != nil {
			return fmt.Errorf("sum a template of %d spans: %w", len(t.spans), err)
		}
	}
	return nil
}
