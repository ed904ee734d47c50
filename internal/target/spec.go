package target

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spanstorm/spanstorm/internal/agent"
	"github.com/spanstorm/spanstorm/internal/process"
	"github.com/spanstorm/spanstorm/internal/target/counters"
)

// Spec says which target is meant. It can be started any number of times.
type Spec struct {
	arg   string
	file  *file        // a target file
	dials *agent.Dials // the embedded agent
	raw   string       // the URL of an agent that runs already
	watch string       // the process that it is: a number, or cgroup:PATH
	sets  []string     // what was set beside that
}

// Watch says which process, or control group (cgroup:PATH), an agent is that runs
// already, so that it can be measured and its death be seen.
func (s *Spec) Watch(name string) error {
	switch {
	case s.Starts():
		return fmt.Errorf("target %s is started here, so its process is known; a process is named only for an agent that runs already", s.arg)
	}
	if err := process.CheckWatch(name); err != nil {
		return err
	}
	s.watch = name
	return nil
}

// Process is what an agent that runs already is, as [Spec.Watch] was told or as the pid_file of
// its target file says; empty: it is not known.
func (s *Spec) Process() (string, error) {
	if s.file == nil {
		return s.watch, nil
	}
	return s.file.process(s.watch)
}

// Parse reads what `--target` takes:
//
//	embedded                          the embedded agent
//	embedded:drop=10%,stall=3s+1s     the same, with dials
//	http://127.0.0.1:8126             an agent that runs already
//	unix:///run/apm.socket            the same, behind a Unix socket
//	agents/datadog/v0.85.1.yaml       a target file
//
// A target file is read and checked here; the error lists all that is wrong
// with it, each with file, line and column.
func Parse(arg string) (*Spec, error) {
	switch {
	case arg == "":
		return nil, errors.New("the target is empty; try embedded, http://127.0.0.1:8126, or a target file")
	case arg == EmbeddedName || strings.HasPrefix(arg, EmbeddedName+":"):
		return parseEmbedded(arg)
	case strings.Contains(arg, "://"):
		if _, _, err := parseURL(arg); err != nil {
			return nil, err
		}
		return &Spec{arg: arg, raw: arg}, nil
	}
	return parsePath(arg)
}

func parseEmbedded(arg string) (*Spec, error) {
	dials, err := agent.ParseDials(strings.TrimPrefix(strings.TrimPrefix(arg, EmbeddedName), ":"))
	if err != nil {
		return nil, fmt.Errorf("target %s: %w", arg, err)
	}
	return &Spec{arg: arg, dials: &dials}, nil
}

func parsePath(path string) (*Spec, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("target %q is not `embedded`, http://host:port or unix:///path, and no such file exists", path)
	case err != nil:
		return nil, fmt.Errorf("target file: %w", err)
	case info.IsDir():
		return nil, fmt.Errorf("target file %s is a folder; name the YAML file in it", path)
	case info.Size() > fileBytesMax:
		return nil, fmt.Errorf("target file %s has %d bytes; a target file has at most %d", path, info.Size(), fileBytesMax)
	}
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("target file: %w", err)
	}
	f, err := parseFile(path, src)
	if err != nil {
		return nil, err
	}
	return &Spec{arg: path, file: f}, nil
}

// String is the argument that the spec was parsed from.
func (s *Spec) String() string { return s.arg }

// Name is what reports call the target.
func (s *Spec) Name() string {
	switch {
	case s.file != nil:
		return s.file.Name
	case s.dials != nil:
		return EmbeddedName
	}
	return s.raw
}

// Starts says that the target is started here, by [Spec.Start]: else it runs already.
func (s *Spec) Starts() bool { return s.dials != nil || s.file != nil && len(s.file.Command) > 0 }

