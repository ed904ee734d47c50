package values

import (
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// Patterns of the values that are texts. They are what the parsers accept, as
// far as a pattern can say it.
const (
	numberPattern   = `[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?`
	quantityPattern = `\s*` + numberPattern + `\s*(requests|traces|spans|B|KB|MB|GB)?\s*/\s*[smh]\s*`
	durationPattern = `\+?([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)(([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))*`
	factorPattern   = `\+?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*x`
	ratePattern     = `\s*max\s*|` + quantityPattern + `(\.\.` + quantityPattern + `)?`
)

func shareSchema(*grammar.Builder, grammar.Rule) *jsonschema.Schema {
	return grammar.AnyOf(
		&jsonschema.Schema{Type: "number", Minimum: new(0.0), Maximum: new(1.0)},
		grammar.Pattern(`\+?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*%?`),
	)
}

func cpusSchema(*grammar.Builder, grammar.Rule) *jsonschema.Schema {
	return grammar.AnyOf(
		&jsonschema.Schema{Type: "number", Minimum: new(minCPUs), Maximum: new(float64(maxCPUs))},
		grammar.Pattern(`\+?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*%?`),
	)
}

func distSchema(b *grammar.Builder, r grammar.Rule) *jsonschema.Schema {
	one := `\s*` + numberPattern + `\s*`
	value := grammar.AnyOf(&jsonschema.Schema{Type: "number", ExclusiveMinimum: new(0.0)}, grammar.Pattern(numberPattern))
	forms := []*jsonschema.Schema{{Type: "number"}}
	switch r.Variant {
	case ofCounts:
		forms = []*jsonschema.Schema{{Type: "integer", Minimum: new(0.0)}}
	case ofTimes:
		one, value, forms = `\s*`+durationPattern+`\s*`, grammar.Pattern(durationPattern), nil
	}
	quantiles := b.Fields(reflect.TypeFor[parts]())
	for _, key := range quantiles.PropertyOrder {
		described := *value
		described.Description = quantiles.Properties[key].Description
		quantiles.Properties[key] = &described
	}
	var others []string // p50 alone says too little
	for _, key := range quantiles.PropertyOrder {
		if key != "p50" {
			others = append(others, key)
		}
	}
	quantiles.AnyOf = grammar.Needing(others...)
	return grammar.AnyOf(append(forms, grammar.Pattern(one+`((±|\+-|\.\.)`+one+`)?`), quantiles)...)
}
