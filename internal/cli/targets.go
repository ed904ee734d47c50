package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/olekukonko/tablewriter/tw"
	"github.com/spf13/cobra"

	"github.com/spanstorm/spanstorm/internal/run"
	"github.com/spanstorm/spanstorm/internal/target"
	"github.com/spanstorm/spanstorm/results"
)

func (a *app) targetsCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "targets",
		Short: "Try targets",
		Long:  `Targets are agents under test; docs/targets.md says how a target file describes one.`,
		Example: `  spanstorm targets check agents/datadog/v0.85.1.yaml
  spanstorm targets check embedded`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.targetsCheckCmd())
	return cmd
}

func (a *app) targetsCheckCmd() *cobra.Command {
	var intake, format string
	var sets []string
	var allowRemote bool
	cmd := &cobra.Command{
		Use:   "check TARGET",
		Short: "Start a target, send one trace by each API, and print what works",
		Long: `Check starts the target, sends one trace through each API that it lists, in each
encoding of it, waits for it at an intake, reads the target's own counters and
stops it. It prints what works and what does not, with a remedy.

The APIs are those that the target file lists, or else those that /info announces,
or else all of them: then it is enough that one works. The exit code is 0 if all
works that is listed, and 1 if something does not.`,
		Example: `  spanstorm targets check agents/datadog/v0.85.1.yaml
  spanstorm targets check http://127.0.0.1:8126 --intake 127.0.0.1:9126 --format json`,
		Args: needs(1, 1, "one TARGET: a target file, embedded[:DIALS], http://HOST:PORT or unix:///SOCKET"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if format != "table" && format != "json" {
				return usageError("--format %q is not known; it is table or json", format)
			}
			spec, err := parseTarget(args[0], sets, "")
			if err != nil {
				return err
			}
			if err := checkIntake(intake); err != nil {
				return err
			}
			self, err := os.Executable()
			if err != nil {
				return fmt.Errorf("finding our own executable: %w", err)
			}
			trial, err := run.TryTarget(cmd.Context(), run.TryOptions{
				Target: spec, Self: self, Intake: intake, AllowRemote: allowRemote, Log: a.logger(false),
			})
			if errors.Is(err, target.ErrRemote) {
				return &codeError{code: exitUsage, err: err}
			}
			if err != nil {
				return err
			}
			return a.showTrial(trial, format)
		},
	}
	targetSetFlag(cmd, &sets)
	flags := cmd.Flags()
	flags.StringVar(&intake, "intake", "", "where the intake listens, `HOST:PORT`; point an agent started elsewhere there (default a free loopback port)")
	flags.StringVar(&format, "format", "table", "what to print: table or json")
	flags.BoolVar(&allowRemote, "allow-remote", false, "permit a target that is not on this machine")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"table", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// targetSetFlag adds --target-set.
func targetSetFlag(cmd *cobra.Command, sets *[]string) {
	cmd.Flags().StringArrayVar(sets, "target-set", nil, "set something of the target, `PATH=VALUE`, e.g. env.GOMAXPROCS=2, 'args=--flag value', drain=3s or a dial, latency=5ms (repeatable)")
}

// pidFlag adds --pid.
func pidFlag(cmd *cobra.Command, pid *string) {
	cmd.Flags().StringVar(pid, "pid", "", "the process of an agent that runs already, `NUMBER` or cgroup:PATH, to measure it and to see it die")
}

// parseTarget reads the argument that names a target, what is set of it, and which process
// it is where it runs already; empty: that is not said.
func parseTarget(arg string, sets []string, pid string) (*target.Spec, error) {
	spec, err := target.ParseSet(arg, sets)
	if err != nil {
		return nil, &codeError{code: exitUsage, err: err}
	}
	if pid == "" {
		return spec, nil
	}
	if err := spec.Watch(pid); err != nil {
		return nil, usageError("--pid: %w", err)
	}
	return spec, nil
}

// showTrial prints what came of trying a target.
func (a *app) showTrial(t *run.Trial, format string) error {
	var err error
	if format == "json" {
		var text []byte
		if text, err = json.MarshalIndent(t, "", "  "); err == nil {
			_, err = fmt.Fprintf(a.out, "%s\n", text)
		}
	} else {
		err = drawTrial(a.out, t)
	}
	if err != nil {
		return fmt.Errorf("printing what works: %w", err)
	}
	if !t.Works() {
		return &codeError{code: exitFailed}
	}
	return nil
}

func drawTrial(out io.Writer, t *run.Trial) error {
	head := []string{strings.TrimSpace(t.Target.Name + " " + t.Target.Version)}
	if t.Target.URL != t.Target.Name {
		head = append(head, t.Target.URL)
	}
	if len(t.Target.Command) > 0 {
		head = append(head, "healthy after "+seconds(t.StartS))
	}
	if t.StopS > 0 {
		head = append(head, "stopped in "+seconds(t.StopS))
	}
	head = append(head, "acceptance from "+t.Acceptance)
	if _, err := fmt.Fprintf(out, "%s\n%s\n\n", strings.Join(head, " · "), listedBy(t.Listed)); err != nil {
		return err
	}
	table := newTable(out, tw.AlignLeft)
	table.Header("", "API", "encoding", "answered", "came out", "took")
	for _, y := range t.Tries {
		if err := table.Append(tryRow(y)); err != nil {
			return err
		}
	}
	if err := table.Render(); err != nil {
		return err
	}
	if err := drawClaims(out, t.Claims); err != nil {
		return err
	}
	var notes []string
	for _, y := range t.Tries {
		if y.Problem != "" {
			notes = append(notes, fmt.Sprintf("✗ %s %s: %s", y.API, y.Encoding, y.Problem))
		}
	}
	for _, p := range t.Problems {
		notes = append(notes, "✗ "+p)
	}
	for _, w := range t.Warnings {
		notes = append(notes, "! "+w)
	}
	if len(notes) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(out, "\n%s\n", strings.Join(notes, "\n"))
	return err
}

func tryRow(y run.Try) []string {
	row := []string{"✓", y.API, y.Encoding, strconv.Itoa(y.Code), "not known", "–"}
	if !y.Works {
		row[0] = "✗"
	}
	if y.Code == 0 {
		row[3], row[4] = "no", "–"
	}
	if y.CameOut != nil {
		row[4] = "no"
		if *y.CameOut {
			row[4], row[5] = "yes", seconds(y.TookS)
		}
	}
	return row
}

func drawClaims(out io.Writer, claims []results.Claim) error {
	table := newTable(out, tw.AlignLeft)
	table.Header("counter", "from", "claimed", "speaks of")
	said := false
	for _, c := range claims {
		if c.Value == 0 {
			continue
		}
		said = true
		if err := table.Append(c.Name, c.Source, strconv.FormatFloat(c.Value, 'f', -1, 64), c.Meaning); err != nil {
			return err
		}
	}
	if !said {
		return nil
	}
	if _, err := fmt.Fprintln(out); err != nil {
		return err
	}
	return table.Render()
}

// listedBy says why these APIs were tried.
func listedBy(who string) string {
	switch who {
	case run.ListedByFile:
		return "the APIs are those that its file lists"
	case run.ListedByInfo:
		return "the APIs are those that its /info announces"
	}
	return "nobody lists its APIs: all were tried, and one that works is enough"
}

func seconds(s float64) string { return results.FormatDuration(s * 1e9) }
