package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/spanstorm/spanstorm/internal/experiment"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// procedureFlags are what the commands that are made of many runs have in common.
type procedureFlags struct {
	intake, out, resume string
	seed                uint64
	sets                []string
	format, progress    string
	allowRemote         bool
}

func (f *procedureFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.intake, "intake", "", "where each run's intake listens, `HOST:PORT`; point an agent started elsewhere there (default a free loopback port)")
	flags.StringVar(&f.out, "out", "", "folder of the record (default results/<UTC time>-<scenario>-"+cmd.Name()+")")
	flags.StringVar(&f.resume, "resume", "", "go on with what was interrupted, in the folder of its `RECORD`, as it was planned; a --budget beside it is that of all of it")
	flags.Uint64Var(&f.seed, "seed", 0, "seed of everything that is drawn (default the scenario's)")
	setFlag(cmd, &f.sets)
	outputFlags(cmd, &f.format, &f.progress)
	flags.BoolVar(&f.allowRemote, "allow-remote", false, "permit a target that is not on this machine")
}

// scenarioOrResume are the arguments: a scenario, or none with --resume.
func (f *procedureFlags) scenarioOrResume(cmd *cobra.Command, args []string) error {
	if f.resume == "" {
		return needs(1, 1, "one SCENARIO: a file, or a name that 'spanstorm scenarios' lists; or --resume RECORD")(cmd, args)
	}
	if len(args) > 0 {
		return fmt.Errorf("--resume goes on with the scenario of its record; leave out %q", args[0])
	}
	var err error
	cmd.Flags().Visit(func(flag *pflag.Flag) {
		if !slices.Contains([]string{"resume", "intake", "pid", "format", "progress", "allow-remote", "fail-on", "budget"}, flag.Name) {
			err = fmt.Errorf("--resume goes on as it was planned; leave out --%s", flag.Name)
		}
	})
	return err
}

// givenBudget is --budget where it was given, else 0.
func givenBudget(cmd *cobra.Command, budget time.Duration) (time.Duration, error) {
	switch {
	case !cmd.Flags().Changed("budget"):
		return 0, nil
	case budget <= 0:
		return 0, usageError("--budget %s: give a time such as 30m", budget)
	}
	return budget, nil
}

// procedure does what such a command does: with a scenario from its arguments, or with none to
// go on with a record.
func (a *app) procedure(cmd *cobra.Command, args []string, f *procedureFlags, name string,
	do func(ctx context.Context, lab experiment.Lab, s *scenarios.Scenario) (*results.Record, error),
) error {
	show, err := printer(f.format)
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding our own executable: %w", err)
	}
	if err := checkIntake(f.intake); err != nil {
		return err
	}
	lab := experiment.Lab{Dir: f.resume, Self: self, Intake: f.intake, AllowRemote: f.allowRemote}
	if shown, err := a.progress(f.progress); err != nil {
		return err
	} else if shown != nil {
		lab.Say = func(line string) { _, _ = fmt.Fprintln(a.err, line) }
	}
	var s *scenarios.Scenario
	if f.resume == "" {
		if cmd.Flags().Changed("seed") {
			f.sets = append(f.sets, fmt.Sprintf("seed=%d", f.seed))
		}
		if s, err = loadScenario(args[0], f.sets); err != nil {
			return err
		}
		if lab.Dir = f.out; lab.Dir == "" {
			lab.Dir = defaultOut(s.Name + "-" + name)
		}
	}
	rec, err := do(cmd.Context(), lab, s)
	switch {
	case rec != nil && err == nil:
		err = a.present(rec, lab.Dir, show)
	case rec != nil:
		err = errors.Join(show(a, rec, lab.Dir), err)
	}
	return verdict(rec, err)
}

// targetFlag is a target with what is set in it.
type targetFlag struct {
	arg  string
	sets []string
	pid  string
}

// check finds out before anything is started that it is none.
func (f *targetFlag) check() error {
	_, err := parseTarget(f.arg, f.sets, f.pid)
	return err
}
