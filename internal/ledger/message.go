package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
)

// The message by which an intake hands over its arrivals. All numbers after
// the header are unsigned varints:
//
//	"SSAR" version(1 byte) spanBits(1 byte)
//	foreign chunks, foreign spans, chunks, spans, probes, stats payloads,
//	overflow, last arrival (unix ns)
//	set whole, set twice, set loose, set marked
//	repeats more, repeats odd
//
//	set:     number of runs, then for each: gap to the end of the run before, length - 1
//	repeats: number of entries, then for each: gap to the ordinal before, count - 1
//
// Dense sets are few runs. Runs rather than the bitmap library's own format,
// for then a message from a broken or hostile intake can hold nothing that the
// library has to trust.
const (
	messageMagic   = "SSAR"
	messageVersion = 1
	// headBytesMost is the most that all but the sets and repeats take.
	headBytesMost = len(messageMagic) + 2 + (8+4+2)*binary.MaxVarintLen64
)

// maxElements bounds the numbers in one set of a message: 2^36 is a hundred
// thousand a second for a week, and keeps what a short message can unfold to
// under some 100 MB.
const maxElements = 1 << 36

// ErrMessage is wrapped by every error about a message of arrivals that cannot be read.
var ErrMessage = errors.New("not a message of arrivals")

// MarshalBinary encodes the arrivals as one message.
func (a *Arrivals) MarshalBinary() ([]byte, error) { return a.AppendBinary(nil) }

// AppendBinary appends the message to dst.
func (a *Arrivals) AppendBinary(dst []byte) ([]byte, error) {
	if a.LastUnixNS < 0 {
		return dst, fmt.Errorf("encode arrivals: the last one is at %d ns, before 1970", a.LastUnixNS)
	}
	sets := [...]*roaring64.Bitmap{a.whole, a.twice, a.loose, a.marked}
	var runs [len(sets)]uint64
	size := headBytesMost + (len(a.more)+len(a.odd))*2*binary.MaxVarintLen64
	for i, set := range sets {
		var bytes int
		runs[i], bytes = measure(set)
		size += bytes
	}
	dst = slices.Grow(dst, size) // at once: it may be large
	dst = append(dst, messageMagic...)
	dst = append(dst, messageVersion, a.spanBits)
	for _, n := range []uint64{
		a.Foreign.Traces, a.Foreign.Spans, a.Chunks, a.Spans, a.Probes,
		a.StatsPayloads, a.Overflow, uint64(a.LastUnixNS),
	} {
		dst = binary.AppendUvarint(dst, n)
	}
	for i, set := range sets {
		dst = appendSet(dst, set, runs[i])
	}
	for _, m := range []map[uint64]uint64{a.more, a.odd} {
		dst = appendRepeats(dst, m)
	}
	return dst, nil
}

// UnmarshalBinary replaces the arrivals by those of a message. After an error
// the arrivals are as they were.
func (a *Arrivals) UnmarshalBinary(message []byte) error {
	r := reader{rest: message}
	if string(r.bytes(len(messageMagic))) != messageMagic {
		return fmt.Errorf("decode arrivals: %w", ErrMessage)
	}
	if v := r.bytes(1); len(v) == 1 && v[0] != messageVersion {
		return fmt.Errorf("decode arrivals: %w that this version reads: it has version %d, known is %d; use the same spanstorm for run and intake", ErrMessage, v[0], messageVersion)
	}
	bits := r.bytes(1)
	if bits == nil {
		return fmt.Errorf("decode arrivals: %w: it ends in its header", ErrMessage)
	}
	b, err := NewArrivals(bits[0])
	if err != nil {
		return fmt.Errorf("decode arrivals: %w: %w", ErrMessage, err)
	}
	for _, n := range []*uint64{
		&b.Foreign.Traces, &b.Foreign.Spans, &b.Chunks, &b.Spans, &b.Probes, &b.StatsPayloads, &b.Overflow,
	} {
		*n = r.uvarint()
	}
	b.LastUnixNS = int64(r.uvarint())
	last := ^uint64(0)
	lastOrdinal := last >> b.spanBits
	r.set(b.whole, lastOrdinal)
	r.set(b.twice, lastOrdinal)
	r.set(b.loose, last)
	r.set(b.marked, lastOrdinal)
	r.repeats(b.more, lastOrdinal)
	r.repeats(b.odd, lastOrdinal)
	switch {
	case r.err != nil:
		return fmt.Errorf("decode arrivals: %w: %w", ErrMessage, r.err)
	case len(r.rest) > 0:
		return fmt.Errorf("decode arrivals: %w: %d bytes follow its end", ErrMessage, len(r.rest))
	case b.LastUnixNS < 0:
		return fmt.Errorf("decode arrivals: %w: its last arrival is past the year 2262", ErrMessage)
	}
	b.nWhole, b.nLoose = b.whole.GetCardinality(), b.loose.GetCardinality()
	*a = *b
	return nil
}

