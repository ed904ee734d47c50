package process

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestWatch(t *testing.T) {
	p, _ := startAndRead(t, as("polite"))
	w, err := Watch(strconv.Itoa(p.PID()))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	u := w.Usage()
	if runtime.GOOS == "linux" && (u.RSSBytes == 0 || u.RSSMaxBytes < u.RSSBytes || u.Threads == 0 || u.FDs == 0) {
		t.Errorf("usage %+v", u)
	}
	// What it used before does not count.
	if all := p.Usage().CPUS; u.CPUS > all || all > 0.01 && u.CPUS == all {
		t.Errorf("%v CPU seconds since it is watched, %v in all", u.CPUS, all)
	}
	if exit, ended := w.Exit(); ended {
		t.Errorf("it ended: %+v", exit)
	}
	if err := p.Stop(t.Context(), within); err != nil {
		t.Fatal(err)
	}
	awaitWatched(t, w)
	if exit, ended := w.Exit(); !ended || !exit.Unseen || exit.Asked || !strings.Contains(exit.String(), "not known") {
		t.Errorf("exit %+v, %v", exit, ended)
	}
	if end := w.Usage(); end.RSSBytes != 0 || end.RSSMaxBytes < u.RSSMaxBytes || end.CPUS < u.CPUS {
		t.Errorf("usage %+v became %+v", u, end)
	}
}

func awaitWatched(t *testing.T, w *Watched) {
	t.Helper()
	select {
	case <-w.Done():
	case <-time.After(within):
		t.Fatal("its end was not seen")
	}
}

// A process whose parent does not take note of its end has ended all the same.
func TestWatchAZombie(t *testing.T) {
	c := as("polite")
	cmd := exec.Command(c.Path, c.Args...)
	cmd.Env = c.Env
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	w, err := Watch(strconv.Itoa(cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	awaitWatched(t, w)
}

func TestWatchRefuses(t *testing.T) {
	p, _ := startAndRead(t, as("polite"))
	if err := p.Stop(t.Context(), within); err != nil {
		t.Fatal(err)
	}
	gone := strconv.Itoa(p.PID())
	for name, want := range map[string]string{
		"":        "neither a process's number",
		"x":       "neither a process's number",
		"-3":      "neither a process's number",
		"0":       "neither a process's number",
		"cgroup:": "names no control group",
		gone:      "process " + gone + " is not running",
	} {
		w, err := Watch(name)
		if err == nil {
			w.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one that says %q", name, err, want)
		}
	}
	if _, err := Watch(gone); !errors.Is(err, ErrNotThere) {
		t.Errorf("error %v", err)
	}
}

// The files of a control group, as the kernel writes them.
func TestCgroup(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux has control groups")
	}
	folder := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Watch("cgroup:" + folder); err == nil || !strings.Contains(err.Error(), "version 2") {
		t.Errorf("a folder that is none: %v", err)
	}
	if _, err := Watch("cgroup:no/such.slice"); !errors.Is(err, ErrNotThere) {
		t.Errorf("a group that is not there: %v", err)
	}
	write("cpu.stat", "usage_usec 5000000\nuser_usec 1\n")
	write("memory.current", "1048576\n")
	write("pids.current", "7\n")
	write("cgroup.procs", strconv.Itoa(os.Getpid())+"\n")
	write("cgroup.events", "populated 1\nfrozen 0\n")
	w, err := Watch("cgroup:" + folder)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	write("cpu.stat", "usage_usec 7500000\nuser_usec 1\n")
	write("memory.current", "2097152\n")
	if u := w.Usage(); u.CPUS != 2.5 || u.RSSMaxBytes != 2<<20 || u.Threads != 7 || u.FDs < 3 {
		t.Errorf("usage %+v", u)
	}
	write("cgroup.events", "populated 0\nfrozen 0\n")
	awaitWatched(t, w)
}
