package scenarios

import (
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
	"github.com/spanstorm/spanstorm/scenarios/internal/values"
)

// weightSchema is that of plain numbers: all of them are weights.
func weightSchema(*grammar.Builder, grammar.Rule) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "number", Minimum: new(0.0), Maximum: new(float64(maxWeight))}
}

func prioritySchema(b *grammar.Builder, r grammar.Rule) *jsonschema.Schema {
	shares := b.Plain(reflect.TypeFor[map[string]Share](), r)
	return grammar.AnyOf(&jsonschema.Schema{Enum: append([]any{-1, 0, 1, 2}, shares.PropertyNames.Enum...)}, shares)
}

func tagSchema(b *grammar.Builder, _ grammar.Rule) *jsonschema.Schema {
	one := &jsonschema.Schema{Types: []string{"string", "number", "boolean"}}
	return grammar.AnyOf(one, &jsonschema.Schema{Type: "array", Items: one, MinItems: new(1)}, b.Fields(reflect.TypeFor[generated]()))
}

func resourceSchema(b *grammar.Builder, _ grammar.Rule) *jsonschema.Schema {
	texts := b.Plain(reflect.TypeFor[[]string](), grammar.Rule{One: true})
	p := b.Fields(reflect.TypeFor[pattern]())
	described := *p.Properties["pattern"]
	described.Pattern = `\{n\}`
	p.Properties["pattern"] = &described
	return grammar.AnyOf(texts, p)
}

func callSchema(b *grammar.Builder, _ grammar.Rule) *jsonschema.Schema {
	call := b.Fields(reflect.TypeFor[Call]())
	call.OneOf = grammar.Needing("to", "parallel")
	return grammar.AnyOf(&jsonschema.Schema{Type: "string"}, call)
}

func shapeSchema(b *grammar.Builder, _ grammar.Rule) *jsonschema.Schema {
	shape := b.Fields(reflect.TypeFor[Shape]())
	shape.OneOf = grammar.Needing("entry", "statistical")
	return shape
}

func phaseSchema(b *grammar.Builder, _ grammar.Rule) *jsonschema.Schema {
	phase := b.Fields(reflect.TypeFor[Phase]())
	phase.OneOf = grammar.Needing(profiles()...)
	phase.AnyOf = grammar.Needing("for", "steps")
	return phase
}

func eventSchema(b *grammar.Builder, _ grammar.Rule) *jsonschema.Schema {
	event := b.Fields(reflect.TypeFor[Event]())
	event.OneOf = grammar.Needing("intake", "agent", "connections")
	return event
}

// mixSchema names what has shares: types of spans, or numbers of calls.
func mixSchema(b *grammar.Builder, r grammar.Rule) *jsonschema.Schema {
	names := &jsonschema.Schema{Pattern: "^(" + values.TimesPattern + ")$"}
	if r.Variant == "types" {
		names = &jsonschema.Schema{}
		for _, typ := range values.SpanTypes() {
			names.Enum = append(names.Enum, typ)
		}
	}
	shares := b.Plain(reflect.TypeFor[map[string]Share](), r)
	shares.PropertyNames, shares.MinProperties = names, new(1)
	return shares
}

func corpusSchema(b *grammar.Builder, _ grammar.Rule) *jsonschema.Schema {
	corpus := b.Fields(reflect.TypeFor[CorpusSize]())
	corpus.AnyOf = grammar.Needing("spans", "memory", "working_set")
	corpus.Not = &jsonschema.Schema{Required: []string{"spans", "memory"}}
	return corpus
}
