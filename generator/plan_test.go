package generator

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/scenarios"
)

// within says that k of n is within five standard deviations of a binomial share p.
func within(k, n int, p float64) bool {
	return math.Abs(float64(k)-float64(n)*p) <= 5*math.Sqrt(float64(n)*p*(1-p))+1
}

// Shapes, priorities and numbers of chunks come out as the scenario says, and
// the means are what payloads really amount to.
func TestRequestsFollowTheScenario(t *testing.T) {
	s := shop()
	s.TracesPerRequest = scenarios.Dist{Kind: scenarios.UniformInt, A: 10, B: 30}
	c := compileOrFatal(t, s)
	composer := c.Composer([16]byte{1})
	const requests = 4000
	shape := make([]int, 3)
	priority := map[string]int{}
	var chunks []ledger.Chunk
	var body []byte
	traces, spans, size, squares := 0, 0, 0, 0.0
	for seq := range uint64(requests) {
		chunks = c.Chunks(chunks[:0], seq)
		traces += len(chunks)
		for _, k := range chunks {
			shape[k.Shape]++
			spans += int(k.Spans)
			squares += float64(k.Spans) * float64(k.Spans)
			if k.Shape != 0 {
				continue
			}
			switch {
			case !k.HasPriority:
				priority["none"]++
			default:
				priority[map[int8]string{-1: "-1", 1: "1", 2: "2"}[k.Priority]]++
			}
		}
		body = composer.Append(body[:0], seq, someTime)
		size += len(body)
	}
	for i, want := range []float64{0.6, 0.3, 0.1} {
		if !within(shape[i], traces, want) {
			t.Errorf("shape %d: %d of %d, want %v", i, shape[i], traces, want)
		}
	}
	for name, want := range s.Shapes[0].Priority {
		if !within(priority[name], shape[0], float64(want)) {
			t.Errorf("priority %s: %d of %d, want %v", name, priority[name], shape[0], want)
		}
	}
	m := c.Means()
	if m.Traces != 20 {
		t.Errorf("mean of 10..30 traces is %v", m.Traces)
	}
	// The mean of n draws is off by 5σ/√n at most; σ of a request from that of its chunks.
	deviation := math.Sqrt(squares/float64(traces)*20+36*50) / math.Sqrt(requests)
	if got := float64(spans) / requests; math.Abs(got-m.Spans) > 5*deviation {
		t.Errorf("%v spans a request, the mean says %v ± %v", got, m.Spans, deviation)
	}
	if got := float64(size) / requests; math.Abs(got-m.Bytes) > 5*deviation*m.Bytes/m.Spans {
		t.Errorf("%v bytes a request, the mean says %v", got, m.Bytes)
	}
}

// With one possible body size, the mean is exact.
func TestMeansAreExact(t *testing.T) {
	for _, encoding := range []scenarios.Encoding{scenarios.Msgpack, scenarios.JSON} {
		s := shop()
		s.Encoding = encoding
		s.TracesPerRequest = scenarios.Dist{Kind: scenarios.UniformInt, A: 14, B: 17} // msgpack's array grows at 16
		s.Shapes = s.Shapes[1:2]
		s.Shapes[0].Priority = map[string]scenarios.Share{"1": 0.5, "none": 0.5}
		c := compileOrFatal(t, s)
		// All templates of the shape, as they would be drawn.
		want, chunk := 0.0, 0.0
		for i := range c.templates {
			chunk += float64(c.templates[i].Size(true)+c.templates[i].Size(false)) / 2 / float64(len(c.templates))
		}
		for n := 14; n <= 17; n++ {
			frame := 3
			if encoding == scenarios.JSON {
				frame = 2 + n - 1
			} else if n < 16 {
				frame = 1
			}
			want += (float64(n)*chunk + float64(frame)) / 4
		}
		if got := c.Means().Bytes; math.Abs(got-want) > 1e-6*want {
			t.Errorf("%s: mean body is %v bytes, want %v", encoding, got, want)
		}
	}
}

func TestVariables(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cardinality := rapid.Uint64Range(1, 1e15).Draw(t, "cardinality")
		skew := rapid.SampledFrom([]scenarios.Skew{scenarios.Uniform, scenarios.Zipf}).Draw(t, "skew")
		v := newVariable(trees.Variable{Key: "k", Cardinality: cardinality, Skew: skew})
		h := rapid.Uint64().Draw(t, "hash")
		if r := v.ranks.Rank(h); r >= cardinality {
			t.Errorf("rank %d of %d", r, cardinality)
		}
		b := make([]byte, v.width())
		v.put(b, h)
		if b[0] != '1' {
			t.Errorf("value %q", b)
		}
	})
}

func TestVariablesFollowTheirSkew(t *testing.T) {
	const draws, n = 200_000, 50_000
	count := func(skew scenarios.Skew) []int {
		v := newVariable(trees.Variable{Key: "k", Cardinality: n, Skew: skew})
		ranks := make([]int, n)
		for i := range uint64(draws) {
			ranks[v.ranks.Rank(trees.Hash(1, i))]++
		}
		return ranks
	}
	distinct := func(ranks []int) (d int) {
		for _, k := range ranks {
			d += min(k, 1)
		}
		return d
	}
	uniform, zipf := count(scenarios.Uniform), count(scenarios.Zipf)
	if d := distinct(uniform); d < n*95/100 {
		t.Errorf("uniform: %d distinct values of %d in %d draws", d, n, draws)
	}
	harmonic := 0.0
	for r := range n {
		harmonic += 1 / float64(r+1)
	}
	for _, r := range []int{0, 1, 2, 5, 10} {
		want := draws / float64(r+1) / harmonic
		if got := float64(zipf[r]); math.Abs(got-want) > 0.15*want {
			t.Errorf("zipf: rank %d drawn %v times, want about %.0f", r, got, want)
		}
	}
	if d := distinct(zipf); d < n/5 || d > n*9/10 {
		t.Errorf("zipf: %d distinct values of %d in %d draws", d, n, draws)
	}
}
