package target

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spanstorm/spanstorm/internal/target/counters"
)

// RunningFile is a target file by which others find the target as it runs now: with its address, and with
// all that its own file says of how to learn what became of traces.
func (t *Target) RunningFile() ([]byte, error) {
	out := map[string]any{"name": t.name, "url": t.endpoint.String(), "drain": t.drain.String(), "acceptance": t.acceptance}
	if t.health.path != "" {
		out["health"] = t.health.path
	}
	if len(t.apis) > 0 {
		out["apis"] = t.apis
	}
	if t.acceptance == counters.KindStatsD {
		return nil, errors.New("its packets of statsd reach whoever started it, and nobody else")
	}
	if len(t.pages) > 0 {
		out["claims"] = t.pages
	}
	text, err := json.Marshal(out) // which is YAML, too
	if err != nil {
		return nil, fmt.Errorf("a file of target %s: %w", t.name, err)
	}
	return text, nil
}

// page is the claim with its braces filled in, where others can read it, too.
func (c *claim) page(values braces) (filled claim, ok bool) {
	filled = claim{Vars: values.fill(c.Vars), Prometheus: values.fill(c.Prometheus), Meanings: c.Meanings}
	return filled, c.kind() != counters.KindStatsD
}
