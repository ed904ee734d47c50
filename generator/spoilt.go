package generator

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"github.com/tinylib/msgp/msgp"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/internal/fault/spans"
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/internal/wire"
	"github.com/spanstorm/spanstorm/scenarios"
)

// spoilShare is a fault of spans, and the upper end of its share of the hashes of 32 bits.
type spoilShare struct {
	upTo  uint64
	index int // in the scenario
	share float64
	pools []spoiltPool // by the shape that was drawn
}

// spoiltPool is templates of a fault, first … first+n-1, made from a shape.
type spoiltPool struct {
	first, n uint32
	shape    uint32
}

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

func spoilShares(faults []scenarios.Fault) []spoilShare {
	var table []spoilShare
	sum := 0.0
	for i := range faults {
		if k, ok := fault.Find(faults[i].Kind); ok && k.Level == fault.Span {
			sum += float64(faults[i].Share)
			table = append(table, spoilShare{upTo: uint64(sum * (1 << 32)), index: i, share: float64(faults[i].Share)})
		}
	}
	return table
}

// spoil draws whether a chunk is malformed; nil: it is not. In a request that is
// malformed as a whole, none is.
func (p *plan) spoil(request, key uint64, shape int) *spoiltPool {
	h := trees.Hash(key, drawSpoilt) >> 32
	if h >= p.spoils[len(p.spoils)-1].upTo || p.fault(request) >= 0 {
		return nil
	}
	i := 0
	for h >= p.spoils[i].upTo {
		i++
	}
	return &p.spoils[i].pools[shape]
}

// spoiltOf is what is malformed in a template; nil for nothing.
func (c *Corpus) spoiltOf(template uint32) *spoilt {
	if i := int(template) - c.sound; i >= 0 && i < len(c.spoilt) {
		return &c.spoilt[i]
	}
	return nil
}

// encodeSpoilt makes the templates of all faults of spans.
func (c *Corpus) encodeSpoilt(d *trees.Dresser, conv *converter) error {
	if len(c.plan.shapes) == 0 {
		c.plan.spoils = nil
		return nil
	}
	for i := range c.plan.spoils {
		f := &c.plan.spoils[i]
		f.pools = make([]spoiltPool, len(c.sources))
		if isGiant(c.scenario.Faults[f.index].Kind) {
			heaviest := slices.Index(shares(c.plan.alias), slices.Max(shares(c.plan.alias)))
			pool, err := c.encodePool(d, conv, f.index, heaviest, 1)
			if err != nil {
				return err
			}
			for shape := range f.pools {
				f.pools[shape] = pool
			}
			continue
		}
		for shape := range c.sources {
			src := &c.sources[shape]
			n := min(float64(spoiltTemplates), spoiltSpans/src.trees.SpansMean()) / float64(len(c.sources))
			var err error
			if f.pools[shape], err = c.encodePool(d, conv, f.index, shape, min(max(1, int(n)), src.templates)); err != nil {
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
func (c *Corpus) encodePool(d *trees.Dresser, conv *converter, index, shape, n int) (spoiltPool, error) {
	kind := c.scenario.Faults[index].Kind
	pool := spoiltPool{first: uint32(len(c.templates)), n: uint32(n), shape: uint32(shape)}
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
		Spans: conv.convert(b.Spans), PriorityWidth: priorityWidth(c.plan.shapes[shape].priorities), Fixed: b.Fixes,
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
