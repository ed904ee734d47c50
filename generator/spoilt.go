package generator

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"github.com/tinylib/msgp/msgp"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/internal/fault/spans"
	"github.com/spanstorm/spanstorm/internal/plan"
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/internal/wire"
	"github.com/spanstorm/spanstorm/scenarios"
)

// spoilt is what is known of a malformed template.
type spoilt struct {
	fault  int32 // in the scenario
	alike  int32 // see ledger.Chunk
	number int   // the template of its shape that it was made from
}

// Sizes of the pools of a fault, over all shapes; a shape has at least one.
const (
	spoiltTemplates = 32
	spoiltSpans     = 1 << 12
)

// spoiltOf is what is malformed in a template; nil for nothing.
func (c *Corpus) spoiltOf(template uint32) *spoilt {
	if i := int(template) - c.sound; i >= 0 && i < len(c.spoilt) {
		return &c.spoilt[i]
	}
	return nil
}

// encodeSpoilt makes the templates of all faults of spans.
func (c *Corpus) encodeSpoilt(d *trees.Dresser, conv *converter) error {
	for i := range c.plan.Spoils {
		f := &c.plan.Spoils[i]
		f.Pools = make([]plan.SpoiltPool, len(c.sources))
		if isGiant(c.scenario.Faults[f.Index].Kind) {
			of := c.plan.Shares()
			heaviest := slices.Index(of, slices.Max(of))
			pool, err := c.encodePool(d, conv, f.Index, heaviest, 1)
			if err != nil {
				return err
			}
			for shape := range f.Pools {
				f.Pools[shape] = pool
			}
			continue
		}
		for shape := range c.sources {
			src := &c.sources[shape]
			n := min(float64(spoiltTemplates), spoiltSpans/src.trees.SpansMean()) / float64(len(c.sources))
			var err error
			if f.Pools[shape], err = c.encodePool(d, conv, f.Index, shape, min(max(1, int(n)), src.templates)); err != nil {
				return err
			}
		}
	}
	return nil
}

// isGiant says that a single template of a kind is large enough.
func isGiant(kind string) bool {
	return slices.Contains([]string{fault.DeepTree, fault.WideTree, fault.HugeTag, fault.HugeMeta}, kind)
}

// encodePool makes n templates of a fault from the first trees of a shape.
func (c *Corpus) encodePool(d *trees.Dresser, conv *converter, index, shape, n int) (plan.SpoiltPool, error) {
	kind := c.scenario.Faults[index].Kind
	pool := plan.SpoiltPool{First: uint32(len(c.templates)), N: uint32(n), Shape: uint32(shape)}
	for t := range n {
		tree, err := d.Spans(c.sources[shape].trees, t)
		if err != nil {
			return pool, fmt.Errorf("fault %s: %w", kind, err)
		}
		b := spans.Break(kind, tree)
		template, err := c.encodeBroken(conv, kind, &b, shape)
		if err != nil {
			return pool, fmt.Errorf("fault %s: %w", kind, err)
		}
		of := facts{extent: extent(tree), spans: int32(len(b.Spans)), root: c.root(&tree[0])}
		if len(b.Spans) > len(tree)+1 { // a giant has times of its own
			of.extent = extent(b.Spans)
		}
		c.templates, c.facts = append(c.templates, template), append(c.facts, of)
		c.spoilt = append(c.spoilt, spoilt{fault: int32(index), alike: int32(b.Alike), number: t})
		c.spansMost = max(c.spansMost, len(b.Spans))
	}
	return pool, nil
}

func (c *Corpus) encodeBroken(conv *converter, kind string, b *spans.Broken, shape int) (wire.Template, error) {
	if len(b.Spans) == 0 {
		return wire.Literal(c.noSpans(kind)), nil
	}
	template := c.encoding.Encode(&wire.Chunk{
		Spans: conv.convert(b.Spans), PriorityWidth: c.plan.Pools[shape].Width(), Fixed: b.Fixes,
	})
	if kind == fault.WrongTypes && !c.exchangeTypes(&template) {
		return template, fmt.Errorf("api %s cannot express it", c.scenario.API)
	}
	return template, nil
}

// noSpans is a chunk without spans, or no chunk at all where there is to be one.
func (c *Corpus) noSpans(kind string) []byte {
	chunk, object := []byte(`[]`), c.scenario.API == scenarios.V07 || c.scenario.API == scenarios.V10
	switch {
	case kind == fault.NilTrace && c.scenario.Encoding == scenarios.JSON:
		chunk = []byte(`null`)
	case kind == fault.NilTrace:
		chunk = msgp.AppendNil(nil)
	case object:
		chunk = msgp.AppendMapHeader(nil, 0)
	case c.scenario.Encoding == scenarios.Msgpack:
		chunk = msgp.AppendArrayHeader(nil, 0)
	}
	return chunk
}

// exchangeTypes puts a number in place of the service and a text in place of
// the duration of the span that spoilTexts has prepared.
func (c *Corpus) exchangeTypes(t *wire.Template) bool {
	if c.scenario.Encoding == scenarios.JSON {
		number := strconv.Itoa(spans.WrongNumber)
		return t.Overwrite([]byte(strconv.Quote(spans.WrongText)), []byte(fmt.Sprint(1234567890))) &&
			t.Overwrite([]byte(number), []byte(strconv.Quote(number[2:])))
	}
	text := msgp.AppendString(nil, spans.WrongText)
	number := binary.BigEndian.AppendUint64([]byte{0xd3}, spans.WrongNumber)
	return t.Overwrite(text, append([]byte{0xcf}, "12345678"...)) && t.Overwrite(number, text)
}

// RequestFault is the fault that request seq has as a whole: an index into the
// scenario's faults, or -1 for none.
func (c *Corpus) RequestFault(seq uint64) int {
	index, _ := c.plan.Fault(c.plan.Key(seq))
	return index
}

// FaultNames returns the names of the faults; ledger.Chunk.Fault counts them.
func (c *Corpus) FaultNames() []string {
	var names []string
	for i := range c.scenario.Faults {
		name := c.scenario.Faults[i].Kind
		for n := 2; slices.Contains(names, name); n++ {
			name = fmt.Sprintf("%s-%d", c.scenario.Faults[i].Kind, n)
		}
		names = append(names, name)
	}
	return names
}

// FaultKinds returns what is known of the faults, in the order of FaultNames.
func (c *Corpus) FaultKinds() []fault.Kind {
	var kinds []fault.Kind
	for i := range c.scenario.Faults {
		kind, _ := fault.Find(c.scenario.Faults[i].Kind)
		kinds = append(kinds, kind)
	}
	return kinds
}
