package wire

import (
	"bytes"
	"encoding/binary"
	"hash/maphash"
	"slices"
)

// Strips are the encoded spans of many templates, equal ones kept once.
//
// Ids, times and durations aside, most spans of a corpus are spans of a few
// hundred operations and equal to the byte. Kept once, these stay in the
// processor's caches, so that composing a payload copies from there, whereas whole
// templates come from memory, at about three times the price:
//
//	template   head │ span 0 │ span 1 │ …       head of a chunk, and by span: place in bytes, start, duration, parent
//	                    ↓        ↓
//	bytes      … ────┴──────┴────────┴─ …
//
// The zero value is ready to use. Sharing is over before the first payload is written.
type Strips struct {
	bytes []byte
	known map[uint64]strip // by hash
	seed  maphash.Seed
}

// strip is a span of a template: from where its head begins to where the next
// one's does.
type strip struct {
	from, n  uint32 // in Strips.bytes
	duration int64
}

// stripsMost bounds the bytes, which have places of 32 bits.
const stripsMost = 1 << 31

// Share moves the spans of a template into the strips, for encodings that write a
// span's duration in its head, as [V04] and [V07] do. Others stay as they are.
func (s *Strips) Share(t *Template) {
	if !t.wideDurations || t.shared != nil || len(t.spans) == 0 || len(s.bytes)+len(t.Body) > stripsMost {
		return
	}
	if s.known == nil {
		s.known, s.seed = map[uint64]strip{}, maphash.MakeSeed() // decides where strips lie, not what is in them
	}
	t.strips = make([]strip, len(t.spans))
	for k := range t.spans {
		from, to := t.spans[k].at, len(t.Body)
		if k+1 < len(t.spans) {
			to = int(t.spans[k+1].at)
		}
		span := t.Body[from:to]
		field := span[v04DurationAt : v04DurationAt+8]
		duration := int64(binary.BigEndian.Uint64(field))
		clear(field)
		t.strips[k] = s.keep(span)
		t.strips[k].duration = duration
	}
	t.Body = clip(t.Body[:t.spans[0].at])
	t.shared = s
}

// keep returns where a span is, after it has put it there if need be.
func (s *Strips) keep(span []byte) strip {
	hash := maphash.Bytes(s.seed, span)
	if have, ok := s.known[hash]; ok && bytes.Equal(s.at(have), span) {
		return have
	}
	made := strip{from: uint32(len(s.bytes)), n: uint32(len(span))}
	s.bytes = append(s.bytes, span...)
	s.known[hash] = made
	return made
}

func (s *Strips) at(p strip) []byte { return s.bytes[p.from : p.from+p.n] }

// Close ends sharing, and gives back what only sharing needed.
func (s *Strips) Close() {
	s.known = nil
	s.bytes = slices.Clip(s.bytes)
}

// Memory returns how many bytes the strips take in memory.
func (s *Strips) Memory() int { return len(s.bytes) }

// appendStrips appends a whole chunk, without its priority when that is what has moved
// the rest.
func (t *Template) appendStrips(dst []byte, moved uint32) []byte {
	from, size := len(dst), int(t.length()-moved)
	dst = slices.Grow(dst, size)[:from+size]
	body, all := dst[from:], t.shared.bytes
	at := copy(body, t.Body)
	strips := t.strips
	if moved > 0 { // the cut lies inside the first span
		first := t.shared.at(strips[0])
		at += copy(body[at:], first[:t.cutFrom-t.spans[0].at])
		at += copy(body[at:], first[t.cutTo-t.spans[0].at:])
		strips = strips[1:]
	}
	for i := range strips {
		s := &strips[i]
		at += copy(body[at:], all[s.from:s.from+s.n])
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