// Start brings the target up: it starts what has to be started, waits until
// the target is healthy, and reads its version. When it returns an error,
// nothing is left running. The error wraps [ErrRemote] when the target is on
// another machine and that is not allowed.
func (s *Spec) Start(ctx context.Context, env Env) (*Target, error) {
	var t *Target
	var err error
	switch {
	case s.file != nil:
		t, err = s.file.start(ctx, env, s.watch)
	case s.dials != nil:
		t, err = s.startEmbedded(ctx, env)
	default:
		t, err = s.attach(ctx, env)
	}
	if t != nil { // with an error, for the record
		t.set = s.setting()
	}
	return t, err
}

// setting is what is set beside what a file says, or the dials of the embedded agent.
func (s *Spec) setting() []string {
	if s.dials == nil {
		return s.sets
	}
	if text := s.dials.String(); text != "" {
		return strings.Split(text, ",")
	}
	return nil
}

// attach takes an agent that runs already.
func (s *Spec) attach(ctx context.Context, env Env) (*Target, error) {
	e, err := newEndpoint(s.raw, env.AllowRemote)
	if err != nil {
		return nil, err
	}
	if err := e.judge(ctx); err != nil {
		return nil, err
	}
	t := &Target{
		name:       s.Name(),
		endpoint:   e,
		drain:      DefaultDrain,
		acceptance: AcceptanceIntake,
		cleanup:    func() {},
	}
	err = t.watch(s.watch)
	if err == nil {
		err = t.connect(ctx, health{path: infoPath})
	}
	if err != nil {
		t.closeAll()
		return nil, err
	}
	return t, nil
}

// abandon ends what was started in vain.
func (t *Target) abandon() {
	if t.proc != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 0)
		defer cancel()
		_ = t.proc.Stop(ctx, 0) // killed at once: it has nothing to hand over
	}
	t.closeAll()
}

// Paths of an agent's API that are used here.
const (
	infoPath  = "/info"
	varsPath  = "/debug/vars"
	clockPath = "/debug/clock"
)

// startEmbedded starts the embedded agent: our own binary with another command.
func (s *Spec) startEmbedded(ctx context.Context, env Env) (*Target, error) {
	dials := *s.dials
	dials.AwaitClock = true
	if dials.Listen == "" {
		dials.Listen = "127.0.0.1:0"
	}
	if dials.Intake == "" {
		dials.Intake = env.Intake
	}
	t := &Target{
		name:       s.Name(),
		endpoint:   &endpoint{},
		drain:      EmbeddedDrain,
		grace:      DefaultStopTimeout,
		acceptance: AcceptanceIntake,
		embedded:   true,
		cleanup:    func() {},
	}
	t.join(env.Limits)
	command := func() process.Command {
		return process.Command{
			Path: env.Self, Args: append([]string{"agent"}, dials.Args()...), Stdout: env.Log, Stderr: env.Log, Group: t.group,
		}
	}
	t.command = append([]string{env.Self}, command().Args...)
	proc, ready, err := process.StartRole(ctx, command(), DefaultStartTimeout)
	if err != nil {
		t.abandon()
		return nil, fmt.Errorf("target %s: %w", s.arg, err)
	}
	if !strings.HasPrefix(dials.Listen, "unix://") {
		dials.Listen = ready.Listen // where it listens again
	}
	t.proc = process.NewLives(proc, func(ctx context.Context) (*process.Process, error) {
		next, _, err := process.StartRole(ctx, command(), DefaultStartTimeout)
		return next, err
	})
	at := "http://" + reachable(ready.Listen)
	if strings.HasPrefix(dials.Listen, "unix://") {
		at = dials.Listen
	}
	e, err := newEndpoint(at, env.AllowRemote)
	if err == nil {
		t.endpoint = e
		t.sources = []*claimSource{{Source: counters.NewVars(e.page, varsPath)}}
		err = t.connect(ctx, health{path: infoPath, within: DefaultStartTimeout, strict: true})
	}
	if err != nil {
		t.abandon()
		return nil, err
	}
	return t, nil
}
