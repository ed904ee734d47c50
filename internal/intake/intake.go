// Package intake is the stand-in for the backend that an agent forwards to. It
// skims what agents send, turns ids back into ordinals, and so knows of each
// trace whether it came out, once, twice or never. It reads what the Datadog
// agent forwards, and OTLP/HTTP.
//
// It runs as a process of its own (Serve) or inside another (Start). Agents
// send to one listener; a second one, on loopback only, takes the run's key and
// hands over what arrived (Client is its other end). What arrived means is
// decided in internal/ledger, how ids are made in internal/identity; here live
// the formats of the wire and the rule that an arrival counts only once the
// intake's own 2xx has been written: an agent that did not see that answer may
// rightly send again.
package intake

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/ledger"
)

// Options say where an intake listens. The zero value is a working intake on
// free loopback ports that keeps no samples.
type Options struct {
	// Listen is where agents send to, host:port; default 127.0.0.1:0.
	Listen string
	// Control is where the key comes from and arrivals are asked for, host:port
	// on loopback; default 127.0.0.1:0.
	Control string
	// Samples is how many of a run's first payloads are kept whole, as far as
	// they fit into SampleBytesMax.
	Samples int
}

// Addrs are where an intake listens, as host:port.
type Addrs struct {
	Listen  string
	Control string
}

// Bounds on waiting.
const (
	headerWithin = 10 * time.Second
	bodyWithin   = 60 * time.Second
	idleFor      = 2 * time.Minute
	stopWithin   = 2 * time.Second
)

const headerBytesMax = 64 << 10

// Server is a running intake.
type Server struct {
	options Options
	addrs   Addrs
	data    *http.Server
	control *http.Server
	gate    *gate
	trouble trouble
	failed  chan error

	run     atomic.Pointer[keyed] // nil until there is a key
	other   counters
	unpack  unpackers
	batches sync.Pool
	turns   chan struct{} // one for each payload that is unpacked at a time

	// commit is held shared while a payload is answered and entered, and alone
	// while arrivals are handed over: an answer that has left is in them.
	commit sync.RWMutex
}

// keyed is what the intake knows of one run.
type keyed struct {
	codec *identity.Codec
	cuts  atomic.Pointer[cuts] // nil: none are wanted; what has been cut out is under mu

	mu       sync.Mutex
	arrivals *ledger.Arrivals
	moments  moments
	samples  samples
}

// Serve runs an intake until ctx ends. It calls ready once both listeners are
// open. The error says what could not be listened on, or why serving ended.
func Serve(ctx context.Context, o Options, ready func(Addrs)) error {
	s, err := Start(o)
	if err != nil {
		return err
	}
	if ready != nil {
		ready(s.Addrs())
	}
	select {
	case err = <-s.failed:
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	return errors.Join(err, s.Stop(stopping))
}

// Start opens both listeners and serves in the background until Stop.
func Start(o Options) (*Server, error) {
	s := &Server{options: o, failed: make(chan error, 2), turns: make(chan struct{}, 2*runtime.GOMAXPROCS(0)+2)}
	listen, control := orLoopback(o.Listen), orLoopback(o.Control)
	if err := onLoopback(control); err != nil {
		return nil, err
	}
	data, err := net.Listen("tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("open the intake's listener: %w; choose another with --listen", err)
	}
	ctl, err := net.Listen("tcp", control)
	if err != nil {
		_ = data.Close()
		return nil, fmt.Errorf("open the intake's control listener: %w; choose another with --control", err)
	}
	s.addrs = Addrs{Listen: data.Addr().String(), Control: ctl.Addr().String()}
	s.gate = newGate(data)
	s.data = newHTTPServer(s.makeTrouble(s.dataHandler()))
	s.control = newHTTPServer(s.controlHandler())
	go s.serve(s.data, s.gate)
	go s.serve(s.control, ctl)
	return s, nil
}

func newHTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerWithin,
		ReadTimeout:       bodyWithin,
		WriteTimeout:      bodyWithin,
		IdleTimeout:       idleFor,
		MaxHeaderBytes:    headerBytesMax,
	}
}

func (s *Server) serve(server *http.Server, l net.Listener) {
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		s.failed <- fmt.Errorf("serve on %s: %w", l.Addr(), err)
	}
}

// Addrs are where the intake listens.
func (s *Server) Addrs() Addrs { return s.addrs }

// Stop ends the intake: requests that are being answered are finished as long
// as ctx lasts, then cut off. Trouble is over.
func (s *Server) Stop(ctx context.Context) error {
	errs := []error{s.SetTrouble(Trouble{})}
	for _, server := range []*http.Server{s.data, s.control} {
		if err := server.Shutdown(ctx); err != nil {
			errs = append(errs, server.Close())
		}
	}
	return errors.Join(errs...)
}

// SetRun gives the intake a run's key and begins an empty account.
func (s *Server) SetRun(key identity.Key, layout identity.Layout) error {
	if err := layout.Validate(); err != nil {
		return fmt.Errorf("begin a run at the intake: %w", err)
	}
	arrivals, err := ledger.NewArrivals(layout.SpanBits)
	if err != nil {
		return fmt.Errorf("begin a run at the intake: %w", err)
	}
	s.run.Store(&keyed{
		codec:    identity.New(key, layout),
		arrivals: arrivals,
		samples:  samples{max: s.options.Samples},
	})
	return nil
}

// ErrNoRun says that the intake has not been given a run's key.
var ErrNoRun = errors.New("the intake has no run's key yet")

// Arrivals is a copy of what arrived, everything that was answered included.
// It is ErrNoRun before there is a key.
func (s *Server) Arrivals() (*ledger.Arrivals, error) {
	return settled(s, func(run *keyed) (*ledger.Arrivals, error) { return run.arrivals.Clone(), nil })
}

func orLoopback(addr string) string {
	if addr == "" {
		return "127.0.0.1:0"
	}
	return addr
}

// onLoopback refuses a control address that others could reach.
func onLoopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("the intake's control address %q is not HOST:PORT: %w", addr, err)
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("the intake's control address %q is not on loopback: whoever reaches it learns the run's account; use 127.0.0.1:PORT", addr)
	}
	return nil
}
