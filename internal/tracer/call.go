package tracer

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// Call is everything that one request needs, made once and used for many
// requests in turn: the request with its headers, a body reader, a context with
// a deadline, a buffer for the answer.
//
// net/http may go on reading a body after it has returned the response, and it
// tells no one when it has stopped: a body with a Close of its own would be sent
// the slow way (headers alone first, see net/http's isKnownInMemoryReader). What
// it does tell is WroteRequest, the last thing before it lets go of the body. So
// a call is free again once both have happened, in either order:
//
//	the answer was read to its end and closed   ┐
//	WroteRequest was called without an error    ┴→ free
//
// After any error the call is left to the garbage collector, with its buffer.
type Call struct {
	sender    *Sender
	transport *http.Transport // of the tracer that sends
	req       *http.Request
	header    http.Header
	reader    bytes.Reader
	ctx       context.Context
	cancel    context.CancelCauseFunc
	timer     *time.Timer // gives the request up

	payload Payload
	halves  atomic.Int32 // how many of the two have happened
	spoilt  atomic.Bool  // one of them with an error

	resp   *http.Response
	err    error
	answer answer
	buf    [2 * answerKept]byte // what is kept of the answer, and room to drain the rest
}

func newCall(s *Sender) *Call {
	c := &Call{sender: s, header: make(http.Header, 12)}
	ctx, cancel := context.WithCancelCause(s.ctx)
	c.cancel = cancel
	c.timer = time.AfterFunc(time.Hour, func() { cancel(errTimeout) })
	c.timer.Stop()
	c.ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) { c.half(info.Err == nil) },
	})
	c.header[headerContentType] = []string{s.route.ContentType}
	c.req = (&http.Request{
		Method:     http.MethodPut,
		URL:        s.url,
		Host:       s.url.Host,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     c.header,
		// No GetBody: net/http then never sends a request a second time of
		// its own accord (shouldRetryRequest wants it for one with a body).
		Body: io.NopCloser(&c.reader),
	}).WithContext(c.ctx)
	return c
}

// load makes the call ready to send p as tracer t. What sets a call of one
// tracer apart from one of another are map values, shared and read-only; the
// map itself belongs to the call.
func (c *Call) load(p Payload, t *tracer) {
	body := p.Body()
	c.payload = p
	c.transport = t.transport
	c.halves.Store(0)
	c.spoilt.Store(false)
	c.reader.Reset(body)
	c.req.ContentLength = int64(len(body))
	c.header[headerTraceCount] = c.sender.counts.of(p.Traces())
	for _, h := range t.headers {
		c.header[h.name] = h.values
	}
	c.timer.Reset(c.sender.route.Timeout)
}

// Send sends the request and reads the answer to its last byte.
func (c *Call) Send() {
	c.resp, c.err = c.transport.RoundTrip(c.req) //nolint:bodyclose // Close closes it
	if c.err == nil {
		c.answer, c.err = readAnswer(c.resp.Body, &c.buf)
	}
}

// Reply is what a request came to.
type Reply struct {
	// Response is the answer, its body read and closed; nil without a complete one.
	Response *http.Response
	Code     int   // its status; 0 without a complete answer
	Bytes    int64 // of its body
	// Unexpected marks a 2xx that does not hold what the API answers.
	Unexpected bool
	// Class and Err say why there is no complete answer.
	Class Class
	Err   error
}

// Close ends a call that was sent and says what it came to. The call must not
// be used again.
func (c *Call) Close() Reply {
	resp, err := c.resp, c.err
	c.resp, c.err = nil, nil
	if resp != nil {
		_ = resp.Body.Close() // nothing is left to learn from it
	}
	if err != nil {
		// net/http may return its own word for a context that ended.
		if cause := context.Cause(c.ctx); cause != nil {
			err = cause
		}
		c.abandon()
		return Reply{Class: Classify(err), Err: err}
	}
	r := Reply{Response: resp, Code: resp.StatusCode, Bytes: c.answer.n}
	if r.Code >= 200 && r.Code < 300 {
		r.Unexpected = !c.sender.expected(&c.answer)
	}
	c.finish()
	return r
}

// half notes that one of the two has happened; at the second the call is free,
// or, after an error, let go of.
func (c *Call) half(clean bool) {
	if !clean {
		c.spoilt.Store(true)
	}
	if c.halves.Add(1) < 2 {
		return
	}
	if c.spoilt.Load() {
		c.cancel(ErrStopped) // or the phase's context would keep it
		return
	}
	p := c.payload
	c.payload = nil
	p.Release()
	c.sender.calls.give(c)
}

// finish is the end of a request whose answer was read and closed. Where the
// deadline struck at the very end the context is spoilt.
func (c *Call) finish() { c.half(c.timer.Stop()) }

// abandon is the end of a request that failed. WroteRequest may yet come, or
// may never; the call is not used again.
func (c *Call) abandon() {
	c.timer.Stop()
	c.cancel(ErrStopped)
}
