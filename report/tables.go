package report

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

// tables makes the tables of a record in the order in which they are read.
// Tables without rows are left out.
func tables(rec *results.Record, examplesMax int) []sheet.Table {
	all := []sheet.Table{
		expectationTable(rec),
		phaseTable(rec),
		incidentTable(rec),
		eventTable(rec),
		restartTable(rec),
		pressureTable(rec),
		answerTable(rec),
		ledgerTable(rec),
		partTable("By shape", "shape", rec.Ledger.ByShape, rec.Ledger.PartsUnknown()),
		faultTable(&rec.Ledger),
		alteredTable(rec.Ledger.Altered),
		exampleTable(rec, examplesMax),
		claimTable(rec),
		resourceTable(rec),
	}
	return slices.DeleteFunc(all, func(t sheet.Table) bool { return len(t.Rows) == 0 })
}

func expectationTable(rec *results.Record) sheet.Table {
	t := sheet.Table{Title: "Expectations", Columns: []sheet.Column{{}, {Name: "expected"}, {Name: "got"}}}
	for _, e := range rec.Expectations {
		mark, tone := "✓", sheet.Good
		if !e.Met {
			mark, tone = "✗", sheet.Bad
		}
		t.Rows = append(t.Rows, []sheet.Cell{sheet.Text(mark, tone), sheet.Text(e.Text), sheet.Text(e.Got, tone)})
	}
	return t
}

func phaseTable(rec *results.Record) sheet.Table {
	t := sheet.Table{Title: "Phases", Caption: "response time from the moment a request was due; rates in requests/s", Columns: []sheet.Column{
		{Name: "phase"}, {Name: "load", Drop: 9},
		{Name: "planned/s", Right: true, Drop: 3}, {Name: "sent/s", Right: true, Drop: 1},
		{Name: "p50", Right: true}, {Name: "p90", Right: true, Drop: 5}, {Name: "p99", Right: true}, {Name: "p99.9", Right: true, Drop: 6}, {Name: "max", Right: true, Drop: 2},
		{Name: "service p99", Right: true, Drop: 7}, {Name: "send delay p99", Right: true, Drop: 4},
		{Name: "not 2xx", Right: true},
	}}
	closed := false
	for i, p := range rec.Phases {
		if i == sheet.RowsMax {
			t.Notes = append(t.Notes, sheet.AndMore(len(rec.Phases)-sheet.RowsMax, "phase"))
			break
		}
		name, nameTone := p.Name, sheet.Plain
		if p.Discarded {
			name, nameTone = name+" (discarded)", sheet.Dim
		}
		q := p.ResponseTime
		if p.Closed {
			name, q, closed = name+" *", p.ServiceTime, true
		}
		row := []sheet.Cell{sheet.Text(name, nameTone), sheet.Text(p.Profile, sheet.Dim), sheet.Text(results.FormatRate(p.RatePlannedPerS)), sheet.Text(results.FormatRate(p.RateSentPerS))}
		if p.Closed || p.RatePlannedPerS == 0 {
			row[2] = sheet.Nothing()
		}
		row = append(row, quantileCells(q)...)
		row = append(row, quantileCell(p.ServiceTime, p.ServiceTime.P99))
		if p.Closed {
			row = append(row, sheet.Nothing())
		} else {
			row = append(row, quantileCell(p.SendDelay, p.SendDelay.P99))
		}
		row = append(row, sheet.Number(p.Requests.Sent-min(p.Requests.Sent, p.Requests.Delivered), sheet.Warn))
		t.Rows = append(t.Rows, row)
	}
	if len(rec.Phases) > 1 && rec.Totals.ServiceTime.Count > 0 {
		q, _ := answerTime(rec)
		row := append([]sheet.Cell{sheet.Text("kept phases", sheet.Strong), sheet.Text(""), sheet.Text(""), sheet.Text("")}, quantileCells(q)...)
		delay := quantileCell(rec.Totals.SendDelay, rec.Totals.SendDelay.P99)
		if rec.ClosedLoop() {
			delay = sheet.Nothing()
		}
		t.Rows = append(t.Rows, append(row, quantileCell(rec.Totals.ServiceTime, rec.Totals.ServiceTime.P99), delay, sheet.Text("")))
	}
	t.Lines = func(width int) [][]sheet.Cell { return sparks(rec, width) }
	if closed {
		t.Notes = append(t.Notes, "* closed loop: a request has no due time, so these are service times")
	}
	return t
}

