package wire

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/tinylib/msgp/msgp"
)

// texts are all texts of the templates of an encoding, each with a number, in
// which 0 is the empty one. Encoding adds to them; while payloads are written
// they do not change.
type texts struct {
	numbers map[string]int32
	packed  []byte   // all of them in msgpack, one after the other
	ends    []uint32 // where each ends
	inChunk []bool   // whether a template refers to it
	chunked int      // of how many that is true
	wide    bool     // references have 32 bits, not 16
	most    int      // texts of a template
	vary    int      // of those, the most that vary

	// Texts that have the same number in all payloads, if any.
	fixed map[int32]uint32
}

// What a template refers to is a text by its number or, below 0, one that
// varies: the value of variable v is -1-v.
const traceIDHighText = -1 << 31 // the upper half of the trace id

// firstRef is a reference to a text in a template's body.
type firstRef struct{ at, ref uint32 } // its place, and its number among all references

func newTexts() *texts {
	d := &texts{numbers: map[string]int32{}}
	d.add("")
	return d
}

func (d *texts) add(s string) int32 {
	n, ok := d.numbers[s]
	if !ok {
		n = int32(len(d.ends))
		d.numbers[s] = n
		d.packed = msgp.AppendString(d.packed, s)
		d.ends = append(d.ends, uint32(len(d.packed)))
		d.inChunk = append(d.inChunk, false)
	}
	return n
}

// get returns text n in msgpack.
func (d *texts) get(n int32) []byte {
	from := uint32(0)
	if n > 0 {
		from = d.ends[n-1]
	}
	return d.packed[from:d.ends[n]]
}

// widen makes references wide if payloads of that many chunks may need it.
func (d *texts) widen(chunks int) bool {
	// A payload numbers the texts of its chunks: at most all that chunks have, and of
	// those that vary, as many as there are chunks to vary in.
	bound := min(d.chunked+chunks*d.vary, chunks*d.most)
	if d.wide || bound+8 < 1<<16 { // the head has up to 8 texts of its own
		return false
	}
	d.wide = true
	return true
}

// Sum implements [Indexed].
func (d *texts) Sum(w io.Writer) error {
	if _, err := w.Write(d.packed); err != nil {
		return fmt.Errorf("sum %d texts: %w", len(d.ends), err)
	}
	return nil
}

// reference is the size of a reference.
func (d *texts) reference() int {
	if d.wide {
		return 1 + 4
	}
	return 1 + 2
}

const (
	mpUint16 = 0xcd
	mpUint32 = 0xce
)

// body is a template's body under way. A reference in it holds the number of the
// text among those of the template, in the order of the first references.
type body struct {
	*Template
	texts *texts
	b     []byte
	local map[int32]uint32
	last  int // where the last reference was
	// inline says that a new text takes the place of its first reference.
	inline bool
}

func (d *texts) body(c *Chunk) *body {
	t := &Template{spans: make([]mark, len(c.Spans))}
	return &body{Template: t, texts: d, local: map[int32]uint32{}}
}

func (b *body) refer(s string) {
	id := b.texts.add(s)
	if !b.texts.inChunk[id] {
		b.texts.inChunk[id] = true
		b.texts.chunked++
	}
	b.referTo(id, len(b.texts.get(id)))
}

func (b *body) value(tag Tag) {
	if tag.Variable == 0 {
		b.refer(tag.Value)
		return
	}
	b.use(uint16(tag.Variable - 1))
	b.referTo(int32(-tag.Variable), len(msgp.AppendString(nil, tag.Value)))
}

// referTo writes a reference to a text that takes size bytes.
func (b *body) referTo(id int32, size int) {
	local, ok := b.local[id]
	if !ok {
		local = uint32(len(b.Template.texts))
		b.local[id] = local
		b.Template.texts = append(b.Template.texts, id)
		b.firsts = append(b.firsts, firstRef{uint32(len(b.b)), uint32(len(b.refs))})
		switch {
		case id == 0: // every payload has it
		case b.inline:
			b.alone += uint32(size) - uint32(b.texts.reference()) // may be less than nothing, in the end the sum is right
		default:
			b.alone += uint32(size)
		}
	}
	if b.texts.wide {
		b.b = binary.BigEndian.AppendUint32(append(b.b, mpUint32), local)
	} else {
		b.b = binary.BigEndian.AppendUint16(append(b.b, mpUint16), uint16(local))
	}
	at := len(b.b) - b.texts.reference() + 1
	b.refs = append(b.refs, uint32(at-b.last))
	b.last = at
}

