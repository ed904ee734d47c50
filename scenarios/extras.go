package scenarios

import (
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/spanstorm/spanstorm/internal/limits"
	"github.com/spanstorm/spanstorm/scenarios/internal/document"
	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// Events are the span events of an operation. In YAML: a distribution of their
// number, or a mapping.
type Events struct {
	Count     Dist `json:"count" lang:"count" doc:"How many a span has. Default 0."`
	Exception bool `json:"exception" doc:"Failed spans have one more, named exception, as OpenTelemetry records errors. Default false."`
}

// Bounds of extras: what a span may carry at most.
const (
	// MaxEvents is the most events of a span, the exception aside.
	MaxEvents = 128
	// MinStruct is the least size of a meta_struct document, in bytes.
	MinStruct = 16
	// MaxStruct is the largest, in bytes.
	MaxStruct = 100_000
)

func readEvents(d *grammar.Decoder, e *Events, s grammar.Spot) {
	if s.Kind == document.Map && s.Get("p50") == nil {
		d.Plain(e, s)
		return
	}
	s.Rule = grammar.Rule{Variant: "count"}
	d.Value(&e.Count, s)
}

func eventsSchema(b *grammar.Builder, _ grammar.Rule) *jsonschema.Schema {
	fields := b.Fields(reflect.TypeFor[Events]())
	return grammar.AnyOf(&jsonschema.Schema{Ref: fields.Properties["count"].Ref}, fields)
}

// extras checks links, events and structured metadata of an operation.
func (v *validator) extras(path []any, op *Operation) {
	if op.Events != nil {
		if most := op.Events.Count.Most(); most > MaxEvents {
			at := grammar.Under(path, "events")
			if v.Written(grammar.Under(at, "count")...) {
				at = grammar.Under(at, "count")
			}
			v.Fail(at, "lower it, or give it a max, as in 0..2", "a span can have %s events, more than %d", grammar.RoundUp(most), MaxEvents)
		}
	}
	for key, size := range op.MetaStruct {
		at := grammar.Under(path, "meta_struct", key)
		v.bytes(at, true, "the name in meta_struct", key, limits.MetaKeyBytes)
		if (size < MinStruct || size > MaxStruct) && !v.Unread(at...) {
			v.Fail(at, "write for example 2KB", "a document of %s cannot be made; sizes go from %s to %s", size, Size(MinStruct), Size(MaxStruct))
		}
	}
}
