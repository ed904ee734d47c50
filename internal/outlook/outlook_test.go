package outlook

import (
	"encoding/json"
	"math"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/scenarios"
)

func look(t *testing.T, s *scenarios.Scenario, traces, requests int) *Outlook {
	t.Helper()
	c, err := generator.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	o, err := Of(s, c, traces, requests)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func load(t *testing.T, name string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Load(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parse(t *testing.T, text string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Parse("test.yaml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A scenario whose every trace is known by heart.
const known = `
corpus: {spans: 4000}
services:
  web:
    operations:
      page: {name: http.request, resource: GET /, duration: 1ms, calls: [{to: db.read, repeat: 3}, {parallel: [cache.get, {to: pay.charge, repeat: 2}]}]}
  pay:
    type: rpc
    operations:
      charge: {name: grpc.server, resource: /Pay/Charge, duration: 2ms, error_rate: 100%, calls: [db.read], tags: {user.id: {cardinality: 7}}}
  cache: {type: redis, operations: {get: {name: redis.command, resource: GET, duration: 1ms}}}
  db: {type: sql, operations: {read: {name: mysql.query, resource: SELECT, duration: 5ms}}}
shapes: [{name: page, entry: web.page}]
traces_per_request: 4
load: [{rate: 1/s, for: 1s}]
`

func TestFiguresOfAKnownTrace(t *testing.T) {
	// web ─ db ×3, cache, pay ×2, and each pay ─ db: 9 spans, 8 calls. Edges: web→db 3,
	// web→cache 1, web→pay 2, pay→db 2.
	s := parse(t, known)
	for _, traces := range []int{0, 100} {
		o := look(t, s, traces, 3)
		same := func(n float64) Distribution { return Distribution{n, n, n, n, n} }
		tr := o.Traces
		for what, pair := range map[string][2]Distribution{
			"spans": {tr.Spans, same(9)}, "depth": {tr.DepthLevels, same(3)}, "services": {tr.Services, same(4)},
			"duration": {tr.DurationNS, same(23e6)}, "edges": {tr.Edges.PerTrace, same(4)},
			"calls per edge":   {tr.Edges.CallsPerEdge, {2, 2, 3, 3, 3}},
			"fan-out":          {tr.FanOut, {5.0 / 3, 1, 3, 3, 3}},
			"calls per caller": {tr.CallsPerCaller, {8.0 / 3, 1, 6, 6, 6}},
			"traces":           {o.Payloads.Traces, same(4)}, "spans of a payload": {o.Payloads.Spans, same(36)},
			"calls per tree shape": {o.Variety.CallsPerTreeShape, same(8)},
		} {
			if got, want := pair[0], pair[1]; math.Abs(got.Mean-want.Mean) > 1e-6*want.Mean || got.P50 != want.P50 || got.P90 != want.P90 || got.P99 != want.P99 || got.Max != want.Max {
				t.Errorf("%s of %d traces: %+v, want %+v", what, traces, got, want)
			}
		}
		for what, pair := range map[string][2]float64{
			"once": {tr.Edges.OnceShare, 0.25}, "twice": {tr.Edges.TwiceShare, 0.5}, "3 to 9": {tr.Edges.ThreeToNineShare, 0.25},
			"10 or more": {tr.Edges.TenOrMoreShare, 0}, "repeated": {tr.Edges.RepeatedShare, 0.75},
			"failed traces": {tr.FailedShare, 1}, "failed spans": {tr.FailedSpanShare, 3.0 / 9}, // both charges and the page
			"db": {o.Services[0].SpanShare, 5.0 / 9}, "tree shapes": {float64(o.Variety.TreeShapes), 1},
			"operations": {float64(o.Variety.Operations), 4}, "resources": {float64(o.Variety.Resources), 4},
			"user.id": {float64(o.Variety.Tags[0].DistinctValues), 7}, "user.id's traces": {o.Variety.Tags[0].TraceShare, 1},
			"sql of spans": {tr.SpanTypes[0].Share, 5.0 / 9}, "sql of calls": {tr.CallTypes[0].Share, 5.0 / 8},
		} {
			if math.Abs(pair[0]-pair[1]) > 1e-9 {
				t.Errorf("%s of %d traces: %v, want %v", what, traces, pair[0], pair[1])
			}
		}
		if o.Services[0].Service != "db" || tr.SpanTypes[0].Type != "sql" {
			t.Errorf("the most spans are said to be of %s, %s", o.Services[0].Service, tr.SpanTypes[0].Type)
		}
		if d := o.Services[0].DurationNS; d != same(5e6) {
			t.Errorf("durations of db: %+v", d)
		}
	}
}

// Law: a weight of n is n times the value.
func TestDistributionIsThatOfRepetitions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var weighed values
		var plain []float64
		for range rapid.IntRange(1, 40).Draw(t, "values") {
			x, n := float64(rapid.IntRange(0, 20).Draw(t, "value")), rapid.IntRange(0, 9).Draw(t, "weight")
			weighed.add(x, float64(n)/3)
			plain = append(plain, slices.Repeat([]float64{x}, n)...)
		}
		got := weighed.sum()
		if len(plain) == 0 {
			if got != (Distribution{}) {
				t.Fatalf("nothing sums up to %+v", got)
			}
			return
		}
		slices.Sort(plain)
		quantile := func(per100 int) float64 { return plain[(len(plain)*per100+99)/100-1] }
		want := Distribution{P50: quantile(50), P90: quantile(90), P99: quantile(99), Max: plain[len(plain)-1]}
		for _, x := range plain {
			want.Mean += x / float64(len(plain))
		}
		if math.Abs(got.Mean-want.Mean) > 1e-9 {
			t.Fatalf("mean %v, want %v", got.Mean, want.Mean)
		}
		if want.Mean = got.Mean; got != want {
			t.Fatalf("%+v, want %+v", got, want)
		}
	})
}

// Names in the JSON are a contract; twice the same corpus gives the same bytes.
func TestJSONIsStable(t *testing.T) {
	s := load(t, "web-shop")
	one, err := json.MarshalIndent(look(t, s, 0, 50), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	other, err := json.MarshalIndent(look(t, s, 0, 50), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	if string(one) != string(other) {
		t.Error("the same scenario gives other JSON")
	}
	var plain map[string]any
	if err := json.Unmarshal(one, &plain); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"scenario", "fingerprint", "sampled_traces", "traces.spans.p99", "traces.depth_levels.max", "traces.fan_out.p50",
		"traces.edges.once_share", "traces.edges.ten_or_more_share", "traces.failed_span_share", "traces.chunk_bytes.mean",
		"payloads.bytes.max", "payloads.limit_bytes", "variety.templates", "variety.memory_bytes", "variety.tree_shapes",
		"variety.calls_per_tree_shape.p99", "worst_case.payload_bytes.value", "worst_case.limit_bytes",
	} {
		at := any(plain)
		for key := range strings.SplitSeq(path, ".") {
			in, ok := at.(map[string]any)
			if at, ok = in[key], ok && in[key] != nil; !ok {
				t.Errorf("the JSON has no %s", path)
				break
			}
		}
	}
}

func TestLimitsAreWarnedOf(t *testing.T) {
	s := parse(t, known)
	s.Services["db"].Operations["read"].Tags = map[string]scenarios.Tag{"query": {Values: []string{strings.Repeat("x", 30_000)}}}
	o := look(t, s, 0, 3)
	if len(o.Warnings) != 1 || o.Warnings[0].Kind != "over_limit" || !strings.Contains(o.Warnings[0].Text, "a meta value of 30,000 bytes") {
		t.Errorf("warnings are %+v", o.Warnings)
	}
}

// docs/preview.md names every key.
func TestEveryKeyIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/preview.md")
	if err != nil {
		t.Fatal(err)
	}
	var visit func(typ reflect.Type)
	visit = func(typ reflect.Type) {
		for typ.Kind() == reflect.Slice {
			typ = typ.Elem()
		}
		if typ.Kind() != reflect.Struct {
			return
		}
		for field := range typ.Fields() {
			key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if !regexp.MustCompile(`[^a-z0-9_]` + key + `[^a-z0-9_]`).Match(page) {
				t.Errorf("docs/preview.md does not name %s of %s", key, typ.Name())
			}
			visit(field.Type)
		}
	}
	visit(reflect.TypeFor[Outlook]())
}
