package run

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/attack"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/internal/process"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Blank is the record of a procedure that is made of many runs of a scenario, before any.
func Blank(s *scenarios.Scenario) (*results.Record, error) {
	corpus, err := Compile(s)
	if err != nil {
		return nil, err
	}
	rec, err := newRecord(s, corpus)
	if err != nil {
		return nil, err
	}
	rec.Valid, rec.Ledger.Source = true, ""
	return rec, nil
}

// newRecord is the record before anything has happened.
func newRecord(s *scenarios.Scenario, corpus *generator.Corpus) (*results.Record, error) {
	scenario, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("writing the scenario into the record: %w", err)
	}
	layout := corpus.Layout()
	return &results.Record{
		SchemaVersion:  results.SchemaVersion,
		InvalidReasons: []string{},
		Warnings:       []string{},
		StartedAt:      time.Now().UTC(),
		Scenario:       scenario,
		Name:           s.Name,
		Seed:           s.Seed,
		Fingerprint:    corpus.Fingerprint(),
		API:            string(s.API),
		Encoding:       string(s.Encoding),
		Layout:         results.Layout{ChunkBits: layout.ChunkBits, SpanBits: layout.SpanBits},
		Tool:           Tool(),
		Machine:        machine(),
		Target:         results.Target{StderrTail: []string{}},
		Requests:       emptyRequests(),
		Announcements:  results.Announcements{ByCode: map[string]uint64{}},
		Phases:         []results.Phase{},
		Seconds:        []results.Second{},
		Incidents:      []results.Incident{},
		Events:         []results.Event{},
		Expectations:   []results.Judgement{},
		Ledger:         emptyLedger(),
	}, nil
}

func emptyRequests() results.Requests {
	return results.Requests{ByCode: map[string]uint64{}, ErrorExamples: map[string][]string{}}
}

func emptyLedger() results.Ledger {
	return results.Ledger{
		Source:          "intake",
		RefusedByCode:   map[string]results.Count{},
		DroppedByReason: map[string]results.Count{},
		ByShape:         []results.Part{}, ByFault: []results.Part{}, ByIncident: []results.Part{}, Claims: []results.Claim{},
		Examples: results.Examples{
			Missing: []results.Example{}, Dropped: []results.Example{}, Refused: []results.Example{}, Duplicated: []results.Example{},
		},
	}
}

// warn puts a finding into the record that does not make the run invalid.
func (r *run) warn(text string) {
	r.recMu.Lock()
	defer r.recMu.Unlock()
	r.rec.Warnings = append(r.rec.Warnings, text)
}

// done is a phase that is over.
type done struct {
	leg  leg
	out  *attack.Outcome
	sums sums
	cpuS float64 // of the target
}

// phaseDone books a phase at its end.
func (r *run) phaseDone(l leg, out *attack.Outcome, targetCPUS float64) {
	d := done{leg: l, out: out, sums: r.books.read(), cpuS: targetCPUS}
	before := uint64(0)
	if n := len(r.phases); n > 0 {
		before = r.phases[n-1].sums.sent.Spans
	}
	r.setSpansRate(&out.Phase, d.sums.sent.Spans-before)
	r.phases = append(r.phases, d)
}

func (r *run) setSpansRate(p *results.Phase, spans uint64) {
	if p.TracesPerS > 0 {
		p.SpansPerS = float64(spans) / max(p.EndS-p.StartS, 1e-3)
	}
}

// checkpoint saves what is known in the middle of a phase.
func (r *run) checkpoint(out *attack.Outcome) {
	r.saveSoFar(slices.Concat(r.phases, []done{{out: out, sums: r.books.read()}}))
}

// saveSoFar saves what is known, so that a run that is killed leaves a readable
// record. Missing is an upper bound there.
func (r *run) saveSoFar(phases []done) {
	r.recMu.Lock()
	defer r.recMu.Unlock()
	rec := *r.rec
	r.fill(&rec, phases)
	// A phase under way has sent nothing yet of what is due later.
	rec.Saturated, rec.InvalidReasons = false, slices.Clone(r.reasons)
	rec.Ledger = r.provisional()
	rec.EndedAt = time.Now().UTC()
	if err := r.writer.Save(&rec); err != nil {
		r.Log.Warn("saving the record so far", "err", err)
	}
}

