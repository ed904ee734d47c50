package experiment

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/versus"
	"github.com/spanstorm/spanstorm/results"
)

// going is a comparison of which so many rounds were made, in which B is slower by a factor, and
// everything differs by chance.
func going(rounds, made int, budget, spent time.Duration, slower, chance float64) *comparison {
	c := &comparison{
		CompareOptions: CompareOptions{
			Rounds: rounds, Budget: budget, MinEffect: versus.MinEffect,
			Targets: []results.ComparedTarget{{Label: "a"}, {Label: "b"}},
		},
		rec: &results.Record{Valid: true, Comparison: &results.Comparison{Plan: &results.ComparisonPlan{}}}, spent: spent, began: time.Now(),
	}
	r := rand.New(rand.NewPCG(5, 6))
	for round := 1; round <= made; round++ {
		for _, t := range c.Targets {
			ns := 1e6 * math.Exp(chance*r.NormFloat64())
			if t.Label == "b" {
				ns *= slower
			}
			rec := &results.Record{Valid: true, Phases: []results.Phase{{Name: "hold"}}}
			rec.Totals.ResponseTime = results.Quantiles{Count: 100, P50: int64(ns)}
			c.runs = append(c.runs, madeRun{results.ComparedRun{Round: round, Label: t.Label}, versus.Run{Round: round, Record: rec}})
		}
	}
	return c
}

// A comparison ends as soon as all is decided, is gone on with while a metric is close and the
// budget lasts, and else ends when the rounds that were asked for are made.
func TestEnough(t *testing.T) {
	const hour = time.Hour
	for name, test := range map[string]struct {
		c         *comparison
		enough    bool
		looks     int
		exhausted bool
	}{
		"before the first look":                   {going(30, 11, 0, 0, 2, 0.01), false, 0, false},
		"decided at the first look, of 30 rounds": {going(30, 12, 0, 0, 2, 0.01), true, 1, false},
		"undecided at the first look":             {going(30, 12, 0, 0, 1.05, 0.1), false, 1, false},
		"as many as asked for":                    {going(12, 12, 0, 0, 1.05, 0.1), true, 1, false},
		"close, within the budget":                {going(12, 12, hour, time.Minute, 1.09, 0.06), false, 1, false},
		"close, but dear":                         {going(12, 12, hour, 50*time.Minute, 1.09, 0.06), true, 1, true},
		"hopeless":                                {going(12, 12, hour, time.Minute, 1.04, 0.05), true, 1, false},
		"between two looks, out of time":          {going(12, 13, hour, 58*time.Minute, 1.05, 0.1), true, 0, true},
	} {
		if name == "between two looks, out of time" {
			test.c.looks, test.looks = []results.Look{{Rounds: 12, Alpha: 0.025}}, 1
		}
		got := test.c.enough()
		if got != test.enough || len(test.c.looks) != test.looks || test.c.rec.Comparison.Exhausted != test.exhausted {
			t.Errorf("%s: enough %v, %d looks, exhausted %v; want %v, %d, %v", name, got, len(test.c.looks), test.c.rec.Comparison.Exhausted, test.enough, test.looks, test.exhausted)
		}
	}
}

// All looks together spend what may be spent and no more. The last that is planned has most of it, and no less
// than the suggestion of so many rounds counted on.
func TestSpends(t *testing.T) {
	const all = 1 - versus.Confidence
	for rounds := 1; rounds <= results.RoundsMost; rounds++ {
		s := schedule{rounds: rounds}
		sum, k := 0., 0
		for ; s.at(k) < rounds; k++ {
			sum += s.spends(k)
		}
		last := s.spends(k)
		if sum += last; math.Abs(sum-all) > 1e-12 || last < s.ahead(0)-1e-12 || s.at(k) != rounds {
			t.Fatalf("%d rounds: look %d, at %d, spends %g of %g in all", rounds, k, s.at(k), last, sum)
		}
		s.more = true
		sum = 0
		for k := range 40 {
			sum += s.spends(k)
		}
		if sum > all || s.ahead(0) != s.spends(1) {
			t.Fatalf("%d rounds and more: %g in all", rounds, sum)
		}
	}
}

// Rounds of which one run does not count are left out for all targets, and a comparison in which
// that is the rule is given up.
func TestSpoilt(t *testing.T) {
	c := going(12, 8, 0, 0, 1, 0.01)
	for i := range c.runs {
		if c.runs[i].Label == "b" && c.runs[i].ComparedRun.Round > 5 {
			c.runs[i].Problem = "the generator fell behind"
		}
	}
	if whole := c.whole(); len(whole) != 5 || c.spoilt() != "" {
		t.Errorf("whole %v, spoilt %q", whole, c.spoilt())
	}
	for i := range c.runs {
		if c.runs[i].Label == "a" && c.runs[i].ComparedRun.Round < 4 {
			c.runs[i].Problem = "the target died"
		}
	}
	if c.spoilt() == "" || len(c.whole()) != 2 {
		t.Errorf("whole %v, spoilt %q", c.whole(), c.spoilt())
	}
}

// The order of targets in rounds is drawn: each is first about as often, and not in turn; and it
// is the same again for the same seed.
func TestOrder(t *testing.T) {
	c := going(12, 0, 0, 0, 1, 0)
	first, changes := 0, 0
	last := -1
	for round := 1; round <= 400; round++ {
		order := c.order(round)
		if again := c.order(round); order[0] != again[0] || order[1] == order[0] {
			t.Fatalf("round %d: %v and %v", round, order, again)
		}
		if order[0] == 0 {
			first++
		}
		if order[0] != last {
			changes++
		}
		last = order[0]
	}
	if first < 160 || first > 240 || changes < 150 || changes > 250 {
		t.Errorf("A was first in %d of 400 rounds, and the order changed %d times", first, changes)
	}
	if again := c.key(1); c.key(1) == c.key(2) || c.key(1) != again || len(again) != 32 {
		t.Errorf("keys %s and %s", c.key(1), c.key(2))
	}
}
