package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/results"
)

// TestKilled kills a run at random moments: what is on disk stays readable, and
// nothing of ours stays alive.
func TestKilled(t *testing.T) {
	t.Parallel()
	times := 10
	if testing.Short() || raced {
		times = 3
	}
	for i := range times {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "record")
			marker := fmt.Sprintf("SPANSTORM_KILLED=%d-%d", os.Getpid(), i)
			cmd := exec.Command("spanstorm", "run", "smoke", "--set", "load.0.for=30s", "--set", "corpus.spans=4096", "--out", out, "--progress", "none")
			cmd.Env = append(os.Environ(), marker)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			waitFor(t, "a record", func() bool {
				_, err := os.Stat(filepath.Join(out, "record.json"))
				return err == nil
			})
			time.Sleep(time.Duration(rand.Int64N(int64(8 * time.Second))))
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			killed := time.Now()
			rec, err := results.Read(out)
			if err != nil {
				t.Fatal(err)
			}
			if rec.Complete {
				t.Error("the record of a killed run calls itself complete")
			}
			waitFor(t, "the roles to end", func() bool { return len(marked(t, marker)) == 0 })
			if took := time.Since(killed); took > time.Second {
				t.Errorf("the roles lived on for %v", took)
			}
		})
	}
}

// started is a run that is under way as a process of its own.
type started struct {
	cmd            *exec.Cmd
	out, marker    string
	stdout, stderr bytes.Buffer
}

// start begins a long run and returns when it has been loading for a while.
func start(t *testing.T, args ...string) *started {
	t.Helper()
	s := &started{out: filepath.Join(t.TempDir(), "record"), marker: fmt.Sprintf("SPANSTORM_TEST=%s-%d", t.Name(), os.Getpid())}
	s.cmd = exec.Command("spanstorm", append([]string{"run", "smoke", "--set", "load.0.for=60s", "--set", "corpus.spans=4096", "--out", s.out, "--progress", "none"}, args...)...)
	s.cmd.Env = append(os.Environ(), s.marker)
	s.cmd.Stdout, s.cmd.Stderr = &s.stdout, &s.stderr
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	waitFor(t, "the load", func() bool {
		rec, err := results.Read(s.out)
		return err == nil && rec.Target.Name != ""
	})
	time.Sleep(2 * time.Second)
	return s
}

// ended waits for the end, at most for the given time, and returns the record.
func (s *started) ended(t *testing.T, code int, within time.Duration) *results.Record {
	t.Helper()
	rec := s.over(t, within)
	if got := s.cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d\n%s", got, code, &s.stderr)
	}
	return rec
}

// over is ended with any exit code.
func (s *started) over(t *testing.T, within time.Duration) *results.Record {
	t.Helper()
	since := time.Now()
	_ = s.cmd.Wait()
	if took := time.Since(since); took > within && !raced {
		t.Errorf("ended after %v", took)
	}
	waitFor(t, "the roles to end", func() bool { return len(marked(t, s.marker)) == 0 })
	rec, err := results.Read(s.out)
	if err != nil {
		t.Fatal(err)
	}
	balanced(t, rec)
	return rec
}

// TestInterrupted stops a run as Ctrl-C does.
func TestInterrupted(t *testing.T) {
	s := start(t)
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	rec := s.ended(t, 130, 6*time.Second)
	if !strings.Contains(strings.ToLower(s.stdout.String()), "interrupted") {
		t.Errorf("the report does not say so:\n%s", &s.stdout)
	}
	if !rec.Interrupted || rec.Ledger.Drained || rec.Requests.Sent == 0 || rec.Ledger.Accepted.Traces == 0 {
		t.Errorf("interrupted %v, drained %v, sent %d, accepted %d", rec.Interrupted, rec.Ledger.Drained, rec.Requests.Sent, rec.Ledger.Accepted.Traces)
	}
}

// TestTargetDies kills the agent in the middle of a run.
func TestTargetDies(t *testing.T) {
	s := start(t)
	s.killAgent(t)
	rec := s.ended(t, 3, 5*time.Second)
	exit := rec.Target.Exit
	if rec.Valid || exit == nil || exit.Signal != "SIGKILL" || rec.Ledger.Drained {
		t.Errorf("valid %v, exit %+v, drained %v", rec.Valid, exit, rec.Ledger.Drained)
	}
	if took := rec.EndedAt.Sub(rec.StartedAt).Seconds() - exit.AtS; took > 2 && !raced {
		t.Errorf("the record was complete %.1f s after the target's death", took)
	}
}

// With --restart the target is started again, and the run goes on to its end.
func TestRestart(t *testing.T) {
	t.Parallel()
	s := start(t, "--restart", "--set", "load.0.for=8s", "--set", "expect=[]")
	s.killAgent(t)
	rec := s.over(t, 25*time.Second)
	validOrLate(t, rec)
	if rec.Target.Exit != nil || len(rec.Target.Restarts) != 1 {
		t.Fatalf("exit %+v, restarts %+v", rec.Target.Exit, rec.Target.Restarts)
	}
	r := rec.Target.Restarts[0]
	if r.Signal != "SIGKILL" || r.Event != "" || r.UpAtS < r.AtS || r.UpAtS > r.AtS+20 {
		t.Errorf("restart %+v", r)
	}
	if rec.Requests.Delivered == 0 || rec.Requests.Unsent > 0 || rec.Ledger.Duplicated.Traces > 0 {
		t.Errorf("delivered %d, unsent %d, duplicated %d", rec.Requests.Delivered, rec.Requests.Unsent, rec.Ledger.Duplicated.Traces)
	}
	if !strings.Contains(s.stdout.String(), "Restarts") {
		t.Errorf("the report does not say so:\n%s", &s.stdout)
	}
}

// killAgent kills the embedded agent of a run.
func (s *started) killAgent(t *testing.T) {
	t.Helper()
	killed := false
	for _, pid := range marked(t, s.marker) {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && bytes.Contains(line, []byte("\x00agent\x00")) {
			killed = syscall.Kill(pid, syscall.SIGKILL) == nil
		}
	}
	if !killed {
		t.Fatal("no agent found to kill")
	}
}

func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited too long for %s", what)
		}
	}
}

// marked lists the living processes whose environment holds the marker.
func marked(t *testing.T, marker string) (pids []int) {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		env, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err != nil || !bytes.Contains(env, []byte(marker+"\x00")) {
			continue
		}
		var pid int
		if _, err := fmt.Sscanf(filepath.Base(dir), "%d", &pid); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
