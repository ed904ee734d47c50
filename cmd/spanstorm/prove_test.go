//go:build prove

package main

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/results"
)

// TestProveMemory holds that the generator's memory does not grow with the
// length of a run: after ten minutes at 5,000 requests/s it is within 5% of what
// it was after one. It writes docs/proofs/memory.md.
func TestProveMemory(t *testing.T) {
	j := job{scenario: "smoke", target: "embedded", sets: []string{
		"traces_per_request=2", "expect=[]", "load=[{name: hold, rate: 5000/s, for: 605s}]",
	}}
	rec, _ := j.within(t, 15*time.Minute)
	early, late := memoryAround(rec, 60), memoryAround(rec, 600)
	growth := late/early - 1
	text := fmt.Sprintf(`# Memory of the generator

%s, spanstorm %s, %d CPUs (%s): %d requests of %.0f bytes in ten minutes.

| after | resident memory of the generator |
|---|---|
| 1 min | %.1f MB |
| 10 min | %.1f MB (%+.1f%%) |

`+"`make prove-memory`"+` does it again. Figures are medians over the ten seconds around.
`, time.Now().UTC().Format(time.DateOnly), rec.Tool.Version, rec.Machine.CPUs, rec.Machine.CPUModel, rec.Requests.Sent,
		float64(rec.Load.Bytes)/float64(rec.Requests.Sent), early/1e6, late/1e6, 100*growth)
	if err := os.MkdirAll("../../docs/proofs", 0o755); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile("../../docs/proofs/memory.md", []byte(text), 0o644); err != nil {
		t.Error(err)
	}
	if growth > 0.05 || growth < -0.05 {
		t.Error(text)
	}
}

// memoryAround is the generator's memory about a second of the run, in bytes.
func memoryAround(rec *results.Record, second int) float64 {
	var around []uint64
	for i := range rec.Seconds {
		if s := &rec.Seconds[i]; s.T >= second-5 && s.T < second+5 {
			around = append(around, s.GeneratorRSSBytes)
		}
	}
	slices.Sort(around)
	return float64(around[len(around)/2])
}
