package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

// alteredMax bounds the fields that are shown; the record has more.
const alteredMax = 20

// alteredTable says which fields the target rewrote, in a sample of the traces that
// came out, and below each what was sent what came. Tags that it only adds are named
// at the end.
func alteredTable(a *results.Altered) sheet.Table {
	t := sheet.Table{Title: "Altered by the target", Columns: []sheet.Column{
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
			added = append(added, sheet.Clean(f.Field))
			continue
		}
		if altered++; altered > alteredMax {
			continue
		}
		came := "came: " + f.Example.Came
		if f.Change == results.FieldRemoved {
			came = "came: nothing"
		}
		t.Rows = append(t.Rows, []sheet.Cell{
			sheet.Text(f.Field), sheet.Text(f.Change), sheet.Number(f.Spans, sheet.Warn), sheet.Text(alteredIn(&f, a.NoFault == nil), sheet.Dim), sheet.Text("sent: " + f.Example.Sent),
		}, []sheet.Cell{sheet.Text(""), sheet.Text(""), sheet.Text(""), sheet.Text("span "+f.Example.SpanID, sheet.Dim), sheet.Text(came)})
	}
	if more := altered - alteredMax; more > 0 {
		t.Notes = append(t.Notes, sheet.AndMore(more, "field"))
	}
	if a.MoreFields > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("%s more %s differed, too many to list", results.FormatCount(a.MoreFields), sheet.Plural(a.MoreFields, "field")))
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
		return fmt.Sprintf("no fault, %d %s", len(names), sheet.Plural(uint64(len(names)), "fault"))
	case len(names) > 2:
		return fmt.Sprintf("%s and %d more", names[0], len(names)-1)
	}
	return strings.Join(names, ", ")
}

// sampled is how many traces of a part were altered, of those compared.
func sampled(p *results.PartAltered) sheet.Cell {
	if p == nil || p.Compared == 0 {
		return sheet.Nothing()
	}
	tone := sheet.Warn
	if p.Altered == 0 {
		tone = sheet.Dim
	}
	return sheet.Text(fmt.Sprintf("%s of %s", results.FormatCount(p.Altered), results.FormatCount(p.Compared)), tone)
}
