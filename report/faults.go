package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

// faultTable sets what became of each fault's traces beside what agents' documentation
// says, and the traces without a fault apart from them.
func faultTable(l *results.Ledger) sheet.Table {
	t := sheet.Table{Title: "By fault", Caption: "traces; of a fault, what became of them beside what is documented", Columns: []sheet.Column{
		{Name: "fault", Middle: true}, {Name: "sent", Right: true}, {Name: "delivered", Right: true, Drop: 6}, {Name: "accepted", Right: true, Drop: 1}, {Name: "sampled out", Right: true, Drop: 8},
		{Name: "dropped", Right: true, Drop: 7}, {Name: "missing", Right: true, Drop: 2}, {Name: "refused", Right: true, Drop: 3}, {Name: "unanswered", Right: true, Drop: 5},
		{Name: "altered", Right: true, Drop: 6}, {Name: "documented", Drop: 4}, {Name: ""},
	}}
	if len(l.ByFault) == 0 {
		return t
	}
	blind := l.PartsUnknown()
	row := func(p results.Part, documented, verdict sheet.Cell) {
		cells := []sheet.Cell{
			sheet.Text(p.Name), sheet.Number(p.Sent.Traces), sheet.Number(p.Delivered.Traces), sheet.Number(p.Accepted.Traces), sheet.Number(p.SampledOut.Traces),
			sheet.Number(p.Dropped.Traces), sheet.Number(p.Missing.Traces), refusals(p), sheet.Number(p.Unanswered.Traces), sampled(p.Altered), documented, verdict,
		}
		if blind {
			cells[3], cells[5], cells[6] = sheet.Nothing(), sheet.Nothing(), sheet.Nothing()
		}
		t.Rows = append(t.Rows, cells)
	}
	var sum results.Account
	if l.NoFault != nil {
		verdict := sheet.Text("✓ all accounted for", sheet.Good)
		if lost := l.NoFault.Missing.Traces + l.NoFault.Dropped.Traces; lost > 0 {
			verdict = sheet.Text("✗ "+results.FormatCount(lost)+" lost", sheet.Bad)
		} else if other := l.NoFault.Refused.Traces + l.NoFault.Unanswered.Traces; other > 0 {
			verdict = sheet.Text(results.FormatCount(other)+" not delivered", sheet.Warn)
		}
		if blind {
			verdict = sheet.Nothing()
		}
		part := results.Part{Name: "no fault", Account: *l.NoFault}
		if l.Altered != nil {
			part.Altered = l.Altered.NoFault
		}
		row(part, sheet.Nothing(), verdict)
		sum = *l.NoFault
	}
	for i := range l.ByFault {
		p := &l.ByFault[i]
		sum = sum.Plus(p.Account)
		if i >= sheet.RowsMax {
			continue
		}
		verdict := sheet.Text("✓ as documented", sheet.Good)
		if odd := Unexpected(p, blind); p.Sent.Traces == 0 || len(p.Expected) == 0 {
			verdict = sheet.Nothing()
		} else if odd != nil {
			verdict = sheet.Text("✗ "+strings.Join(odd, ", "), sheet.Warn)
		}
		row(*p, sheet.Text(strings.Join(p.Expected, " or ")), verdict)
	}
	if more := len(l.ByFault) - sheet.RowsMax; more > 0 {
		t.Notes = append(t.Notes, sheet.AndMore(more, "fault"))
	}
	empty := map[string]bool{"sampled out": sum.SampledOut.Traces == 0, "unanswered": sum.Unanswered.Traces == 0, "dropped": sum.Dropped.Traces == 0 || blind,
		"altered": l.Altered == nil || l.Altered.Compared.Traces == 0}
	return t.Without(func(_ int, c sheet.Column) bool { return empty[c.Name] })
}

// refusals is how many traces were refused, with their codes.
func refusals(p results.Part) sheet.Cell {
	if len(p.RefusedByCode) == 0 {
		return sheet.Number(p.Refused.Traces, sheet.Warn)
	}
	codes := slices.Sorted(maps.Keys(p.RefusedByCode))
	return sheet.Text(fmt.Sprintf("%s (%s)", results.FormatCount(p.Refused.Traces), strings.Join(codes, ", ")), sheet.Warn)
}
