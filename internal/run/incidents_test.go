package run

import (
	"math"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/attack"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// loadOfIncidents has incidents at the seams of phases.
func loadOfIncidents(t *testing.T) ([]leg, *generator.Corpus, *incidents) {
	t.Helper()
	s, err := scenarios.Load("smoke", []string{
		`load=[
			{name: warm-up, rate: 100/s, for: 2s, discard: true},
			{name: announce, rate: 5/s, for: 1s, send: services},
			{name: hold, rate: 50/s, for: 4s},
			{name: flat-out, rate: max, for: 2s},
			{name: rest, rate: 10/s, for: 2s}]`,
		`incidents=[
			{name: last, at: 9500ms, for: 1h, operations: db.*, slowdown: 5x},
			{name: across, at: 1500ms, for: 2s, operations: db.*, error_rate: 50%}]`,
	})
	if err != nil {
		t.Fatal(err)
	}
	corpus, err := generator.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	legs, err := plan(s, corpus)
	if err != nil {
		t.Fatal(err)
	}
	return legs, corpus, newIncidents(s.Incidents, corpus.IncidentOf)
}

// ran is a phase that went on for so many seconds, all of it delivered in a
// millisecond, ten in an incident.
func ran(n *incidents, l *leg, startS, forS float64) done {
	p := results.Phase{Name: l.phase.Name, Discarded: l.phase.Discard, FirstSeq: l.firstSeq, Planned: l.planned(), StartS: startS, EndS: startS + forS}
	sent := l.planned()
	switch length := time.Duration(forS * float64(time.Second)); {
	case l.schedule == nil:
		sent, p.Planned = 700, 700
	case length < l.schedule.Duration():
		sent = l.schedule.CountAt(length - 1)
	}
	for k := range sent {
		if !l.traces() {
			break
		}
		o := attack.Observation{Seq: l.firstSeq + k, Code: 200, End: time.Millisecond, Tries: 1}
		if n.of(o.Seq) >= 0 {
			o.End = 10 * time.Millisecond
		}
		n.enter(l, &o)
	}
	return done{leg: *l, out: &attack.Outcome{Phase: p}}
}

// TestIncidents: each is where the phases really were, with the requests that were
// due in it; all that was sent in kept phases is inside or outside.
func TestIncidents(t *testing.T) {
	legs, _, n := loadOfIncidents(t)
	var phases []done
	startS := 0.0
	for i := range legs {
		forS := time.Duration(legs[i].phase.For).Seconds()
		phases = append(phases, ran(n, &legs[i], startS, forS))
		startS += forS + 0.25 // late answers of the one before
	}
	var rec results.Record
	n.describe(&rec, legs, phases)
	if len(rec.Incidents) != 2 || rec.Incidents[0].Name != "across" || rec.Incidents[1].Name != "last" {
		t.Fatalf("incidents %+v", rec.Incidents)
	}
	across, last := rec.Incidents[0], rec.Incidents[1]
	// Half a second of the warm-up, the services, and half a second of the hold.
	if across.AtS != 1.5 || math.Abs(across.EndS()-4) > 1e-9 || across.Requests.Planned != 75 || across.Requests.Sent != 75 {
		t.Errorf("%+v", across)
	}
	if across.FirstSeq != 150 || across.LastSeq != 224 || n.of(150) != 1 || n.of(149) != -1 || n.of(224) != 1 || n.of(225) != -1 {
		t.Errorf("requests %d to %d", across.FirstSeq, across.LastSeq)
	}
	if math.Abs(last.AtS-10.5) > 1e-9 || math.Abs(last.ForS-1.5) > 1e-9 || last.Requests.Planned != 15 {
		t.Errorf("%+v", last)
	}
	out := rec.OutsideIncidents
	if want := uint64(175 + 700 + 5); out.Requests.Planned != want || out.Requests.Sent != want || out.Requests.Unsent != 0 {
		t.Errorf("%+v outside, want %d", out.Requests, want)
	}
	// A closed loop has no response time.
	if out.ResponseTime.Count != 180 || out.ServiceTime.Count != 880 || out.ResponseTime.P99 > 1.01e6 || across.ResponseTime.P50 < 9.9e6 {
		t.Errorf("%+v inside, %+v outside", across.ResponseTime, out.ResponseTime)
	}
	if got := n.histograms(&rec); len(got) != 9 || got[0].Incident != "across" || got[0].Values.TotalCount() != 75 || !got[8].OutsideIncidents {
		t.Errorf("%d histograms: %+v", len(got), got)
	}
}

// TestIncidentsCutShort: an interrupt ends an incident, and those after it never were.
func TestIncidentsCutShort(t *testing.T) {
	legs, _, n := loadOfIncidents(t)
	phases := []done{ran(n, &legs[0], 0, 2), ran(n, &legs[1], 2, 1), ran(n, &legs[2], 3, 0.2)}
	var rec results.Record
	n.describe(&rec, legs, phases)
	if len(rec.Incidents) != 1 {
		t.Fatalf("incidents %+v", rec.Incidents)
	}
	if in := rec.Incidents[0]; in.AtS != 1.5 || math.Abs(in.EndS()-3.2) > 1e-6 || in.Requests.Planned != 60 || in.Requests.Unsent != 0 || in.LastSeq != 209 {
		t.Errorf("%+v", in)
	}
	if out := rec.OutsideIncidents.Requests; out.Planned != 0 || out.Sent != 0 {
		t.Errorf("%+v outside", out)
	}
	var none *incidents
	if none.describe(&rec, legs, phases); rec.Incidents == nil || len(rec.Incidents) > 0 || rec.OutsideIncidents != nil {
		t.Errorf("without incidents: %+v", rec.Incidents)
	}
}

// Keeping incidents apart costs a request no memory.
func TestIncidentsAllocateNothing(t *testing.T) {
	legs, _, n := loadOfIncidents(t)
	o := attack.Observation{Code: 200, End: time.Millisecond, Tries: 1}
	if per := testing.AllocsPerRun(1000, func() {
		o.Seq = (o.Seq + 1) % 200
		n.enter(&legs[0], &o)
	}); per > 0.01 {
		t.Errorf("%g allocations per request", per)
	}
}
