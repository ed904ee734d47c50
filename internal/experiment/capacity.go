package experiment

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/internal/stats"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// CapacityOptions say what to search the capacity of.
type CapacityOptions struct {
	Lab
	Scenario *scenarios.Scenario
	Target   string // as --target takes it
	Set      []string
	CapacitySettings
}

// CapacitySettings are how a capacity is searched. The zero value of each is the usual one; a warm-up
// below zero is none.
type CapacitySettings struct {
	// Budget bounds the time of the search; when it is over, the best answer so far is given.
	Budget time.Duration
	// Hold is the kept phase of a probe, Warm the discarded one before it.
	Hold, Warm time.Duration
	// Start is the first rate, in the unit of the search; 0: that of the scenario's first kept phase.
	Start float64
	// Precision is how near the rate that holds and the one that breaks are to come.
	Precision float64
	// OneTarget lets one target serve all probes, instead of a fresh one each.
	OneTarget bool
}

// The usual settings.
const (
	CapacityBudget    = 10 * time.Minute
	CapacityHold      = 10 * time.Second
	CapacityWarm      = 2 * time.Second
	CapacityPrecision = 0.025
)

// sequential is the test that decides about one rate: of the rates at which nine of ten probes
// pass, or fail, at most 5% are taken for the other kind on the way, and 1% of the two that are
// left in the end. Two more of a kind than of the other decide, or three; a rate with neither
// after the most probes is on the edge.
func sequential(strict bool) stats.Sequential {
	if strict {
		return stats.Sequential{PassLow: 0.1, PassHigh: 0.9, ErrHolds: 0.01, ErrBreaks: 0.01, Most: 11}
	}
	return stats.Sequential{PassLow: 0.1, PassHigh: 0.9, ErrHolds: 0.05, ErrBreaks: 0.05, Most: 7}
}

func (s CapacitySettings) searching(most float64) search {
	return search{start: s.Start, least: capacityLeast, most: most, precision: s.Precision, test: sequential(false), strict: sequential(true)}
}

func (s CapacitySettings) usual() CapacitySettings {
	orElse := func(d *time.Duration, usual time.Duration) {
		if *d == 0 {
			*d = usual
		}
	}
	orElse(&s.Budget, CapacityBudget)
	orElse(&s.Hold, CapacityHold)
	orElse(&s.Warm, CapacityWarm)
	s.Warm = max(0, s.Warm)
	if s.Precision == 0 {
		s.Precision = CapacityPrecision
	}
	return s
}

// What has to hold where a scenario expects nothing of it: that requests are taken, and that nothing is lost.
const (
	expectTaken = "delivered >= 99.9%"
	expectKept  = "missing <= 0.1%"
)

// ofTaking says that an expectation is broken by requests that are refused, or not answered.
func ofTaking(e results.Expectation) bool {
	switch e.Metric {
	case "delivered", "refused", "unanswered", "error_rate", "requests.delivered", "requests.errors":
		return true
	}
	return strings.HasPrefix(e.Metric, "requests.by_code.") || strings.HasPrefix(e.Metric, "requests.errors.")
}

// Capacity searches the highest rate at which all expectations hold, and leaves a record with
// the records of all probes below it, under probes. An interrupted search has a record and no error.
func Capacity(ctx context.Context, o CapacityOptions) (*results.Record, error) {
	o.CapacitySettings = o.usual()
	spec, err := o.spec(o.Target, o.Set)
	if err != nil {
		return nil, err
	}
	o.OneTarget = o.OneTarget || !spec.Starts()
	if flush := time.Duration(o.Scenario.Clients.FlushInterval); o.Hold < 2*flush {
		return nil, fmt.Errorf("the clients flush every %s, and a probe holds its rate for %s: hold it for %s or more, so that all of them flush twice", flush, o.Hold, 2*flush)
	}
	base, expect, dropped, err := probeScenario(o.Scenario)
	if err != nil {
		return nil, err
	}
	if o.Start == 0 {
		if o.Start, err = startRate(o.Scenario); err != nil {
			return nil, err
		}
	}
	o.Start = min(max(round(o.Start), capacityLeast), CapacityMost(o.Scenario))
	rec, w, err := o.begin(o.Scenario)
	if err != nil {
		return nil, err
	}
	test := sequential(true)
	rec.Target = results.Target{Name: o.Target, StderrTail: []string{}}
	rec.Warnings = append(rec.Warnings, dropped...)
	rec.Capacity = &results.Capacity{
		Unit: string(CapacityUnit(o.Scenario)), Target: o.Target, Set: o.Set, Expect: expect, Precision: o.Precision, HoldS: o.Hold.Seconds(), WarmS: o.Warm.Seconds(),
		StartPerS: o.Start, Warm: o.OneTarget, BudgetS: o.Budget.Seconds(),
		Errors: results.TestErrors{Holds: test.ErrHolds, Breaks: test.ErrBreaks, PassHigh: test.PassHigh, PassLow: test.PassLow},
	}
	c := &capacity{CapacityOptions: o, writer: w, rec: rec, base: base}
	return c.work(ctx)
}

