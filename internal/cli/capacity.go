package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/spanstorm/spanstorm/internal/experiment"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

func (a *app) capacityCmd() *cobra.Command {
	var f procedureFlags
	var spec targetFlag
	var s experiment.CapacitySettings
	var start rateFlag
	cmd := &cobra.Command{
		Use:   "capacity SCENARIO",
		Short: "Search the highest rate that meets the scenario's expectations",
		Long: `Capacity finds the highest rate at which all of the scenario's expectations hold,
in requests per second, or in traces where clients flush at intervals. It doubles
the rate until they do not, and then narrows in, each rate being probed until a
sequential test has decided about it. Each probe is a run with a record of its
own. A rate at which the generator was the limit is no answer, and it says so.

The scenario's load is replaced by a constant rate; events and incidents, whose
times are those of its own load, are left out. Expectations hold of the kept
phase, whichever they name. Where none is broken by requests that are refused,
delivered >= 99.9% has to hold, too.`,
		Example: `  spanstorm capacity web-shop --target agents/datadog/v0.85.1.yaml
  spanstorm capacity smoke --target embedded:capacity=1500/s --hold 5s --budget 5m
  spanstorm capacity --resume results/20261121T101500Z-web-shop-capacity`,
		Args:              f.scenarioOrResume,
		ValidArgsFunction: completeScenario,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.procedure(cmd, args, &f, "capacity", func(ctx context.Context, lab experiment.Lab, scenario *scenarios.Scenario) (*results.Record, error) {
				budget, err := givenBudget(cmd, s.Budget)
				if err != nil {
					return nil, err
				}
				lab.PID = spec.pid
				if scenario == nil {
					return experiment.ResumeCapacity(ctx, lab, budget)
				}
				if err := spec.check(); err != nil {
					return nil, err
				}
				if unit := experiment.CapacityUnit(scenario); cmd.Flags().Changed("start") {
					if s.Start, err = start.in(unit, experiment.CapacityMost(scenario)); err != nil {
						return nil, usageError("--start: %w", err)
					}
				}
				switch {
				case s.Hold < time.Second || s.Warm < 0:
					return nil, usageError("--hold is at least 1s, --warm-up at least 0s")
				case s.Budget < s.Hold+s.Warm+experiment.CapacitySlack:
					return nil, usageError("--budget %s is less than one probe takes (about %s)", s.Budget, s.Hold+s.Warm+experiment.CapacitySlack)
				case s.Warm == 0:
					s.Warm = -1
				}
				return experiment.Capacity(ctx, experiment.CapacityOptions{Lab: lab, Scenario: scenario, Target: spec.arg, Set: spec.sets, CapacitySettings: s})
			})
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&spec.arg, "target", "embedded", "the agent under test, as for run")
	targetSetFlag(cmd, &spec.sets)
	pidFlag(cmd, &spec.pid)
	f.add(cmd)
	flags.DurationVar(&s.Budget, "budget", experiment.CapacityBudget, "time for the search; when it is over, the best answer so far is given")
	flags.DurationVar(&s.Hold, "hold", experiment.CapacityHold, "how long a probe holds its rate")
	flags.DurationVar(&s.Warm, "warm-up", experiment.CapacityWarm, "how long a probe warms up before that")
	flags.Var(&start, "start", "first `RATE`, e.g. 500/s, or 5000 traces/s where clients flush at intervals (default that of the scenario's first kept phase)")
	shareVar(flags, &s.Precision, "precision", experiment.CapacityPrecision, 0.001, 1, "how near the rate that holds and the one that breaks are to come, as a `SHARE`")
	flags.BoolVar(&s.OneTarget, "one-target", false, "let one target serve all probes, warm as it is, instead of a fresh one each")
	return cmd
}
