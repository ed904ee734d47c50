package bodies

import (
	"encoding/binary"
	"slices"
)

const (
	// headersLooked is among how many lengths, from the outermost inwards,
	// one is made to lie.
	headersLooked = 4
	headerBytes   = 5 // of a length in its longest form
	// The lies: one that no payload can hold, and one just below what the
	// Datadog agent still believes (25 million).
	lieHuge, lieLarge = 1<<31 - 1, 24_000_000
)

// The longest forms of msgpack's arrays, maps and texts: this byte, and a length
// of 32 bits.
const (
	array32 = 0xdd
	map32   = 0xdf
	text32  = 0xdb
)

// length is where a body says how long a part of it is.
type length struct {
	at, size int
	long     byte // the part's longest form
}

// lie makes one length in the body promise far more than there is.
func lie(dst []byte, from int, key uint64) []byte {
	body := dst[from:]
	if shapeOf(body) == ofText { // no lengths in JSON: the array that is never closed comes nearest
		return dst[:from+max(0, len(body)-1)]
	}
	var found [headersLooked]length
	n := lengths(body, &found)
	if n == 0 {
		n, found[0] = 1, length{long: array32}
	}
	l := found[below(key, n)]
	if more := headerBytes - l.size; more > 0 {
		old := len(dst)
		dst = slices.Grow(dst, more)[:old+more]
		copy(dst[from+l.at+headerBytes:], dst[from+l.at+l.size:old])
	}
	claim := uint32(lieHuge)
	if mix(key)&1 == 1 {
		claim = lieLarge
	}
	dst[from+l.at] = l.long
	binary.BigEndian.PutUint32(dst[from+l.at+1:], claim)
	return dst
}

// lengths finds the first lengths on the way from the outside of a msgpack body
// to its first text.
func lengths(body []byte, found *[headersLooked]length) int {
	n, at := 0, 0
	for at < len(body) && n < len(found) {
		long, size := byte(0), 1
		switch b := body[at]; {
		case b < 0x80 || b >= 0xe0 || b == 0xc0 || b == 0xc2 || b == 0xc3: // a small number, nil, a bool
		case b < 0x90:
			long = map32
		case b < 0xa0:
			long = array32
		case b < 0xc0:
			long = text32
		case b >= 0xcc && b <= 0xd3: // a number of 1, 2, 4 or 8 bytes
			size += 1 << (b & 3)
		case b >= 0xd9 && b <= text32:
			long, size = text32, 1+1<<(b-0xd9)
		case b == array32-1 || b == array32:
			long, size = array32, 1+2<<(b-(array32-1))
		case b == map32-1 || b == map32:
			long, size = map32, 1+2<<(b-(map32-1))
		default: // bytes, floats, extensions: no payload begins with them
			return n
		}
		if at+size > len(body) {
			return n
		}
		if long != 0 {
			found[n] = length{at: at, size: size, long: long}
			n++
		}
		if long == text32 {
			return n
		}
		at += size
	}
	return n
}
