package scenarios

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
	"github.com/spanstorm/spanstorm/scenarios/internal/values"
)

// figures checks the aims of a statistical shape.
func (v *validator) figures(path []any, st *Statistical) {
	if st.Types != nil {
		at := grammar.Under(path, "types")
		for _, name := range slices.Sorted(maps.Keys(st.Types)) {
			if !slices.Contains(values.SpanTypes(), name) {
				hint := grammar.DidYouMean(name, values.SpanTypes())
				if hint == "" {
					hint = "there are " + strings.Join(values.SpanTypes(), ", ")
				}
				v.FailKey(grammar.Under(at, name), hint, "%s is no type of spans that can be made up", grammar.Shorten(name))
			}
		}
		v.whole(at, "types", st.Types)
	}
	if st.CallsPerEdge == nil {
		return
	}
	at := grammar.Under(path, "calls_per_edge")
	if st.RepeatedEdges > 0 {
		v.FailKey(grammar.Under(path, "repeated_edges"), "leave it out: calls_per_edge says it", "a shape has either repeated_edges or calls_per_edge")
	}
	type bin struct {
		from, to int
		name     string
	}
	var bins []bin
	for _, name := range slices.Sorted(maps.Keys(st.CallsPerEdge)) {
		from, to, ok := values.Times(name)
		if !ok || to > MaxSpans {
			v.FailKey(grammar.Under(at, name), "write a number from 1, or a range such as 3..9", "%s is no number of calls", grammar.Shorten(name))
			continue
		}
		bins = append(bins, bin{from, to, name})
	}
	slices.SortFunc(bins, func(a, b bin) int { return a.from - b.from })
	for i := 1; i < len(bins); i++ {
		if bins[i].from <= bins[i-1].to {
			v.FailKey(grammar.Under(at, bins[i].name), "let ranges begin where others end", "%s and %s overlap", bins[i-1].name, bins[i].name)
		}
	}
	v.whole(at, "calls_per_edge", st.CallsPerEdge)
}

// whole checks that shares add up.
func (v *validator) whole(path []any, label string, mix Mix) {
	sum := 0.0
	for _, key := range slices.Sorted(maps.Keys(mix)) {
		if v.Unread(grammar.Under(path, key)...) {
			return // a share that could not be read
		}
		sum += float64(mix[key])
	}
	if math.Abs(sum-1) > 1e-6 {
		v.Fail(path, "let them add up to 100%", "the shares of %s add up to %s", label, Share(sum))
	}
}

// corpus checks that the size of the templates is said in one way at most.
func (v *validator) corpus() {
	c := v.s.Corpus
	if c == nil || !v.Written("corpus") {
		return
	}
	spans, memory, set := v.Written("corpus", "spans"), v.Written("corpus", "memory"), v.Written("corpus", "working_set")
	switch {
	case spans && memory:
		v.Fail([]any{"corpus"}, "write {spans: 100000} or {memory: 64MB}", "the corpus takes one of spans and memory")
	case !spans && !memory && !set:
		v.Fail([]any{"corpus"}, "write {spans: 100000} or {memory: 64MB}", "the corpus says nothing")
	case memory && c.Memory < minCorpus && !v.Unread("corpus", "memory"):
		v.Fail([]any{"corpus", "memory"}, "write at least 1MB, for example 64MB", "memory: %s is too little for templates", c.Memory)
	}
}

// minCorpus is the least memory for templates, in bytes.
const minCorpus = 1_000_000
