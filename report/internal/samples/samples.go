// Package samples makes up records of runs for the tests of reports: healthy
// ones, and every kind of trouble. They have the form and the sums of real ones.
// Nothing but tests imports it.
package samples

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/spanstorm/spanstorm/results"
)

// script describes a made-up run. A record of it has the form and the sums of a real one.
type script struct {
	phases   []scriptPhase
	shapes   []scriptShape
	stallAt  int // second of a one second stall; 0: none
	drop     float64
	refuseAt int // from this second on, half of the answers are 429; 0: never
	dieAt    int // in this second the target dies; 0: never
	traces   uint64
}

type scriptPhase struct {
	name     string
	discard  bool
	from, to float64 // requests/s
	seconds  int
	services bool
	closed   bool
}

type scriptShape struct {
	name   string
	weight float64
	spans  uint64
}

func shop() []scriptShape {
	return []scriptShape{{"checkout", 6, 11}, {"browse", 12, 8}, {"search", 8, 6}, {"login", 3, 4}, {"nightly-report", 1, 42}}
}

// play makes the record of a script.
func play(s script) *results.Record {
	rng := rand.New(rand.NewPCG(1, 2))
	start := time.Date(2026, 3, 4, 10, 20, 30, 0, time.UTC)
	rec := &results.Record{
		SchemaVersion: 1, Valid: true, Complete: true, StartedAt: start,
		Scenario: json.RawMessage(`{"name":"web-shop","seed":42,"load":[{"name":"hold","rate":"200/s","for":"20s"}]}`),
		Name:     "web-shop", Seed: 42, RunKey: "00112233445566778899aabbccddeeff", Fingerprint: "9f1c2a77d0e4b1a85c3e", API: "v0.4", Encoding: "msgpack",
		Tool:    results.Tool{Version: "v0.1.0", Commit: "1a2b3c4d5e6f", Go: "go1.26.0"},
		Machine: results.Machine{OS: "linux", Arch: "amd64", Kernel: "6.8.0", CPUModel: "Example CPU 3.0 GHz", CPUs: 2, MemoryBytes: 8 << 30},
		Target:  results.Target{Name: "embedded", Version: "v0.1.0", URL: "http://127.0.0.1:40613", Command: []string{"spanstorm", "agent"}, StderrTail: []string{"level=INFO msg=listening"}},
	}
	rec.Requests.ByCode = map[string]uint64{}
	if s.traces == 0 {
		s.traces = 20
	}
	totals := newTimes()
	second, seq := 0, uint64(0)
	for _, ph := range s.phases {
		p := results.Phase{Name: ph.name, Discarded: ph.discard, Send: "traces", Closed: ph.closed, Profile: fmt.Sprintf("%g/s for %ds", ph.from, ph.seconds), FirstSeq: seq, StartS: float64(second)}
		if ph.from != ph.to {
			p.Profile = fmt.Sprintf("%g/s..%g/s for %ds", ph.from, ph.to, ph.seconds)
		}
		if ph.services {
			p.Send = "services"
		}
		p.Requests.ByCode = map[string]uint64{}
		times := newTimes()
		for i := range ph.seconds {
			if s.dieAt > 0 && second > s.dieAt+1 {
				break
			}
			rate := ph.from + (ph.to-ph.from)*(float64(i)+0.5)/float64(ph.seconds)
			row := results.Second{T: second, Phase: ph.name, Planned: uint64(rate), Sent: uint64(rate), ByCode: map[string]uint64{}, InFlightMax: 3, TargetCPUS: rate / 900, MachineCPUS: 0.25 + rate/450, MachineStolenCPUS: 0.04 + rate/9000, TargetRSSBytes: uint64(30e6 + 4e5*float64(second))}
			here := newTimes()
			for k := range row.Sent {
				service := 350e3 * math.Exp(0.35*rng.NormFloat64()) * (1 + rate/4000)
				if rng.Float64() < 0.004 {
					service *= 12
				}
				delay := 8e3 * math.Exp(0.6*rng.NormFloat64())
				response := service + delay
				if s.stallAt == second && s.stallAt > 0 {
					response = 1e9*(1-float64(k)/rate) + service
				}
				here.add(delay, service, response)
				switch {
				case s.dieAt > 0 && second >= s.dieAt:
					row.Errors.Refused++
				case s.refuseAt > 0 && second >= s.refuseAt && k%2 == 0:
					row.ByCode["429"]++
				default:
					row.ByCode["200"]++
					row.Delivered++
				}
			}
			row.Accepted = uint64(float64(row.Delivered*s.traces) * (1 - s.drop))
			if row.Accepted > 0 && !ph.closed && !ph.services {
				row.EndToEnd = &results.Quantiles{Count: row.Accepted, P50: 2_300e6, P90: 4_600e6, P99: 4_900e6 + int64(rate)*1e5, Max: 5_100e6}
			}
			l := here.latencies()
			row.SendDelay, row.ServiceTime, row.ResponseTime = l.SendDelay, l.ServiceTime, l.ResponseTime
			times.merge(here)
			rec.Seconds = append(rec.Seconds, row)
			p.Planned, p.Sent = p.Planned+row.Planned, p.Sent+row.Sent
			for c, n := range row.ByCode {
				p.Requests.ByCode[c] += n
			}
			p.Requests.Delivered += row.Delivered
			p.Requests.Errors.Refused += row.Errors.Refused
			second++
		}
		p.EndS = float64(second)
		p.Requests.Planned, p.Requests.Sent = p.Planned, p.Sent
		p.Requests.Answered = p.Sent - p.Requests.Errors.Total()
		if d := p.EndS - p.StartS; d > 0 {
			p.RateSentPerS, p.RatePlannedPerS = float64(p.Sent)/d, float64(p.Planned)/d
			p.TracesPerS, p.SpansPerS, p.BytesPerS = p.RateSentPerS*float64(s.traces), p.RateSentPerS*float64(s.traces)*9, p.RateSentPerS*float64(s.traces)*3400
		}
		p.Latencies = times.latencies()
		if ph.closed {
			p.ResponseTime, p.SendDelay, p.RatePlannedPerS = results.Quantiles{}, results.Quantiles{}, 0
		}
		if !ph.discard {
			totals.merge(times)
		}
		if ph.services {
			rec.Announcements = results.Announcements{Sent: p.Sent, ByCode: p.Requests.ByCode}
			p.Requests, p.TracesPerS, p.SpansPerS = results.Requests{}, 0, 0
		} else {
			seq += p.Planned
		}
		addRequests(&rec.Requests, p.Requests)
		rec.Phases = append(rec.Phases, p)
	}
	rec.EndedAt = start.Add(time.Duration(second) * time.Second)
	rec.Totals = totals.latencies()
	for i := range rec.Seconds {
		if q := rec.Seconds[i].EndToEnd; q != nil { // made up, and so is their sum
			rec.EndToEnd = &results.EndToEnd{Quantiles: *q, Share: 1}
		}
	}
	rec.Pressure = results.PressureOf(rec)
	rec.LastArrivalS = float64(second) + 4.9
	rec.Ledger = account(s, rec.Requests, rng, start)
	rec.Load = results.Load{Traces: rec.Ledger.Sent.Traces, Spans: rec.Ledger.Sent.Spans, Bytes: rec.Ledger.Sent.Spans * 400}
	rec.Resources = results.Resources{
		Generator: results.Usage{CPUS: 0.4 * float64(second), RSSMaxBytes: 61e6}, Intake: results.Usage{CPUS: 0.1 * float64(second), RSSMaxBytes: 38e6},
		Target:  results.TargetUsage{Usage: results.Usage{CPUS: 0.3 * float64(second), RSSMaxBytes: 44e6}, CPUSPerMillionSpans: 5.25, ThreadsMax: 11, FDsMax: 64, GCCount: 120, GCPauseTotalS: 0.0123},
		Machine: results.MachineUsage{CPUS: 0.9 * float64(second), OthersCPUS: 0.1 * float64(second), IdleCPUS: 1.05 * float64(second), StolenCPUS: 0.05 * float64(second)},
	}
	rec.Expectations = []results.Judgement{{Text: "response_time.p99 < 50ms", Got: results.FormatDuration(float64(rec.Totals.ResponseTime.P99)), Met: rec.Totals.ResponseTime.P99 < 50e6},
		{Text: "missing == 0", Got: results.FormatCount(rec.Ledger.Missing.Traces) + " traces", Met: rec.Ledger.Missing.Traces == 0}}
	if s.dieAt > 0 {
		rec.Valid, rec.InvalidReasons = false, []string{"the target died 9.4 s into the load"}
		rec.Target.Exit = &results.Exit{Code: 2, AtS: float64(s.dieAt)}
		rec.Target.StderrTail = []string{"panic: runtime error", "\x1b[31mgoroutine 1 [running]:\x1b[0m", "<script>alert(1)</script>"}
		rec.Requests.ErrorExamples = map[string][]string{"refused": {"dial tcp 127.0.0.1:40613: connect: connection refused"}}
	}
	return rec
}

