// Package trees turns a scenario into span trees: which calls a trace makes, how
// long each lasts, which fail, and what tracers write on the spans of such calls.
//
//	Scenario ─NewCatalogue→ services and operations, names resolved
//	             └─Source(shape), Prepare(n)→ n trees to be had
//	                  └─Dresser.Spans(source, t)→ tree t, grown and dressed
//
// A tree is a function of the seed, its shape and its number, on any machine.
// What differs from one sending of it to the next is for others to know: ids,
// the time of day, the priority, the values of variables. So is how spans become
// bytes.
package trees

import "github.com/spanstorm/spanstorm/internal/wire"

// Span is one span of a tree.
type Span struct {
	Service, Name, Resource, Type string
	Parent                        int   // index in the tree, lower than the span's own; -1 for the root
	Start                         int64 // ns since the root's start
	Duration                      int64 // ns
	Error                         bool
	Meta                          []Tag // in the order of keys
	Metrics                       []Metric
	Extras                        *wire.Extras // nil: none
}

// Tag is an entry of a span's meta.
type Tag struct {
	Key, Value string
	// Variable, when above 0, says that the tag is
	// Catalogue.Variables()[Variable-1]; Value is empty then.
	Variable int
}

// Metric is an entry of a span's metrics.
type Metric struct {
	Key   string
	Value float64
}
