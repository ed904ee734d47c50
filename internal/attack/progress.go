package attack

import (
	"sync/atomic"
	"time"

	"github.com/spanstorm/spanstorm/internal/tracer"
)

// Progress is how far the load is, for a progress line. It counts over all
// phases that share it; reading it costs a few atomic loads. The zero value is
// ready for use.
type Progress struct {
	planned, sent, answered, delivered atomic.Uint64
	byClass                            [tracer.Classes]atomic.Uint64
	inFlight                           atomic.Int64
	p99                                atomic.Int64
}

// Snapshot is Progress at one moment; its figures may be a request apart.
type Snapshot struct {
	Planned   uint64 // of the phases begun so far; closed loops plan nothing
	Sent      uint64
	Answered  uint64
	Delivered uint64
	// Unanswered counts by [tracer.Class].
	Unanswered [tracer.Classes]uint64
	InFlight   int
	// P99 is of the response times (closed loop: service times) of what was
	// answered in the last full second; 0 when nothing was.
	P99 time.Duration
}

// Failed is the number of requests given up without an answer.
func (s Snapshot) Failed() uint64 {
	var n uint64
	for _, v := range s.Unanswered {
		n += v
	}
	return n
}

// Snapshot reads the progress.
func (p *Progress) Snapshot() Snapshot {
	s := Snapshot{
		Planned:   p.planned.Load(),
		Sent:      p.sent.Load(),
		Answered:  p.answered.Load(),
		Delivered: p.delivered.Load(),
		InFlight:  int(p.inFlight.Load()),
		P99:       time.Duration(p.p99.Load()),
	}
	for i := range p.byClass {
		s.Unanswered[i] = p.byClass[i].Load()
	}
	return s
}
