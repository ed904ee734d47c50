// Package agent is the embedded agent: a small, honest receiver of traces that
// stands in where no real agent is at hand, with trouble on demand.
//
// It speaks the agent's side of the Datadog trace API, every version of it
// (see package decode), repairs and drops what the real agent v0.85.1 repairs
// and drops, counts why, and forwards the rest to an intake in the real wire
// format: AgentPayload.tracerPayloads, as agents before that version do,
// whatever the API it came by. Its dials make it slow, forgetful, full or
// broken. What does not live here: any knowledge of runs, ordinals or ledgers.
// To those it is an agent like any other, and its counters are claims.
package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/internal/limits"
)

// Version is what the embedded agent calls itself.
const Version = "embedded-1"

// Bounds on waiting. The body's is the real agent's receiver timeout.
const (
	headerWithin = 10 * time.Second
	bodyWithin   = 5 * time.Second
	idleFor      = 2 * time.Minute
	decodeWithin = time.Second // for a turn to decode; then 429, as the real agent's decoder timeout
	finishWithin = 2 * time.Second
	flushWithin  = 3 * time.Second
)

// Bounds on size.
const (
	bodyBytesMax   = limits.PayloadBytes
	headerBytesMax = 64 << 10
)

// Serve runs an embedded agent until ctx ends; then it finishes what it is
// answering and hands over what it holds, both within a few seconds. It calls
// ready with its address, host:port or unix:///path, once it listens. The
// error says what could not be listened on, or what could not be handed over; it
// wraps [ErrDial] where the system does not have what a dial needs.
func Serve(ctx context.Context, d Dials, ready func(addr string)) error {
	if d.CPUPerSpan > 0 && !cpuClocks {
		return fmt.Errorf("%w cpu_per_span: this system has no clocks of CPU time that are fine enough; leave it out, or use Linux", ErrDial)
	}
	listener, addr, err := listen(d.listen())
	if err != nil {
		return err
	}
	d.Listen = addr
	a := newReceiver(d)
	// Handlers that wait out a stall or a latency end early once this does.
	working, hurry := context.WithCancel(context.WithoutCancel(ctx))
	defer hurry()
	server := &http.Server{
		Handler:           a.handler(),
		ReadHeaderTimeout: headerWithin,
		IdleTimeout:       idleFor,
		MaxHeaderBytes:    headerBytesMax,
		BaseContext:       func(net.Listener) context.Context { return working },
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	go a.forward.run()
	if ready != nil {
		ready(addr)
	}

	select {
	case err = <-failed:
		err = fmt.Errorf("serve on %s: %w", addr, err)
	case <-ctx.Done():
	}
	hurry()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishWithin)
	defer cancel()
	if server.Shutdown(stopping) != nil {
		_ = server.Close() // whoever is still being answered is cut off
	}
	flushing, cancelFlush := context.WithTimeout(context.WithoutCancel(ctx), flushWithin)
	defer cancelFlush()
	return errors.Join(err, a.forward.close(flushing))
}

// listen opens host:port or unix:///path and says what it is called.
func listen(addr string) (net.Listener, string, error) {
	path, unix := strings.CutPrefix(addr, unixPrefix)
	if !unix {
		l, err := net.Listen("tcp", addr)
		if err != nil {
			return nil, "", fmt.Errorf("open the agent's listener: %w; choose another with --listen", err)
		}
		return l, l.Addr().String(), nil
	}
	// A socket that an agent left behind when it was killed is in the way of
	// the next; anything else at that path is not ours to remove.
	if info, err := os.Lstat(path); err == nil && info.Mode().Type() == fs.ModeSocket {
		if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
			_ = conn.Close()
			return nil, "", fmt.Errorf("open the agent's socket %s: another agent listens on it", path)
		}
		if err := os.Remove(path); err != nil {
			return nil, "", fmt.Errorf("remove the old socket: %w", err)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, "", fmt.Errorf("open the agent's socket: %w; choose another with --listen", err)
	}
	return l, unixPrefix + path, nil
}
