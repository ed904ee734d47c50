package scenarios

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The parser takes anything, and says where what is wrong; what it accepts
// survives being written and read again.
func FuzzParse(f *testing.F) {
	// Small seeds: the fuzzer spends its time on making large ones smaller.
	files, err := filepath.Glob("testdata/errors/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src, "services.web.operations.home.duration.p50=3ms")
	}
	f.Add([]byte(least), `load.0.rate={"a": [1, &x *x]}`)
	f.Add([]byte(full), "shapes.tail.statistical.spans.max=9")
	schema := resolved(&testing.T{})
	f.Fuzz(func(t *testing.T, src []byte, set string) {
		for _, sets := range [][]string{nil, {set}} {
			s, err := Parse("fuzz.yaml", src, sets)
			if err == nil {
				checkRoundTrip(t, schema, s)
				continue
			}
			var problems *Problems
			if !errors.As(err, &problems) {
				t.Fatalf("%v is no *Problems", err)
			}
			checkPlaces(t, problems)
			if problems.Error() == "" {
				t.Error("an error without a text")
			}
		}
	})
}

// full has every key of the language.
const full = `
name: full
description: "every key"
seed: 3
api: v0.3
encoding: json
traces_per_request: 1..3
announce_services: true
headers: {X-A: b}
real_http_status: false
clients: {count: 2, languages: {go: 1}}
max_in_flight: 5
timeout: 1s
services:
  a:
    app: x
    type: db
    operations:
      b: &b
        name: n
        resource: [r, s]
        type: t
        kind: client
        duration: {p50: 1ms, p99: 9ms, max: 20ms}
        error_rate: 5%
        errors: [{type: E, message: m, weight: 2}]
        tags: {k: v, l: [1, 2], m: by-outcome, n: {cardinality: 9, skew: zipf}}
        metrics: {q: 3 ± 1}
        links: 10%
        events: {count: 0..2, exception: true}
        meta_struct: {appsec: 2KB}
      c:
        <<: *b
        calls: [a.b, {to: a.b, probability: 5%, repeat: 2, retries: 1, async: true, error_propagation: 0.5}, {parallel: [a.b]}]
shapes:
  - {name: tree, weight: 2, entry: a.c, priority: {1: 90%, none: 10%}}
  - name: tail
    statistical: {spans: {p50: 6, max: 50}, depth: 1..3, services: 3, repeated_edges: 20%, duration: 1ms ± 1us, error_rate: 1%}
load:
  - {name: one, rate: 1/s..9/s, for: 1s, discard: true}
  - {rate: max, connections: 3, for: 1s}
  - {steps: {from: 1 KB/s, to: 2 KB/s, by: 1 KB/s, every: 1s}}
  - {sine: {mean: 5 traces/s, amplitude: 1 traces/s, period: 1s}, for: 1s}
  - {bursts: {base: 1/m, peak: 9/s, every: 5s, for: 1s}, for: 1m, send: services}
expect: [one.response_time.p99 < 1s]
`

func TestFullHasEveryKey(t *testing.T) {
	s, err := Parse("full.yaml", []byte(full), nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, def := range append(slices.Collect(maps.Values(Schema().Defs)), Schema()) {
		for key := range def.Properties {
			if !strings.Contains(string(text), `"`+key+`":`) {
				t.Errorf("the key %q is not used", key)
			}
		}
	}
}