// ResumeCapacity goes on with a search that was interrupted, or cut off, as it was planned. Where
// its budget had run out, it may spend as much again.
func ResumeCapacity(ctx context.Context, lab Lab, budget time.Duration) (*results.Record, error) {
	rec, w, s, err := reopen(lab.Dir)
	if err != nil {
		return nil, err
	}
	was := rec.Capacity
	if was == nil {
		return nil, fmt.Errorf("resume %s: it is not the record of a search; give the folder that `spanstorm capacity` wrote", lab.Dir)
	}
	if _, err := lab.spec(was.Target, was.Set); err != nil {
		return nil, fmt.Errorf("resume %s: %w", lab.Dir, err)
	}
	base, _, _, err := probeScenario(s)
	if err != nil {
		return nil, err
	}
	c := &capacity{
		CapacityOptions: CapacityOptions{Lab: lab, Scenario: s, Target: was.Target, Set: was.Set, CapacitySettings: CapacitySettings{
			Budget: seconds(was.BudgetS), Hold: seconds(was.HoldS), Warm: seconds(was.WarmS), Start: was.StartPerS, Precision: was.Precision, OneTarget: was.Warm,
		}},
		writer: w, rec: rec, base: base, spent: seconds(was.SpentS),
	}
	if c.Budget, err = c.more(c.Budget, c.spent, budget, was.Exhausted); err != nil {
		return nil, err
	}
	was.BudgetS, was.Exhausted = c.Budget.Seconds(), false
	return c.work(ctx)
}

// capacity is the state of a search.
type capacity struct {
	CapacityOptions
	writer   *results.Writer
	rec      *results.Record
	base     *scenarios.Scenario // of a probe, without its load
	spent    time.Duration       // before this call
	began    time.Time
	failures int
	shared   *shared // the one target of all probes; nil: each has its own
}

// probeScenario is what all probes have in common, what they expect, and a warning for each
// thing that a probe leaves out.
func probeScenario(s *scenarios.Scenario) (*scenarios.Scenario, []string, []string, error) {
	if len(s.Shapes) == 0 {
		return nil, nil, nil, fmt.Errorf("scenario %s sends no traces, so there is no capacity to search: give it shapes", s.Name)
	}
	base := *s
	var warnings []string
	if len(s.Events) > 0 || len(s.Incidents) > 0 {
		base.Events, base.Incidents = nil, nil
		warnings = append(warnings, "events and incidents of the scenario are left out of the probes: their times are those of its own load")
	}
	base.Expect = nil
	taking := false
	for _, text := range s.Expect {
		e, err := results.ParseExpectation(text)
		if err != nil {
			return nil, nil, nil, fmt.Errorf("scenario %s: %w", s.Name, err)
		}
		taking = taking || ofTaking(e)
		// A probe has one kept phase, whatever it is called in the scenario.
		text = strings.TrimPrefix(e.Text, e.Phase+".")
		if !slices.Contains(base.Expect, text) {
			base.Expect = append(base.Expect, text)
		}
	}
	switch {
	case len(base.Expect) == 0:
		base.Expect = []string{expectTaken, expectKept}
		warnings = append(warnings, "the scenario expects nothing, so what has to hold is: "+strings.Join(base.Expect, ", "))
	case !taking:
		base.Expect = append(base.Expect, expectTaken)
		warnings = append(warnings, "no expectation of the scenario is broken by requests that are refused, so this has to hold, too: "+expectTaken)
	}
	return &base, base.Expect, warnings, nil
}

