package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/outlook"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

func (a *app) checkCmd() *cobra.Command {
	var sets []string
	cmd := &cobra.Command{
		Use:   "check SCENARIO…",
		Short: "Validate scenarios",
		Long: `Check validates scenario files (or bundled scenarios by name) and prints every
problem with its place, the source line and a remedy.

Of a scenario that is right it prints how large a trace and a payload usually are,
and how large they are at worst, by arithmetic on what the scenario allows; what
an agent would not take is a warning, not an error.`,
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
	if err != nil || len(s.Shapes) == 0 {
		return err
	}
	o, err := outlook.Of(s, corpus, 0, checkedRequests)
	if err != nil {
		return fmt.Errorf("%s: %w", arg, err)
	}
	return a.printWorst(arg, o)
}

// printWorst says how large a trace and a payload usually are, and how large they
// can get, and warns of what an agent does not take.
func (a *app) printWorst(arg string, o *outlook.Outlook) error {
	w := &lastingWriter{w: a.out}
	w.printf("\n")
	var rows [][]string
	largest := outlook.WorstShape{}
	for _, shape := range o.WorstCase.Shapes {
		usual := shapeOf(o, shape.Shape)
		rows = append(rows, []string{shape.Shape, plain(usual.Spans.P50), plain(usual.Spans.P99), bound(shape.Spans),
			bound(shape.DepthLevels), bound(shape.FanOut), about(shape.TraceBytes)})
		if shape.Spans.Value > largest.Spans.Value {
			largest = shape
		}
	}
	w.table([]string{"", "spans p50", "p99", "at worst", "levels", "calls of one", "trace"}, rows)
	if strings.Contains(largest.LargestPath, "→") {
		w.printf("  %s: %s\n", largest.Shape, largest.LargestPath)
	}
	w.printf("  payload: %s usually (p50), at worst %s; the agent's limit is %s\n\n", results.FormatBytes(o.Payloads.Bytes.P50),
		about(o.WorstCase.PayloadBytes), results.FormatBytes(float64(o.WorstCase.LimitBytes)))
	for _, warning := range o.Warnings {
		w.printf("%s: warning: %s\n", arg, warning.Text)
	}
	return w.err
}

func shapeOf(o *outlook.Outlook, name string) outlook.Traces {
	for _, s := range o.Shapes {
		if s.Name == name {
			return s.Traces
		}
	}
	return outlook.Traces{}
}

// checkedRequests is how many requests check composes to see how large they get.
const checkedRequests = 100

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
