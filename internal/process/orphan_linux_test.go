package process

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// alive says whether a process runs. A zombie that nobody collects does not.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return false
	}
	_, rest, _ := bytes.Cut(stat, []byte(") "))
	return len(rest) > 0 && rest[0] != 'Z' && rest[0] != 'X'
}

func awaitGone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(within); alive(pid); {
		if time.Now().After(deadline) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			t.Fatalf("process %d is still there after %v", pid, within)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A child must not outlive us when we are killed, whether it watches or not.
func TestNoOrphanAfterSIGKILL(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), childEnv+"=parent")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(readLine(t, out))
	if err != nil {
		t.Fatal(err)
	}
	if !alive(pid) {
		t.Fatal("the child ended before its parent")
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	awaitGone(t, pid)
}

// What a child leaves in its group ends with it, and does not hold up Done.
func TestNothingLeftBehind(t *testing.T) {
	p, line := startAndRead(t, as("leave-behind"))
	pid, err := strconv.Atoi(line)
	if err != nil {
		t.Fatal(err)
	}
	if exit := await(t, p); exit.Code != 0 {
		t.Errorf("exit %v, want 0", exit)
	}
	awaitGone(t, pid)
}

func TestKilledByOthers(t *testing.T) {
	p := start(t, as("sleep"))
	if err := syscall.Kill(p.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if exit := await(t, p); exit.Code != -1 || exit.Signal != "SIGKILL" || exit.Asked {
		t.Errorf("exit %+v, want SIGKILL, unasked", exit)
	}
}
