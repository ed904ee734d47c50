package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spanstorm/spanstorm/internal/experiment"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// compareFlags are the flags of `compare` beside those of all procedures.
type compareFlags struct {
	a, b       targetFlag
	targets    []string
	rounds     int
	budget     time.Duration
	minEffect  float64
	failOn     []string
	metrics    []string
	capacity   bool
	perSearch  time.Duration
	searchHold time.Duration
}

func (a *app) compareCmd() *cobra.Command {
	var f procedureFlags
	var c compareFlags
	cmd := &cobra.Command{
		Use:   "compare SCENARIO --a TARGET --b TARGET",
		Short: "Say which of two targets is better, in what, by how much and how surely",
		Long: `Compare loads the targets in turn, in rounds: each round is one run of each, in an
order that is drawn, with a fresh process and the same traces. For each metric it
gives both medians, the ratio with its interval, and a verdict: better, worse, no
difference larger than the least effect, or not enough rounds. It also says what
the targets did differently with the same traces.

Verdicts speak of B against A. docs/method.md explains what is assumed.`,
		Example: `  spanstorm compare web-shop --a agents/datadog/v0.60.0.yaml --b agents/datadog/v0.85.1.yaml
  spanstorm compare web-shop --a agents/datadog/v0.85.1.yaml --set-b env.GOGC=400 --rounds 20 --budget 30m
  spanstorm compare --resume results/20261121T101500Z-web-shop-compare`,
		Args:              f.scenarioOrResume,
		ValidArgsFunction: completeScenario,
		RunE: func(cmd *cobra.Command, args []string) error {
			fails, err := failing(c.failOn)
			if err != nil {
				return err
			}
			var rec *results.Record
			err = a.procedure(cmd, args, &f, "compare", func(ctx context.Context, lab experiment.Lab, s *scenarios.Scenario) (*results.Record, error) {
				budget, err := givenBudget(cmd, c.budget)
				switch {
				case err != nil:
					return nil, err
				case s == nil:
					rec, err = experiment.ResumeCompare(ctx, lab, budget)
				default:
					rec, err = a.compare(ctx, lab, s, &c)
				}
				return rec, err
			})
			if err == nil && fails(rec.Comparison) {
				return &codeError{code: exitUnmet}
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&c.a.arg, "a", "", "the target that others are compared with, as --target of run")
	flags.StringVar(&c.b.arg, "b", "", "the target that is compared (default: A, where something is set in either)")
	flags.StringArrayVar(&c.a.sets, "set-a", nil, "set something in A, `PATH=VALUE`, e.g. env.GOMAXPROCS=1 (repeatable)")
	flags.StringArrayVar(&c.b.sets, "set-b", nil, "set something in B, `PATH=VALUE` (repeatable)")
	flags.StringArrayVar(&c.targets, "target", nil, "a target, in place of --a and --b: give it two or more times; the first is A")
	f.add(cmd)
	flags.IntVar(&c.rounds, "rounds", experiment.RoundsDefault, "how many rounds to make, unless all is decided before")
	flags.DurationVar(&c.budget, "budget", 0, "time within which rounds are added where a metric is close (default: none are)")
	minEffectFlag(cmd, &c.minEffect)
	flags.BoolVar(&c.capacity, "capacity", false, "search the capacity of each target in each round, too")
	flags.DurationVar(&c.perSearch, "capacity-budget", 3*time.Minute, "time for each of these searches")
	flags.DurationVar(&c.searchHold, "capacity-hold", 5*time.Second, "how long a probe of these searches holds its rate")
	metricFlag(cmd, &c.metrics)
	failOnFlag(cmd, &c.failOn)
	return cmd
}

func (a *app) compare(ctx context.Context, lab experiment.Lab, s *scenarios.Scenario, c *compareFlags) (*results.Record, error) {
	targets, err := c.compared()
	if err != nil {
		return nil, err
	}
	if c.rounds < 1 || c.rounds > results.RoundsMost {
		return nil, usageError("--rounds %d: make 1 to %d", c.rounds, results.RoundsMost)
	}
	if err := checkMetrics(c.metrics); err != nil {
		return nil, err
	}
	if asked := slices.Contains(c.metrics, experiment.MetricCapacity); len(c.metrics) > 0 && asked != c.capacity {
		return nil, usageError("--metric %s and --capacity go together: give both, or neither", experiment.MetricCapacity)
	}
	if probe := c.searchHold + experiment.CapacityWarm + experiment.CapacitySlack; c.capacity && (c.searchHold < time.Second || c.perSearch < probe) {
		return nil, usageError("--capacity-hold is at least 1s, and --capacity-budget at least what one probe takes (about %s)", probe)
	}
	if least := experiment.LeastRounds(len(targets), len(c.metrics), c.budget > 0); c.rounds < least && !c.capacity { // a search has an interval of its own
		_, _ = fmt.Fprintf(a.err, "spanstorm: with fewer than %d rounds no metric can be decided; figures and behaviour are shown all the same\n", least)
	}
	return experiment.Compare(ctx, experiment.CompareOptions{
		Lab: lab, Scenario: s, Targets: targets, Rounds: c.rounds, Budget: c.budget, MinEffect: c.minEffect,
		Metrics: c.metrics, Capacity: c.capacity, Search: experiment.CapacitySettings{Budget: c.perSearch, Hold: c.searchHold},
	})
}

// targetsMost bounds the targets of one comparison.
const targetsMost = 8

// compared are the targets, checked.
func (c *compareFlags) compared() ([]results.ComparedTarget, error) {
	list := []targetFlag{c.a, c.b}
	switch {
	case len(c.targets) > 0:
		if c.a.arg != "" || c.b.arg != "" || len(c.a.sets)+len(c.b.sets) > 0 {
			return nil, usageError("give --a and --b, with --set-a and --set-b, or --target two or more times; not both")
		}
		list = nil
		for _, arg := range c.targets {
			list = append(list, targetFlag{arg: arg})
		}
		if len(list) < 2 || len(list) > targetsMost {
			return nil, usageError("--target was given %d times; a comparison has 2 to %d targets", len(list), targetsMost)
		}
	case c.a.arg == "":
		return nil, usageError("no --a: name the target that others are compared with, as --target of run")
	case c.b.arg == "" && len(c.a.sets)+len(c.b.sets) == 0:
		return nil, usageError("no --b: name the target to compare, or what is different in it with --set-b")
	case c.b.arg == "":
		list[1].arg = c.a.arg
	}
	var targets []results.ComparedTarget
	for _, t := range list {
		if err := t.check(); err != nil {
			return nil, err
		}
		targets = append(targets, results.ComparedTarget{Target: t.arg, Set: t.sets})
	}
	return targets, nil
}

// minEffectFlag is the least difference that is called one.
func minEffectFlag(cmd *cobra.Command, to *float64) {
	shareVar(cmd.Flags(), to, "min-effect", experiment.MinEffect, 0.0001, 0.5, "the least `DIFFERENCE` that is called one; a tenth of it in percentage points for shares")
}

// metricFlag are the metrics that a question is about.
func metricFlag(cmd *cobra.Command, to *[]string) {
	cmd.Flags().StringSliceVar(to, "metric", nil, "judge this `METRIC`, a name in the table, and no others (repeatable): the fewer, the fewer rounds decide")
	_ = cmd.RegisterFlagCompletionFunc("metric", cobra.FixedCompletions(experiment.MetricNames(), cobra.ShellCompDirectiveNoFileComp))
}

// checkMetrics finds names that no metric has, and names given twice.
func checkMetrics(names []string) error {
	known := experiment.MetricNames()
	for i, name := range names {
		switch near := slices.IndexFunc(known, func(k string) bool { return slips(name, k) }); {
		case slices.Contains(names[:i], name):
			return usageError("--metric %s is given twice", name)
		case slices.Contains(known, name):
		case near >= 0:
			return usageError("--metric %q is not known; did you mean %s?", name, known[near])
		default:
			return usageError("--metric %q is not known; there are %s", name, strings.Join(known, ", "))
		}
	}
	return nil
}

// What a comparison can fail on.
const (
	failWorse     = "worse"
	failBehaviour = "behaviour"
)

func failOnFlag(cmd *cobra.Command, to *[]string) {
	cmd.Flags().StringSliceVar(to, "fail-on", nil, "end with exit code 99 when a metric is worse, or behaviour differs: worse, behaviour")
	_ = cmd.RegisterFlagCompletionFunc("fail-on", cobra.FixedCompletions([]string{failWorse, failBehaviour}, cobra.ShellCompDirectiveNoFileComp))
}

// failing reads --fail-on.
func failing(on []string) (func(*results.Comparison) bool, error) {
	var worse, behaviour bool
	for _, word := range on {
		switch word {
		case failWorse:
			worse = true
		case failBehaviour:
			behaviour = true
		default:
			return nil, usageError("--fail-on %q is not known; it is worse or behaviour", word)
		}
	}
	return func(c *results.Comparison) bool {
		for _, m := range c.Metrics {
			if worse && m.Verdict == results.VerdictWorse {
				return true
			}
		}
		return behaviour && len(c.Behaviour) > 0
	}, nil
}
