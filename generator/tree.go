package generator

import (
	"fmt"
	"time"

	"github.com/spanstorm/spanstorm/internal/fault/spans"
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/internal/wire"
)

// Tree is one trace of a request, as people and tests look at it: the same that
// a Composer writes as bytes.
type Tree struct {
	Shape       string
	Fault       string // what is malformed on purpose in its spans; empty for nothing
	Seq         uint64 // the request in which it began
	Ordinal     uint64 // of its first chunk
	Priority    int8
	HasPriority bool
	// Extent is from the root's start to the last end, of async spans too.
	Extent time.Duration
	// Late is how much earlier than the moment it is sent at the last span ends.
	Late  time.Duration
	Spans []Span // parents before children; the first is the root
	Parts []Part // in the order in which they are sent; nil if it is sent whole
	// fixes are fields that Stamp leaves as they are broken.
	fixes []wire.Fix
	// root is the number of the root's service among those that rates know.
	root int32
}

// Part is what is sent of a trace in one request.
type Part struct {
	Seq     uint64 // the request
	Sent    bool   // false: there is no such request, because the phase is over
	Ordinal uint64
	Spans   []int // indexes into Tree.Spans; the first carries what is of the whole trace
}

// Span is one span of a Tree.
type Span struct {
	Service, Name, Resource, Type string
	Parent                        int           // index into Tree.Spans; -1 for the root
	Part                          int           // index into Tree.Parts
	Offset                        time.Duration // start since the root's start
	Duration                      time.Duration
	Error                         bool
	Meta                          map[string]string
	Metrics                       map[string]float64
	Links                         []Link
	Events                        []Event
	MetaStruct                    map[string][]byte

	// What Stamp fills in; 0 before.
	TraceID, SpanID, ParentID uint64
	StartUnixNS               int64
}

// Tree returns a trace of request seq, whole, without ids and times: the one
// of which the chunk in a slot is, that is of Layout().Ordinal(seq, slot). The i-th
// trace that begins in the request has slot i. The error says that the request has no such chunk.
func (c *Corpus) Tree(seq uint64, slot int) (*Tree, error) { return c.tree(seq, slot, spans.Break) }

func (c *Corpus) tree(at uint64, slot int, spoil func(kind string, tree []trees.Span) spans.Broken) (*Tree, error) {
	seq, i, _, ok := c.origin(at, slot)
	if !ok {
		return nil, fmt.Errorf("in request %d %d traces begin, which count from 0; it has nothing in slot %d", at, c.plan.Request(at).Traces, slot)
	}
	request := c.plan.Request(seq)
	drawn := request.Trace(i)
	shape, template := drawn.Shape, drawn.Template
	src, t := c.grower(seq, shape, template)
	of := c.spoiltOf(template)
	if of != nil {
		src, t = c.sources[shape].trees, of.number
	}
	grown, err := trees.NewDresser(c.catalogue).Spans(src, t)
	if err != nil {
		return nil, fmt.Errorf("grow trace %d of request %d: %w", i, seq, err)
	}
	kind, fixes := "", []wire.Fix(nil)
	if of != nil {
		kind = c.scenario.Faults[of.fault].Kind
		broken := spoil(kind, grown)
		grown, fixes = broken.Spans, broken.Fixes
	}
	tree := &Tree{
		Shape:       c.scenario.Shapes[shape].Name,
		Fault:       kind,
		fixes:       fixes,
		Seq:         seq,
		Ordinal:     c.layout.Ordinal(seq, i),
		Priority:    drawn.Priority.Value,
		HasPriority: !drawn.Priority.None,
		Extent:      time.Duration(c.facts[template].extent),
		Late:        time.Duration(c.plan.Late(shape, drawn.Key)),
		root:        c.facts[template].root,
	}
	values := make([]string, len(c.variables))
	for v := range values {
		text := make([]byte, c.variables[v].width())
		c.variables[v].put(text, c.draw(v, drawn.Key, seq))
		values[v] = string(text)
	}
	for k := range grown {
		tree.Spans = append(tree.Spans, newSpan(&grown[k], values))
		if !c.scenario.API.TakesExtras() {
			tree.Spans[k].MetaStruct = nil
		}
	}
	if c.partsOf(template) > 1 {
		c.cutTree(tree, grown, i, c.scenario.Shapes[shape].PartialFlush)
	}
	tree.prioritise(tree.Priority)
	return tree, nil
}

