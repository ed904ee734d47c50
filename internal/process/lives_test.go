//go:build unix

package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"
)

// state is the letter by which Linux says what a process does: T is stopped.
func state(t *testing.T, p *Process) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.PID()))
	if err != nil {
		t.Fatal(err)
	}
	return string(bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])[0])
}

// polite starts a child that ends with 7 once it is asked to.
func polite(t *testing.T) *Process {
	t.Helper()
	p, _ := startAndRead(t, as("polite"))
	return p
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begin) > within {
			t.Fatal("it never came to that")
		}
	}
}

func TestPauseAndResume(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("looks into /proc")
	}
	p := polite(t)
	if err := p.Pause(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return state(t, p) == "T" })
	if err := p.Resume(); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return state(t, p) != "T" })
	// One that is paused can still be asked to end.
	if err := p.Pause(); err != nil {
		t.Fatal(err)
	}
	if err := p.Stop(t.Context(), within); err != nil {
		t.Errorf("stopping what is paused: %v", err)
	}
	if err := p.Pause(); !errors.Is(err, errGone) {
		t.Errorf("pausing what has ended: %v", err)
	}
}

// A child that was killed has died by itself; started again it counts on.
func TestLives(t *testing.T) {
	first := polite(t)
	started := 0
	l := NewLives(first, func(context.Context) (*Process, error) {
		started++
		return polite(t), nil
	})
	if err := l.Again(t.Context()); err == nil || started > 0 {
		t.Errorf("started again while it runs: %v", err)
	}
	done := l.Done()
	if err := l.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case <-done:
	case <-time.After(within):
		t.Fatal("killed, and still there")
	}
	if exit, ended := l.Exit(); !ended || exit.Asked || exit.Signal != "SIGKILL" {
		t.Errorf("killed: %+v, %v", exit, ended)
	}
	before := l.Usage()
	if err := l.Again(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ended := l.Exit(); ended || l.PID() == first.PID() {
		t.Errorf("started again: ended %v, process %d after %d", ended, l.PID(), first.PID())
	}
	if last := l.LastExit(); last.Signal != "SIGKILL" {
		t.Errorf("the one before ended with %v", last)
	}
	if after := l.Usage(); after.CPUS < before.CPUS || after.RSSMaxBytes < before.RSSMaxBytes {
		t.Errorf("used %+v before, and %+v with the next", before, after)
	}
	if err := l.Stop(t.Context(), within); err != nil {
		t.Error(err)
	}
	if exit, ended := l.Exit(); !ended || !exit.Asked || exit.Code != 7 {
		t.Errorf("stopped: %+v, %v", exit, ended)
	}
}
