package target

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/internal/process"
	"github.com/spanstorm/spanstorm/results"
)

func TestFileLife(t *testing.T) {
	var log lockedBuffer
	target := up(t, writeFile(t, "good", "claims: [{vars: \"http://127.0.0.1:{{port}}/debug/vars\"}]\ndrain: 3s\napis: [v0.4]"),
		Env{Intake: "http://127.0.0.1:4/", Log: &log})
	if !target.Started() || target.Drain() != 3*time.Second || target.Acceptance() != AcceptanceIntake {
		t.Errorf("started %v, drain %v, acceptance %v", target.Started(), target.Drain(), target.Acceptance())
	}
	info := target.Info()
	if info.Name != "fake" || info.Version != "1.2.3" || len(info.Command) != 5 || info.Command[4] != "http://127.0.0.1:4" {
		t.Errorf("info %+v", info)
	}
	if got := target.URL(); got != info.URL || !strings.HasPrefix(got, "http://127.0.0.1:") {
		t.Errorf("URL %s, in the record %s", got, info.URL)
	}
	if diff := cmp.Diff([]string{"fake agent: good"}, info.StderrTail); diff != "" {
		t.Errorf("tail of stderr (-want +got):\n%s", diff)
	}
	if u := target.Usage(); runtime.GOOS == "linux" && (u.CPUS <= 0 || u.RSSMaxBytes == 0) {
		t.Errorf("usage %+v", u)
	}
	page, err := target.endpoint.get(t.Context(), "/info")
	if err != nil {
		t.Fatal(err)
	}
	greeting, err := textAt(page.body, []string{"greeting"})
	if err != nil {
		t.Fatal(err)
	}
	scratch := strings.TrimPrefix(greeting, "hello ")
	if _, err := os.Stat(scratch); err != nil {
		t.Errorf("the scratch folder while the target runs: %v", err)
	}

	if err := target.Mark(t.Context()); err != nil { // 10
		t.Fatal(err)
	}
	claims, err := target.Claims(t.Context()) // 20
	if err != nil {
		t.Fatal(err)
	}
	want := []results.Claim{
		{Source: "vars", Name: "receiver.spans_dropped", Meaning: "dropped.spans", Value: 0},
		{Source: "vars", Name: "receiver.traces_dropped.decoding_error", Meaning: "refused:400", Value: 1},
		{Source: "vars", Name: "receiver.traces_received", Meaning: "delivered", Value: 10},
	}
	if diff := cmp.Diff(want, claims); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if gc := target.GC(); gc != (GC{Count: 1, PauseTotalS: 0.001}) {
		t.Errorf("garbage collected %+v, want once since the mark, for 1 ms", gc)
	}

	if _, ended := target.Exit(); ended {
		t.Error("Exit says that it has ended")
	}
	for range 2 {
		if err := target.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if exit, ended := target.Exit(); !ended || exit.Code != 0 || !exit.Asked {
		t.Errorf("exit %+v, %v", exit, ended)
	}
	claims, err = target.Claims(t.Context())
	if want[1].Value, want[2].Value = 2, 20; err != nil || cmp.Diff(want, claims) != "" { // Stop read them once more
		t.Errorf("claims after the end %+v, %v", claims, err)
	}
	if _, err := os.Stat(scratch); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the scratch folder after the end: %v", err)
	}
	if got := log.String(); !strings.Contains(got, "fake agent: good") {
		t.Errorf("log %q", got)
	}
}

