package generator

import (
	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/internal/fault/bodies"
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/scenarios"
)

// faultShare is a fault of requests and the upper end of its share of the hashes of 32 bits.
type faultShare struct {
	upTo  uint64
	index int // in the scenario
}

// Streams of hashes that are drawn of requests for their faults.
const (
	drawFault     = 1<<64 - 17 - iota // which
	drawMalformed                     // how
	drawSpoilt                        // of a chunk: its fault
)

func faultShares(faults []scenarios.Fault) []faultShare {
	var table []faultShare
	sum := 0.0
	for i := range faults {
		if k, ok := fault.Find(faults[i].Kind); ok && k.Level != fault.Span {
			sum += float64(faults[i].Share)
			table = append(table, faultShare{upTo: uint64(sum * (1 << 32)), index: i})
		}
	}
	return table
}

// RequestFault is the fault that request seq has as a whole: an index into the
// scenario's faults, or -1 for none.
func (c *Corpus) RequestFault(seq uint64) int {
	return c.plan.fault(c.plan.request(seq))
}

// fault draws the fault of a request as a whole; -1 for none.
func (p *plan) fault(request uint64) int {
	if len(p.faults) == 0 {
		return -1
	}
	h := trees.Hash(request, drawFault) >> 32
	for _, f := range p.faults {
		if h < f.upTo {
			return f.index
		}
	}
	return -1
}

// malform makes the body of request seq, which begins at from, as its fault wants it.
func (c *Corpus) malform(dst []byte, from int, seq uint64) []byte {
	if i := c.RequestFault(seq); i >= 0 {
		return bodies.Apply(dst, from, &c.scenario.Faults[i], trees.Hash(c.plan.request(seq), drawMalformed))
	}
	return dst
}
