package procedures

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

// metricTable sets the metrics of one target beside those of the first.
func metricTable(c *results.Comparison, label string) sheet.Table {
	a := labelA(c)
	t := sheet.Table{
		Title: "Metrics: " + sheet.Clean(label) + " against " + sheet.Clean(a), Place: sheet.First,
		Columns: []sheet.Column{
			{Name: "metric", Middle: true}, {Name: sheet.Clean(a), Right: true, Drop: 3}, {Name: "±", Right: true, Drop: 5}, {Name: sheet.Clean(label), Right: true, Drop: 2}, {Name: "±", Right: true, Drop: 5},
			{Name: sheet.Clean(label + " vs " + a), Right: true}, {Name: "interval", Right: true, Drop: 1}, {Name: "p", Right: true, Drop: 6}, {Name: "n", Right: true, Drop: 7}, {Name: "verdict"}, {Name: "rounds", Drop: 4},
		},
	}
	unbounded, uneven, needed, n := false, false, false, -1
	for i := range c.Metrics {
		m := &c.Metrics[i]
		if m.Target != label {
			continue
		}
		if len(t.Rows) == sheet.RowsMax {
			t.Notes = append(t.Notes, "more metrics are in the record")
			break
		}
		unbounded = unbounded || !m.Bounded
		uneven, n = uneven || n >= 0 && n != m.N, max(n, m.N)
		verdict, p := verdictCell(m), sheet.Nothing()
		if tested(m) {
			p = sheet.Text(pValue(m.P))
		}
		rounds := sheet.Text(roundsNeeded(m), sheet.Dim)
		needed = needed || rounds.Text != ""
		t.Rows = append(t.Rows, []sheet.Cell{
			sheet.Text(m.Name), median(m, m.A), spread(m, m.ASpread), median(m, m.B), spread(m, m.BSpread), sheet.Text(change(m), verdict.Tone),
			intervalCell(m), p, sheet.Text(strconv.Itoa(m.N)), verdict, rounds,
		})
	}
	t.Caption = "medians over the rounds"
	if n > 0 && !uneven {
		t.Caption += " (n=" + strconv.Itoa(n) + ")"
	}
	t.Caption += " ± half the width of their own 95% intervals; ~: no difference, or none that is certain"
	if needed {
		t.Caption += "; rounds: how many would probably decide"
	}
	if unbounded {
		t.Notes = append(t.Notes, "∞: too few rounds for an interval")
	}
	return t.Without(func(_ int, column sheet.Column) bool {
		return column.Name == "n" && !uneven || column.Name == "rounds" && !needed
	})
}

func median(m *results.ComparedMetric, v float64) sheet.Cell {
	if m.N == 0 {
		return sheet.Nothing()
	}
	return sheet.Text(value(m.Unit, v))
}

// spread is half the width of a median's interval as a share of it, as benchstat writes it.
func spread(m *results.ComparedMetric, share float64) sheet.Cell {
	switch {
	case m.N == 0:
		return sheet.Nothing()
	case share > 0 && !math.IsInf(share, 0):
		return sheet.Text(strconv.FormatFloat(100*share, 'f', 0, 64)+"%", sheet.Dim)
	case m.Bounded && m.N > 1:
		return sheet.Text("0%", sheet.Dim)
	}
	return sheet.Text("∞", sheet.Dim)
}

// roundsNeeded is how many rounds would probably decide a metric; empty: it is decided, or
// nothing is known of that.
func roundsNeeded(m *results.ComparedMetric) string {
	switch {
	case m.Verdict != results.VerdictUndecided || m.N == 0:
		return ""
	case m.RoundsNeeded > 0:
		return "≈" + results.FormatCount(uint64(m.RoundsNeeded))
	case m.Bounded:
		return ">" + results.FormatCount(results.RoundsMost)
	}
	return ""
}

// value writes a figure in its unit.
func value(unit string, v float64) string {
	switch unit {
	case "ns":
		return results.FormatDuration(v)
	case "s":
		return digits(v) + " s"
	case "bytes":
		return results.FormatBytes(v)
	case "share":
		return results.FormatPercent(v, 1)
	case "":
		return digits(v)
	case "requests/s":
		return digits(v) + "/s"
	}
	return digits(v) + " " + unit
}

// isShare says that a metric is a share, of which differences are looked at and not ratios.
func isShare(m *results.ComparedMetric) bool { return m.Unit == "share" }

