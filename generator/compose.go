package generator

import (
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/wire"
)

// Composer writes the payloads of a corpus under one run key. It has buffers of
// its own, so each goroutine needs one; the templates are shared.
type Composer struct {
	corpus *Corpus
	codec  *identity.Codec
	writer wire.Writer
	ids    []uint64 // ids[0] is 0, the parent of roots
	stamp  wire.Stamp
	// sampling, when set, may lower priorities.
	sampling *Sampling
	draws    []draw // of the request in hand
	// touched takes what touching templates returns, so that it is not optimised away.
	touched int
}

// draw is what was drawn for a chunk.
type draw struct {
	key      uint64
	template *wire.Template
	facts    *facts
	priority *priorityShare
	late     int64 // ns
}

// timeLeast is the first time of 19 digits, in September 2001: before it, a
// start could not be written in its width.
const timeLeast = 1_000_000_000_000_000_000

// Composer returns a composer of payloads with ids under key.
func (c *Corpus) Composer(key identity.Key) *Composer {
	k := &Composer{
		corpus: c,
		codec:  identity.New(key, c.layout),
		writer: c.encoding.Writer(),
		ids:    make([]uint64, c.spansMost+1),
		draws:  make([]draw, c.chunksMost),
	}
	for i := range c.variables {
		k.stamp.Values = append(k.stamp.Values, make([]byte, c.variables[i].width()))
	}
	return k
}

// Obey makes the composer obey sampling rates, and returns it. A nil s changes nothing.
func (k *Composer) Obey(s *Sampling) *Composer {
	k.sampling = s
	return k
}

// Append appends the body of request seq to dst, for spans that end at
// atUnixNS (nanoseconds since 1970) or before; in late traces, long before. It depends on nothing but seq,
// atUnixNS, the key and the corpus, and allocates only when dst has no room.
// Requests that fit have seq < Layout().MaxSeq().
func (k *Composer) Append(dst []byte, seq uint64, atUnixNS int64) []byte {
	c := k.corpus
	request := c.plan.request(seq)
	n, from := c.plan.chunks(seq, request), len(dst)
	// Draw first, compose then: templates lie anywhere in memory, and the processor
	// fetches many at once when nothing in between waits for one of them.
	draws, incident := k.draws[:n], c.plan.during(seq)
	for i := range draws {
		d := &draws[i]
		var shape int
		var template uint32
		d.key, shape, template, d.priority = c.plan.chunk(request, i)
		template = incident.template(shape, d.key, template)
		d.late = c.plan.late(shape, d.key)
		d.template, d.facts = &c.templates[template], &c.facts[template]
		k.touched += d.template.Touch() + int(d.facts.extent)
	}
	var bounds []uint64
	if k.sampling != nil {
		k.sampling.refresh(seq)
		bounds = k.sampling.at(seq)
	}
	dst = k.writer.AppendHead(dst, c.sender(seq), n)
	for i := range draws {
		if i > 0 {
			dst = k.writer.AppendNext(dst)
		}
		d := &draws[i]
		k.prepare(d.template, c.layout.Ordinal(seq, i), atUnixNS-d.facts.extent-d.late, d.priority)
		k.stamp.Priority = obeyed(bounds, d.facts.root, k.stamp.Priority, k.stamp.TraceID)
		for _, v := range d.template.Variables() {
			c.variables[v].put(k.stamp.Values[v], c.draw(int(v), d.key, seq))
		}
		dst = k.writer.Append(dst, d.template, &k.stamp)
	}
	return c.malform(k.writer.AppendTail(dst), from, seq)
}

// prepare fills in the stamp of a chunk, but for the values of variables.
func (k *Composer) prepare(t *wire.Template, ordinal uint64, startUnixNS int64, priority *priorityShare) {
	n := t.Spans()
	k.stamp.TraceID = k.codec.TraceID(ordinal, n)
	k.stamp.IDs = k.ids[:n+1]
	k.codec.SpanIDs(k.ids[1:n+1], ordinal)
	k.stamp.Start = max(startUnixNS, timeLeast)
	k.stamp.Priority, k.stamp.HasPriority = priority.value, !priority.none
}

// Traces returns the number of traces in the body of request seq.
func (k *Composer) Traces(seq uint64) int {
	return k.corpus.plan.chunks(seq, k.corpus.plan.request(seq))
}

// Probe returns a body with one small trace, of priority 1, under
// Layout().Probe(i): no request of the load has it.
func (k *Composer) Probe(i int, atUnixNS int64) []byte {
	c := k.corpus
	k.prepare(&c.probe, c.layout.Probe(i), atUnixNS-c.probeExtent, &priorityShare{value: 1})
	b := k.writer.AppendHead(nil, c.sender(0), 1) // outside the load, requests have number 0
	b = k.writer.Append(b, &c.probe, &k.stamp)
	return k.writer.AppendTail(b)
}