// answerTime is the time of the kept phases that people ask for, and its name: from
// the moment a request was due, or from its sending where there is no such moment.
func answerTime(rec *results.Record) (results.Quantiles, string) {
	if rec.ClosedLoop() || rec.Totals.ResponseTime.Count == 0 {
		return rec.Totals.ServiceTime, "service time"
	}
	return rec.Totals.ResponseTime, "response time"
}

func quantileCells(q results.Quantiles) []sheet.Cell {
	return []sheet.Cell{quantileCell(q, q.P50), quantileCell(q, q.P90), quantileCell(q, q.P99), quantileCell(q, q.P999), quantileCell(q, q.Max)}
}

func quantileCell(q results.Quantiles, ns int64) sheet.Cell {
	if q.Count == 0 {
		return sheet.Nothing()
	}
	return sheet.Duration(ns)
}

// errorClass is one class of requests without an answer.
type errorClass struct {
	Key, Name string
	Count     uint64
}

// errorClasses lists the classes in a fixed order, empty ones too.
func errorClasses(e results.Errors) []errorClass {
	return []errorClass{
		{"timeout", "timed out", e.Timeout}, {"refused", "connection refused", e.Refused}, {"reset", "connection reset", e.Reset},
		{"eof", "closed without an answer", e.EOF}, {"bad_http", "answer is no HTTP", e.BadHTTP}, {"other", "other error", e.Other},
	}
}

func answerTable(rec *results.Record) sheet.Table {
	t := sheet.Table{Title: "Answers", Columns: []sheet.Column{{Name: "answer"}, {Name: "requests", Right: true}, {Name: "share", Right: true}, {Name: "for example", Drop: 1}}}
	add := func(name string, n, of uint64, tone sheet.Tone, example string) {
		if n > 0 {
			t.Rows = append(t.Rows, []sheet.Cell{sheet.Text(name, tone), sheet.Number(n), sheet.Share(n, of), sheet.Text(example, sheet.Dim)})
		}
	}
	r := &rec.Requests
	example := func(class string) string {
		if texts := r.ErrorExamples[class]; len(texts) > 0 {
			return texts[0]
		}
		return ""
	}
	for _, code := range sortedCodes(r.ByCode) {
		add(answerName(code), r.ByCode[code], r.Sent, codeTone(code), example(code))
	}
	for _, c := range errorClasses(r.Errors) {
		add(c.Name, c.Count, r.Sent, sheet.Bad, example(c.Key))
	}
	add("never sent", r.Unsent, r.Planned, sheet.Warn, "of the planned requests")
	add("unexpected body", r.UnexpectedBody, r.Sent, sheet.Warn, "2xx, yet not what this API answers")
	a := &rec.Announcements
	for _, code := range sortedCodes(a.ByCode) {
		add("services: "+answerName(code), a.ByCode[code], a.Sent, codeTone(code), "")
	}
	for _, c := range errorClasses(a.Errors) {
		add("services: "+c.Name, c.Count, a.Sent, sheet.Bad, "")
	}
	examples := false
	for _, row := range t.Rows {
		examples = examples || row[3].Text != ""
	}
	return t.Without(func(_ int, c sheet.Column) bool { return c.Name == "for example" && !examples })
}

func sortedCodes(byCode map[string]uint64) []string { return slices.Sorted(maps.Keys(byCode)) }

func codeTone(code string) sheet.Tone {
	switch {
	case len(code) == 3 && code[0] == '2':
		return sheet.Good
	case len(code) == 3 && code[0] == '5':
		return sheet.Bad
	}
	return sheet.Warn
}

// answerName adds to a code what agents mean by it.
func answerName(code string) string {
	names := map[string]string{"200": "OK", "202": "accepted", "400": "bad request", "403": "forbidden", "404": "not found", "408": "body too slow", "413": "payload too large",
		"415": "unsupported type", "429": "too many requests", "500": "internal error", "502": "bad gateway", "503": "unavailable", "504": "gateway timeout"}
	if n := names[code]; n != "" {
		return code + " " + n
	}
	return code
}

