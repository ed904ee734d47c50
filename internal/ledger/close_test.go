package ledger

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/results"
)

// checkSums holds both identities to the ledger, written out once more.
func checkSums(t *rapid.T, l results.Ledger) {
	parts := []results.Part{{Name: "total", Account: l.Account}}
	parts = append(append(append(parts, l.ByShape...), l.ByFault...), l.ByIncident...)
	for _, p := range parts {
		for _, unit := range []func(results.Count) uint64{
			func(c results.Count) uint64 { return c.Traces },
			func(c results.Count) uint64 { return c.Spans },
		} {
			if unit(p.Sent) != unit(p.Delivered)+unit(p.Refused)+unit(p.Unanswered) {
				t.Fatalf("%s: sent ≠ delivered + refused + unanswered: %+v", p.Name, p.Account)
			}
			if unit(p.Delivered) != unit(p.Accepted)+unit(p.SampledOut)+unit(p.Dropped)+unit(p.Missing) {
				t.Fatalf("%s: delivered ≠ accepted + sampled_out + dropped + missing: %+v", p.Name, p.Account)
			}
		}
	}
}

func TestCloseIsTheSumOfItsChunks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		w.claims = nil
		l, err := Close(w.sheet(t, w.arrivals(t)))
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, l)
		total, shapes, foreign := w.naive()
		if diff := cmp.Diff(total, l.Account); diff != "" {
			t.Fatalf("total (-want +got):\n%s", diff)
		}
		for _, p := range l.ByShape {
			if diff := cmp.Diff(*shapes[p.Name], p.Account); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", p.Name, diff)
			}
		}
		for i, p := range l.ByIncident {
			if diff := cmp.Diff(w.naiveIncident(i), p.Account); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", p.Name, diff)
			}
		}
		if len(l.ByIncident) != len(w.incidents) || (l.NoIncident != nil) != (len(w.incidents) > 0) {
			t.Fatalf("%d incidents and %+v outside of them, want %d", len(l.ByIncident), l.NoIncident, len(w.incidents))
		}
		if l.NoIncident != nil {
			if diff := cmp.Diff(w.naiveIncident(-1), *l.NoIncident); diff != "" {
				t.Fatalf("outside incidents (-want +got):\n%s", diff)
			}
		}
		lost := uint64(0)
		for _, n := range w.lost {
			lost += n
		}
		if lost != l.Missing.Traces+l.Dropped.Traces {
			t.Fatalf("%d traces were lost by request, %d are missing and %d dropped", lost, l.Missing.Traces, l.Dropped.Traces)
		}
		if l.Foreign != foreign {
			t.Fatalf("foreign: got %+v, want %+v", l.Foreign, foreign)
		}
		var out uint64
		sheet := w.sheet(t, w.arrivals(t))
		for seq, outcome := range w.outcomes {
			for _, c := range w.requests[seq] {
				if d, _ := sheet.Arrivals.Seen(c.Ordinal, int(c.Spans)); outcome.Delivered() && c.Kept() && d < uint64(c.Spans) {
					out++
				}
			}
		}
		if got := Outstanding(sheet.Outcomes, sheet.Arrivals, sheet.Describe); got != out {
			t.Fatalf("outstanding: got %d, want %d", got, out)
		}
	})
}

func TestClaimsExplainNoMoreThanThereIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := drawWorld(t)
		with := w.claims
		var arrivals *Arrivals
		if rapid.IntRange(0, 3).Draw(t, "intake") > 0 {
			arrivals = w.arrivals(t)
		}
		w.claims = nil
		before, err := Close(w.sheet(t, arrivals))
		if err != nil {
			t.Fatal(err)
		}
		w.claims = with
		after, err := Close(w.sheet(t, arrivals))
		if err != nil {
			t.Fatal(err)
		}
		checkSums(t, after)
		if after.Missing.Traces > before.Missing.Traces || after.Missing.Spans > before.Missing.Spans {
			t.Fatalf("claims made more go missing: %+v, %+v", before.Missing, after.Missing)
		}
		if arrivals != nil && after.Accepted != before.Accepted {
			t.Fatalf("claims changed what was seen: %+v, %+v", before.Accepted, after.Accepted)
		}
		var claimed float64
		spans := false // then chunks may have moved that only their spans were claimed of
		for i, c := range after.Claims {
			if c.Value != with[i].Value || c.Name != with[i].Name {
				t.Fatalf("claim %+v became %+v", with[i], c)
			}
			if c.Excess < 0 || c.Excess > c.Value {
				t.Fatalf("excess of %+v", c)
			}
			spans = spans || arrivals == nil && strings.Contains(c.Meaning, ".spans")
			if c.Meaning == "dropped" || (c.Meaning == "accepted" && arrivals == nil) {
				claimed += c.Value
			}
		}
		if moved := before.Missing.Traces - after.Missing.Traces; !spans && float64(moved) > claimed {
			t.Fatalf("%d chunks explained by claims of %v", moved, claimed)
		}
	})
}