// provisional is the ledger while the run goes on: what the answers say, and
// as much of it accepted as has arrived.
func (r *run) provisional() results.Ledger {
	l := emptyLedger()
	l.Source = r.acceptance()
	s := r.books.read()
	latest := r.meter.Latest()
	l.Account = results.Account{Sent: s.sent, Delivered: s.delivered, Refused: s.refused, Unanswered: s.unanswered}
	l.Accepted = results.Count{
		Traces: min(latest.Complete, s.delivered.Traces),
		Spans:  min(latest.Spans, s.delivered.Spans),
	}
	l.Missing = results.Count{
		Traces: s.delivered.Traces - l.Accepted.Traces,
		Spans:  s.delivered.Spans - l.Accepted.Spans,
	}
	return l
}

// fill puts phases, totals and seconds into rec.
func (r *run) fill(rec *results.Record, phases []done) {
	rec.Phases, rec.Seconds = []results.Phase{}, []results.Second{}
	if r.sampling != nil {
		rec.RateMarks = r.sampling.Marks()
	}
	rec.SamplingRates = r.clients.Rates()
	rec.Requests, rec.Load = emptyRequests(), results.Load{}
	var figures []attack.Figures
	for _, d := range phases {
		rec.Phases = append(rec.Phases, d.out.Phase)
		rec.Seconds = append(rec.Seconds, d.out.Seconds...)
		if d.out.Phase.Send == "services" {
			continue
		}
		rec.Requests.Add(d.out.Phase.Requests)
		rec.Load.Traces += d.out.Traces
		rec.Load.Bytes += d.out.BytesOut
		rec.Load.Spans = d.sums.sent.Spans
		if !d.out.Phase.Discarded { // from those nothing is concluded
			figures = append(figures, d.out.Figures)
		}
	}
	verdict := attack.Judge(figures...)
	rec.InvalidReasons = append(append([]string{}, r.reasons...), verdict.Invalid...)
	rec.Saturated = verdict.Saturated
	rec.Seconds = r.meter.Fill(rec.Seconds)
	rec.Resources = r.resources(phases)
	r.incidents.describe(rec, r.plan, phases)
	rec.Events = r.events.describe()
	rec.Target.Restarts = r.keeper.describe()
}

// resources are CPU and memory of the three processes and their machine, of the target
// its CPU in the kept phases. What the target spends on the account's closing belongs to the last phase:
// it is that phase's traces that it flushes.
func (r *run) resources(phases []done) results.Resources {
	usage := func(u process.Usage) results.Usage { return results.Usage{CPUS: u.CPUS, RSSMaxBytes: u.RSSMaxBytes} }
	used := r.target.Usage()
	out := results.Resources{
		Generator: usage(process.SelfUsage()),
		Intake:    usage(r.intakeRole.Usage()),
		Machine:   r.meter.Machine(),
		Target:    results.TargetUsage{Usage: usage(used), ThreadsMax: used.ThreadsMax, FDsMax: used.FDsMax},
	}
	var spans, before uint64
	var cpuS, all float64
	for i, d := range phases {
		all += d.cpuS
		if !d.out.Phase.Discarded {
			spans += d.sums.sent.Spans - before
			cpuS += d.cpuS
			if i == len(phases)-1 {
				cpuS += max(0, used.CPUS-r.cpuBefore-all)
			}
		}
		before = d.sums.sent.Spans
	}
	gc := r.target.GC()
	out.Target.CPUS, out.Target.GCCount, out.Target.GCPauseTotalS = cpuS, gc.Count, gc.PauseTotalS
	if spans > 0 {
		out.Target.CPUSPerMillionSpans = cpuS / float64(spans) * 1e6
	}
	return out
}

