package trees

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/scenarios"
)

// sources returns the prepared sources of a bundled scenario, n trees each.
func sources(t *testing.T, name string, n int) (*Catalogue, []*Source) {
	t.Helper()
	s, err := scenarios.Load(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewCatalogue(s, Reserved{})
	if err != nil {
		t.Fatal(err)
	}
	var all []*Source
	for i := range s.Shapes {
		src, err := c.Source(&s.Shapes[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := src.Prepare(n); err != nil {
			t.Fatal(err)
		}
		all = append(all, src)
	}
	return c, all
}

// Tags are those of tracers: see Dresser.
func TestTagsFollowTracers(t *testing.T) {
	const trees = 200
	failed := 0
	for _, name := range []string{"web-shop", "heavy-tail"} {
		c, all := sources(t, name, trees)
		d := NewDresser(c)
		for _, src := range all {
			for i := range trees {
				spans, err := d.Spans(src, i)
				if err != nil {
					t.Fatal(err)
				}
				for k := range spans {
					var caller string
					if k > 0 {
						caller = spans[spans[k].Parent].Service
					}
					checkTags(t, &spans[k], k == 0, caller)
					if spans[k].Error {
						failed++
					}
				}
			}
		}
	}
	if failed == 0 {
		t.Error("no span failed; the test sees nothing of errors")
	}
}

func checkTags(t *testing.T, s *Span, root bool, caller string) {
	t.Helper()
	tags := map[string]string{}
	for _, tag := range s.Meta {
		tags[tag.Key] = tag.Value
	}
	if len(tags) != len(s.Meta) || !slices.IsSortedFunc(s.Meta, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) }) {
		t.Errorf("%s %s: tags are not in order, each once: %v", s.Service, s.Name, s.Meta)
	}
	has := func(keys ...string) {
		t.Helper()
		for _, key := range keys {
			_, meta := tags[key]
			if !meta && !slices.ContainsFunc(s.Metrics, func(m Metric) bool { return m.Key == key }) {
				t.Errorf("%s %s has no %s: %v %v", s.Service, s.Name, key, s.Meta, s.Metrics)
			}
		}
	}
	has("language", "env", "version", "component", "span.kind")
	if root {
		has("_dd.p.dm", "_dd.agent_psr", "runtime-id", "process_id")
	}
	if s.Service != caller {
		has("_dd.top_level")
	}
	switch s.Type {
	case "web":
		if strings.HasPrefix(s.Name, "http") {
			has("http.method", "http.url", "http.status_code")
		}
	case "db", "sql":
		has("db.system", "db.name", "out.host", "_dd.base_service")
	case "cache":
		has("db.system", "out.host", "_dd.measured")
	}
	if _, there := tags["error.message"]; there != s.Error {
		t.Errorf("%s %s: error %v, error.message %v", s.Service, s.Name, s.Error, there)
	}
	if s.Error {
		has("error.type", "error.stack")
		if code := tags["http.status_code"]; code != "" && code[0] != '5' {
			t.Errorf("%s %s failed with status %s", s.Service, s.Name, code)
		}
	}
}

// What the scenario says of reserved keys is left out.
func TestReservedKeys(t *testing.T) {
	s := &scenarios.Scenario{
		Seed: 1,
		Services: map[string]*scenarios.Service{"a": {Operations: map[string]*scenarios.Operation{"o": {
			Name: "o", Duration: ms(1, 2),
			Tags:    map[string]scenarios.Tag{"mine": {Values: []string{"x"}}, "theirs": {Values: []string{"x"}}},
			Metrics: map[string]scenarios.Dist{"mine": constant(1), "theirs": constant(1)},
		}}}},
	}
	c, err := NewCatalogue(s, Reserved{Tag: "theirs", Metric: "theirs"})
	if err != nil {
		t.Fatal(err)
	}
	src, err := c.Source(&scenarios.Shape{Name: "s", Entry: "a.o"})
	if err != nil {
		t.Fatal(err)
	}
	spans, err := NewDresser(c).Spans(src, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, tag := range spans[0].Meta {
		got = append(got, tag.Key)
	}
	for _, m := range spans[0].Metrics {
		got = append(got, m.Key)
	}
	got = slices.DeleteFunc(got, func(key string) bool { return key != "mine" && key != "theirs" })
	if diff := cmp.Diff([]string{"mine", "mine"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFilled(t *testing.T) {
	for route, want := range map[string]string{
		"/":                             `^/$`,
		"/cart":                         `^/cart$`,
		"/products/{sku}":               `^/products/\d{5}$`,
		"/users/:id/orders/{order}/pdf": `^/users/\d{5}/orders/\d{5}/pdf$`,
		"/a{b/c}":                       `^/a\{b/c\}$`,
	} {
		if got := filled(route, &stream{state: 7}); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s became %s", route, got)
		}
	}
}
