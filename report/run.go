package report

import (
	"fmt"
	"strings"

	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

// ofRun is the report of a single run, with so many examples of each kind.
func ofRun(rec *results.Record, examplesMax int) *sheet.Sheet {
	s := &sheet.Sheet{
		Name: sheet.Clean(rec.Name), Target: sheet.Clean(rec.Target.Name),
		Verdict: judge(rec), Figures: figures(rec), Facts: facts(rec), Tables: tables(rec, examplesMax), Cases: cases(rec),
		Scenario: rec.Scenario, Exited: rec.Target.Exit != nil, Started: rec.StartedAt, Took: rec.EndedAt.Sub(rec.StartedAt),
		Footer: "Times are measured from the moment a request was due. A trace counts as accepted once it came out of the target.",
	}
	for i := range s.Tables {
		t := &s.Tables[i]
		switch t.Title {
		case "Expectations":
			t.Place = sheet.First
		case "Phases", "Incidents", "Events", "Ledger", "By shape", "By fault":
			t.Place = sheet.Wide
		}
	}
	var command []string
	for _, arg := range rec.Target.Command {
		command = append(command, sheet.Clean(arg))
	}
	s.Code = sheet.Filled([]sheet.Fact{{Name: "command", Value: strings.Join(command, " ")}, {Name: "run key", Value: sheet.Clean(rec.RunKey)}})
	for _, line := range rec.Target.StderrTail {
		s.Stderr = append(s.Stderr, sheet.Clean(line))
	}
	return s
}

// figures picks what a reader wants to know first.
func figures(rec *results.Record) []sheet.Figure {
	var out []sheet.Figure
	l := &rec.Ledger
	percent := func(n uint64) string { return results.FormatPercent(float64(n), float64(l.Sent.Traces)) }
	switch {
	case l.Sent.Traces > 0:
		out = append(out, sheet.Figure{Value: results.FormatCount(l.Sent.Traces), Name: sheet.Plural(l.Sent.Traces, "trace") + " sent", Tone: sheet.Plain})
		if l.AcceptanceUnknown() {
			out = append(out, sheet.Figure{Value: percent(l.Delivered.Traces), Name: "of them delivered", Tone: sheet.Plain}, sheet.Figure{Value: "–", Name: "accepted: no intake to see it", Tone: sheet.Plain}, sheet.Figure{Value: "–", Name: "missing: not known", Tone: sheet.Plain})
			break
		}
		t := sheet.Good
		if l.Accepted.Traces < l.Sent.Traces {
			t = sheet.Plain
		}
		name := "of them accepted"
		if l.Claimed() {
			name += ", it claims"
		}
		out = append(out, sheet.Figure{Value: percent(l.Accepted.Traces), Name: name, Tone: t})
		t = sheet.Good
		if l.Missing.Traces > 0 {
			t = sheet.Bad
		}
		out = append(out, sheet.Figure{Value: results.FormatCount(l.Missing.Traces), Name: "missing", Tone: t})
	case rec.Announcements.Sent > 0:
		out = append(out, sheet.Figure{Value: results.FormatCount(rec.Announcements.Sent), Name: sheet.Plural(rec.Announcements.Sent, "announcement") + " sent", Tone: sheet.Plain})
	}
	if q, name := answerTime(rec); q.Count > 0 {
		out = append(out, sheet.Figure{Value: results.FormatDuration(float64(q.P50)), Name: name + " p50", Tone: sheet.Plain}, sheet.Figure{Value: results.FormatDuration(float64(q.P99)), Name: name + " p99", Tone: sheet.Plain})
	}
	if c := targetCost(rec); c > 0 {
		out = append(out, sheet.Figure{Value: fmt.Sprintf("%.2f s", c), Name: "target CPU per million spans", Tone: sheet.Plain})
	}
	return out
}

// cases are the validity of the run, an error where it is not valid, and its
// expectations, failures where they are not met.
func cases(rec *results.Record) []sheet.Case {
	valid := sheet.Case{Name: "the run is valid and complete", Out: summary(rec)}
	if !rec.Valid || !rec.Complete || len(imbalances(rec)) > 0 {
		var reasons []string
		for _, r := range judge(rec).Reasons {
			reasons = append(reasons, r.Text)
		}
		kind := "invalid"
		if !rec.Complete {
			kind = "incomplete"
		}
		valid.Error = &sheet.Fault{Message: strings.Join(reasons, "; "), Type: kind, Text: strings.Join(reasons, "\n")}
	}
	all := []sheet.Case{valid}
	for _, e := range rec.Expectations {
		c := sheet.Case{Name: sheet.Clean(e.Text), Out: "got " + sheet.Clean(e.Got)}
		if !e.Met {
			message := fmt.Sprintf("expected %s, got %s", sheet.Clean(e.Text), sheet.Clean(e.Got))
			c.Failure = &sheet.Fault{Message: message, Type: "expectation", Text: message}
		}
		all = append(all, c)
	}
	return all
}
