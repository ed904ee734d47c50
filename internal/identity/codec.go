package identity

import (
	"encoding/binary"
	"math/bits"
)

// MinID is the lowest id, MaxID the highest.
const (
	MinID uint64 = 1_000_000_000_000_000_000
	MaxID uint64 = 1<<63 - 1
)

const (
	kindTrace uint64 = iota
	kindSpan
	kindLast
)

// Codec makes ids out of ordinals and turns them back, for one key and layout.
// It does not change after New and is safe for concurrent use.
//
// The permutation works on 63 bits:
//
//	P(x):  x ← x ⊕ a;  x ← x ⊕ x≫32;  x ← x·m1;  x ← x ⊕ x≫32;  x ← x·m2;  x ← x ⊕ x≫32     (mod 2^63)
//
// Each step has an inverse: x ⊕ x≫32 is its own (2·32 ≥ 63), and multiplying
// by an odd number is undone by its inverse mod 2^63. The numbers start at
// MinID, and P is applied until the result is at least MinID again (1.12 times
// on average), which restricts it to a permutation of [MinID, 2^63).
//
// It hides nothing from an adversary; it only has to look random to samplers
// and hash tables.
type Codec struct {
	layout     Layout
	a          uint64
	m1, m2     uint64
	inv1, inv2 uint64
}

const mask63 = 1<<63 - 1

// New returns the codec of key k for ids laid out as l, which must be valid.
func New(k Key, l Layout) *Codec {
	k0, k1 := binary.LittleEndian.Uint64(k[:8]), binary.LittleEndian.Uint64(k[8:])
	c := &Codec{
		layout: l,
		a:      mix(k0^bits.RotateLeft64(k1, 32)) & mask63,
		m1:     mix(k0+1) | 1,
		m2:     mix(k1+2) | 1,
	}
	c.inv1, c.inv2 = inverse(c.m1), inverse(c.m2)
	return c
}

// Layout returns the layout that the codec was made with.
func (c *Codec) Layout() Layout { return c.layout }

// TraceID is the id of a chunk: ordinal ≤ Layout.Probe(0), 0 < spans < 2^SpanBits.
func (c *Codec) TraceID(ordinal uint64, spans int) uint64 {
	return c.permute(MinID + c.number(kindTrace, ordinal, spans))
}

// SpanID is the id of the index-th span of a chunk, 0 ≤ index < 2^SpanBits.
func (c *Codec) SpanID(ordinal uint64, index int) uint64 {
	return c.permute(MinID + c.number(kindSpan, ordinal, index))
}

// SpanIDs fills dst with the ids of the first len(dst) spans of a chunk: the
// same as SpanID for each, at about half the cost.
func (c *Codec) SpanIDs(dst []uint64, ordinal uint64) {
	a, m1, m2 := c.a, c.m1, c.m2
	base := MinID + c.number(kindSpan, ordinal, 0)
	for i := range dst {
		x := base + uint64(i)
		for {
			x ^= a
			x ^= x >> 32
			x = x * m1 & mask63
			x ^= x >> 32
			x = x * m2 & mask63
			x ^= x >> 32
			if x >= MinID {
				break
			}
		}
		dst[i] = x
	}
}

// LastSpanID is the id of the last span of a chunk that does not bear its own
// trace id, as all but the first of a long trace: who holds all spans from the
// first to this one holds the whole chunk.
func (c *Codec) LastSpanID(ordinal uint64, index int) uint64 {
	return c.permute(MinID + c.number(kindLast, ordinal, index))
}

// Trace turns a trace id back into the chunk's ordinal and its number of spans.
// ok is false for ids that TraceID of this key never gives: out of range, of
// another kind, or without spans. An id of someone else's passes for one of ours
// one time in four, with a random ordinal: whoever asks should know which
// ordinals were sent.
func (c *Codec) Trace(id uint64) (ordinal uint64, spans int, ok bool) {
	kind, ordinal, spans, ok := c.split(id)
	if !ok || kind != kindTrace || spans == 0 {
		return 0, 0, false
	}
	return ordinal, spans, true
}

// Span turns a span id back into the chunk's ordinal and the span's index in
// it. ok is as for Trace, but that an id of someone else's passes one time in two.
func (c *Codec) Span(id uint64) (ordinal uint64, index int, ok bool) {
	ordinal, index, _, ok = c.SpanOf(id)
	return ordinal, index, ok
}

// SpanOf is Span for those who want to know whether the id is one of LastSpanID.
func (c *Codec) SpanOf(id uint64) (ordinal uint64, index int, last, ok bool) {
	kind, ordinal, index, ok := c.split(id)
	return ordinal, index, kind == kindLast, ok && (kind == kindSpan || kind == kindLast)
}

func (c *Codec) number(kind, ordinal uint64, k int) uint64 {
	return kind<<kindBits | ordinal<<c.layout.SpanBits | uint64(k)
}

func (c *Codec) split(id uint64) (kind, ordinal uint64, k int, ok bool) {
	if id < MinID || id > MaxID {
		return 0, 0, 0, false
	}
	n := c.unpermute(id) - MinID
	kind, n = n>>kindBits, n&(1<<kindBits-1)
	return kind, n >> c.layout.SpanBits, int(n & (1<<c.layout.SpanBits - 1)), true
}

func (c *Codec) permute(x uint64) uint64 {
	for {
		x ^= c.a
		x ^= x >> 32
		x = x * c.m1 & mask63
		x ^= x >> 32
		x = x * c.m2 & mask63
		x ^= x >> 32
		if x >= MinID {
			return x
		}
	}
}

func (c *Codec) unpermute(x uint64) uint64 {
	for {
		x ^= x >> 32
		x = x * c.inv2 & mask63
		x ^= x >> 32
		x = x * c.inv1 & mask63
		x ^= x >> 32
		x ^= c.a
		if x >= MinID {
			return x
		}
	}
}

// mix is the finaliser of splitmix64: keys that differ little give multipliers
// that differ much.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// inverse returns the inverse of an odd m modulo 2^64. Newton's iteration
// x ← x·(2 − m·x) doubles the number of correct low bits: 3, 6, 12, 24, 48, 96.
func inverse(m uint64) uint64 {
	x := m
	for range 5 {
		x *= 2 - m*x
	}
	return x
}
