package generator

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/internal/wire"
)

// Sizes of what is too large.
const (
	longText      = 300    // bytes; agents cut at 100
	longResource  = 10_000 // bytes; agents cut at 5,000
	hugeMetaTags  = 5_000
	hugeTagBytes  = 1 << 20
	deepTreeSpans = 10_000
	wideTreeSpans = 1 + 50_000
)

// nobody is an id that no run gives: all of those are above 10^18.
const nobody = 0x0bad_1d00_0bad_1d

// Values of the wrong type have the length of what they take the place of.
const (
	wrongText   = "a number"         // 8 bytes, as a number of 64 bits has
	wrongNumber = 12_345_678_765_432 // ns, some hours
)

// broken is a tree as a fault leaves it, and what cannot be said in a tree.
type broken struct {
	spans []trees.Span
	fixes []wire.Fix
	alike int // spans with the id of another
}

// spoil breaks a tree as a kind of fault wants it. Faults of one span are of the
// last, which has no children: so the others stay as they are. The tree is left
// alone.
func spoil(kind string, tree []trees.Span) broken {
	b := broken{spans: slices.Clone(tree)}
	switch kind {
	case fault.SpanIDZero, fault.DuplicateSpanIDs, fault.ForeignTraceID, fault.SelfParent, fault.ParentCycle:
		if len(tree) == 1 { // it takes two
			child := tree[0]
			child.Parent = 0
			b.spans = append(b.spans, child)
		}
	}
	last := len(b.spans) - 1
	s := &b.spans[last]
	fix := func(span int, field wire.Field, same int, value uint64) {
		b.fixes = append(b.fixes, wire.Fix{Span: span, Field: field, Same: same, Value: value})
	}
	switch kind {
	case fault.TraceIDZero:
		for k := range b.spans {
			fix(k, wire.FieldTraceID, 0, 0)
		}
	case fault.SpanIDZero:
		fix(last, wire.FieldSpanID, 0, 0)
	case fault.DuplicateSpanIDs:
		fix(last, wire.FieldSpanID, 1, 0)
		b.alike = 1
	case fault.ForeignTraceID:
		fix(last, wire.FieldTraceID, 0, nobody)
	case fault.SelfParent:
		fix(last, wire.FieldParent, last+1, 0)
	case fault.MissingRoot:
		fix(0, wire.FieldParent, 0, nobody)
	case fault.ParentCycle:
		fix(0, wire.FieldParent, last+1, 0)
		fix(last, wire.FieldParent, 1, 0)
	case fault.StartZero, fault.Start1999, fault.StartFuture:
		for k := range b.spans {
			fix(k, wire.FieldStart, 0, startOf(kind, b.spans[k].Start))
		}
	case fault.NegativeDuration:
		s.Duration = -int64(time.Second)
	case fault.MaximalDuration:
		s.Duration = math.MaxInt64
	case fault.NilTrace, fault.EmptyTrace:
		b.spans = nil
	case fault.DeepTree, fault.WideTree:
		b.spans = giant(kind, tree[0])
	default:
		spoilTexts(kind, s)
	}
	return b
}

// startOf is the start of a span that starts so long after its trace.
func startOf(kind string, after int64) uint64 {
	switch kind {
	case fault.Start1999:
		return uint64(time.Date(1999, 12, 31, 0, 0, 0, 0, time.UTC).UnixNano() + min(after, int64(time.Hour)))
	case fault.StartFuture:
		return uint64(time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano() + after)
	}
	return 0
}

// spoilTexts breaks what is written on a span.
func spoilTexts(kind string, s *trees.Span) {
	long := func(text string, n int) string { return (text + strings.Repeat("x", n))[:n] }
	switch kind {
	case fault.EmptyService:
		s.Service = ""
	case fault.LongService:
		s.Service = long(s.Service, longText)
	case fault.EmptyName:
		s.Name = ""
	case fault.LongName:
		s.Name = long(s.Name, longText)
	case fault.EmptyResource:
		s.Resource = ""
	case fault.LongResource:
		s.Resource = long(s.Resource, longResource)
	case fault.LongType:
		s.Type = long(s.Type, longText)
	case fault.OddCharacters:
		s.Service, s.Name = "Œdd sérvice/#1 ☃!", "1 ódd näme??"
	case fault.InvalidUTF8:
		s.Service, s.Name = "service\xff\xfe", "name.\xc3\x28"
		s.Meta = append(slices.Clone(s.Meta), trees.Tag{Key: "odd.bytes", Value: "\xe2\x28\xa1 \xf0\x9f"})
	case fault.WrongTypes:
		s.Service, s.Duration = wrongText, wrongNumber
	case fault.HugeMeta:
		s.Meta = slices.Clone(s.Meta)
		for i := range hugeMetaTags {
			s.Meta = append(s.Meta, trees.Tag{Key: fmt.Sprintf("huge.%04d", i), Value: fmt.Sprintf("value %d", i)})
		}
	case fault.HugeTag:
		s.Meta = append(slices.Clone(s.Meta), trees.Tag{Key: "huge.tag", Value: strings.Repeat("huge tag ", hugeTagBytes/9+1)[:hugeTagBytes]})
	}
}

// giant is a tree of many spans like one, bare of tags but for the root's: each
// within its parent, in a chain or side by side.
func giant(kind string, like trees.Span) []trees.Span {
	n := deepTreeSpans
	if kind == fault.WideTree {
		n = wideTreeSpans
	}
	spans := make([]trees.Span, n)
	root := like
	root.Duration = max(like.Duration, 4*int64(n))
	spans[0] = root
	for k := 1; k < n; k++ {
		s := like
		s.Meta, s.Metrics = nil, nil
		s.Start, s.Duration = int64(k), root.Duration-2*int64(k)
		if kind == fault.DeepTree {
			s.Parent = k - 1
		} else {
			s.Parent = 0
		}
		spans[k] = s
	}
	return spans
}
