package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

// alteredMax bounds the fields that are shown; the record has more.
const alteredMax = 20

// alteredTable says which fields the target rewrote, in a sample of the traces that
// came out, and below each what was sent what came. Tags that it only adds are named
// at the end.
func alteredTable(a *results.Altered) table {
	t := table{Title: "Altered by the target", Columns: []column{
		{Name: "field"}, {Name: "change"}, {Name: "spans", Right: true}, {Name: "in", Drop: 2}, {Name: "for example", Middle: true, Drop: 1},
	}}
	if a == nil || a.Compared.Traces == 0 {
		return t
	}
	t.Caption = fmt.Sprintf("by a sample: %s of %s traces compared, %s of %s spans", results.FormatCount(a.Altered.Traces), results.FormatCount(a.Compared.Traces),
		results.FormatCount(a.Altered.Spans), results.FormatCount(a.Compared.Spans))
	var added []string
	altered := 0
	for _, f := range a.Fields {
		if f.Change == results.FieldAdded {
			added = append(added, clean(f.Field))
			continue
		}
		if altered++; altered > alteredMax {
			continue
		}
		came := "came: " + f.Example.Came
		if f.Change == results.FieldRemoved {
			came = "came: nothing"
		}
		t.Rows = append(t.Rows, []cell{
			text(f.Field), text(f.Change), number(f.Spans, warn), text(alteredIn(&f, a.NoFault == nil), dim), text("sent: " + f.Example.Sent),
		}, []cell{text(""), text(""), text(""), text("span "+f.Example.SpanID, dim), text(came)})
	}
	if more := altered - alteredMax; more > 0 {
		t.Notes = append(t.Notes, andMore(more, "field"))
	}
	if a.MoreFields > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("%s more %s differed, too many to list", results.FormatCount(a.MoreFields), plural(a.MoreFields, "field")))
	}
	if len(added) > 0 {
		said := strings.Join(added[:min(len(added), alteredMax)], ", ")
		if more := len(added) - alteredMax; more > 0 {
			said += fmt.Sprintf(" and %d more", more)
		}
		t.Notes = append(t.Notes, "added, which is no alteration: "+said)
	}
	return t
}

// alteredIn says in which traces a field was altered: of a sample without faults, of
// some faults, or of those without one.
func alteredIn(f *results.AlteredField, whole bool) string {
	names := slices.Sorted(maps.Keys(f.Faults))
	switch {
	case len(names) == 0 && whole:
		return "–"
	case len(names) == 0:
		return "no fault"
	case f.NoFault > 0:
		return fmt.Sprintf("no fault, %d %s", len(names), plural(uint64(len(names)), "fault"))
	case len(names) > 2:
		return fmt.Sprintf("%s and %d more", names[0], len(names)-1)
	}
	return strings.Join(names, ", ")
}

// sampled is how many traces of a part were altered, of those compared.
func sampled(p *results.PartAltered) cell {
	if p == nil || p.Compared == 0 {
		return nothing()
	}
	tone := warn
	if p.Altered == 0 {
		tone = dim
	}
	return text(fmt.Sprintf("%s of %s", results.FormatCount(p.Altered), results.FormatCount(p.Compared)), tone)
}
