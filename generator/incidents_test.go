package generator

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/scenarios"
)

// outage is an incident of the shop's payments.
func outage() scenarios.Incident {
	return scenarios.Incident{Name: "outage", Operations: []string{"payments.*"}, ErrorRate: 0.6, Slowdown: 20}
}

func inOutage(t testing.TB, change func(*scenarios.Scenario)) *Corpus {
	s := shop()
	s.Incidents = []scenarios.Incident{outage()}
	change(s)
	c := compileOrFatal(t, s)
	c.Schedule([]Window{{From: 50, To: 100}, {From: 100, To: 120}, {From: 200, To: 300}})
	return c
}

// charges are the figures of the payments in some requests.
type charges struct {
	spans, failed, callers, callersFailed int
	workNS                                float64
}

func chargesOf(t testing.TB, c *Corpus, from, to uint64) (sum charges) {
	for seq := from; seq < to; seq++ {
		for i := range c.Chunks(nil, seq) {
			tree, err := c.Tree(seq, i)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range tree.Spans {
				switch s.Service {
				case "payments":
					sum.spans++
					sum.workNS += float64(s.Duration)
					if s.Error {
						sum.failed++
					}
				case "web":
					sum.callers++
					if s.Error {
						sum.callersFailed++
					}
				}
			}
		}
	}
	return sum
}

// In an incident its operations are as slow and fail as often as it says, errors
// rise and retries multiply calls.
func TestIncidentsShow(t *testing.T) {
	c := inOutage(t, func(*scenarios.Scenario) {})
	usual, outage := chargesOf(t, c, 120, 200), chargesOf(t, c, 200, 280)
	rate := func(a, b int) float64 { return float64(a) / float64(b) }
	if r := rate(outage.failed, outage.spans); r < 0.5 || r > 0.7 {
		t.Errorf("%.0f%% of payments fail, want 60%%", 100*r)
	}
	if slower := outage.workNS / float64(outage.spans) / usual.workNS * float64(usual.spans); slower < 8 || slower > 30 {
		t.Errorf("payments take %.1f times as long, want about 20 but for what they call", slower)
	}
	// One try and one retry both fail in 36 of 100; otherwise in one of 100.
	if a, b := rate(usual.callersFailed, usual.callers), rate(outage.callersFailed, outage.callers); b < a+0.2 {
		t.Errorf("%.0f%% of callers fail, and %.0f%% in the incident", 100*a, 100*b)
	}
	if a, b := rate(usual.spans, usual.callers), rate(outage.spans, outage.callers); b < 1.35*a {
		t.Errorf("%.2f payments a caller, and %.2f in the incident", a, b)
	}
}

// Before, between and after incidents, and in shapes that they do not touch,
// traces are what they are without.
func TestIncidentsEnd(t *testing.T) {
	with := inOutage(t, func(*scenarios.Scenario) {})
	without := compileOrFatal(t, shop())
	differ := 0
	for _, seq := range []uint64{0, 49, 50, 99, 100, 119, 120, 199, 200, 299, 300, 10_000} {
		inside := seq >= 50 && seq < 120 || seq >= 200 && seq < 300
		for i := range with.Chunks(nil, seq) {
			got, err := with.Tree(seq, i)
			if err != nil {
				t.Fatal(err)
			}
			want, err := without.Tree(seq, i)
			if err != nil {
				t.Fatal(err)
			}
			if same := cmp.Equal(want.Spans, got.Spans, cmpopts.EquateEmpty()); !same && (!inside || got.Shape != "checkout") {
				t.Fatalf("trace %d of request %d (%s) is another", i, seq, got.Shape)
			} else if !same {
				differ++
			}
			if got.Shape != want.Shape || got.Priority != want.Priority {
				t.Fatalf("trace %d of request %d is of %s with priority %d, was %s with %d", i, seq, got.Shape, got.Priority, want.Shape, want.Priority)
			}
		}
	}
	if differ < 20 {
		t.Errorf("%d traces differ in the incidents", differ)
	}
}

// Bodies, trees and what the ledger hears of them agree in incidents too.
func TestIncidentsRoundTrip(t *testing.T) {
	for _, api := range scenarios.APIs() {
		c := inOutage(t, func(s *scenarios.Scenario) { s.API, s.TracesPerRequest = api, constant(5) })
		key := identity.Key{3}
		composer, codec := c.Composer(key), identity.New(key, c.Layout())
		for _, seq := range []uint64{49, 50, 99, 100, 119, 120, 250} {
			got, want := readBack(t, c, composer.Append(nil, seq, someTime)), planned(t, c, codec, seq, someTime)
			if diff := difference(want, got); diff != "" {
				t.Fatalf("%s, request %d (-planned +decoded):\n%s", api, seq, diff)
			}
			compareChunks(t, c, codec, seq, got, composer.Traces(seq))
		}
	}
}