// at is the scenario of a probe.
func (c *capacity) at(rate float64) *scenarios.Scenario {
	s := *c.base
	constant := func() *scenarios.Rate {
		q := scenarios.Quantity{PerS: rate, Unit: CapacityUnit(c.Scenario)}
		return &scenarios.Rate{From: q, To: q}
	}
	s.Load = []scenarios.Phase{{Name: "hold", Send: "traces", Rate: constant(), For: scenarios.Duration(c.Hold)}}
	if c.Warm > 0 {
		warm := scenarios.Phase{Name: "warm-up", Send: "traces", Rate: constant(), For: scenarios.Duration(c.Warm), Discard: true}
		s.Load = append([]scenarios.Phase{warm}, s.Load...)
	}
	return &s
}

// work probes until the search is over, and closes the record.
func (c *capacity) work(ctx context.Context) (*results.Record, error) {
	c.began = time.Now()
	if err := save(c.writer, c.rec); err != nil {
		return nil, err
	}
	err := c.search(ctx)
	if c.shared != nil {
		c.shared.stop()
	}
	c.sum(true)
	c.disturbances().warn(c.rec)
	return c.rec, end(ctx, c.writer, c.rec, err)
}

// disturbances counts the probes that had the machine not for themselves, those of earlier
// calls too.
func (c *capacity) disturbances() *disturbed {
	d := &disturbed{}
	for i := range c.rec.Capacity.Probes {
		if rec, err := results.Read(filepath.Join(c.Dir, c.rec.Capacity.Probes[i].Record)); err == nil {
			d.add(rec)
		}
	}
	return d
}

// CapacitySlack is what a probe takes beside its load, before there was one to judge by.
const CapacitySlack = 3 * time.Second

func (c *capacity) search(ctx context.Context) error {
	s := c.searching(CapacityMost(c.Scenario))
	longest := c.Hold + c.Warm + CapacitySlack
	for {
		rate, purpose, over := s.next(c.rec.Capacity.Probes)
		if over {
			return nil
		}
		began := time.Now()
		if c.spent+began.Sub(c.began)+longest > c.Budget {
			c.rec.Capacity.Exhausted = true
			c.say("the budget of %s is spent", c.Budget)
			return nil
		}
		if err := c.probe(ctx, rate, purpose); err != nil {
			return err
		}
		longest = max(longest, time.Since(began))
	}
}

// probe makes one run at a rate, and saves what there is.
func (c *capacity) probe(ctx context.Context, rate float64, purpose string) error {
	found := c.rec.Capacity
	name := fmt.Sprintf("%03d-%g", len(found.Probes)+1, rate)
	p := results.Probe{Record: filepath.Join("probes", name), RatePerS: rate, Purpose: purpose, AtS: (c.spent + time.Since(c.began)).Seconds()}
	file, err := writeScenario(c.writer, scenarioFile, c.at(rate))
	if err != nil {
		return err
	}
	o := order{scenario: file, target: c.Target, set: c.Set, out: p.Record, length: c.Hold + c.Warm}
	if c.OneTarget {
		if err := c.share(ctx, &o); err != nil {
			return err
		}
	}
	rec, err := c.do(ctx, o)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		if c.failures++; c.failures >= failuresMost || !errors.Is(err, errRun) || len(found.Probes) == 0 {
			return fmt.Errorf("probe at %g %s: %w", rate, found.Counts(), err)
		}
		p.Outcome, p.Broke = results.ProbeBroken, []string{err.Error()}
	default:
		if c.shared == nil || c.rec.Target.Version == "" {
			if c.rec.Target = rec.Target; c.shared != nil {
				c.rec.Target = c.shared.target.Info() // to the probe it ran already
			}
			c.rec.Target.Exit, c.rec.Target.StderrTail, c.rec.Target.Restarts = nil, []string{}, nil
		}
		c.readProbe(&p, rec)
	}
	found.Probes = append(found.Probes, p)
	c.say("%s %s  %-8s %s", results.FormatRate(rate), found.Counts(), purpose, probeLine(&p))
	c.sum(false)
	return save(c.writer, c.rec)
}
