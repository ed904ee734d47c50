package generator

import (
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/internal/limits"
	"github.com/spanstorm/spanstorm/internal/wire"
)

// Stats are the figures of a corpus as a whole and of its first requests. What
// its traces are like is for internal/outlook to say.
type Stats struct {
	Templates     int // in all pools
	TemplateBytes int // that they take in memory
	InUse         int // templates that traces are drawn from at a time
	Payloads      []Payload
	Limits        []Longest
}

// Payload is how much one request carries.
type Payload struct{ Bytes, Traces, Spans int }

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

// Stats works out the figures, those of payloads from the first n requests that
// carry all that they will of earlier traces.
func (c *Corpus) Stats(n int) Stats {
	st := Stats{Templates: c.sound + len(c.spoilt), TemplateBytes: c.memory(), InUse: c.inUse()}
	if len(c.plan.Pools) == 0 {
		return st
	}
	bytes, largest := c.sizer(), 0
	var chunks []ledger.Chunk
	for seq := c.steady(); len(st.Payloads) < n; seq++ {
		chunks = c.Chunks(chunks[:0], seq)
		p := Payload{Bytes: bytes(seq), Traces: len(chunks)}
		for i := range chunks {
			p.Spans += int(chunks[i].Spans)
		}
		largest = max(largest, p.Bytes)
		st.Payloads = append(st.Payloads, p)
	}
	st.Limits = c.longest.compare(largest)
	return st
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

// memory is how many bytes the templates take.
func (c *Corpus) memory() int {
	n := 0
	for i := range c.templates {
		n += c.templates[i].Memory()
	}
	return n
}
