package results

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestImbalances(t *testing.T) {
	if got := sample().Ledger.Imbalances(); len(got) > 0 {
		t.Errorf("an account that holds: %v", got)
	}
	edited := sample().Ledger
	edited.Delivered.Traces = 1500
	edited.Missing.Spans = 0
	want := []string{
		"traces sent are 2,000, but delivered, refused and unanswered come to 1,530: 470 fewer",
		"traces delivered are 1,500, but accepted, sampled out, dropped and missing come to 1,970: 470 more",
		"spans delivered are 15,760, but accepted, sampled out, dropped and missing come to 15,680: 80 fewer",
	}
	if diff := cmp.Diff(want, edited.Imbalances()); diff != "" {
		t.Error(diff)
	}
}

// Whatever the figures, sums that are made of their parts hold, and one trace
// or span more anywhere is noticed.
func TestImbalancesNoticeEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		count := func(name string) Count {
			return Count{Traces: rapid.Uint64Range(0, 1e9).Draw(t, name), Spans: rapid.Uint64Range(0, 1e9).Draw(t, name+" spans")}
		}
		a := Account{Refused: count("refused"), Unanswered: count("unanswered"), Accepted: count("accepted"), SampledOut: count("sampled out"), Dropped: count("dropped"), Missing: count("missing")}
		a.Delivered = a.Accepted.Plus(a.SampledOut).Plus(a.Dropped).Plus(a.Missing)
		a.Sent = a.Delivered.Plus(a.Refused).Plus(a.Unanswered)
		if got := a.Imbalances(); len(got) > 0 {
			t.Fatalf("sums of their parts: %v", got)
		}
		columns := []*Count{&a.Sent, &a.Delivered, &a.Refused, &a.Unanswered, &a.Accepted, &a.SampledOut, &a.Dropped, &a.Missing}
		c := rapid.SampledFrom(columns).Draw(t, "column")
		if rapid.Bool().Draw(t, "of spans") {
			c.Spans++
		} else {
			c.Traces++
		}
		if len(a.Imbalances()) == 0 {
			t.Fatal("one more was not noticed")
		}
	})
}