func addRequests(to *results.Requests, r results.Requests) {
	to.Planned, to.Sent, to.Answered, to.Delivered = to.Planned+r.Planned, to.Sent+r.Sent, to.Answered+r.Answered, to.Delivered+r.Delivered
	to.Errors.Refused += r.Errors.Refused
	for c, n := range r.ByCode {
		to.ByCode[c] += n
	}
}

// account makes a ledger whose identities hold.
func account(s script, r results.Requests, rng *rand.Rand, start time.Time) results.Ledger {
	l := results.Ledger{Source: "intake", Drained: true, RefusedByCode: map[string]results.Count{}, DroppedByReason: map[string]results.Count{}}
	weights := 0.0
	for _, sh := range s.shapes {
		weights += sh.weight
	}
	for _, sh := range s.shapes {
		part := func(requests uint64) results.Count {
			n := uint64(float64(requests*s.traces) * sh.weight / weights)
			return results.Count{Traces: n, Spans: n * sh.spans}
		}
		a := results.Account{Delivered: part(r.Delivered), Refused: part(r.ByCode["429"]), Unanswered: part(r.Errors.Total())}
		a.Sent = a.Delivered.Plus(a.Refused).Plus(a.Unanswered)
		lost := uint64(float64(a.Delivered.Traces) * s.drop)
		a.Missing = results.Count{Traces: lost, Spans: lost * sh.spans}
		a.Accepted = results.Count{Traces: a.Delivered.Traces - lost, Spans: a.Delivered.Spans - lost*sh.spans}
		l.ByShape = append(l.ByShape, results.Part{Name: sh.name, Account: a})
		for _, c := range []struct{ to, from *results.Count }{{&l.Sent, &a.Sent}, {&l.Delivered, &a.Delivered}, {&l.Refused, &a.Refused}, {&l.Unanswered, &a.Unanswered}, {&l.Accepted, &a.Accepted}, {&l.Missing, &a.Missing}} {
			*c.to = c.to.Plus(*c.from)
		}
	}
	if l.Refused.Traces > 0 {
		l.RefusedByCode["429"] = l.Refused
	}
	for i := 0; i < results.ExamplesMax && l.Missing.Traces > 0; i++ {
		seq := rng.Uint64N(r.Sent)
		l.Examples.Missing = append(l.Examples.Missing, results.Example{Ordinal: seq << 5, Seq: seq, TraceID: strconv.FormatUint(1e18+rng.Uint64N(8e18), 10), Shape: s.shapes[i%len(s.shapes)].name, Spans: int(s.shapes[i%len(s.shapes)].spans), SentAt: start.Add(time.Duration(seq) * 5 * time.Millisecond)})
	}
	if l.Sent.Traces > 0 {
		l.Claims = []results.Claim{{Source: "vars", Name: "receiver.traces_received", Meaning: "delivered", Value: float64(l.Delivered.Traces), Seen: float64(l.Delivered.Traces), Difference: new(0.0)},
			{Source: "vars", Name: "receiver.traces_dropped", Meaning: "dropped", Value: 0, Seen: 0, Difference: new(0.0)}, {Source: "vars", Name: "receiver.goroutines", Meaning: "other", Value: 41}}
		if s.drop > 0 { // what it lost, it says that it has written
			l.Claims = append(l.Claims, results.Claim{Source: "statsd", Name: "datadog.trace_agent.trace_writer.spans", Meaning: "accepted.spans",
				Value: float64(l.Delivered.Spans), Seen: float64(l.Accepted.Spans), Difference: new(float64(l.Delivered.Spans - l.Accepted.Spans))})
		}
	}
	return l
}

