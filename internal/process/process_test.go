package process

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test binary is also the child: childEnv names what to be.
const childEnv = "SPANSTORM_TEST_CHILD"

// within bounds what a test waits for; it is no expectation about speed.
const within = 30 * time.Second

func TestMain(m *testing.M) {
	if what := os.Getenv(childEnv); what != "" {
		os.Exit(child(what, os.Args[1:]))
	}
	os.Exit(m.Run())
}

// hogged keeps what the child called hog has taken.
var hogged [][]byte

// child plays the part it was started for and returns its exit code.
func child(what string, args []string) int {
	switch what {
	case "exit":
		fmt.Fprintln(os.Stderr, "about to end")
		code, _ := strconv.Atoi(args[0])
		return code
	case "echo":
		fmt.Println(os.Getenv("GREETING"), strings.Join(args, ","))
		dir, _ := os.Getwd()
		fmt.Println(dir)
		return 0
	case "polite": // ends with 7 when asked
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM, os.Interrupt)
		fmt.Println("up")
		<-asked
		return 7
	case "stubborn":
		signal.Ignore(syscall.SIGTERM, os.Interrupt)
		fmt.Println("up")
		time.Sleep(time.Hour)
	case "sleep":
		time.Sleep(time.Hour)
	case "leave-behind": // ends, and leaves a process in its group
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"=sleep")
		cmd.Stdout = os.Stdout
		if err := cmd.Start(); err != nil {
			return 1
		}
		fmt.Println(cmd.Process.Pid)
		return 0
	case "parent": // starts a child and lives on, busy with threads
		p, err := Start(context.Background(), Command{Path: os.Args[0], Env: append(os.Environ(), childEnv+"=sleep")})
		if err != nil {
			return 1
		}
		for range 20 { // threads that end, as the runtime's do
			go runtime.LockOSThread()
		}
		fmt.Println(p.PID())
		time.Sleep(time.Hour)
	case "burn": // uses CPU and memory, says how much, and waits to be asked to end
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGTERM, os.Interrupt)
		block := make([]byte, 64<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		for SelfUsage().CPUS < 0.3 {
			for range 1_000_000 {
				block[0]++
			}
		}
		fmt.Println(SelfUsage().CPUS)
		<-asked
		return int(block[1])
	case "spin": // uses CPU for ever
		fmt.Println("up")
		for n := 0; ; n++ {
			_ = n
		}
	case "hog": // uses more and more memory
		for n := range 64 {
			block := make([]byte, 4<<20)
			for i := 0; i < len(block); i += 4096 {
				block[i] = byte(n)
			}
			hogged = append(hogged, block)
		}
	case "role":
		return role(args)
	}
	return 99
}

func role(args []string) int {
	gone := make(chan struct{})
	if args[len(args)-1] == WatchParentFlag {
		WatchParent(os.Stdin, func() { close(gone) })
	}
	fmt.Fprintln(os.Stderr, "role of kind", args[0])
	switch args[0] {
	case "good":
		_ = Announce(os.Stdout, Ready{Listen: "127.0.0.1:1234", Control: "127.0.0.1:5678"})
		fmt.Println("more output")
		<-gone
		return 0
	case "silent":
		<-gone
		return 0
	case "no-json":
		fmt.Println("hello")
		<-gone
	case "no-address":
		fmt.Println("{}")
		<-gone
	case "endless":
		for {
			if _, err := fmt.Print(strings.Repeat("x", 4096)); err != nil {
				return 1
			}
		}
	}
	return 3
}

// as is the command that starts this binary as the named child.
func as(what string, args ...string) Command {
	return Command{Path: os.Args[0], Args: args, Env: append(os.Environ(), childEnv+"="+what)}
}

func start(t *testing.T, c Command) *Process {
	t.Helper()
	p, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.kill("the test is over") })
	return p
}

func await(t *testing.T, p *Process) Exit {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(within):
		t.Fatalf("process %d has not ended after %v", p.PID(), within)
	}
	exit, ok := p.Exit()
	if !ok {
		t.Fatal("Done is closed, and Exit says that the process has not ended")
	}
	return exit
}

