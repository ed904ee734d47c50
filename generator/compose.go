package generator

import (
	"github.com/spanstorm/spanstorm/internal/fault/bodies"
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/plan"
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
	seq      uint64 // that request, if anything was drawn
	due      func(seq uint64) int64
	// touched takes what touching templates returns, so that it is not optimised away.
	touched int
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
		ids:    make([]uint64, c.idsMost()),
		draws:  make([]draw, 0, c.chunksMost*max(1, c.parts.most)),
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

// Clock tells the composer when earlier requests of a phase were due: a trace
// that is sent in parts has its times from the request in which it began. Without
// it all requests are due when the one in hand is.
func (k *Composer) Clock(due func(seq uint64) int64) { k.due = due }

// Append appends the body of request seq to dst, for spans that end at
// atUnixNS (nanoseconds since 1970) or before; in late traces, long before. It depends on nothing but seq,
// atUnixNS, the clock, the key and the corpus, and allocates only when dst has no room.
// Requests that fit have seq < Layout().MaxSeq().
func (k *Composer) Append(dst []byte, seq uint64, atUnixNS int64) []byte {
	c, from := k.corpus, len(dst)
	// Draw first, compose then: templates lie anywhere in memory, and the processor
	// fetches many at once when nothing in between waits for one of them.
	draws := k.draws[:0]
	for w := c.walk(seq); w.next(); {
		draws = append(draws, w.draw)
		k.touched += c.templates[w.draw.template].Touch() + int(c.facts[w.draw.template].extent)
	}
	k.draws, k.seq = draws, seq
	var bounds []uint64
	if k.sampling != nil {
		k.sampling.refresh(seq)
		bounds = k.sampling.at(seq)
	}
	dst = k.writer.AppendHead(dst, c.sender(seq), len(draws))
	for i := range draws {
		if i > 0 {
			dst = k.writer.AppendNext(dst)
		}
		d := &draws[i]
		template, of, start, bounds := &c.templates[d.template], &c.facts[d.template], atUnixNS, bounds
		if d.seq != seq {
			start, bounds = k.began(d, atUnixNS)
		}
		k.prepare(template, c.layout.Ordinal(seq, c.slot(d.i, d.part)), start-of.extent-c.plan.Late(d.Shape, d.Key), d.Priority)
		if c.parts.most > 1 {
			k.join(d)
		}
		k.stamp.Priority = obeyed(bounds, of.root, k.stamp.Priority, k.stamp.TraceID)
		for _, v := range template.Variables() {
			c.variables[v].put(k.stamp.Values[v], c.draw(int(v), d.Key, d.seq))
		}
		dst = k.writer.Append(dst, template, &k.stamp)
	}
	return c.malform(k.writer.AppendTail(dst), from, seq)
}

// malform makes the body of request seq, which begins at from, as its fault wants it.
func (c *Corpus) malform(dst []byte, from int, seq uint64) []byte {
	if i, how := c.plan.Fault(c.plan.Key(seq)); i >= 0 {
		return bodies.Apply(dst, from, &c.scenario.Faults[i], how)
	}
	return dst
}

// began is when the request was due in which the trace of a part began, and the
// bounds by which it was sampled.
func (k *Composer) began(d *draw, atUnixNS int64) (due int64, bounds []uint64) {
	if k.due != nil {
		atUnixNS = k.due(d.seq)
	}
	if k.sampling != nil {
		bounds = k.sampling.at(d.seq)
	}
	return atUnixNS, bounds
}

// prepare fills in the stamp of a chunk, but for the values of variables.
func (k *Composer) prepare(t *wire.Template, ordinal uint64, startUnixNS int64, priority *plan.Priority) {
	n := t.Spans()
	k.stamp.TraceID = k.codec.TraceID(ordinal, n)
	k.stamp.IDs = k.ids[:n+1]
	k.codec.SpanIDs(k.ids[1:n+1], ordinal)
	k.stamp.Start = max(startUnixNS, timeLeast)
	k.stamp.Priority, k.stamp.HasPriority = priority.Value, !priority.None
}

// Traces returns the number of traces in the body of request seq, whole ones
// and parts.
func (k *Composer) Traces(seq uint64) int {
	if k.corpus.parts.most > 1 && k.seq == seq && len(k.draws) > 0 {
		return len(k.draws)
	}
	return k.corpus.traces(seq)
}

// Probe returns a body with one small trace, of priority 1, under
// Layout().Probe(i): no request of the load has it.
func (k *Composer) Probe(i int, atUnixNS int64) []byte {
	c := k.corpus
	k.prepare(&c.probe, c.layout.Probe(i), atUnixNS-c.probeExtent, &plan.Priority{Value: 1})
	b := k.writer.AppendHead(nil, c.sender(0), 1) // outside the load, requests have number 0
	b = k.writer.Append(b, &c.probe, &k.stamp)
	return k.writer.AppendTail(b)
}