// Three sources at once: each counts from the mark, what is sent is waited for,
// and after the target's end all still answer.
func TestManyClaims(t *testing.T) {
	path := writeText(t, fmt.Sprintf(`
command: [%q, -port, "{{port}}", -statsd, "{{statsd}}"]
env: {%s: good}
url: http://127.0.0.1:{{port}}
drain: 20s
claims:
  - vars: /debug/vars
    meanings: {receiver.odd: "dropped:odd", cmdline: sent}
  - prometheus: http://127.0.0.1:{{port}}/metrics
    meanings: {mine: accepted.spans}
  - statsd: true
`, os.Args[0], fakeEnv))
	target := up(t, path, Env{})
	if err := target.Mark(t.Context()); err != nil { // vars 10, prometheus 20
		t.Fatal(err)
	}
	target.Flushed(t.Context())
	claims, err := target.Claims(t.Context()) // vars 30, prometheus 40
	if err != nil {
		t.Fatal(err)
	}
	of := func(name string) results.Claim {
		for _, c := range claims {
			if c.Name == name {
				return c
			}
		}
		t.Fatalf("no claim %q among %+v", name, claims)
		return results.Claim{}
	}
	for _, want := range []results.Claim{
		{Source: "vars", Name: "receiver.traces_received", Meaning: "delivered", Value: 20},
		{Source: "prometheus", Name: `otelcol_receiver_accepted_spans_total{receiver="datadog"}`, Meaning: "delivered.spans", Value: 20},
		{Source: "prometheus", Name: "mine", Meaning: "accepted.spans", Value: 4}, // a gauge
	} {
		if diff := cmp.Diff(want, of(want.Name)); diff != "" {
			t.Errorf("claim (-want +got):\n%s", diff)
		}
	}
	received := of("datadog.trace_agent.receiver.traces_received")
	dropped := of("datadog.trace_agent.normalizer.traces_dropped|#reason:span_id_zero")
	if received.Meaning != "delivered" || dropped.Meaning != "dropped" || received.Source != "statsd" {
		t.Errorf("claims %+v, %+v", received, dropped)
	}
	// What was flushed before the mark is not in it, and what came after is, whole.
	flushes := dropped.Value / 2
	if flushes < 1 || received.Value != 5*flushes || of("flushes").Value <= flushes {
		t.Errorf("%v received and %v dropped; flush %v is the last", received.Value, dropped.Value, of("flushes").Value)
	}
	if err := target.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := claims
	claims, err = target.Claims(t.Context())
	if err != nil || len(claims) != len(before) || of("receiver.traces_received").Value != 40 {
		t.Errorf("after the end: %+v, %v", claims, err)
	}
	if of("datadog.trace_agent.receiver.traces_received").Value < received.Value {
		t.Errorf("what was sent is forgotten: %+v", claims)
	}
}

func TestFileVariants(t *testing.T) {
	t.Run("a slow start", func(t *testing.T) {
		up(t, writeFile(t, "slow", ""), Env{})
	})
	t.Run("version from the health page", func(t *testing.T) {
		if got := up(t, writeFile(t, "good", "version: {json_path: build.number}"), Env{}).Info().Version; got != "77" {
			t.Errorf("version %q, want 77", got)
		}
	})
	t.Run("version from a command", func(t *testing.T) {
		more := fmt.Sprintf("version: {command: [%q, env, GOVERSION]}", goCommand(t))
		if got := up(t, writeFile(t, "good", more), Env{}).Info().Version; !strings.HasPrefix(got, "go") {
			t.Errorf("version %q, want that of Go", got)
		}
	})
	t.Run("a folder of its own", func(t *testing.T) {
		path := writeFile(t, "good", "dir: sub")
		sub := filepath.Join(filepath.Dir(path), "sub")
		if err := os.Mkdir(sub, 0o700); err != nil {
			t.Fatal(err)
		}
		page, err := up(t, path, Env{}).endpoint.get(t.Context(), "/info")
		if err != nil || !bytes.Contains(page.body, []byte(sub)) {
			t.Errorf("it does not run in %s: %s, %v", sub, page.body, err)
		}
	})
	t.Run("a socket", func(t *testing.T) {
		path := writeText(t, fmt.Sprintf("command: [%q, -socket, \"{{socket}}\"]\nenv: {%s: good}\nurl: unix://{{socket}}\n", os.Args[0], fakeEnv))
		target := up(t, path, Env{})
		if target.Socket() == "" || target.URL() != "http://localhost" || target.Info().URL != "unix://"+target.Socket() {
			t.Errorf("socket %q, URL %q, in the record %q", target.Socket(), target.URL(), target.Info().URL)
		}
	})
	t.Run("a port that another process took", func(t *testing.T) {
		tries := filepath.Join(t.TempDir(), "tries")
		t.Setenv("TRIES", tries)
		up(t, writeFile(t, "port taken", ""), Env{})
		if got, _ := os.ReadFile(tries); len(got) != 3 {
			t.Errorf("%d tries, want 3", len(got))
		}
	})
}