// startAndRead starts a child and returns it with the first line that it writes.
func startAndRead(t *testing.T, c Command) (*Process, string) {
	t.Helper()
	first := newFirstLine(nil)
	c.Stdout = first
	p := start(t, c)
	select {
	case <-first.found:
		return p, string(first.line)
	case <-time.After(within):
		t.Fatal("the child says nothing")
		return nil, ""
	}
}

func TestExitAndOutput(t *testing.T) {
	for _, code := range []int{0, 3} {
		p := start(t, as("exit", strconv.Itoa(code)))
		exit := await(t, p)
		if exit.Code != code || exit.Signal != "" || exit.Asked || exit.At.IsZero() {
			t.Errorf("exit %+v, want code %d, unasked", exit, code)
		}
		if got := p.StderrTail(); len(got) != 1 || got[0] != "about to end" {
			t.Errorf("tail of stderr %q", got)
		}
	}

	dir := t.TempDir()
	var out, errs bytes.Buffer
	c := as("echo", "a", "b c")
	c.Env, c.Dir, c.Stdout, c.Stderr = append(c.Env, "GREETING=hello"), dir, &out, &errs
	await(t, start(t, c))
	if got := out.String(); !strings.HasPrefix(got, "hello a,b c\n") || !strings.Contains(got, dir) {
		t.Errorf("output %q, want the greeting, the arguments, and the folder %s", got, dir)
	}
}

