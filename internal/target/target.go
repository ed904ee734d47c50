// Package target is the agent under test: where it is, how to start it, when it
// is healthy, what it uses, what it says of itself, and how it ends.
//
// A target is the embedded agent, an agent that already runs somewhere, or
// whatever a target file starts (see [Parse] and docs/targets.md). All of them
// look alike from above. No trace is ever sent from here, and what a target's
// counters mean for the account is only named, never judged.
//
// Load goes to this machine only, unless the user says otherwise: an address is
// judged by the IP that is dialled, not by its name. See [ErrRemote].
package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/spanstorm/spanstorm/internal/process"
	"github.com/spanstorm/spanstorm/internal/target/counters"
	"github.com/spanstorm/spanstorm/results"
)

// Defaults of what a target file may set.
const (
	// DefaultDrain is how long a target's silence has to last until nothing
	// more is expected of it: real agents flush every 5 s, or at 3.2 MB.
	DefaultDrain = 12 * time.Second
	// EmbeddedDrain is the same for the embedded agent, which forwards at once.
	EmbeddedDrain = 2 * time.Second
	// DefaultStartTimeout bounds the wait for a started target's health.
	DefaultStartTimeout = 30 * time.Second
	// DefaultStopTimeout is the time between SIGTERM and SIGKILL. A real agent
	// waits up to 5 s for each of its receivers and writers.
	DefaultStopTimeout = 15 * time.Second
)

// The ways in which the truth about acceptance is learnt. The kinds of counters,
// see [counters.Kinds], are ways as well.
const (
	AcceptanceIntake = "intake"             // from what arrives at the stand-in intake
	AcceptanceStatus = results.SourceStatus // from the answers alone
)

// EmbeddedName is the name of the embedded agent.
const EmbeddedName = "embedded"

// Env is what a target is started with.
type Env struct {
	// Intake is the base URL of the stand-in intake, as http://host:port.
	Intake string
	// Self is the path of our own executable; the embedded agent is started from it.
	Self string
	// Scratch is a folder that the target may write to. Empty means a new
	// temporary folder, removed by Stop.
	Scratch string
	// Log receives the target's standard output and error; nil discards them.
	Log io.Writer
	// AllowRemote permits a target that is not on this machine.
	AllowRemote bool
	// Limits are such as [Target.Limit] will be asked for; zero figures are left
	// alone later. A target that is started is put where that can be done.
	Limits process.Limits
}

// Target is an agent under test that is up. Its methods may be called concurrently.
type Target struct {
	name       string
	version    string
	endpoint   *endpoint
	command    []string       // as started; nil when it was not started here
	set        []string       // beside what its file says, PATH=VALUE
	proc       *process.Lives // nil when it was not started here
	health     health
	group      *process.Group   // in which it was started; nil for none
	noGroup    error            // why there is none, though it was asked for
	watched    *process.Watched // instead of it, where the user said which process it is
	drain      time.Duration
	grace      time.Duration
	acceptance string
	apis       []string
	embedded   bool
	sources    []*claimSource
	pages      []claim          // those of its claims that others can read, with their addresses
	statsd     *counters.StatsD // nil when it sends no counters
	cleanup    func()           // removes the scratch folder, ends the listener
	stopOnce   sync.Once
	stopErr    error

	mu sync.Mutex // of the sources' claims, and of
	gc GC
}

// URL is the base URL of the target's API, without a final slash. Where the
// target listens on a Unix socket, the URL's host means nothing: see Socket.
// A host name has been replaced by the loopback address that answered.
func (t *Target) URL() string { return t.endpoint.base() }

// Socket is the path of the Unix socket to dial; empty for TCP.
func (t *Target) Socket() string { return t.endpoint.socket }

// Started says that the target was started here, and will be stopped here.
func (t *Target) Started() bool { return t.proc != nil }

// PID is the process of a target that was started here; 0 for any other.
func (t *Target) PID() int {
	if t.proc == nil {
		return 0
	}
	return t.proc.PID()
}

// Drain is how long to wait in silence for what the target may still forward.
func (t *Target) Drain() time.Duration { return t.drain }

// Acceptance says how the truth is learnt: one of the Acceptance constants.
func (t *Target) Acceptance() string { return t.acceptance }

// APIs are the API versions that the target is said to take; nil if it is not said.
func (t *Target) APIs() []string { return slices.Clone(t.apis) }

// Usage is what the target has used, or since it is watched; zero when it was not
// started here and nobody said which process it is.
func (t *Target) Usage() process.Usage {
	switch {
	case t.proc != nil:
		return t.proc.Usage()
	case t.watched != nil:
		return t.watched.Usage()
	}
	return process.Usage{}
}

