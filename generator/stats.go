package generator

import (
	"cmp"
	"maps"
	"slices"

	"github.com/spanstorm/spanstorm/internal/limits"
	"github.com/spanstorm/spanstorm/internal/wire"
)

// Stats are the figures of a corpus: what a scenario amounts to, incidents aside. Figures of
// traces are those of the templates, each weighed by how likely it is drawn, so
// they are exact; figures of payloads are those of the first requests.
type Stats struct {
	Templates     int // in all pools
	TemplateBytes int // that they take in memory
	Traces        TraceStats
	ByShape       []ShapeStats
	Requests      int          // that the payload figures are of
	PayloadBytes  Distribution // size of a request's body
	PayloadTraces Distribution // traces in it
	Limits        []Longest
}

// TraceStats are figures of one trace.
type TraceStats struct {
	Spans       Distribution // spans in it
	Depth       Distribution // levels; a root alone is 1
	FanOut      Distribution // most children of one span
	Services    Distribution // distinct ones
	Bytes       Distribution // size of its chunk, encoded
	DurationNS  Distribution // from the root's start to the last end
	Failed      float64      // share of traces with a failed span
	FailedSpans float64      // share of spans that failed
	Types       []TypeShare  // the most frequent first
}

// ShapeStats are the figures of one shape.
type ShapeStats struct {
	Name      string
	Share     float64 // of traces
	Templates int
	Traces    TraceStats
}

// TypeShare is the share of spans of a type.
type TypeShare struct {
	Type  string
	Share float64
}

// Distribution sums up a distribution. Quantiles are values that occur.
type Distribution struct {
	Mean, P50, P90, P99, Max float64
}

// Longest compares the longest that a corpus sends of something with the limit
// of agents. Beyond it, an agent cuts, or refuses a payload.
type Longest struct {
	What    string
	Bytes   int
	Limit   int
	Example string // the beginning of the longest; empty for payloads
}

// Over says that the limit is exceeded.
func (l Longest) Over() bool { return l.Bytes > l.Limit }

// Stats works out the figures, those of payloads from the first n requests.
func (c *Corpus) Stats(n int) Stats {
	st := Stats{Templates: len(c.templates), Requests: n}
	for i := range c.templates {
		st.TemplateBytes += len(c.templates[i].Body)
	}
	if len(c.plan.shapes) == 0 {
		return st
	}
	shapeShares := shares(c.plan.alias)
	all := make([]sample, 0, len(c.templates))
	types := map[string]float64{}
	for i, p := range c.plan.shapes {
		share := shapeShares[i] / float64(p.n)
		own := make([]sample, 0, p.n)
		for t := p.first; t < p.first+p.n; t++ {
			own = append(own, sample{share, &c.facts[t], c.templates[t].Size(true)})
		}
		ownTypes := map[string]float64{}
		for typ, spans := range c.sources[i].types {
			ownTypes[typ] = float64(spans)
			types[typ] += float64(spans) * share
		}
		st.ByShape = append(st.ByShape, ShapeStats{
			Name: c.scenario.Shapes[i].Name, Share: shapeShares[i], Templates: int(p.n),
			Traces: traceStats(own, ownTypes),
		})
		all = append(all, own...)
	}
	st.Traces = traceStats(all, types)
	largest := c.payloadStats(&st, n)
	st.Limits = c.longest.compare(largest)
	return st
}

// payloadStats returns the size of the largest body.
func (c *Corpus) payloadStats(st *Stats, n int) int {
	bytes := c.sizer()
	var sizes, traces []weightedValue
	largest := 0
	for seq := range uint64(n) {
		count, size := c.plan.chunks(c.plan.request(seq)), bytes(seq)
		sizes = append(sizes, weightedValue{float64(size), 1})
		traces = append(traces, weightedValue{float64(count), 1})
		largest = max(largest, size)
	}
	st.PayloadBytes, st.PayloadTraces = distribution(sizes), distribution(traces)
	return largest
}

// sample is one template among those that a trace is drawn from.
type sample struct {
	weight float64
	facts  *facts
	bytes  int
}

