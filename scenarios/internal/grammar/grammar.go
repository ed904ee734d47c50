// Package grammar reads a language that is described by Go types: it fills
// values of them from a [document.Node] tree, puts settings into the tree, makes
// their JSON Schema, and says where what is wrong and what was likely meant.
//
// A field's tags are its grammar: `json` names the key, `doc` describes it,
// `lang` holds what the type does not say: required; enum=a|b; one (a single
// value is a list of one); min, max and such (an example) for whole numbers; any
// other word is a variant, for the type to make something of. What a type does not say by its
// kind stands in a [Language].
//
// What may live here: what any such language needs. What may not: the keys and
// values of a particular one. It knows nothing of scenarios.
package grammar

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
)

// Language is what types and tags do not say.
type Language struct {
	// Types are the types that need more said of them than their kind says.
	Types map[reflect.Type]Type
	// Defaults sets what stands in a value before its keys are read. It gets a
	// pointer, and leaves types without defaults alone.
	Defaults func(target any)
	// Names are the keys by whose value a list item goes in the path of a
	// setting, the first that is written.
	Names []string
	// Setting is an example of one.
	Setting string
}

// Type is how the values of one type are written.
type Type struct {
	// Read reads a value; nil: as its kind says. See [Reads] and [Scalar].
	Read func(d *Decoder, v reflect.Value, s Spot)
	// Pattern is what texts of it look like, from end to end; empty: see Schema.
	Pattern string
	// Schema describes the values; nil: as their kind says.
	Schema func(b *Builder, r Rule) *jsonschema.Schema
	// Leaf says that a value has no mapping form.
	Leaf bool
	// Mapping is the struct that describes the mapping form, where that is not
	// the type itself.
	Mapping reflect.Type
	// Key is the key of the mapping form that a single value stands for.
	Key string
	// Keys, when set, are all the keys that a mapping to such values may have.
	Keys []string
	// Label is what messages call an item of a list or a mapping of them, with
	// the key it stands under in place of %s; empty: the key alone.
	Label string
	// Item is what items of a list are called by default, with their number:
	// "phase" for phase-1; empty: their index.
	Item string
}

// of is what the language says of a type.
func (l *Language) of(t reflect.Type) Type { return l.Types[deref(t)] }

func deref(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// mapping is the struct that describes the mapping form of a type, if it has one.
func (l *Language) mapping(t reflect.Type) (reflect.Type, bool) {
	t = deref(t)
	switch kind := l.Types[t]; {
	case kind.Leaf:
		return nil, false
	case kind.Mapping != nil:
		return kind.Mapping, true
	}
	return t, t.Kind() == reflect.Struct
}

// field is one key of a mapping, as the tags of the types describe it.
type field struct {
	name string
	doc  string
	typ  reflect.Type
	at   int // index in the struct
	rule Rule
}

// Rule is what a `lang` tag says.
type Rule struct {
	Required, One bool
	Variant       string
	Enum          []string
	Min, Max      *float64
	Such          string // an example, for remedies
}

// fieldsOf lists the keys of a struct in order.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		f := t.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue
		}
		fields = append(fields, field{name: name, doc: f.Tag.Get("doc"), typ: f.Type, at: i, rule: parseRule(f.Tag.Get("lang"))})
	}
	return fields
}

func parseRule(tag string) Rule {
	var r Rule
	for part := range strings.SplitSeq(tag, ";") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "required":
			r.Required = true
		case "one":
			r.One = true
		case "enum":
			r.Enum = strings.Split(value, "|")
		case "min":
			r.Min = bound(value)
		case "max":
			r.Max = bound(value)
		case "such":
			r.Such = value
		default:
			r.Variant = key
		}
	}
	return r
}

func bound(value string) *float64 {
	f, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return nil
	}
	return &f
}

func names(fields []field) []string {
	var list []string
	for _, f := range fields {
		list = append(list, f.name)
	}
	return list
}
