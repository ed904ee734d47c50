// Package generator turns a scenario into payloads: its span trees into
// templates, templates into the body of request seq, which is a function of the
// seed and seq alone, ids and times aside.
//
//	Scenario ─Compile→ Corpus: pools of templates, encoded once
//	                      └─Composer.Append(seq, at): draw templates, copy, stamp ids and times
//
// Whatever can be decided before the load is decided in Compile. What is left
// per request is arithmetic on hashes and copying; nothing there allocates, and
// nothing remembers an earlier request. What a trace looks like is for
// internal/trees to know, how bytes are laid out for internal/wire; when requests
// are sent, and where to, for others.
package generator

import (
	"fmt"
	"slices"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/internal/plan"
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/internal/wire"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Corpus is a compiled scenario. Once Schedule has been called, if it is, it
// does not change and is safe for concurrent use.
type Corpus struct {
	scenario    *scenarios.Scenario
	catalogue   *trees.Catalogue
	variables   []variable // as the catalogue counts them
	plan        *plan.Plan
	sources     []source   // by shape
	incidents   [][]source // by incident and shape; without templates where the usual ones serve
	senders     senders
	encoding    wire.Encoding
	templates   []wire.Template
	facts       []facts  // by template
	sound       int      // templates before those that are malformed
	spoilt      []spoilt // by template, of those
	parts       parts    // of traces that are sent in several requests
	roots       []string // the services of roots, as an agent's rates name them
	probe       wire.Template
	probeExtent int64 // ns
	services    []byte
	layout      identity.Layout
	means       Means
	fingerprint string
	chunksMost  int // in a request, of traces that begin in it
	spansMost   int // in a chunk
	longest     longest
}

// Means are the expected values of one request.
type Means struct {
	// Traces are those that begin in the request; of the spans and bytes as many
	// come along from earlier ones as go on in later ones.
	Traces, Spans, Bytes float64

	chunks float64 // of a trace
}

// Compile makes the corpus of a scenario that scenarios.Parse has accepted. It
// takes well under a second for traces of tens of spans. Errors say which shape
// cannot be made, and why.
func Compile(s *scenarios.Scenario) (*Corpus, error) {
	spans, err := poolSize(s)
	if err != nil {
		return nil, err
	}
	return compile(s, spans)
}

// compile is Compile with pools of another size.
func compile(s *scenarios.Scenario, spansInPools float64) (*Corpus, error) {
	c := &Corpus{scenario: s}
	if err := c.build(spansInPools); err != nil {
		return nil, fmt.Errorf("compile scenario %s: %w", s.Name, err)
	}
	return c, nil
}

func (c *Corpus) build(spansInPools float64) error {
	s := c.scenario
	var err error
	if c.catalogue, err = trees.NewCatalogue(s, trees.Reserved{Tag: wire.TraceIDHighKey, Metric: wire.PriorityKey}); err != nil {
		return err
	}
	for _, v := range c.catalogue.Variables() {
		c.variables = append(c.variables, newVariable(v))
	}
	if c.plan, err = plan.New(s); err != nil {
		return err
	}
	if err = c.planShapes(spansInPools); err != nil {
		return err
	}
	c.chunksMost = int(slices.Max(c.plan.Counts))
	if err = c.choose(); err != nil {
		return err
	}
	if err = c.encode(); err != nil {
		return err
	}
	c.work()
	if err = c.planFleet(); err != nil {
		return err
	}
	for i := range c.plan.Pools {
		wire.Pack(c.templates, c.plan.Pools[i].Order())
	}
	if err = c.fit(); err != nil {
		return err
	}
	if err = c.announce(); err != nil {
		return err
	}
	c.means = c.expect()
	c.fingerprint = c.hash()
	return nil
}

// planShapes decides how shapes share the requests, and how many templates each has.
func (c *Corpus) planShapes(spansInPools float64) error {
	shapes := c.scenario.Shapes
	if len(shapes) == 0 {
		return nil
	}
	var err error
	if c.sources, err = newSources(c.catalogue, shapes, c.plan.Shares(), spansInPools); err != nil {
		return err
	}
	first := uint32(0)
	for i := range c.sources {
		pool := &c.plan.Pools[i]
		pool.First, pool.N = first, uint32(c.sources[i].templates)
		first += pool.N
	}
	return c.planIncidents(first)
}

// encode makes all templates, and the probe, again if payloads turn out to hold
// more texts than the encoding has numbers for.
func (c *Corpus) encode() error {
	if err := c.encodeAll(); err != nil || c.finish() {
		return err
	}
	c.discard()
	if err := c.encodeAll(); err != nil {
		return err
	}
	c.finish()
	return nil
}

// discard forgets what was encoded.
func (c *Corpus) discard() {
	c.templates, c.facts, c.spoilt = c.templates[:0], c.facts[:0], c.spoilt[:0]
	c.parts = parts{}
}

// finish returns false if everything has to be encoded again.
func (c *Corpus) finish() bool {
	indexed, ok := c.encoding.(wire.Indexed)
	if !ok {
		return true
	}
	c.templates = append(c.templates, c.probe)
	again := indexed.Finish(c.templates, int(slices.Min(c.plan.Counts)), c.chunksMost*max(1, c.parts.most))
	last := len(c.templates) - 1
	c.templates, c.probe = c.templates[:last], c.templates[last]
	return !again
}

func (c *Corpus) encodeAll() error {
	d, conv := trees.NewDresser(c.catalogue), newConverter(c.variables)
	if err := c.encodePools(d, conv, c.sources); err != nil {
		return err
	}
	for i := range c.incidents {
		if err := c.encodePools(d, conv, c.incidents[i]); err != nil {
			return err
		}
	}
	c.sound = len(c.templates)
	if err := c.encodeSpoilt(d, conv); err != nil {
		return err
	}
	c.addParts()
	probe := d.Probe(c.plan.Seed)
	c.probe = c.encoding.Encode(&wire.Chunk{Spans: conv.convert(probe), PriorityWidth: 1})
	c.probeExtent = extent(probe)
	c.spansMost = max(c.spansMost, len(probe))
	return nil
}

// encodePools makes the templates of sources by shape.
func (c *Corpus) encodePools(d *trees.Dresser, conv *converter, sources []source) error {
	for i := range sources {
		src := &sources[i]
		for t := range src.templates {
			tree, err := d.Spans(src.trees, t)
			if err != nil {
				return fmt.Errorf("shape %s: %w", c.scenario.Shapes[i].Name, err)
			}
			of := newFacts(tree)
			of.root = c.root(&tree[0])
			first := tree
			if least := c.scenario.Shapes[i].PartialFlush; least > 0 && len(tree) > least {
				if first, err = c.split(conv, i, tree, of); err != nil {
					return err
				}
			}
			template, of := c.encodePart(conv, i, first, of)
			c.templates, c.facts = append(c.templates, template), append(c.facts, of)
		}
	}
	return nil
}

// encodePart makes the template of a tree, or of a part of one of which these are the facts.
func (c *Corpus) encodePart(conv *converter, shape int, tree []trees.Span, whole facts) (wire.Template, facts) {
	spans := conv.convert(tree)
	c.longest.note(spans)
	c.spansMost = max(c.spansMost, len(spans))
	whole.spans = int32(len(spans))
	return c.encoding.Encode(&wire.Chunk{Spans: spans, PriorityWidth: c.plan.Pools[shape].Width()}), whole
}

// root returns the number of a root's service.
func (c *Corpus) root(span *trees.Span) int32 {
	env := ""
	for _, tag := range span.Meta {
		if tag.Key == "env" {
			env = tag.Value
		}
	}
	key := rootKey(span.Service, env)
	i := slices.Index(c.roots, key)
	if i < 0 {
		i, c.roots = len(c.roots), append(c.roots, key)
	}
	return int32(i)
}

// expect works out the means. The number of chunks and what is in them are
// independent, so that the mean of a sum is the product of means.
func (c *Corpus) expect() Means {
	if len(c.plan.Pools) == 0 {
		return Means{Bytes: float64(c.frame(0)) + c.senders.mean}
	}
	m := Means{Traces: c.plan.MeanTraces()}
	frame := 0.0 // bytes around and between chunks
	for _, n := range c.plan.Counts {
		frame += float64(c.frame(int(n))) / float64(len(c.plan.Counts))
	}
	if c.plan.Fleet != nil {
		frame = float64(c.frame(int(m.Traces + 0.5)))
	}
	sound := 1.0
	for _, f := range c.plan.Spoils {
		sound -= f.Share
	}
	for i, share := range c.plan.Shares() {
		p := &c.plan.Pools[i]
		m.add(share*sound, c.expectPool(i, p.First, p.N))
		for _, f := range c.plan.Spoils {
			s := &f.Pools[i]
			m.add(share*f.Share, c.expectPool(int(s.Shape), s.First, s.N))
		}
	}
	m.Spans *= m.Traces
	m.Bytes = m.Bytes*m.Traces + frame + c.senders.mean
	if c.parts.most > 1 {
		m.Bytes += m.Traces * (m.chunks - 1) * c.between()
	}
	if _, ok := c.encoding.(wire.Indexed); ok {
		m.Bytes = c.meanBytes(m.Spans)
	}
	return m
}

// expectPool works out the means of one trace of a pool, which has the priorities of a shape.
func (c *Corpus) expectPool(shape int, first, n uint32) (m Means) {
	none := c.plan.Pools[shape].Without()
	for t := first; t < first+n; t++ {
		for part := range c.partsOf(t) {
			template := &c.templates[c.part(t, part)]
			m.Spans += float64(template.Spans())
			m.Bytes += (1-none)*float64(template.Size(true)) + none*float64(template.Size(false))
			if part > 0 {
				m.chunks++
			}
		}
	}
	m.chunks = m.chunks/float64(n) + 1
	return Means{Spans: m.Spans / float64(n), Bytes: m.Bytes / float64(n), chunks: m.chunks}
}

func (m *Means) add(share float64, one Means) {
	m.chunks += share * one.chunks
	m.Spans += share * one.Spans
	m.Bytes += share * one.Bytes
}

// Fingerprint is a hash, in hexadecimal, of all that decides which bytes are
// sent, ids and times aside: equal for the same scenario, seed and version on
// any machine.
func (c *Corpus) Fingerprint() string { return c.fingerprint }

// Layout is how the ids of this corpus are made of ordinals.
func (c *Corpus) Layout() identity.Layout { return c.layout }

// Means returns the expected values of one request: numbers of traces, of
// spans, and of bytes of its body.
func (c *Corpus) Means() Means { return c.means }

// Path is where payloads are sent.
func (c *Corpus) Path() string { return "/" + string(c.scenario.API) + "/traces" }

// ContentType is the Content-Type of payloads.
func (c *Corpus) ContentType() string { return c.encoding.ContentType() }

// ShapeNames returns the names of the shapes; ledger.Chunk.Shape counts them.
func (c *Corpus) ShapeNames() []string {
	names := make([]string, len(c.scenario.Shapes))
	for i := range names {
		names[i] = c.scenario.Shapes[i].Name
	}
	return names
}

// Services returns the body of PUT /v0.3/services and /v0.4/services: the scenario's services and
// the made-up ones. The caller must not change it.
func (c *Corpus) Services() []byte { return c.services }

// Chunks appends the chunks of request seq to dst: what a Composer sends under
// that seq. It allocates only when dst has no room.
func (c *Corpus) Chunks(dst []ledger.Chunk, seq uint64) []ledger.Chunk {
	return c.chunks(dst, seq, nil)
}

// chunks is Chunks with the priorities that were sent where sampling rates were
// obeyed; a nil s obeys none.
func (c *Corpus) chunks(dst []ledger.Chunk, seq uint64, s *Sampling) []ledger.Chunk {
	fault := int32(c.RequestFault(seq))
	for w := c.walk(seq); w.next(); {
		d := &w.draw
		fault, alike := fault, int32(0)
		if s := c.spoiltOf(d.template); s != nil {
			fault, alike = s.fault, s.alike
		}
		priority := d.Priority.Value
		if s != nil {
			priority = s.obeyed(d)
		}
		dst = append(dst, ledger.Chunk{
			Ordinal:     c.layout.Ordinal(seq, c.slot(d.i, d.part)),
			Shape:       int32(d.Shape),
			Fault:       fault,
			Spans:       c.facts[d.template].spans,
			Alike:       alike,
			Priority:    priority,
			HasPriority: !d.Priority.None,
		})
	}
	return dst
}