// prioritise gives the trace a priority, unless it has none.
func (t *Tree) prioritise(priority int8) {
	t.Priority = priority
	if !t.HasPriority {
		return
	}
	for _, k := range t.firsts() {
		t.Spans[k].Metrics[wire.PriorityKey] = float64(priority)
	}
}

// cutTree says which span goes in which part.
func (c *Corpus) cutTree(t *Tree, grown []trees.Span, i, least int) {
	for p, list := range cut(grown, least) {
		seq, sent := c.plan.Step(t.Seq, p)
		if !sent {
			seq = t.Seq
		}
		t.Parts = append(t.Parts, Part{Seq: seq, Sent: sent, Ordinal: c.ordinal(t.Seq, i, p), Spans: list})
		for _, k := range list {
			t.Spans[k].Part = p
		}
		for key, value := range t.Spans[0].Meta {
			if first := t.Spans[list[0]].Meta; wire.OfTrace(key) {
				if _, has := first[key]; !has {
					first[key] = value
				}
			}
		}
	}
}

// firsts are the spans that carry what is of the whole trace: the first of each part.
func (t *Tree) firsts() []int {
	if len(t.Parts) == 0 {
		return make([]int, min(1, len(t.Spans)))
	}
	var list []int
	for _, p := range t.Parts {
		list = append(list, p.Spans[0])
	}
	return list
}

func newSpan(s *trees.Span, values []string) Span {
	span := Span{
		Service: s.Service, Name: s.Name, Resource: s.Resource, Type: s.Type,
		Parent: s.Parent, Offset: time.Duration(s.Start), Duration: time.Duration(s.Duration), Error: s.Error,
		Meta: make(map[string]string, len(s.Meta)), Metrics: make(map[string]float64, len(s.Metrics)),
	}
	for _, tag := range s.Meta {
		span.Meta[tag.Key] = tag.Value
		if tag.Variable > 0 {
			span.Meta[tag.Key] = values[tag.Variable-1]
		}
	}
	span.addExtras(s.Extras)
	for _, m := range s.Metrics {
		span.Metrics[m.Key] = m.Value
	}
	return span
}

// Stamp fills in ids and times as a Composer of the same key writes them when
// request Seq is due at that time.
func (t *Tree) Stamp(codec *identity.Codec, atUnixNS int64) {
	start := max(atUnixNS-int64(t.Extent)-int64(t.Late), timeLeast)
	trace := t.stampIDs(codec)
	for k := range t.Spans {
		s := &t.Spans[k]
		s.TraceID = trace
		if s.Parent >= 0 {
			s.ParentID = t.Spans[s.Parent].SpanID
		}
		s.StartUnixNS = start + int64(s.Offset)
		for i := range s.Events {
			s.Events[i].UnixNS = start + int64(s.Events[i].Offset)
		}
	}
	for _, k := range t.firsts() {
		t.Spans[k].Meta[wire.TraceIDHighKey] = wire.TraceIDHigh(start)
	}
	for _, f := range t.fixes {
		s, value := &t.Spans[f.Span], f.Value
		if f.Same > 0 {
			value = codec.SpanID(t.Ordinal, f.Same-1)
		}
		switch f.Field {
		case wire.FieldTraceID:
			s.TraceID = value
		case wire.FieldSpanID:
			s.SpanID = value
		case wire.FieldParent:
			s.ParentID = value
		case wire.FieldStart:
			s.StartUnixNS = int64(value)
		}
	}
}

// stampIDs fills in the ids of spans and returns that of the trace.
func (t *Tree) stampIDs(codec *identity.Codec) uint64 {
	if len(t.Parts) == 0 {
		for k := range t.Spans {
			t.Spans[k].SpanID = codec.SpanID(t.Ordinal, k)
		}
		return codec.TraceID(t.Ordinal, len(t.Spans))
	}
	for p, part := range t.Parts {
		for i, k := range part.Spans {
			at := place{part: int32(p), index: int32(i), last: p > 0 && i == len(part.Spans)-1}
			t.Spans[k].SpanID = at.id(codec, part.Ordinal)
		}
	}
	return codec.TraceID(t.Ordinal, len(t.Parts[0].Spans))
}
