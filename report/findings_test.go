package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/report/internal/samples"
	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

func asPage(t *testing.T, rec *results.Record) string {
	t.Helper()
	var buf bytes.Buffer
	if err := HTML(&buf, rec); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// said finds the reason of a verdict that begins so, in all forms for people.
func said(t *testing.T, rec *results.Record, begin string) (sheet.Reason, bool) {
	t.Helper()
	for _, r := range judge(rec).Reasons {
		if !strings.HasPrefix(r.Text, begin) {
			continue
		}
		var md bytes.Buffer
		if err := Markdown(&md, rec); err != nil {
			t.Fatal(err)
		}
		for form, out := range map[string]string{"terminal": terminal(t, rec, Options{Width: 400}), "Markdown": md.String(), "page": asPage(t, rec)} {
			if !strings.Contains(out, r.Text[1:]) { // the page begins it with a capital
				t.Errorf("the %s does not say %q", form, r.Text)
			}
		}
		return r, true
	}
	return sheet.Reason{}, false
}

func TestSummary(t *testing.T) {
	count := func(n uint64) results.Count { return results.Count{Traces: n, Spans: 8 * n} }
	accepted := func(n uint64) results.Account {
		return results.Account{Sent: count(n), Delivered: count(n), Accepted: count(n)}
	}
	mixed := results.Account{Sent: count(100), Delivered: count(90), Refused: count(6), Unanswered: count(4), Accepted: count(87), Dropped: count(1), Missing: count(2)}
	tests := []struct {
		source  string
		account results.Account
		want    string
	}{
		{"intake", accepted(100), "every one of 100 traces was accepted"},
		{"intake", accepted(1), "the one trace was accepted"},
		{"intake", results.Account{Sent: count(1), Refused: count(1)}, "the one trace was not delivered"},
		{"intake", results.Account{Sent: count(1), Delivered: count(1), Missing: count(1)}, "0 of 1 trace accepted, 1 missing (100% of delivered)"},
		{"intake", results.Account{Sent: count(7), Refused: count(7)}, "none of 7 traces was delivered"},
		{"intake", mixed, "87 of 100 traces accepted, 6 refused, 4 unanswered, 1 dropped, 2 missing (2.2% of delivered)"},
		{"status", accepted(100), "every one of 100 traces was delivered; whether they were accepted is not known (no intake)"},
		{"status", accepted(1), "the one trace was delivered; whether it was accepted is not known (no intake)"},
		{"status", mixed, "90 of 100 traces delivered, 6 refused, 4 unanswered; whether they were accepted is not known (no intake)"},
		{"status", results.Account{Sent: count(7), Refused: count(7)}, "none of 7 traces was delivered"},
	}
	for _, tt := range tests {
		rec := &results.Record{Ledger: results.Ledger{Source: tt.source, Account: tt.account}}
		if got := summary(rec); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.source, got, tt.want)
		}
	}
	one := &results.Record{Requests: results.Requests{Sent: 1}}
	if got, want := summary(one), "1 request was sent; the account was not made"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Without an intake a report claims nothing about what came out of the target.
func TestNothingIsClaimedWithoutIntake(t *testing.T) {
	rec := samples.Runs()["blind"]
	want := []sheet.Figure{{Value: "97", Name: "traces sent", Tone: sheet.Plain}, {Value: "90.7%", Name: "of them delivered", Tone: sheet.Plain}, {Value: "–", Name: "accepted: no intake to see it", Tone: sheet.Plain}, {Value: "–", Name: "missing: not known", Tone: sheet.Plain}}
	if diff := cmp.Diff(want, figures(rec)[:4]); diff != "" {
		t.Error(diff)
	}
	for form, out := range map[string]string{"terminal": terminal(t, rec, Options{Width: 120}), "page": asPage(t, rec)} {
		if strings.Contains(out, "not drained") || strings.Contains(out, "upper bound") {
			t.Errorf("the %s gives a bound for what is not known", form)
		}
	}
	for _, row := range ledgerTable(rec).Rows {
		if strings.Contains(row[0].Text, "accepted") || strings.Contains(row[0].Text, "missing") {
			if row[1].Text != "–" || row[3].Text != "–" {
				t.Errorf("%s: %v", row[0].Text, row)
			}
		}
	}
}

