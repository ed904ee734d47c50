//go:build unix

package main

import (
	"testing"

	"github.com/spanstorm/spanstorm/results"
)

// validOrLate holds that nothing is wrong with a run but that the machine was too
// busy to send on time.
func validOrLate(t *testing.T, rec *results.Record) {
	t.Helper()
	for _, reason := range rec.InvalidReasons {
		if !late(reason) {
			t.Errorf("not valid: %s", reason)
		}
	}
}

// Each kind of event comes about when the scenario says, is over when it says, and
// shows in the account where it should and nowhere else.
func TestEvents(t *testing.T) {
	t.Parallel()
	rec, _ := job{scenario: "smoke", target: "embedded", sets: []string{
		"load=[{name: before, rate: 40/s, for: 2s}, {name: hold, rate: 40/s, for: 14s}]", "timeout=8s", "expect=[]",
		`events=[
			{at: 1s, for: 1s, agent: pause}, {phase: hold, at: 1s, for: 1s, agent: kill}, {phase: hold, at: 4s, agent: restart},
			{at: 7s, connections: cut}, {at: 8s, for: 2s, intake: hang}, {at: 11s, for: 1s, intake: answer, code: 503},
			{at: 12s, for: 1s, intake: slow, by: 100ms}, {at: 13s, for: 1s, intake: refuse}, {at: 14s, for: 1s, intake: reset}]`,
	}}.beside().do(t)
	validOrLate(t, rec)
	want := []struct {
		name      string
		at, lasts float64
	}{
		{"agent pause", 1, 1}, {"agent kill", 3, 1}, {"agent restart", 6, 0}, {"connections cut", 7, 0}, {"intake hang", 8, 2},
		{"intake 503", 11, 1}, {"intake slow", 12, 1}, {"intake refuse", 13, 1}, {"intake reset", 14, 1},
	}
	if len(rec.Events) != len(want) {
		t.Fatalf("%d events came about, of %d: %+v", len(rec.Events), len(want), rec.Events)
	}
	const late = 5 // s, on a busy machine
	for i, w := range want {
		e := rec.Events[i]
		if e.Name != w.name || e.Error != "" || e.AtS < w.at || e.AtS > w.at+late || e.ForS < w.lasts || e.ForS > w.lasts+late || e.Effect == "" {
			t.Errorf("%+v, want %+v", e, w)
		}
	}
	r := rec.Target.Restarts
	if len(r) != 2 || r[0].Event != "agent kill" || r[0].Signal != "SIGKILL" || r[1].Event != "agent restart" || r[1].Code != 0 || rec.Target.Exit != nil {
		t.Errorf("restarts %+v, exit %+v", r, rec.Target.Exit)
	}
	l := &rec.Ledger
	if l.Unanswered.Traces == 0 || l.Refused.Traces > 0 || l.Duplicated.Traces > 0 || l.Foreign.Traces > 0 || !l.Drained {
		t.Errorf("ledger %+v", l.Account)
	}
	// While nobody listens a second's requests are lost, and what the killed agent held.
	if n := l.Unanswered.Traces + l.Missing.Traces; n > l.Sent.Traces/3 {
		t.Errorf("%d of %d traces were lost", n, l.Sent.Traces)
	}
	p := rec.Pressure
	if p == nil || p.FromS < 1 || p.FromS > 3 || !p.Recovered && !raced {
		t.Errorf("pressure %+v", p)
	}
}

// An event that cannot come about is told of, and the run goes on.
func TestEventThatCannotBe(t *testing.T) {
	t.Parallel()
	agent := "http://" + embedded(t, "127.0.0.1:0", "127.0.0.1:1")
	rec, _ := job{scenario: "smoke", target: agent, sets: []string{
		"load=[{rate: 20/s, for: 2s}]", "expect=[]", "events=[{at: 500ms, for: 500ms, agent: pause}, {at: 1s, for: 500ms, intake: hang}, {at: 1100ms, for: 100ms, agent: limit, cpu: 1}]",
	}}.beside().do(t)
	if len(rec.Events) != 3 || rec.Events[0].Error == "" || rec.Events[1].Error == "" || rec.Events[2].Error == "" || len(rec.Warnings) < 3 {
		t.Errorf("events %+v, warnings %v", rec.Events, rec.Warnings)
	}
	if rec.Requests.Delivered != rec.Requests.Sent {
		t.Errorf("%d of %d requests were delivered", rec.Requests.Delivered, rec.Requests.Sent)
	}
}
