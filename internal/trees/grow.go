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
	queued   int64 // ns that an async call waited before it started
	// patience, when above 0, is how long (ns) its caller waited, which was not
	// long enough. A span of the caller's own tracer is cut there, and failed;
	// another goes on.
	patience int64
	cut      bool
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
// An error does not stop the steps that follow, unless they ask for that: what
// the scenario lists is called.
type grower struct {
	stream *stream
	nodes  []node
	full   bool
}

// never is later than any span ends.
const never = int64(1) << 62

// progress is how the steps of a span have gone so far.
type progress struct {
	self     int   // the span
	deadline int64 // after which it calls no more
	failures int   // calls that failed, whether or not that fails the span
	cause    int   // the root of the call that fails it, or -1
}

// grow returns the tree of one trace, in nodes.
func grow(nodes []node, entry *operation, s *stream) ([]node, error) {
	g := grower{stream: s, nodes: nodes[:0]}
	g.visit(node{op: entry, parent: -1}, never)
	if g.full {
		return nil, fmt.Errorf("a trace grows beyond %d spans; lower repeat, retries or the calls below %s.%s", spansMost, entry.service.name, entry.name)
	}
	return g.nodes, nil
}

// visit grows a subtree from its root, of which it is known where it starts. It
// returns the place of the root, when it ends and whether it failed. A span that
// is not done by the deadline is cut there.
func (g *grower) visit(root node, deadline int64) (self int, end int64, failed bool) {
	op, at := root.op, root.start
	if g.full = g.full || len(g.nodes) == spansMost; g.full {
		return -1, at, false
	}
	self = len(g.nodes)
	root.cause = -1
	g.nodes = append(g.nodes, root)

	work := drawDuration(op.duration, g.stream.Uint64())
	p := progress{self: self, deadline: deadline, cause: -1}
	end = at
	for i := range op.calls {
		part := g.part(work, len(op.calls)-i+1)
		if end+part > deadline {
			break
		}
		work -= part
		end = g.step(&p, &op.calls[i], end+part)
	}
	end += work
	failed = g.stream.happens(op.errorRate)
	n := &g.nodes[self]
	n.failed = failed || p.cause >= 0
	if !failed {
		n.cause = p.cause
	}
	if end > deadline {
		end = deadline
		n.failed, n.cause, n.cut, n.patience = true, -1, true, deadline-at
	}
	n.duration = end - at
	return self, end, n.failed
}

// part is about one of n equal parts of work, between a half and one and a half of it.
func (g *grower) part(work int64, n int) int64 {
	return work / int64(n) * int64(512+g.stream.below(1025)) / 1024
}

// before is what a step knows of those before it.
type before struct{ failures, nodes int }

func (g *grower) before(p *progress) before { return before{p.failures, len(g.nodes)} }

// step makes the calls of one step from at, and returns until when they are
// waited for.
func (g *grower) step(p *progress, c *call, at int64) (end int64) {
	known := g.before(p)
	good := false
	if c.parallel == nil {
		end, good = g.repeat(p, c, at, known, false)
	} else {
		end = at
	}
	for i := range c.parallel {
		inner := &c.parallel[i]
		if inner.parallel != nil {
			end = max(end, g.step(p, inner, at))
			continue
		}
		last, recovered := g.repeat(p, inner, at, known, true)
		end, good = max(end, last), good || recovered
	}
	if good { // once, however many of them say so
		p.recover(known)
	}
	return end
}

// repeat makes a call as often as it is to be made. It returns until when it is
// waited for, and whether it makes good what failed before.
func (g *grower) repeat(p *progress, c *call, at int64, known before, parallel bool) (end int64, good bool) {
	end = at
	if c.when == scenarios.OnOK && known.failures > 0 || c.when == scenarios.OnError && known.failures == 0 || !g.stream.happens(c.probability) {
		return end, false
	}
	next, made, lost := at, false, false
	for range Count(c.repeat, unit(g.stream.Uint64())) {
		if g.full || next > p.deadline {
			break
		}
		last, failed := g.attempt(c, p, next)
		if c.async {
			continue
		}
		own := progress{self: p.self, deadline: p.deadline, failures: known.failures, cause: -1}
		if failed >= 0 {
			own.failures++
			if g.stream.happens(c.propagation) {
				own.cause = failed
			}
		}
		if c.onMiss != nil && (failed >= 0 || !g.stream.happens(c.hitRate)) {
			for i := 0; i < len(c.onMiss) && last <= p.deadline; i++ {
				last = g.step(&own, &c.onMiss[i], last)
			}
		}
		made, lost = true, lost || own.failures > known.failures
		p.add(&own, known)
		if !parallel {
			next = last
		}
		end = max(end, last)
	}
	return end, made && !lost && g.stream.happens(c.recovers)
}

// add counts how a call and what followed on its miss went.
func (p *progress) add(own *progress, known before) {
	if p.failures += own.failures - known.failures; own.failures < known.failures && p.cause < known.nodes {
		p.cause = -1 // a step on the miss made it good
	}
	if own.cause >= 0 {
		p.cause = own.cause
	}
}

// recover makes good what failed before a step.
func (p *progress) recover(known before) {
	p.failures -= known.failures
	if p.cause < known.nodes {
		p.cause = -1
	}
}

// attempt calls once, and again while the call fails and retries are left. It
// returns the root of the last attempt if that failed too, else -1.
//
// Before retry i it waits backoff · 2^i · (1 ± ½).
func (g *grower) attempt(c *call, p *progress, at int64) (end int64, failed int) {
	wait := c.backoff
	for try := 0; ; try++ {
		root, last, bad := g.call(c, p.self, at)
		if !bad {
			return last, -1
		}
		at = last
		if wait > 0 {
			at += wait/2 + int64(Below(g.stream.Uint64(), uint64(wait)))
			wait *= 2
		}
		if try >= c.retries || at > p.deadline {
			return last, root
		}
	}
}

// call calls once. It returns the root, until when the caller waits, and
// whether to the caller it failed.
func (g *grower) call(c *call, caller int, at int64) (root int, end int64, failed bool) {
	n := node{op: c.to, parent: caller, async: c.async}
	if c.delay != nil {
		n.queued = drawDuration(*c.delay, g.stream.Uint64())
	}
	n.start = at + n.queued
	deadline := never
	if c.timeout > 0 && c.to.kindAt(g.nodes[caller].op.service, c.async) == client {
		deadline = at + c.timeout
	}
	root, end, failed = g.visit(n, deadline)
	if c.timeout > 0 && end-at > c.timeout {
		g.nodes[root].patience = c.timeout
		end, failed = at+c.timeout, true
	}
	return root, end, failed
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

// Time is the quantile of a distribution of durations at u in (0, 1), in
// nanoseconds, rounded to microseconds, from 0.
func Time(d scenarios.Dist, u float64) int64 {
	return int64(max(0, d.Quantile(u))/1000+0.5) * 1000
}

// Count is the quantile of a distribution of counts at u in (0, 1), rounded,
// from 0 to 10^9.
func Count(d scenarios.Dist, u float64) int {
	return int(min(max(0, d.Quantile(u)+0.5), 1e9))
}
