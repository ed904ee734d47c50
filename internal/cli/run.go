package cli

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/run"
	"github.com/spanstorm/spanstorm/internal/target"
	"github.com/spanstorm/spanstorm/report"
	"github.com/spanstorm/spanstorm/results"
)

// runFlags are the flags of `run`.
type runFlags struct {
	target, intake, out string
	targetSets          []string
	pid                 string
	seed                uint64
	sets                []string
	format, progress    string
	raw, allowRemote    bool
	restart             bool
	recordOnly          bool
	key, round          string
	maxInFlight         int
	timeout             time.Duration
	verbose             bool
}

func (a *app) runCmd() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run SCENARIO",
		Short: "Load a target, write a record, print the report",
		Long: `Run loads the target as the scenario says, follows every trace to the stand-in
intake behind the target, and writes a record with charts and an HTML page.

SCENARIO is a file, or the name of a bundled scenario ('spanstorm scenarios').
The target is the embedded agent unless --target says otherwise: with dials
(embedded:drop=10%,stall=3s+1s), an address (http://127.0.0.1:8126,
unix:///var/run/apm.socket), or a target file that says how to start an agent.`,
		Example: `  spanstorm run web-shop
  spanstorm run web-shop --target agents/datadog/v0.85.1.yaml --set load.hold.rate=500/s`,
		Args:              needs(1, 1, "one SCENARIO: a file, or a name that 'spanstorm scenarios' lists"),
		ValidArgsFunction: completeScenario,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.run(cmd, args[0], f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.target, "target", "embedded", "the agent under test: embedded[:DIALS], http://HOST:PORT, unix:///SOCKET or a target file")
	targetSetFlag(cmd, &f.targetSets)
	pidFlag(cmd, &f.pid)
	flags.StringVar(&f.intake, "intake", "", "where this run's intake listens, `HOST:PORT`; point an agent started elsewhere there (default a free loopback port)")
	flags.StringVar(&f.out, "out", "", "folder of the record (default results/<UTC time>-<scenario>)")
	flags.Uint64Var(&f.seed, "seed", 0, "seed of everything that is drawn (default the scenario's)")
	setFlag(cmd, &f.sets)
	outputFlags(cmd, &f.format, &f.progress)
	flags.BoolVar(&f.restart, "restart", false, "start the target again when it dies, and go on")
	flags.BoolVar(&f.recordOnly, "record-only", false, "write the record and nothing else: no charts, no page, nothing on stdout")
	flags.StringVar(&f.key, "run-key", "", "the key that all ids are made of, `32 hex digits`, such as run_key of a record whose ids are to be sent again (default drawn)")
	flags.StringVar(&f.round, "round", "", "which run of a comparison it is, ID:ROUND:LABEL")
	_ = flags.MarkHidden("round")
	flags.BoolVar(&f.raw, "raw", false, "also keep every result as results.gob, readable by the vegeta CLI")
	flags.BoolVar(&f.allowRemote, "allow-remote", false, "permit a target that is not on this machine")
	flags.IntVar(&f.maxInFlight, "max-in-flight", 0, "most requests under way at once (default the scenario's, 2000)")
	flags.DurationVar(&f.timeout, "timeout", 0, "time after which a request is given up (default the scenario's, 10s)")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "log what is done")
	return cmd
}

// outputFlags are those of what is printed: the report on stdout, progress on stderr.
func outputFlags(cmd *cobra.Command, format, progress *string) {
	cmd.Flags().StringVar(format, "format", "table", "what to print: table, json (record.json) or markdown")
	cmd.Flags().StringVar(progress, "progress", "auto", "progress on stderr: auto, plain or none")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{"table", "json", "markdown"}, cobra.ShellCompDirectiveNoFileComp))
	_ = cmd.RegisterFlagCompletionFunc("progress", cobra.FixedCompletions([]string{"auto", "plain", "none"}, cobra.ShellCompDirectiveNoFileComp))
}

// checkIntake says what is wrong with --intake; empty is a free port.
func checkIntake(address string) error {
	if address == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		return usageError("--intake %q is no address to listen on: give HOST:PORT, such as 127.0.0.1:9126", address)
	}
	return nil
}