// change is the estimate of the difference; a tilde where there is none, or none that is certain.
func change(m *results.ComparedMetric) string {
	if m.Verdict == results.VerdictSame || m.Verdict == results.VerdictUndecided {
		return "~"
	}
	return estimate(m)
}

func estimate(m *results.ComparedMetric) string {
	if isShare(m) {
		return points(m.Difference, true)
	}
	return ratio(m.Ratio, inTimes(m))
}

// timesFrom is the ratio from which on one is written as such: ×12 says more than +1100%.
const timesFrom = 10.995

// inTimes says that an estimate and its interval are written as ratios.
func inTimes(m *results.ComparedMetric) bool {
	return m.Ratio >= timesFrom || m.Bounded && m.RatioHigh >= timesFrom && !math.IsInf(m.RatioHigh, 0)
}

// ratio writes a ratio as the change in percent, or in times.
func ratio(r float64, times bool) string {
	p := 100 * (r - 1)
	switch {
	case math.IsNaN(p) || math.IsInf(p, 0) || r <= 0:
		return "–"
	case times:
		return "×" + digits(r)
	case math.Abs(p) >= 99.95:
		return fmt.Sprintf("%+.0f%%", p)
	case math.Abs(p) < 0.05:
		return "0.0%"
	}
	return fmt.Sprintf("%+.1f%%", p)
}

// points writes a share as percentage points.
func points(share float64, signed bool) string {
	if math.IsNaN(share) || math.IsInf(share, 0) {
		return "–"
	}
	p := 100 * share
	places := 2
	if p != 0 && math.Abs(p) < 0.1 {
		places = 4
	}
	s := strings.TrimRight(strings.TrimRight(strconv.FormatFloat(math.Abs(p), 'f', places, 64), "0"), ".")
	sign := ""
	switch {
	case s == "0":
	case p < 0:
		sign = "-"
	case signed:
		sign = "+"
	}
	return sign + s + "pp"
}

// intervalCell is the interval of the change.
func intervalCell(m *results.ComparedMetric) sheet.Cell {
	switch {
	case !m.Bounded:
		return sheet.Nothing()
	case isShare(m):
		return sheet.Text(strings.TrimSuffix(points(m.DifferenceLow, true), "pp") + " to " + points(m.DifferenceHigh, true))
	}
	times := inTimes(m)
	return sheet.Text(strings.TrimSuffix(ratio(m.RatioLow, times), "%") + " to " + ratio(m.RatioHigh, times))
}

// tested says that p is one of a test: of one value beside another it is 1, whatever they are.
func tested(m *results.ComparedMetric) bool {
	return m.N > 1 && !math.IsNaN(m.P) && (m.Bounded || m.P > 0)
}

// pValue writes a p value to three digits, and never as the 0 that it is not.
func pValue(p float64) string {
	if p < 0.0005 {
		return "0.000"
	}
	return strconv.FormatFloat(p, 'f', 3, 64)
}

func verdictCell(m *results.ComparedMetric) sheet.Cell {
	switch m.Verdict {
	case results.VerdictBetter:
		return sheet.Text("better", sheet.Good)
	case results.VerdictWorse:
		return sheet.Text("worse", sheet.Bad)
	case results.VerdictSame:
		return sheet.Text("same", sheet.Dim)
	case results.VerdictUndecided:
		if m.N == 0 {
			return sheet.Text("not measured", sheet.Warn)
		}
		return sheet.Text("undecided", sheet.Warn)
	}
	return sheet.Text(m.Verdict)
}

// behaviourTable is what targets did differently.
func behaviourTable(c *results.Comparison) sheet.Table {
	a := sheet.Clean(labelA(c))
	all := bs(c)
	second := "b"
	if len(all) > 0 {
		second = sheet.Clean(all[0])
	}
	t := sheet.Table{Title: "Behaviour", Caption: "what targets did differently with the same requests", Place: sheet.Wide, Columns: []sheet.Column{
		{Name: "of"}, {Name: "kind", Drop: 2}, {Name: "subject"}, {Name: a}, {Name: second}, {Name: "example", Drop: 1},
	}}
	if len(all) > 1 {
		t.Columns[4].Name = "the other"
	}
	for i, b := range c.Behaviour {
		if i == sheet.RowsMax {
			t.Notes = append(t.Notes, sheet.AndMore(len(c.Behaviour)-i, "difference"))
			break
		}
		example := sheet.Nothing()
		if b.Record != "" {
			example = sheet.Text(fmt.Sprintf("request %d of %s", b.Seq, b.Record), sheet.Dim)
			if t.Hint == "" {
				t.Hint = fmt.Sprintf("spanstorm preview %s --payload %d", place(c, b.Record), b.Seq)
			}
		}
		t.Rows = append(t.Rows, []sheet.Cell{sheet.Text(b.Target), sheet.Text(b.Kind, sheet.Dim), sheet.Text(b.Subject), sheet.Text(b.A), sheet.Text(b.B), example})
	}
	if n := c.MoreBehaviour; n > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("and %s more %s, which the record does not list", results.FormatCount(uint64(n)), sheet.Plural(uint64(n), "difference")))
	}
	return t.Without(func(_ int, column sheet.Column) bool { return column.Name == "of" && len(all) < 2 })
}