func traceStats(samples []sample, types map[string]float64) TraceStats {
	of := func(value func(*sample) float64) Distribution {
		values := make([]weightedValue, len(samples))
		for i := range samples {
			values[i] = weightedValue{value(&samples[i]), samples[i].weight}
		}
		return distribution(values)
	}
	st := TraceStats{
		Spans:      of(func(s *sample) float64 { return float64(s.facts.spans) }),
		Depth:      of(func(s *sample) float64 { return float64(s.facts.depth) }),
		FanOut:     of(func(s *sample) float64 { return float64(s.facts.fanOut) }),
		Services:   of(func(s *sample) float64 { return float64(s.facts.services) }),
		Bytes:      of(func(s *sample) float64 { return float64(s.bytes) }),
		DurationNS: of(func(s *sample) float64 { return float64(s.facts.extent) }),
		Failed:     of(func(s *sample) float64 { return float64(min(s.facts.failed, 1)) }).Mean,
	}
	if st.Spans.Mean > 0 {
		st.FailedSpans = of(func(s *sample) float64 { return float64(s.facts.failed) }).Mean / st.Spans.Mean
	}
	total := 0.0
	for _, typ := range slices.Sorted(maps.Keys(types)) {
		total += types[typ]
	}
	for _, typ := range slices.Sorted(maps.Keys(types)) {
		st.Types = append(st.Types, TypeShare{typ, types[typ] / total})
	}
	slices.SortStableFunc(st.Types, func(a, b TypeShare) int { return cmp.Compare(b.Share, a.Share) })
	return st
}

type weightedValue struct{ value, weight float64 }

func distribution(values []weightedValue) Distribution {
	if len(values) == 0 {
		return Distribution{}
	}
	slices.SortFunc(values, func(a, b weightedValue) int { return cmp.Compare(a.value, b.value) })
	var d Distribution
	total := 0.0
	for _, v := range values {
		d.Mean += v.value * v.weight
		total += v.weight
	}
	d.Mean /= total
	quantile := func(q float64) float64 {
		sum := 0.0
		for _, v := range values {
			if sum += v.weight; sum >= q*total {
				return v.value
			}
		}
		return values[len(values)-1].value
	}
	d.P50, d.P90, d.P99 = quantile(0.50), quantile(0.90), quantile(0.99)
	d.Max = values[len(values)-1].value
	return d
}

// longest keeps the longest of each thing that agents limit.
type longest struct {
	service, name, typ, resource, metaKey, metaValue, metricKey string
}

func (l *longest) note(spans []wire.Span) {
	keep := func(kept *string, s string) {
		if len(s) > len(*kept) {
			*kept = s
		}
	}
	for i := range spans {
		s := &spans[i]
		keep(&l.service, s.Service)
		keep(&l.name, s.Name)
		keep(&l.typ, s.Type)
		keep(&l.resource, s.Resource)
		for _, tag := range s.Meta {
			keep(&l.metaKey, tag.Key)
			keep(&l.metaValue, tag.Value)
		}
		for _, m := range s.Metrics {
			keep(&l.metricKey, m.Key)
		}
	}
}

// exampleBytes is how much of the longest is shown.
const exampleBytes = 60

func (l *longest) compare(payload int) []Longest {
	rows := []Longest{{What: "payload", Bytes: payload, Limit: limits.PayloadBytes}}
	for _, r := range []struct {
		what, text string
		limit      int
	}{
		{"service", l.service, limits.ServiceBytes},
		{"name", l.name, limits.NameBytes},
		{"type", l.typ, limits.TypeBytes},
		{"resource", l.resource, limits.ResourceBytes},
		{"meta key", l.metaKey, limits.MetaKeyBytes},
		{"meta value", l.metaValue, limits.MetaValueBytes},
		{"metric key", l.metricKey, limits.MetricKeyBytes},
	} {
		rows = append(rows, Longest{What: r.what, Bytes: len(r.text), Limit: r.limit, Example: r.text[:min(len(r.text), exampleBytes)]})
	}
	return rows
}
