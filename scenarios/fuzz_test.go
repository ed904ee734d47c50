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
clients: {count: 2, languages: {go: 1}, containers: 50%, churn: 1%, retries: 2, obey_rates: true, backoff: 50ms}
max_in_flight: 5
timeout: 1s
corpus: {memory: 8MB, working_set: 2000}
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
        tags: {k: v, l: [1, 2], m: by-outcome, n: {cardinality: 9, skew: zipf, every: 5}}
        metrics: {q: 3 ± 1}
        links: 10%
        events: {count: 0..2, exception: true}
        meta_struct: {appsec: 2KB}
      c:
        <<: *b
        resource: {pattern: "GET /{n}", cardinality: 9, skew: zipf}
        calls: [a.b, {to: a.b, probability: 5%, repeat: 2, retries: 1, async: true, error_propagation: 0.5, delay: 1ms..5ms}, {parallel: [a.b]},
          {to: a.b, hit_rate: 90%, on_miss: [a.b, {parallel: [a.b]}], timeout: 5ms, retries: 2, backoff: 2ms},
          {to: a.b, when: error, recovers: 50%}]
shapes:
  - {name: tree, weight: 2, entry: a.c, priority: {1: 90%, none: 10%}, late: {share: 5%, by: {p50: 30s, p99: 10m}}, partial_flush: 300}
  - name: tail
    statistical: {spans: {p50: 6, max: 50}, depth: 1..3, services: 3, repeated_edges: 20%, duration: 1ms ± 1us, error_rate: 1%}
  - templates: 9
    statistical:
      spans: {min: 1, p10: 2, p25: 2, p50: 3, p75: 4, p90: 5, p95: 6, p99: 7, p99_9: 8, p99_99: 9, max: 10}
      depth: 3
      fan_out: {p50: 1, p90: 3, max: 9}
      calls_per_edge: {1: 80%, 2..5: 20%}
      types: {web: 60%, sql: 40%}
load:
  - {name: one, rate: 1/s..9/s, for: 2s, discard: true}
  - {rate: max, connections: 3, for: 1s}
  - {steps: {from: 1 KB/s, to: 2 KB/s, by: 1 KB/s, every: 1s}}
  - {sine: {mean: 5 traces/s, amplitude: 1 traces/s, period: 1s}, for: 1s}
  - {bursts: {base: 1/m, peak: 9/s, every: 5s, for: 1s}, for: 1m, send: services}
incidents:
  - {name: i, at: 100ms, for: 1s, operations: [a.*, a.b], error_rate: 40%, slowdown: 5x}
events:
  - {name: e, phase: one, at: 1s, for: 500ms, intake: slow, by: 1s}
  - {at: 1s, for: 1s, agent: pause}
  - {at: 3s, for: 1s, agent: limit, cpu: 150%, memory: 200MB}
  - {at: 2s, for: 1s, intake: answer, code: 503}
  - {at: 1s, connections: cut}
faults:
  - {kind: raw-body, share: 0.1%, hex: 91c0}
  - {kind: raw-body, share: 0.1%, base64: kcE=}
  - {kind: span-id-zero, share: 1%}
expect: [one.response_time.p99 < 1s]
`

// fleet is what full cannot have: clients that flush at intervals send no closed loop.
const fleet = least + `
clients: {flush_interval: 1s, flush_jitter: 5%}
`

func TestFullHasEveryKey(t *testing.T) {
	var text string
	for _, src := range []string{full, strings.Replace(fleet, "100/s", "100 traces/s", 1)} {
		s, err := Parse("full.yaml", []byte(src), nil)
		if err != nil {
			t.Fatal(err)
		}
		one, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		text += string(one)
	}
	for _, def := range append(slices.Collect(maps.Values(Schema().Defs)), Schema()) {
		for key := range def.Properties {
			if key != "file" && !strings.Contains(text, `"`+key+`":`) { // what is in a file takes the file's place
				t.Errorf("the key %q is not used", key)
			}
		}
	}
}