// measure is how many runs a set has, and how many bytes they take in a message.
func measure(set *roaring64.Bitmap) (runs uint64, bytes int) {
	next := uint64(0)
	eachRun(set, func(first, last uint64) {
		runs++
		bytes += uvarintLen(first-next) + uvarintLen(last-first)
		next = last + 1
	})
	return runs, bytes
}

// uvarintLen is how many bytes a number takes: seven bits in each.
func uvarintLen(n uint64) int { return (bits.Len64(n|1) + 6) / 7 }

func appendSet(dst []byte, set *roaring64.Bitmap, runs uint64) []byte {
	dst = binary.AppendUvarint(dst, runs)
	next := uint64(0) // first number that the next run could begin at
	eachRun(set, func(first, last uint64) {
		dst = binary.AppendUvarint(dst, first-next)
		dst = binary.AppendUvarint(dst, last-first)
		next = last + 1
	})
	return dst
}

// eachRun calls visit for each run of consecutive numbers, ascending.
func eachRun(set *roaring64.Bitmap, visit func(first, last uint64)) {
	var batch [512]uint64
	var first, last uint64
	open := false
	it := set.ManyIterator()
	for n := it.NextMany(batch[:]); n > 0; n = it.NextMany(batch[:]) {
		for _, x := range batch[:n] {
			switch {
			case !open:
				first, open = x, true
			case x != last+1:
				visit(first, last)
				first = x
			}
			last = x
		}
	}
	if open {
		visit(first, last)
	}
}

func appendRepeats(dst []byte, m map[uint64]uint64) []byte {
	ordinals := make([]uint64, 0, len(m))
	for o := range m {
		ordinals = append(ordinals, o)
	}
	slices.Sort(ordinals)
	dst = binary.AppendUvarint(dst, uint64(len(ordinals)))
	next := uint64(0)
	for _, o := range ordinals {
		dst = binary.AppendUvarint(dst, o-next)
		dst = binary.AppendUvarint(dst, m[o]-1)
		next = o + 1
	}
	return dst
}

// reader takes a message apart. After an error it returns zeros.
type reader struct {
	rest []byte
	err  error
}

var (
	errShort  = errors.New("it is cut short")
	errNumber = errors.New("a number in it is out of range")
	errMany   = errors.New("it claims more than a message can hold")
)

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.rest = nil
}

func (r *reader) bytes(n int) []byte {
	if len(r.rest) < n {
		r.fail(errShort)
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) uvarint() uint64 {
	n, k := binary.Uvarint(r.rest)
	switch {
	case k > 0:
		r.rest = r.rest[k:]
		return n
	case k == 0:
		r.fail(errShort)
	default:
		r.fail(errNumber)
	}
	return 0
}

// pairs reads a list of (gap, extent) as (first, extent) with first ascending.
// end gives the last number that an entry takes up.
func (r *reader) pairs(limit uint64, end func(first, extent uint64) (uint64, error)) {
	n := r.uvarint()
	if n > uint64(len(r.rest))/2 { // each takes two bytes at least
		r.fail(errMany)
		return
	}
	next, full := uint64(0), false
	for ; n > 0 && r.err == nil; n-- {
		gap, extent := r.uvarint(), r.uvarint()
		if r.err != nil {
			return
		}
		first := next + gap
		if full || first < next || first > limit {
			r.fail(errNumber)
			return
		}
		last, err := end(first, extent)
		if err != nil {
			r.fail(err)
			return
		}
		next, full = last+1, last >= limit
	}
}

// longRun is from how many numbers on a run is added as such: adding single numbers
// side by side is quicker than joining short runs.
const longRun = 256

func (r *reader) set(into *roaring64.Bitmap, limit uint64) {
	var singles [1024]uint64
	n, elements, sinceTidy := 0, uint64(0), uint64(0)
	flush := func() {
		into.AddMany(singles[:n])
		n = 0
	}
	r.pairs(limit, func(first, extent uint64) (uint64, error) {
		if extent > limit-first {
			return 0, errNumber
		}
		if elements += extent + 1; extent >= maxElements || elements > maxElements {
			return 0, errMany
		}
		last := first + extent
		if sinceTidy += extent + 1; sinceTidy >= tidyEvery {
			into.RunOptimize() // before it has grown
			sinceTidy = 0
		}
		if extent >= longRun {
			flush()
			into.AddRange(first, last)
			into.Add(last) // on its own, for last+1 may not exist
			return last, nil
		}
		for x := first; ; x++ {
			singles[n] = x
			if n++; n == len(singles) {
				flush()
			}
			if x == last {
				return last, nil
			}
		}
	})
	flush()
	into.RunOptimize()
}

func (r *reader) repeats(into map[uint64]uint64, limit uint64) {
	r.pairs(limit, func(ordinal, extra uint64) (uint64, error) {
		if extra == ^uint64(0) {
			return 0, errNumber
		}
		into[ordinal] = extra + 1
		return ordinal, nil
	})
}
