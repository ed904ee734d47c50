package report

import (
	"strconv"
	"strings"

	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

func resourceTable(rec *results.Record) sheet.Table {
	t := sheet.Table{Title: "Resources", Columns: []sheet.Column{{Name: "process"}, {Name: "CPU s", Right: true}, {Name: "per million spans", Right: true, Drop: 1}, {Name: "peak memory", Right: true}}}
	add := func(name string, u results.Usage, perMillion float64) {
		if u == (results.Usage{}) {
			return
		}
		row := []sheet.Cell{sheet.Text(name), sheet.Text(strconv.FormatFloat(u.CPUS, 'f', 2, 64)), sheet.Nothing(), sheet.Nothing()}
		if perMillion > 0 {
			row[2] = sheet.Text(strconv.FormatFloat(perMillion, 'f', 2, 64) + " s")
		}
		if u.RSSMaxBytes > 0 {
			row[3] = sheet.Text(results.FormatBytes(float64(u.RSSMaxBytes)))
		}
		t.Rows = append(t.Rows, row)
	}
	per := func(u results.Usage) float64 {
		if rec.Load.Spans < costSpansMin {
			return 0
		}
		return u.CPUS / float64(rec.Load.Spans) * 1e6
	}
	add("target", rec.Resources.Target.Usage, targetCost(rec))
	if said := within(&rec.Resources.Target); said != "" && len(t.Rows) > 0 {
		t.Notes = append(t.Notes, "target: "+said)
	}
	add("generator", rec.Resources.Generator, per(rec.Resources.Generator))
	add("intake", rec.Resources.Intake, per(rec.Resources.Intake))
	if said := besides(&rec.Resources); said != "" && len(t.Rows) > 0 {
		t.Notes = append(t.Notes, said)
	}
	return t
}

// besides says what else the machine did during the load.
func besides(r *results.Resources) string {
	m, all := r.Machine, r.Machine.All()
	if all == 0 {
		return ""
	}
	// What the system counts in ticks is not known more precisely.
	share := func(s float64) string { return strconv.FormatFloat(100*s/all, 'f', 0, 64) + "%" }
	said := "machine, during the load: " + share(m.CPUS) + " busy, " + share(m.OthersCPUS) + " with other programs"
	if r.Target.CPUS == 0 {
		said += " (the target may be among them)"
	}
	if m.StolenCPUS > 0 {
		said += "; " + results.FormatPercent(m.StolenCPUS, all) + " taken by its host (steal)"
	}
	return said
}

// within says what a target had and did inside, as far as that was told.
func within(u *results.TargetUsage) string {
	var parts []string
	if u.ThreadsMax > 0 {
		parts = append(parts, "at most "+results.FormatCount(u.ThreadsMax)+" "+sheet.Plural(u.ThreadsMax, "thread"))
	}
	if u.FDsMax > 0 {
		parts = append(parts, "at most "+results.FormatCount(u.FDsMax)+" open file "+sheet.Plural(u.FDsMax, "descriptor"))
	}
	if u.GCCount > 0 {
		parts = append(parts, "garbage collected "+results.FormatCount(u.GCCount)+" "+sheet.Plural(u.GCCount, "time")+", "+results.FormatDuration(u.GCPauseTotalS*1e9)+" of pauses in all")
	}
	return strings.Join(parts, "; ")
}

// costSpansMin is how many spans it takes to speak of the cost of one: with
// fewer, starting up is most of it.
const costSpansMin = 10_000

// targetCost is the target's CPU seconds per million spans; 0: too few spans to tell.
func targetCost(rec *results.Record) float64 {
	spans := 0.0
	for _, p := range rec.Phases {
		if !p.Discarded {
			spans += p.SpansPerS * (p.EndS - p.StartS)
		}
	}
	if spans < costSpansMin-0.5 {
		return 0
	}
	return rec.Resources.Target.CPUSPerMillionSpans
}
