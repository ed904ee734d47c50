// Package outlook says what a scenario amounts to before anything is sent: how
// large its traces and payloads are, how often edges repeat, how much variety an
// agent gets to see, and the worst that its rules allow.
//
//	Corpus ─Of→ Outlook: figures of all templates, weighed by how often each is drawn
//	Scenario ─Worst→ the largest trace by arithmetic on calls, nothing grown
//
// What may live here: figures of what would be sent. What may not: how they are
// printed, and anything that sends.
package outlook

import (
	"fmt"
	"slices"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Outlook is what `preview --format json` prints. Names end in their unit;
// shares are from 0 to 1.
type Outlook struct {
	Scenario    string `json:"scenario"`
	Seed        uint64 `json:"seed"`
	API         string `json:"api"`
	Encoding    string `json:"encoding"`
	Path        string `json:"path"`
	Fingerprint string `json:"fingerprint"`
	// SampledTraces is of how many of the first traces the figures are; 0 for
	// all templates, weighed by how often each is drawn, which is exact.
	SampledTraces int       `json:"sampled_traces"`
	Traces        Traces    `json:"traces"`
	Shapes        []Shape   `json:"shapes"`
	Payloads      Payloads  `json:"payloads"`
	Clients       Clients   `json:"clients"`
	Services      []Service `json:"services"` // the one with the most spans first
	Variety       Variety   `json:"variety"`
	Limits        []Limit   `json:"limits"`
	WorstCase     Worst     `json:"worst_case"`
	Warnings      []Warning `json:"warnings"`
}

// Traces are the figures of single traces.
type Traces struct {
	Spans           Distribution `json:"spans"`
	DepthLevels     Distribution `json:"depth_levels"`      // a root alone is 1
	FanOut          Distribution `json:"fan_out"`           // distinct operations that a calling span calls
	CallsPerCaller  Distribution `json:"calls_per_caller"`  // children of a calling span
	Services        Distribution `json:"services"`          // distinct ones in a trace
	Chunks          Distribution `json:"chunks"`            // that a trace is sent in: 1, or more under partial flush
	ChunkBytes      Distribution `json:"chunk_bytes"`       // of a trace, encoded, in all its chunks
	DurationNS      Distribution `json:"duration_ns"`       // from the root's start to the last end
	SpanDurationNS  Distribution `json:"span_duration_ns"`  // of single spans
	FailedShare     float64      `json:"failed_share"`      // traces with a failed span
	FailedSpanShare float64      `json:"failed_span_share"` // spans that failed
	Edges           Edges        `json:"edges"`
	SpanTypes       []TypeShare  `json:"span_types"` // of all spans; the most frequent first
	CallTypes       []TypeShare  `json:"call_types"` // of the spans that are called, so without roots
}

// Edges says how often edges are called in their trace. An edge leads from one
// operation to another, and operations are what an agent can tell apart:
// service, name and resource. Each edge counts once per trace.
type Edges struct {
	PerTrace         Distribution `json:"per_trace"`
	CallsPerEdge     Distribution `json:"calls_per_edge"`
	OnceShare        float64      `json:"once_share"`
	TwiceShare       float64      `json:"twice_share"`
	ThreeToNineShare float64      `json:"three_to_nine_share"`
	TenOrMoreShare   float64      `json:"ten_or_more_share"`
	RepeatedShare    float64      `json:"repeated_share"` // more than once
}

// Shape are the figures of one shape.
type Shape struct {
	Name       string  `json:"name"`
	TraceShare float64 `json:"trace_share"`
	Templates  int     `json:"templates"`
	Traces     Traces  `json:"traces"`
}

// TypeShare is the share of spans of a type.
type TypeShare struct {
	Type  string  `json:"type"`
	Share float64 `json:"share"`
}

// Service are the figures of a service's spans.
type Service struct {
	Service     string       `json:"service"`
	SpanShare   float64      `json:"span_share"` // of all spans
	FailedShare float64      `json:"failed_share"`
	DurationNS  Distribution `json:"duration_ns"`
}

// Clients are the tracers that send.
type Clients struct {
	Count      int       `json:"count"`
	Containers int       `json:"containers"` // that run in one
	Versions   []Version `json:"versions"`   // the most frequent first
}

// Version is a version of a tracer.
type Version struct {
	Language      string `json:"language"`
	TracerVersion string `json:"tracer_version"`
	Clients       int    `json:"clients"`
}

// Payloads are the figures of the first requests.
type Payloads struct {
	Requests   int          `json:"requests"` // that were looked at
	Traces     Distribution `json:"traces"`
	Spans      Distribution `json:"spans"`
	Bytes      Distribution `json:"bytes"`
	LimitBytes int          `json:"limit_bytes"` // beyond it an agent answers 413
}

// Variety says how many different things an agent gets to see: what fills its
// caches, and how soon what is in them is of no use.
type Variety struct {
	Templates   int   `json:"templates"`        // distinct traces, ids, times and varying tags aside
	MemoryBytes int   `json:"memory_bytes"`     // that they take in the generator
	InUse       int   `json:"templates_in_use"` // that traces are drawn from at a time
	TreeShapes  int   `json:"tree_shapes"`      // distinct trees when only who is whose child counts
	Services    int   `json:"services"`
	Names       int   `json:"names"`
	Resources   int   `json:"resources"`
	Operations  int   `json:"operations"` // distinct (service, name, resource)
	Tags        []Tag `json:"tags"`
	// CallsPerTreeShape is of the distinct tree shapes, each counted once,
	// whatever the share of traces that have it.
	CallsPerTreeShape Distribution `json:"calls_per_tree_shape"`
}

// Tag is a tag that takes many values.
type Tag struct {
	Key            string  `json:"key"`
	Cardinality    uint64  `json:"cardinality"`
	Skew           string  `json:"skew"`
	Every          int     `json:"every_requests"`   // 0: another value in every trace
	TraceShare     float64 `json:"trace_share"`      // of traces that carry it
	LookedAtTraces int     `json:"looked_at_traces"` // of the first ones, those that carry it
	DistinctValues int     `json:"distinct_values"`  // in these
}

// Limit compares the longest of something with an agent's limit.
type Limit struct {
	What    string `json:"what"`
	Bytes   int    `json:"bytes"`
	Limit   int    `json:"limit_bytes"`
	Over    bool   `json:"over"`
	Example string `json:"example,omitempty"`
}

// Warning is something that will not arrive as it was sent, or may not.
type Warning struct {
	Kind string `json:"kind"` // over_limit, worst_case
	Text string `json:"text"`
}

// taggedTraces is in how many of the first traces values of tags are counted.
const taggedTraces = 10_000

// Of works out the outlook of a corpus: of all its templates, or of the first
// traces when that is above 0, and of the first requests. The error says that a
// tree could not be grown again.
func Of(s *scenarios.Scenario, c *generator.Corpus, traces, requests int) (*Outlook, error) {
	o := &Outlook{
		Scenario: s.Name, Seed: s.Seed, API: string(s.API), Encoding: string(s.Encoding),
		Path: c.Path(), Fingerprint: c.Fingerprint(), SampledTraces: traces,
		Shapes: []Shape{}, Services: []Service{}, Limits: []Limit{}, Warnings: []Warning{},
	}
	g := newGatherer(s, c, traces)
	if err := c.Templates(g.add); err != nil {
		return nil, fmt.Errorf("look at scenario %s: %w", s.Name, err)
	}
	g.fill(o)
	stats := c.Stats(requests)
	o.Variety.Templates, o.Variety.MemoryBytes, o.Variety.InUse = stats.Templates, stats.TemplateBytes, stats.InUse
	o.Variety.Tags = tags(s, c, max(traces, taggedTraces))
	o.Payloads = payloads(stats)
	o.Clients = fleet(c)
	for _, l := range stats.Limits {
		o.Limits = append(o.Limits, Limit{What: l.What, Bytes: l.Bytes, Limit: l.Limit, Over: l.Over(), Example: l.Example})
	}
	o.WorstCase = worst(s, g, c.TracesMost())
	o.warn()
	return o, nil
}

func payloads(stats generator.Stats) Payloads {
	var traces, spans, bytes values
	for _, p := range stats.Payloads {
		traces.add(float64(p.Traces), 1)
		spans.add(float64(p.Spans), 1)
		bytes.add(float64(p.Bytes), 1)
	}
	return Payloads{
		Requests: len(stats.Payloads), Traces: traces.sum(), Spans: spans.sum(), Bytes: bytes.sum(),
		LimitBytes: payloadLimit,
	}
}

// fleet counts the clients by what they are.
func fleet(c *generator.Corpus) Clients {
	all := c.Clients()
	f := Clients{Count: len(all), Versions: []Version{}}
	for i := range all {
		one := &all[i]
		if one.ContainerID != "" {
			f.Containers++
		}
		k := slices.IndexFunc(f.Versions, func(v Version) bool {
			return v.Language == one.Language && v.TracerVersion == one.TracerVersion
		})
		if k < 0 {
			k = len(f.Versions)
			f.Versions = append(f.Versions, Version{Language: one.Language, TracerVersion: one.TracerVersion})
		}
		f.Versions[k].Clients++
	}
	slices.SortStableFunc(f.Versions, func(a, b Version) int { return b.Clients - a.Clients })
	return f
}

func tags(_ *scenarios.Scenario, c *generator.Corpus, traces int) []Tag {
	list := []Tag{}
	for _, t := range c.Tags(traces) {
		list = append(list, Tag{
			Key: t.Key, Cardinality: t.Cardinality, Skew: string(t.Skew), Every: int(t.Every),
			TraceShare: float64(t.Traces) / float64(traces), LookedAtTraces: t.Traces, DistinctValues: t.Distinct,
		})
	}
	return list
}

// warn says what is over a limit.
func (o *Outlook) warn() {
	for _, l := range o.Limits {
		if l.Over {
			fate := "cut"
			if l.What == "payload" {
				fate = "refused with 413"
			}
			o.Warnings = append(o.Warnings, Warning{"over_limit", fmt.Sprintf("a %s of %s bytes is over the agent's limit of %s; it is %s", l.What, count(l.Bytes), count(l.Limit), fate)})
		}
	}
	o.Warnings = append(o.Warnings, o.worstWarnings()...)
}
