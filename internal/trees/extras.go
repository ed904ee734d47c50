package trees

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tinylib/msgp/msgp"

	"github.com/spanstorm/spanstorm/internal/trees/internal/names"
	"github.com/spanstorm/spanstorm/internal/wire"
	"github.com/spanstorm/spanstorm/scenarios"
)

// extraRules are what an operation says of links, events and structured
// metadata.
type extraRules struct {
	links     float64
	events    scenarios.Dist
	exception bool
	structs   []structRule
}

type structRule struct {
	key       string
	documents [][]byte
}

// documentsKept is how many documents there are of a key: enough that spans
// differ, few enough to make.
const documentsKept = 8

// newExtraRules returns nil for an operation that has none of them.
func (c *Catalogue) newExtraRules(src *scenarios.Operation) *extraRules {
	if src.Links == 0 && src.Events == nil && len(src.MetaStruct) == 0 {
		return nil
	}
	r := &extraRules{links: float64(src.Links)}
	if src.Events != nil {
		r.events, r.exception = src.Events.Count, src.Events.Exception
	}
	for _, key := range slices.Sorted(maps.Keys(src.MetaStruct)) {
		rule := structRule{key: key}
		s := &stream{HashText(HashText(c.seed, "meta_struct"), key)}
		for range documentsKept {
			rule.documents = append(rule.documents, c.document(s, int(src.MetaStruct[key])))
		}
		r.structs = append(r.structs, rule)
	}
	return r
}

// Bytes around the parts of a document.
const (
	documentHead = 3 + 1 + 4 + 3 // map of up to 2^16, "rest", and the header of its text
	entryMost    = 512           // more than any entry takes
)

// document is a msgpack map of exactly size bytes, at least scenarios.MinStruct:
// entries that name a rule, what it matched and where, and a text that fills up
// what is left.
func (c *Catalogue) document(s *stream, size int) []byte {
	var entries []byte
	n := 1
	for documentHead+2+len(entries)+entryMost < size {
		entries = msgp.AppendString(entries, fmt.Sprintf("%s-%d", strings.ToLower(names.Word(s.below)), n))
		entries = msgp.AppendMapHeader(entries, 4)
		entries = msgp.AppendInt(msgp.AppendString(entries, "rule"), s.below(1000))
		entries = msgp.AppendString(msgp.AppendString(entries, "match"), pick(s, c.words.phrases))
		entries = msgp.AppendBool(msgp.AppendString(entries, "blocked"), s.below(8) == 0)
		path := msgp.AppendArrayHeader(msgp.AppendString(entries, "path"), 2)
		entries = msgp.AppendString(msgp.AppendString(path, names.Word(s.below)), names.Verb(s.below))
		n++
	}
	doc := append(make([]byte, 0, size), 0xde, byte(n>>8), byte(n)) // a map whose count takes 16 bits
	doc = msgp.AppendString(append(doc, entries...), "rest")
	rest := size - len(doc) - 3
	doc = append(doc, 0xda, byte(rest>>8), byte(rest)) // a text whose length takes 16 bits
	for len(doc) < size {
		doc = append(doc, "abcdefghijklmnopqrstuvwxyz"[s.below(26)])
	}
	return doc
}

// extras draws the links, events and structured metadata of span k, whose tags
// are there. It draws from numbers of its own, so that all else of a tree is the
// same with and without.
func (d *Dresser) extras(n *node, key uint64, k int) *wire.Extras {
	r := n.op.extras
	if r == nil {
		return nil
	}
	s := &stream{Hash(HashText(key, "extras"), uint64(k))}
	x := &wire.Extras{}
	if s.happens(r.links) {
		x.Links = append(x.Links, d.link(s))
	}
	for range Count(r.events, s.unit()) {
		x.Events = append(x.Events, d.event(n, s))
	}
	slices.SortStableFunc(x.Events, func(a, b wire.Event) int { return int(min(max(a.Offset-b.Offset, -1), 1)) })
	if r.exception && n.failed {
		x.Events = append(x.Events, d.exception(n))
	}
	for i := range r.structs {
		x.Structs = append(x.Structs, wire.Struct{Key: r.structs[i].key, Value: pick(s, r.structs[i].documents)})
	}
	if len(x.Links)+len(x.Events)+len(x.Structs) == 0 {
		return nil
	}
	return x
}

// firstLinked is the earliest second in which a linked trace began, in January 2026.
const firstLinked = 1_767_225_600

// link points to a made-up span of another trace. As tracers have it, the upper
// half of the trace id holds seconds and zeros.
func (d *Dresser) link(s *stream) wire.Link {
	l := wire.Link{
		TraceIDHigh: uint64(firstLinked+s.below(30*24*3600)) << 32,
		TraceID:     s.Uint64()>>1 | 1,
		SpanID:      s.Uint64()>>1 | 1,
	}
	if s.below(2) == 0 {
		l.Attributes = []wire.Tag{
			{Key: "link.kind", Value: pick(s, []string{"follows_from", "batch", "retry"})},
			{Key: "messaging.message.id", Value: uuid(s)},
		}
	}
	if s.below(2) == 0 {
		l.Tracestate = fmt.Sprintf("dd=s:1;p:%016x;t.dm:-1", l.SpanID)
		l.Flags = 1<<31 | 1 // set, and sampled
	}
	return l
}

// event happens at a time within its span.
func (d *Dresser) event(n *node, s *stream) wire.Event {
	words := d.catalogue.words
	e := wire.Event{
		Name:   strings.ToLower(names.Word(s.below)) + "." + names.Verb(s.below),
		Offset: n.start + int64(Below(s.Uint64(), uint64(n.duration)+1)),
	}
	for _, a := range [...]wire.Attribute{
		{Key: "message", Value: pick(s, words.phrases)},
		{Key: "retryable", Value: s.below(2) == 0},
		{Key: "attempt", Value: int64(1 + s.below(5))},
		{Key: "elapsed_ms", Value: float64(s.below(1_000_000)) / 1000},
		{Key: "hosts", Value: []any{private(s), private(s)}},
	} {
		if s.below(2) == 0 {
			e.Attributes = append(e.Attributes, a)
		}
	}
	return e
}

// exception is the event by which OpenTelemetry records an error, at the end of the span.
func (d *Dresser) exception(n *node) wire.Event {
	e := wire.Event{Name: "exception", Offset: n.start + n.duration}
	for _, name := range [...][2]string{{"exception.message", "error.message"}, {"exception.stacktrace", "error.stack"}, {"exception.type", "error.type"}} {
		for _, tag := range d.meta[d.from:] {
			if tag.Key == name[1] && tag.Variable == 0 {
				e.Attributes = append(e.Attributes, wire.Attribute{Key: name[0], Value: tag.Value})
			}
		}
	}
	e.Attributes = append(e.Attributes, wire.Attribute{Key: "exception.escaped", Value: n.cause < 0})
	return e
}
