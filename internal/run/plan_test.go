package run

import (
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

func planOf(t *testing.T, load string) ([]leg, *generator.Corpus, error) {
	t.Helper()
	s, err := scenarios.Load("smoke", []string{"load=" + load})
	if err != nil {
		t.Fatal(err)
	}
	corpus, err := generator.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	legs, err := plan(s, corpus)
	return legs, corpus, err
}

// TestPlan lays out phases: seqs follow from the scenario alone, also behind a
// closed loop, and services take none.
func TestPlan(t *testing.T) {
	legs, _, err := planOf(t, `[
		{name: a, rate: 100/s, for: 2s},
		{name: announce, rate: 5/s, for: 1s, send: services},
		{name: flat-out, rate: max, for: 3s},
		{name: b, rate: 10/s, for: 1s}]`)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct{ first, planned uint64 }{{0, 200}, {200, 5}, {200, 0}, {200 + 3*closedLoopPerS + 1, 10}}
	for i, w := range want {
		if legs[i].firstSeq != w.first || legs[i].planned() != w.planned {
			t.Errorf("%s: first %d, planned %d; want %+v", legs[i].phase.Name, legs[i].firstSeq, legs[i].planned(), w)
		}
	}
}

// TestWindows: the requests in incidents are those that the timetable has there.
func TestWindows(t *testing.T) {
	s, err := scenarios.Load("smoke", []string{
		`load=[
			{name: a, rate: 100/s, for: 2s},
			{name: announce, rate: 5/s, for: 1s, send: services},
			{name: ramp, rate: 10/s..200/s, for: 4s},
			{name: flat-out, rate: max, for: 3s},
			{name: b, rate: 10/s, for: 1s}]`,
		`incidents=[
			{name: last, at: 10500ms, for: 1h, operations: db.*, slowdown: 5x},
			{name: first, at: 0s, for: 500ms, operations: db.*, slowdown: 5x},
			{name: across, at: 1500ms, for: 3s, operations: db.*, error_rate: 50%},
			{name: unseen, at: 500ms, for: 1ms, operations: db.*, error_rate: 50%}]`,
	})
	if err != nil {
		t.Fatal(err)
	}
	corpus, err := Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	legs, err := plan(s, corpus)
	if err != nil {
		t.Fatal(err)
	}
	starts := []time.Duration{0, 2 * time.Second, 3 * time.Second, 7 * time.Second, 10 * time.Second}
	// For each request, the incident that its due time is in.
	inside := func(seq uint64) int {
		for _, w := range corpus.Windows() {
			if seq >= w.From && seq < w.To {
				return w.Incident
			}
		}
		return -1
	}
	hits := map[int]int{}
	for i, l := range legs {
		if l.schedule == nil || !l.traces() {
			continue
		}
		for k := range l.schedule.Count() {
			want := -1
			due := starts[i] + l.schedule.Due(k)
			for j, in := range s.Incidents {
				if due >= time.Duration(in.At) && due < time.Duration(in.At+in.For) {
					want = j
				}
			}
			if got := inside(l.firstSeq + k); got != want {
				t.Fatalf("request %d of %s, due at %s, is in incident %d, want %d", k, l.phase.Name, due, got, want)
			}
			hits[want]++
		}
	}
	// The request due exactly at 500ms is in the incident of a millisecond.
	if hits[0] != 5 || hits[1] != 50 || hits[2] < 60 || hits[3] != 1 {
		t.Errorf("requests by incident: %v", hits)
	}
}

// TestDueUnixNS: the time in a body is the due time, and in a closed loop that
// of the last mark.
func TestDueUnixNS(t *testing.T) {
	legs, _, err := planOf(t, "[{name: a, rate: 10/s, for: 2s}]")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Unix(1_700_000_000, 5)
	open := results.Phase{FirstSeq: 100, StartedAt: start}
	if got := DueUnixNS(&open, legs[0].schedule, 103); got != start.UnixNano()+3e8 {
		t.Errorf("request 3 of 10/s carries %d", got-start.UnixNano())
	}
	closed := results.Phase{StartedAt: start, TimeMarks: []results.TimeMark{{Seq: 0, UnixNS: 1}, {Seq: 10, UnixNS: 2}, {Seq: 20, UnixNS: 3}}}
	for seq, want := range map[uint64]int64{0: 1, 9: 1, 10: 2, 19: 2, 20: 3, 1000: 3} {
		if got := DueUnixNS(&closed, nil, seq); got != want {
			t.Errorf("request %d carries mark %d, want %d", seq, got, want)
		}
	}
}
