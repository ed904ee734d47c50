package wire

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strconv"
)

// Field is one of the fields of a span that are written per request.
type Field uint8

// The fields.
const (
	FieldTraceID Field = iota // where the trace id is the chunk's, that of all spans
	FieldSpanID
	FieldParent
	FieldStart
)

// Fix says that a field of a span is not what the [Stamp] says, whatever that is.
type Fix struct {
	Span  int // index in the chunk
	Field Field
	// Same, when above 0, is the span whose id the field holds: its index + 1.
	// Else it holds Value.
	Same  int
	Value uint64
}

// fixMark is a Fix in a template.
type fixMark struct {
	Fix
	from uint32 // of the field, from the beginning of the span's head
}

// offsets are where the fields are in a span's head.
type offsets [4]uint32

func (t *Template) setFixes(c *Chunk, of offsets) {
	for _, f := range c.Fixed {
		t.fixes = append(t.fixes, fixMark{f, of[f.Field]})
	}
	slices.SortStableFunc(t.fixes, func(a, b fixMark) int { return a.Span - b.Span })
}

// fix writes the fields that are fixed over what was stamped.
func (t *Template) fix(body []byte, s *Stamp, moved uint32, put func([]byte, uint64)) {
	for i := range t.fixes {
		f := &t.fixes[i]
		at := t.spans[f.Span].at + f.from
		if f.Span > 0 {
			at -= moved
		}
		put(body[at:], f.value(s))
	}
}

func (f *fixMark) value(s *Stamp) uint64 {
	if f.Same > 0 {
		return s.IDs[f.Same]
	}
	return f.Value
}

func putBigEndian(b []byte, n uint64) { binary.BigEndian.PutUint64(b, n) }

// putPadded writes n < 10^19 at the right of 19 places, after spaces.
func putPadded(b []byte, n uint64) {
	var text [20]byte
	digits := strconv.AppendUint(text[:0], n, 10)
	b = b[:jsonDigits]
	for i := range b {
		b[i] = ' '
	}
	copy(b[jsonDigits-len(digits):], digits)
}

// Literal is a template that adds these bytes to a payload, whatever the stamp.
func Literal(body []byte) Template { return Template{Body: body} }

// Overwrite puts other bytes, as many, in place of the first that are equal to old. It
// says whether there are any.
func (t *Template) Overwrite(old, other []byte) bool {
	i := bytes.Index(t.Body, old)
	if i < 0 || len(old) != len(other) {
		return false
	}
	copy(t.Body[i:], other)
	return true
}
