package plan

import (
	"fmt"
	"slices"
	"time"

	"github.com/spanstorm/spanstorm/internal/schedule"
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Fleet is the flushes of tracers that send at intervals: they say how many
// traces a request carries, and who sends it.
type Fleet struct {
	Phases []*schedule.Flushes // by line of the load; nil where only services are sent
	Firsts []uint64            // their first seqs
	Count  uint64              // requests
	Most   int                 // traces that begin in a request
	Mean   float64             // traces that begin in a request
}

// NewFleet plans the flushes of all phases. means are those of one trace.
func NewFleet(s *scenarios.Scenario, means schedule.Means) (*Fleet, error) {
	f := &Fleet{}
	var seq, traces uint64
	for i := range s.Load {
		f.Firsts = append(f.Firsts, seq)
		if s.Load[i].Send == "services" {
			f.Phases = append(f.Phases, nil)
			continue
		}
		flushes, err := schedule.NewFlushes(&s.Load[i], schedule.Fleet{
			Clients:  s.Clients.Count,
			Interval: time.Duration(s.Clients.FlushInterval),
			Jitter:   float64(s.Clients.FlushJitter),
			Seed:     trees.Hash(trees.HashText(s.Seed, "fleet"), uint64(i)),
		}, means)
		if err != nil {
			return nil, fmt.Errorf("clients: %w", err)
		}
		f.Phases = append(f.Phases, flushes)
		f.Most = max(f.Most, flushes.Most())
		traces += flushes.Sum()
		seq += flushes.Count()
	}
	f.Count, f.Most = seq, max(f.Most, 1)
	f.Mean = float64(traces) / float64(max(seq, 1))
	return f, nil
}

// Link prepares for asking what a tracer sends next.
func (f *Fleet) Link() {
	for _, p := range f.Phases {
		if p != nil {
			p.Link()
		}
	}
}

// at finds the flush that request seq is; nil beyond the last.
func (f *Fleet) at(seq uint64) (*schedule.Flushes, uint64) {
	p, first := f.phase(seq)
	return p, seq - first
}

// phase finds the flushes that request seq is one of, and the first of them; nil beyond the last.
func (f *Fleet) phase(seq uint64) (flushes *schedule.Flushes, first uint64) {
	for i, p := range slices.Backward(f.Phases) {
		if p != nil && seq >= f.Firsts[i] {
			if seq-f.Firsts[i] < p.Count() {
				return p, f.Firsts[i]
			}
			break
		}
	}
	return nil, 0
}

// step is the request that the tracer of request seq sends n requests later, or earlier.
func (f *Fleet) step(seq uint64, n int) (uint64, bool) {
	p, first := f.phase(seq)
	if p == nil {
		return 0, false
	}
	k, ok := p.Step(seq-first, n)
	return first + k, ok
}
