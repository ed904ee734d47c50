package experiment

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"github.com/spanstorm/spanstorm/internal/target"
	"github.com/spanstorm/spanstorm/internal/versus"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// CompareOptions say what to compare.
type CompareOptions struct {
	Lab
	Scenario *scenarios.Scenario
	// Targets are two or more; the first is the one that the others are compared with. Their
	// labels, names and versions are filled in.
	Targets []results.ComparedTarget
	// Rounds is how many are made at least, unless all is decided before.
	Rounds int
	// Budget is the time within which more rounds are added where a metric is close; 0: none are.
	Budget    time.Duration
	MinEffect float64
	// Metrics are the names of those that are judged; none: all.
	Metrics []string
	// Capacity searches each target's capacity in each round, within Search.Budget each.
	Capacity bool
	Search   CapacitySettings
}

// RoundsDefault is the least number of rounds with which one interval can be told for some
// fifteen metrics, and a few to spare.
const RoundsDefault = 12

// MinEffect is the least difference that is called one, as a share, unless another is asked for.
const MinEffect = versus.MinEffect

// MetricCapacity is the name of the metric that takes searches.
const MetricCapacity = versus.MetricCapacity

// MetricNames are those of all metrics that can be judged, as reports list them.
func MetricNames() []string { return versus.MetricNames() }

// warmUpFor is how long the phase is that is put before a load without a discarded one.
const warmUpFor = 2 * time.Second

// scenarioFile is the scenario of the runs, beside the record of their procedure.
const scenarioFile = "scenario.json"

// Compare makes rounds until all is decided, or as many as are asked for, and leaves a record
// with the records of all runs below it: a/001, b/001, a/002, … An interrupted comparison has a
// record and no error.
func Compare(ctx context.Context, o CompareOptions) (*results.Record, error) {
	o.Scenario = withWarmUp(o.Scenario)
	var warnings []string
	for i := range o.Targets {
		t := &o.Targets[i]
		t.Label = string(rune('a' + i))
		spec, err := target.ParseSet(t.Target, t.Set)
		if err != nil {
			return nil, err
		}
		if !spec.Starts() {
			warnings = append(warnings, t.Label+" runs already: one process meets all rounds, so what one leaves in it is there in the next, and rounds are less independent of one another than intervals take them to be")
		}
	}
	rec, w, err := o.begin(o.Scenario)
	if err != nil {
		return nil, err
	}
	rec.Warnings = append(rec.Warnings, warnings...)
	c := &comparison{CompareOptions: o, writer: w, rec: rec, id: newID()}
	rec.Comparison = &results.Comparison{Targets: o.Targets, Plan: &results.ComparisonPlan{
		ID: c.id, Rounds: o.Rounds, BudgetS: o.Budget.Seconds(), Capacity: o.Capacity, Metrics: o.Metrics, Seed: o.Scenario.Seed,
		CapacityBudgetS: o.Search.Budget.Seconds(), CapacityHoldS: o.Search.Hold.Seconds(),
	}}
	return c.work(ctx)
}