func (b *body) template() Template {
	b.Body, b.refs = clip(b.b), slices.Clone(b.refs)
	b.Template.texts, b.firsts = slices.Clone(b.Template.texts), slices.Clone(b.firsts)
	vary := 0
	for _, id := range b.Template.texts {
		if id < 0 {
			vary++
		}
	}
	b.texts.most = max(b.texts.most, len(b.Template.texts))
	b.texts.vary = max(b.texts.vary, vary)
	return *b.Template
}

// index numbers the texts of one payload after the other.
type index struct {
	*texts
	payload uint32 // the number of the payload: what is of another is void
	numbers []numbered
	next    uint32   // the number that the next new text gets
	local   []uint32 // numbers in the payload by numbers in the template in hand
	fresh   []uint32 // texts of the template in hand that are new to the payload, by their numbers in the template
	varying varying
	high    [traceIDHighDigits]byte
	timed   []byte // the last text with times
}

// numbered is the number that a text has in a payload.
type numbered struct{ payload, number uint32 }

func newIndex(d *texts) index {
	x := index{texts: d, numbers: make([]numbered, len(d.ends)), local: make([]uint32, d.most)}
	x.varying.init(64)
	copy(x.high[:], traceIDHighZeros)
	return x
}

// begin forgets the payload before. In all payloads, the empty text has number 0.
func (x *index) begin() {
	if x.payload++; x.payload == 0 { // after four thousand million of them
		clear(x.numbers)
		x.varying.init(len(x.varying.slots))
		x.payload = 1
	}
	x.varying.n, x.varying.bytes = 0, x.varying.bytes[:0]
	x.numbers[0] = numbered{x.payload, 0}
	x.next = 1
}

// resolve numbers the texts of t.
func (x *index) resolve(t *Template, s *Stamp) {
	putHex(x.high[:traceIDHighDigits/2], uint32(s.Start/1e9))
	x.fresh = x.fresh[:0]
	local := x.local[:len(t.texts)]
	for i, id := range t.texts {
		if id < 0 {
			local[i] = x.resolveValue(x.value(id, t, s), uint32(i))
			continue
		}
		local[i] = x.number(id, uint32(i))
	}
}

func (x *index) number(id int32, i uint32) uint32 {
	n := &x.numbers[id]
	if n.payload != x.payload {
		*n = numbered{x.payload, x.next}
		x.fresh = append(x.fresh, i)
		x.next++
	}
	return n.number
}

// value is the text that is behind a negative id.
func (x *index) value(id int32, t *Template, s *Stamp) []byte {
	switch {
	case id == traceIDHighText:
		return x.high[:]
	case id <= timedFirst:
		x.timed = t.timed[timedFirst-id].append(x.timed[:0], s.Start)
		return x.timed
	}
	return s.Values[-1-id]
}

// resolveValue numbers a value that varies, which may be the same as a text that
// does not: all texts of a payload are different.
func (x *index) resolveValue(value []byte, i uint32) uint32 {
	if id, ok := x.texts.numbers[string(value)]; ok {
		if number, ok := x.fixed[id]; ok {
			return number
		}
		return x.number(id, i)
	}
	number, seen := x.varying.number(value, numbered{x.payload, x.next})
	if !seen {
		x.fresh = append(x.fresh, i)
		x.next++
	}
	return number
}

// appendText writes text i of t.
func (x *index) appendText(dst []byte, t *Template, i uint32, s *Stamp) []byte {
	id := t.texts[i]
	if id < 0 {
		return msgp.AppendStringFromBytes(dst, x.value(id, t, s))
	}
	return append(dst, x.get(id)...)
}

// point writes the numbers of the payload into refs of a template, the first of
// them refs[0] after at. It returns the place of the last. What is at p in the
// template's body lies at p+shift in dst.
func (x *index) point(dst []byte, t *Template, refs []uint32, at, shift int) int {
	body, local := t.Body, x.local
	if x.wide {
		for _, distance := range refs {
			at += int(distance)
			binary.BigEndian.PutUint32(dst[at+shift:], local[binary.BigEndian.Uint32(body[at:])])
		}
		return at
	}
	for _, distance := range refs {
		at += int(distance)
		binary.BigEndian.PutUint16(dst[at+shift:], uint16(local[binary.BigEndian.Uint16(body[at:])]))
	}
	return at
}