// Done is closed when the target has ended. It is nil, which blocks forever,
// when its process is not known.
func (t *Target) Done() <-chan struct{} {
	switch {
	case t.proc != nil:
		return t.proc.Done()
	case t.watched != nil:
		return t.watched.Done()
	}
	return nil
}

// Exit says how the target ended; false while it runs, or when its process is
// not known.
func (t *Target) Exit() (process.Exit, bool) {
	switch {
	case t.proc != nil:
		return t.proc.Exit()
	case t.watched != nil:
		return t.watched.Exit()
	}
	return process.Exit{}, false
}

// watch begins to watch the process, or control group, that the target is said to be.
func (t *Target) watch(name string) error {
	if name == "" {
		return nil
	}
	var err error
	if t.watched, err = process.Watch(name); err != nil {
		return fmt.Errorf("target %s: %w", t.name, err)
	}
	return nil
}

// Info describes the target for the record. Its Exit is left to whoever knows
// when the load began.
func (t *Target) Info() results.Target {
	info := results.Target{
		Name:       t.name,
		Version:    t.version,
		URL:        t.endpoint.String(),
		Command:    slices.Clone(t.command),
		Set:        slices.Clone(t.set),
		StderrTail: []string{},
	}
	if t.proc != nil {
		info.StderrTail = t.proc.StderrTail()
	}
	if t.watched != nil {
		info.Watched = t.watched.String()
	}
	return info
}

// StartClock tells the embedded agent that the load begins, so that the times
// of its dials (`stall=3s+1s`) count from now. For other targets it does nothing.
func (t *Target) StartClock(ctx context.Context) error {
	if !t.embedded {
		return nil
	}
	if err := t.endpoint.post(ctx, clockPath); err != nil {
		return fmt.Errorf("start the clock of target %s: %w", t.name, err)
	}
	return nil
}

// Stop ends a target that was started here: it is asked to, so that it can hand
// over what it still holds, and killed when it does not within its stop
// timeout or when ctx is done (the error then wraps [process.ErrKilled]). Its
// counters are read before, so that Claims still answers afterwards. Stop may
// be called again; it then returns what it returned first.
func (t *Target) Stop(ctx context.Context) error {
	t.stopOnce.Do(func() {
		t.stopErr = t.stop(ctx)
	})
	return t.stopErr
}

func (t *Target) stop(ctx context.Context) error {
	defer t.closeAll()
	if t.proc == nil {
		return nil
	}
	select {
	case <-t.proc.Done():
	default:
		// What cannot be read now stays as it was read last.
		_, _ = t.Claims(ctx)
	}
	if err := t.proc.Stop(ctx, t.grace); err != nil {
		return fmt.Errorf("target %s: %w", t.name, err)
	}
	return nil
}

// closeAll ends what is held open for the target. What it has sent of its
// counters can still be read.
func (t *Target) closeAll() {
	if t.statsd != nil {
		time.Sleep(lastPackets)
	}
	if t.watched != nil {
		t.watched.Close()
	}
	if t.group != nil {
		_ = t.group.Close() // what remains of it the next run removes
	}
	t.endpoint.close()
	t.cleanup()
}

// connect finishes a target that should be up: it waits until the target is
// healthy, reads its version and, where the counters may be old, their start.
func (t *Target) connect(ctx context.Context, h health) error {
	t.health = h
	answer, err := t.awaitHealth(ctx, h)
	if err != nil {
		return err
	}
	if t.version, err = h.version.read(ctx, t.endpoint, answer); err != nil {
		return fmt.Errorf("target %s: read its version: %w", t.name, err)
	}
	if t.proc != nil {
		return nil
	}
	for _, s := range t.sources {
		if s.baseline, err = s.Read(ctx); err != nil {
			return fmt.Errorf("target %s: read its counters: %w", t.name, err)
		}
	}
	return nil
}

// scratch returns the folder to use and what removes it again.
func (e Env) scratch() (dir string, remove func(), err error) {
	if e.Scratch != "" {
		return e.Scratch, func() {}, nil
	}
	dir, err = os.MkdirTemp("", "spanstorm-target-")
	if err != nil {
		return "", nil, fmt.Errorf("make a scratch folder for the target: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}

// errNotHealthy is a health page that does not answer 2xx.
var errNotHealthy = errors.New("not healthy")

// is2xx says that an answer means yes.
func is2xx(code int) bool { return code >= http.StatusOK && code < http.StatusMultipleChoices }
