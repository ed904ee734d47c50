// Package cli is the command line: one file per command. It is the only place
// that touches arguments, exit codes, signals and the terminal; what a command
// does lives in the rooms below.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// app is what commands share: the terminal, and nothing else.
type app struct {
	in       io.Reader
	out, err io.Writer
	ran      bool // the arguments were understood and a command began
}

// Main runs the command line args and returns the exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{in: stdin, out: stdout, err: stderr}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second Ctrl-C ends the program at once.
	defer context.AfterFunc(ctx, func() {
		stop()
		_, _ = fmt.Fprintln(stderr, "\nspanstorm: interrupted; ending in order (interrupt again to end at once)")
	})()

	root := a.root()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	code := exitCode(err, a.ran)
	var coded *codeError
	if err != nil && (!errors.As(err, &coded) || coded.err != nil) {
		a.complain(cmd, err, code)
	}
	return code
}

// complain prints an error, and for a wrong command line where to read on.
func (a *app) complain(cmd *cobra.Command, err error, code int) {
	text := strings.TrimRight(err.Error(), "\n")
	_, _ = fmt.Fprintf(a.err, "spanstorm: %s\n", text)
	if code == exitUsage && !a.ran {
		_, _ = fmt.Fprintf(a.err, "See '%s --help'.\n", cmd.CommandPath())
	}
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "spanstorm COMMAND",
		Short: "Load a trace agent and account for every trace",
		Long: `Spanstorm loads a trace agent with realistic traces and says what the agent
did with every one of them: delivered is not accepted.

Results go to stdout; progress and log to stderr. Exit codes: 0 passed, 1 failed,
2 usage or invalid scenario, 3 the run is not valid, 99 an expectation was not
met, 130 interrupted (the partial record is saved).`,
		Example: `  spanstorm run web-shop
  spanstorm run my.yaml --target http://127.0.0.1:8126 --intake 127.0.0.1:9126`,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return cmd.Help()
		},
	}
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.CompletionOptions.HiddenDefaultCmd = false
	root.AddCommand(a.runCmd(), a.capacityCmd(), a.compareCmd(), a.diffCmd(), a.checkCmd(), a.previewCmd(), a.reportCmd(), a.scenariosCmd(), a.targetsCmd(), a.initCmd(),
		a.schemaCmd(), a.agentCmd(), a.intakeCmd(), a.versionCmd())
	root.SetFlagErrorFunc(flagMistake)
	root.SetHelpCommand(a.helpCmd())
	a.markRan(root)
	return root
}

// markRan wraps every command so that errors in arguments can be told from
// errors in the work.
func (a *app) markRan(cmd *cobra.Command) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(c *cobra.Command, args []string) error {
			a.ran = true
			return run(c, args)
		}
	}
	for _, child := range cmd.Commands() {
		a.markRan(child)
	}
}

// needs checks the number of arguments; most is -1 for any number.
func needs(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || most >= 0 && len(args) > most {
			return fmt.Errorf("'%s' takes %s; it was given %d", cmd.CommandPath(), what, len(args))
		}
		return nil
	}
}

// colour says whether w may be coloured.
func colour(w io.Writer) bool {
	_, forbidden := os.LookupEnv("NO_COLOR")
	return !forbidden && os.Getenv("TERM") != "dumb" && terminal(w)
}

// terminal says whether w is a terminal.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// width is the width of the terminal w, or wide.
func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if columns, _, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 {
			return columns
		}
	}
	return wide
}

// wide is the width of what is no terminal: a file or a pipe can hold it all.
const wide = 200

// logger writes warnings, and with verbose all there is, to stderr.
func (a *app) logger(verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level}))
}