// times are the three histograms of a phase.
type times struct{ delay, service, response *hdrhistogram.Histogram }

func newTimes() times {
	h := func() *hdrhistogram.Histogram { return hdrhistogram.New(1, 60e9, 3) }
	return times{h(), h(), h()}
}

func (t times) add(delay, service, response float64) {
	for h, v := range map[*hdrhistogram.Histogram]float64{t.delay: delay, t.service: service, t.response: response} {
		_ = h.RecordValue(int64(v))
	}
}

func (t times) merge(from times) {
	t.delay.Merge(from.delay)
	t.service.Merge(from.service)
	t.response.Merge(from.response)
}

func (t times) latencies() results.Latencies {
	return results.NewLatencies(t.delay, t.service, t.response)
}

// Runs are the records that every form of report is tried on, by what they show.
// They are the same each time.
func Runs() map[string]*results.Record {
	steady := []scriptPhase{{name: "warm-up", discard: true, from: 50, to: 50, seconds: 5}, {name: "ramp", from: 50, to: 200, seconds: 10}, {name: "hold", from: 200, to: 200, seconds: 20}}
	short := []scriptPhase{{name: "s", from: 20, to: 20, seconds: 4}, {name: "b", from: 60, to: 60, seconds: 4}, {name: "st", from: 100, to: 100, seconds: 4}, {name: "a longer name", from: 60, to: 60, seconds: 4}, {name: "e", from: 20, to: 20, seconds: 8}}
	many := make([]scriptShape, 40)
	for i := range many {
		many[i] = scriptShape{fmt.Sprintf("shape-with-a-long-name-%d", i+1), float64(1 + i%7), uint64(3 + i)}
	}
	out := map[string]*results.Record{
		"healthy":     play(script{phases: steady, shapes: shop()}),
		"stall":       play(script{phases: []scriptPhase{{name: "hold", from: 500, to: 500, seconds: 10}}, shapes: shop(), stallAt: 3}),
		"drops":       play(script{phases: steady, shapes: shop(), drop: 0.1}),
		"many":        play(script{phases: steady, shapes: many, drop: 0.003}),
		"second":      play(script{phases: []scriptPhase{{name: "load", from: 20, to: 20, seconds: 1}}, shapes: shop()[:1], traces: 1}),
		"services":    play(script{phases: []scriptPhase{{name: "announce", from: 5, to: 5, seconds: 4, services: true}}}),
		"interrupted": play(script{phases: []scriptPhase{{name: "hold", from: 200, to: 200, seconds: 7}}, shapes: shop()}),
		"saturated":   play(script{phases: []scriptPhase{{name: "ramp", from: 100, to: 2000, seconds: 20}}, shapes: shop(), refuseAt: 11}),
		"died":        play(script{phases: []scriptPhase{{name: "hold", from: 100, to: 100, seconds: 20}}, shapes: shop(), dieAt: 9}),
		"closed":      play(script{phases: []scriptPhase{{name: "max", from: 900, to: 900, seconds: 6, closed: true}}, shapes: shop()}),
		"blind":       play(script{phases: []scriptPhase{{name: "load", from: 20, to: 20, seconds: 5}}, shapes: shop()[:3], traces: 1, refuseAt: 4}),
		"short":       play(script{phases: short, shapes: shop(), traces: 1}),
		"incidents":   play(script{phases: steady, shapes: shop(), drop: 0.01}),
		"altered":     altered(play(script{phases: steady, shapes: shop()})),
		"empty":       {SchemaVersion: 1},
		"hostile":     hostile(),
	}
	r := out["interrupted"]
	r.Interrupted, r.Ledger.Drained = true, false
	r.Ledger.Missing, r.Ledger.Accepted = results.Count{Traces: 900, Spans: 7000}, results.Count{Traces: r.Ledger.Delivered.Traces - 900, Spans: r.Ledger.Delivered.Spans - 7000}
	// The signal came 0.4 s into the last second, of which all was planned.
	last := &r.Phases[0]
	last.EndS, last.Planned, last.RateSentPerS = 6.4, 20_000, float64(last.Sent-120)/6.4
	last.Sent -= 120
	second := &r.Seconds[len(r.Seconds)-1]
	second.Sent, second.Delivered, second.ByCode = 80, 80, map[string]uint64{"200": 80}
	r = out["blind"]
	r.Ledger.Source, r.Ledger.Drained = results.SourceStatus, false
	r.Expectations[1] = results.Judgement{Text: "missing == 0", Got: "not measured: no intake stood behind the target"}
	r.Ledger.Claims = []results.Claim{{Source: results.SourceStatus, Name: "answered 2xx", Meaning: "accepted", Value: float64(r.Ledger.Delivered.Traces), Seen: float64(r.Ledger.Delivered.Traces)}}
	r = out["saturated"]
	r.Saturated, r.Requests.Unsent, r.Requests.Planned = true, 412, r.Requests.Planned+412
	happen(out["incidents"], results.Incident{Name: "bank-down", AtS: 8, ForS: 5}, results.Incident{Name: "a-name-that-is-longer-than-its-incident", AtS: 18.25, ForS: 1.5},
		results.Incident{Name: "next", AtS: 19.75, ForS: 3}, results.Incident{Name: "cut-short-by-the-end", AtS: 34, ForS: 1})
	r = out["incidents"]
	r.Events = []results.Event{{Name: "intake hang", Effect: "the intake answers nothing", AtS: 4, ForS: 2}, {Name: "agent kill", Effect: "the agent is killed", AtS: 28.5}}
	r.Target.Restarts = []results.Restart{{Exit: results.Exit{Code: -1, Signal: "SIGKILL", AtS: 28.5, CutOff: 3}, UpAtS: 29.1, Event: "agent kill"}}
	for left, t := r.Ledger.Missing.Traces, 28; left > 0; t-- { // what the agent held when it was killed
		n := min(left, 200)
		r.Seconds[t].Missing, left = n, left-n
	}
	return out
}