func (a *app) run(cmd *cobra.Command, arg string, f runFlags) error {
	show, err := printer(f.format)
	if err != nil {
		return err
	}
	// Flags are scenario fields by another name: they go the same way, and are
	// checked the same way.
	if cmd.Flags().Changed("seed") {
		f.sets = append(f.sets, fmt.Sprintf("seed=%d", f.seed))
	}
	if cmd.Flags().Changed("max-in-flight") {
		f.sets = append(f.sets, fmt.Sprintf("max_in_flight=%d", f.maxInFlight))
	}
	if cmd.Flags().Changed("timeout") {
		f.sets = append(f.sets, fmt.Sprintf("timeout=%s", f.timeout))
	}
	s, err := loadScenario(arg, f.sets)
	if err != nil {
		return err
	}
	spec, err := parseTarget(f.target, f.targetSets, f.pid)
	if err != nil {
		return err
	}
	if err := checkIntake(f.intake); err != nil {
		return err
	}
	key, round, err := f.identity()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding our own executable: %w", err)
	}
	if f.out == "" {
		f.out = defaultOut(s.Name)
	}
	progress, err := a.progress(f.progress)
	if err != nil {
		return err
	}
	rec, err := run.Run(cmd.Context(), run.Options{
		Scenario: s, Target: spec, Out: f.out, Self: self, Intake: f.intake,
		AllowRemote: f.allowRemote, Key: key, Round: round, Raw: f.raw, Restart: f.restart, Progress: progress, Log: a.logger(f.verbose),
	})
	switch {
	case f.recordOnly:
	case rec != nil && err == nil:
		err = a.present(rec, f.out, show)
	case rec != nil: // what there is to say is said, but not that it is on disk
		err = errors.Join(show(a, rec, f.out), err)
	}
	return verdict(rec, err)
}

// identity reads the flags that say which ids a run has, and which run of a comparison it is.
func (f *runFlags) identity() (key *identity.Key, round *results.Round, err error) {
	if f.key != "" {
		k, err := identity.ParseKey(f.key)
		if err != nil {
			return nil, nil, usageError("--run-key: %w", err)
		}
		key = &k
	}
	if f.round != "" {
		parts := strings.Split(f.round, ":")
		n, err := strconv.Atoi(parts[min(1, len(parts)-1)])
		if err != nil || len(parts) != 3 {
			return nil, nil, usageError("--round %q is not ID:ROUND:LABEL", f.round)
		}
		round = &results.Round{Comparison: parts[0], Round: n, Label: parts[2]}
	}
	return key, round, nil
}

// present draws and prints what a run came to.
func (a *app) present(rec *results.Record, dir string, show func(*app, *results.Record, string) error) error {
	_, drawErr := report.Write(dir, rec)
	if drawErr != nil {
		drawErr = fmt.Errorf("the record is in %s, but its report could not be drawn: %w", dir, drawErr)
	}
	if err := show(a, rec, dir); err != nil {
		return errors.Join(drawErr, fmt.Errorf("printing the report: %w", err))
	}
	_, _ = fmt.Fprintf(a.err, "record: %s\n", dir)
	if drawErr == nil {
		_, _ = fmt.Fprintf(a.err, "page:   %s\n", filepath.Join(dir, report.PageName))
	}
	return drawErr
}

// verdict chooses the exit code: 130, 1, 3, 99, in this order.
func verdict(rec *results.Record, err error) error {
	switch {
	case rec != nil && rec.Interrupted:
		return &codeError{code: exitInterrupted}
	case errors.Is(err, target.ErrRemote):
		return &codeError{code: exitUsage, err: err}
	case err != nil:
		return err
	case !rec.Valid:
		return &codeError{code: exitInvalid}
	}
	for _, e := range rec.Expectations {
		if !e.Met {
			return &codeError{code: exitUnmet}
		}
	}
	return nil
}

// defaultOut is a folder that is not there yet: two runs may begin in one second.
func defaultOut(name string) string {
	name = filepath.Join("results", time.Now().UTC().Format("20060102T150405Z")+"-"+name)
	out := name
	for n := 2; n < 100; n++ {
		if _, err := os.Lstat(out); err != nil {
			break
		}
		out = fmt.Sprintf("%s-%d", name, n)
	}
	return out
}

// printer prints a record as --format says.
func printer(format string) (func(a *app, rec *results.Record, dir string) error, error) {
	switch format {
	case "table":
		return func(a *app, rec *results.Record, dir string) error {
			return report.Terminal(a.out, rec, report.Options{Color: colour(a.out), Width: width(a.out), Record: dir})
		}, nil
	case "json":
		return func(a *app, rec *results.Record, _ string) error { return report.JSON(a.out, rec) }, nil
	case "markdown":
		return func(a *app, rec *results.Record, _ string) error { return report.Markdown(a.out, rec) }, nil
	default:
		return nil, usageError("--format %q is not known; it is table, json or markdown", format)
	}
}