func ledgerTable(rec *results.Record) sheet.Table {
	l := &rec.Ledger
	t := sheet.Table{Title: "Ledger", Columns: []sheet.Column{{Name: "what became of it"}, {Name: "traces", Right: true}, {Name: "share", Right: true}, {Name: "spans", Right: true, Drop: 1}, {Name: "share", Right: true, Drop: 2}, {Name: "of", Drop: 3}}}
	if l.Source == "" || l.Sent == (results.Count{}) && l.Foreign == (results.Count{}) {
		return t
	}
	t.Caption = "acceptance as the intake behind the target saw it"
	blind := l.AcceptanceUnknown()
	switch {
	case blind:
		t.Caption = "no intake stood behind the target and it says nothing itself: what became of delivered traces is not known"
	case l.Source != "intake":
		t.Caption = "acceptance as the target claims it (" + sheet.Clean(l.Source) + "), not as an intake saw it"
		if l.PartsUnknown() {
			t.Notes = append(t.Notes, "its counters know nothing of shapes or faults")
		}
	}
	add := func(name string, n, of results.Count, whole string, tone sheet.Tone, always bool) {
		if n == (results.Count{}) && !always {
			return
		}
		row := []sheet.Cell{sheet.Text(name), sheet.Number(n.Traces, tone), sheet.Text(""), sheet.Number(n.Spans, tone), sheet.Text(""), sheet.Text(whole, sheet.Dim)}
		if whole != "" {
			row[2], row[4] = sheet.Share(n.Traces, of.Traces, tone), sheet.Share(n.Spans, of.Spans, tone)
		}
		t.Rows = append(t.Rows, row)
	}
	add("sent", l.Sent, l.Sent, "", sheet.Strong, true)
	add("├─ delivered", l.Delivered, l.Sent, "sent", sheet.Plain, true)
	if blind {
		for _, name := range []string{"│  ├─ accepted", "│  └─ missing"} {
			t.Rows = append(t.Rows, []sheet.Cell{sheet.Text(name), sheet.Nothing(), sheet.Nothing(), sheet.Nothing(), sheet.Nothing(), sheet.Text("delivered", sheet.Dim)})
		}
	} else {
		add("│  ├─ accepted", l.Accepted, l.Delivered, "delivered", sheet.Good, true)
		add("│  ├─ sampled out", l.SampledOut, l.Delivered, "delivered", sheet.Plain, false)
		add("│  ├─ dropped", l.Dropped, l.Delivered, "delivered", sheet.Warn, true)
		for _, r := range slices.Sorted(maps.Keys(l.DroppedByReason)) {
			add("│  │    "+r, l.DroppedByReason[r], l.Delivered, "delivered", sheet.Dim, false)
		}
		add("│  └─ missing", l.Missing, l.Delivered, "delivered", sheet.Bad, true)
	}
	add("├─ refused", l.Refused, l.Sent, "sent", sheet.Warn, true)
	for _, code := range slices.Sorted(maps.Keys(l.RefusedByCode)) {
		add("│    "+answerName(code), l.RefusedByCode[code], l.Sent, "sent", sheet.Dim, false)
	}
	add("└─ unanswered", l.Unanswered, l.Sent, "sent", sheet.Warn, true)
	if blind {
		return t
	}
	add("beside: partial", l.Partial, l.Delivered, "delivered", sheet.Warn, false)
	add("beside: duplicated", l.Duplicated, l.Delivered, "delivered", sheet.Warn, false)
	add("beside: duplicated by retry", l.DuplicatedByRetry, l.Delivered, "delivered", sheet.Plain, false)
	add("beside: accepted though refused", l.AcceptedThoughRefused, l.Refused, "refused", sheet.Warn, false)
	add("beside: accepted though unanswered", l.AcceptedThoughUnanswered, l.Unanswered, "unanswered", sheet.Warn, false)
	add("beside: foreign", l.Foreign, l.Sent, "", sheet.Warn, false)
	if missingIsBound(l) {
		t.Notes = append(t.Notes, "not drained: missing is an upper bound")
	}
	if a := l.Altered; a != nil && a.Compared.Traces > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("altered: %s of %s traces compared with what was sent", results.FormatCount(a.Altered.Traces), results.FormatCount(a.Compared.Traces)))
	}
	if l.Partial.Traces > 0 {
		t.Notes = append(t.Notes, "partial: chunks that arrived without some of their spans; the spans are those lost")
	}
	return t
}