// happen puts incidents into a run: the requests of the seconds in which they
// begin, and that part of the account.
func happen(r *results.Record, list ...results.Incident) {
	rest := results.Portion{ResponseTime: r.Totals.ResponseTime}
	left := r.Ledger.Account
	for _, p := range r.Phases {
		if !p.Discarded {
			rest.Requests.Add(p.Requests)
		}
	}
	for i, in := range list {
		row := r.Seconds[int(in.AtS)]
		in.Operations, in.Effect = []string{"payments.bank"}, "payments.bank: own work takes 8x as long"
		in.FirstSeq, in.LastSeq = uint64(i)*1000, uint64(i)*1000+row.Sent-1
		in.Requests = results.Requests{Planned: row.Planned, Sent: row.Sent, Answered: row.Sent, Delivered: row.Delivered, ByCode: row.ByCode}
		in.SendDelay, in.ServiceTime, in.ResponseTime = row.SendDelay, row.ServiceTime, row.ResponseTime
		r.Incidents = append(r.Incidents, in)
		rest.Requests.Planned, rest.Requests.Sent = rest.Requests.Planned-row.Planned, rest.Requests.Sent-row.Sent
		rest.Requests.Answered, rest.Requests.Delivered = rest.Requests.Answered-row.Sent, rest.Requests.Delivered-row.Delivered
		rest.Requests.ByCode["200"] -= row.Delivered
		n := results.Count{Traces: row.Delivered * 20, Spans: row.Delivered * 20 * 9}
		part := results.Account{Sent: n, Delivered: n, Accepted: n}
		r.Ledger.ByIncident = append(r.Ledger.ByIncident, results.Part{Name: in.Name, Account: part})
		for _, c := range []*results.Count{&left.Sent, &left.Delivered, &left.Accepted} {
			c.Traces, c.Spans = c.Traces-n.Traces, c.Spans-n.Spans
		}
	}
	r.OutsideIncidents, r.Ledger.NoIncident = &rest, &left
}

