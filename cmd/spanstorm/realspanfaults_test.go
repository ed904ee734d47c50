//go:build realagent

package main

import (
	"testing"

	"github.com/spanstorm/spanstorm/scenarios"
)

// TestRealDatadogSpanFaults holds the catalogue of faults of spans against the real
// agent: in each API, what is documented is what happens, and the good traffic
// is accepted to the last trace.
func TestRealDatadogSpanFaults(t *testing.T) {
	t.Parallel()
	for _, api := range scenarios.APIs() {
		for _, encoding := range encodingsOf(api) {
			t.Run(string(api)+" "+string(encoding), func(t *testing.T) {
				if testing.Short() && (api != scenarios.V04 || encoding != scenarios.Msgpack) {
					t.Skip("the other encodings take minutes")
				}
				t.Parallel()
				j := job{scenario: "smoke", target: datadog, sets: []string{
					"api=" + string(api), "encoding=" + string(encoding), "load=[{rate: 200/s, for: 8s}]", "expect=[]", "traces_per_request=1", spanFaults(api),
				}}
				rec, _ := j.beside().do(t)
				asDocumented(t, rec)
			})
		}
	}
}
