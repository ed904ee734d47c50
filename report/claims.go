package report

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

// claimTable sets each counter of the target beside what was seen of the same thing.
func claimTable(rec *results.Record) sheet.Table {
	t := sheet.Table{Title: "Claims of the target", Caption: "its own counters, set beside what was seen", Columns: []sheet.Column{
		{Name: "counter", Middle: true}, {Name: "from", Drop: 4}, {Name: "claimed", Right: true}, {Name: "speaks of", Drop: 2},
		{Name: "seen", Right: true, Drop: 1}, {Name: "difference", Right: true}, {Name: "excess", Right: true, Drop: 3},
	}}
	silent, beyond, others := 0, false, 0
	for _, c := range rec.Ledger.Claims {
		if c.Value != 0 && speaksOfNothing(&c) {
			others++
		}
	}
	for _, c := range rec.Ledger.Claims {
		if c.Value == 0 && c.Seen == 0 && c.Excess == 0 {
			silent++
			continue
		}
		if others > othersMax && speaksOfNothing(&c) {
			continue
		}
		seen, difference, excess := sheet.Nothing(), sheet.Nothing(), sheet.Nothing()
		// What nobody saw come out cannot be set beside what is claimed of it.
		if d := c.Difference; d != nil {
			tone := sheet.Good
			if wrong(rec, &c) {
				tone = sheet.Warn
			}
			seen, difference = sheet.Text(claimed(c.Seen)), sheet.Text(signed(*d), tone)
		} else if c.Excess > 0 {
			excess, beyond = sheet.Text(claimed(c.Excess), sheet.Warn), true
		}
		t.Rows = append(t.Rows, []sheet.Cell{sheet.Text(c.Name), sheet.Text(c.Source, sheet.Dim), sheet.Text(claimed(c.Value)), sheet.Text(cmp.Or(c.Meaning, "other"), sheet.Dim), seen, difference, excess})
	}
	if silent > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("%d more %s at 0", silent, sheet.Plural(uint64(silent), "counter")))
	}
	if others > othersMax && len(t.Rows) > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("%d more counters that speak of no column are in the record", others))
	}
	if beyond {
		t.Notes = append(t.Notes, "excess: claimed beyond what there was")
	}
	return t.Without(func(_ int, c sheet.Column) bool { return c.Name == "excess" && !beyond })
}

// othersMax is how many counters that speak of no column are shown; of more, none.
const othersMax = 8

func speaksOfNothing(c *results.Claim) bool { return c.Meaning == "other" || c.Meaning == "" }

// wrongClaims are the counters of the target that do not say what was seen, the
// one that is off by most first. Where the account was closed early, or what is
// seen is a claim itself, nothing can be held against a counter.
func wrongClaims(rec *results.Record) []results.Claim {
	if !rec.Complete || rec.Interrupted || rec.Target.Exit != nil {
		return nil
	}
	var out []results.Claim
	for _, c := range rec.Ledger.Claims {
		if wrong(rec, &c) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b results.Claim) int { return cmp.Compare(abs(*b.Difference), abs(*a.Difference)) })
	return out
}

// wrong says that a counter differs from what was seen, by more than a target is
// free to: it may well have taken a request that it did not answer, and whatever
// was sent twice it may count twice. What it had not told when it was started again,
// nobody heard of.
func wrong(rec *results.Record, c *results.Claim) bool {
	if c.Difference == nil || *c.Difference == 0 || *c.Difference < 0 && len(rec.Target.Restarts) > 0 {
		return false
	}
	l := &rec.Ledger
	column, unit, _ := strings.Cut(c.Meaning, ".")
	var free results.Count
	switch column {
	case "delivered":
		free = l.Unanswered.Plus(l.DuplicatedByRetry)
		if rec.Requests.Retried > 0 {
			free = l.Sent
		}
	case "accepted":
		free = l.AcceptedThoughRefused.Plus(l.AcceptedThoughUnanswered).Plus(l.Duplicated)
	}
	most := free.Traces
	switch unit {
	case "spans":
		most = free.Spans
	case "requests":
		most = rec.Requests.Errors.Total() + rec.Requests.Retried
	}
	if (column == "delivered" || column == "accepted") && *c.Difference > 0 {
		return *c.Difference > float64(most)
	}
	return true
}

// wrongSaid says of a target's counters that they are wrong; empty where none is.
func wrongSaid(rec *results.Record) string {
	list := wrongClaims(rec)
	if len(list) == 0 {
		return ""
	}
	c := &list[0]
	said := fmt.Sprintf("the target's own counters are off: %s says %s %s, and %s were seen (%s)",
		c.Name, claimed(c.Value), spelled(c.Meaning), claimed(c.Seen), signed(*c.Difference))
	if c.Source == results.SourceStatsD && *c.Difference < 0 {
		said += "; statsd goes over UDP, which may lose some"
	}
	if n := len(list) - 1; n > 0 {
		said += fmt.Sprintf("; and %d more %s, see claims", n, sheet.Plural(uint64(n), "counter"))
	}
	return said
}

// spelled says a meaning in words: "spans accepted", "requests refused (429)".
func spelled(meaning string) string {
	whole, reason, _ := strings.Cut(meaning, ":")
	column, unit, _ := strings.Cut(whole, ".")
	said := cmp.Or(unit, "traces") + " " + strings.ReplaceAll(column, "_", " ")
	if reason != "" {
		said += " (" + reason + ")"
	}
	return said
}

// claimed writes a counter of a target: whole numbers as such, others as rates.
func claimed(v float64) string {
	if v >= 0 && v < 1<<53 && v == float64(uint64(v)) {
		return results.FormatCount(uint64(v))
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

// signed writes a difference.
func signed(v float64) string {
	switch {
	case v > 0:
		return "+" + claimed(v)
	case v < 0:
		return "−" + claimed(-v)
	}
	return claimed(v)
}

func abs(v float64) float64 { return max(v, -v) }
