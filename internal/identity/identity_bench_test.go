package identity

import (
	"math/bits"
	"testing"
)

var sink uint64

// One multiplication is the least that an id could cost and can be undone, but
// it leaves the low bits in order; a Feistel network is the textbook's choice.
func BenchmarkID(b *testing.B) {
	c := New(Key{1, 2, 3}, Layout{ChunkBits: 5, SpanBits: 4})
	b.Run("baseline=multiply", func(b *testing.B) {
		var n uint64
		for b.Loop() {
			sink = n * 0x9e3779b97f4a7c15
			n++
		}
	})
	b.Run("baseline=feistel-4", func(b *testing.B) {
		var n uint64
		for b.Loop() {
			sink = feistel(n)
			n++
		}
	})
	b.Run("span", func(b *testing.B) {
		var n uint64
		for b.Loop() {
			sink = c.SpanID(n, 3)
			n++
		}
	})
	b.Run("spans", func(b *testing.B) { // per 1,000 ids
		c := New(Key{1, 2, 3}, Layout{SpanBits: 10})
		ids := make([]uint64, 1000)
		var n uint64
		for b.Loop() {
			c.SpanIDs(ids, n)
			n++
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/id")
	})
	b.Run("back", func(b *testing.B) {
		var n uint64
		for b.Loop() {
			ordinal, _, _ := c.Span(MinID + n)
			sink = ordinal
			n++
		}
	})
}

// feistel is a permutation of 62 bits in four rounds, cycle-walked like ours.
func feistel(x uint64) uint64 {
	const half = 1<<31 - 1
	for {
		l, r := x>>31&half, x&half
		for round := range uint64(4) {
			f := (r ^ round*0x9e3779b97f4a7c15) * 0xbf58476d1ce4e5b9
			f ^= bits.RotateLeft64(f, 29)
			l, r = r, l^f>>33&half
		}
		if x = l<<31 | r; x >= MinID {
			return x
		}
	}
}
