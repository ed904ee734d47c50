// Package tracer is the tracers of a run as HTTP clients: their connections,
// the headers by which an agent tells them apart, the requests they send, and
// what an answer or an error means.
//
// A [Client] holds the tracers and their connections for a whole run; a
// [Sender] sends requests of one kind. What a request needs is made once and
// used again, so that sending costs no memory:
//
//	call := sender.Prepare(seq, payload) // everything but the send
//	call.Send()                          // from the first byte out to the last one in
//	reply := call.Close()                // what it came to
//
// What may live here: transport, headers, answers, classes of errors. What may
// not: when requests are sent, how they are made up, clocks, counts.
package tracer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spanstorm/spanstorm/internal/clients"
	"github.com/spanstorm/spanstorm/internal/tracer/odd"
	"github.com/spanstorm/spanstorm/internal/tracer/rawhttp"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Defaults of a Config and of a Route.
const (
	DefaultMaxInFlight = 2000
	DefaultTimeout     = 10 * time.Second
)

// Config says who sends, and where to.
type Config struct {
	// URL of the agent, http://host:port. Beside Socket it only names the host.
	URL string
	// Socket, when set, is the Unix socket to dial.
	Socket string
	// Clients are the tracers to send as; none is one Go tracer.
	Clients []clients.Client
	// Pick says which of the clients, from 0, sends request seq; nil is the first.
	Pick func(seq uint64) int
	// Headers are sent with each request and win over those of the tracer.
	Headers map[string]string
	// RealHTTPStatus asks the agent to answer by what it did with a payload.
	RealHTTPStatus bool
	// MaxInFlight is the most connections kept; 0 is DefaultMaxInFlight.
	MaxInFlight int
	// BodyBytes is the mean size of a body, to size write buffers; 0 is unknown.
	BodyBytes float64
	// DialTimeout bounds connecting; 0 is DefaultTimeout.
	DialTimeout time.Duration
	// OnlyNetHTTP sends every request through net/http; see [Call].
	OnlyNetHTTP bool
}

// Client is the tracers of a run: each has its connections and headers. It is
// shared by the phases and safe for concurrent use.
type Client struct {
	base    *url.URL
	tracers []tracer
	pick    func(seq uint64) int
	rates   atomic.Pointer[map[string]float64]
	dial    odd.Dial // connects to the agent

	connections connections
}

// tracer is one client: what tells its requests from those of others.
type tracer struct {
	transport *http.Transport
	pool      *rawhttp.Pool // nil: everything goes through transport
	headers   []header
}

// header is a header that a tracer sets; one without values it does not send.
// They are shared by all requests and never written to.
type header struct {
	name   string   // canonical
	values []string // one or none
}

const (
	// A write buffer that holds headers and body sends both with one system
	// call; a smaller one gains little, so there is nothing in between.
	writeBufferLeast = 4 << 10
	writeBufferMost  = 512 << 10
	// writeBuffersMost bounds all of them together, were every connection open.
	writeBuffersMost = 512 << 20
	headersRoom      = 2 << 10
	// idleMost closes idle connections before the agent does: the Datadog
	// agent's receiver keeps them for 5 s (its ReadTimeout), and a request
	// written into a connection that is just being closed goes unanswered.
	idleMost = 4 * time.Second
	// tcpKeepAlive is how often the system looks whether the agent's is still there.
	tcpKeepAlive = 30 * time.Second
)

// New prepares the tracers. It does not connect.
func New(c Config) (*Client, error) {
	base, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the agent's address: %w", err)
	case c.Socket != "" && c.URL == "":
		base = &url.URL{Scheme: "http", Host: "localhost"}
	case base.Scheme != "http" || base.Host == "":
		return nil, fmt.Errorf("read the agent's address %q: it is not http://host:port", c.URL)
	case base.User != nil:
		return nil, errors.New("read the agent's address: trace agents take no user name")
	}
	if c.MaxInFlight <= 0 {
		c.MaxInFlight = DefaultMaxInFlight
	}
	if c.DialTimeout <= 0 {
		c.DialTimeout = DefaultTimeout
	}
	extra, err := extraHeaders(c.Headers)
	if err != nil {
		return nil, err
	}
	client := &Client{base: &url.URL{Scheme: base.Scheme, Host: base.Host}, pick: c.Pick}
	client.dial = client.connections.keep(dialer(c, base))
	if len(c.Clients) == 0 {
		c.Clients = clients.Of(&scenarios.Scenario{})
	}
	for i := range c.Clients {
		t := tracer{transport: newTransport(c, client.dial), headers: headersOf(&c.Clients[i], c.RealHTTPStatus, extra)}
		if !c.OnlyNetHTTP && plain(base.Host) {
			t.pool = &rawhttp.Pool{Dial: client.dial, IdleMost: idleMost, Most: c.MaxInFlight}
		}
		client.tracers = append(client.tracers, t)
	}
	return client, nil
}

// Close closes the idle connections. It is called after the last request.
func (c *Client) Close() {
	for _, t := range c.tracers {
		t.transport.CloseIdleConnections()
		if t.pool != nil {
			t.pool.Close()
		}
	}
}

// chosen is the number of the tracer that sends request seq.
func (c *Client) chosen(seq uint64) int {
	if len(c.tracers) == 1 || c.pick == nil {
		return 0
	}
	return c.pick(seq)
}

// plain says whether net/http sends a host's name as it stands: it translates
// international names, and leaves out the zone of an address.
func plain(host string) bool {
	return !strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '%' })
}

// Rates are the sampling rates that the agent answered last, by service; nil
// before the first. An answer is parsed when it differs from the one before it, and
// is not over 4 KB. The map must not be changed.
func (c *Client) Rates() map[string]float64 {
	if rates := c.rates.Load(); rates != nil {
		return *rates
	}
	return nil
}

// Reconnect drops the connections of client i that no request is using.
func (c *Client) Reconnect(i int) {
	c.tracers[i].transport.CloseIdleConnections()
	if pool := c.tracers[i].pool; pool != nil {
		pool.CloseIdle()
	}
}

// Tracers is how many clients there are.
func (c *Client) Tracers() int { return len(c.tracers) }

func newTransport(c Config, dial odd.Dial) *http.Transport {
	return &http.Transport{
		DialContext:         func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		DisableCompression:  true,
		MaxIdleConnsPerHost: c.MaxInFlight,
		IdleConnTimeout:     idleMost,
		WriteBufferSize:     writeBuffer(c),
		ReadBufferSize:      4 << 10,
		Protocols:           onlyHTTP1(),
		// The bound of the other transport, so that both take the same answers.
		MaxResponseHeaderBytes: rawhttp.HeadersMost,
		// Proxy stays nil: proxies are ignored.
	}
}

func onlyHTTP1() *http.Protocols {
	p := new(http.Protocols)
	p.SetHTTP1(true)
	return p
}

func writeBuffer(c Config) int {
	// Bodies spread around their mean; half as much again holds most of them.
	want := int(1.5*c.BodyBytes) + headersRoom
	if most := min(writeBufferMost, writeBuffersMost/c.MaxInFlight); want > most {
		return writeBufferLeast
	}
	return max(want, writeBufferLeast)
}
