package report

import (
	"fmt"
	"math"

	"github.com/spanstorm/spanstorm/results"
)

// eventTable sets what was done on purpose beside what the load met about then.
func eventTable(rec *results.Record) table {
	t := table{Title: "Events", Caption: "what was done on purpose, and the load about then; window: with the seconds before and after in which something was lost; missing: traces", Columns: []column{
		{Name: "event", Middle: true}, {Name: "what", Drop: 9}, {Name: "when", Drop: 1}, {Name: "window", Drop: 5},
		{Name: "requests", Right: true, Drop: 2}, {Name: "missing", Right: true}, {Name: "refused", Right: true}, {Name: "unanswered", Right: true},
		{Name: "never sent", Right: true, Drop: 3}, {Name: "worst p99", Right: true, Drop: 4}, {Name: "came out", Right: true, Drop: 6},
	}}
	for i := range rec.Events {
		if i == rowsMax {
			t.Notes = append(t.Notes, andMore(len(rec.Events)-rowsMax, "event"))
			break
		}
		e := &rec.Events[i]
		lost := results.LossAbout(rec, e.AtS, e.EndS())
		var out uint64
		var worst results.Quantiles
		for k := range rec.Seconds {
			s := &rec.Seconds[k]
			if s.T < lost.FromS || s.T >= lost.ToS {
				continue
			}
			out += s.Accepted
			if q := s.ResponseTime; q.Count > 0 && q.P99 >= worst.P99 {
				worst = q
			}
		}
		t.Rows = append(t.Rows, []cell{
			text(e.Name), text(e.Effect, dim), text(whenText(e)), windowCell(&lost),
			number(lost.Sent), missingCell(rec, &lost), number(lost.Refused, warn), number(lost.Unanswered, bad),
			number(lost.Unsent, warn), quantileCell(worst, worst.P99), number(out),
		})
	}
	return t
}

// windowCell names the seconds in which something was lost.
func windowCell(l *results.Loss) cell {
	if l.FromS == l.ToS {
		return text("–", dim)
	}
	return text(fmt.Sprintf("%d s to %d s", l.FromS, l.ToS), dim)
}

// missingCell is the traces that were lost, where it was seen what came out.
func missingCell(rec *results.Record, l *results.Loss) cell {
	if rec.Ledger.Source != "intake" {
		return text("–", dim)
	}
	return number(l.Missing, bad)
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
	t := table{Title: "Restarts", Caption: "the target ended, and was started again; cut off: requests on their way; missing: traces", Columns: []column{
		{Name: "ended at"}, {Name: "with", Drop: 4}, {Name: "because of", Drop: 3}, {Name: "up again at", Drop: 2}, {Name: "cut off", Right: true, Drop: 5},
		{Name: "window", Drop: 6}, {Name: "missing", Right: true}, {Name: "refused", Right: true, Drop: 1}, {Name: "unanswered", Right: true},
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
		lost := results.LossAbout(rec, r.AtS, r.UpAtS)
		t.Rows = append(t.Rows, []cell{
			text(results.FormatDuration(r.AtS * 1e9)), text(with), why, text(results.FormatDuration(r.UpAtS * 1e9)), number(r.CutOff, warn),
			windowCell(&lost), missingCell(rec, &lost), number(lost.Refused, warn), number(lost.Unanswered, bad),
		})
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
