package trees

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/scenarios"
)

func newTail(t interface{ Fatal(...any) }, figure scenarios.Statistical, n int) *statistical {
	c, err := NewCatalogue(&scenarios.Scenario{Seed: 1}, Reserved{})
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := newStatistical(c, &scenarios.Shape{Name: "tail", Statistical: &figure}, n)
	if err != nil {
		t.Fatal(err)
	}
	return drawn
}

func TestStatisticalTreesAreAsPlanned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		figure := scenarios.Statistical{
			Spans:         scenarios.Dist{Kind: scenarios.UniformInt, A: 1, B: rapid.Float64Range(1, 300).Draw(t, "spans")},
			Depth:         scenarios.Dist{Kind: scenarios.UniformInt, A: 1, B: rapid.Float64Range(1, 20).Draw(t, "depth")},
			Services:      rapid.IntRange(0, 30).Draw(t, "services"),
			RepeatedEdges: scenarios.Share(rapid.Float64Range(0, 1).Draw(t, "repeated edges")),
			Duration:      ms(2, 80),
		}
		kinds := 1
		if rapid.Bool().Draw(t, "figures") {
			figure.Types = scenarios.Mix{"memcached": 0.4, "http": 0.3, "grpc": 0.2, "mongodb": 0.1}
			figure.CallsPerEdge = scenarios.Mix{"1": 0.8, "2..5": 0.2}
			kinds = len(figure.Types) // each has a service at least
		}
		const n = 20
		drawn := newTail(t, figure, n)
		i := rapid.IntRange(0, n-1).Draw(t, "tree")
		nodes := drawn.grow(nil, i, &stream{rapid.Uint64().Draw(t, "seed")})
		if len(nodes) != drawn.spans[i] {
			t.Fatalf("%d spans, planned %d", len(nodes), drawn.spans[i])
		}
		depth, levels := make([]int, len(nodes)), 0
		services := map[string]bool{}
		for k, node := range nodes {
			depth[k] = 1
			if k > 0 {
				p := nodes[node.parent]
				depth[k] = depth[node.parent] + 1
				if node.parent >= k || node.start < p.start || node.start+node.duration > p.start+p.duration {
					t.Fatalf("span %d is not inside its parent: %+v in %+v", k, node, p)
				}
				if c := p.op.class; c != web && c != rpc {
					t.Fatalf("span %d is called by a %s", k, p.op.typ)
				}
			}
			levels = max(levels, depth[k])
			services[node.op.service.name] = true
		}
		if levels != drawn.depths[i] {
			t.Errorf("%d levels, planned %d", levels, drawn.depths[i])
		}
		if most := max(kinds, figure.Services); len(services) > most {
			t.Errorf("%d services, at most %d", len(services), most)
		}
	})
}

// All trees together have the figures of the scenario.
func TestStatisticalFiguresAreRealised(t *testing.T) {
	figure := scenarios.Statistical{
		Spans: numbers(6, 200, 800), Depth: numbers(3, 9, 9), Services: 20,
		RepeatedEdges: 0.2, Duration: ms(2, 80), ErrorRate: 0.03,
	}
	const n = 1000
	drawn := newTail(t, figure, n)
	var nodes []node
	var spans, depths []float64
	edges, repeated, failed, all := 0, 0, 0, 0
	for i := range n {
		nodes = drawn.grow(nodes, i, &stream{uint64(i)})
		count := map[[2]*operation]int{}
		depth, levels := make([]int, len(nodes)), 0
		for k := range nodes {
			depth[k] = 1
			if k > 0 {
				depth[k] += depth[nodes[k].parent]
				count[[2]*operation{nodes[nodes[k].parent].op, nodes[k].op}]++
			}
			levels = max(levels, depth[k])
			if nodes[k].failed {
				failed++
			}
		}
		for _, times := range count {
			edges++
			if times > 1 {
				repeated++
			}
		}
		all += len(nodes)
		spans, depths = append(spans, float64(len(nodes))), append(depths, float64(levels))
	}
	slices.Sort(spans)
	slices.Sort(depths)
	for _, u := range []float64{0.1, 0.5, 0.9, 0.99} {
		if got, want := spans[int(u*n)], figure.Spans.Quantile(u); math.Abs(got-want) > 1+want/20 {
			t.Errorf("p%v of spans is %v, want %v", u*100, got, want)
		}
		// A trace has no more levels than spans, which a few small ones feel.
		if got, want := depths[int(u*n)], figure.Depth.Quantile(u); math.Abs(got-want) > 1 {
			t.Errorf("p%v of depth is %v, want %v", u*100, got, want)
		}
	}
	if got := float64(repeated) / float64(edges); math.Abs(got-0.2) > 0.03 {
		t.Errorf("%.3f of %d edges are repeated, want 0.2", got, edges)
	}
	if got := float64(failed) / float64(all); math.Abs(got-0.03) > 0.005 {
		t.Errorf("%.4f of %d spans failed, want 0.03", got, all)
	}
}

func TestStatisticalTraceTooLarge(t *testing.T) {
	c, err := NewCatalogue(&scenarios.Scenario{Seed: 1}, Reserved{})
	if err != nil {
		t.Fatal(err)
	}
	src, err := c.Source(&scenarios.Shape{Name: "huge", Statistical: &scenarios.Statistical{
		Spans: constant(1e6), Depth: constant(3), Duration: ms(1, 2),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := src.Prepare(10); err == nil || !strings.Contains(err.Error(), "lower statistical.spans") {
		t.Errorf("a million spans: error is %v", err)
	}
}

// Spans look as tracers name them: types, names, systems, whatever the mix.
func TestMadeUpTypesAreWhatTracersSend(t *testing.T) {
	systems := map[string]string{
		"sql": "postgresql", "db": "postgresql", "cache": "redis", "redis": "redis", "memcached": "memcached", "mongodb": "mongodb",
		"cassandra": "cassandra", "elasticsearch": "elasticsearch", "dynamodb": "dynamodb",
	}
	for _, typ := range scenarios.SpanTypes() {
		c, err := NewCatalogue(&scenarios.Scenario{Seed: 1}, Reserved{})
		if err != nil {
			t.Fatal(err)
		}
		src, err := c.Source(&scenarios.Shape{Name: typ, Statistical: &scenarios.Statistical{
			Spans: constant(12), Depth: constant(2), Services: 5, Duration: ms(1, 2), Types: scenarios.Mix{typ: 1},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if err := src.Prepare(3); err != nil {
			t.Fatal(err)
		}
		spans, err := NewDresser(c).Spans(src, 1)
		if err != nil {
			t.Fatal(err)
		}
		for k, s := range spans {
			if k > 0 && s.Type != typ {
				t.Errorf("a %s among calls of type %s", s.Type, typ)
			}
			i := slices.IndexFunc(s.Meta, func(tag Tag) bool { return tag.Key == "db.system" })
			switch want := systems[s.Type]; {
			case want == "" && i >= 0:
				t.Errorf("a span of type %s has db.system %s", s.Type, s.Meta[i].Value)
			case want != "" && (i < 0 || s.Meta[i].Value != want || s.Service == spans[0].Service):
				t.Errorf("a span of type %s of service %s lacks db.system %s", s.Type, s.Service, want)
			}
			if s.Name == "" || s.Resource == "" {
				t.Errorf("a span of type %s is called %q, %q", s.Type, s.Name, s.Resource)
			}
		}
	}
}