// Two hundred chunks of 2 spans: 100 well-formed ones of shape a that all go
// missing but 90, and 100 of shape b with a fault.
func claimsWorld(faultMissing int, claims ...results.Claim) *world {
	w := &world{shapes: []string{"a", "b"}, faults: []string{"span-id-zero"}, first: []uint64{0}, lengths: []uint64{200},
		requests: map[uint64][]Chunk{}, outcomes: map[uint64]Outcome{}, whole: map[uint64]int{}, claims: claims}
	for seq := range uint64(200) {
		c := Chunk{Ordinal: seq << testChunkBits, Fault: NoFault, Spans: 2, Priority: 1, HasPriority: true}
		lost := seq >= 90
		if seq >= 100 {
			c.Shape, c.Fault = 1, 0
			lost = int(seq) < 100+faultMissing
		}
		if !lost {
			w.whole[c.Ordinal] = 1
		}
		w.requests[seq], w.outcomes[seq] = []Chunk{c}, 200
	}
	return w
}

func TestClaims(t *testing.T) {
	count := func(n uint64) results.Count { return results.Count{Traces: n, Spans: 2 * n} }
	zero := results.Claim{Source: "vars", Name: "receiver.TracesDropped.SpanIDZero", Meaning: "dropped"}
	value := func(c results.Claim, v float64) results.Claim { c.Value = v; return c }
	statsd := zero
	statsd.Source = "statsd"
	other := results.Claim{Source: "vars", Name: "queue_full", Meaning: "dropped"}
	tests := map[string]struct {
		claims           []results.Claim
		dropped, missing uint64
		droppedB         uint64 // of shape b
		droppedA         uint64
		excess           []float64
		examples         int // dropped
	}{
		"none":                  {missing: 30},
		"exactly the fault":     {claims: []results.Claim{value(zero, 20)}, dropped: 20, droppedB: 20, missing: 10, excess: []float64{0}, examples: 20},
		"part of the fault":     {claims: []results.Claim{value(zero, 5)}, dropped: 5, missing: 25, excess: []float64{0}},
		"the fault and more":    {claims: []results.Claim{value(zero, 24)}, dropped: 24, droppedB: 20, missing: 6, excess: []float64{0}, examples: 20},
		"more than there is":    {claims: []results.Claim{value(zero, 50)}, dropped: 30, droppedB: 20, droppedA: 10, missing: 0, excess: []float64{20}, examples: 20},
		"two sources, one word": {claims: []results.Claim{value(zero, 20), value(statsd, 17)}, dropped: 20, droppedB: 20, missing: 10, excess: []float64{0, 0}, examples: 20},
		"no fault for it":       {claims: []results.Claim{value(other, 4)}, dropped: 4, missing: 26, excess: []float64{0}},
		"specific comes first":  {claims: []results.Claim{value(other, 12), value(zero, 20)}, dropped: 30, droppedB: 20, droppedA: 10, missing: 0, excess: []float64{2, 0}, examples: 20},
		"fractions":             {claims: []results.Claim{value(zero, 19.7)}, dropped: 19, missing: 11, excess: []float64{0.7}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := claimsWorld(20, test.claims...)
			a := newArrivals(t)
			for o := range w.whole {
				a.AddWhole(o, 2)
			}
			l, err := Close(w.sheet(t, a))
			if err != nil {
				t.Fatal(err)
			}
			if l.Dropped != count(test.dropped) || l.Missing != count(test.missing) {
				t.Errorf("dropped %+v, missing %+v", l.Dropped, l.Missing)
			}
			if l.ByShape[0].Dropped != count(test.droppedA) || l.ByShape[1].Dropped != count(test.droppedB) {
				t.Errorf("dropped by shape: a %+v, b %+v", l.ByShape[0].Dropped, l.ByShape[1].Dropped)
			}
			for i, c := range l.Claims {
				if diff := c.Excess - test.excess[i]; diff > 1e-9 || diff < -1e-9 {
					t.Errorf("claim %d: excess %v, want %v", i, c.Excess, test.excess[i])
				}
			}
			if got := len(l.Examples.Dropped); got != test.examples {
				t.Errorf("%d examples of dropped, want %d", got, test.examples)
			}
			if want := min(int(test.missing), 20); test.examples+len(l.Examples.Missing) < want {
				t.Errorf("%d examples of missing", len(l.Examples.Missing))
			}
		})
	}
}