func TestUnexpectedBodies(t *testing.T) {
	rec := samples.Runs()["second"]
	if _, ok := said(t, rec, "20 of 20 2xx"); ok {
		t.Error("bodies are as expected, yet a warning")
	}
	rec.Requests.UnexpectedBody = 20
	got, _ := said(t, rec, "20 of 20 2xx")
	want := sheet.Reason{Text: "20 of 20 2xx answers did not hold what API v0.4 answers: is this a trace agent?", Tone: sheet.Warn}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAccountThatDoesNotHold(t *testing.T) {
	rec := samples.Runs()["second"]
	rec.Ledger.Accepted.Traces -= 3
	rec.Ledger.ByShape[0].Missing.Spans++
	got, _ := said(t, rec, "the account does not hold")
	want := sheet.Reason{Text: "the account does not hold: traces delivered are 20, but accepted, sampled out, dropped and missing come to 17: 3 fewer", Tone: sheet.Bad}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, _ := said(t, rec, "the account of shape checkout does not hold"); got.Tone != sheet.Bad {
		t.Errorf("of the shape: %+v", got)
	}
	if v := judge(rec); v.Tone != sheet.Bad || v.Word != "NOT VALID" {
		t.Errorf("the verdict is %s", v.Word)
	}
	var buf bytes.Buffer
	if err := JUnit(&buf, rec); err != nil || !strings.Contains(buf.String(), "<error ") {
		t.Errorf("no error in the JUnit XML, %v", err)
	}
}

// However many parts do not hold, few lines say so.
func TestImbalancesAreBounded(t *testing.T) {
	rec := samples.Runs()["many"]
	for i := range rec.Ledger.ByShape {
		rec.Ledger.ByShape[i].Sent.Traces++
	}
	got := imbalances(rec)
	if len(got) != imbalancesMax+1 || got[imbalancesMax] != "34 more sums of the account do not hold" {
		t.Errorf("got %q", got)
	}
}

func TestSaturatedSaysHow(t *testing.T) {
	const lead = "saturated: the target could not keep up with the planned load"
	tests := []struct {
		requests results.Requests
		want     string
	}{
		{results.Requests{Planned: 600, Sent: 600, ByCode: map[string]uint64{"200": 204, "429": 396}}, "; 396 of 600 requests were refused with 429"},
		{results.Requests{Planned: 600, Sent: 500, Unsent: 100}, "; 100 of 600 requests were never sent"},
		{results.Requests{Planned: 600, Sent: 599, Unsent: 1, ByCode: map[string]uint64{"503": 9}}, "; 9 of 599 requests were refused with 503; 1 of 600 requests was never sent"},
		{results.Requests{Planned: 600, Sent: 600}, ""},
	}
	for _, tt := range tests {
		rec := &results.Record{Valid: true, Complete: true, Saturated: true, Requests: tt.requests}
		if got := judge(rec).Reasons[0].Text; got != lead+tt.want {
			t.Errorf("got %q, want %q", got, lead+tt.want)
		}
	}
}

// Of a closed loop nothing is said that needs a due time.
func TestClosedLoopFigures(t *testing.T) {
	rec := samples.Runs()["closed"]
	if rec.Totals.ResponseTime.Count == 0 {
		t.Fatal("the sample has no response times that could be shown by mistake")
	}
	if q, name := answerTime(rec); name != "service time" || q != rec.Totals.ServiceTime {
		t.Errorf("got the %s", name)
	}
	if out := asPage(t, rec); strings.Contains(out, "response time p99") || strings.Contains(out, "answer − due") {
		t.Error("the page speaks of response times")
	}
}

func TestServicesOnly(t *testing.T) {
	rec := samples.Runs()["services"]
	got := figures(rec)
	want := []sheet.Figure{{Value: "20", Name: "announcements sent", Tone: sheet.Plain}, {Value: "324µs", Name: "response time p50", Tone: sheet.Plain}, {Value: "697µs", Name: "response time p99", Tone: sheet.Plain}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if out := asPage(t, rec); !strings.Contains(out, "no traces were sent") {
		t.Error("the page does not say that no traces were sent")
	}
}

// The cost of a span shows from 10,000 spans on; the record keeps it in any case.
func TestCostNeedsSpans(t *testing.T) {
	for spans, want := range map[float64]float64{9_999: 0, 10_000: 5.25} {
		rec := samples.Runs()["healthy"]
		rec.Phases = []results.Phase{{Name: "warm-up", Discarded: true, StartS: 0, EndS: 3, SpansPerS: 1e6}, {Name: "hold", StartS: 3, EndS: 7, SpansPerS: spans / 4}}
		if got := targetCost(rec); got != want {
			t.Errorf("%g spans: %g, want %g", spans, got, want)
		}
		if shown := strings.Contains(asPage(t, rec), "5.25 s"); shown != (want > 0) {
			t.Errorf("%g spans: shown %v", spans, shown)
		}
		if rec.Resources.Target.CPUSPerMillionSpans != 5.25 {
			t.Error("the record has changed")
		}
	}
}

func TestTargetIsNamedOnce(t *testing.T) {
	for _, tt := range []struct{ name, version, url, want string }{
		{"embedded", "v0.1.0", "http://127.0.0.1:40613", "embedded v0.1.0 · http://127.0.0.1:40613"},
		{"http://127.0.0.1:8126", "", "http://127.0.0.1:8126", "http://127.0.0.1:8126"},
		{"http://127.0.0.1:8126/", "", "http://127.0.0.1:8126", "http://127.0.0.1:8126/"},
		{"127.0.0.1:8126", "", "http://127.0.0.1:8126", "http://127.0.0.1:8126"},
		{"127.0.0.1", "", "http://127.0.0.1:8126", "http://127.0.0.1:8126"},
		{"http://127.0.0.1:8126", "7.1", "http://127.0.0.1:8126", "http://127.0.0.1:8126 7.1"},
		{"agent", "", "", "agent"},
		{"http", "", "http://127.0.0.1:8126", "http · http://127.0.0.1:8126"},
	} {
		rec := &results.Record{Target: results.Target{Name: tt.name, Version: tt.version, URL: tt.url}}
		if got := facts(rec)[0].Value; got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

// Names that differ at their ends can be told apart when they are cut.
func TestLongShapeNames(t *testing.T) {
	out := terminal(t, samples.Runs()["many"], Options{Width: 60})
	for _, end := range []string{"-7 ", "-14 ", "-40 "} {
		if !regexp.MustCompile(`(?m)^  shape-[a-z-]*…?[a-z-]*` + end).MatchString(out) {
			t.Errorf("no shape ends in %q", end)
		}
	}
}

// A record may hold thousands of phases and shapes; a report stays readable.
func TestThousandsOfPhases(t *testing.T) {
	rec := thousands(5000)
	var buf bytes.Buffer
	if err := Markdown(&buf, rec); err != nil {
		t.Fatal(err)
	}
	for form, out := range map[string]string{"terminal": terminal(t, rec, Options{Width: 120}), "Markdown": buf.String(), "page": asPage(t, rec)} {
		for _, want := range []string{"nd 4,940 more phases", "nd 940 more shapes"} {
			if !strings.Contains(out, want) {
				t.Errorf("the %s does not say %q", form, want)
			}
		}
		// The scenario on the page would hold every phase, as its author wrote it.
		if n := strings.Count(out, "burst-"); n > 3*sheet.RowsMax {
			t.Errorf("the %s names %d phases", form, n)
		}
	}
}

func BenchmarkPageOfThousands(b *testing.B) {
	for _, n := range []int{10, 5000} {
		rec := thousands(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				var buf bytes.Buffer
				if err := HTML(&buf, rec); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// thousands is a record of many short phases and many shapes.
func thousands(phases int) *results.Record {
	rec := samples.Runs()["healthy"]
	rec.Scenario = json.RawMessage(`{"name":"bursts"}`)
	phase, second := rec.Phases[2], rec.Seconds[20]
	rec.Phases, rec.Seconds = nil, nil
	for i := range phases {
		p, s := phase, second
		p.Name, p.StartS, p.EndS = fmt.Sprintf("burst-%d", i), float64(i), float64(i+1)
		p.Discarded = i%2 == 0
		s.T, s.Phase = i, p.Name
		rec.Phases, rec.Seconds = append(rec.Phases, p), append(rec.Seconds, s)
	}
	for i := len(rec.Ledger.ByShape); i < 1000; i++ {
		rec.Ledger.ByShape = append(rec.Ledger.ByShape, results.Part{Name: fmt.Sprintf("shape-%d", i)})
	}
	return rec
}
