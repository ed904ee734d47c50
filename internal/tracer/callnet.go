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

// viaNet is what a call needs to go through net/http: the request with its
// headers, a body reader, a context with a deadline.
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
type viaNet struct {
	req    *http.Request
	header http.Header
	reader bytes.Reader
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer // gives the request up

	halves atomic.Int32 // how many of the two have happened
	spoilt atomic.Bool  // one of them with an error
}

func newViaNet(c *Call) *viaNet {
	s := c.sender
	v := &viaNet{header: make(http.Header, 12)}
	ctx, cancel := context.WithCancelCause(s.ctx)
	v.cancel = cancel
	v.timer = time.AfterFunc(time.Hour, func() { cancel(errTimeout) })
	v.timer.Stop()
	v.ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) { c.half(info.Err == nil) },
	})
	v.header[headerContentType] = []string{s.route.ContentType}
	v.req = (&http.Request{
		Method:     http.MethodPut,
		URL:        s.url,
		Host:       s.url.Host,
		Proto:      "HTTP/1.1",
		ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     v.header,
		// No GetBody: net/http then never sends a request a second time of
		// its own accord (shouldRetryRequest wants it for one with a body).
		Body: io.NopCloser(&v.reader),
	}).WithContext(v.ctx)
	return v
}

// loadNet fills in what differs between requests. What sets a call of one
// tracer apart from one of another are map values, shared and read-only; the
// map itself belongs to the call.
func (c *Call) loadNet(p Payload) {
	body := p.Body()
	c.halves.Store(0)
	c.spoilt.Store(false)
	c.reader.Reset(body)
	c.req.ContentLength = int64(len(body))
	c.header[headerTraceCount] = c.sender.counts.of(p.Traces())
	for _, h := range c.tracer.headers {
		c.header[h.name] = h.values
	}
	c.timer.Reset(c.sender.route.Timeout)
}

func (c *Call) sendNet() {
	resp, err := c.tracer.transport.RoundTrip(c.req)
	if err != nil {
		c.err = err
		return
	}
	c.code = resp.StatusCode
	c.answer, c.err = readAnswer(resp.Body, &c.buf)
	_ = resp.Body.Close() // nothing is left to learn from it
	if seen := c.sender.route.Seen; seen != nil && c.err == nil {
		seen(Seen{Code: c.code, Header: resp.Header, Body: c.answer.head})
	}
}

// closeNet ends a request sent through net/http. Where the deadline struck at
// the very end the context is spoilt.
func (c *Call) closeNet(r *Reply) {
	err := c.err
	c.err = nil
	if err == nil {
		c.half(c.timer.Stop())
		return
	}
	// net/http may return its own word for a context that ended.
	if cause := context.Cause(c.ctx); cause != nil {
		err = cause
	}
	r.Class, r.Err = Classify(err), err
	// WroteRequest may yet come, or may never: the call is not used again.
	c.timer.Stop()
	c.cancel(ErrStopped)
	c.unhook()
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
		c.unhook()
		return
	}
	c.free()
}
