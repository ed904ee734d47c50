package tracer

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/scenarios"
)

func TestLanguages(t *testing.T) {
	tests := []struct {
		clients scenarios.Clients
		want    []string
	}{
		{scenarios.Clients{}, []string{"go"}},
		{scenarios.Clients{Count: 2}, []string{"go", "go"}},
		{scenarios.Clients{Count: 1, Languages: map[string]float64{"java": 1}}, []string{"java"}},
		{scenarios.Clients{Count: 10, Languages: map[string]float64{"go": 5, "java": 3, "python": 2}},
			[]string{"go", "go", "go", "go", "go", "java", "java", "java", "python", "python"}},
		{scenarios.Clients{Count: 3, Languages: map[string]float64{"go": 0, "ruby": 7}}, []string{"ruby", "ruby", "ruby"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, languages(tt.clients)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", tt.clients, diff)
		}
	}
	// A request can pass from one tracer to another only if all set the same headers.
	names := func(lang string) (n []string) {
		for _, h := range headersOf(lang, true, nil) {
			n = append(n, h.name)
		}
		return n
	}
	for _, lang := range []string{"java", "python", "ruby", "nodejs", "php", "dotnet", "cpp", "rust", "cobol"} {
		if diff := cmp.Diff(names("go"), names(lang)); diff != "" {
			t.Errorf("%s sets other headers than go:\n%s", lang, diff)
		}
	}
}

func TestRefusedConfigs(t *testing.T) {
	for _, c := range []Config{
		{}, {URL: "https://x"}, {URL: "127.0.0.1:8126"}, {URL: "http://"}, {URL: "http://a:b@c"}, {URL: "http://\x00"},
		{URL: "http://x", Headers: map[string]string{"a b": "c"}},
		{URL: "http://x", Headers: map[string]string{"a": "b\r\nc: d"}},
		{URL: "http://x", Headers: map[string]string{"content-length": "7"}},
	} {
		if _, err := New(c); err == nil {
			t.Errorf("New(%+v) takes it", c)
		}
	}
}
