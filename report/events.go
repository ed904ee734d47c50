package report

import (
	"fmt"
	"math"

	"github.com/spanstorm/spanstorm/results"
)

// eventTable sets what was done on purpose beside what the load met meanwhile,
// by the seconds that it touched.
func eventTable(rec *results.Record) table {
	t := table{Title: "Events", Caption: "what was done on purpose, and the load in the seconds that it touched", Columns: []column{
		{Name: "event", Middle: true}, {Name: "what", Drop: 9}, {Name: "when", Drop: 1},
		{Name: "requests", Right: true, Drop: 2}, {Name: "refused", Right: true}, {Name: "unanswered", Right: true}, {Name: "never sent", Right: true, Drop: 3},
		{Name: "worst p99", Right: true, Drop: 4}, {Name: "came out", Right: true, Drop: 5},
	}}
	for i := range rec.Events {
		if i == rowsMax {
			t.Notes = append(t.Notes, andMore(len(rec.Events)-rowsMax, "event"))
			break
		}
		e := &rec.Events[i]
		var sent, refused, unanswered, unsent, out uint64
		var worst results.Quantiles
		for k := range rec.Seconds {
			s := &rec.Seconds[k]
			if float64(s.T) > e.EndS() || float64(s.T)+1 <= e.AtS {
				continue
			}
			no, none, never := s.Lost()
			refused, unanswered, unsent = refused+no, unanswered+none, unsent+never
			sent += s.Sent
			out += s.Accepted
			if q := s.ResponseTime; q.Count > 0 && q.P99 >= worst.P99 {
				worst = q
			}
		}
		t.Rows = append(t.Rows, []cell{
			text(e.Name), text(e.Effect, dim), text(whenText(e)),
			number(sent), number(refused, warn), number(unanswered, bad), number(unsent, warn),
			quantileCell(worst, worst.P99), number(out),
		})
	}
	return t
}

func whenText(e *results.Event) string {
	at := "at " + results.FormatDuration(e.AtS*1e9)
	if e.ForS > 0 {
		at += ", for " + results.FormatDuration(e.ForS*1e9)
	}
	return at
}

// restartTable lists the ends of a target that was started again.
func restartTable(rec *results.Record) table {
	t := table{Title: "Restarts", Caption: "the target ended, and was started again; cut off: requests on their way", Columns: []column{
		{Name: "ended at"}, {Name: "with"}, {Name: "because of", Drop: 2}, {Name: "up again at"}, {Name: "cut off", Right: true, Drop: 1},
	}}
	for i := range rec.Target.Restarts {
		r := &rec.Target.Restarts[i]
		with, why := fmt.Sprintf("exit code %d", r.Code), text("by itself", bad)
		if r.Signal != "" {
			with = r.Signal
		}
		if r.Event != "" {
			why = text("event " + r.Event)
		}
		if r.Reason != "" {
			why = text(r.Reason, bad)
		}
		t.Rows = append(t.Rows, []cell{text(results.FormatDuration(r.AtS * 1e9)), text(with), why, text(results.FormatDuration(r.UpAtS * 1e9)), number(r.CutOff, warn)})
	}
	return t
}

// pressureTable says when and how a target gave way, and when it was done.
func pressureTable(rec *results.Record) table {
	t := table{Title: "Under pressure", Caption: "when the target gave way, by the second", Columns: []column{{}, {}}}
	p := rec.Pressure
	if p == nil {
		return t
	}
	row := func(name, format string, args ...any) {
		t.Rows = append(t.Rows, []cell{text(name), text(fmt.Sprintf(format, args...))})
	}
	row("lost", "%s refused, %s unanswered, %s never sent", results.FormatCount(p.Refused), results.FormatCount(p.Unanswered), results.FormatCount(p.Unsent))
	row("first", "after %d s", p.FromS)
	row("last", "after %d s; in %s in all, worst after %d s", p.ToS-1, results.FormatCount(uint64(p.Seconds))+" "+plural(uint64(p.Seconds), "second"), p.WorstS)
	if p.Recovered {
		row("recovered", "after %d s: all that was sent from then on was taken", p.ToS)
	} else {
		row("recovered", "not before the load ended")
	}
	end := 0.0
	for _, phase := range rec.Phases {
		end = math.Max(end, phase.EndS)
	}
	if rec.LastArrivalS > end {
		row("last trace out", "%s after the load ended", results.FormatDuration((rec.LastArrivalS-end)*1e9))
	}
	return t
}
