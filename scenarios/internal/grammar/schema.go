package grammar

import (
	"cmp"
	"reflect"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema is the JSON Schema of the language whose documents are of a type, a
// struct: the shape of a document and the form of its values.
func (l Language) Schema(document reflect.Type) *jsonschema.Schema {
	b := &Builder{lang: l, defs: map[string]*jsonschema.Schema{}}
	root := b.Fields(document)
	root.Schema = "https://json-schema.org/draft/2020-12/schema"
	root.Defs = b.defs
	return root
}

// Builder makes the schemas of types. It collects the named types as
// definitions, so that values can hold others of their type.
type Builder struct {
	lang Language
	defs map[string]*jsonschema.Schema
}

// Pattern is the schema of texts that match a pattern from end to end.
func Pattern(p string) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: "^(" + p + ")$"}
}

// AnyOf is the schema of values that fit one of several.
func AnyOf(list ...*jsonschema.Schema) *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: list}
}

// Needing is, for each key, the schema of mappings that have it.
func Needing(keys ...string) []*jsonschema.Schema {
	var list []*jsonschema.Schema
	for _, key := range keys {
		list = append(list, &jsonschema.Schema{Required: []string{key}})
	}
	return list
}

// of is the schema of a type under a rule.
func (b *Builder) of(t reflect.Type, r Rule) *jsonschema.Schema {
	t = deref(t)
	kind := b.lang.Types[t]
	build := kind.Schema
	switch {
	case build != nil:
	case kind.Pattern != "":
		build = func(*Builder, Rule) *jsonschema.Schema { return Pattern(kind.Pattern) }
	case t.Kind() == reflect.Struct:
		build = func(*Builder, Rule) *jsonschema.Schema { return b.Fields(t) }
	default:
		return b.Plain(t, r)
	}
	if t.PkgPath() == "" {
		return build(b, r)
	}
	name := cmp.Or(r.Variant, strings.ToLower(t.Name()))
	if _, ok := b.defs[name]; !ok {
		b.defs[name] = nil // being built
		b.defs[name] = build(b, r)
	}
	return &jsonschema.Schema{Ref: "#/$defs/" + name}
}

// Plain is the schema of a type as its kind says.
func (b *Builder) Plain(t reflect.Type, r Rule) *jsonschema.Schema {
	switch t.Kind() {
	case reflect.String:
		s := &jsonschema.Schema{Type: "string"}
		for _, choice := range r.Enum {
			s.Enum = append(s.Enum, choice)
		}
		return s
	case reflect.Bool:
		return &jsonschema.Schema{Type: "boolean"}
	case reflect.Int, reflect.Uint64:
		s := &jsonschema.Schema{Type: "integer", Minimum: r.Min, Maximum: r.Max}
		if s.Minimum == nil {
			s.Minimum = new(0.0)
		}
		return s
	case reflect.Float64:
		return &jsonschema.Schema{Type: "number"}
	case reflect.Slice:
		list := &jsonschema.Schema{Type: "array", Items: b.of(t.Elem(), Rule{})}
		if r.Required {
			list.MinItems = new(1)
		}
		if r.One {
			return AnyOf(b.of(t.Elem(), Rule{}), list)
		}
		return list
	case reflect.Map:
		m := &jsonschema.Schema{Type: "object", AdditionalProperties: b.of(t.Elem(), Rule{})}
		if r.Required {
			m.MinProperties = new(1)
		}
		if keys := b.lang.of(t.Elem()).Keys; keys != nil {
			m.PropertyNames = &jsonschema.Schema{}
			for _, key := range keys {
				m.PropertyNames.Enum = append(m.PropertyNames.Enum, key)
			}
		}
		return m
	}
	return &jsonschema.Schema{}
}

// Fields is the schema of a mapping of known keys, those of a struct.
func (b *Builder) Fields(t reflect.Type) *jsonschema.Schema {
	s := &jsonschema.Schema{
		Type:                 "object",
		Properties:           map[string]*jsonschema.Schema{},
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
	}
	for _, f := range fieldsOf(t) {
		property := b.of(f.typ, f.rule)
		property.Description = f.doc
		s.Properties[f.name] = property
		s.PropertyOrder = append(s.PropertyOrder, f.name)
		if f.rule.Required {
			s.Required = append(s.Required, f.name)
		}
	}
	return s
}
