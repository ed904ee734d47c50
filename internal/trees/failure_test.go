package trees

import (
	"strings"
	"testing"

	"github.com/spanstorm/spanstorm/scenarios"
)

// Errors are of the type that the library raises which the caller used, in the
// caller's language, and say where they come from.
func TestErrorsAreOfTheirLanguage(t *testing.T) {
	const text = `
clients: {languages: {LANGUAGE: 1}}
services:
  shop:
    operations:
      page: {name: http.request, resource: GET /, duration: 1ms, calls: [api.rpc]}
      own: {name: http.request, resource: GET /own, duration: 1ms, error_rate: 100%}
  api: {operations: {rpc: {name: grpc.server, type: rpc, resource: /a/b, duration: 1ms, calls: [db.get]}}}
  db: {type: db, operations: {get: {name: postgres.query, resource: SELECT 1, duration: 1ms, error_rate: 100%, errors: [{type: Deadlock, message: locked}]}}}
shapes: [{entry: shop.page}, {entry: shop.own}]
load: [{rate: 1/s, for: 1s}]
`
	for language, want := range map[string][2]string{
		"go":     {"*status.Error", "*errors.errorString"},
		"java":   {"io.grpc.StatusRuntimeException", "java.lang.IllegalStateException"},
		"python": {"grpc._channel._InactiveRpcError", "builtins.ValueError"},
		"nodejs": {"Error", "TypeError"},
		"ruby":   {"GRPC::Unavailable", "NoMethodError"},
		"dotnet": {"Grpc.Core.RpcException", "System.InvalidOperationException"},
		"php":    {"Exception", "RuntimeException"},
		"c++":    {"*status.Error", "*errors.errorString"}, // as Go
	} {
		s, err := scenarios.Parse("errors.yaml", []byte(strings.Replace(text, "LANGUAGE", language, 1)), nil)
		if err != nil {
			t.Fatal(err)
		}
		c, err := NewCatalogue(s, Reserved{})
		if err != nil {
			t.Fatal(err)
		}
		grow := func(shape int) []Span {
			src, err := c.Source(&s.Shapes[shape])
			if err != nil {
				t.Fatal(err)
			}
			spans, err := NewDresser(c).Spans(src, 0)
			if err != nil {
				t.Fatal(err)
			}
			return spans
		}
		spans := grow(0)
		page, rpc, get := tagsOf(&spans[0]), tagsOf(&spans[1]), tagsOf(&spans[2])
		if page["error.type"] != want[0] || !strings.Contains(page["error.message"], "locked") {
			t.Errorf("%s: the caller of a failed call reports %s: %s", language, page["error.type"], page["error.message"])
		}
		// The database's span is made by the tracer of its caller, so that the error is one and the same.
		for _, m := range spans[1].Metrics {
			rpc[m.Key] = "a number"
		}
		if get["error.type"] != "Deadlock" || rpc["error.type"] != "Deadlock" || rpc["error.message"] != "locked" || rpc["grpc.code"]+rpc["grpc.status.code"] == "" {
			t.Errorf("%s: %v called %v", language, rpc, get)
		}
		spans = grow(1)
		if own := tagsOf(&spans[0]); own["error.type"] != want[1] || own["error.message"] == "" || !strings.Contains(own["error.stack"], own["error.message"]) && language != "go" && language != "ruby" && language != "php" && language != "c++" {
			t.Errorf("%s: an own error is %v", language, own)
		}
	}
}
