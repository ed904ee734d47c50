package results

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
)

// docs/record.md names every field of the record and every metric of the expectations.
func TestDocsNameEverything(t *testing.T) {
	data, err := os.ReadFile("../docs/record.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	text := regexp.MustCompile("(?s)```.*?```").ReplaceAllString(string(data), "")
	for _, code := range regexp.MustCompile("`[^`\n]+`").FindAllString(text, -1) {
		code = strings.Trim(code, "`")
		named[strings.TrimSuffix(code, "[]")] = true
		for _, part := range strings.FieldsFunc(code, func(r rune) bool { return r == '.' || r == '[' || r == ']' || r == ' ' || r == ':' }) {
			named[part] = true
		}
	}
	var walk func(path string, s *jsonschema.Schema)
	walk = func(path string, s *jsonschema.Schema) {
		if s == nil {
			return
		}
		for name, property := range s.Properties {
			if !named[name] {
				t.Errorf("docs/record.md does not name %s%s", path, name)
			}
			walk(path+name+".", property)
		}
		walk(path, s.Items)
		walk(path, s.AdditionalProperties)
	}
	walk("", Schema())
	for _, m := range Metrics() {
		if class, ok := strings.CutPrefix(m.Name, "requests.errors."); ok {
			if !named[class] {
				t.Errorf("docs/record.md does not name the class %s", class)
			}
			continue
		}
		if !named[m.Name] {
			t.Errorf("docs/record.md does not name the metric %s", m.Name)
		}
	}
}
