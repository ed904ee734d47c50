package ledger

import (
	"fmt"
	"slices"
	"strconv"
)

// Outcome is how a request ended: the HTTP code of its answer, or one of the two below.
type Outcome uint16

// The outcomes that are no HTTP codes.
const (
	NotSent    Outcome = 0 // never left, as far as is known
	Unanswered Outcome = 1 // left, and no whole answer came back
)

// Delivered says that the answer was 2xx.
func (o Outcome) Delivered() bool { return o >= 200 && o <= 299 }

// Refused says that there was an answer, and that it was not 2xx.
func (o Outcome) Refused() bool { return o >= 100 && !o.Delivered() }

// String is the code, "not sent" or "unanswered".
func (o Outcome) String() string {
	switch o {
	case NotSent:
		return "not sent"
	case Unanswered:
		return "unanswered"
	}
	return strconv.Itoa(int(o))
}

// rank orders outcomes from worst to best, for requests that are sent again.
func (o Outcome) rank() int {
	switch {
	case o.Delivered():
		return 3
	case o.Refused():
		return 2
	case o == Unanswered:
		return 1
	}
	return 0
}

// pageLen is how many outcomes share a page. A page in which all are the same
// is not stored, so it should be small enough to be uniform often and large
// enough that its 24 bytes of header do not count.
const pageLen = 4096

// A page holds the outcomes of pageLen requests. Most pages of most runs end as
// "all 200" and give their cells back.
type page struct {
	cells []Outcome // nil: every outcome is all
	all   Outcome
	top   uint16 // how many cells equal all, while cells is not nil
}

// A span of seqs that belong together: a phase.
type segment struct {
	first uint64 // inclusive
	end   uint64 // exclusive
	pages []page // grows with what was set, never ahead of it
}

// Outcomes holds how each request of a run ended, by seq: two bytes a request
// at worst, next to nothing where neighbours ended alike.
//
// It is not safe for concurrent use.
type Outcomes struct {
	segments []segment
	spare    [][]Outcome
	counts   map[Outcome]uint64
}

// NewOutcomes returns an empty set of outcomes.
func NewOutcomes() *Outcomes { return &Outcomes{counts: map[Outcome]uint64{}} }

// Reserve makes room for the requests first … first+n-1, a phase of the run. It
// costs nothing until outcomes are set. Phases must come in ascending order and
// must not overlap.
func (o *Outcomes) Reserve(first, n uint64) error {
	end := first + n
	if end < first {
		return fmt.Errorf("reserve outcomes of %d requests from seq %d: past the last seq there is", n, first)
	}
	if k := len(o.segments); k > 0 && first < o.segments[k-1].end {
		return fmt.Errorf("reserve outcomes from seq %d: phases must ascend, and the one before ends at %d", first, o.segments[k-1].end)
	}
	if n > 0 {
		o.segments = append(o.segments, segment{first: first, end: end})
	}
	return nil
}

// Set records how request seq ended. A request that is sent again keeps its
// best outcome: an answer of 2xx beats any other, and any answer beats none.
// A seq that no phase reserved, or an outcome that is none, is an error.
func (o *Outcomes) Set(seq uint64, out Outcome) error {
	if out == NotSent {
		return nil
	}
	if out != Unanswered && (out < 100 || out > 999) {
		return fmt.Errorf("outcome of request %d: %d is no HTTP code", seq, out)
	}
	seg := o.segment(seq)
	if seg == nil {
		return fmt.Errorf("outcome of request %d: no phase reserved that seq", seq)
	}
	k, i := (seq-seg.first)/pageLen, (seq-seg.first)%pageLen
	for uint64(len(seg.pages)) <= k {
		seg.pages = append(seg.pages, page{})
	}
	p := &seg.pages[k]
	was := p.get(int(i))
	if was == out || was.rank() > out.rank() || (was.rank() == out.rank() && was != NotSent) {
		return nil
	}
	o.count(was, out)
	o.put(p, int(i), out)
	return nil
}

func (o *Outcomes) count(was, now Outcome) {
	if was != NotSent {
		o.counts[was]--
	}
	o.counts[now]++
}

func (o *Outcomes) put(p *page, i int, out Outcome) {
	if p.cells == nil {
		cells := o.take()
		for j := range cells {
			cells[j] = p.all
		}
		p.cells, p.top = cells, pageLen
	}
	if p.cells[i] == p.all {
		p.top--
	}
	p.cells[i] = out
	if out == p.all {
		p.top++
	}
	// Once the page no longer holds any of the value it began with, look
	// whether it has become uniform in another one; the last cell to be set
	// is a good guess at which.
	if p.top == 0 {
		p.all = out
		for _, c := range p.cells {
			if c == out {
				p.top++
			}
		}
	}
	if p.top == pageLen {
		o.spare = append(o.spare, p.cells)
		p.cells = nil
	}
}

func (o *Outcomes) take() []Outcome {
	if k := len(o.spare); k > 0 {
		cells := o.spare[k-1]
		o.spare = o.spare[:k-1]
		return cells
	}
	return make([]Outcome, pageLen)
}

func (p *page) get(i int) Outcome {
	if p.cells == nil {
		return p.all
	}
	return p.cells[i]
}

// segment finds the phase of a seq; nil when there is none.
func (o *Outcomes) segment(seq uint64) *segment {
	k, found := slices.BinarySearchFunc(o.segments, seq, func(s segment, seq uint64) int {
		switch {
		case s.end <= seq:
			return -1
		case s.first > seq:
			return 1
		}
		return 0
	})
	if !found {
		return nil
	}
	return &o.segments[k]
}

// Get is how request seq ended; NotSent when nothing is known of it.
func (o *Outcomes) Get(seq uint64) Outcome {
	seg := o.segment(seq)
	if seg == nil {
		return NotSent
	}
	k, i := (seq-seg.first)/pageLen, (seq-seg.first)%pageLen
	if k >= uint64(len(seg.pages)) {
		return NotSent
	}
	return seg.pages[k].get(int(i))
}

// Each calls visit for every request that was sent, in ascending order of seq,
// until visit returns false.
func (o *Outcomes) Each(visit func(seq uint64, out Outcome) bool) {
	for _, seg := range o.segments {
		for k := range seg.pages {
			p := &seg.pages[k]
			if p.cells == nil && p.all == NotSent {
				continue
			}
			base := seg.first + uint64(k)*pageLen
			for i := range min(pageLen, seg.end-base) {
				if out := p.get(int(i)); out != NotSent && !visit(base+i, out) {
					return
				}
			}
		}
	}
}

// Sent is the number of requests that were sent.
func (o *Outcomes) Sent() uint64 {
	var n uint64
	for _, c := range o.counts {
		n += c
	}
	return n
}

// Count is the number of requests that ended so.
func (o *Outcomes) Count(out Outcome) uint64 { return o.counts[out] }
