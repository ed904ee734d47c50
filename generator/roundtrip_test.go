package generator

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/scenarios"
)

func planned(t fataler, c *Corpus, codec *identity.Codec, seq uint64, at int64) [][]plainSpan {
	var plain [][]plainSpan
	for i := range c.Chunks(nil, seq) {
		tree, err := c.Tree(seq, i)
		if err != nil {
			t.Fatalf("%v", err)
		}
		plain = append(plain, plainTree(c, codec, tree, at))
	}
	return plain
}

func plainTree(c *Corpus, codec *identity.Codec, tree *Tree, at int64) []plainSpan {
	tree.Stamp(codec, at)
	var spans []plainSpan
	for _, s := range tree.Spans {
		failed := int32(0)
		if s.Error {
			failed = 1
		}
		spans = append(spans, plainSpan{
			s.Service, s.Name, s.Resource, s.Type, s.TraceID, s.SpanID, s.ParentID,
			s.StartUnixNS, int64(s.Duration), failed, s.Meta, s.Metrics, s.Links, s.Events, s.MetaStruct,
		})
		if api := c.scenario.API; api == scenarios.V03 || api == scenarios.V05 {
			asTags(&spans[len(spans)-1])
		}
		if c.scenario.API == scenarios.V10 { // has one attribute of a name, and that is the metric
			for key := range s.Metrics {
				delete(s.Meta, key)
			}
		}
	}
	return spans
}

// testPools is enough spans for the laws, and compiles in no time.
const testPools = 1 << 12

