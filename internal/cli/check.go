package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

func (a *app) checkCmd() *cobra.Command {
	var sets []string
	cmd := &cobra.Command{
		Use:   "check SCENARIO…",
		Short: "Validate scenarios",
		Long: `Check validates scenario files (or bundled scenarios by name) and prints every
problem with its place, the source line and a remedy.`,
		Example: "  spanstorm check my.yaml\n  spanstorm check scenarios/*.yaml --set api=v0.3",
		Args:    needs(1, -1, "scenarios: files, or names that 'spanstorm scenarios' lists"),
		RunE: func(_ *cobra.Command, args []string) error {
			bad := 0
			for _, arg := range args {
				if err := a.check(arg, sets); err != nil {
					_, _ = fmt.Fprintf(a.err, "%v\n", err)
					bad++
				}
			}
			if bad > 0 {
				return &codeError{code: exitUsage}
			}
			return nil
		},
	}
	setFlag(cmd, &sets)
	return cmd
}

// check validates one scenario and compiles it, which finds what only shows in
// the trees: a trace too large for any payload, for example.
func (a *app) check(arg string, sets []string) error {
	s, err := scenarios.Load(arg, sets)
	if err != nil {
		return err
	}
	corpus, err := generator.Compile(s)
	if err != nil {
		return fmt.Errorf("%s: %w", arg, err)
	}
	means := corpus.Means()
	_, err = fmt.Fprintf(a.out, "%s: ok: %s, %s, %s; a request is %.4g traces, %.4g spans, %s on average\n",
		arg, count(len(s.Services), "service"), count(len(s.Shapes), "shape"), count(len(s.Load), "phase"),
		means.Traces, means.Spans, results.FormatBytes(means.Bytes))
	for _, l := range corpus.Stats(checkedRequests).Limits {
		if l.Over() && err == nil {
			_, err = fmt.Fprintf(a.out, "%s: warning: a %s of %s bytes is over the agent's limit of %s; it is %s\n",
				arg, l.What, results.FormatCount(uint64(l.Bytes)), results.FormatCount(uint64(l.Limit)), fate(l))
		}
	}
	return err
}

// checkedRequests is how many requests check composes to see how large they get.
const checkedRequests = 100

// fate is what agents do with what is over their limit.
func fate(l generator.Longest) string {
	if l.What == "payload" {
		return "refused with 413"
	}
	return "cut"
}

// count writes a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// loadScenario reads the scenario of a run; without an argument it lists what there is.
func loadScenario(arg string, sets []string) (*scenarios.Scenario, error) {
	s, err := scenarios.Load(arg, sets)
	var problems *scenarios.Problems
	if err != nil && !errors.As(err, &problems) {
		return nil, &codeError{code: exitUsage, err: err}
	}
	return s, err
}

func setFlag(cmd *cobra.Command, sets *[]string) {
	cmd.Flags().StringArrayVar(sets, "set", nil, "set a scenario field, `PATH=VALUE`, e.g. load.hold.rate=500/s (repeatable)")
}
