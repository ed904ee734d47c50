package bodies

import (
	"slices"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/internal/limits"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Sizes of the bodies that are over an agent's limit.
const (
	overLimit    = limits.PayloadBytes + 1
	farOverLimit = 2 * limits.PayloadBytes
)

// Padding is how a body is brought to its size: Before bytes of Fill, the first
// Keep bytes of the body, After bytes of Fill.
type Padding struct {
	Before, Keep, After int
	Fill                byte
}

// Size is the number of bytes that are sent.
func (p Padding) Size() int { return p.Before + p.Keep + p.After }

// Pad says how a body is padded under a fault. Whatever is read of it up to the
// limit is well formed: JSON has blanks before it, for decoders stop at the end of
// the first value; msgpack, which knows no blanks, has zeros behind it.
func Pad(f *scenarios.Fault, body []byte) Padding {
	var size int
	switch f.Kind {
	case fault.OverLimit:
		size = overLimit
	case fault.FarOverLimit, fault.EarlyAnswerIgnored:
		size = farOverLimit
	default:
		return Padding{Keep: len(body)}
	}
	keep := min(len(body), size)
	if shapeOf(body) == ofText {
		return Padding{Before: size - keep, Keep: keep, Fill: ' '}
	}
	return Padding{Keep: keep, After: size - keep}
}

// Stretch is Apply for what is padded on its way out: the bytes of the body as
// they are sent. Other kinds leave dst as it is.
func Stretch(dst []byte, from int, f *scenarios.Fault) []byte {
	p := Pad(f, dst[from:])
	dst = dst[:from+p.Keep]
	if p.Before > 0 {
		dst = slices.Grow(dst, p.Before)[:from+p.Size()]
		copy(dst[from+p.Before:], dst[from:from+p.Keep])
		appendRun(dst[:from], p.Fill, p.Before)
	}
	return appendRun(dst, p.Fill, p.After)
}