// histograms are the distributions of all phases, for the record's folder, and
// those of the kept phases merged.
func (r *run) histograms() (all []results.Histogram, totals results.Latencies) {
	var merged [3]*hdrhistogram.Histogram
	for _, d := range r.phases {
		if d.out.SendDelay == nil {
			continue
		}
		three := [3]*hdrhistogram.Histogram{d.out.SendDelay, d.out.ServiceTime, d.out.ResponseTime}
		for i, metric := range [3]string{"send_delay", "service_time", "response_time"} {
			all = append(all, results.Histogram{Scope: results.Scope{Phase: d.out.Phase.Name}, Metric: metric, Values: three[i], StartedAt: d.out.Phase.StartedAt, EndedAt: d.out.EndedAt})
			if !r.counts(d) {
				continue
			}
			if merged[i] == nil {
				merged[i] = hdrhistogram.New(three[i].LowestTrackableValue(), three[i].HighestTrackableValue(), int(three[i].SignificantFigures()))
			}
			merged[i].Merge(three[i])
		}
	}
	if merged[0] == nil {
		return all, results.Latencies{Percentiles: []results.Percentile{}}
	}
	totals = results.NewLatencies(merged[0], merged[1], merged[2])
	for _, d := range r.phases {
		if p := d.out.Phase; r.counts(d) {
			totals.SendDelay.OverRange += p.SendDelay.OverRange
			totals.ServiceTime.OverRange += p.ServiceTime.OverRange
			totals.ResponseTime.OverRange += p.ResponseTime.OverRange
		}
	}
	return all, totals
}

// counts says that a phase's times are in the totals: those of traces, or of
// services where the scenario sends nothing else.
func (r *run) counts(d done) bool {
	return !d.out.Phase.Discarded && (d.leg.traces() || len(r.Scenario.Shapes) == 0)
}

// account closes the ledger.
func (r *run) account() (results.Ledger, error) {
	if r.books.err != nil {
		return emptyLedger(), r.books.err
	}
	source, arrivals, claims := r.acceptance(), r.closed.arrivals, r.closed.claims
	switch {
	case r.accountable():
	case r.claimed():
		arrivals = nil
	default:
		// Delivery is all that can be seen: what was answered 2xx counts as
		// accepted, and the source says so.
		arrivals = nil
		claims = append(claims, results.Claim{
			Source: source, Name: "answered 2xx", Meaning: "accepted", Value: float64(r.books.read().kept.Traces),
		})
	}
	if said := r.saidAccepted(claims); r.claimed() && said.Traces == 0 && said.Spans > 0 {
		r.rec.Warnings = append(r.rec.Warnings, "the target's counters ("+source+") speak of spans only: of traces, accepted is a lower bound, and dropped and missing are upper ones")
	}
	names, kinds := r.corpus.FaultNames(), r.corpus.FaultKinds()
	account, err := ledger.Close(ledger.Sheet{
		Source:   source,
		Drained:  r.closed.drained,
		Shapes:   r.corpus.ShapeNames(),
		Faults:   names,
		Reasons:  reasons(names, kinds),
		Outcomes: r.books.outcomes,
		Arrivals: arrivals,
		Describe: r.books.describe,
		TraceID:  func(ordinal uint64, spans int) uint64 { return r.codec.TraceID(r.corpus.First(ordinal, spans)) },
		SentAt:   r.dueAt,
		Retried:  r.books.resent,
		Lost:     r.lostIn(r.rec.Seconds),
		Claims:   claims,

		Incidents: r.incidents.names(),
		Incident:  r.corpus.IncidentOf,
	})
	for i := range account.ByFault {
		account.ByFault[i].Expected = kinds[i].Expected()
	}
	if err == nil {
		r.altered(&account)
	}
	// As in the record, which leaves out those that the run did not come to.
	account.ByIncident = slices.DeleteFunc(account.ByIncident, func(p results.Part) bool {
		return !slices.ContainsFunc(r.rec.Incidents, func(in results.Incident) bool { return in.Name == p.Name })
	})
	return account, err
}

// dueAt is when request seq was due: its sending time, but for the send delay.
func (r *run) dueAt(seq uint64) time.Time {
	d := r.phaseOf(seq)
	if d == nil {
		return time.Time{}
	}
	return time.Unix(0, DueUnixNS(&d.out.Phase, d.leg.schedule, seq)).UTC()
}

// lostIn books lost traces by the second in which they were due. A closed loop has
// no due times.
func (r *run) lostIn(rows []results.Second) func(seq, traces uint64) {
	type place struct {
		t     int
		phase string
	}
	at := map[place]*results.Second{}
	for i := range rows {
		at[place{rows[i].T, rows[i].Phase}] = &rows[i]
	}
	return func(seq, traces uint64) {
		d := r.phaseOf(seq)
		if d == nil || d.leg.schedule == nil {
			return
		}
		phase := &d.out.Phase
		if row := at[place{secondOf(phase, DueUnixNS(phase, d.leg.schedule, seq)), phase.Name}]; row != nil {
			row.Missing += traces
		}
	}
}
