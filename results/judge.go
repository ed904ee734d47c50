package results

import (
	"fmt"
	"strings"
)

// Judge holds expectations against a record, one judgement each, in order.
// An expectation that cannot be judged, because its phase did not take place or
// nothing was measured, is not met, and Got says why.
//
// Figures that are kept per phase (latencies, requests, rates) leave discarded
// phases out unless the expectation names one. The ledger is one account for
// the whole run.
func Judge(rec *Record, expectations []Expectation) []Judgement {
	out := make([]Judgement, 0, len(expectations))
	for _, exp := range expectations {
		f, err := exp.read(rec)
		j := Judgement{Text: exp.Text}
		if err != nil {
			j.Got = err.Error()
		} else {
			j.Got, j.Met = f.text, exp.holds(f.value)
		}
		out = append(out, j)
	}
	return out
}

// figure is what was measured: the number to compare and its text for people.
type figure struct {
	value float64
	text  string
}

func (exp Expectation) holds(got float64) bool {
	switch exp.Op {
	case Less:
		return got < exp.Value
	case LessOrEqual:
		return got <= exp.Value
	case More:
		return got > exp.Value
	case MoreOrEqual:
		return got >= exp.Value
	case Equal:
		return got == exp.Value
	}
	return false
}

// read finds the figure that the expectation speaks of.
func (exp Expectation) read(rec *Record) (figure, error) {
	m, ok := exp.metric()
	if !ok {
		return figure{}, fmt.Errorf("there is no metric %q", exp.Metric)
	}
	var phase *Phase
	if exp.Phase != "" {
		for i := range rec.Phases {
			if rec.Phases[i].Name == exp.Phase {
				phase = &rec.Phases[i]
			}
		}
		if phase == nil {
			return figure{}, fmt.Errorf("phase %s did not take place", exp.Phase)
		}
	}
	switch {
	case m.latency != nil:
		return exp.readLatency(rec, phase, m)
	case m.account != nil:
		return exp.readAccount(rec, m)
	case m.rate != nil:
		return exp.readRate(rec, phase, m)
	case m.record != nil:
		return exp.readRecord(rec, m)
	default:
		return exp.readRequests(rec, phase, m)
	}
}

// metric finds the table row of a parsed expectation.
func (exp Expectation) metric() (metric, bool) {
	for _, m := range metricTable() {
		if m.name == exp.Metric {
			return m, true
		}
		if code, ok := strings.CutPrefix(exp.Metric, m.name); ok && m.kind == kindCode && isCode(code) {
			m.requests = func(r *Requests) (uint64, uint64) { return r.ByCode[code], r.Sent }
			return m, true
		}
	}
	return metric{}, false
}

func (exp Expectation) readLatency(rec *Record, phase *Phase, m metric) (figure, error) {
	from, closed := &rec.Totals, rec.ClosedLoop()
	if phase != nil {
		from, closed = &phase.Latencies, phase.Closed
	}
	if closed && m.name != "service_time" {
		return figure{}, fmt.Errorf("a closed loop (rate: max) has no %s; expect service_time", m.name)
	}
	var q *Quantiles
	if m.ofRun != nil {
		q, from = m.ofRun(rec), &Latencies{}
	} else {
		q = m.latency(from)
	}
	if q.Count == 0 {
		return figure{}, fmt.Errorf("no %s was measured", m.name)
	}
	var ns float64
	switch exp.Quantile {
	case "mean":
		ns = q.Mean
	case "min":
		ns = float64(q.Min)
	case "p50":
		ns = float64(q.P50)
	case "p90":
		ns = float64(q.P90)
	case "p99":
		ns = float64(q.P99)
	case "p99_9":
		ns = float64(q.P999)
	case "max":
		ns = float64(q.Max)
	default:
		var ok bool
		if ns, ok = onCurve(from.Percentiles, m.name, exp.Quantile); !ok {
			return figure{}, fmt.Errorf("the record has no %s of %s", exp.Quantile, m.name)
		}
	}
	return figure{value: ns, text: FormatDuration(ns)}, nil
}

// onCurve reads a quantile that [Quantiles] does not hold off the percentile curve.
func onCurve(curve []Percentile, name, quantile string) (float64, bool) {
	at := map[string]float64{"p75": 75, "p95": 95, "p99_99": 99.99}[quantile]
	for _, p := range curve {
		if at == 0 || p.Percentile != at {
			continue
		}
		switch name {
		case "response_time":
			return float64(p.ResponseTimeNS), true
		case "service_time":
			return float64(p.ServiceTimeNS), true
		case "send_delay":
			return float64(p.SendDelayNS), true
		}
	}
	return 0, false
}

