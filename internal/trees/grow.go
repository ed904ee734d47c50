package trees

import (
	"fmt"

	"github.com/spanstorm/spanstorm/scenarios"
)

// node is a span of a growing tree: where it is and how it ended, before it has tags.
type node struct {
	op       *operation
	parent   int   // index, lower than the node's own; -1 for the root
	start    int64 // ns since the root's start
	duration int64 // ns
	failed   bool
	cause    int // index of the child whose error rose, -1 for an error of its own
	async    bool
}

// spansMost is the most spans of a trace: twice the largest that users ask for.
// It bounds what a scenario of nested repeats can grow into.
const spansMost = 100_000

// grower grows a tree from an operation. Times are in nanoseconds since the
// root's start, and nodes are in the order of a walk that visits parents first.
//
// A span lasts its own work plus what it waits for. With n steps its own work is
// cut into n+1 parts, before, between and after them:
//
//	span  |=part=|--step 1--|=part=|------step 2------|=part=|
//	                         └ async: starts here, is not waited for
//
// The calls of a parallel step begin together, and the step ends with the last.
// An error does not stop the steps that follow: what the scenario lists is called.
type grower struct {
	stream *stream
	nodes  []node
	full   bool
}

// grow returns the tree of one trace, in nodes.
func grow(nodes []node, entry *operation, s *stream) ([]node, error) {
	g := grower{stream: s, nodes: nodes[:0]}
	g.visit(entry, -1, 0, false)
	if g.full {
		return nil, fmt.Errorf("a trace grows beyond %d spans; lower repeat, retries or the calls below %s.%s", spansMost, entry.service.name, entry.name)
	}
	return g.nodes, nil
}

// visit grows the subtree of op from at, and returns its root, when it ends and
// whether it failed.
func (g *grower) visit(op *operation, parent int, at int64, async bool) (self int, end int64, failed bool) {
	if g.full = g.full || len(g.nodes) == spansMost; g.full {
		return -1, at, false
	}
	self = len(g.nodes)
	g.nodes = append(g.nodes, node{op: op, parent: parent, start: at, cause: -1, async: async})

	work := drawDuration(op.duration, g.stream.Uint64())
	cause, risen := -1, false
	end = at
	for i := range op.calls {
		part := g.part(work, len(op.calls)-i+1)
		work -= part
		var blame int
		end, blame = g.step(&op.calls[i], self, end+part)
		if blame >= 0 {
			cause, risen = blame, true
		}
	}
	end += work
	failed = g.stream.happens(op.errorRate)
	n := &g.nodes[self]
	n.duration = end - at
	n.failed = failed || risen
	if !failed {
		n.cause = cause
	}
	return self, end, n.failed
}

// part is about one of n equal parts of work, between a half and one and a half of it.
func (g *grower) part(work int64, n int) int64 {
	return work / int64(n) * int64(512+g.stream.below(1025)) / 1024
}

// step makes the calls of one step from at. It returns until when they are
// waited for, and the root of the call that fails the caller, or -1.
func (g *grower) step(c *call, caller int, at int64) (end int64, blame int) {
	if c.parallel == nil {
		return g.repeat(c, caller, at, false)
	}
	end, blame = at, -1
	for i := range c.parallel {
		inner := &c.parallel[i]
		var last int64
		var b int
		if inner.parallel != nil {
			last, b = g.step(inner, caller, at)
		} else {
			last, b = g.repeat(inner, caller, at, true)
		}
		end = max(end, last)
		if b >= 0 {
			blame = b
		}
	}
	return end, blame
}

func (g *grower) repeat(c *call, caller int, at int64, parallel bool) (end int64, blame int) {
	end, blame = at, -1
	if !g.stream.happens(c.probability) {
		return end, blame
	}
	next := at
	for range Count(c.repeat, unit(g.stream.Uint64())) {
		if g.full {
			break
		}
		last, failed := g.attempt(c, caller, next)
		if !parallel && !c.async {
			next = last
		}
		if c.async {
			continue
		}
		end = max(end, last)
		if failed >= 0 && g.stream.happens(c.propagation) {
			blame = failed
		}
	}
	return end, blame
}

// attempt calls once, and again while the call fails and retries are left. It
// returns the root of the last attempt if that failed too, else -1.
func (g *grower) attempt(c *call, caller int, at int64) (end int64, failed int) {
	for try := 0; ; try++ {
		root, last, bad := g.visit(c.to, caller, at, c.async)
		if !bad {
			return last, -1
		}
		if try >= c.retries {
			return last, root
		}
		at = last
	}
}

// drawDuration draws a duration in nanoseconds, at least 1.
//
// Go's mathematics may differ in the last bit from one machine to another, and
// a corpus may not: results are rounded to microseconds, and the hash fills in
// the nanoseconds.
func drawDuration(d scenarios.Dist, h uint64) int64 {
	q := d.Quantile(unit(h))
	if d.Kind == scenarios.Constant || d.Kind == scenarios.UniformInt {
		return max(1, int64(q))
	}
	ns := int64(q/1000+0.5)*1000 + int64(Hash(h, 0)%1000)
	if d.Max > 0 {
		ns = min(ns, int64(d.Max))
	}
	return max(1, ns)
}

// Count is the quantile of a distribution of counts at u in (0, 1), rounded,
// from 0 to 10^9.
func Count(d scenarios.Dist, u float64) int {
	return int(min(max(0, d.Quantile(u)+0.5), 1e9))
}
