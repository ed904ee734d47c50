package experiment

import (
	"strings"
	"testing"

	"github.com/spanstorm/spanstorm/results"
)

// TestDisturbed says it once, of all runs, and takes back what was said of fewer.
func TestDisturbed(t *testing.T) {
	run := func(stolen float64) *results.Record {
		return &results.Record{Resources: results.Resources{Machine: results.MachineUsage{CPUS: 10, IdleCPUS: 10, StolenCPUS: stolen}}}
	}
	rec := &results.Record{Warnings: []string{"another"}}
	var quiet disturbed
	quiet.add(run(0.1))
	if quiet.warn(rec); len(rec.Warnings) != 1 {
		t.Errorf("nobody was there, and yet: %q", rec.Warnings)
	}
	var d disturbed
	for _, stolen := range []float64{0, 2, 6, 0.1} {
		d.add(run(stolen))
		d.warn(rec)
	}
	if len(rec.Warnings) != 2 || !strings.HasPrefix(rec.Warnings[1], "2 of 4 runs had their machine not for themselves alone") || !strings.Contains(rec.Warnings[1], "took 38%") {
		t.Errorf("%q", rec.Warnings)
	}
}
