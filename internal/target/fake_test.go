package target

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/process"
	"github.com/spanstorm/spanstorm/results"
)

// The test binary is also the agent under test: fakeEnv says how it behaves.
const fakeEnv = "SPANSTORM_TEST_FAKE_AGENT"

// within bounds what a test waits for; it is no expectation about speed.
const within = 30 * time.Second

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "agent" { // started as the embedded agent
		os.Exit(fakeEmbedded(os.Args[2:]))
	}
	if how := os.Getenv(fakeEnv); how != "" {
		os.Exit(fakeAgent(how))
	}
	os.Exit(m.Run())
}

// fakeAgent is an agent that takes no traces, but starts, answers and ends like one.
func fakeAgent(how string) int {
	port := flag.Int("port", 0, "")
	socket := flag.String("socket", "", "")
	intake := flag.String("intake", "", "")
	statsd := flag.String("statsd", "", "")
	flag.Parse()
	fmt.Fprintln(os.Stderr, "fake agent:", how)
	switch how {
	case "dies":
		return 5
	case "deaf":
		time.Sleep(time.Hour)
	case "port taken":
		// As if another process had been quicker, until the third attempt.
		tries := os.Getenv("TRIES")
		before, _ := os.ReadFile(tries)
		if err := os.WriteFile(tries, append(before, 'x'), 0o600); err != nil {
			return 1
		}
		if len(before) < 2 {
			fmt.Fprintln(os.Stderr, "listen tcp 127.0.0.1: bind: address already in use")
			return 1
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(*port))
	if *socket != "" {
		l, err = net.Listen("unix", *socket)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go func() { _ = http.Serve(l, fakeHandler(how, *intake)) }()
	if *statsd != "" {
		conn, err := net.Dial("udp", *statsd)
		if err != nil {
			return 1
		}
		go func() { // a flush every 400 ms, and each brings 5 and 2 more
			for n := 1; ; n++ {
				_, _ = fmt.Fprintf(conn, "datadog.trace_agent.receiver.traces_received:5|c|#lang:go\ndatadog.trace_agent.normalizer.traces_dropped:2|c|#lang:go,reason:span_id_zero\nflushes:%d|g\n", n)
				time.Sleep(400 * time.Millisecond)
			}
		}()
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM, os.Interrupt)
	<-asked
	if how == "stubborn" {
		time.Sleep(time.Hour)
	}
	return 0
}

func fakeHandler(how, intake string) http.Handler {
	mux := http.NewServeMux()
	looks := 0
	mux.HandleFunc("GET /info", func(w http.ResponseWriter, _ *http.Request) {
		looks++
		switch {
		case how == "sick", how == "slow" && looks < 3:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			wd, _ := os.Getwd()
			_, _ = fmt.Fprintf(w, `{"version":"1.2.3","build":{"number":77},"intake":%q,"dir":%q,"greeting":%q}`,
				intake, wd, os.Getenv("GREETING"))
		}
	})
	received := 0
	mux.HandleFunc("GET /debug/vars", func(w http.ResponseWriter, _ *http.Request) {
		received += 10
		_, _ = fmt.Fprintf(w, `{"cmdline":["x"],"receiver":{"traces_received":%d,"traces_dropped":{"span_id_zero":2,"decoding_error":%d},"spans_dropped":4,"odd":7},"memstats":{"NumGC":%d,"PauseTotalNs":%d}}`,
			received, received/10, received/10, received*100_000)
	})
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		received += 10
		_, _ = fmt.Fprintf(w, "# TYPE otelcol_receiver_accepted_spans_total counter\notelcol_receiver_accepted_spans_total{receiver=\"datadog\",transport=\"http\"} %d\n# TYPE mine gauge\nmine 4\n", received)
	})
	mux.HandleFunc("GET /exit", func(http.ResponseWriter, *http.Request) {
		fmt.Fprintln(os.Stderr, "last words")
		os.Exit(9)
	})
	return mux
}

// fakeEmbedded speaks the protocol of our own roles.
func fakeEmbedded(args []string) int {
	fmt.Fprintln(os.Stderr, strings.Join(args, " "))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 1
	}
	mux := http.NewServeMux()
	mux.Handle("/", fakeHandler("embedded", ""))
	mux.HandleFunc("POST /debug/clock", func(http.ResponseWriter, *http.Request) {
		fmt.Fprintln(os.Stderr, "clock started")
	})
	process.WatchParent(os.Stdin, func() { os.Exit(1) })
	go func() { _ = http.Serve(l, mux) }()
	if err := process.Announce(os.Stdout, process.Ready{Listen: l.Addr().String()}); err != nil {
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	<-ctx.Done()
	return 0
}

// writeFile writes a target file that starts the fake agent.
func writeFile(t *testing.T, how, more string) string {
	t.Helper()
	return writeText(t, fmt.Sprintf(`
command: [%q, -port, "{{port}}", -intake, "{{intake}}"]
env: {%s: %q, GREETING: "hello {{dir}}"}
url: http://127.0.0.1:{{port}}
%s`, os.Args[0], fakeEnv, how, more))
}

func writeText(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fake.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func parse(t *testing.T, arg string) *Spec {
	t.Helper()
	spec, err := Parse(arg)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// valueOf is the value of a claim, -1 when there is none of that name.
func valueOf(claims []results.Claim, name string) float64 {
	for _, c := range claims {
		if c.Name == name {
			return c.Value
		}
	}
	return -1
}

func up(t *testing.T, arg string, env Env) *Target {
	t.Helper()
	target, err := parse(t, arg).Start(t.Context(), env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(target.abandon)
	return target
}
