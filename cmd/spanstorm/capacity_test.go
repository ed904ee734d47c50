package main

import (
	"context"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/experiment"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// lab is where the procedures of these tests work.
func lab(t *testing.T, dir string) experiment.Lab {
	t.Helper()
	self, err := exec.LookPath("spanstorm")
	if err != nil {
		t.Fatal(err)
	}
	return experiment.Lab{Dir: dir, Self: self, Say: func(line string) { t.Log(line) }}
}

// light is a scenario of small requests; how late they are sent is of no interest here.
func light(t *testing.T, sets ...string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Load("smoke", append([]string{"late_limit=5s", "traces_per_request=1", "load=[{rate: 100/s, for: 1s}]"}, sets...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestCapacity finds the capacity of an agent that takes 300 requests a second, whatever the
// machine does meanwhile, for refusals are counted and not timed; and goes on with a search
// that was interrupted.
func TestCapacity(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "capacity")
	o := experiment.CapacityOptions{
		Lab: lab(t, dir), Scenario: light(t, "expect=[refused <= 1%]"), Target: "embedded:capacity=300/s",
		CapacitySettings: experiment.CapacitySettings{Budget: 5 * time.Minute, Hold: 2 * time.Second, Warm: time.Second, Precision: 0.1, Start: 200},
	}
	ctx, cancel := context.WithCancel(t.Context())
	say := o.Say
	o.Say = func(line string) {
		say(line)
		cancel() // after the first probe
	}
	rec, err := experiment.Capacity(ctx, o)
	if err != nil || !rec.Interrupted || len(rec.Capacity.Probes) != 1 {
		t.Fatalf("%v, %+v", err, rec)
	}
	rec, err = experiment.ResumeCapacity(t.Context(), lab(t, dir), 0)
	if err != nil {
		t.Fatal(err)
	}
	found := rec.Capacity
	if !rec.Complete || !rec.Valid || !found.Answered || found.AnswerPerS.Requests < 255 || found.AnswerPerS.Requests > 330 || found.Low > found.AnswerPerS.Requests || found.High <= found.AnswerPerS.Requests {
		t.Errorf("answered %v: %g, %g to %g of 300 (%s)", found.Answered, found.AnswerPerS.Requests, found.Low, found.High, found.NoAnswer)
	}
	if found.LimitedBy != "refused <= 1%" || found.At == nil || found.At.CPUCores <= 0 || found.AnswerPerS.Spans <= 0 {
		t.Errorf("%+v, %+v", found, found.At)
	}
	if read, err := results.Read(dir); err != nil || len(read.Capacity.Probes) != len(found.Probes) {
		t.Errorf("%v", err)
	}
	for _, p := range found.Probes {
		if probe, err := results.Read(filepath.Join(dir, p.Record)); err != nil || !probe.Complete {
			t.Errorf("probe %s: %v", p.Record, err)
		}
	}
}

// TestCapacityOneTarget lets one process serve all probes.
func TestCapacityOneTarget(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "capacity")
	rec, err := experiment.Capacity(t.Context(), experiment.CapacityOptions{
		Lab: lab(t, dir), Scenario: light(t, "expect=[refused <= 1%]"), Target: "embedded", Set: []string{"capacity=150/s"},
		CapacitySettings: experiment.CapacitySettings{Budget: 2 * time.Minute, Hold: time.Second, Warm: time.Second, Precision: 0.5, Start: 100, OneTarget: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	found := rec.Capacity
	if !found.Answered || found.AnswerPerS.Requests < 80 || found.AnswerPerS.Requests > 220 || len(found.Probes) < 4 {
		t.Errorf("answered %v: %g, %g to %g of 150 (%s)", found.Answered, found.AnswerPerS.Requests, found.Low, found.High, found.NoAnswer)
	}
	pids := map[string]bool{}
	for _, p := range found.Probes {
		probe, err := results.Read(filepath.Join(dir, p.Record))
		if err != nil {
			t.Fatal(err)
		}
		pids[probe.Target.Watched] = true
	}
	if len(pids) != 1 || pids[""] {
		t.Errorf("processes %v", pids)
	}
}

// TestCapacityRunning searches the capacity of an agent that runs already, whose process is named.
func TestCapacityRunning(t *testing.T) {
	t.Parallel()
	l := lab(t, filepath.Join(t.TempDir(), "capacity"))
	l.Intake = freePort(t)
	at, pid := embeddedProcess(t, "127.0.0.1:0", l.Intake, "--capacity", "150/s")
	l.PID = strconv.Itoa(pid)
	options := experiment.CapacityOptions{
		Lab: l, Scenario: light(t, "expect=[refused <= 1%]"), Target: "http://" + at,
		CapacitySettings: experiment.CapacitySettings{Budget: 2 * time.Minute, Hold: time.Second, Warm: -1, Precision: 0.9, Start: 100},
	}
	rec, err := experiment.Capacity(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	found := rec.Capacity
	if !found.Warm || !found.Answered || found.AnswerPerS.Requests < 80 || found.AnswerPerS.Requests > 220 || found.At.CPUSPerMillionSpans <= 0 {
		t.Errorf("warm %v, answered %v: %g of 150 (%s), %+v", found.Warm, found.Answered, found.AnswerPerS.Requests, found.NoAnswer, found.At)
	}
	options.Dir, options.Target = filepath.Join(t.TempDir(), "other"), "embedded"
	if _, err := experiment.Capacity(t.Context(), options); err == nil || !strings.Contains(err.Error(), "is started here") {
		t.Errorf("the process of a target that is started: %v", err)
	}
}

// TestCapacityTraces searches in traces where clients flush at intervals: whatever the rate, ten
// of them send 40 requests a second, and what they carry is searched.
func TestCapacityTraces(t *testing.T) {
	t.Parallel()
	scenario, err := scenarios.Load("smoke", []string{
		"late_limit=5s", "clients={count: 10, flush_interval: 250ms}", "load=[{rate: 150 traces/s, for: 1s}]", "expect=[traces_per_s <= 500/s]",
	})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := experiment.Capacity(t.Context(), experiment.CapacityOptions{
		Lab: lab(t, filepath.Join(t.TempDir(), "capacity")), Scenario: scenario, Target: "embedded",
		CapacitySettings: experiment.CapacitySettings{Budget: 3 * time.Minute, Hold: 2 * time.Second, Warm: time.Second, Precision: 0.2},
	})
	if err != nil {
		t.Fatal(err)
	}
	found := rec.Capacity
	if !found.Answered || found.Unit != results.UnitTraces || found.StartPerS != 150 || found.Answer() < 380 || found.Answer() > 540 || found.High <= found.Answer() {
		t.Errorf("answered %v: %g %s from %g, %g to %g, of 500 (%s)", found.Answered, found.Answer(), found.Counts(), found.StartPerS, found.Low, found.High, found.NoAnswer)
	}
	if n := found.AnswerPerS.Requests; n < 30 || n > 45 {
		t.Errorf("%g requests/s at the answer, of 40", n)
	}
	for _, p := range found.Probes {
		if p.DeliveredPerS < 0.8*p.RatePerS || p.DeliveredPerS > 1.2*p.RatePerS {
			t.Errorf("%g of %g traces/s were delivered, %g in a request", p.DeliveredPerS, p.RatePerS, p.UnitsPerRequest)
		}
	}
}

// TestCapacityGenerator refuses to answer when the generator was the limit.
func TestCapacityGenerator(t *testing.T) {
	t.Parallel()
	rec, err := experiment.Capacity(t.Context(), experiment.CapacityOptions{
		// Two requests at once, of 50 ms each, are 40 a second: a bound of the client's.
		Lab: lab(t, filepath.Join(t.TempDir(), "capacity")), Scenario: light(t, "expect=[delivered >= 99%]", "max_in_flight=2"), Target: "embedded:latency=50ms",
		CapacitySettings: experiment.CapacitySettings{Budget: 3 * time.Minute, Hold: 2 * time.Second, Warm: time.Second, Precision: 0.5, Start: 20},
	})
	if err != nil {
		t.Fatal(err)
	}
	found := rec.Capacity
	if rec.Valid || found.Answered || found.LimitedBy != results.LimitGenerator || !strings.Contains(found.NoAnswer, "max_in_flight") {
		t.Errorf("valid %v, answered %v, %q: %s", rec.Valid, found.Answered, found.LimitedBy, found.NoAnswer)
	}
}
