package generator

import (
	"fmt"
	"slices"
	"time"

	"github.com/spanstorm/spanstorm/internal/schedule"
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/internal/wire"
	"github.com/spanstorm/spanstorm/scenarios"
)

// fleet is the flushes of clients that send at intervals: they say how many
// traces a request carries, and who sends it.
type fleet struct {
	phases []*schedule.Flushes // by line of the load; nil where only services are sent
	firsts []uint64            // their first seqs
	count  uint64              // requests
	most   int                 // traces in a request
	mean   float64             // traces in a request
}

// newFleet plans the flushes of all phases. means are those of one trace.
func newFleet(s *scenarios.Scenario, means schedule.Means) (*fleet, error) {
	f := &fleet{}
	var seq, traces uint64
	for i := range s.Load {
		f.firsts = append(f.firsts, seq)
		if s.Load[i].Send == "services" {
			f.phases = append(f.phases, nil)
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
		f.phases = append(f.phases, flushes)
		f.most = max(f.most, flushes.Most())
		traces += flushes.Sum()
		seq += flushes.Count()
	}
	f.count, f.most = seq, max(f.most, 1)
	f.mean = float64(traces) / float64(max(seq, 1))
	return f, nil
}

// planFleet plans the flushes, once it is known what a trace amounts to.
func (c *Corpus) planFleet() error {
	if c.scenario.Clients.FlushInterval == 0 || len(c.plan.shapes) == 0 {
		return nil
	}
	one := c.expect()
	f, err := newFleet(c.scenario, schedule.Means{Traces: 1, Spans: one.Spans, Bytes: one.Bytes})
	if err != nil {
		return err
	}
	if c.parts.most > 1 {
		for _, p := range f.phases {
			if p != nil {
				p.Link()
			}
		}
	}
	c.plan.fleet, c.chunksMost = f, f.most
	if _, ok := c.encoding.(wire.Indexed); ok { // larger payloads may hold more texts
		c.discard()
		return c.encode()
	}
	return nil
}

// at finds the flush that request seq is; nil beyond the last.
func (f *fleet) at(seq uint64) (*schedule.Flushes, uint64) {
	p, first := f.phase(seq)
	return p, seq - first
}

// phase finds the flushes that request seq is one of, and the first of them; nil beyond the last.
func (f *fleet) phase(seq uint64) (flushes *schedule.Flushes, first uint64) {
	for i, p := range slices.Backward(f.phases) {
		if p != nil && seq >= f.firsts[i] {
			if seq-f.firsts[i] < p.Count() {
				return p, f.firsts[i]
			}
			break
		}
	}
	return nil, 0
}

// step is the request that the client of request seq sends n requests later, or earlier.
func (f *fleet) step(seq uint64, n int) (uint64, bool) {
	p, first := f.phase(seq)
	if p == nil {
		return 0, false
	}
	k, ok := p.Step(seq-first, n)
	return first + k, ok
}

// Flushes is the schedule of a line of the load when clients send at intervals;
// nil when requests are due by the line's own rate.
func (c *Corpus) Flushes(line int) *schedule.Flushes {
	if c.plan.fleet == nil {
		return nil
	}
	return c.plan.fleet.phases[line]
}

// TracesMost is the most traces that begin in a request.
func (c *Corpus) TracesMost() int { return c.chunksMost }

// Client is the tracer, from 0, that sends request seq. Tracers that flush at
// intervals have their turns; else each has one request in as many as there are
// tracers, and neighbours go to unrelated ones.
func (c *Corpus) Client(seq uint64) int {
	if c.plan.fleet != nil {
		if p, k := c.plan.fleet.at(seq); p != nil {
			return p.Client(k)
		}
	}
	n := c.clients()
	return int(seq % n * stride(n) % n)
}

// clients is how many tracers there are.
func (c *Corpus) clients() uint64 { return uint64(max(1, c.scenario.Clients.Count)) }

// stride leads from the tracer of one request to that of the next: a number
// that has no divisor in common with n, near n divided by the golden ratio, so that
// tracers next to each other, which may speak the same language, are far apart in time.
func stride(n uint64) uint64 {
	s := n*618/1000 + 1
	for gcd(s, n) > 1 {
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
