package ledger

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
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

// Outcomes holds how each request of a run ended, by seq: a set of seqs for each
// outcome that there is. Where neighbours ended alike that is next to nothing, at
// worst two bits a request for each of the outcomes among which they are scattered.
//
// It is not safe for concurrent use.
type Outcomes struct {
	phases    []phase
	sets      []outcomeSet
	sinceTidy int
}

// A phase is a stretch of seqs that were set aside.
type phase struct {
	first uint64 // inclusive
	end   uint64 // exclusive
}

// An outcomeSet is the requests that ended in one way.
type outcomeSet struct {
	outcome Outcome
	seqs    *roaring64.Bitmap
	count   uint64 // size of seqs
}

// NewOutcomes returns an empty set of outcomes.
func NewOutcomes() *Outcomes { return &Outcomes{} }

// Reserve sets the requests first … first+n-1 aside, a phase of the run. It costs
// nothing until outcomes are set. Phases must come in ascending order and must not
// overlap.
func (o *Outcomes) Reserve(first, n uint64) error {
	end := first + n
	if end < first {
		return fmt.Errorf("reserve outcomes of %d requests from seq %d: past the last seq there is", n, first)
	}
	if k := len(o.phases); k > 0 && first < o.phases[k-1].end {
		return fmt.Errorf("reserve outcomes from seq %d: phases must ascend, and the one before ends at %d", first, o.phases[k-1].end)
	}
	if n > 0 {
		o.phases = append(o.phases, phase{first: first, end: end})
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
	if !o.reserved(seq) {
		return fmt.Errorf("outcome of request %d: no phase reserved that seq", seq)
	}
	into := o.set(out)
	for i := range o.sets {
		s := &o.sets[i]
		if i == into || !s.seqs.Contains(seq) {
			continue
		}
		if s.outcome.rank() >= out.rank() {
			return nil
		}
		s.seqs.Remove(seq)
		s.count--
	}
	if s := &o.sets[into]; s.seqs.CheckedAdd(seq) {
		s.count++
		o.oneMore()
	}
	return nil
}

// set is the index of the set of an outcome.
func (o *Outcomes) set(out Outcome) int {
	for i := range o.sets {
		if o.sets[i].outcome == out {
			return i
		}
	}
	o.sets = append(o.sets, outcomeSet{outcome: out, seqs: roaring64.New()})
	return len(o.sets) - 1
}

// oneMore counts a change, and after many makes the sets small again.
func (o *Outcomes) oneMore() {
	if o.sinceTidy++; o.sinceTidy < tidyEvery {
		return
	}
	for _, s := range o.sets {
		s.seqs.RunOptimize()
	}
	o.sinceTidy = 0
}

// reserved says that a seq belongs to a phase.
func (o *Outcomes) reserved(seq uint64) bool {
	_, found := slices.BinarySearchFunc(o.phases, seq, func(p phase, seq uint64) int {
		switch {
		case p.end <= seq:
			return -1
		case p.first > seq:
			return 1
		}
		return 0
	})
	return found
}

// Get is how request seq ended; NotSent when nothing is known of it.
func (o *Outcomes) Get(seq uint64) Outcome {
	for _, s := range o.sets {
		if s.seqs.Contains(seq) {
			return s.outcome
		}
	}
	return NotSent
}

// Each calls visit for every request that was sent, in ascending order of seq,
// until visit returns false.
func (o *Outcomes) Each(visit func(seq uint64, out Outcome) bool) {
	type place struct {
		outcome Outcome
		it      roaring64.IntPeekable64
		next    uint64
	}
	var places []place // in the sets that are not over
	for _, s := range o.sets {
		if it := s.seqs.Iterator(); it.HasNext() {
			places = append(places, place{s.outcome, it, it.Next()})
		}
	}
	for len(places) > 0 {
		least := 0
		for i := range places {
			if places[i].next < places[least].next {
				least = i
			}
		}
		p := &places[least]
		if !visit(p.next, p.outcome) {
			return
		}
		if p.it.HasNext() {
			p.next = p.it.Next()
		} else {
			places = slices.Delete(places, least, least+1)
		}
	}
}

// Sent is the number of requests that were sent.
func (o *Outcomes) Sent() uint64 {
	var n uint64
	for _, s := range o.sets {
		n += s.count
	}
	return n
}

// Count is the number of requests that ended so.
func (o *Outcomes) Count(out Outcome) uint64 {
	for _, s := range o.sets {
		if s.outcome == out {
			return s.count
		}
	}
	return 0
}
