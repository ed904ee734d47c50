package process

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Lives is a child that is started again after its end: one process after
// another, which count as one. Its methods may be called concurrently.
type Lives struct {
	start func(ctx context.Context) (*Process, error)

	mu     sync.Mutex
	now    *Process
	before Usage // of those that have ended
	last   Exit  // of the one before
}

// NewLives makes a child of its first process, and of how the next is started.
func NewLives(first *Process, start func(ctx context.Context) (*Process, error)) *Lives {
	return &Lives{start: start, now: first}
}

func (l *Lives) process() *Process {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

// Again starts the child once more. Its process must have ended.
func (l *Lives) Again(ctx context.Context) error {
	old := l.process()
	if _, ended := old.Exit(); !ended {
		return fmt.Errorf("start %s again: it has not ended", old.name)
	}
	next, err := l.start(ctx)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.before, l.now = l.before.plus(old.Usage()), next
	l.last, _ = old.Exit()
	return nil
}

// PID is the number of its process.
func (l *Lives) PID() int { return l.process().PID() }

// Done is closed when its process has ended; another one has a Done of its own.
func (l *Lives) Done() <-chan struct{} { return l.process().Done() }

// Exit says how its process ended; false while it has not.
func (l *Lives) Exit() (Exit, bool) { return l.process().Exit() }

// LastExit is how the process before this one ended.
func (l *Lives) LastExit() Exit {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// Ended describes the end of its process; see [Process.Ended].
func (l *Lives) Ended() error { return l.process().Ended() }

// StderrTail returns the last lines that its process wrote to standard error.
func (l *Lives) StderrTail() []string { return l.process().StderrTail() }

// Usage is what all of its processes have used; of memory, the most of one.
func (l *Lives) Usage() Usage {
	l.mu.Lock()
	now, before := l.now, l.before
	l.mu.Unlock()
	return before.plus(now.Usage())
}

// Stop ends its process; see [Process.Stop].
func (l *Lives) Stop(ctx context.Context, grace time.Duration) error {
	return l.process().Stop(ctx, grace)
}

// Kill ends its process as if it had died; see [Process.Kill].
func (l *Lives) Kill(ctx context.Context) error { return l.process().Kill(ctx) }

// Pause stops its process from running; see [Process.Pause].
func (l *Lives) Pause() error { return l.process().Pause() }

// Resume undoes Pause.
func (l *Lives) Resume() error { return l.process().Resume() }
