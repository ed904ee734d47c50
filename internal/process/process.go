// Package process starts child processes and sees them to their end: the
// embedded agent, the stand-in intake, and the agents under test.
//
// It knows about processes only: starting, output, CPU and memory, stopping,
// and leaving no orphans; and what memory our own takes. What the children are and what they say over the
// network belongs to the rooms above.
//
// # No orphans
//
// A child must not outlive us, however we end:
//
//   - Linux: the kernel kills the child when its parent dies (Pdeathsig). That
//     signal is tied to the parent's thread, not to the parent, so a child is
//     started and awaited by one goroutine that stays on its thread for the
//     child's whole life.
//   - Windows: the child is put into a job object that ends with us.
//   - Everywhere: our own roles (see [StartRole]) watch their standard input,
//     a pipe whose other end only we hold. It ends when we do.
//
// What a child leaves behind in its process group is killed when the child
// ends. A wrapper script should therefore `exec` what it wraps; that also makes
// [Process.Usage] count the right process.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

const (
	// outputWait bounds the wait for a child's output after its end. Only a
	// descendant that left the process group can make use of it.
	outputWait = time.Second
	// killWait bounds the wait for the end of a child after SIGKILL.
	killWait = 5 * time.Second
	// sampleEvery is how often the peak of memory is read from the system.
	sampleEvery = 250 * time.Millisecond
)

// Command says what to start.
type Command struct {
	// Path is the program: a path, or a name to be found in $PATH.
	Path string
	// Args are its arguments, without the program's name.
	Args []string
	// Env is its whole environment as KEY=VALUE; nil means ours.
	Env []string
	// Dir is where it runs; empty means where we run.
	Dir string
	// Stdout and Stderr receive its output; nil discards it. A failing writer
	// does not disturb the child. The end of stderr is kept in any case, see
	// [Process.StderrTail].
	Stdout, Stderr io.Writer
	// WatchesParent gives the child a pipe as standard input which ends when
	// we do. The child has to call [WatchParent]. Otherwise its standard
	// input is empty.
	WatchesParent bool
	// Group is where it is put, so that it can be limited; nil leaves it where we are.
	Group *Group
}

// Process is a child that was started. Its methods may be called concurrently.
type Process struct {
	name string
	pid  int
	tail *Tail
	done chan struct{}
	sys  sysProcess
	// group may have had others, so that what counts is kills above killsAtStart.
	group        *Group
	killsAtStart uint64
	// peakAtStart is our own peak of memory when the child was started: the
	// system's final figure for the child is never less than that.
	peakAtStart uint64

	mu     sync.Mutex
	gone   bool // ended: its number may belong to another process soon
	asked  bool
	usage  Usage
	exit   Exit
	exited bool
}

// Exit is how a process ended.
type Exit struct {
	// Code is the exit code, -1 when a signal ended the process.
	Code int
	// Signal is the signal's name, such as SIGKILL; empty when there was none.
	Signal string
	// At is when the end was noticed.
	At time.Time
	// Asked says that Stop had been called before.
	Asked bool
	// OverMemory says that the kernel killed it, for its [Group] was over its memory limit.
	OverMemory bool
	// Unseen says that nobody could see how: it was not started here.
	Unseen bool
}

// String says it for people: "exit code 3", "SIGKILL".
func (e Exit) String() string {
	if e.Unseen {
		return "it is gone, and how it ended is not known, for it was not started here"
	}
	switch {
	case e.OverMemory:
		return e.Signal + " from the kernel: it was over its memory limit"
	case e.Signal != "":
		return e.Signal
	}
	return fmt.Sprintf("exit code %d", e.Code)
}

// ErrKilled is wrapped by what Stop returns when the process did not end by
// itself in time, so that it could not hand over what it still held.
var ErrKilled = errors.New("had to be killed")

// Start starts a child. The context bounds the start only: the child lives
// until it ends by itself or Stop is called.
func Start(ctx context.Context, c Command) (*Process, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Path, err)
	}
	p := &Process{
		name:        c.Path,
		tail:        NewTail(tailLines, tailLineBytes),
		done:        make(chan struct{}),
		group:       c.Group,
		peakAtStart: SelfUsage().RSSMaxBytes,
	}
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Env, cmd.Dir, cmd.WaitDelay = c.Env, c.Dir, outputWait
	cmd.Stderr = fork{p.tail, c.Stderr}
	if c.Stdout != nil {
		cmd.Stdout = fork{nil, c.Stdout}
	}
	if c.WatchesParent {
		// Nobody writes to it. Only its end carries a meaning, and the
		// system brings that about, whatever becomes of us.
		if _, err := cmd.StdinPipe(); err != nil {
			return nil, fmt.Errorf("start %s: make the pipe for its standard input: %w", c.Path, err)
		}
	}
	started := make(chan error, 1)
	go p.live(cmd, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Path, err)
	}
	go p.sample()
	return p, nil
}