// ResumeCompare goes on with a comparison that was interrupted, or cut off, as it was planned, but
// for another budget where one is given.
func ResumeCompare(ctx context.Context, lab Lab, budget time.Duration) (*results.Record, error) {
	rec, w, s, err := reopen(lab.Dir)
	if err != nil {
		return nil, err
	}
	if rec.Comparison == nil || rec.Comparison.Plan == nil {
		return nil, fmt.Errorf("resume %s: it is not the record of a comparison; give the folder that `spanstorm compare` wrote", lab.Dir)
	}
	p := rec.Comparison.Plan
	c := &comparison{
		CompareOptions: CompareOptions{
			Lab: lab, Scenario: s, Targets: rec.Comparison.Targets, Rounds: p.Rounds, Budget: seconds(p.BudgetS), MinEffect: rec.Comparison.MinEffect,
			Metrics: p.Metrics, Capacity: p.Capacity, Search: CapacitySettings{Budget: seconds(p.CapacityBudgetS), Hold: seconds(p.CapacityHoldS)},
		},
		writer: w, rec: rec, id: p.ID, spent: seconds(rec.Comparison.SpentS),
	}
	switch {
	case c.Budget > 0:
		if c.Budget, err = c.more(c.Budget, c.spent, budget, rec.Comparison.Exhausted); err != nil {
			return nil, err
		}
		p.BudgetS, rec.Comparison.Exhausted = c.Budget.Seconds(), false
	case budget > 0:
		return nil, fmt.Errorf("resume %s: it was planned with %d rounds and no budget, and what may be wrong of its intervals is spent on those; leave out --budget, or compare anew with it", lab.Dir, p.Rounds)
	}
	c.reread()
	return c.work(ctx)
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// comparison is the state of one.
type comparison struct {
	CompareOptions
	writer   *results.Writer
	rec      *results.Record
	id       string
	scenario string // its file
	length   time.Duration
	runs     []madeRun // all that were made, in the order of time
	looks    []results.Look
	spent    time.Duration // before this call
	began    time.Time
	failures int
	locate   versus.Locate
}

// madeRun is a run with its record.
type madeRun struct {
	results.ComparedRun
	versus.Run
}

// reread reads the records that an earlier call left. What is not whole is made again.
func (c *comparison) reread() {
	c.looks = c.rec.Comparison.Looks
	for _, r := range c.rec.Comparison.Runs {
		made, err := c.read(r)
		if err != nil {
			c.say("round %d of %s is made again: %v", r.Round, r.Label, err)
			continue
		}
		c.runs = append(c.runs, made)
	}
}

func (c *comparison) read(r results.ComparedRun) (madeRun, error) {
	dir := filepath.Join(c.Dir, r.Record)
	rec, err := results.Read(dir)
	if err != nil {
		return madeRun{}, err
	}
	if !rec.Complete || rec.Interrupted {
		return madeRun{}, errors.New("it was cut off")
	}
	return madeRun{r, versus.NewRun(r.Round, r.Record, dir, rec)}, nil
}

// work makes the rounds that are left, and closes the record.
func (c *comparison) work(ctx context.Context) (*results.Record, error) {
	c.began = time.Now()
	var err error
	if c.locate, err = Locator(c.Scenario); err != nil {
		return nil, err
	}
	for _, p := range c.Scenario.Load {
		c.length += time.Duration(p.For)
	}
	if c.scenario, err = writeScenario(c.writer, scenarioFile, c.Scenario); err != nil {
		return nil, err
	}
	c.judge(nil)
	if err := save(c.writer, c.rec); err != nil {
		return nil, err
	}
	err = c.rounds(ctx)
	var d disturbed
	for i := range c.runs {
		d.add(c.runs[i].Run.Record)
	}
	d.warn(c.rec)
	c.tellOfSearches()
	return c.rec, end(ctx, c.writer, c.rec, err)
}

// rounds makes one after the other until it is time to stop.
func (c *comparison) rounds(ctx context.Context) error {
	for round := 1; ; round++ {
		if why := c.spoilt(); why != "" {
			c.rec.Valid, c.rec.InvalidReasons = false, []string{why}
			c.judge(nil)
			return nil
		}
		if err := c.answerable(); err != nil {
			return err
		}
		if c.enough() {
			return nil
		}
		for _, i := range c.order(round) {
			if c.made(round, c.Targets[i].Label) {
				continue
			}
			if err := c.one(ctx, round, i); err != nil {
				return err
			}
		}
	}
}

// order is that of the targets in a round: drawn, each as probable as any other, so that
// whatever changes with time on this machine is no one's advantage.
func (c *comparison) order(round int) []int {
	return rand.New(rand.NewPCG(c.rec.Comparison.Plan.Seed, uint64(round))).Perm(len(c.Targets))
}

// key is that of a round: its runs send the same ids.
func (c *comparison) key(round int) string {
	r := rand.New(rand.NewPCG(c.rec.Comparison.Plan.Seed, 1<<32|uint64(round)))
	var key [16]byte
	for i := range key {
		key[i] = byte(r.Uint32())
	}
	return hex.EncodeToString(key[:])
}

func (c *comparison) made(round int, label string) bool {
	return slices.ContainsFunc(c.runs, func(r madeRun) bool { return r.ComparedRun.Round == round && r.Label == label })
}

// one makes one run of a round, and saves what there is.
func (c *comparison) one(ctx context.Context, round, i int) error {
	t := &c.Targets[i]
	made := results.ComparedRun{Round: round, Label: t.Label, Record: filepath.Join(t.Label, fmt.Sprintf("%03d", round))}
	c.say("round %d of %d: %s", round, c.planned(), t.Label)
	rec, err := c.do(ctx, order{
		scenario: c.scenario, target: t.Target, set: t.Set, out: made.Record, key: c.key(round), length: c.length,
		round: &results.Round{Comparison: c.id, Round: round, Label: t.Label},
	})
	if err != nil {
		return c.failed(ctx, made, err)
	}
	dir := filepath.Join(c.Dir, made.Record)
	if c.Capacity {
		if err := c.search(ctx, t, dir); err != nil {
			return c.failed(ctx, made, err)
		}
	}
	if t.Name = rec.Target.Name; rec.Target.Version != "" {
		t.Version = rec.Target.Version
	}
	made.Problem = problem(rec)
	run := madeRun{made, versus.NewRun(round, made.Record, dir, rec)}
	c.runs = append(c.runs, run)
	c.say("         %s: %s", t.Label, runLine(rec, made.Problem))
	c.judge(nil)
	return save(c.writer, c.rec)
}

// failed counts a run that could not be made; it is tried again with the next round's turn,
// unless the target has never been loaded: then it is likely not there, or not what it should be.
func (c *comparison) failed(ctx context.Context, made results.ComparedRun, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	first := !slices.ContainsFunc(c.runs, func(r madeRun) bool { return r.Label == made.Label })
	if c.failures++; c.failures >= failuresMost || !errors.Is(err, errRun) || first {
		return fmt.Errorf("round %d of %s: %w", made.Round, made.Label, err)
	}
	c.warn(fmt.Sprintf("round %d of %s could not be made, and does not count: %v", made.Round, made.Label, err))
	return save(c.writer, c.rec)
}

func (c *comparison) warn(text string) {
	if !slices.Contains(c.rec.Warnings, text) {
		c.rec.Warnings = append(c.rec.Warnings, text)
	}
}

// runLine says in a line how a run went.
func runLine(rec *results.Record, problem string) string {
	if problem != "" {
		return "does not count: " + problem
	}
	q, what := rec.Totals.ResponseTime, "response"
	if rec.ClosedLoop() {
		q, what = rec.Totals.ServiceTime, "service"
	}
	line := fmt.Sprintf("%s p50 %s, p99 %s", what, results.FormatDuration(float64(q.P50)), results.FormatDuration(float64(q.P99)))
	if l := &rec.Ledger; !l.AcceptanceUnknown() && l.Sent.Traces > 0 {
		line += ", accepted " + results.FormatPercent(float64(l.Accepted.Traces), float64(l.Sent.Traces))
	}
	if cpu := rec.Resources.Target.CPUSPerMillionSpans; cpu > 0 {
		line += fmt.Sprintf(", CPU %.3g s per million spans", cpu)
	}
	return line
}

// whole are the rounds in which the run of every target counts.
func (c *comparison) whole() (list []int) {
	good := map[int]int{}
	for _, r := range c.runs {
		if r.Problem == "" {
			good[r.ComparedRun.Round]++
		}
	}
	for round, n := range good {
		if n == len(c.Targets) {
			list = append(list, round)
		}
	}
	slices.Sort(list)
	return list
}

// sides are the runs by target: of the given rounds, or all of them.
func (c *comparison) sides(rounds []int, all bool) []versus.Side {
	sides := make([]versus.Side, len(c.Targets))
	for i, t := range c.Targets {
		sides[i].Target = t
		for _, r := range c.runs {
			if r.Label == t.Label && (all || slices.Contains(rounds, r.ComparedRun.Round)) {
				sides[i].Runs = append(sides[i].Runs, r.Run)
			}
		}
		slices.SortFunc(sides[i].Runs, func(a, b versus.Run) int { return cmp.Compare(a.Round, b.Round) })
	}
	return sides
}

// judge puts into the record what is known now. At a look that was planned, what it may spend
// is spent; in between, the figures are as at the next one.
func (c *comparison) judge(look *results.Look) {
	switch n := len(c.looks); {
	case look != nil:
		c.looks = append(c.looks, *look)
	case n > 0 && c.looks[n-1].Rounds == len(c.whole()):
		look = &c.looks[n-1] // that was one
	default:
		next := c.schedule().next(c.looks)
		look = &next
	}
	was := c.rec.Comparison
	found := versus.Judge(c.sides(c.whole(), false), versus.Options{
		Confidence: versus.Confidence, Spend: look.Alpha, Ahead: c.schedule().ahead(max(0, len(c.looks)-1)),
		MinEffect: c.MinEffect, Metrics: c.Metrics, Paired: true,
	})
	found.Plan, found.Looks, found.Exhausted = was.Plan, c.looks, was.Exhausted
	found.SpentS = (c.spent + time.Since(c.began)).Seconds()
	every := c.sides(nil, true)
	var behaviour []results.Behaviour
	for _, b := range every[1:] {
		behaviour = append(behaviour, versus.Behaviour(every[0], b, c.locate)...)
	}
	found.Behaviour, found.MoreBehaviour = versus.Bounded(behaviour)
	for _, r := range c.runs {
		found.Runs = append(found.Runs, r.ComparedRun)
	}
	c.rec.Comparison = found
}
