package target

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

// counterSource is a page with a target's counters, as expvar writes them: one
// JSON object, of which the numbers below "receiver" are read. Another form
// becomes another field here.
type counterSource struct {
	url string // or a path below the target's URL
}

// receiverKey is where an expvar page holds a receiver's counters.
const receiverKey = "receiver"

// sourceVars is where claims read from an expvar page come from.
const sourceVars = "vars"

// countersMax bounds how many counters are taken from one page.
const countersMax = 1000

// Claims returns the target's own counters, counted from its start, or from
// the last Mark. Reasons that never applied, and counters at 0 that speak of no
// column, are left out. After the target's end it returns what was read last.
func (t *Target) Claims(ctx context.Context) ([]results.Claim, error) {
	if len(t.counters) == 0 {
		return nil, nil
	}
	if t.ended() {
		t.mu.Lock()
		defer t.mu.Unlock()
		return slices.Clone(t.lastClaims), nil
	}
	values, err := t.readCounters(ctx)
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", t.name, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for name := range t.carried {
		values[name] += 0 // it may not be there any more
	}
	claims := make([]results.Claim, 0, len(values))
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		if start := t.baseline[name]; start <= value { // else it was restarted, and counts from 0
			value -= start
		}
		value += t.carried[name]
		if value == 0 && quiet(name) {
			continue
		}
		claims = append(claims, results.Claim{Source: sourceVars, Name: name, Meaning: meaning(name), Value: value})
	}
	t.lastClaims = claims
	return slices.Clone(claims), nil
}

// quiet says that a counter has nothing to say at 0.
func quiet(name string) bool {
	return meaning(name) == meaningOther || strings.Count(name, ".") > 1
}

// Mark makes Claims count from now on: what came before the load, such as the
// trace that tries the path, is no claim about the load.
func (t *Target) Mark(ctx context.Context) error {
	if len(t.counters) == 0 {
		return nil
	}
	values, err := t.readCounters(ctx)
	if err != nil {
		return fmt.Errorf("target %s: %w", t.name, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.baseline, t.carried = values, nil
	return nil
}

// readCounters reads all pages.
func (t *Target) readCounters(ctx context.Context) (map[string]float64, error) {
	all := map[string]float64{}
	for _, source := range t.counters {
		page, err := t.endpoint.get(ctx, source.url)
		if err != nil {
			return nil, fmt.Errorf("read its counters: %w", err)
		}
		if !is2xx(page.code) {
			return nil, fmt.Errorf("read its counters: GET %s: answered %d", t.endpoint.at(source.url), page.code)
		}
		values, err := parseVars(page.body)
		if err != nil {
			return nil, fmt.Errorf("read its counters: GET %s: %w", t.endpoint.at(source.url), err)
		}
		maps.Copy(all, values)
	}
	return all, nil
}

// parseVars reads the numbers below "receiver" of an expvar page, named by the
// keys that lead to them: receiver.traces_dropped.span_id_zero.
func parseVars(page []byte) (map[string]float64, error) {
	var vars map[string]json.RawMessage
	if err := json.Unmarshal(page, &vars); err != nil {
		return nil, fmt.Errorf("the page is no expvar JSON: %w", err)
	}
	var receiver any
	if raw, ok := vars[receiverKey]; ok {
		dec := json.NewDecoder(bytes.NewReader(raw))
		if err := dec.Decode(&receiver); err != nil {
			return nil, fmt.Errorf("%q is no JSON: %w", receiverKey, err)
		}
	}
	if _, ok := receiver.(map[string]any); !ok {
		return nil, fmt.Errorf("the page has no object %q with a receiver's counters", receiverKey)
	}
	values := map[string]float64{}
	flatten(values, receiverKey, receiver)
	return values, nil
}

func flatten(into map[string]float64, name string, value any) {
	switch v := value.(type) {
	case float64:
		if len(into) < countersMax {
			into[name] = v
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			flatten(into, name+"."+key, v[key])
		}
	}
}

// Meanings of claims that no column of the ledger has.
const meaningOther = "other"

// meaning is the column of the ledger that a counter speaks of, with ".spans"
// behind it where it counts spans. The names are those of the Datadog trace
// agent (pkg/trace/info/stats.go); the embedded agent shares them and says
// besides what it sampled out.
func meaning(name string) string {
	name = strings.TrimPrefix(name, receiverKey+".")
	if reason, ok := strings.CutPrefix(name, "traces_dropped."); ok {
		return dropMeaning(reason)
	}
	switch name {
	case "traces_received":
		return "delivered"
	case "spans_received":
		return "delivered.spans"
	case "spans_dropped":
		return "dropped.spans"
	case "traces_sampled_out":
		return "sampled_out"
	case "spans_sampled_out":
		return "sampled_out.spans"
	case "traces_filtered":
		return "dropped:filtered"
	}
	return meaningOther
}

// dropMeaning tells drops after a 2xx from those that the answer told of: the
// agent counts a payload that it could not read under the same heading.
func dropMeaning(reason string) string {
	switch reason {
	case "decoding_error", "msgp_short_bytes", "unexpected_eof", "payload_too_large", "timeout":
		return "refused"
	}
	return "dropped"
}
