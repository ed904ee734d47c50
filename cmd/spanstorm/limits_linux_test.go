package main

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/spanstorm/spanstorm/internal/process"
	"github.com/spanstorm/spanstorm/results"
)

// limitable skips a test where no agent can be limited.
func limitable(t *testing.T) {
	t.Helper()
	g, err := process.NewGroup(process.Limits{CPUs: 1, MemoryBytes: 1 << 20})
	if err != nil {
		t.Skip("no control group can be made here:", err)
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}

// usedIn is the CPU time that a target used in a second, as a mean of those from
// one of a run up to another.
func usedIn(rec *results.Record, from, to int) float64 {
	at := map[int]float64{}
	for _, s := range rec.Seconds {
		at[s.T] = s.TargetCPUS // the same where two phases share a second
	}
	sum := 0.0
	for t := from; t < to; t++ {
		sum += at[t]
	}
	return sum / float64(to-from)
}

// An agent that has a fiftieth of a CPU uses no more while the event lasts.
func TestLimitCPU(t *testing.T) {
	t.Parallel()
	limitable(t)
	rec, _ := job{scenario: "smoke", target: "embedded", sets: []string{
		"load=[{name: before, rate: 40/s, for: 3s}, {name: hold, rate: 40/s, for: 7s}]", "traces_per_request=150", "expect=[]",
		"events=[{phase: hold, at: 0s, for: 6s, agent: limit, cpu: 2%}]",
	}}.beside().do(t)
	if len(rec.Events) != 1 || rec.Events[0].Error != "" || rec.Events[0].ForS < 6 || !strings.Contains(rec.Events[0].Effect, "2%") {
		t.Fatalf("events %+v", rec.Events)
	}
	e := &rec.Events[0]
	before, limited := usedIn(rec, 0, 2), usedIn(rec, int(e.AtS)+1, int(e.EndS())-1)
	t.Logf("CPU used: %.3f before, %.3f while limited to 0.02", before, limited)
	if limited > 0.05 || limited > before/2 {
		t.Errorf("the agent used %.3f of a CPU before, and %.3f of 0.02 while it was limited", before, limited)
	}
}

// An agent that needs more memory than it has is killed by the kernel, which the
// record says; with a restart the run goes on.
func TestLimitMemory(t *testing.T) {
	t.Parallel()
	limitable(t)
	rec, out := job{scenario: "smoke", target: "embedded:latency=2s", restart: true, sets: []string{
		"load=[{name: much, rate: 20/s, for: 3s}, {name: little, rate: 1/s, for: 4s}]", "traces_per_request=3000", "expect=[]",
		"events=[{name: tight, at: 0s, for: 6s, agent: limit, memory: 64MB}]",
	}}.beside().do(t)
	if len(rec.Events) != 1 || rec.Events[0].Error != "" || len(rec.Target.Restarts) == 0 {
		t.Fatalf("events %+v, restarts %+v, exit %+v", rec.Events, rec.Target.Restarts, rec.Target.Exit)
	}
	t.Logf("restarts %+v", rec.Target.Restarts)
	const reason = "killed by the kernel: over the memory limit of the event tight"
	if r := rec.Target.Restarts[0]; r.Reason != reason || r.Signal != "SIGKILL" || r.Event != "tight" {
		t.Errorf("restart %+v", r)
	}
	page, err := exec.Command("spanstorm", "report", out).CombinedOutput()
	if err != nil || !strings.Contains(strings.Join(strings.Fields(string(page)), " "), "over the memory limit") {
		t.Errorf("report: %v\n%s", err, page)
	}
}
