//go:build prove && realagent

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/prove"
	"github.com/spanstorm/spanstorm/report/charts"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// proven are the agents that are built here, by name.
func proven(t *testing.T) (list []provenAgent) {
	t.Helper()
	for _, target := range []string{datadog0600, datadog, otelcolOlder, otelcol} {
		name := filepath.Base(filepath.Dir(target)) + "-" + filepath.Base(target)[1:len(filepath.Base(target))-len(".yaml")]
		program := name
		if filepath.Base(filepath.Dir(target)) == "datadog" {
			program = "datadog-agent" + name[len("datadog"):]
		}
		if _, err := os.Stat("../../bin/" + program); err == nil {
			list = append(list, provenAgent{name, target})
		} else {
			t.Logf("%s is not built here: make agents", name)
		}
	}
	if len(list) == 0 {
		t.Fatal("no agent is built here: make agents")
	}
	return list
}

// provenAgent is one agent that is put to the proof.
type provenAgent struct{ name, target string }

// seconds is how long a part lasts; with -short a quarter of that.
func seconds(n int) int {
	if testing.Short() {
		return max(n/4, 1)
	}
	return n
}

// payloads is the traffic of these proofs: the web shop, 50 traces of about ten spans
// a request, of which the agent is to keep all. At most 1,000 requests, 300 MB, are on their way.
func (a provenAgent) payloads(part, load string) job {
	return job{scenario: "web-shop", target: a.target, out: "agents/" + a.name + "/" + part, sets: []string{
		"traces_per_request=50", "expect=[]", "max_in_flight=1000", "timeout=5s", "load=" + load,
	}}
}

// kept does a job, or finds its record where an earlier call left it.
func (j job) kept(t *testing.T) *results.Record {
	t.Helper()
	var err error
	if j.out, err = prove.Kept(j.out); err != nil {
		t.Fatal(err)
	}
	if rec, err := results.Read(j.out); err == nil && rec.Complete && !rec.Interrupted && j.was(t, rec) {
		t.Logf("%s is kept from %s", j.out, rec.StartedAt.Format(time.RFC3339))
		balanced(t, rec)
		return rec
	}
	if err := os.RemoveAll(j.out); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(j.out), 0o755); err != nil {
		t.Fatal(err)
	}
	rec, _ := j.within(t, 5*time.Minute)
	return rec
}

// was says that a record is of this very job.
func (j job) was(t *testing.T, rec *results.Record) bool {
	t.Helper()
	s, err := scenarios.Load(j.scenario, j.sets)
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	return json.Compact(&got, rec.Scenario) == nil && bytes.Equal(got.Bytes(), want)
}

// The rates of steady: it begins with steadyRate, and halves it until an agent takes
// all, or down to steadyLeast.
const (
	steadyRate  = 200
	steadyLeast = 6
)

// steady sends 200 requests a second for 30 s. Where the agent refuses some of that, it goes
// on with half of it, and so on. All tries are returned, the last is the one that was taken.
func (a provenAgent) steady(t *testing.T) (tries []*results.Record) {
	t.Helper()
	for rate := steadyRate; rate >= steadyLeast; rate /= 2 {
		rec := a.payloads(fmt.Sprintf("steady-%d", rate), fmt.Sprintf("[{name: hold, rate: %d/s, for: %ds}]", rate, seconds(30))).kept(t)
		exact(t, rec)
		tries = append(tries, rec)
		if rec.Requests.Delivered == rec.Requests.Planned {
			allCame(t, rec)
			return tries
		}
	}
	t.Errorf("%s takes no rate whole", a.name)
	return tries
}

// exact holds what no load excuses: the sums hold, for the whole and for each shape, and nothing
// came out that was not sent. An agent may lose traces that it took, or forward them twice when it
// has waited too long for an answer: that is for the page to say.
func exact(t *testing.T, rec *results.Record) {
	t.Helper()
	l := &rec.Ledger
	for _, p := range append(slices.Clone(l.ByShape), results.Part{Name: "the whole", Account: l.Account}) {
		for _, s := range p.Imbalances() {
			t.Errorf("%s, %s: %s", rec.Target.Name, p.Name, s)
		}
	}
	if l.Foreign.Spans > 0 || l.Sent.Traces == 0 || l.Source != "intake" {
		t.Errorf("%s: foreign %+v of %+v, source %s", rec.Target.Name, l.Foreign, l.Sent, l.Source)
	}
}

// overload finds roughly what the agent can take, in a closed loop over 8 connections, and
// offers it twice that; and twice as much again, should it take it all.
func (a provenAgent) overload(t *testing.T) (capacity float64, rec *results.Record) {
	t.Helper()
	loop := a.payloads("capacity", fmt.Sprintf("[{name: flat-out, rate: max, connections: 8, for: %ds}]", seconds(20))).kept(t)
	exact(t, loop)
	capacity = float64(loop.Requests.Delivered) / (loop.Phases[0].EndS - loop.Phases[0].StartS)
	for _, times := range []float64{2, 4, 8} {
		rate := int(math.Ceil(times * capacity))
		rec = a.payloads(fmt.Sprintf("overload-%.0f", times), fmt.Sprintf("[{name: overload, rate: %d/s, for: %ds}]", rate, seconds(28))).kept(t)
		exact(t, rec)
		if rec.Pressure != nil {
			return capacity, rec
		}
	}
	t.Errorf("%s takes eight times what it can take", a.name)
	return capacity, rec
}

// TestProveAgents puts every agent that is built here to three proofs, and writes
// docs/proofs/agents.md. Records are kept below bin/prove/agents: a second call goes on where
// the first ended, and `make clean` forgets them. With -short, each part lasts a quarter of its time.
func TestProveAgents(t *testing.T) {
	var page agentsPage
	for _, a := range proven(t) {
		t.Run(a.name, func(t *testing.T) {
			tries := a.steady(t)
			page.steady(a.name, tries)
			capacity, rec := a.overload(t)
			page.overload(a.name, capacity, rec)
		})
	}
	t.Run("hung intake", func(t *testing.T) {
		j := hungIntake(10*time.Second, 10*time.Second, 40*time.Second)
		j.out = "agents/datadog-0.85.1/hung"
		rec := j.kept(t)
		hangIsOver(t, rec)
		page.hung(rec)
		svg, err := charts.Answers(rec).SVG()
		if err == nil {
			err = prove.Write("hung-intake.svg", svg)
		}
		if err != nil {
			t.Error(err)
		}
	})
	if err := prove.Write("agents.md", page.text()); err != nil {
		t.Error(err)
	}
	t.Logf("%s", page.text())
}
