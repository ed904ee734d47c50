package ledger

import (
	"testing"

	"github.com/spanstorm/spanstorm/results"
)

// Every claim stands beside the figure that it speaks of, and says by how much it
// is off; those that share one figure share the difference, too.
func TestClaimsBesideWhatWasSeen(t *testing.T) {
	claim := func(name, meaning string, value float64) results.Claim {
		return results.Claim{Source: "vars", Name: name, Meaning: meaning, Value: value}
	}
	// 200 requests of one chunk of 2 spans: 3 refused with 400, 2 with 429, 1
	// unanswered, and of the other 194 came all but 24.
	w := claimsWorld(20,
		claim("received", "delivered", 194), claim("spans", "delivered.spans", 380), claim("payloads", "delivered.requests", 194),
		claim("busy", "refused.requests:429", 2),
		claim("undecodable", "refused:400", 1), claim("short", "refused:400", 1), claim("large", "refused:413", 0),
		claim("written", "accepted", 169),
		claim("lost", "dropped.spans:a", 30), claim("late", "dropped.spans:b", 25),
		claim("goroutines", "other", 7))
	for seq, out := range map[uint64]Outcome{190: 400, 191: 400, 192: 400, 193: 429, 194: 429, 195: Unanswered} {
		w.outcomes[seq] = out
		delete(w.whole, seq<<testChunkBits)
	}
	a := newArrivals(t)
	for o := range w.whole {
		a.AddWhole(o, 2)
	}
	l, err := Close(w.sheet(t, a))
	if err != nil {
		t.Fatal(err)
	}
	if l.Accepted.Traces != 164 || l.Missing.Spans != 60 {
		t.Fatalf("the world is not what it was to be: %+v", l.Account)
	}
	off := func(v float64) *float64 { return &v }
	want := map[string]struct {
		seen       float64
		difference *float64
	}{
		"received": {194, off(0)}, "spans": {388, off(-8)}, "payloads": {194, off(0)}, "busy": {2, off(0)},
		"undecodable": {1, off(0)}, "short": {2, off(-1)}, "large": {0, off(0)},
		"written": {164, off(5)},
		"lost":    {30, off(0)}, "late": {25, off(0)}, // 55 are within the 60 that are missing
		"goroutines": {0, nil},
	}
	for _, c := range l.Claims {
		w := want[c.Name]
		if c.Seen != w.seen || (c.Difference == nil) != (w.difference == nil) || c.Difference != nil && *c.Difference != *w.difference {
			t.Errorf("%s: seen %v, difference %v; want %v", c.Name, c.Seen, c.Difference, w)
		}
	}
}

// Without an intake, spans are exactly those that are claimed; of traces, where
// only spans are counted, the ledger has a bound.
func TestClaimedSpans(t *testing.T) {
	claim := func(name, meaning string, value float64) results.Claim {
		return results.Claim{Source: "vars", Name: name, Meaning: meaning, Value: value}
	}
	count := func(traces, spans uint64) results.Count { return results.Count{Traces: traces, Spans: spans} }
	tests := map[string]struct { // 200 chunks of 2 spans, and 100 of them with a fault
		claims                     []results.Claim
		accepted, dropped, missing results.Count
	}{
		"all, in spans":         {claims: []results.Claim{claim("sent", "accepted.spans", 400)}, accepted: count(200, 400)},
		"more than all":         {claims: []results.Claim{claim("sent", "accepted.spans", 500)}, accepted: count(200, 400)},
		"most, in spans":        {claims: []results.Claim{claim("sent", "accepted.spans", 393)}, accepted: count(197, 393), missing: count(3, 7)},
		"both":                  {claims: []results.Claim{claim("sent", "accepted", 190), claim("spans", "accepted.spans", 371)}, accepted: count(190, 371), missing: count(10, 29)},
		"drops in spans":        {claims: []results.Claim{claim("sent", "accepted.spans", 380), claim("failed", "dropped.spans:send_failed", 15)}, accepted: count(191, 380), dropped: count(7, 15), missing: count(2, 5)},
		"drops by fault":        {claims: []results.Claim{claim("sent", "accepted", 100), claim("dropped.span_id_zero", "dropped", 100), claim("spans", "dropped.spans", 200)}, accepted: count(100, 200), dropped: count(100, 200)},
		"a span dropped":        {claims: []results.Claim{claim("sent", "accepted.spans", 399), claim("failed", "dropped.spans:send_failed", 1)}, accepted: count(200, 399), dropped: count(0, 1)},
		"drops of both":         {claims: []results.Claim{claim("x.full", "dropped", 5), claim("spans", "dropped.spans", 13)}, dropped: count(5, 13), missing: count(195, 387)},
		"nothing":               {missing: count(200, 400)},
		"of nobody that counts": {claims: []results.Claim{{Source: "statsd", Name: "sent", Meaning: "accepted", Value: 200}}, missing: count(200, 400)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := claimsWorld(20, test.claims...)
			l, err := Close(w.sheet(t, nil))
			if err != nil {
				t.Fatal(err)
			}
			if l.Accepted != test.accepted || l.Dropped != test.dropped || l.Missing != test.missing {
				t.Errorf("accepted %+v, dropped %+v, missing %+v", l.Accepted, l.Dropped, l.Missing)
			}
			if l.Accepted.Traces > 0 && len(l.Examples.Missing) > 0 {
				t.Error("it names traces that are missing; counters do not say which")
			}
		})
	}
}

// What a claim has filled cannot be set beside it.
func TestClaimsAreNotTheirOwnWitness(t *testing.T) {
	w := claimsWorld(20, results.Claim{Source: "vars", Name: "written", Meaning: "accepted", Value: 150},
		results.Claim{Source: "vars", Name: "received", Meaning: "delivered", Value: 199})
	l, err := Close(w.sheet(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	if c := l.Claims[0]; c.Difference != nil || c.Seen != 0 {
		t.Errorf("claim %+v", c)
	}
	if c := l.Claims[1]; c.Difference == nil || *c.Difference != -1 {
		t.Errorf("claim %+v", c)
	}
}
