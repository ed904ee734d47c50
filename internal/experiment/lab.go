// Package experiment holds the procedures that are made of many runs: the search for a
// target's capacity, and the comparison of targets. Each run is a process of its own,
// `spanstorm run`, so that none inherits memory, connections or luck from the one before,
// and its record is kept below that of the procedure: what was measured so far is readable
// at any time, and an interrupted procedure goes on from there.
package experiment

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/internal/process"
	"github.com/spanstorm/spanstorm/internal/run"
	"github.com/spanstorm/spanstorm/internal/target"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Lab says where and how runs are made.
type Lab struct {
	// Dir is the folder of the procedure's record.
	Dir string
	// Self is our own executable, of which runs are started.
	Self string
	// Intake is where each run's intake listens, host:port; empty for a free loopback port.
	Intake string
	// PID is the process of a target that runs already, as `run --pid` takes it; empty: that which its target file names.
	PID string
	// AllowRemote permits a target that is not on this machine.
	AllowRemote bool
	// Say, when set, is told what happens, a line at a time.
	Say func(line string)
}

func (l *Lab) say(format string, args ...any) {
	if l.Say != nil {
		l.Say(fmt.Sprintf(format, args...))
	}
}

// spec is a target, with its process where that was said.
func (l *Lab) spec(arg string, set []string) (*target.Spec, error) {
	s, err := target.ParseSet(arg, set)
	if err == nil && l.PID != "" {
		err = s.Watch(l.PID)
	}
	return s, err
}

// order is one run to make.
type order struct {
	scenario string // a file
	target   string // as --target takes it
	set      []string
	intake   string // instead of the lab's
	pid      string
	out      string // the record's folder, below the lab's
	key      string // of the ids; empty: drawn
	round    *results.Round
	length   time.Duration // of the load
}

// Bounds on a run beside its load: starting, a first trace, draining and stopping take their
// time, and each has a bound of its own that is well below.
const (
	runSlack = 5 * time.Minute
	runGrace = 20 * time.Second // for a run that is asked to end, to save its record
)

// errRun is wrapped by the error of a run that could not be made.
var errRun = errors.New("the run could not be made")

// do makes one run and returns its record. What lies in its folder, left by an earlier call
// that was cut off, is removed.
func (l *Lab) do(ctx context.Context, o order) (*results.Record, error) {
	out := filepath.Join(l.Dir, o.out)
	if err := os.RemoveAll(out); err != nil {
		return nil, err
	}
	within := 2*o.length + runSlack
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("%w: it was not over after %s", errRun, within))
	defer cancel()
	p, err := process.Start(ctx, process.Command{Path: l.Self, Args: l.args(o, out), Env: os.Environ()})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRun, err)
	}
	select {
	case <-p.Done():
	case <-ctx.Done():
		_ = p.Stop(context.WithoutCancel(ctx), runGrace) // it saves what it has; how it ends is of no interest
		return nil, context.Cause(ctx)
	}
	exit, _ := p.Exit()
	switch exit.Code {
	case 0, codeInvalid, codeUnmet:
		return results.Read(out)
	case codeInterrupted:
		return nil, context.Canceled
	}
	tail := p.StderrTail()
	return nil, fmt.Errorf("%w (%s): %s", errRun, exit, strings.TrimPrefix(strings.Join(tail, "\n"), "spanstorm: "))
}

// Exit codes of `spanstorm run` after which there is a record, and of one that was interrupted.
const (
	codeInvalid     = 3
	codeUnmet       = 99
	codeInterrupted = 130
)

func (l *Lab) args(o order, out string) []string {
	args := []string{"run", o.scenario, "--target", o.target, "--out", out, "--record-only", "--progress", "none"}
	for _, set := range o.set {
		args = append(args, "--target-set", set)
	}
	for _, flag := range [][2]string{{"--intake", cmp.Or(o.intake, l.Intake)}, {"--pid", cmp.Or(o.pid, l.PID)}, {"--run-key", o.key}} {
		if flag[1] != "" {
			args = append(args, flag[0], flag[1])
		}
	}
	if o.round != nil {
		args = append(args, "--round", fmt.Sprintf("%s:%d:%s", o.round.Comparison, o.round.Round, o.round.Label))
	}
	if l.AllowRemote {
		args = append(args, "--allow-remote")
	}
	return args
}

// failuresMost is how many runs in all may fail to be made before a procedure gives up: a
// port that was taken meanwhile is no reason to lose an hour.
const failuresMost = 3

// begin makes the folder of a procedure with its first, empty record.
func (l *Lab) begin(s *scenarios.Scenario) (*results.Record, *results.Writer, error) {
	rec, err := run.Blank(s)
	if err != nil {
		return nil, nil, err
	}
	w, err := results.Create(l.Dir)
	if err != nil {
		return nil, nil, err
	}
	rec.Valid = true
	return rec, w, nil
}

// writeScenario puts a scenario into the folder, as a file that runs are made from.
func writeScenario(w *results.Writer, name string, s *scenarios.Scenario) (path string, err error) {
	text, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("writing the scenario: %w", err)
	}
	return filepath.Join(w.Dir(), name), w.WriteFile(name, text)
}

// save writes the record as it stands.
func save(w *results.Writer, rec *results.Record) error {
	rec.EndedAt = time.Now().UTC()
	return w.Save(rec)
}

// end closes the record: interrupted, or complete. The error is what ended the procedure, but
// for an interruption, of which the record tells.
func end(ctx context.Context, w *results.Writer, rec *results.Record, err error) error {
	rec.Interrupted = ctx.Err() != nil
	rec.Complete = err == nil && !rec.Interrupted
	if rec.Interrupted {
		err = nil
	}
	return errors.Join(err, save(w, rec))
}

// reopen reads the record of a procedure that is to be gone on with.
func reopen(dir string) (*results.Record, *results.Writer, *scenarios.Scenario, error) {
	rec, err := results.Read(dir)
	if err != nil {
		return nil, nil, nil, err
	}
	s, err := scenarios.Parse("the record's scenario", rec.Scenario, nil)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("resume %s: %w", dir, err)
	}
	blank, err := run.Blank(s)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("resume %s: %w", dir, err)
	}
	if blank.Fingerprint != rec.Fingerprint {
		return nil, nil, nil, fmt.Errorf("resume %s: it was begun by spanstorm %s, which composed other payloads (corpus %s, here %s): go on with that version",
			dir, rec.Tool.Version, rec.Fingerprint, blank.Fingerprint)
	}
	if blank.Machine.CPUModel != rec.Machine.CPUModel || blank.Machine.CPUs != rec.Machine.CPUs {
		return nil, nil, nil, fmt.Errorf("resume %s: it was begun on another machine (%d × %s)", dir, rec.Machine.CPUs, rec.Machine.CPUModel)
	}
	w, err := results.Open(dir)
	rec.Complete, rec.Interrupted = false, false
	return rec, w, s, err
}

// more is the budget of a procedure that is gone on with: the one that is given now, else what was
// planned, and as much again where that ran out.
func (l *Lab) more(planned, spent, given time.Duration, exhausted bool) (time.Duration, error) {
	switch {
	case given > 0 && given <= spent:
		return 0, fmt.Errorf("resume %s: %s of a budget are spent already; give more than that in all", l.Dir, spent.Round(time.Second))
	case given > 0:
		return given, nil
	case exhausted:
		return planned + spent, nil
	}
	return planned, nil
}

// newID names a comparison; its runs share it.
func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}
