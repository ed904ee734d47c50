// Package identity turns ordinals into ids and back.
//
// An id looks random (agents sample by hashing ids) and yet whoever holds the
// run's key can turn it back. Ids are numbers in [10^18, 2^63): always 19
// decimal digits, never negative as int64.
//
// Only the arithmetic lives here: which ordinals exist, and what became of
// them, is for others to know.
package identity

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"math/bits"
)

// Key is the secret of one run.
type Key [16]byte

// NewKey draws a key from the operating system's randomness.
func NewKey() (Key, error) {
	var k Key
	if _, err := rand.Read(k[:]); err != nil {
		return Key{}, fmt.Errorf("draw a run key from the system's randomness: %w", err)
	}
	return k, nil
}

// ParseKey reads the 32 hexadecimal digits that [Key.String] writes.
func ParseKey(text string) (Key, error) {
	var k Key
	if len(text) != hex.EncodedLen(len(k)) {
		return Key{}, fmt.Errorf("run key %.40q has %d characters; a key is %d hexadecimal digits", text, len(text), hex.EncodedLen(len(k)))
	}
	if _, err := hex.Decode(k[:], []byte(text)); err != nil {
		return Key{}, fmt.Errorf("run key %q: %w; a key is %d hexadecimal digits", text, err, hex.EncodedLen(len(k)))
	}
	return k, nil
}

// String writes the key as 32 lower-case hexadecimal digits.
func (k Key) String() string { return hex.EncodeToString(k[:]) }

// Layout says how many bits of a number each part takes:
//
//	ordinal = seq·2^ChunkBits + i          (i-th chunk of request seq)
//	number  = kind·2^61 + ordinal·2^SpanBits + k
//
// kind 0 is a trace id, with k = the number of spans in the chunk; kind 1 is a
// span id, with k = the index of the span in its chunk; kind 2 is that of the last
// span of a chunk without a trace id of its own. So 2^SpanBits > the most
// spans in a chunk, and a trace id alone tells how many spans belong to it.
type Layout struct {
	ChunkBits uint8
	SpanBits  uint8
}

// kindBits is where the kind of a number begins: below it, ordinal and k.
const kindBits = 61

// seqBitsMin is the room that every layout leaves for the numbers of requests:
// at 100,000 requests a second they last for three hours.
const seqBitsMin = 30

// Fit returns the smallest layout for requests of at most chunks chunks, and
// chunks of at most spans spans. The error says what does not fit.
func Fit(chunks, spans int) (Layout, error) {
	if chunks < 1 || spans < 1 {
		return Layout{}, fmt.Errorf("lay out ids for %d chunks of %d spans: both are at least 1", chunks, spans)
	}
	l := Layout{
		ChunkBits: uint8(bits.Len64(uint64(chunks) - 1)), // 2^b ≥ chunks
		SpanBits:  uint8(bits.Len64(uint64(spans))),      // 2^b > spans
	}
	if err := l.Validate(); err != nil {
		return Layout{}, fmt.Errorf("lay out ids for %d chunks of %d spans: %w", chunks, spans, err)
	}
	return l, nil
}

// Validate reports a layout that leaves too few bits for the numbers of requests.
func (l Layout) Validate() error {
	if taken := int(l.ChunkBits) + int(l.SpanBits); taken > kindBits-seqBitsMin {
		return fmt.Errorf("%d bits for chunks and %d for spans leave %d of %d for requests; lower traces_per_request or spans per trace until at least %d are left",
			l.ChunkBits, l.SpanBits, kindBits-taken, kindBits, seqBitsMin)
	}
	return nil
}

// Ordinal is the number of the i-th chunk of request seq, seq < MaxSeq and
// 0 ≤ i < 2^ChunkBits.
func (l Layout) Ordinal(seq uint64, i int) uint64 { return seq<<l.ChunkBits | uint64(i) }

// Seq is the inverse of Ordinal.
func (l Layout) Seq(ordinal uint64) (seq uint64, i int) {
	return ordinal >> l.ChunkBits, int(ordinal & (1<<l.ChunkBits - 1))
}

// Probes is how many ordinals are set aside for the traces that check the path
// before a run. An agent that samples or loses traces goes by their ids, so
// each try is a trace of its own.
const Probes = 8

// Probe is the ordinal of the i-th such trace, 0 ≤ i < Probes, counted from the
// last ordinal, all ones. It belongs to no request of the load.
func (l Layout) Probe(i int) uint64 { return 1<<(kindBits-l.SpanBits) - 1 - uint64(i) }

// FirstProbe is the least of the probes' ordinals.
func (l Layout) FirstProbe() uint64 { return l.Probe(Probes - 1) }

// MaxSeq is the first seq that does not fit. Requests have lower ones, and so
// never reach FirstProbe.
func (l Layout) MaxSeq() uint64 { return l.FirstProbe() >> l.ChunkBits }