// partTable sets parts side by side. Columns in which every part has nothing are left out.
// Of blind parts nobody knows what became of what was delivered.
func partTable(title, what string, parts []results.Part, blind bool) sheet.Table {
	t := sheet.Table{Title: title, Caption: "traces; missing in % of delivered", Columns: []sheet.Column{
		{Name: what, Middle: true}, {Name: "sent", Right: true}, {Name: "delivered", Right: true, Drop: 4}, {Name: "refused", Right: true, Drop: 3}, {Name: "unanswered", Right: true, Drop: 2},
		{Name: "accepted", Right: true}, {Name: "sampled out", Right: true, Drop: 5}, {Name: "dropped", Right: true, Drop: 6}, {Name: "missing", Right: true}, {Name: "missing %", Right: true, Drop: 1},
		{Name: "spans sent", Right: true, Drop: 8}, {Name: "spans missing", Right: true, Drop: 7}, {Name: "altered", Right: true, Drop: 7},
	}}
	altered := uint64(0)
	var sum results.Account
	if blind {
		t.Caption = "traces; what became of those delivered is not known"
	}
	for i, p := range parts {
		if i == sheet.RowsMax {
			t.Notes = append(t.Notes, sheet.AndMore(len(parts)-sheet.RowsMax, what))
			break
		}
		sum.Refused, sum.Unanswered = sum.Refused.Plus(p.Refused), sum.Unanswered.Plus(p.Unanswered)
		sum.SampledOut, sum.Dropped = sum.SampledOut.Plus(p.SampledOut), sum.Dropped.Plus(p.Dropped)
		t.Rows = append(t.Rows, []sheet.Cell{
			sheet.Text(p.Name), sheet.Number(p.Sent.Traces), sheet.Number(p.Delivered.Traces), sheet.Number(p.Refused.Traces, sheet.Warn), sheet.Number(p.Unanswered.Traces, sheet.Warn),
			sheet.Number(p.Accepted.Traces, sheet.Good), sheet.Number(p.SampledOut.Traces), sheet.Number(p.Dropped.Traces, sheet.Warn), sheet.Number(p.Missing.Traces, sheet.Bad), sheet.Share(p.Missing.Traces, p.Delivered.Traces, sheet.Bad),
			sheet.Number(p.Sent.Spans), sheet.Number(p.Missing.Spans, sheet.Bad), sampled(p.Altered),
		})
		if p.Altered != nil {
			altered += p.Altered.Altered
		}
		if blind {
			row := t.Rows[len(t.Rows)-1]
			row[5], row[8] = sheet.Nothing(), sheet.Nothing()
		}
	}
	empty := map[string]bool{"refused": sum.Refused.Traces == 0, "unanswered": sum.Unanswered.Traces == 0, "sampled out": sum.SampledOut.Traces == 0, "dropped": sum.Dropped.Traces == 0, "altered": altered == 0}
	for _, name := range []string{"sampled out", "dropped", "missing %", "spans missing"} {
		empty[name] = empty[name] || blind
	}
	return t.Without(func(_ int, c sheet.Column) bool { return empty[c.Name] })
}

func exampleTable(rec *results.Record, most int) sheet.Table {
	t := sheet.Table{Title: "Examples", Hint: "spanstorm preview RECORD --trace ID", Columns: []sheet.Column{{Name: "what"}, {Name: "trace id", Right: true}, {Name: "shape"}, {Name: "fault", Drop: 1}, {Name: "spans", Right: true, Drop: 3}, {Name: "request", Right: true, Drop: 4}, {Name: "sent after", Right: true, Drop: 5}}}
	groups := []struct {
		name string
		tone sheet.Tone
		list []results.Example
	}{{"missing", sheet.Bad, rec.Ledger.Examples.Missing}, {"dropped", sheet.Warn, rec.Ledger.Examples.Dropped}, {"refused", sheet.Warn, rec.Ledger.Examples.Refused}, {"duplicated", sheet.Warn, rec.Ledger.Examples.Duplicated}}
	faults := false
	for _, g := range groups {
		for i, e := range g.list {
			if i == most {
				t.Notes = append(t.Notes, fmt.Sprintf("%d more examples of %s are in the record", len(g.list)-most, g.name))
				break
			}
			after := sheet.Nothing()
			if !e.SentAt.IsZero() && !rec.StartedAt.IsZero() {
				after = sheet.Text(results.FormatDuration(float64(e.SentAt.Sub(rec.StartedAt))))
			}
			faults = faults || e.Fault != ""
			t.Rows = append(t.Rows, []sheet.Cell{sheet.Text(g.name, g.tone), sheet.Text(e.TraceID), sheet.Text(e.Shape), sheet.Text(e.Fault), sheet.Text(strconv.Itoa(e.Spans)), sheet.Text(strconv.FormatUint(e.Seq, 10), sheet.Dim), after})
		}
	}
	if !faults {
		t = t.Without(func(_ int, c sheet.Column) bool { return c.Name == "fault" })
	}
	return t
}
