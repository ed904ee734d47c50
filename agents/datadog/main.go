// Command datadog-agent is the Datadog trace agent, built from its published
// library as a target for spanstorm: the real receiver, normaliser, samplers,
// concentrator and writers, without what surrounds them in the packaged agent.
//
// It differs from the packaged agent in what it is connected to, not in what it
// does with traces: it forwards to a stand-in intake with a key that is none,
// opens no other connection, and serves its receiver's counters live, or sends its
// metrics to where it is told.
//
// One main serves several versions of the library. The newest is in go.mod;
// each other has a module file of its own and a build tag of the same name, for
// the little that its API lacks or has otherwise:
//
//	go build .
//	go build -modfile=v0.60.0.mod -tags=v0_60_0 .
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"syscall"

	"github.com/DataDog/datadog-agent/pkg/trace/agent"
	"github.com/DataDog/datadog-agent/pkg/trace/config"
	"github.com/DataDog/datadog-agent/pkg/trace/log"
	"github.com/DataDog/datadog-agent/pkg/trace/telemetry"
)

// library is the module whose version is the agent's version.
const library = "github.com/DataDog/datadog-agent/pkg/trace"

// The packaged agent sets these in its configuration; the library's zero values
// would mean one connection, and no wait for a decoder.
const (
	maxConnections   = 1000
	decoderTimeoutMS = 1000
)

type flags struct {
	port, debugPort int
	socket, intake  string
	statsd          string
	version         bool
}

func main() {
	var f flags
	flag.IntVar(&f.port, "port", 0, "TCP `port` of 127.0.0.1 to take traces on; 0 for none")
	flag.StringVar(&f.socket, "socket", "", "`path` of a Unix socket to take traces on")
	flag.StringVar(&f.intake, "intake", "", "base `URL` of the intake to forward to")
	flag.IntVar(&f.debugPort, "debug-port", 0, "`port` of 127.0.0.1 to serve /debug/vars on; 0 for none")
	flag.StringVar(&f.statsd, "statsd", "", "UDP `address` to send the agent's own metrics to, in DogStatsD's format; empty for none")
	flag.BoolVar(&f.version, "version", false, "print the agent's version and end")
	flag.Parse()
	if f.version {
		fmt.Println(version())
		return
	}
	if err := run(f); err != nil {
		fmt.Fprintln(os.Stderr, "datadog-agent:", err)
		os.Exit(1)
	}
}

// run serves until it is asked to end, then hands over what it still holds.
func run(f flags) error {
	conf, err := f.config()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	log.SetLogger(stderrLogger{})

	metrics, err := sender(f.statsd)
	if err != nil {
		return err
	}
	counts := newCounts(metrics)
	a := agent.NewAgent(ctx, conf, telemetry.NewNoopCollector(), counts, gzipCompressor{})
	if f.debugPort != 0 {
		l, err := net.Listen("tcp", loopback(f.debugPort))
		if err != nil {
			return fmt.Errorf("serve the counters: %w", err)
		}
		go func() {
			if err := http.Serve(l, counts.handler(a.Receiver.Stats)); !errors.Is(err, net.ErrClosed) {
				log.Errorf("serving the counters: %v", err)
			}
		}()
	}
	a.Run() // returns when everything has been stopped and flushed
	return counts.Close()
}

func (f flags) config() (*config.AgentConfig, error) {
	if f.port == 0 && f.socket == "" {
		return nil, errors.New("nowhere to take traces on: give --port or --socket")
	}
	if u, err := url.Parse(f.intake); err != nil || u.Scheme == "" || u.Host == "" {
		return nil, fmt.Errorf("--intake %q is no base URL; try http://127.0.0.1:8080", f.intake)
	}
	c := config.New()
	c.AgentVersion = version()
	c.Hostname = "spanstorm"
	c.ReceiverHost, c.ReceiverPort, c.ReceiverSocket = "127.0.0.1", f.port, f.socket
	c.MaxConnections, c.DecoderTimeout = maxConnections, decoderTimeoutMS
	c.Endpoints = []*config.Endpoint{{Host: f.intake, APIKey: "none"}}

	// Nothing else is to be reached: what is not the intake is switched off,
	// and what a client could still ask for resolves to nowhere.
	c.Site = "invalid"
	c.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	c.StatsdEnabled = false
	c.RemoteConfigClient = nil
	c.TelemetryConfig = &config.TelemetryConfig{Enabled: false}
	c.EVPProxy.Enabled = false
	c.ProfilingProxy.DDURL = f.intake
	c.DebuggerProxy.DDURL, c.SymDBProxy.DDURL = f.intake, f.intake
	shutMore(c)
	c.DebugServerPort = 0 // it wants TLS; ours is plain
	return c, nil
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

// version is the library's version as it was built in, without the v.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == library {
				return dep.Version[1:]
			}
		}
	}
	return "unknown"
}