// ClosedLoop says that no kept phase with traces has due times to measure from:
// of its totals only the service time applies.
func (rec *Record) ClosedLoop() bool {
	closed := false
	for _, p := range rec.Phases {
		if p.Discarded || p.Send == "services" {
			continue
		}
		if !p.Closed {
			return false
		}
		closed = true
	}
	return closed
}

func (exp Expectation) readAccount(rec *Record, m metric) (figure, error) {
	if rec.Ledger.Source == "" {
		return figure{}, fmt.Errorf("the run ended before its account was made")
	}
	if rec.Ledger.AcceptanceUnknown() && m.arrival {
		return figure{}, fmt.Errorf("not measured: no intake stood behind the target")
	}
	if rec.Ledger.Sent.Traces == 0 && m.name != "sent" && m.name != "foreign" {
		return figure{}, fmt.Errorf("no trace was sent")
	}
	part, base := m.account(&rec.Ledger)
	got, whole, unit := part.Traces, base.Traces, "traces"
	if exp.Spans {
		got, whole, unit = part.Spans, base.Spans, "spans"
	}
	if m.sampled {
		switch {
		case rec.Ledger.Altered == nil:
			return figure{}, fmt.Errorf("not measured: no intake stood behind the target")
		case whole == 0:
			return figure{}, fmt.Errorf("not measured: no trace that came out was compared")
		}
		unit = "of " + FormatCount(whole) + " " + unit + " compared"
	}
	f, err := exp.counted(float64(got), float64(whole), unit, m.of)
	if err == nil && m.name == "missing" && !rec.Ledger.Drained {
		f.text += ", an upper bound: not drained"
	}
	return f, err
}

// counted renders a count, as a percentage when one was asked for.
func (exp Expectation) counted(got, whole float64, unit, of string) (figure, error) {
	if !exp.Percent {
		text := FormatCount(uint64(got))
		if unit != "" {
			text += " " + unit
		}
		return figure{value: got, text: text}, nil
	}
	if whole == 0 {
		return figure{}, fmt.Errorf("nothing was %s", of)
	}
	text := fmt.Sprintf("%s (%s of %s %s)", FormatPercent(got, whole), FormatCount(uint64(got)), FormatCount(uint64(whole)), of)
	return figure{value: 100 * got / whole, text: text}, nil
}

func (exp Expectation) readRequests(rec *Record, phase *Phase, m metric) (figure, error) {
	var part, base uint64
	switch {
	case phase != nil:
		part, base = m.requests(&phase.Requests)
	case len(rec.Phases) == 0:
		part, base = m.requests(&rec.Requests)
	default:
		for i := range rec.Phases {
			if p := &rec.Phases[i]; !p.Discarded && p.Send != "services" {
				n, of := m.requests(&p.Requests)
				part, base = part+n, base+of
			}
		}
	}
	return exp.counted(float64(part), float64(base), "", m.of)
}

func (exp Expectation) readRate(rec *Record, phase *Phase, m metric) (figure, error) {
	var got, planned, seconds float64
	var plannedKnown = true
	for i := range rec.Phases {
		p := &rec.Phases[i]
		if phase != nil && p != phase || phase == nil && (p.Discarded || p.Send == "services") {
			continue
		}
		s := p.EndS - p.StartS
		n, of := m.rate(p)
		got, planned, seconds = got+n*s, planned+of*s, seconds+s
		plannedKnown = plannedKnown && of > 0
	}
	if seconds <= 0 {
		return figure{}, fmt.Errorf("no phase took place")
	}
	got, planned = got/seconds, planned/seconds
	if !exp.Percent {
		return figure{value: got, text: FormatRate(got) + "/s"}, nil
	}
	if !plannedKnown {
		return figure{}, fmt.Errorf("a closed loop (rate: max) has no planned rate")
	}
	text := fmt.Sprintf("%s (%s/s of %s/s planned)", FormatPercent(got, planned), FormatRate(got), FormatRate(planned))
	return figure{value: 100 * got / planned, text: text}, nil
}

func (exp Expectation) readRecord(rec *Record, m metric) (figure, error) {
	got, base := m.record(rec)
	if m.kind == kindCount {
		return exp.counted(got, base, "", m.of)
	}
	if got == 0 {
		return figure{}, fmt.Errorf("%s was not measured", m.name)
	}
	if m.kind == kindBytes {
		return figure{value: got, text: FormatBytes(got)}, nil
	}
	return figure{value: got, text: significant(got) + " s"}, nil
}
