package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

// incidentTable sets what was sent in each incident, and what became of it,
// beside the rest of the run.
func incidentTable(rec *results.Record) sheet.Table {
	t := sheet.Table{Title: "Incidents", Caption: "requests that were due in each, response time from that moment, and what became of their traces", Columns: []sheet.Column{
		{Name: "incident", Middle: true}, {Name: "what", Drop: 9}, {Name: "when", Drop: 2},
		{Name: "requests", Right: true, Drop: 1}, {Name: "never sent", Right: true, Drop: 1}, {Name: "p50", Right: true, Drop: 1}, {Name: "p99", Right: true}, {Name: "max", Right: true, Drop: 5},
		{Name: "not 2xx", Right: true, Drop: 1}, {Name: "traces", Right: true, Drop: 4}, {Name: "spans/trace", Right: true, Drop: 3},
		{Name: "accepted", Right: true}, {Name: "dropped", Right: true, Drop: 7}, {Name: "missing", Right: true},
	}}
	if len(rec.Incidents) == 0 {
		return t
	}
	blind := rec.Ledger.PartsUnknown()
	unsent, dropped := uint64(0), uint64(0)
	row := func(name, what, when sheet.Cell, p *results.Portion, a *results.Account) {
		r := &p.Requests
		cells := []sheet.Cell{name, what, when, sheet.Number(r.Sent), sheet.Number(r.Unsent, sheet.Warn)}
		q := p.ResponseTime
		cells = append(cells, quantileCell(q, q.P50), quantileCell(q, q.P99), quantileCell(q, q.Max), sheet.Share(r.Sent-min(r.Sent, r.Delivered), r.Sent, sheet.Warn))
		cells = append(cells, accountCells(a, blind)...)
		t.Rows = append(t.Rows, cells)
		unsent += r.Unsent
		if a != nil {
			dropped += a.Dropped.Traces
		}
	}
	for i := range rec.Incidents {
		if i == sheet.RowsMax {
			t.Notes = append(t.Notes, sheet.AndMore(len(rec.Incidents)-sheet.RowsMax, "incident"))
			break
		}
		in := &rec.Incidents[i]
		when := fmt.Sprintf("%s to %s", results.FormatDuration(in.AtS*1e9), results.FormatDuration(in.EndS()*1e9))
		row(sheet.Text(in.Name), sheet.Text(in.Effect, sheet.Dim), sheet.Text(when), &in.Portion, accountOf(rec.Ledger.ByIncident, in.Name))
	}
	if rec.OutsideIncidents != nil {
		row(sheet.Text("outside", sheet.Strong), sheet.Text(""), sheet.Text(""), rec.OutsideIncidents, rec.Ledger.NoIncident)
		if slices.ContainsFunc(rec.Phases, func(p results.Phase) bool { return p.Discarded }) {
			t.Notes = append(t.Notes, "outside: requests and times of the kept phases, traces of all phases")
		}
	}
	empty := map[string]bool{"never sent": unsent == 0, "dropped": dropped == 0 || blind}
	return t.Without(func(_ int, c sheet.Column) bool { return empty[c.Name] })
}

// accountCells are the traces of an account, which a record saved on its way has not.
func accountCells(a *results.Account, blind bool) []sheet.Cell {
	if a == nil {
		return []sheet.Cell{sheet.Nothing(), sheet.Nothing(), sheet.Nothing(), sheet.Nothing(), sheet.Nothing()}
	}
	per := sheet.Nothing()
	if a.Sent.Traces > 0 {
		per = sheet.Text(results.FormatRate(float64(a.Sent.Spans) / float64(a.Sent.Traces)))
	}
	cells := []sheet.Cell{sheet.Number(a.Sent.Traces), per, sheet.Share(a.Accepted.Traces, a.Delivered.Traces, sheet.Good), sheet.Number(a.Dropped.Traces, sheet.Warn), sheet.Number(a.Missing.Traces, sheet.Bad)}
	if blind {
		cells[2], cells[3], cells[4] = sheet.Nothing(), sheet.Nothing(), sheet.Nothing()
	}
	return cells
}

func accountOf(parts []results.Part, name string) *results.Account {
	for i := range parts {
		if parts[i].Name == name {
			return &parts[i].Account
		}
	}
	return nil
}

// incidentSpark draws below other lines over time when incidents were. seconds
// are those of the lines, and room the characters that they take.
func incidentSpark(rec *results.Record, seconds []int, room int) (line, names string) {
	covered := make([]float64, len(seconds))
	var said []string
	for i := range rec.Incidents {
		in := &rec.Incidents[i]
		said = append(said, sheet.Clean(in.Name))
		for k, t := range seconds {
			if float64(t) < in.EndS() && float64(t)+1 > in.AtS {
				covered[k] = 1
			}
		}
	}
	var b strings.Builder
	for _, v := range squeeze(covered, room) {
		if v > 0 {
			b.WriteString("▔")
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String(), strings.Join(said, ", ")
}
