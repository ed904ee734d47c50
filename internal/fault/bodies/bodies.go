// Package bodies malforms the body of a request.
//
// [Apply] is what is done while payloads are composed. The bodies that are to be
// over an agent's limit are not made there: they stay as they are in memory, and
// are padded on their way out ([Pad]), so that tens of megabytes are never held.
// [Stretch] makes the same bytes in memory for those who want to see them.
package bodies

import (
	"math/bits"
	"slices"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/scenarios"
)

const (
	garbageMost  = 64
	randomLeast  = 16
	nestingDepth = 20_000
)

// Apply returns body as the fault leaves it. What is at the end of dst is the
// body; the result is dst with that end malformed, or replaced. It depends on its
// arguments alone; key is what may be random about it. from is where in dst the
// body begins. A kind that leaves the body alone leaves dst as it is.
func Apply(dst []byte, from int, f *scenarios.Fault, key uint64) []byte {
	body := dst[from:]
	switch f.Kind {
	case fault.Truncated:
		if len(body) == 0 {
			return dst
		}
		return dst[:from+min(len(body)-1, 1+below(key, len(body)-1))]
	case fault.TrailingGarbage:
		return appendRandom(dst, 1+below(key, garbageMost), key)
	case fault.EmptyBody:
		return dst[:from]
	case fault.LyingLength:
		return lie(dst, from, key)
	case fault.DeepNesting:
		return appendNested(dst[:from], shapeOf(body))
	case fault.RandomBytes:
		return appendRandom(dst[:from], max(len(body), randomLeast), key)
	case fault.RawBody:
		return append(dst[:from], f.Body...)
	}
	return dst
}

// shape is how a body begins, by which its encoding is known: no payload in
// msgpack begins with a byte that is a bracket in ASCII.
type shape uint8

const (
	ofArrays shape = iota // msgpack of v0.3 to v0.5
	ofMaps                // msgpack of v0.7 and later
	ofText                // JSON
)

func shapeOf(body []byte) shape {
	switch {
	case len(body) == 0:
		return ofArrays
	case body[0] == '[' || body[0] == '{':
		return ofText
	case body[0]&0xf0 == 0x80 || body[0] == 0xde || body[0] == 0xdf:
		return ofMaps
	}
	return ofArrays
}

// appendNested appends a payload whose one unknown field is nested. Decoders
// that know their types skip it, and most of them recurse to do so.
func appendNested(dst []byte, s shape) []byte {
	const field = "\xa6nested"
	switch s {
	case ofText:
		dst = append(dst, `[[{"nested":`...)
		dst = appendRun(dst, '[', nestingDepth)
		dst = appendRun(dst, ']', nestingDepth)
		return append(dst, "}]]"...)
	case ofMaps:
		dst = append(dst, "\x81"+field...)
	default: // one trace of one span
		dst = append(dst, "\x91\x91\x81"+field...)
	}
	dst = appendRun(dst, 0x91, nestingDepth) // an array of one
	return append(dst, 0xc0)                 // nil
}

func appendRun(dst []byte, b byte, n int) []byte {
	at := len(dst)
	dst = slices.Grow(dst, n)[:at+n]
	for i := at; i < len(dst); i++ {
		dst[i] = b
	}
	return dst
}

func appendRandom(dst []byte, n int, key uint64) []byte {
	at := len(dst)
	dst = slices.Grow(dst, n)[:at+n]
	for ; at < len(dst); at++ {
		key += golden
		dst[at] = byte(mix(key))
	}
	return dst
}

// below is a number in [0, n) that key chooses; 0 for n of 0.
func below(key uint64, n int) int {
	high, _ := bits.Mul64(mix(key+golden), uint64(n))
	return int(high)
}

const golden = 0x9e3779b97f4a7c15

// mix is the finalizer of splitmix64 (Steele, Lea, Flood 2014).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
