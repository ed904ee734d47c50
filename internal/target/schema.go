package target

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/spanstorm/spanstorm/internal/target/counters"
)

// Schema is the JSON Schema of a target file, for editors.
func Schema() *jsonschema.Schema {
	duration := func() *jsonschema.Schema {
		return &jsonschema.Schema{Type: "string", Pattern: `^([0-9]+(\.[0-9]+)?(h|m|s|ms|us|µs|ns))+$`, Examples: []any{"12s"}}
	}
	s, err := jsonschema.For[file](&jsonschema.ForOptions{
		TypeSchemas: map[reflect.Type]*jsonschema.Schema{reflect.TypeFor[time.Duration](): duration()},
	})
	if err != nil {
		// The type is ours and fixed: a test makes sure that this cannot be.
		return &jsonschema.Schema{}
	}
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "Spanstorm target"
	s.Description = "How to start an agent under test, and what to expect of it."
	s.Required = []string{"url"}
	choices(s.Properties["acceptance"], acceptances()...)
	choices(s.Properties["apis"].Items, apiNames()...)
	// What YAML reads as a number or a boolean is taken as it is written.
	word := &jsonschema.Schema{Types: []string{"string", "number", "boolean"}}
	s.Properties["env"].AdditionalProperties = word
	command, versionCommand := s.Properties["command"], s.Properties["version"].Properties["command"]
	command.Items, versionCommand.Items = word.CloneSchemas(), word.CloneSchemas()
	claim := s.Properties["claims"].Items
	claim.Properties["statsd"].Type, claim.Properties["statsd"].Types = "", []string{"boolean", "string"}
	// Of the three exactly one.
	for _, kind := range counters.Kinds() {
		claim.OneOf = append(claim.OneOf, &jsonschema.Schema{Required: []string{kind}})
	}
	claim.Properties["meanings"].AdditionalProperties = &jsonschema.Schema{
		Type: "string", Pattern: `^(` + strings.Join(counters.Columns(), "|") + `)(\.(spans|requests))?(:.+)?$`,
	}
	one := 1
	for _, list := range []*jsonschema.Schema{command, versionCommand, s.Properties["claims"], s.Properties["apis"]} {
		list.Type, list.Types = "array", nil // Go would take null for a list as well
		list.MinItems = &one
	}
	defaults := map[string]any{
		"health": infoPath, "acceptance": AcceptanceIntake, "drain": DefaultDrain.String(),
		"start_timeout": DefaultStartTimeout.String(), "stop_timeout": DefaultStopTimeout.String(),
	}
	for key, value := range defaults {
		if text, err := json.Marshal(value); err == nil {
			s.Properties[key].Default = text
		}
	}
	return s
}

func choices(s *jsonschema.Schema, names ...string) {
	for _, name := range names {
		s.Enum = append(s.Enum, name)
	}
}
