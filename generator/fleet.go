package generator

import (
	"github.com/spanstorm/spanstorm/internal/plan"
	"github.com/spanstorm/spanstorm/internal/schedule"
	"github.com/spanstorm/spanstorm/internal/wire"
)

// planFleet plans the flushes, once it is known what a trace amounts to.
func (c *Corpus) planFleet() error {
	if c.scenario.Clients.FlushInterval == 0 || len(c.plan.Pools) == 0 {
		return nil
	}
	one := c.expect()
	f, err := plan.NewFleet(c.scenario, schedule.Means{Traces: 1, Spans: one.Spans, Bytes: one.Bytes})
	if err != nil {
		return err
	}
	if c.parts.most > 1 {
		f.Link()
	}
	c.plan.Fleet, c.chunksMost = f, f.Most
	if _, ok := c.encoding.(wire.Indexed); ok { // larger payloads may hold more texts
		c.discard()
		if err := c.encode(); err != nil {
			return err
		}
	}
	c.work()
	return nil
}

// Flushes is the schedule of a line of the load when clients send at intervals;
// nil when requests are due by the line's own rate.
func (c *Corpus) Flushes(line int) *schedule.Flushes {
	if c.plan.Fleet == nil {
		return nil
	}
	return c.plan.Fleet.Phases[line]
}

// TracesMost is the most traces that begin in a request.
func (c *Corpus) TracesMost() int { return c.chunksMost }

// Client is the tracer, from 0, that sends request seq.
func (c *Corpus) Client(seq uint64) int { return c.plan.Tracer(seq) }
