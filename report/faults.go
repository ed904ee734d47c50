package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

// faultTable sets what became of each fault's traces beside what agents' documentation
// says, and the traces without a fault apart from them.
func faultTable(l *results.Ledger) table {
	t := table{Title: "By fault", Caption: "traces; of a fault, what became of them beside what is documented", Columns: []column{
		{Name: "fault", Middle: true}, {Name: "sent", Right: true}, {Name: "delivered", Right: true, Drop: 6}, {Name: "accepted", Right: true, Drop: 1}, {Name: "sampled out", Right: true, Drop: 8},
		{Name: "dropped", Right: true, Drop: 7}, {Name: "missing", Right: true, Drop: 2}, {Name: "refused", Right: true, Drop: 3}, {Name: "unanswered", Right: true, Drop: 5},
		{Name: "altered", Right: true, Drop: 6}, {Name: "documented", Drop: 4}, {Name: ""},
	}}
	if len(l.ByFault) == 0 {
		return t
	}
	blind := l.PartsUnknown()
	row := func(p results.Part, documented, verdict cell) {
		cells := []cell{
			text(p.Name), number(p.Sent.Traces), number(p.Delivered.Traces), number(p.Accepted.Traces), number(p.SampledOut.Traces),
			number(p.Dropped.Traces), number(p.Missing.Traces), refusals(p), number(p.Unanswered.Traces), sampled(p.Altered), documented, verdict,
		}
		if blind {
			cells[3], cells[5], cells[6] = nothing(), nothing(), nothing()
		}
		t.Rows = append(t.Rows, cells)
	}
	var sum results.Account
	if l.NoFault != nil {
		verdict := text("✓ all accounted for", good)
		if lost := l.NoFault.Missing.Traces + l.NoFault.Dropped.Traces; lost > 0 {
			verdict = text("✗ "+results.FormatCount(lost)+" lost", bad)
		} else if other := l.NoFault.Refused.Traces + l.NoFault.Unanswered.Traces; other > 0 {
			verdict = text(results.FormatCount(other)+" not delivered", warn)
		}
		if blind {
			verdict = nothing()
		}
		part := results.Part{Name: "no fault", Account: *l.NoFault}
		if l.Altered != nil {
			part.Altered = l.Altered.NoFault
		}
		row(part, nothing(), verdict)
		sum = *l.NoFault
	}
	for i := range l.ByFault {
		p := &l.ByFault[i]
		sum = sum.Plus(p.Account)
		if i >= rowsMax {
			continue
		}
		verdict := text("✓ as documented", good)
		if odd := Unexpected(p, blind); p.Sent.Traces == 0 || len(p.Expected) == 0 {
			verdict = nothing()
		} else if odd != nil {
			verdict = text("✗ "+strings.Join(odd, ", "), warn)
		}
		row(*p, text(strings.Join(p.Expected, " or ")), verdict)
	}
	if more := len(l.ByFault) - rowsMax; more > 0 {
		t.Notes = append(t.Notes, andMore(more, "fault"))
	}
	empty := map[string]bool{"sampled out": sum.SampledOut.Traces == 0, "unanswered": sum.Unanswered.Traces == 0, "dropped": sum.Dropped.Traces == 0 || blind,
		"altered": l.Altered == nil || l.Altered.Compared.Traces == 0}
	return t.without(func(_ int, c column) bool { return empty[c.Name] })
}

// refusals is how many traces were refused, with their codes.
func refusals(p results.Part) cell {
	if len(p.RefusedByCode) == 0 {
		return number(p.Refused.Traces, warn)
	}
	codes := slices.Sorted(maps.Keys(p.RefusedByCode))
	return text(fmt.Sprintf("%s (%s)", results.FormatCount(p.Refused.Traces), strings.Join(codes, ", ")), warn)
}
