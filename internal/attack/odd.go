package attack

import (
	"github.com/spanstorm/spanstorm/internal/tracer"
	"github.com/spanstorm/spanstorm/internal/tracer/odd"
)

// OddSource is a Source of which some requests are odd beside their body. The
// goroutine that calls Append calls Odd.
type OddSource interface {
	Source
	// Odd is what is odd about request seq; nil for nothing.
	Odd(seq uint64) *odd.Odd
}

func oddOf(s Source, seq uint64) *odd.Odd {
	if s, ok := s.(OddSource); ok {
		return s.Odd(seq)
	}
	return nil
}

// call is a request that is ready to be sent.
type call interface {
	Send()
	Close() tracer.Reply
}

// prepare makes a request ready, as it is usually sent or oddly.
func (f *flight) prepare(o *Observation, p *payload) call {
	if p.odd == nil {
		return f.sender.Prepare(o.Seq, p)
	}
	o.BytesOut = p.odd.Size(p.body)
	return f.sender.PrepareOdd(o.Seq, p, p.odd)
}