// place is the path of a run's record: below that of the comparison, or, of a comparison
// of records on disk, as it was given.
func place(c *results.Comparison, record string) string {
	if c.Plan == nil {
		return sheet.Clean(record)
	}
	return "RECORD/" + sheet.Clean(record)
}

// lostRunTable is the runs that do not count.
func lostRunTable(c *results.Comparison) sheet.Table {
	t := sheet.Table{Title: "Runs that do not count", Caption: "the whole of their rounds is left out", Place: sheet.Wide, Columns: []sheet.Column{
		{Name: "round", Right: true}, {Name: "target"}, {Name: "why"}, {Name: "record", Drop: 1},
	}}
	for _, r := range c.Runs {
		if r.Problem == "" {
			continue
		}
		if len(t.Rows) == sheet.RowsMax {
			t.Notes = append(t.Notes, "more of them are in the record")
			break
		}
		t.Rows = append(t.Rows, []sheet.Cell{sheet.Text(strconv.Itoa(r.Round)), sheet.Text(r.Label), sheet.Text(r.Problem, sheet.Warn), sheet.Text(r.Record, sheet.Dim)})
	}
	return t
}

// comparisonCases are the comparison as a whole, each metric of each target, a failure
// where it is worse and skipped where it is undecided, and what they did differently,
// which does not fail.
func comparisonCases(rec *results.Record, v *sheet.Verdict) []sheet.Case {
	c := rec.Comparison
	whole := sheet.Case{Name: "the comparison is valid and complete", Out: v.Summary, Error: unfinished(rec, v)}
	if whole.Error == nil && c.Rounds == 0 {
		whole.Error = &sheet.Fault{Type: "no rounds", Message: v.Summary, Text: v.Summary}
	}
	all := []sheet.Case{whole}
	for i := range c.Metrics {
		m := &c.Metrics[i]
		figures := fmt.Sprintf("%s %s ± %s, %s %s ± %s", labelA(c), median(m, m.A).Text, spread(m, m.ASpread).Text, m.Target, median(m, m.B).Text, spread(m, m.BSpread).Text)
		if m.Bounded {
			figures += fmt.Sprintf(": %s (%s)", estimate(m), intervalCell(m).Text)
			if tested(m) {
				figures += ", p=" + pValue(m.P)
			}
		}
		figures = sheet.Clean(figures + " n=" + strconv.Itoa(m.N))
		one := sheet.Case{Name: sheet.Clean(m.Target + " against " + labelA(c) + ": " + m.Name), Out: figures}
		switch m.Verdict {
		case results.VerdictWorse:
			message := sheet.Clean(m.Target+" is worse in "+m.Name+": ") + figures
			one.Failure = &sheet.Fault{Type: "worse", Message: message, Text: message}
		case results.VerdictUndecided:
			one.Skipped = "not enough rounds"
			if n := roundsNeeded(m); n != "" {
				one.Skipped += ": " + n + " would probably do"
			}
		}
		all = append(all, one)
	}
	for _, b := range c.Behaviour {
		out := fmt.Sprintf("%s: %s\n%s: %s", labelA(c), sheet.Clean(b.A), sheet.Clean(b.Target), sheet.Clean(b.B))
		if b.Record != "" {
			out += fmt.Sprintf("\nspanstorm preview %s --payload %d", place(c, b.Record), b.Seq)
		}
		all = append(all, sheet.Case{Name: sheet.Clean(b.Target + " against " + labelA(c) + ": " + b.Kind + " of " + b.Subject + " differs"), Out: out})
	}
	return all
}
