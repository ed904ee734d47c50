package tracer

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// tracesCounted is up to which number of traces the header value is made once.
const tracesCounted = 256

// Route is what the requests of one kind have in common.
type Route struct {
	Path        string // "/v0.4/traces"
	ContentType string
	Answer      Answer
	// Timeout bounds a request, from [Sender.Prepare] to the last byte of its
	// answer; 0 is DefaultTimeout.
	Timeout time.Duration
	// Seen, when set, is given each complete answer. Requests then go through
	// net/http, for raw connections keep no headers: it is for few requests.
	Seen func(Seen)
}

// Seen is an answer as it came.
type Seen struct {
	Code   int
	Header http.Header
	Body   []byte // its first 4 KB; valid until Seen returns
}

// Payload is a body to send.
type Payload interface {
	// Body is the body's bytes, which stay as they are until Release.
	Body() []byte
	// Traces is how many traces are in it.
	Traces() int
	// Release is called once when nobody reads the body any more, at the
	// earliest in [Call.Send]. After an error that may not be known, and it is
	// not called.
	Release()
}

// Sender sends requests of one kind. It is safe for concurrent use.
type Sender struct {
	ctx    context.Context
	client *Client
	route  Route
	url    *url.URL
	calls  calls
	counts countHeaders
	heads  []*head // of each of the client's tracers
	// lastGood is the last answer that was found well-formed: an agent
	// repeats itself, and comparing is cheaper than parsing.
	lastGood atomic.Pointer[[]byte]
}

// Sender prepares to send requests of one kind. When ctx ends, requests on
// their way are given up; its cause is then their error.
func (c *Client) Sender(ctx context.Context, r Route) (*Sender, error) {
	path, err := url.Parse(r.Path)
	if err != nil {
		return nil, fmt.Errorf("path %q: %w", r.Path, err)
	}
	if r.Timeout <= 0 {
		r.Timeout = DefaultTimeout
	}
	s := &Sender{ctx: ctx, client: c, route: r, url: c.base.ResolveReference(path), counts: newCountHeaders(tracesCounted)}
	for _, t := range c.tracers {
		s.heads = append(s.heads, newHead(s.url.RequestURI(), s.url.Host, r.ContentType, t.headers))
	}
	return s, nil
}

// URL is where the requests go.
func (s *Sender) URL() string { return s.url.String() }

// Prepare makes request seq ready to be sent with p as its body. The same seq
// is always sent by the same tracer.
func (s *Sender) Prepare(seq uint64, p Payload) *Call {
	c := s.calls.get(s)
	c.load(p, s.client.chosen(seq))
	return c
}

// calls are the free ones, the one used last on top: its memory is warm.
type calls struct {
	mu   sync.Mutex
	free []*Call
}

func (s *calls) get(from *Sender) *Call {
	s.mu.Lock()
	n := len(s.free)
	if n == 0 {
		s.mu.Unlock()
		return newCall(from)
	}
	c := s.free[n-1]
	s.free[n-1] = nil
	s.free = s.free[:n-1]
	s.mu.Unlock()
	return c
}

func (s *calls) give(c *Call) {
	s.mu.Lock()
	s.free = append(s.free, c)
	s.mu.Unlock()
}

// countHeaders are the values of X-Datadog-Trace-Count for small counts.
type countHeaders [][]string

func newCountHeaders(n int) countHeaders {
	h := make(countHeaders, n)
	for i := range h {
		h[i] = []string{strconv.Itoa(i)}
	}
	return h
}

func (h countHeaders) of(n int) []string {
	if n >= 0 && n < len(h) {
		return h[n]
	}
	return []string{strconv.Itoa(n)}
}
