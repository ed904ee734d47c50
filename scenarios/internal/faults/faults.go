// Package faults is what a scenario says of faults: the type, what is to be
// checked of it, and its schema. What kinds there are is for internal/fault to say.
package faults

import (
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
	"github.com/spanstorm/spanstorm/scenarios/internal/values"
)

// Fault is one kind of fault and how often it is met.
type Fault struct {
	Kind   string       `json:"kind" lang:"required" doc:"Kind of fault, as spanstorm scenarios faults lists them."`
	Share  values.Share `json:"share" lang:"required" doc:"Share of traces, or of requests where the fault is of a body or of framing."`
	Hex    string       `json:"hex,omitempty" doc:"The body of raw-body, in hexadecimal."`
	Base64 string       `json:"base64,omitempty" doc:"The body of raw-body, in base64."`
	File   string       `json:"file,omitempty" doc:"The file that holds the body of raw-body, relative to the scenario's file. A small one is kept as base64."`
	// Body is the body of raw-body, from whichever of the three was given.
	Body []byte `json:"-"`
}

// Schema is the schema of a [Fault], which knows the kinds.
func Schema(b *grammar.Builder, _ grammar.Rule) *jsonschema.Schema {
	s := b.Fields(reflect.TypeFor[Fault]())
	kind := *s.Properties["kind"]
	for _, name := range fault.Names() {
		kind.Enum = append(kind.Enum, name)
	}
	s.Properties["kind"] = &kind
	return s
}
