package wire

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"hash/maphash"
	"maps"
	"slices"
)

// Strips are encoded spans that many templates have in common, kept once.
//
// Ids, times and durations aside, most spans of a corpus are spans of a few
// hundred operations and equal to the byte. Kept once, these stay in the
// processor's caches, so that composing a payload copies from there, whereas whole
// templates come from memory, at several times the price:
//
//	template   head of the chunk │ spans of its own          by span: where it is, start, duration, parent
//	                                                                   ↓
//	strips     … ──────────┴─────────┴──────────── …        the commonest first
type Strips struct{ bytes []byte }

// strip is a span of a template: from where its head begins to where the next
// one's does.
type strip struct {
	from, n  uint32 // in Strips.bytes; from stripsMost on, in the template's own body
	duration int64
}

const (
	// stripsMost bounds the bytes of strips, and of a template that has some.
	stripsMost = 1 << 31
	// stripUses is how often a span must be there to be worth a place in the
	// caches. Others are read once in a while, and best together with their template.
	stripUses = 24
)

// span is the encoded span k, up to the next one's head.
func (t *Template) span(k int) []byte {
	to := len(t.Body)
	if k+1 < len(t.spans) {
		to = int(t.spans[k+1].at)
	}
	return t.Body[t.spans[k].at:to]
}

// Share moves what templates have in common out of them, for encodings that write
// a span's duration in its head, as [V04] and [V07] do. Others stay as they are.
// It is called once, with all templates.
func Share(templates []Template) *Strips {
	s, seed := &Strips{}, maphash.MakeSeed() // decides where strips lie, not what is in them
	type common struct {
		uses int
		span []byte
		at   strip
	}
	known := map[uint64]*common{}
	for i := range templates {
		t := &templates[i]
		if !t.wideDurations || len(t.Body) > stripsMost {
			continue
		}
		t.strips = make([]strip, len(t.spans))
		for k := range t.spans {
			span := t.span(k)
			field := span[v04DurationAt : v04DurationAt+8]
			t.strips[k].duration = int64(binary.BigEndian.Uint64(field))
			clear(field)
			hash := maphash.Bytes(seed, span)
			if have := known[hash]; have == nil {
				known[hash] = &common{uses: 1, span: span}
			} else if bytes.Equal(have.span, span) {
				have.uses++
			}
		}
	}
	list := slices.SortedFunc(maps.Values(known), func(a, b *common) int { return cmp.Or(cmp.Compare(b.uses, a.uses), bytes.Compare(a.span, b.span)) })
	for _, c := range list {
		if c.uses < stripUses || len(s.bytes)+len(c.span) > stripsMost {
			break
		}
		c.at = strip{from: uint32(len(s.bytes)), n: uint32(len(c.span))}
		s.bytes = append(s.bytes, c.span...)
	}
	bodies := make([][]byte, len(templates)) // spans are looked up in the old ones until the end
	for i := range templates {
		t := &templates[i]
		if len(t.strips) == 0 {
			continue
		}
		own := slices.Clone(t.Body[:t.spans[0].at])
		for k := range t.spans {
			span, duration := t.span(k), t.strips[k].duration
			if have := known[maphash.Bytes(seed, span)]; have.at.n > 0 && bytes.Equal(have.span, span) {
				t.strips[k] = have.at
			} else {
				t.strips[k] = strip{from: stripsMost + uint32(len(own)), n: uint32(len(span))}
				own = append(own, span...)
			}
			t.strips[k].duration = duration
		}
		bodies[i] = clip(own)
	}
	for i := range templates {
		if t := &templates[i]; len(t.strips) > 0 {
			t.Body, t.head, t.shared = bodies[i], t.spans[0].at, s
		}
	}
	return s
}

// Memory returns how many bytes the strips take in memory.
func (s *Strips) Memory() int { return len(s.bytes) }

// strip returns the bytes of a strip of the template.
func (t *Template) strip(s *strip) []byte {
	if s.from >= stripsMost {
		from := s.from - stripsMost
		return t.Body[from : from+s.n]
	}
	return t.shared.bytes[s.from : s.from+s.n]
}

// appendStrips appends a whole chunk, without its priority when that is what has moved
// the rest.
func (t *Template) appendStrips(dst []byte, moved uint32) []byte {
	from, size := len(dst), int(t.length()-moved)
	dst = slices.Grow(dst, size)[:from+size]
	body := dst[from:]
	at := copy(body, t.Body[:t.head])
	strips := t.strips
	if moved > 0 { // the cut lies inside the first span
		first := t.strip(&strips[0])
		at += copy(body[at:], first[:t.cutFrom-t.head])
		at += copy(body[at:], first[t.cutTo-t.head:])
		strips = strips[1:]
	}
	for i := range strips {
		at += copy(body[at:], t.strip(&strips[i]))
	}
	return dst
}

// whole is the chunk as it was encoded.
func (t *Template) whole() []byte {
	if t.shared == nil {
		return t.Body
	}
	b := t.appendStrips(nil, 0)
	for k := range t.strips {
		binary.BigEndian.PutUint64(b[t.spans[k].at+v04DurationAt:], uint64(t.strips[k].duration))
	}
	return b
}
