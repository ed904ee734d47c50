package trees

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/scenarios"
)

// sure is an operation in which nothing is left to chance, with calls of every
// kind. Names say where it stands.
func sure(t *rapid.T, name string, depth int) *operation {
	o := op(name, float64(rapid.IntRange(1, 9).Draw(t, "work")))
	o.kind = server
	o.errorRate = float64(rapid.IntRange(0, 4).Draw(t, "fails") / 4)
	if depth == 0 {
		return o
	}
	named := func(i int) string { return fmt.Sprintf("%s%d", name, i) }
	n := 0
	one := func() call {
		n++
		return call{
			to: sure(t, named(n), depth-1), probability: 1,
			repeat:      constant(float64(rapid.IntRange(1, 2).Draw(t, "repeat"))),
			retries:     rapid.IntRange(0, 1).Draw(t, "retries"),
			propagation: float64(rapid.IntRange(0, 1).Draw(t, "propagation")),
			timeout:     rapid.SampledFrom([]int64{0, 0, 3 * msec, 20 * msec}).Draw(t, "timeout"),
			when:        rapid.SampledFrom([]scenarios.When{"", "", scenarios.OnOK, scenarios.OnError}).Draw(t, "when"),
			recovers:    float64(rapid.IntRange(0, 1).Draw(t, "recovers")),
		}
	}
	branching := func() call {
		c := one()
		if c.when != scenarios.OnError {
			c.recovers = 0
		}
		if rapid.IntRange(0, 2).Draw(t, "cached") == 0 {
			c.hitRate, c.onMiss = float64(rapid.IntRange(0, 1).Draw(t, "hit")), []call{one(), one()}
			for i := range c.onMiss { // what these do is in TestBranches
				c.onMiss[i].when, c.onMiss[i].recovers = "", 0
			}
		}
		return c
	}
	for range rapid.IntRange(0, 3).Draw(t, "steps") {
		if rapid.IntRange(0, 3).Draw(t, "parallel") == 0 {
			o.calls = append(o.calls, call{parallel: []call{branching(), branching()}})
		} else {
			o.calls = append(o.calls, branching())
		}
	}
	return o
}

// outcome is what the documentation of calls makes of something: how long it is
// waited for, whether something in it failed and whether that is the caller's
// failure, whether it made good what was before, and which spans there are.
type outcome struct {
	ns             int64
	failed, blamed bool
	madeGood       bool
	spans          []string
}

// then is one outcome after another.
func (o outcome) then(next outcome) outcome {
	return outcome{o.ns + next.ns, o.failed || next.failed, o.blamed || next.blamed, o.madeGood || next.madeGood, append(o.spans, next.spans...)}
}

// beside is one outcome beside another.
func (o outcome) beside(other outcome) outcome {
	longest := max(o.ns, other.ns)
	o = o.then(other)
	o.ns = longest
	return o
}

func predict(o *operation) outcome {
	out := outcome{ns: int64(o.duration.A), spans: []string{o.name}}
	for i := range o.calls {
		members := o.calls[i].parallel
		if members == nil {
			members = o.calls[i : i+1]
		}
		var step outcome
		for k := range members {
			step = step.beside(predictCall(&members[k], out.failed, o.calls[i].parallel != nil))
		}
		if step.madeGood {
			out.failed, out.blamed = false, false
		}
		out = out.then(step)
	}
	out.failed = out.blamed || o.errorRate == 1
	return out
}

// predictCall predicts a call, given whether one before its step has failed.
func predictCall(c *call, failedBefore, parallel bool) (out outcome) {
	if c.when == scenarios.OnOK && failedBefore || c.when == scenarios.OnError && !failedBefore {
		return out
	}
	for range int(c.repeat.A) {
		one := outcome{failed: true}
		for try := 0; one.failed && try <= c.retries; try++ {
			to := predict(c.to)
			if c.timeout > 0 && to.ns > c.timeout {
				to.ns, to.failed = c.timeout, true
			}
			one = outcome{ns: one.ns + to.ns, failed: to.failed, spans: append(one.spans, to.spans...)}
		}
		one.blamed = one.failed && c.propagation == 1
		if c.onMiss != nil && (one.failed || c.hitRate == 0) {
			for i := range c.onMiss {
				one = one.then(predictCall(&c.onMiss[i], false, false))
			}
		}
		if parallel {
			out = out.beside(one)
		} else {
			out = out.then(one)
		}
	}
	out.madeGood = c.recovers == 1 && !out.failed
	return out
}

// Where nothing is left to chance, a tree is what the documentation says: who is
// called, how long it is waited for, what fails.
func TestTreesAreAsDocumented(t *testing.T) {
	failures, timeouts, healed := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		root := sure(t, "o", 2)
		nodes, err := grow(nil, root, &stream{rapid.Uint64().Draw(t, "seed")})
		if err != nil {
			t.Fatal(err)
		}
		want := predict(root)
		var names []string
		for _, n := range nodes {
			names = append(names, n.op.name)
			if n.patience > 0 {
				timeouts++
			}
		}
		if got, want := strings.Join(names, " "), strings.Join(want.spans, " "); got != want {
			t.Fatalf("spans\n%s, want\n%s", got, want)
		}
		if nodes[0].duration != want.ns || nodes[0].failed != want.failed {
			t.Fatalf("the root lasts %d ns, want %d; failed: %v, want %v", nodes[0].duration, want.ns, nodes[0].failed, want.failed)
		}
		if want.failed {
			failures++
		} else if len(nodes) > 1 {
			healed++
		}
	})
	if failures == 0 || timeouts == 0 || healed == 0 {
		t.Errorf("%d failed, %d timed out, %d succeeded: the law saw too little", failures, timeouts, healed)
	}
}
