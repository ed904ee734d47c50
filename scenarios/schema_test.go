package scenarios

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/jsonschema-go/jsonschema"
)

func resolved(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	// As it is published: through its JSON.
	text, err := json.Marshal(Schema())
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	r, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// valid says whether YAML text fits the schema.
func valid(t *testing.T, r *jsonschema.Resolved, src []byte) error {
	t.Helper()
	var v any
	if err := yaml.Unmarshal(src, &v); err != nil {
		return err
	}
	// Numbers and keys as JSON has them.
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	return r.Validate(plain)
}

func TestSchemaAcceptsLibrary(t *testing.T) {
	r := resolved(t)
	for _, b := range Library() {
		if err := valid(t, r, b.Source); err != nil {
			t.Errorf("%s: %v", b.Name, err)
		}
		s, err := Load(b.Name, nil)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := valid(t, r, text); err != nil {
			t.Errorf("%s, resolved: %v", b.Name, err)
		}
	}
}

// Each line is one mistake in an otherwise good scenario: refused by the
// parser and by the schema alike.
func TestSchemaRefusesWhatParseRefuses(t *testing.T) {
	const good = "services:\n  web:\n    type: web\n    operations:\n      home: {name: http.request, resource: GET /, duration: 5ms}\nshapes:\n  - {entry: web.home, weight: 1}\nload:\n  - {rate: 100/s, for: 10s}\n"
	r := resolved(t)
	if err := valid(t, r, []byte(good)); err != nil {
		t.Fatal(err)
	}
	if _, err := Parse("good.yaml", []byte(good), nil); err != nil {
		t.Fatal(err)
	}
	for _, edit := range [][2]string{
		{"type: web", "tipe: web"},
		{"type: web", "type: 3"},
		{"rate: 100/s", "rate: fast"},
		{"rate: 100/s", "rate: 100"},
		{"rate: 100/s", "rate: 100/s..max"},
		{"rate: 100/s", "connections: 3"},
		{"rate: 100/s", "rate: 100/s, steps: {from: 1/s, to: 2/s, by: 1/s, every: 1s}"},
		{"rate: 100/s", "bursts: {base: 1/s, peak: 5/s, every: 1s}"},
		{"for: 10s", "for: 10"},
		{"for: 10s", "discard: true"},
		{"for: 10s", "for: 10s, send: all"},
		{"weight: 1", "weight: -1"},
		{"weight: 1", "weight: heavy"},
		{"weight: 1", "statistical: {spans: 3, depth: 2}"},
		{"entry: web.home, ", ""},
		{"weight: 1", "priority: {3: 100%}"},
		{"weight: 1", "priority: 3"},
		{"weight: 1", "priority: [1]"},
		{"weight: 1", "priority: {1: 2}"},
		{"weight: 1", "priority: {1: lots}"},
		{"duration: 5ms", "duration: 5"},
		{"duration: 5ms", "duration: {p50: 5ms}"},
		{"duration: 5ms", "duration: {p50: 5ms, p91: 6ms}"},
		{"duration: 5ms", "duration: 5ms ~ 3ms"},
		{", duration: 5ms", ""},
		{"duration: 5ms", "duration: 5ms, tags: {a: []}"},
		{"duration: 5ms", "duration: 5ms, tags: {a: {cardinality: 0}}"},
		{"duration: 5ms", "duration: 5ms, tags: {a: {cardinality: 9, skew: pareto}}"},
		{"duration: 5ms", "duration: 5ms, metrics: {a: b}"},
		{"duration: 5ms", "duration: 5ms, kind: waiter"},
		{"duration: 5ms", "duration: 5ms, calls: [{probability: 5%}]"},
		{"duration: 5ms", "duration: 5ms, calls: [{to: web.list, repeat: 1.5}]"},
		{"duration: 5ms", "duration: 5ms, error_rate: -1%"},
		{"resource: GET /", "resource: {a: b}"},
		{"resource: GET /", "resource: {pattern: GET /items, cardinality: 5}"},
		{"resource: GET /", "resource: {pattern: 'GET /{n}', cardinality: 0}"},
		{"resource: GET /", "resource: {pattern: 'GET /{n}', cardinality: 5, skew: x}"},
		{"resource: GET /", "resource: {cardinality: 5}"},
		{"duration: 5ms", "duration: 5ms, calls: [{to: web.list, when: never}]"},
		{"duration: 5ms", "duration: 5ms, calls: [{to: web.list, hit_rate: 2}]"},
		{"duration: 5ms", "duration: 5ms, calls: [{to: web.list, timeout: 5}]"},
		{"duration: 5ms", "duration: 5ms, calls: [{to: web.list, on_miss: web.list}]"},
		{"services:", "api: v0.6\nservices:"},
		{"services:", "seed: -1\nservices:"},
		{"services:", "clients: {count: 0}\nservices:"},
		{"services:", "expect: missing == 0\nservices:"},
		{"services:", "faults: [{kind: span-id-none, share: 1%}]\nservices:"},
		{"services:", "faults: [{kind: span-id-zero}]\nservices:"},
		{"services:", "faults: [{kind: span-id-zero, share: lots}]\nservices:"},
		{"services:", "faults: [{kind: span-id-zero, share: 1%, bytes: 91}]\nservices:"},
		{"load:\n  - {rate: 100/s, for: 10s}\n", ""},
		{"load:\n  - {rate: 100/s, for: 10s}\n", "load: []\n"},
	} {
		bad := strings.Replace(good, edit[0], edit[1], 1)
		if bad == good {
			t.Errorf("%q is not in the scenario", edit[0])
			continue
		}
		if err := valid(t, r, []byte(bad)); err == nil {
			t.Errorf("the schema accepts %q for %q", edit[1], edit[0])
		}
		if _, err := Parse("bad.yaml", []byte(bad), nil); err == nil {
			t.Errorf("Parse accepts %q for %q", edit[1], edit[0])
		}
	}
}

func TestEveryKeyIsDescribed(t *testing.T) {
	mappings := 0
	var visit func(name string, s *jsonschema.Schema)
	visit = func(name string, s *jsonschema.Schema) {
		if s == nil {
			return
		}
		if s.Properties != nil {
			mappings++
		}
		for key, property := range s.Properties {
			if !strings.HasSuffix(property.Description, ".") {
				t.Errorf("%s.%s has no description that ends in a full stop", name, key)
			}
			visit(name+"."+key, property)
		}
		for _, form := range s.AnyOf {
			visit(name, form)
		}
		visit(name, s.Items)
		visit(name, s.AdditionalProperties)
	}
	root := Schema()
	visit("scenario", root)
	for name, def := range root.Defs {
		visit(name, def)
	}
	if mappings < 10 {
		t.Errorf("only %d mappings were seen", mappings)
	}
}
