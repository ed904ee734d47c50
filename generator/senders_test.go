package generator

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
	"github.com/spanstorm/spanstorm/internal/clients"
	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/scenarios"
)

// crowd is the shop with so many clients, of which a part runs in containers.
func crowd(api scenarios.API, n int) *scenarios.Scenario {
	s := shop()
	s.API, s.TracesPerRequest = api, constant(2)
	s.Clients.Count, s.Clients.Containers = n, 0.8
	s.Services["web"].Operations["checkout"].Tags["env"] = scenarios.Tag{Values: []string{"staging"}}
	return s
}

// atIntervals makes clients send at intervals.
func atIntervals(s *scenarios.Scenario) {
	s.Clients.FlushInterval = scenarios.Duration(time.Second)
	rate := scenarios.Quantity{PerS: 500, Unit: scenarios.Traces}
	s.Load = []scenarios.Phase{{Name: "hold", Rate: &scenarios.Rate{From: rate, To: rate}, For: scenarios.Duration(10 * time.Second)}}
}

// head is what a payload says of its sender, read by Datadog's own decoders.
func head(t fataler, c *Corpus, body []byte) (who clients.Client, of release) {
	p, _, err := new(decode.Decoder).Decode(decode.API(c.scenario.API), decode.Msgpack, body)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return clients.Client{
		Language: p.LanguageName, LanguageVersion: p.LanguageVersion, TracerVersion: p.TracerVersion,
		RuntimeID: p.RuntimeID, ContainerID: p.ContainerID, Hostname: p.Hostname,
	}, release{p.Env, p.AppVersion}
}

// The head of every payload is that of the client that sends it, whose headers
// say the same: both are told by Clients and Client.
func TestHeadsAreTheClientsOwn(t *testing.T) {
	for _, api := range []scenarios.API{scenarios.V07, scenarios.V10} {
		for _, intervals := range []bool{false, true} {
			t.Run(fmt.Sprint(api, " ", intervals), func(t *testing.T) {
				s := crowd(api, 25)
				if intervals {
					atIntervals(s)
				}
				c := compileOrFatal(t, s)
				if diff := cmp.Diff(clients.Of(s), c.Clients()); diff != "" {
					t.Fatalf("other clients than the scenario's:\n%s", diff)
				}
				composer := c.Composer(identity.Key{1})
				rapid.Check(t, func(t *rapid.T) {
					seq := rapid.Uint64Range(0, 400).Draw(t, "seq")
					who, _ := head(t, c, composer.Append(nil, seq, someTime))
					want := c.Clients()[c.Client(seq)]
					want.Interpreter, want.Vendor, want.UserAgent = "", "", "" // which only headers say
					if diff := cmp.Diff(want, who); diff != "" {
						t.Fatalf("request %d (-client +head):\n%s", seq, diff)
					}
				})
				who, _ := head(t, c, composer.Probe(1, someTime))
				if first := c.Clients()[c.Client(0)]; who.RuntimeID != first.RuntimeID {
					t.Errorf("the first trace is of %s; request 0 of %s", who.RuntimeID, first.RuntimeID)
				}
			})
		}
	}
}

// Heads name an environment and a version that root spans are tagged with, and
// those of all shapes occur.
func TestHeadsAgreeWithRoots(t *testing.T) {
	for _, api := range []scenarios.API{scenarios.V07, scenarios.V10} {
		c := compileOrFatal(t, crowd(api, 40))
		composer, heads, roots := c.Composer(identity.Key{1}), map[release]bool{}, map[release]bool{}
		for seq := range uint64(300) {
			body := composer.Append(nil, seq, someTime)
			_, of := head(t, c, body)
			heads[of] = true
			for _, trace := range readBack(t, c, body) {
				roots[release{trace[0].Meta["env"], trace[0].Meta["version"]}] = true
			}
		}
		environments := map[string]bool{}
		for of := range heads {
			environments[of.env] = true
			if !roots[of] {
				t.Errorf("%s: no root is tagged %+v; there are %v", api, of, roots)
			}
		}
		if len(heads) != 3 || !environments["staging"] || !environments["load-test"] {
			t.Errorf("%s: heads of three shapes name %v", api, heads)
		}
	}
	varies := crowd(scenarios.V07, 1)
	varies.Services["web"].Operations["checkout"].Tags["version"] = scenarios.Tag{Cardinality: 5}
	c := compileOrFatal(t, varies)
	if _, of := head(t, c, c.Composer(identity.Key{1}).Append(nil, 0, someTime)); of.version != "" || of.env != "staging" {
		t.Errorf("the head names %+v; versions vary from trace to trace", of)
	}
}

// Heads of different lengths are in the sizes of payloads, and in the means.
func TestSizesOfManyClients(t *testing.T) {
	for _, api := range []scenarios.API{scenarios.V07, scenarios.V10} {
		s := crowd(api, 25)
		s.Clients.Containers = 0.5
		c := compileOrFatal(t, s)
		const n = 4000
		composer, body, total := c.Composer(identity.Key{1}), []byte(nil), 0
		size := c.sizer()
		for seq := range uint64(n) {
			body = composer.Append(body[:0], seq, someTime)
			if got := size(seq); got != len(body) {
				t.Fatalf("%s: request %d has %d bytes; it was to have %d", api, seq, len(body), got)
			}
			total += len(body)
		}
		if got, want := c.Means().Bytes, float64(total)/n; got < 0.9*want || got > 1.1*want {
			t.Errorf("%s: %.0f bytes a request by the means, %.0f in truth", api, got, want)
		}
	}
	// With an empty body, which is all head, the mean is exact.
	s := crowd(scenarios.V07, 25)
	s.Shapes = nil
	c := compileOrFatal(t, s)
	total := 0
	for i := range c.Clients() {
		total += len(c.encoding.Writer().AppendHead(nil, i, 0))
	}
	if got, want := c.Means().Bytes, float64(total)/25; got < want-1e-6 || got > want+1e-6 {
		t.Errorf("an empty body has %v bytes, want %v", got, want)
	}
}
