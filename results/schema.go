package results

import (
	"encoding/json"
	"reflect"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema is the JSON Schema of record.json, made from the types of this
// package. Further fields may come with a later spanstorm without a new schema
// version, so unknown ones are allowed.
func Schema() *jsonschema.Schema {
	scenario := &jsonschema.Schema{Description: "the resolved scenario; `spanstorm schema scenario` describes it"}
	schema, err := jsonschema.For[Record](&jsonschema.ForOptions{
		TypeSchemas: map[reflect.Type]*jsonschema.Schema{reflect.TypeFor[json.RawMessage](): scenario},
	})
	if err != nil {
		// The types are fixed at compile time and a test holds that this does
		// not happen; a schema that says nothing beats a crash all the same.
		return &jsonschema.Schema{Description: "no schema: " + err.Error()}
	}
	open(schema)
	schema.Schema = "https://json-schema.org/draft/2020-12/schema"
	schema.Title = "Spanstorm record"
	schema.Description = "What one run of spanstorm leaves on disk. Names end in their unit."
	version := any(SchemaVersion)
	schema.Properties["schema_version"].Const = &version
	return schema
}

// open allows properties that the schema does not name, at every level.
func open(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	for _, property := range s.Properties {
		open(property)
	}
	open(s.Items)
	switch {
	case len(s.Properties) > 0:
		s.AdditionalProperties = nil
	default:
		open(s.AdditionalProperties) // the values of a map
	}
}