func TestStartFails(t *testing.T) {
	for _, path := range []string{"no-such-program-anywhere", t.TempDir() + "/missing"} {
		_, err := Start(t.Context(), Command{Path: path})
		if err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("error %v, want one that names %s", err, path)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Start(ctx, as("sleep")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// A writer that fails must not disturb the child.
func TestFailingWriter(t *testing.T) {
	r, w := io.Pipe()
	_ = r.Close()
	c := as("exit", "0")
	c.Stdout, c.Stderr = w, w
	p := start(t, c)
	if exit := await(t, p); exit.Code != 0 || len(p.StderrTail()) != 1 {
		t.Errorf("exit %v, tail %q", exit, p.StderrTail())
	}
}

func TestStop(t *testing.T) {
	polite, _ := startAndRead(t, as("polite"))
	if err := polite.Stop(t.Context(), within); err != nil {
		t.Errorf("stopping a process that ends when asked: %v", err)
	}
	if exit := await(t, polite); exit.Code != 7 || !exit.Asked {
		t.Errorf("exit %+v, want code 7, asked", exit)
	}
	if err := polite.Stop(t.Context(), 0); err != nil {
		t.Errorf("stopping what has ended: %v", err)
	}

	stubborn, _ := startAndRead(t, as("stubborn"))
	err := stubborn.Stop(t.Context(), 50*time.Millisecond)
	if !errors.Is(err, ErrKilled) || !strings.Contains(err.Error(), "50ms") {
		t.Errorf("stopping a process that does not end: %v, want ErrKilled", err)
	}
	if exit := await(t, stubborn); runtime.GOOS != "windows" && (exit.Code != -1 || exit.Signal != "SIGKILL") {
		t.Errorf("exit %+v, want SIGKILL", exit)
	}

	stubborn, _ = startAndRead(t, as("stubborn"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := stubborn.Stop(ctx, time.Hour); !errors.Is(err, ErrKilled) {
		t.Errorf("stopping under a context that is done: %v, want ErrKilled", err)
	}
}

func TestUsage(t *testing.T) {
	ballast := make([]byte, 256<<20) // ours, not the child's
	for i := 0; i < len(ballast); i += 4096 {
		ballast[i] = 1
	}
	p, line := startAndRead(t, as("burn"))
	if err := p.Stop(t.Context(), within); err != nil {
		t.Fatal(err)
	}
	used, err := strconv.ParseFloat(line, 64)
	if err != nil {
		t.Fatal(err)
	}
	u := p.Usage()
	if u.CPUS < used {
		t.Errorf("%.3f CPU seconds at the end, the child itself counted %.3f before", u.CPUS, used)
	}
	if u.RSSBytes != 0 {
		t.Errorf("%d bytes held after the end", u.RSSBytes)
	}
	if runtime.GOOS == "linux" && u.RSSMaxBytes < 64<<20 {
		t.Errorf("a peak of %d bytes, want at least the 64 MiB that were touched", u.RSSMaxBytes)
	}
	if u.RSSMaxBytes >= 256<<20 {
		t.Errorf("a peak of %d bytes: that is ours, not the child's", u.RSSMaxBytes)
	}
	runtime.KeepAlive(ballast)

	self := SelfUsage()
	if self.CPUS <= 0 || self.RSSBytes < 256<<20 || self.RSSMaxBytes < self.RSSBytes {
		t.Errorf("own usage %+v with 256 MiB in hand", self)
	}
}

func TestUsageWhileAlive(t *testing.T) {
	p, _ := startAndRead(t, as("polite"))
	u := p.Usage()
	if u.CPUS <= 0 || u.RSSBytes == 0 || u.RSSMaxBytes < u.RSSBytes {
		t.Errorf("usage of a living process %+v", u)
	}
	// Its standard files are open, and a Go program has threads of its own.
	if runtime.GOOS == "linux" && (u.Threads < 2 || u.FDs < 3 || u.ThreadsMax < u.Threads || u.FDsMax < u.FDs) {
		t.Errorf("threads and descriptors of a living process %+v", u)
	}
	if err := p.Stop(t.Context(), within); err != nil {
		t.Fatal(err)
	}
	if end := p.Usage(); end.CPUS < u.CPUS || end.RSSMaxBytes < u.RSSMaxBytes || end.ThreadsMax < u.ThreadsMax || end.FDsMax < u.FDsMax || end.Threads != 0 || end.FDs != 0 {
		t.Errorf("usage went back from %+v to %+v", u, end)
	}
}

func TestStartRole(t *testing.T) {
	out := &lockedBuffer{}
	c := as("role", "good")
	c.Stdout = out
	p, ready, err := StartRole(t.Context(), c, within)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Ready{Listen: "127.0.0.1:1234", Control: "127.0.0.1:5678"}); ready != want {
		t.Errorf("ready %+v, want %+v", ready, want)
	}
	_ = p.kill("enough")
	await(t, p)
	if got := out.String(); strings.Contains(got, "listen") {
		t.Errorf("the ready line was passed on: %q", got)
	}
}

func TestStartRoleFails(t *testing.T) {
	tests := []struct {
		kind  string
		limit time.Duration
		want  []string
	}{
		{"ends", within, []string{"exit code 3", "role of kind ends"}},
		{"silent", 2 * time.Second, []string{"not ready after 2s", "role of kind silent"}},
		{"no-json", within, []string{"should be JSON", "hello"}},
		{"no-address", within, []string{"names no address"}},
		{"endless", within, []string{"should be JSON"}},
	}
	for _, tt := range tests {
		t.Run(tt.kind, func(t *testing.T) {
			t.Parallel()
			p, _, err := StartRole(t.Context(), as("role", tt.kind), tt.limit)
			if err == nil {
				_ = p.kill("it should not have started")
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestStartRoleObeysContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the user gave up")
	time.AfterFunc(50*time.Millisecond, func() { cancel(cause) })
	if _, _, err := StartRole(ctx, as("role", "silent"), within); !errors.Is(err, cause) {
		t.Errorf("error %v, want the context's cause", err)
	}
}

func TestWatchParent(t *testing.T) {
	r, w := io.Pipe()
	gone := make(chan struct{})
	WatchParent(r, func() { close(gone) })
	if _, err := w.Write([]byte("ignored")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-gone:
		t.Fatal("gone while the pipe is open")
	default:
	}
	_ = w.Close()
	select {
	case <-gone:
	case <-time.After(within):
		t.Fatal("the end of the pipe was not noticed")
	}
}

// readLine reads one line from a child's output.
func readLine(t *testing.T, r io.Reader) string {
	t.Helper()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}
