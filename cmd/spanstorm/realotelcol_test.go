//go:build realagent

package main

import (
	"testing"

	"github.com/spanstorm/spanstorm/scenarios"
)

// otelcol is an OpenTelemetry Collector that takes Datadog's API; `make agents`
// builds it, and the older one, which is left to the tests at full length.
const (
	otelcol      = "../../agents/otelcol/v0.128.0.yaml"
	otelcolOlder = "../../agents/otelcol/v0.118.0.yaml"
)

// TestRealOtelcolAcceptsEverything sends to the collectors what they take, and
// finds every span in the OTLP that they forward. Short, it is v0.4 in msgpack alone.
func TestRealOtelcolAcceptsEverything(t *testing.T) {
	t.Parallel()
	otelcolAcceptsEverything(t, otelcol, "0.128.0")
	if !testing.Short() {
		otelcolAcceptsEverything(t, otelcolOlder, "0.118.0")
	}
}

func otelcolAcceptsEverything(t *testing.T, target, version string) {
	t.Helper()
	for _, api := range scenarios.APIs() {
		for _, encoding := range encodingsOf(api) {
			if api == scenarios.V10 || testing.Short() && (api != scenarios.V04 || encoding != scenarios.Msgpack) {
				continue
			}
			t.Run(version+" "+string(api)+" "+string(encoding), func(t *testing.T) {
				t.Parallel()
				rec := everythingComes(t, job{target: target}, api, encoding)
				if v := rec.Target.Version; v != version {
					t.Errorf("version %q", v)
				}
			})
		}
	}
}

// TestRealOtelcolTakesParts sends long traces in parts, which the collector may
// forward in one request under one id.
func TestRealOtelcolTakesParts(t *testing.T) {
	t.Parallel()
	rec, _ := longTraces(otelcol, "load.hold.rate=20/s", "load.hold.for=3s").beside().do(t)
	allCame(t, rec)
	if _, later := inParts(t, rec); later == 0 {
		t.Error("no trace was sent in parts")
	}
}
