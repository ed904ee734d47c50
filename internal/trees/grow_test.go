package trees

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/scenarios"
)

const msec = int64(time.Millisecond)

// op makes an operation of constant own work.
func op(name string, workMS float64, calls ...call) *operation {
	return &operation{
		service: &service{name: name}, name: name,
		duration: scenarios.Dist{A: workMS * 1e6, Time: true}, calls: calls,
	}
}

func failing(o *operation, rate float64) *operation {
	o.errorRate = rate
	return o
}

func calling(o *operation) call {
	return call{to: o, probability: 1, repeat: constant(1), propagation: 1}
}

func with(c call, change func(*call)) call {
	change(&c)
	return c
}

// picture writes a tree a line per node: depth, name, from–to in ms, ! if failed.
func picture(nodes []node) []string {
	var lines []string
	depth := make([]int, len(nodes))
	for k, n := range nodes {
		if n.parent >= 0 {
			depth[k] = depth[n.parent] + 1
		}
		mark := ""
		if n.failed {
			mark = " !"
		}
		if n.failed && n.cause >= 0 {
			mark += nodes[n.cause].op.name
		}
		lines = append(lines, fmt.Sprintf("%s%s %d ms%s", strings.Repeat("  ", depth[k]), n.op.name, n.duration/msec, mark))
	}
	return lines
}

