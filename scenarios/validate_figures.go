package scenarios

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// SpanTypes are the types that spans of a statistical shape may have, as
// Datadog's tracers name them.
func SpanTypes() []string {
	return []string{"web", "http", "rpc", "grpc", "sql", "db", "cache", "redis", "memcached", "mongodb", "cassandra", "elasticsearch", "dynamodb", "queue"}
}

// timesPattern is what names in calls_per_edge look like.
const timesPattern = `[1-9][0-9]{0,5}(\.\.[1-9][0-9]{0,5})?`

// Times reads a name in calls_per_edge: 2 or 3..9, both ends included. ok is
// false for anything else.
func Times(name string) (from, to int, ok bool) {
	a, b, isRange := strings.Cut(name, "..")
	if !isRange {
		b = a
	}
	from, err := strconv.Atoi(a)
	to, errTo := strconv.Atoi(b)
	return from, to, err == nil && errTo == nil && from >= 1 && from <= to
}

// figures checks the aims of a statistical shape.
func (v *validator) figures(path []any, st *Statistical) {
	if st.FanOut != nil && v.Written(grammar.Under(path, "fan_out")...) {
		switch most := st.FanOut.Most(); {
		case most < 1:
			v.Fail(grammar.Under(path, "fan_out"), "write 1 or more, for example {p50: 1, p90: 3, max: 20}", "fan_out must be at least 1")
		case most > MaxSpans:
			v.Fail(grammar.Under(path, "fan_out"), "give it a max, as in {p50: 1, p90: 3, max: 20}", "fan_out can reach %s, more than %d", grammar.RoundUp(most), MaxSpans)
		}
	}
	if st.Types != nil {
		at := grammar.Under(path, "types")
		for _, name := range slices.Sorted(maps.Keys(st.Types)) {
			if !slices.Contains(SpanTypes(), name) {
				hint := grammar.DidYouMean(name, SpanTypes())
				if hint == "" {
					hint = "there are " + strings.Join(SpanTypes(), ", ")
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
		from, to, ok := Times(name)
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

// corpus checks that the size of the templates is said in one way.
func (v *validator) corpus() {
	c := v.s.Corpus
	if c == nil || !v.Written("corpus") {
		return
	}
	spans, memory := v.Written("corpus", "spans"), v.Written("corpus", "memory")
	switch {
	case spans == memory:
		v.Fail([]any{"corpus"}, "write {spans: 100000} or {memory: 64MB}", "the corpus needs either spans or memory")
	case memory && c.Memory < minCorpus && !v.Unread("corpus", "memory"):
		v.Fail([]any{"corpus", "memory"}, "write at least 1MB, for example 64MB", "memory: %s is too little for templates", c.Memory)
	}
}

// minCorpus is the least memory for templates, in bytes.
const minCorpus = 1_000_000
