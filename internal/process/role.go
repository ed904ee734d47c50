package process

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// WatchParentFlag is the flag by which a role is told to call [WatchParent].
const WatchParentFlag = "--watch-parent"

// readyLineBytes bounds the line by which a role says that it is ready.
const readyLineBytes = 64 << 10

// Ready is what a role says, as one line of JSON on its standard output, once
// it can be spoken to.
type Ready struct {
	// Listen is where it serves, as host:port.
	Listen string `json:"listen"`
	// Control is where it takes orders, as host:port; empty if it takes none.
	Control string `json:"control,omitempty"`
}

// Announce writes the line. It is called by the role.
func Announce(w io.Writer, r Ready) error {
	line, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("announce readiness: %w", err)
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("announce readiness on standard output: %w", err)
	}
	return nil
}

// WatchParent calls gone, from another goroutine, when r ends: when the parent
// that holds the other end of the pipe is no more. It is called by the role,
// with os.Stdin. What comes through the pipe is ignored.
func WatchParent(r io.Reader, gone func()) {
	go func() {
		_, _ = io.Copy(io.Discard, r)
		gone()
	}()
}

// StartRole starts one of our own roles (the same binary with another command)
// and waits until it announces that it is ready. It adds [WatchParentFlag] to
// the arguments. When the role ends first, or does not get ready within the
// given time or before ctx is done, it is killed and the error carries the end
// of its standard error.
func StartRole(ctx context.Context, c Command, within time.Duration) (*Process, Ready, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, within, fmt.Errorf("not ready after %v", within))
	defer cancel()
	first := newFirstLine(c.Stdout)
	c.Stdout = first
	c.WatchesParent = true
	c.Args = append(slices.Clip(c.Args), WatchParentFlag)
	p, err := Start(ctx, c)
	if err != nil {
		return nil, Ready{}, err
	}
	ready, err := awaitReady(ctx, p, first)
	if err != nil {
		if kerr := p.kill("it did not get ready"); !errors.Is(kerr, ErrKilled) {
			err = errors.Join(err, kerr)
		}
		return nil, Ready{}, fmt.Errorf("start %s %s: %w", c.Path, firstOf(c.Args), err)
	}
	return p, ready, nil
}

func awaitReady(ctx context.Context, p *Process, first *firstLine) (Ready, error) {
	var ready Ready
	select {
	case <-first.found:
	case <-p.Done():
		select {
		case <-first.found: // it said so and ended at once
		default:
			return ready, p.Ended()
		}
	case <-ctx.Done():
		return ready, fmt.Errorf("%w%s", context.Cause(ctx), quoteTail(p.StderrTail()))
	}
	if err := json.Unmarshal(first.line, &ready); err != nil {
		return ready, fmt.Errorf("its first line of output should be JSON such as {\"listen\":\"127.0.0.1:1\"}, not %.200q: %w", first.line, err)
	}
	if ready.Listen == "" {
		return ready, fmt.Errorf("its first line of output names no address to reach it at: %.200q", first.line)
	}
	return ready, nil
}

func firstOf(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// firstLine takes the first line for itself and passes on the rest.
type firstLine struct {
	found chan struct{} // closed when line is complete
	line  []byte

	mu   sync.Mutex
	full bool
	rest io.Writer
}

func newFirstLine(rest io.Writer) *firstLine {
	return &firstLine{found: make(chan struct{}), rest: rest}
}

func (f *firstLine) Write(b []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(b)
	if !f.full {
		line, rest, whole := bytes.Cut(b, []byte{'\n'})
		f.line = append(f.line, line...)
		if whole || len(f.line) > readyLineBytes {
			f.full = true
			close(f.found)
		}
		b = rest
	}
	if f.rest != nil && len(b) > 0 {
		_, _ = f.rest.Write(b)
	}
	return n, nil
}
