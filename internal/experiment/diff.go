package experiment

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/internal/run"
	"github.com/spanstorm/spanstorm/internal/versus"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// DiffOptions say which records to compare.
type DiffOptions struct {
	Old, New string // a record each, or a folder of them
	// MinEffect is the least difference that is called one; 0: that of the comparison that left the
	// records, or [MinEffect].
	MinEffect float64
	// Metrics are the names of those that are judged; none: those that the comparison was made for, or all.
	Metrics []string
	// Force compares what is not comparable.
	Force bool
}

// NotComparableError says that records are not of the same experiment.
type NotComparableError struct{ Why []string }

func (e *NotComparableError) Error() string {
	return "the records are not comparable:\n  " + strings.Join(e.Why, "\n  ") + "\ncompare records of the same scenario, version of payloads and machine, or say --force"
}

// Diff compares records that are on disk. Records of one comparison are compared round by
// round, as it did itself, others as two heaps. The record that it returns lies nowhere.
func Diff(o DiffOptions) (*results.Record, error) {
	a, err := versus.ReadSide("a", o.Old)
	if err != nil {
		return nil, err
	}
	b, err := versus.ReadSide("b", o.New)
	if err != nil {
		return nil, err
	}
	var warnings []string
	if why := differences(a, b); len(why) > 0 {
		if !o.Force {
			return nil, &NotComparableError{why}
		}
		for _, w := range why {
			warnings = append(warnings, "compared by force though they differ in "+w)
		}
	}
	rec, locate, err := diffHead(a.Runs[0].Record)
	if err != nil {
		return nil, err
	}
	rec.Warnings = append(rec.Warnings, warnings...)
	options := versus.Options{Confidence: versus.Confidence, MinEffect: cmp.Or(o.MinEffect, MinEffect), Metrics: o.Metrics, Paired: versus.Together(a, b) != ""}
	if options.Paired {
		asPlanned(&options, o.MinEffect, comparisonOf(o.Old, versus.Together(a, b)))
		a.Target = targetOf(o.Old, a)
		b.Target = targetOf(o.New, b)
	}
	runs := diffRuns(a, b)
	valid := []versus.Side{counted(a, b, options.Paired), counted(b, a, options.Paired)}
	for i, side := range valid {
		if len(side.Runs) == 0 {
			return nil, fmt.Errorf("%s: no run of it counts: %s", []string{o.Old, o.New}[i], cmp.Or(runs[0].Problem, "no round has a run on both sides"))
		}
	}
	if missing := versus.Missing(valid, o.Metrics); len(missing) > 0 {
		return nil, fmt.Errorf("the records have no %s; leave it out of --metric", strings.Join(missing, ", "))
	}
	c := versus.Judge(valid, options)
	c.Looks = []results.Look{{Rounds: c.Rounds, Alpha: c.Alpha * float64(max(1, len(c.Metrics)))}}
	c.Behaviour, c.MoreBehaviour = versus.Bounded(versus.Behaviour(a, b, locate))
	c.Runs = runs
	rec.Comparison, rec.Complete = c, true
	var d disturbed
	for _, run := range slices.Concat(a.Runs, b.Runs) {
		d.add(run.Record)
	}
	d.warn(rec)
	return rec, nil
}

// differences are those between any record and the first.
func differences(a, b versus.Side) (why []string) {
	first := a.Runs[0].Record
	for _, r := range slices.Concat(a.Runs, b.Runs) {
		for _, w := range versus.Differences(first, r.Record) {
			if !slices.Contains(why, w) {
				why = append(why, w)
			}
		}
	}
	return why
}

// diffHead is a record with the scenario and the machine of another, and what finds its requests.
func diffHead(from *results.Record) (*results.Record, versus.Locate, error) {
	s, err := scenarios.Parse("the record's scenario", from.Scenario, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the record: %w", err)
	}
	rec, err := run.Blank(s)
	if err != nil {
		return nil, nil, err
	}
	var locate versus.Locate
	if rec.Fingerprint == from.Fingerprint {
		if locate, err = Locator(s); err != nil {
			return nil, nil, err
		}
	}
	rec.Fingerprint, rec.Machine, rec.Tool = from.Fingerprint, from.Machine, from.Tool
	rec.StartedAt, rec.EndedAt = from.StartedAt, from.EndedAt
	return rec, locate, nil
}

// problem says why a run does not count.
func problem(rec *results.Record) string {
	switch {
	case rec.Interrupted:
		return "it was interrupted"
	case !rec.Complete:
		return "it was cut off"
	case !rec.Valid:
		return strings.Join(rec.InvalidReasons, "; ")
	}
	return ""
}

func diffRuns(sides ...versus.Side) (runs []results.ComparedRun) {
	for _, s := range sides {
		for _, r := range s.Runs {
			runs = append(runs, results.ComparedRun{Round: r.Round, Label: s.Target.Label, Record: r.Path, Problem: problem(r.Record)})
		}
	}
	slices.SortStableFunc(runs, func(x, y results.ComparedRun) int { return len(y.Problem) - len(x.Problem) })
	return runs
}

// counted are the runs of a side that count: of pairs, those whose other half does too.
func counted(side, other versus.Side, paired bool) versus.Side {
	runs := side.Runs
	side.Runs = nil
	for _, r := range runs {
		mate := !paired || slices.ContainsFunc(other.Runs, func(o versus.Run) bool { return o.Round == r.Round && problem(o.Record) == "" })
		if problem(r.Record) == "" && mate {
			side.Runs = append(side.Runs, r)
		}
	}
	return side
}

// comparisonOf is the comparison whose folder an argument lies in, if it is that one.
func comparisonOf(arg, id string) *results.Comparison {
	for _, dir := range []string{filepath.Dir(filepath.Clean(arg)), filepath.Dir(filepath.Dir(filepath.Clean(arg)))} {
		if rec, err := results.Read(dir); err == nil && rec.Comparison != nil && rec.Comparison.Plan != nil && rec.Comparison.Plan.ID == id {
			return rec.Comparison
		}
	}
	return nil
}

// asPlanned judges as the comparison itself does at its last look: the looks before it count, whoever
// reads the figures now. Without the comparison, or its first look, nothing is known to be spent.
func asPlanned(o *versus.Options, minEffect float64, c *results.Comparison) {
	if c == nil {
		return
	}
	if minEffect == 0 {
		o.MinEffect = c.MinEffect
	}
	if len(o.Metrics) == 0 {
		o.Metrics = c.Plan.Metrics
	}
	if last := len(c.Looks) - 1; last >= 0 {
		pairs := float64(max(1, len(c.Targets)-1)) // they share it, and this is one of them
		o.Spend = c.Looks[last].Alpha / pairs
		o.Ahead = schedule{c.Plan.Rounds, c.Plan.BudgetS > 0}.ahead(last) / pairs
	}
}

// targetOf is the target of a side, as the comparison calls it.
func targetOf(arg string, side versus.Side) results.ComparedTarget {
	round := side.Runs[0].Record.Round
	if c := comparisonOf(arg, round.Comparison); c != nil {
		for _, t := range c.Targets {
			if t.Label == round.Label {
				t.Label = side.Target.Label
				return t
			}
		}
	}
	return side.Target
}