func TestGrow(t *testing.T) {
	leaf := func(name string, ms float64) *operation { return op(name, ms) }
	broken := func(name string, ms float64) *operation { return failing(op(name, ms), 1) }
	for _, tt := range []struct {
		name string
		root *operation
		want []string
	}{
		{"a root alone", leaf("a", 3), []string{"a 3 ms"}},
		{
			"a span lasts its work and what it waits for",
			op("a", 10, calling(leaf("b", 3)), call{parallel: []call{calling(leaf("c", 5)), calling(leaf("d", 2))}}),
			[]string{"a 18 ms", "  b 3 ms", "  c 5 ms", "  d 2 ms"},
		},
		{
			"async calls are not waited for, and their errors do not rise",
			op("a", 4, with(calling(broken("b", 100)), func(c *call) { c.async = true })),
			[]string{"a 4 ms", "  b 100 ms !"},
		},
		{
			"async calls in parallel are not waited for either",
			op("a", 4, call{parallel: []call{calling(leaf("b", 7)), with(calling(leaf("c", 100)), func(c *call) { c.async = true })}}),
			[]string{"a 11 ms", "  b 7 ms", "  c 100 ms"},
		},
		{
			"repeated calls follow each other",
			op("a", 1, with(calling(leaf("b", 2)), func(c *call) { c.repeat = constant(3) })),
			[]string{"a 7 ms", "  b 2 ms", "  b 2 ms", "  b 2 ms"},
		},
		{
			"in parallel they do not",
			op("a", 1, call{parallel: []call{with(calling(leaf("b", 2)), func(c *call) { c.repeat = constant(3) })}}),
			[]string{"a 3 ms", "  b 2 ms", "  b 2 ms", "  b 2 ms"},
		},
		{
			"errors are tried again, and rise when tries are used up",
			op("a", 1, with(calling(broken("b", 2)), func(c *call) { c.retries = 2 })),
			[]string{"a 7 ms !b", "  b 2 ms !", "  b 2 ms !", "  b 2 ms !"},
		},
		{
			"errors rise from leaf to root",
			op("a", 1, calling(op("b", 1, calling(broken("c", 1))))),
			[]string{"a 3 ms !b", "  b 2 ms !c", "    c 1 ms !"},
		},
		{
			"but not where they do not propagate",
			op("a", 1, with(calling(broken("b", 1)), func(c *call) { c.propagation = 0 })),
			[]string{"a 2 ms", "  b 1 ms !"},
		},
		{
			"an error does not stop what follows",
			op("a", 1, calling(broken("b", 1)), calling(leaf("c", 1))),
			[]string{"a 3 ms !b", "  b 1 ms !", "  c 1 ms"},
		},
		{
			"an own error is its own",
			failing(op("a", 1, calling(broken("b", 1))), 1),
			[]string{"a 2 ms !", "  b 1 ms !"},
		},
		{
			"improbable calls are not made",
			op("a", 1, with(calling(leaf("b", 1)), func(c *call) { c.probability = 0 })),
			[]string{"a 1 ms"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			nodes, err := grow(nil, tt.root, &stream{1})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, picture(nodes)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestGrowIsBounded(t *testing.T) {
	many := func(o *operation) call {
		return with(calling(o), func(c *call) { c.repeat = constant(1e6) })
	}
	_, err := grow(nil, op("a", 1, many(op("b", 1, many(op("c", 1, many(op("d", 1))))))), &stream{1})
	if err == nil || !strings.Contains(err.Error(), "lower repeat") {
		t.Errorf("10^18 spans: error is %v", err)
	}
}

// anyOperation is a tree of operations with every kind of call.
func anyOperation(t *rapid.T, depth int) *operation {
	o := &operation{
		service:   &service{name: "s"},
		name:      "o",
		duration:  ms(rapid.Float64Range(0.001, 10).Draw(t, "p50"), 20),
		errorRate: rapid.SampledFrom([]float64{0, 0.3, 1}).Draw(t, "error rate"),
		kind:      rapid.SampledFrom([]string{server, client}).Draw(t, "kind"),
	}
	if depth == 0 {
		return o
	}
	one := func() call {
		return call{
			to:          anyOperation(t, depth-1),
			probability: rapid.SampledFrom([]float64{0.5, 1}).Draw(t, "probability"),
			repeat:      scenarios.Dist{Kind: scenarios.UniformInt, A: 0, B: 3},
			retries:     rapid.IntRange(0, 2).Draw(t, "retries"),
			async:       rapid.Bool().Draw(t, "async"),
			propagation: rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "propagation"),
			backoff:     rapid.SampledFrom([]int64{0, 1, 5 * msec}).Draw(t, "backoff"),
			when:        rapid.SampledFrom([]scenarios.When{"", "", scenarios.OnOK, scenarios.OnError}).Draw(t, "when"),
			recovers:    rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "recovers"),
		}
	}
	branching := func() call {
		c := one()
		switch {
		case c.async && rapid.Bool().Draw(t, "delayed"):
			d := ms(3, 30)
			c.delay = &d
		case !c.async:
			c.timeout = rapid.SampledFrom([]int64{0, 0, 1, 2 * msec}).Draw(t, "timeout")
			if rapid.IntRange(0, 3).Draw(t, "cached") == 0 {
				c.hitRate, c.onMiss = 0.5, []call{one()}
			}
		}
		return c
	}
	for range rapid.IntRange(0, 3).Draw(t, "steps") {
		if rapid.Bool().Draw(t, "parallel") {
			o.calls = append(o.calls, call{parallel: []call{branching(), branching()}})
		} else {
			o.calls = append(o.calls, branching())
		}
	}
	return o
}

func TestTreesAreConsistentInTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		root := anyOperation(t, 3)
		nodes, err := grow(nil, root, &stream{rapid.Uint64().Draw(t, "seed")})
		if err != nil {
			t.Skip(err)
		}
		for k, n := range nodes {
			if n.duration < 1 {
				t.Fatalf("span %d lasts %d ns", k, n.duration)
			}
			if k == 0 {
				if n.parent != -1 || n.start != 0 {
					t.Fatalf("the root is %+v", n)
				}
				continue
			}
			if n.parent < 0 || n.parent >= k {
				t.Fatalf("span %d has parent %d", k, n.parent)
			}
			p := nodes[n.parent]
			if n.start < p.start {
				t.Fatalf("span %d starts %d ns before its parent", k, p.start-n.start)
			}
			waited := n.duration
			if n.patience > 0 {
				if waited = n.patience; waited > n.duration || n.cut && (waited < n.duration || !n.failed) {
					t.Fatalf("span %d lasts %d ns, and its caller gave up after %d: %+v", k, n.duration, waited, n)
				}
			}
			if over := n.start + waited - p.start - p.duration; over > 0 && !n.async && !p.cut {
				t.Fatalf("span %d was waited for %d ns after the end of its parent", k, over)
			}
			if p.cut && n.start > p.start+p.duration && !n.async {
				t.Fatalf("span %d starts after its caller gave up", k)
			}
			if (n.queued > 0) && !n.async || n.start-n.queued < p.start {
				t.Fatalf("span %d waited %d ns in a queue: %+v", k, n.queued, n)
			}
		}
		for k, n := range nodes {
			if n.cause < 0 {
				continue
			}
			if c := nodes[n.cause]; !n.failed || c.parent != k || !c.failed && c.patience == 0 || c.async {
				t.Fatalf("span %d is blamed on %d: %+v", k, n.cause, c)
			}
		}
	})
}

// Steps that are waited for, one after the other, do not overlap; parallel ones do.
func TestStepsInTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaf := func(name string) *operation {
			o := op(name, 1)
			o.duration = ms(1, 20)
			return o
		}
		root := op("a", 5, calling(leaf("b")), calling(leaf("c")), call{parallel: []call{calling(leaf("d")), calling(leaf("e"))}})
		nodes, err := grow(nil, root, &stream{rapid.Uint64().Draw(t, "seed")})
		if err != nil {
			t.Fatal(err)
		}
		end := func(n node) int64 { return n.start + n.duration }
		b, c, d, e := nodes[1], nodes[2], nodes[3], nodes[4]
		if c.start < end(b) || d.start < end(c) || e.start < end(c) {
			t.Errorf("sequential calls overlap: %v", nodes)
		}
		if d.start >= end(e) || e.start >= end(d) {
			t.Errorf("parallel calls do not overlap: %v", nodes)
		}
	})
}
