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
	Ordinal     uint64
	Priority    int8
	HasPriority bool
	// Extent is from the root's start to the last end, of async spans too.
	Extent time.Duration
	// Late is how much earlier than the moment it is sent at the last span ends.
	Late  time.Duration
	Spans []Span // parents before children; the first is the root
	// fixes are fields that Stamp leaves as they are broken.
	fixes []wire.Fix
	// root is the number of the root's service among those that rates know.
	root int32
}

// Span is one span of a Tree.
type Span struct {
	Service, Name, Resource, Type string
	Parent                        int           // index into Tree.Spans; -1 for the root
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

// Tree returns the i-th trace of request seq, without ids and times. The error
// says that the request has no such trace.
func (c *Corpus) Tree(seq uint64, i int) (*Tree, error) { return c.tree(seq, i, spans.Break) }

func (c *Corpus) tree(seq uint64, i int, spoil func(kind string, tree []trees.Span) spans.Broken) (*Tree, error) {
	request := c.plan.request(seq)
	if n := c.plan.chunks(seq, request); i < 0 || i >= n {
		return nil, fmt.Errorf("request %d has %d traces; there is no trace %d, they count from 0", seq, n, i)
	}
	key, shape, template, priority := c.plan.chunk(request, i)
	template = c.plan.during(seq).template(shape, key, template)
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
		Ordinal:     c.layout.Ordinal(seq, i),
		Priority:    priority.value,
		HasPriority: !priority.none,
		Extent:      time.Duration(c.facts[template].extent),
		Late:        time.Duration(c.plan.late(shape, key)),
		root:        c.facts[template].root,
	}
	values := make([]string, len(c.variables))
	for v := range values {
		text := make([]byte, c.variables[v].width())
		c.variables[v].put(text, c.draw(v, key, seq))
		values[v] = string(text)
	}
	for k := range grown {
		tree.Spans = append(tree.Spans, newSpan(&grown[k], values))
	}
	tree.prioritise(tree.Priority)
	return tree, nil
}

// prioritise gives the trace a priority, unless it has none.
func (t *Tree) prioritise(priority int8) {
	t.Priority = priority
	if t.HasPriority && len(t.Spans) > 0 {
		t.Spans[0].Metrics[wire.PriorityKey] = float64(priority)
	}
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

// Stamp fills in ids and times as a Composer of the same key and time writes them.
func (t *Tree) Stamp(codec *identity.Codec, atUnixNS int64) {
	start := max(atUnixNS-int64(t.Extent)-int64(t.Late), timeLeast)
	trace := codec.TraceID(t.Ordinal, len(t.Spans))
	for k := range t.Spans {
		s := &t.Spans[k]
		s.TraceID, s.SpanID = trace, codec.SpanID(t.Ordinal, k)
		if s.Parent >= 0 {
			s.ParentID = t.Spans[s.Parent].SpanID
		}
		s.StartUnixNS = start + int64(s.Offset)
		for i := range s.Events {
			s.Events[i].UnixNS = start + int64(s.Events[i].Offset)
		}
	}
	if len(t.Spans) > 0 {
		t.Spans[0].Meta[wire.TraceIDHighKey] = wire.TraceIDHigh(start)
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
