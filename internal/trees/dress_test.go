package trees

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/internal/trees/internal/dialect"
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
	has("env", "span.kind")
	if tags["span.kind"] != internal && s.Name != "smtp.send" {
		has("component")
	}
	if _, foreign := tags["_dd.base_service"]; !foreign {
		has("version")
	}
	if root {
		has("_dd.p.dm", "_dd.agent_psr", "runtime-id", "process_id", "language")
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
		has("_dd.base_service")
		if tags["thread.name"] != "" { // Java
			has("db.type", "db.instance", "peer.hostname")
		} else {
			has("db.name", "out.host")
		}
	case "cache":
		if tags["thread.name"] != "" {
			has("db.type", "peer.hostname", "_dd.measured")
		} else {
			has("out.host")
		}
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

// Spans of one class carry the keys that the tracer of each language writes, and
// none that only another one's does.
func TestTagsAreOfTheirLanguage(t *testing.T) {
	const text = `
clients: {languages: {LANGUAGE: 1}}
services:
  web: {operations: {page: {name: http.request, resource: "GET /p/{id}", duration: 1ms, calls: [stock.get, orders-postgres.get, redis.get, memcached.get]}}}
  stock: {operations: {get: {name: grpc.server, type: rpc, resource: /shop.Stock/Get, duration: 1ms}}}
  orders-postgres: {type: db, operations: {get: {name: postgres.query, resource: SELECT 1, duration: 1ms}}}
  redis: {type: redis, operations: {get: {name: redis.command, resource: GET, duration: 1ms}}}
  memcached: {type: memcached, operations: {get: {name: memcached.query, resource: get, duration: 1ms}}}
shapes: [{entry: web.page}]
load: [{rate: 1/s, for: 1s}]
`
	known := map[string][5]string{ // of the page, the call, the database, redis and memcached
		"go": {
			"http.host _dd.trace_span_attribute_schema", "rpc.grpc.full_method grpc.code rpc.system", "db.system db.name sql.query_type out.host network.destination.port process_id language",
			"redis.raw_command redis.args_length out.host", "db.system",
		},
		"java": {
			"http.hostname peer.ipv4 peer.port thread.name thread.id _dd.profiling.enabled", "status.code grpc.status.code request.type",
			"db.type db.instance db.operation db.pool.name peer.hostname thread.id", "db.type db.redis.dbIndex", "db.type peer.hostname",
		},
		"python": {
			"_dd.tracer_kr", "grpc.method.package grpc.method.service grpc.status.code", "db.system db.name db.row_count server.address out.host",
			"redis.raw_command server.address", "memcached.query",
		},
		"nodejs": {"process_id", "grpc.method.package grpc.status.code", "db.type db.name out.host process_id language", "redis.raw_command db.type", "memcached.command"},
	}
	// What is of one language alone must not be written by another.
	alone := map[string]string{
		"http.host": "go", "rpc.grpc.full_method": "go", "sql.query_type": "go", "thread.name": "java", "db.instance": "java", "peer.hostname": "java",
		"_dd.tracer_kr": "python", "server.address": "python", "memcached.query": "python", "memcached.command": "nodejs",
	}
	for language, want := range known {
		s, err := scenarios.Parse("tags.yaml", []byte(strings.Replace(text, "LANGUAGE", language, 1)), nil)
		if err != nil {
			t.Fatal(err)
		}
		c, err := NewCatalogue(s, Reserved{})
		if err != nil {
			t.Fatal(err)
		}
		src, err := c.Source(&s.Shapes[0])
		if err != nil {
			t.Fatal(err)
		}
		spans, err := NewDresser(c).Spans(src, 0)
		if err != nil {
			t.Fatal(err)
		}
		for k := range spans {
			keys := tagsOf(&spans[k])
			for _, m := range spans[k].Metrics {
				keys[m.Key] = "a number"
			}
			for key := range strings.FieldsSeq(want[k]) {
				if _, ok := keys[key]; !ok {
					t.Errorf("%s: %s has no %s: %v", language, spans[k].Name, key, keys)
				}
			}
			for key, of := range alone {
				if _, ok := keys[key]; ok && of != language {
					t.Errorf("%s: %s has %s, which only %s writes", language, spans[k].Name, key, of)
				}
			}
			if name := keys["db.name"] + keys["db.instance"]; spans[k].Service == "orders-postgres" && name != "orders" {
				t.Errorf("%s: the database is called %q", language, name)
			}
		}
	}
}

// Bundled scenarios give spans the names of the tracers of their language.
func TestBundledNamesAreOfTheirLanguage(t *testing.T) {
	const trees = 20
	all := map[string]bool{}
	for _, name := range []string{"smoke", "web-shop", "outage", "heavy-tail", "batch-job", "alibaba", "datadog-bench"} {
		n := trees
		if name == "batch-job" || name == "alibaba" { // giants
			n = 2
		}
		c, sources := sources(t, name, n)
		d := NewDresser(c)
		for _, src := range sources {
			for i := range n {
				spans, err := d.Spans(src, i)
				if err != nil {
					t.Fatal(err)
				}
				for k := range spans {
					s := &spans[k]
					svc := c.services[s.Service]
					all[s.Name] = true
					if tags := tagsOf(s); tags["_dd.base_service"] != "" {
						svc = c.services[tags["_dd.base_service"]]
					}
					speaker := dialect.Speaker(s.Name)
					if s.Name == "http.request" && s.Type == "web" {
						speaker = "go" // of servers, only Go's tracer calls them that
					}
					if speaker != "" && speaker != svc.language || s.Name == "grpc.server" && svc.language == "python" {
						t.Errorf("%s: %s, which is in %s, has a span %s", name, svc.name, svc.language, s.Name)
					}
				}
			}
		}
	}
	for _, want := range []string{"http.request", "servlet.request", "fastapi.request", "express.request", "grpc", "redis.query", "pg.query", "memcached.command"} {
		if !all[want] {
			t.Errorf("no bundled scenario has a span %s", want)
		}
	}
}

func TestFilled(t *testing.T) {
	c, err := NewCatalogue(&scenarios.Scenario{Seed: 1}, Reserved{})
	if err != nil {
		t.Fatal(err)
	}
	d := NewDresser(c)
	for route, want := range map[string]string{
		"/":                             `^/$`,
		"/cart":                         `^/cart$`,
		"/products/{sku}":               `^/products/SKU-\d{5}$`,
		"/categories/:name/{uuid}":      `^/categories/[a-z-]+/[0-9a-f-]{36}$`,
		"/users/:id/orders/{order}/pdf": `^/users/\d{5}/orders/\d{5}/pdf$`,
		"/a{b/c}":                       `^/a\{b/c\}$`,
	} {
		if got := d.filled(route, &stream{state: 7}); !regexp.MustCompile(want).MatchString(got) {
			t.Errorf("%s became %s", route, got)
		}
	}
}
