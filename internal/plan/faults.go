package plan

import (
	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/scenarios"
)

// faultShare is a fault of requests and the upper end of its share of the hashes of 32 bits.
type faultShare struct {
	upTo  uint64
	index int // in the scenario
}

// Spoil is a fault of spans.
type Spoil struct {
	Index int // in the scenario
	Share float64
	Pools []SpoiltPool // by the shape that was drawn

	upTo uint64 // the upper end of its share of the hashes of 32 bits
}

// SpoiltPool is templates of a fault, First … First+N-1, made from a shape.
type SpoiltPool struct {
	First, N uint32
	Shape    uint32
}

// Streams of hashes that are drawn for faults.
const (
	drawFault     = 1<<64 - 17 - iota // of a request: which
	drawMalformed                     // of a request: how
	drawSpoilt                        // of a trace: its fault
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

func spoils(faults []scenarios.Fault) []Spoil {
	var table []Spoil
	sum := 0.0
	for i := range faults {
		if k, ok := fault.Find(faults[i].Kind); ok && k.Level == fault.Span {
			sum += float64(faults[i].Share)
			table = append(table, Spoil{upTo: uint64(sum * (1 << 32)), Index: i, Share: float64(faults[i].Share)})
		}
	}
	return table
}

// Fault draws the fault of a request as a whole, given its key: an index into the
// scenario's faults, or -1 for none. how says in which of its ways.
func (p *Plan) Fault(key uint64) (index int, how uint64) {
	if len(p.faults) == 0 {
		return -1, 0
	}
	h := trees.Hash(key, drawFault) >> 32
	for _, f := range p.faults {
		if h < f.upTo {
			return f.index, trees.Hash(key, drawMalformed)
		}
	}
	return -1, 0
}

// spoil draws whether a trace is malformed; nil: it is not. In a request that is
// malformed as a whole, none is.
func (p *Plan) spoil(request, key uint64, shape int) *SpoiltPool {
	if len(p.Spoils) == 0 {
		return nil
	}
	h := trees.Hash(key, drawSpoilt) >> 32
	if h >= p.Spoils[len(p.Spoils)-1].upTo {
		return nil
	}
	if index, _ := p.Fault(request); index >= 0 {
		return nil
	}
	i := 0
	for h >= p.Spoils[i].upTo {
		i++
	}
	return &p.Spoils[i].Pools[shape]
}