// Evil is a text that tries to break out of wherever it is shown.
const Evil = "\x1b[2J\x1b]0;owned\x07<script>alert(1)</script>|`*_\u202e\r\n\x00\xff\"'&{{.}}"

// hostile is a run whose target, scenario and texts try to break out of the report.
func hostile() *results.Record {
	evil := Evil
	shapes := []scriptShape{{evil, 1, 3}, {"", 1, 3}}
	r := play(script{phases: []scriptPhase{{name: evil, from: 50, to: 50, seconds: 6}}, shapes: shapes, drop: 0.5, dieAt: 4})
	r.Name, r.Target.Name, r.Target.Version, r.Target.URL, r.Target.Command = evil, evil, evil, evil, []string{evil}
	r.Target.StderrTail, r.Warnings, r.InvalidReasons = []string{evil}, []string{evil}, []string{evil}
	r.Target.Exit.Signal, r.Fingerprint, r.RunKey, r.Machine.CPUModel, r.Tool.Version = evil, evil, evil, evil, evil
	r.Requests.ErrorExamples = map[string][]string{"refused": {evil}}
	r.Requests.ByCode[evil] = 3
	r.Seconds[0].ByCode[evil] = 3
	r.Phases[0].Profile = evil
	r.Events = []results.Event{{Name: evil, Effect: evil, AtS: 2, ForS: 1e300, Error: evil}, {Name: evil, AtS: -5}}
	r.Incidents = []results.Incident{{Name: evil, Effect: evil, AtS: 1, ForS: 2}, {Name: evil, AtS: -1e300, ForS: 1e308}, {Name: evil, AtS: 3, ForS: -1}}
	r.Ledger.Source, r.Ledger.DroppedByReason[evil], r.Ledger.RefusedByCode[evil] = evil, results.Count{Traces: 1, Spans: 1}, results.Count{Traces: 1, Spans: 1}
	r.Ledger.Claims = []results.Claim{{Source: evil, Name: evil, Meaning: evil, Value: math.Inf(1), Seen: math.NaN(), Excess: -1}}
	r.Ledger.Altered = &results.Altered{Compared: results.Count{Traces: 1}, Fields: []results.AlteredField{
		{Field: evil, Change: evil, Faults: map[string]uint64{evil: 1}, Example: results.AlteredExample{SpanID: evil, Sent: evil, Came: evil}}, {Field: evil, Change: results.FieldAdded},
	}}
	r.Ledger.Examples.Dropped = []results.Example{{TraceID: evil, Shape: evil, Fault: evil}}
	r.Expectations = []results.Judgement{{Text: evil, Got: evil}}
	r.Scenario, _ = json.Marshal(map[string]string{"name": evil})
	return r
}
