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
	f.most = max(f.most, 1)
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
	c.plan.fleet, c.chunksMost = f, f.most
	if _, ok := c.encoding.(wire.Indexed); ok { // larger payloads may hold more texts
		c.discard()
		return c.encode()
	}
	return nil
}

// at finds the flush that request seq is; nil beyond the last.
func (f *fleet) at(seq uint64) (*schedule.Flushes, uint64) {
	for i, p := range slices.Backward(f.phases) {
		if p != nil && seq >= f.firsts[i] {
			if k := seq - f.firsts[i]; k < p.Count() {
				return p, k
			}
			break
		}
	}
	return nil, 0
}

// Flushes is the schedule of a line of the load when clients send at intervals;
// nil when requests are due by the line's own rate.
func (c *Corpus) Flushes(line int) *schedule.Flushes {
	if c.plan.fleet == nil {
		return nil
	}
	return c.plan.fleet.phases[line]
}

// TracesMost is the most traces of a request.
func (c *Corpus) TracesMost() int { return c.chunksMost }

// Client is the tracer, from 0, that sends request seq. Tracers that flush at
// intervals have their turns; else neighbours go to unrelated tracers, and the
// same seq always to the same.
func (c *Corpus) Client(seq uint64) int {
	if c.plan.fleet != nil {
		if p, k := c.plan.fleet.at(seq); p != nil {
			return p.Client(k)
		}
	}
	return int(trees.Hash(clientSeed, seq) % uint64(max(1, c.scenario.Clients.Count)))
}

// clientSeed is the same for all scenarios: which client sends a request does not
// hang on what is in it.
const clientSeed = 0x636c69656e7473 // "clients"