func goCommand(t *testing.T) string {
	t.Helper()
	path := filepath.Join(runtime.GOROOT(), "bin", "go") //nolint:staticcheck // the toolchain that runs the test
	if _, err := os.Stat(path); err != nil {
		return "go"
	}
	return path
}

func TestFileTrouble(t *testing.T) {
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	tests := []struct {
		name, text string
		want       []string
	}{
		{"dies", writeFile(t, "dies", ""), []string{"fake did not start", "exit code 5", "fake agent: dies"}},
		{"sick", writeFile(t, "sick", "start_timeout: 400ms"), []string{"not healthy within 400ms", "answered 503", "fake agent: sick"}},
		{"deaf", writeFile(t, "deaf", "start_timeout: 400ms"), []string{"not healthy within 400ms", "refused"}},
		{"not there", writeText(t, "command: [./no/such/agent]\nurl: http://127.0.0.1:{{port}}\n"), []string{"no/such/agent", "make agents"}},
		{"not in the path", writeText(t, "command: [no-such-agent]\nurl: http://127.0.0.1:{{port}}\n"), []string{"no-such-agent"}},
		{"occupied", writeText(t, "command: [no-such-agent]\nurl: http://"+busy.Addr().String()+"\n"), []string{"something listens on http://" + busy.Addr().String()}},
		{"no version", writeFile(t, "good", "version: {json_path: build.name}"), []string{"read its version", `there is no "build.name"`}},
		{"no version command", writeFile(t, "good", "version: {command: [no-such-command]}"), []string{"read its version", "no-such-command"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			target, err := parse(t, tt.text).Start(t.Context(), Env{})
			if err == nil {
				target.abandon()
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

func TestStartObeysContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("the user gave up")
	time.AfterFunc(200*time.Millisecond, func() { cancel(cause) })
	if _, err := parse(t, writeFile(t, "deaf", "")).Start(ctx, Env{}); !errors.Is(err, cause) {
		t.Errorf("error %v, want the context's cause", err)
	}
}

func TestDeath(t *testing.T) {
	target := up(t, writeFile(t, "good", "claims: [{vars: \"http://127.0.0.1:{{port}}/debug/vars\"}]"), Env{})
	before, err := target.Claims(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, _ = target.endpoint.get(t.Context(), "/exit")
	select {
	case <-target.Done():
	case <-time.After(within):
		t.Fatal("its death was not noticed")
	}
	if exit, ended := target.Exit(); !ended || exit.Code != 9 || exit.Asked {
		t.Errorf("exit %+v, %v", exit, ended)
	}
	if tail := target.Info().StderrTail; len(tail) == 0 || tail[len(tail)-1] != "last words" {
		t.Errorf("tail of stderr %q", tail)
	}
	if after, err := target.Claims(t.Context()); err != nil || cmp.Diff(before, after) != "" {
		t.Errorf("claims after its death %v, %v, want those from before: %v", after, err, before)
	}
	if err := target.Stop(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestStubborn(t *testing.T) {
	target := up(t, writeFile(t, "stubborn", "stop_timeout: 100ms"), Env{})
	if err := target.Stop(t.Context()); !errors.Is(err, process.ErrKilled) {
		t.Errorf("error %v, want ErrKilled", err)
	}
}

func TestEmbedded(t *testing.T) {
	target := up(t, "embedded", Env{Self: os.Args[0], Intake: "http://127.0.0.1:4"})
	if err := target.StartClock(t.Context()); err != nil {
		t.Fatal(err)
	}
	if target.Drain() != EmbeddedDrain || !target.Started() {
		t.Errorf("drain %v, started %v", target.Drain(), target.Started())
	}
	claims, err := target.Claims(t.Context())
	if err != nil || valueOf(claims, "receiver.traces_dropped.span_id_zero") != 2 {
		t.Errorf("claims %v, %v", claims, err)
	}
	if err := target.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	info := target.Info()
	if tail := strings.Join(info.StderrTail, "\n"); !strings.Contains(tail, "--listen 127.0.0.1:0") ||
		!strings.Contains(tail, "--intake http://127.0.0.1:4") || !strings.Contains(tail, "clock started") {
		t.Errorf("standard error %q", tail)
	}
	if info.Name != EmbeddedName || info.Version != "1.2.3" {
		t.Errorf("info %+v", info)
	}
}

func TestEndpoints(t *testing.T) {
	for page, want := range map[string][]string{
		`{"endpoints":["/v0.4/traces","/v0.6/stats"]}`: {"/v0.4/traces", "/v0.6/stats"},
		`{"version":"1"}`:  nil,
		`{"endpoints":{}}`: nil,
		`OK`:               nil,
		``:                 nil, // answered 404
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if page == "" {
				http.NotFound(w, r)
				return
			}
			_, _ = io.WriteString(w, page)
		}))
		if got := up(t, server.URL, Env{}).Endpoints(t.Context()); !slices.Equal(got, want) {
			t.Errorf("%s announces %q, want %q", page, got, want)
		}
		server.Close()
	}
}

func TestAttach(t *testing.T) {
	t.Run("any answer will do", func(t *testing.T) {
		server := httptest.NewServer(http.NotFoundHandler())
		defer server.Close()
		target := up(t, server.URL, Env{})
		if target.Started() || target.Done() != nil || target.URL() != server.URL || target.Drain() != DefaultDrain {
			t.Errorf("target %+v", target.Info())
		}
		if err := target.StartClock(t.Context()); err != nil {
			t.Error(err)
		}
		if claims, err := target.Claims(t.Context()); claims != nil || err != nil {
			t.Errorf("claims %v, %v", claims, err)
		}
		if err := target.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
	t.Run("its process is known", func(t *testing.T) {
		server := httptest.NewServer(fakeHandler("good", ""))
		defer server.Close()
		folder := t.TempDir()
		write := func(name, text string) string {
			path := filepath.Join(folder, name)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		path := write("mine.yaml", "url: "+server.URL+"\npid_file: agent.pid\n")
		write("agent.pid", fmt.Sprintln(os.Getpid())) // the fake agent is in this process
		target := up(t, path, Env{})
		if u := target.Usage(); target.Started() || target.Done() == nil || runtime.GOOS == "linux" && u.RSSBytes == 0 {
			t.Errorf("started %v, usage %+v", target.Started(), u)
		}
		if got, want := target.Info().Watched, fmt.Sprint("process ", os.Getpid()); got != want {
			t.Errorf("watched %q, want %q", got, want)
		}
		write("agent.pid", "x")
		if _, err := parse(t, path).Start(t.Context(), Env{}); err == nil || !strings.Contains(err.Error(), "does not hold a process's number") {
			t.Errorf("error %v", err)
		}
		if err := os.Remove(filepath.Join(folder, "agent.pid")); err != nil {
			t.Fatal(err)
		}
		if _, err := parse(t, path).Start(t.Context(), Env{}); err == nil || !strings.Contains(err.Error(), "is it running?") {
			t.Errorf("error %v", err)
		}
		spec := parse(t, server.URL)
		if err := spec.Watch(fmt.Sprint(os.Getpid())); err != nil {
			t.Fatal(err)
		}
		target, err := spec.Start(t.Context(), Env{})
		if err != nil {
			t.Fatal(err)
		}
		defer target.abandon()
		if target.Info().Watched == "" {
			t.Error("it is not watched")
		}
		if err := parse(t, "embedded").Watch("1"); err == nil || !strings.Contains(err.Error(), "is started here") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a name becomes the address that answered", func(t *testing.T) {
		server := httptest.NewServer(fakeHandler("good", ""))
		defer server.Close()
		_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
		target := up(t, "http://localhost:"+port, Env{})
		if target.URL() != server.URL || target.Info().URL != "http://localhost:"+port {
			t.Errorf("URL %s, in the record %s, want %s and the name", target.URL(), target.Info().URL, server.URL)
		}
	})
	t.Run("nobody there", func(t *testing.T) {
		ports, err := FreePorts(1)
		if err != nil {
			t.Fatal(err)
		}
		_, err = parse(t, "http://127.0.0.1:"+ports[0]).Start(t.Context(), Env{})
		if err == nil || !strings.Contains(err.Error(), "cannot be reached") || !strings.Contains(err.Error(), "refused") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("no HTTP", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = l.Close() }()
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = conn.Write([]byte("220 mail ready\r\n\r\n"))
				_ = conn.Close()
			}
		}()
		if _, err = parse(t, "http://"+l.Addr().String()).Start(t.Context(), Env{}); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("counters count from now", func(t *testing.T) {
		server := httptest.NewServer(fakeHandler("good", ""))
		defer server.Close()
		target := up(t, writeText(t, fmt.Sprintf("url: %s\nclaims: [{vars: %q}]\n", server.URL, server.URL+"/debug/vars")), Env{})
		claims, err := target.Claims(t.Context())
		if err != nil || valueOf(claims, "receiver.traces_received") != 10 { // 20 − 10
			t.Errorf("claims %v, %v", claims, err)
		}
	})
}

func TestRemoteIsRefused(t *testing.T) {
	for _, url := range []string{"http://192.0.2.1:8126", "http://[2001:db8::1]:8126", "http://0.0.0.0:8126"} {
		if _, err := parse(t, url).Start(t.Context(), Env{}); !errors.Is(err, ErrRemote) {
			t.Errorf("%s: error %v, want ErrRemote", url, err)
		}
	}
	file := writeText(t, "command: [no-such-agent, \"{{port}}\"]\nurl: http://192.0.2.1:{{port}}\n")
	if _, err := parse(t, file).Start(t.Context(), Env{}); !errors.Is(err, ErrRemote) {
		t.Errorf("target file: error %v, want ErrRemote", err)
	}
	// The page of a target is judged as well, when it is dialled.
	e, err := newEndpoint("http://127.0.0.1:1", false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.get(t.Context(), "http://192.0.2.1/debug/vars"); !errors.Is(err, ErrRemote) {
		t.Errorf("page elsewhere: error %v, want ErrRemote", err)
	}
	for _, address := range []string{"127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"} {
		if err := loopbackOnly("tcp", address, nil); err != nil {
			t.Errorf("%s is refused: %v", address, err)
		}
	}
	allowed, err := newEndpoint("http://192.0.2.1:8126", true)
	if err != nil || allowed.judge(t.Context()) != nil {
		t.Errorf("a remote target is refused though it is allowed: %v", err)
	}
}

// lockedBuffer is a log that a process writes to while a test reads.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// TestAlive: a target that was not started here may go at any time.
func TestAlive(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "apm.socket")
	for _, network := range []string{"tcp", "unix"} {
		address, arg := "127.0.0.1:0", "unix://"+socket
		if network == "unix" {
			address = socket
		}
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		server := &http.Server{Handler: http.NotFoundHandler()}
		go func() { _ = server.Serve(l) }()
		if network == "tcp" {
			arg = "http://" + l.Addr().String()
		}
		spec, err := Parse(arg)
		if err != nil {
			t.Fatal(err)
		}
		target, err := spec.Start(t.Context(), Env{Intake: "http://127.0.0.1:1"})
		if err != nil {
			t.Fatal(err)
		}
		if err := target.Alive(t.Context()); err != nil {
			t.Errorf("%s: %v", arg, err)
		}
		_ = server.Close()
		if err := target.Alive(t.Context()); err == nil {
			t.Errorf("%s is called alive after its end", arg)
		}
	}
}
