package tracer

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/internal/clients"
	"github.com/spanstorm/spanstorm/scenarios"
)

// fleet is the tracers of a scenario with these clients.
func fleet(c scenarios.Clients) []clients.Client {
	return clients.Of(&scenarios.Scenario{Clients: c})
}

// A request can pass from one tracer to another only if all set the same headers.
func TestHeadersHaveTheSameNames(t *testing.T) {
	names := func(c clients.Client) (n []string) {
		for _, h := range headersOf(&c, true, nil) {
			n = append(n, h.name)
		}
		return n
	}
	golang := names(fleet(scenarios.Clients{})[0])
	for _, lang := range []string{"java", "python", "ruby", "nodejs", "php", "dotnet", "cpp", "rust", "cobol"} {
		for _, share := range []scenarios.Share{0, 1} {
			one := fleet(scenarios.Clients{Languages: map[string]float64{lang: 1}, Containers: share})[0]
			if diff := cmp.Diff(golang, names(one)); diff != "" {
				t.Errorf("%s sets other headers than go:\n%s", lang, diff)
			}
		}
	}
}

// Each request carries what its own tracer says, and nothing of the one that
// the call belonged to before.
func TestHeadersAreTheTracersOwn(t *testing.T) {
	languages := map[string]float64{"cpp": 1, "go": 1, "java": 1}
	tracers := fleet(scenarios.Clients{Count: 30, Languages: languages, Containers: 0.5})
	for name, onlyNet := range transports {
		headers := make(chan http.Header, 1)
		s := agent(t, 200, "{}", func(r *http.Request) { headers <- r.Header.Clone() })
		sender := newSender(t.Context(), t, Config{
			URL: s.URL, Clients: tracers, OnlyNetHTTP: onlyNet, Pick: func(seq uint64) int { return int(seq) },
		}, Route{Path: "/v0.4/traces"})
		for seq := range tracers {
			if r := send(sender, uint64(seq), &body{text: "x"}); r.Code != 200 {
				t.Fatalf("reply %+v", r)
			}
			c, got := &tracers[seq], <-headers
			for header, want := range map[string]string{
				"Datadog-Meta-Lang": c.Language, "Datadog-Meta-Lang-Version": c.LanguageVersion,
				"Datadog-Meta-Lang-Interpreter": c.Interpreter, "Datadog-Meta-Lang-Interpreter-Vendor": c.Vendor,
				"Datadog-Meta-Tracer-Version": c.TracerVersion, "User-Agent": c.UserAgent,
				"Datadog-Container-ID": c.ContainerID, "Datadog-Entity-ID": c.EntityID(),
			} {
				if values := got.Values(header); want == "" && len(values) > 0 || want != "" && (len(values) != 1 || values[0] != want) {
					t.Errorf("%s, client %d: %s is %q, want %q", name, seq, header, values, want)
				}
			}
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
