package procedures

import (
	"strconv"
	"strings"

	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

// atTable is the target at the answer.
func atTable(c *results.Capacity) sheet.Table {
	t := sheet.Table{Title: "At the answer", Caption: "the target there: medians over the probes that passed", Place: sheet.First, Columns: []sheet.Column{
		{Name: c.Counts(), Right: true}, {Name: "CPU cores", Right: true, Drop: 1}, {Name: "CPU s per million spans", Right: true, Drop: 2}, {Name: "peak memory", Right: true, Drop: 4},
		{Name: "response p50", Right: true, Drop: 3}, {Name: "response p99", Right: true},
	}}
	if a := c.At; a != nil {
		t.Rows = [][]sheet.Cell{{
			sheet.Text(results.FormatRate(c.Answer()), sheet.Strong), filled(a.CPUCores, digits), filled(a.CPUSPerMillionSpans, digits), filled(a.RSSMaxBytes, results.FormatBytes),
			filled(a.ResponseP50NS, results.FormatDuration), filled(a.ResponseP99NS, results.FormatDuration),
		}}
	}
	return t
}

// rateTable is what was decided about each rate.
func rateTable(c *results.Capacity) sheet.Table {
	t := sheet.Table{Title: "Rates", Caption: "what was decided about each rate, by all of its probes", Columns: []sheet.Column{
		{Name: c.Counts(), Right: true}, {Name: "passed", Right: true}, {Name: "failed", Right: true}, {Name: "decided"}, {Drop: 9},
	}}
	for i, r := range c.Rates {
		if i == sheet.RowsMax {
			t.Notes = append(t.Notes, sheet.AndMore(len(c.Rates)-i, "rate"))
			break
		}
		verdict, mark := sheet.Text(r.Verdict), sheet.Text("")
		switch r.Verdict {
		case results.RateHolds:
			verdict.Tone = sheet.Good
		case results.RateBreaks:
			verdict.Tone = sheet.Bad
		case results.RateEdge:
			verdict = sheet.Text("edge: some pass and some fail", sheet.Warn)
		case results.RateUndecided:
			verdict = sheet.Text("undecided: too few probes", sheet.Dim)
		case results.RateGenerator:
			verdict = sheet.Text("the generator was the limit", sheet.Warn)
		}
		switch {
		case c.Answered && r.RatePerS == c.Answer():
			mark = sheet.Text("← the answer", sheet.Strong)
		case c.High > 0 && r.RatePerS == c.High:
			mark = sheet.Text("← the interval's upper end", sheet.Dim)
		case c.Answered && r.RatePerS == c.Low:
			mark = sheet.Text("← the interval's lower end", sheet.Dim)
		}
		t.Rows = append(t.Rows, []sheet.Cell{sheet.Text(results.FormatRate(r.RatePerS)), sheet.Number(uint64(max(r.Passed, 0))), sheet.Number(uint64(max(r.Failed, 0))), verdict, mark})
	}
	return t
}

// probeTable is each probe, in the order of time.
func probeTable(c *results.Capacity) sheet.Table {
	t := sheet.Table{Title: "Probes", Caption: "in the order of time; rate and delivered in " + c.Counts() + ", accepted in traces/s; response time p50 and p99; CPU in cores", Place: sheet.Wide, Detail: true, Columns: []sheet.Column{
		{Name: "#", Right: true, Drop: 6}, {Name: "at", Right: true, Drop: 8}, {Name: "rate", Right: true}, {Name: "purpose", Drop: 7}, {Name: "outcome"}, {Name: "what broke", Drop: 1},
		{Name: "delivered", Right: true, Drop: 2}, {Name: "accepted", Right: true, Drop: 4}, {Name: "p50", Right: true, Drop: 5}, {Name: "p99", Right: true},
		{Name: "CPU", Right: true, Drop: 3}, {Name: "record", Drop: 9},
	}}
	broke := false
	for i := range c.Probes {
		if i == sheet.RowsMax {
			t.Notes = append(t.Notes, sheet.AndMore(len(c.Probes)-i, "probe"))
			break
		}
		p := &c.Probes[i]
		broke = broke || len(p.Broke) > 0
		t.Rows = append(t.Rows, []sheet.Cell{
			sheet.Text(strconv.Itoa(i+1), sheet.Dim), sheet.Text(seconds(p.AtS), sheet.Dim), sheet.Text(results.FormatRate(p.RatePerS)), sheet.Text(p.Purpose, sheet.Dim), outcomeCell(p.Outcome),
			sheet.Text(strings.Join(p.Broke, ", "), sheet.Dim), filled(p.DeliveredPerS, results.FormatRate), filled(p.AcceptedPerS, results.FormatRate),
			quantileCell(&p.ResponseTime, p.ResponseTime.P50), quantileCell(&p.ResponseTime, p.ResponseTime.P99), filled(p.CPUCores, digits), sheet.Text(p.Record, sheet.Dim),
		})
		if t.Hint == "" && p.Outcome == results.ProbeFailed && p.Record != "" {
			t.Hint = "spanstorm report RECORD/" + sheet.Clean(p.Record)
		}
	}
	return t.Without(func(_ int, column sheet.Column) bool { return column.Name == "what broke" && !broke })
}

func outcomeCell(outcome string) sheet.Cell {
	switch outcome {
	case results.ProbePassed:
		return sheet.Text("✓ passed", sheet.Good)
	case results.ProbeFailed:
		return sheet.Text("✗ failed", sheet.Bad)
	case results.ProbeGenerator:
		return sheet.Text("! generator", sheet.Warn)
	case results.ProbeBroken:
		return sheet.Text("! not made", sheet.Warn)
	}
	return sheet.Text(outcome)
}

func quantileCell(q *results.Quantiles, ns int64) sheet.Cell {
	if q.Count == 0 {
		return sheet.Nothing()
	}
	return sheet.Duration(ns)
}