// live starts the child, waits for its end and writes down how it ended.
func (p *Process) live(cmd *exec.Cmd, started chan<- error) {
	defer holdThread()()
	if err := p.sys.start(cmd); err != nil {
		started <- err
		return
	}
	p.pid, p.killsAtStart = cmd.Process.Pid, p.group.kills()
	p.group.add(p.pid)
	started <- nil

	// The error says no more than the state does, except that a descendant
	// still held the output, which is then cut off.
	_ = p.sys.wait(cmd, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.gone = true
		p.sys.killRest(p.pid)
	})
	p.mu.Lock()
	p.exit = exitOf(cmd.ProcessState)
	p.exit.At, p.exit.Asked, p.exited = time.Now(), p.asked, true
	p.exit.OverMemory = p.exit.Signal == "SIGKILL" && p.group.kills() > p.killsAtStart
	p.usage = p.usage.upTo(finalUsage(cmd.ProcessState, p.peakAtStart))
	p.usage.RSSBytes, p.usage.Threads, p.usage.FDs = 0, 0, 0
	p.mu.Unlock()
	close(p.done)
}

// sample keeps the peak of memory up to date until the process ends.
func (p *Process) sample() {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		p.Usage()
		select {
		case <-p.done:
			return
		case <-tick.C:
		}
	}
}

// PID is the process's number.
func (p *Process) PID() int { return p.pid }

// Done is closed when the process has ended and its output has been read.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit says how the process ended; false while it has not.
func (p *Process) Exit() (Exit, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exit, p.exited
}

// StderrTail returns the last lines of the child's standard error.
func (p *Process) StderrTail() []string { return p.tail.Lines() }

// Usage returns what the process has used so far; after its end, what it used
// in all. The figures never go back.
func (p *Process) Usage() Usage {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.gone {
		if now, err := usageOf(p.pid); err == nil {
			p.usage = p.usage.upTo(now)
		}
	}
	return p.usage
}

// Stop asks the process and its group to end (SIGTERM), and kills them
// (SIGKILL) when they have not after grace, or when ctx is done. It returns nil
// when the process ended by itself, before or after being asked; an error that
// wraps [ErrKilled] when it had to be killed.
func (p *Process) Stop(ctx context.Context, grace time.Duration) error {
	p.Usage()
	p.mu.Lock()
	p.asked = true
	var err error
	if !p.gone {
		err = p.sys.terminate(p.pid)
		_ = p.sys.resume(p.pid) // one that is paused would not hear of it
	}
	p.mu.Unlock()

	timer := time.NewTimer(grace)
	defer timer.Stop()
	var why string
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		why = context.Cause(ctx).Error()
	case <-timer.C:
		why = fmt.Sprintf("it had not ended %v after it was asked to", grace)
	}
	// Both may be true by now; what happened goes before what was given up.
	select {
	case <-p.done:
		return nil
	default:
	}
	if err != nil {
		why += fmt.Sprintf(" (asking it failed: %v)", err)
	}
	return p.kill(why)
}

// Kill ends the process and its group without asking, as an accident would: its
// Exit is one that was not asked for. It returns once the process is gone.
func (p *Process) Kill(ctx context.Context) error {
	p.Usage()
	if err := p.signal(p.sys.kill); err != nil {
		return fmt.Errorf("kill %s: %w", p.name, err)
	}
	timer := time.NewTimer(killWait)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("kill %s: %w", p.name, context.Cause(ctx))
	case <-timer.C:
		return fmt.Errorf("kill %s: process %d is still there after %v", p.name, p.pid, killWait)
	}
}

// Pause stops the process and its group from running (SIGSTOP) until Resume. What
// it has open stays open.
func (p *Process) Pause() error {
	if err := p.signal(p.sys.pause); err != nil {
		return fmt.Errorf("pause %s: %w", p.name, err)
	}
	return nil
}

// Resume lets a process run on that Pause has stopped; others do not notice.
func (p *Process) Resume() error {
	if err := p.signal(p.sys.resume); err != nil {
		return fmt.Errorf("resume %s: %w", p.name, err)
	}
	return nil
}

// errGone says that a process has ended.
var errGone = errors.New("it has ended")

// signal does something to the process while its number is its own.
func (p *Process) signal(send func(pid int) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return errGone
	}
	return send(p.pid)
}

// kill ends the process and its group without asking.
func (p *Process) kill(why string) error {
	p.Usage()
	p.mu.Lock()
	var err error
	if !p.gone {
		err = p.sys.kill(p.pid)
	}
	p.mu.Unlock()
	timer := time.NewTimer(killWait)
	defer timer.Stop()
	select {
	case <-p.done:
		return fmt.Errorf("stop %s (process %d): it %w: %s", p.name, p.pid, ErrKilled, why)
	case <-timer.C:
		if err == nil {
			err = errors.New("the system does not let go of it")
		}
		return fmt.Errorf("stop %s (process %d): still there %v after it %w, end it by hand: %w", p.name, p.pid, killWait, ErrKilled, err)
	}
}

// Ended describes the end of the process with the last lines that it wrote to
// standard error, for use in errors. It is only meaningful after Done.
func (p *Process) Ended() error {
	exit, _ := p.Exit()
	return fmt.Errorf("%s ended with %v%s", p.name, exit, quoteTail(p.StderrTail()))
}

// quoteTail sets the last lines of a log under an error message.
func quoteTail(lines []string) string {
	const most = 10
	if len(lines) == 0 {
		return "; it wrote nothing to standard error"
	}
	if len(lines) > most {
		lines = lines[len(lines)-most:]
	}
	return "; its standard error ends with:\n\t" + strings.Join(lines, "\n\t")
}
