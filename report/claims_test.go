package report

import (
	"strings"
	"testing"

	"github.com/spanstorm/spanstorm/report/internal/samples"
	"github.com/spanstorm/spanstorm/results"
)

// Counters that speak of no column are shown as long as they are few.
func TestClaimsOfNothing(t *testing.T) {
	rec := samples.Runs()["healthy"]
	for n, want := range map[int]int{othersMax: othersMax + 1, othersMax + 1: 1} {
		rec.Ledger.Claims = []results.Claim{{Name: "received", Meaning: "delivered", Value: 1, Seen: 1, Difference: new(0.0)}}
		for range n {
			rec.Ledger.Claims = append(rec.Ledger.Claims, results.Claim{Name: "goroutines", Meaning: "other", Value: 3})
		}
		table := claimTable(rec)
		if len(table.Rows) != want || (len(table.Notes) > 0) != (want == 1) {
			t.Errorf("of %d counters of no column: %d rows, notes %q", n, len(table.Rows), table.Notes)
		}
	}
}

// A counter that is off is a finding in every form of the report; one that a
// target is free to see differently is none.
func TestWrongClaims(t *testing.T) {
	off := func(v float64) *float64 { return &v }
	tests := map[string]struct {
		claim  results.Claim
		change func(*results.Record)
		want   string // empty: no finding
	}{
		"right":            {claim: results.Claim{Meaning: "delivered", Value: 9, Seen: 9, Difference: off(0)}},
		"of no column":     {claim: results.Claim{Meaning: "other", Value: 9}},
		"too many":         {claim: results.Claim{Meaning: "accepted.spans", Value: 1234, Seen: 1200, Difference: off(34)}, want: "says 1,234 spans accepted, and 1,200 were seen (+34)"},
		"too few":          {claim: results.Claim{Meaning: "refused.requests:429", Value: 2, Seen: 10, Difference: off(-8)}, want: "says 2 requests refused (429), and 10 were seen (−8)"},
		"lost on its way":  {claim: results.Claim{Source: "statsd", Meaning: "delivered", Value: 2, Seen: 10, Difference: off(-8)}, want: "(−8); statsd goes over UDP"},
		"taken, no answer": {claim: results.Claim{Meaning: "delivered", Value: 12, Seen: 9, Difference: off(3)}, change: func(r *results.Record) { r.Ledger.Unanswered.Traces = 3 }},
		"more than that":   {claim: results.Claim{Meaning: "delivered", Value: 13, Seen: 9, Difference: off(4)}, change: func(r *results.Record) { r.Ledger.Unanswered.Traces = 3 }, want: "(+4)"},
		"before a restart": {claim: results.Claim{Meaning: "accepted", Value: 2, Seen: 10, Difference: off(-8)}, change: func(r *results.Record) { r.Target.Restarts = make([]results.Restart, 1) }},
		"with a restart":   {claim: results.Claim{Meaning: "accepted", Value: 14, Seen: 10, Difference: off(4)}, change: func(r *results.Record) { r.Target.Restarts = make([]results.Restart, 1) }, want: "(+4)"},
		"interrupted":      {claim: results.Claim{Meaning: "delivered", Value: 2, Seen: 10, Difference: off(-8)}, change: func(r *results.Record) { r.Interrupted = true }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			rec := samples.Runs()["healthy"]
			test.claim.Name = "counter"
			rec.Ledger.Claims = []results.Claim{test.claim}
			if test.change != nil {
				test.change(rec)
			}
			said := wrongSaid(rec)
			if (said == "") != (test.want == "") || !strings.Contains(said, test.want) {
				t.Fatalf("said %q, want %q", said, test.want)
			}
			if test.want == "" {
				return
			}
			difference, _, _ := strings.Cut(test.want[strings.Index(test.want, "(")+1:], ")")
			if strings.Contains(test.want, "(429)") {
				difference = "−8"
			}
			var md strings.Builder
			if err := Markdown(&md, rec); err != nil {
				t.Fatal(err)
			}
			for form, out := range map[string]string{"terminal": terminal(t, rec, Options{Width: 160}), "page": asPage(t, rec), "Markdown": md.String()} {
				out = strings.ReplaceAll(out, "&#43;", "+")
				if !strings.Contains(out, "own counters are off") || strings.Count(out, difference) < 2 || !strings.Contains(out, "difference") {
					t.Errorf("the %s does not show it:\n%s", form, out)
				}
			}
		})
	}
}
