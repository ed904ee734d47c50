package report

import (
	"fmt"
	"math"

	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

// eventTable sets what was done on purpose beside what the load met about then.
func eventTable(rec *results.Record) sheet.Table {
	t := sheet.Table{Title: "Events", Caption: "what was done on purpose, and the load about then; window: with the seconds before and after in which something was lost; missing: traces", Columns: []sheet.Column{
		{Name: "event", Middle: true}, {Name: "what", Drop: 9}, {Name: "when", Drop: 1}, {Name: "window", Drop: 5},
		{Name: "requests", Right: true, Drop: 2}, {Name: "missing", Right: true}, {Name: "refused", Right: true}, {Name: "unanswered", Right: true},
		{Name: "never sent", Right: true, Drop: 3}, {Name: "worst p99", Right: true, Drop: 4}, {Name: "came out", Right: true, Drop: 6},
	}}
	for i := range rec.Events {
		if i == sheet.RowsMax {
			t.Notes = append(t.Notes, sheet.AndMore(len(rec.Events)-sheet.RowsMax, "event"))
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
		t.Rows = append(t.Rows, []sheet.Cell{
			sheet.Text(e.Name), sheet.Text(e.Effect, sheet.Dim), sheet.Text(whenText(e)), windowCell(&lost),
			sheet.Number(lost.Sent), missingCell(rec, &lost), sheet.Number(lost.Refused, sheet.Warn), sheet.Number(lost.Unanswered, sheet.Bad),
			sheet.Number(lost.Unsent, sheet.Warn), quantileCell(worst, worst.P99), sheet.Number(out),
		})
	}
	return t
}

// windowCell names the seconds in which something was lost.
func windowCell(l *results.Loss) sheet.Cell {
	if l.FromS == l.ToS {
		return sheet.Text("–", sheet.Dim)
	}
	return sheet.Text(fmt.Sprintf("%d s to %d s", l.FromS, l.ToS), sheet.Dim)
}

// missingCell is the traces that were lost, where it was seen what came out.
func missingCell(rec *results.Record, l *results.Loss) sheet.Cell {
	if rec.Ledger.Source != "intake" {
		return sheet.Text("–", sheet.Dim)
	}
	return sheet.Number(l.Missing, sheet.Bad)
}

func whenText(e *results.Event) string {
	at := "at " + results.FormatDuration(e.AtS*1e9)
	if e.ForS > 0 {
		at += ", for " + results.FormatDuration(e.ForS*1e9)
	}
	return at
}

// restartTable lists the ends of a target that was started again.
func restartTable(rec *results.Record) sheet.Table {
	t := sheet.Table{Title: "Restarts", Caption: "the target ended, and was started again; cut off: requests on their way; missing: traces", Columns: []sheet.Column{
		{Name: "ended at"}, {Name: "with", Drop: 4}, {Name: "because of", Drop: 3}, {Name: "up again at", Drop: 2}, {Name: "cut off", Right: true, Drop: 5},
		{Name: "window", Drop: 6}, {Name: "missing", Right: true}, {Name: "refused", Right: true, Drop: 1}, {Name: "unanswered", Right: true},
	}}
	for i := range rec.Target.Restarts {
		r := &rec.Target.Restarts[i]
		with, why := fmt.Sprintf("exit code %d", r.Code), sheet.Text("by itself", sheet.Bad)
		if r.Signal != "" {
			with = r.Signal
		}
		if r.Event != "" {
			why = sheet.Text("event " + r.Event)
		}
		if r.Reason != "" {
			why = sheet.Text(r.Reason, sheet.Bad)
		}
		lost := results.LossAbout(rec, r.AtS, r.UpAtS)
		t.Rows = append(t.Rows, []sheet.Cell{
			sheet.Text(results.FormatDuration(r.AtS * 1e9)), sheet.Text(with), why, sheet.Text(results.FormatDuration(r.UpAtS * 1e9)), sheet.Number(r.CutOff, sheet.Warn),
			windowCell(&lost), missingCell(rec, &lost), sheet.Number(lost.Refused, sheet.Warn), sheet.Number(lost.Unanswered, sheet.Bad),
		})
	}
	return t
}

// pressureTable says when and how a target gave way, and when it was done.
func pressureTable(rec *results.Record) sheet.Table {
	t := sheet.Table{Title: "Under pressure", Caption: "when the target gave way, by the second", Columns: []sheet.Column{{}, {}}}
	p := rec.Pressure
	if p == nil {
		return t
	}
	row := func(name, format string, args ...any) {
		t.Rows = append(t.Rows, []sheet.Cell{sheet.Text(name), sheet.Text(fmt.Sprintf(format, args...))})
	}
	row("lost", "%s refused, %s unanswered, %s never sent", results.FormatCount(p.Refused), results.FormatCount(p.Unanswered), results.FormatCount(p.Unsent))
	row("first", "after %d s", p.FromS)
	row("last", "after %d s; in %s in all, worst after %d s", p.ToS-1, results.FormatCount(uint64(p.Seconds))+" "+sheet.Plural(uint64(p.Seconds), "second"), p.WorstS)
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