func TestWithoutAnIntakeTheClaimsFillTheColumns(t *testing.T) {
	w := claimsWorld(20,
		results.Claim{Source: "vars", Name: "PayloadAccepted", Meaning: "accepted", Value: 150},
		results.Claim{Source: "vars", Name: "TracesDropped.SpanIDZero", Meaning: "dropped", Value: 30})
	sheet := w.sheet(t, nil)
	sheet.Source = "vars"
	l, err := Close(sheet)
	if err != nil {
		t.Fatal(err)
	}
	if l.Source != "vars" || l.Accepted.Traces != 150 || l.Dropped.Traces != 30 || l.Missing.Traces != 20 {
		t.Errorf("accepted %+v, dropped %+v, missing %+v", l.Accepted, l.Dropped, l.Missing)
	}
}

func TestCloseRefusesASheetThatContradictsItself(t *testing.T) {
	good := func() Sheet { return claimsWorld(1).sheet(t, newArrivals(t)) }
	one := func(c Chunk) Describe { return func(dst []Chunk, _ uint64) []Chunk { return append(dst, c) } }
	tests := map[string]func(*Sheet){
		"no outcomes":  func(s *Sheet) { s.Outcomes = nil },
		"no describe":  func(s *Sheet) { s.Describe = nil },
		"shape":        func(s *Sheet) { s.Describe = one(Chunk{Shape: 2, Fault: NoFault, Spans: 1}) },
		"fault":        func(s *Sheet) { s.Describe = one(Chunk{Fault: 1, Spans: 1}) },
		"spans":        func(s *Sheet) { s.Describe = one(Chunk{Fault: NoFault, Spans: -1}) },
		"ordinals":     func(s *Sheet) { s.Describe = one(Chunk{Fault: NoFault, Spans: 1}) },
		"no such kind": func(s *Sheet) { s.Describe = one(Chunk{Fault: -2, Spans: 1}) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			s := good()
			spoil(&s)
			if _, err := Close(s); err == nil || errors.Is(err, ErrUnbalanced) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestVerifyFindsWhatDoesNotAddUp(t *testing.T) {
	l, err := Close(claimsWorld(20).sheet(t, newArrivals(t)))
	if err != nil {
		t.Fatal(err)
	}
	for i, column := range columns(&l.Account) {
		if i >= 8 {
			break // outside the sums
		}
		column.Spans++
		if verify(l) == nil {
			t.Errorf("column %d may be off by one", i)
		}
		column.Spans--
	}
	if err := verify(l); err != nil {
		t.Error(err)
	}
}

func TestExamplesAreSpreadOverTheRun(t *testing.T) {
	for _, n := range []uint64{1, 19, 20, 21, 41, 1000, 99_999} {
		var s sampler
		for i := range n {
			s.offer(i, Chunk{Ordinal: i})
		}
		got := spread(s.kept)
		if want := min(n, results.ExamplesMax); uint64(len(got)) < want*3/4 || len(got) > results.ExamplesMax {
			t.Fatalf("%d of %d", len(got), n)
		}
		for i, x := range got[1:] {
			if gap := x.seq - got[i].seq; x.seq <= got[i].seq || gap > n/5+1 {
				t.Errorf("of %d: %d follows %d", n, x.seq, got[i].seq)
			}
		}
		if lost := n - got[len(got)-1].seq; lost > n/5+1 {
			t.Errorf("of %d, the last is %d", n, got[len(got)-1].seq)
		}
	}
}

func TestExampleNamesAChunk(t *testing.T) {
	w := claimsWorld(1)
	a := newArrivals(t)
	for o := range w.whole {
		a.AddWhole(o, 2)
	}
	l, err := Close(w.sheet(t, a))
	if err != nil {
		t.Fatal(err)
	}
	got := l.Examples.Missing[len(l.Examples.Missing)-1]
	want := results.Example{
		Ordinal: 100 << testChunkBits, Seq: 100, TraceID: strconv.FormatUint(1e18+100<<testChunkBits, 10),
		Shape: "b", Fault: "span-id-zero", Spans: 2, SentAt: time.Unix(100, 0),
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestReason(t *testing.T) {
	for name, want := range map[string]string{
		"TracesDropped.SpanIDZero":              "span_id_zero",
		"receiver[0].TracesDropped.TraceIDZero": "trace_id_zero",
		"MSGPShortBytes":                        "msgp_short_bytes",
		"EOF":                                   "eof",
		`traces_dropped{reason="foreign_span"}`: "foreign_span",
		"traces_dropped|reason:decoding_error":  "decoding_error",
		"queue-full":                            "queue_full",
		"":                                      "",
		"spanstorm.receiver.traces.dropped.empty": "empty",
	} {
		if got := Reason(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
