// Package altered says what a target rewrote: it chooses a sample of the chunks that
// are to be sent, reads those of them that came out in the form in which they did,
// and compares each, field by field, with what was sent. How they are cut out of what
// a target forwards is for internal/intake; what was sent is the generator's to say.
package altered

import (
	"math"
	"slices"

	"github.com/spanstorm/spanstorm/internal/ledger"
)

// Bounds of a sample, and of the search for it.
const (
	chunksMost  = 1_000
	spansMost   = 100_000 // unless a single chunk of each stratum has more
	lookedMost  = 400_000 // chunks that are looked at
	requestMost = 100_000 // requests, too
	// closedTimes is how many times as much is chosen where there is a closed loop, of which
	// most will not be sent.
	closedTimes = 4
)

// Range is a number of requests in a row.
type Range struct {
	First, Count uint64
	// Closed says that it is a closed loop: how many there will be, up to Count, is not
	// known, and is likely far less.
	Closed bool
}

// Population is what a sample is drawn from.
type Population struct {
	Ranges []Range
	// Chunks appends the chunks of a request.
	Chunks func(dst []ledger.Chunk, seq uint64) []ledger.Chunk
	Shapes int // of which ledger.Chunk.Shape counts
	Faults int // of which ledger.Chunk.Fault counts
	// Skip says that chunks with a fault cannot be compared.
	Skip func(fault int32) bool
}

// Choose returns the ordinals of a sample, which follow from the population alone. It
// is stratified: each shape, of its traces without a fault, and each fault have the
// same number of places in it, which are given to the first that are met in an
// order that is spread over the whole run. Chunks are left out that have no spans, or
// that an agent has a reason to withhold. It takes some tens of milliseconds.
func Choose(p Population) []uint64 {
	strata := p.Shapes + p.Faults
	if strata == 0 {
		return nil
	}
	places, spans := max(1, chunksMost/strata), max(1, spansMost/strata)
	if slices.ContainsFunc(p.Ranges, func(r Range) bool { return r.Closed }) {
		places, spans = closedTimes*places, closedTimes*spans
	}
	taken, spansOf := make([]int, strata), make([]int, strata)
	open := strata
	for f := range p.Faults {
		if p.Skip(int32(f)) {
			open-- // is never met
		}
	}
	var ordinals []uint64
	var chunks []ledger.Chunk
	looked, requests := 0, 0
	p.visit(func(seq uint64) bool {
		chunks = p.Chunks(chunks[:0], seq)
		looked, requests = looked+len(chunks), requests+1
		for _, c := range chunks {
			if c.Spans == 0 || !c.Kept() || c.Fault >= 0 && p.Skip(c.Fault) {
				continue
			}
			stratum := int(c.Shape)
			if c.Fault >= 0 {
				stratum = p.Shapes + int(c.Fault)
			}
			if taken[stratum] >= places || taken[stratum] > 0 && spansOf[stratum]+int(c.Spans) > spans {
				continue
			}
			ordinals = append(ordinals, c.Ordinal)
			taken[stratum]++
			spansOf[stratum] += int(c.Spans)
			if taken[stratum] == places {
				open--
			}
		}
		return open > 0 && looked < lookedMost && requests < requestMost
	})
	slices.Sort(ordinals)
	return ordinals
}

// visit calls look for requests, each at most once, until it says false. Requests
// that are planned are taken as one row; of each closed loop one is visited in turn
// with them.
func (p *Population) visit(look func(seq uint64) bool) {
	rows := []*row{{}}
	for _, r := range p.Ranges {
		switch {
		case r.Count == 0:
		case r.Closed:
			rows = append(rows, newRow(r))
		default:
			rows[0].ranges = append(rows[0].ranges, r)
			rows[0].count += r.Count
		}
	}
	rows[0].stride = stride(rows[0].count)
	for more := true; more; {
		more = false
		for _, r := range rows {
			seq, ok := r.next()
			if !ok {
				continue
			}
			more = true
			if !look(seq) {
				return
			}
		}
	}
}

// row visits count requests: place i·stride mod count for i = 0, 1, …, with a stride
// that has no divisor in common with count and is near count/φ. Each is visited once,
// and the first n of them, for any n, lie about evenly.
//
// In a closed loop the request at place x is ⌊count·(x/count)³⌋: more of the beginning,
// for it is what is sent for certain, yet some of whatever is sent. Half of those that
// lie in the first n are in the first n/8.
type row struct {
	ranges []Range
	count  uint64
	stride uint64
	at, i  uint64
	seen   map[uint64]bool // of a closed loop: many places have one request
}

func newRow(r Range) *row {
	return &row{ranges: []Range{r}, count: r.Count, stride: stride(r.Count), seen: map[uint64]bool{}}
}

func stride(count uint64) uint64 {
	s := max(1, uint64(float64(count)/math.Phi))
	for gcd(s, count) > 1 {
		s++
	}
	return s
}

func gcd(a, b uint64) uint64 {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// next is the next request; false after the last.
func (r *row) next() (seq uint64, ok bool) {
	for r.i < r.count {
		at := r.at
		r.at, r.i = (r.at+r.stride)%r.count, r.i+1
		if r.seen == nil {
			return r.request(at), true
		}
		x := (float64(at) + 0.5) / float64(r.count)
		seq := r.ranges[0].First + min(r.count-1, uint64(float64(r.count)*x*x*x))
		if !r.seen[seq] {
			r.seen[seq] = true
			return seq, true
		}
	}
	return 0, false
}

// request is the one at a place.
func (r *row) request(at uint64) uint64 {
	for _, of := range r.ranges {
		if at < of.Count {
			return of.First + at
		}
		at -= of.Count
	}
	return 0 // not reached: at is below count
}
