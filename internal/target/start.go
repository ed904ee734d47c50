package target

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spanstorm/spanstorm/internal/process"
)

// startAttempts bounds how often a target is started again because another
// process took its port between the finding of the port and its use.
const startAttempts = 3

// start brings up what the file describes.
func (f *file) start(ctx context.Context, env Env, watch string) (*Target, error) {
	for attempt := 1; ; attempt++ {
		t, err := f.startOnce(ctx, env, watch)
		if err == nil || attempt == startAttempts || !f.portWasTaken(t) {
			if err != nil {
				return nil, err
			}
			return t, nil
		}
	}
}

// portWasTaken says that a target ended because its port was not free, and
// that another port may do.
func (f *file) portWasTaken(t *Target) bool {
	if t == nil || t.proc == nil || !f.uses(bracePort) && !f.uses(braceDebugPort) {
		return false
	}
	return slices.ContainsFunc(t.proc.StderrTail(), func(line string) bool {
		return strings.Contains(line, "address already in use")
	})
}

// startOnce starts the target. With an error, nothing is left running, and the
// target, if there was one, is what remains of it.
func (f *file) startOnce(ctx context.Context, env Env, watch string) (*Target, error) {
	scratch, remove, err := env.scratch()
	if err != nil {
		return nil, err
	}
	statsd, err := f.listen()
	if err != nil {
		remove()
		return nil, err
	}
	if statsd != nil {
		drop := remove
		remove = func() { _ = statsd.Close(); drop() }
	}
	values, err := f.braces(env, scratch)
	if err != nil {
		remove()
		return nil, err
	}
	if statsd != nil {
		values[braceStatsD] = statsd.Addr()
	}
	t := &Target{
		name:       f.Name,
		drain:      f.Drain,
		grace:      f.StopTimeout,
		acceptance: f.Acceptance,
		apis:       f.APIs,
		statsd:     statsd,
		cleanup:    remove,
	}
	if t.endpoint, err = newEndpoint(values.fill(f.URL), env.AllowRemote); err != nil {
		remove()
		return nil, fmt.Errorf("target %s: %w", f.Name, err)
	}
	for i := range f.Claims {
		t.sources = append(t.sources, f.Claims[i].open(t, values, statsd))
		if filled, ok := f.Claims[i].page(values); ok {
			t.pages = append(t.pages, filled)
		}
	}
	if watch, err = f.process(watch); err == nil {
		err = t.watch(watch)
	}
	if err == nil {
		err = f.bringUp(ctx, env, values, t)
	}
	if err != nil {
		t.abandon()
		return t, err
	}
	return t, nil
}

func (f *file) bringUp(ctx context.Context, env Env, values braces, t *Target) error {
	if err := t.endpoint.judge(ctx); err != nil {
		return err
	}
	h := health{
		path:    values.fill(f.Health),
		within:  f.StartTimeout,
		strict:  true,
		version: versionRule{command: values.fillAll(f.Version.Command), dir: f.dir()},
	}
	if f.Version.JSONPath != "" {
		h.version.path = strings.Split(f.Version.JSONPath, ".")
	}
	if len(h.version.command) > 0 {
		h.version.command[0] = f.program(h.version.command[0])
	}
	if len(f.Command) > 0 {
		// Otherwise whoever listens there would be taken for the target.
		if t.endpoint.taken(ctx) {
			return fmt.Errorf("target %s: something listens on %s already; stop it, or use {{port}} in the target file", f.Name, t.endpoint)
		}
		if err := f.launch(ctx, env, values, t); err != nil {
			return err
		}
	}
	return t.connect(ctx, h)
}

// process is the number of a target that runs already, unless something else is to be watched;
// empty: it is not known.
func (f *file) process(watch string) (string, error) {
	path := f.PIDFile
	if watch != "" || path == "" {
		return watch, nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(f.folder, path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("target %s: read its pid_file: %w; is it running?", f.Name, err)
	}
	pid := strings.TrimSpace(string(text))
	if _, err := strconv.ParseUint(pid, 10, 31); err != nil {
		return "", fmt.Errorf("target %s: its pid_file %s does not hold a process's number", f.Name, path)
	}
	return pid, nil
}

// launch starts the command.
func (f *file) launch(ctx context.Context, env Env, values braces, t *Target) error {
	t.command = values.fillAll(f.Command)
	t.command[0] = f.program(t.command[0])
	environment := os.Environ()
	for key, value := range f.Env {
		environment = append(environment, key+"="+values.fill(value)) // of equal keys the last one counts
	}
	t.join(env.Limits)
	again := func(ctx context.Context) (*process.Process, error) {
		return process.Start(ctx, process.Command{
			Path: t.command[0], Args: t.command[1:], Env: environment, Dir: f.dir(), Stdout: env.Log, Stderr: env.Log, Group: t.group,
		})
	}
	first, err := again(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w; build or install it first (the agents of this repository: make agents)", err)
	}
	if err != nil {
		return fmt.Errorf("target %s: %w", f.Name, err)
	}
	t.proc = process.NewLives(first, again)
	return nil
}

// braces finds the values for one start.
func (f *file) braces(env Env, scratch string) (braces, error) {
	ports, err := FreePorts(2)
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", f.Name, err)
	}
	return braces{
		bracePort:      ports[0],
		braceDebugPort: ports[1],
		braceIntake:    strings.TrimSuffix(env.Intake, "/"),
		braceSocket:    filepath.Join(scratch, "apm.socket"),
		braceDir:       scratch,
	}, nil
}