func compileOrFatal(t testing.TB, s *scenarios.Scenario) *Corpus {
	t.Helper()
	c, err := compile(s, testPools)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func encodingsOf(api scenarios.API) []scenarios.Encoding {
	if api.TakesJSON() {
		return []scenarios.Encoding{scenarios.Msgpack, scenarios.JSON}
	}
	return []scenarios.Encoding{scenarios.Msgpack}
}

// What Datadog's own decoders read from a body is what the tree says, field by field.
func TestBodyIsTheTree(t *testing.T) {
	for _, api := range scenarios.APIs() {
		for _, encoding := range encodingsOf(api) {
			t.Run(string(api)+" "+string(encoding), func(t *testing.T) {
				t.Parallel()
				s := shop()
				withExtras(s)
				s.API, s.Encoding = api, encoding
				s.TracesPerRequest = scenarios.Dist{Kind: scenarios.UniformInt, A: 1, B: 8}
				c := compileOrFatal(t, s)
				key := identity.Key{1, 2, 3}
				composer, codec := c.Composer(key), identity.New(key, c.Layout())
				rapid.Check(t, func(t *rapid.T) {
					seq := rapid.Uint64Range(0, c.Layout().MaxSeq()-1).Draw(t, "seq")
					at := rapid.Int64Range(0, 1<<62).Draw(t, "at")
					body := composer.Append([]byte("before"), seq, at)
					if string(body[:6]) != "before" {
						t.Fatalf("Append overwrote what was there: %q", body[:6])
					}
					got, want := readBack(t, c, body[6:]), planned(t, c, codec, seq, at)
					if diff := difference(want, got); diff != "" {
						t.Fatalf("request %d (-planned +decoded):\n%s", seq, diff)
					}
					compareChunks(t, c, codec, seq, got, composer.Traces(seq))
				})
			})
		}
	}
}

func compareChunks(t fataler, c *Corpus, codec *identity.Codec, seq uint64, got [][]plainSpan, traces int) {
	chunks := c.Chunks(nil, seq)
	if len(chunks) != len(got) || traces != len(got) {
		t.Fatalf("request %d: %d chunks, %d traces, and %d in its body", seq, len(chunks), traces, len(got))
	}
	for i, spans := range got {
		ordinal, n, ok := codec.Trace(spans[0].TraceID)
		value, has := spans[0].Metrics["_sampling_priority_v1"]
		sentChunk := ledger.Chunk{
			Ordinal: ordinal, Shape: chunks[i].Shape, Fault: ledger.NoFault, Spans: int32(len(spans)),
			Priority: int8(value), HasPriority: has,
		}
		if !has {
			sentChunk.Priority = chunks[i].Priority
		}
		if diff := cmp.Diff(chunks[i], sentChunk); !ok || n != len(spans) || diff != "" {
			t.Fatalf("chunk %d of request %d (-Chunks +sent), its id says %d spans, ok=%v:\n%s", i, seq, n, ok, diff)
		}
		for k, s := range spans {
			if o, index, ok := codec.Span(s.SpanID); !ok || o != ordinal || index != k {
				t.Fatalf("span %d of chunk %d: its id says %d of %d, ok=%v", k, i, index, o, ok)
			}
		}
	}
}

func TestProbe(t *testing.T) {
	for _, api := range scenarios.APIs() {
		for _, encoding := range encodingsOf(api) {
			testProbe(t, api, encoding)
		}
	}
}

func testProbe(t *testing.T, api scenarios.API, encoding scenarios.Encoding) {
	t.Run(string(api)+" "+string(encoding), func(t *testing.T) {
		s := shop()
		s.API, s.Encoding = api, encoding
		c := compileOrFatal(t, s)
		key := identity.Key{9}
		got := readBack(t, c, c.Composer(key).Probe(3, someTime))
		if len(got) != 1 || len(got[0]) != 1 {
			t.Fatalf("the probe holds %d traces, the first of %d spans", len(got), len(got[0]))
		}
		span := got[0][0]
		ordinal, _, ok := identity.New(key, c.Layout()).Trace(span.TraceID)
		if !ok || ordinal != c.Layout().Probe(3) || span.Metrics["_sampling_priority_v1"] != 1 {
			t.Errorf("the probe is %+v, ordinal %d", span, ordinal)
		}
		if end := span.Start + span.Duration; end != someTime {
			t.Errorf("the probe ends at %d, want %d", end, someTime)
		}
	})
}

// anyScenario draws scenarios with unlikely words, all encodings and every kind of tag.
func anyScenario(t *rapid.T) *scenarios.Scenario {
	word := rapid.StringN(1, 20, 60)
	s := &scenarios.Scenario{
		Name: "any", Seed: rapid.Uint64().Draw(t, "seed"),
		API:              rapid.SampledFrom(scenarios.APIs()).Draw(t, "api"),
		TracesPerRequest: scenarios.Dist{Kind: scenarios.UniformInt, A: 1, B: rapid.Float64Range(1, 40).Draw(t, "traces")},
		Clients: scenarios.Clients{
			Count: rapid.IntRange(1, 9).Draw(t, "clients"), Containers: 1,
			Languages: map[string]float64{"go": 1, "java": 1, "python": 1, "nodejs": 1, "ruby": 1, "dotnet": 1, "php": 1},
		},
		Services: map[string]*scenarios.Service{},
	}
	s.Encoding = rapid.SampledFrom(encodingsOf(s.API)).Draw(t, "encoding")
	const services = 4
	for i := range services {
		o := &scenarios.Operation{
			Name: word.Draw(t, "name"), Resource: scenarios.Resource{Values: rapid.SliceOfN(rapid.String(), 0, 3).Draw(t, "resources")},
			Type:      rapid.SampledFrom([]string{"", "web", "http", "rpc", "db", "cache", "mongodb", "queue", "custom"}).Draw(t, "type"),
			Duration:  ms(1, 20),
			ErrorRate: scenarios.Share(rapid.SampledFrom([]float64{0, 0.5}).Draw(t, "error rate")),
			Tags: map[string]scenarios.Tag{
				word.Draw(t, "key"): {Values: rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "values")},
				word.Draw(t, "key"): {ByOutcome: true},
				word.Draw(t, "key"): {Cardinality: rapid.Uint64Range(1, 1e9).Draw(t, "cardinality"), Skew: scenarios.Zipf},
				"http.status_code":  {ByOutcome: true},
			},
			Metrics: map[string]scenarios.Dist{word.Draw(t, "metric"): numbers(3, 300, 0), "_sampling_priority_v1": constant(7)},
		}
		if rapid.Bool().Draw(t, "extras") {
			o.Links, o.Events = 0.5, &scenarios.Events{Count: scenarios.Dist{Kind: scenarios.UniformInt, B: 3}, Exception: true}
			o.MetaStruct = map[string]scenarios.Size{"struct " + word.Draw(t, "struct"): scenarios.Size(rapid.IntRange(scenarios.MinStruct, 3000).Draw(t, "size"))}
		}
		for callee := i + 1; callee < services; callee++ {
			if rapid.Bool().Draw(t, "calls") {
				c := to(fmt.Sprintf("s%d.o", callee))
				c.Async, c.Retries = rapid.Bool().Draw(t, "async"), rapid.IntRange(0, 2).Draw(t, "retries")
				o.Calls = append(o.Calls, c)
			}
		}
		s.Services[fmt.Sprintf("s%d", i)] = &scenarios.Service{App: word.Draw(t, "app"), Type: "web", Operations: map[string]*scenarios.Operation{"o": o}}
	}
	priorities := map[string]scenarios.Share{}
	for _, p := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"-1", "0", "1", "2", "-127", "none"}), 1, 4, rapid.ID).Draw(t, "priorities") {
		priorities[p] = 1
	}
	s.Shapes = []scenarios.Shape{{Name: "entry", Weight: 2, Entry: "s0.o", Priority: priorities}, tail(1)}
	if rapid.Bool().Draw(t, "late") {
		s.Shapes[1].Late = &scenarios.Late{Share: 0.5, By: ms(30_000, 600_000)}
	}
	return s
}

func TestAnyScenarioRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := compile(anyScenario(t), 64)
		if err != nil {
			t.Fatal(err)
		}
		key := identity.Key{1}
		composer, codec := c.Composer(key), identity.New(key, c.Layout())
		for seq := range uint64(3) {
			got, want := readBack(t, c, composer.Append(nil, seq, someTime)), planned(t, c, codec, seq, someTime)
			if diff := difference(want, got); diff != "" {
				t.Fatalf("request %d (-planned +decoded):\n%s", seq, diff)
			}
			compareChunks(t, c, codec, seq, got, composer.Traces(seq))
		}
	})
}
