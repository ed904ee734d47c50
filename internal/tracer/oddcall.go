package tracer

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/spanstorm/spanstorm/internal/tracer/odd"
)

// OddCall is one odd request, used once: what is malformed on purpose is rare.
type OddCall struct {
	sender  *Sender
	odd     *odd.Odd
	payload Payload
	request odd.Request
	answer  answer
	buf     [2 * answerKept]byte

	resp  *http.Response
	bytes int64
	err   error
}

// PrepareOdd is Prepare for a request that is odd beside its body. It is sent
// over a connection of its own, by the tracer that would have sent it anyway.
func (s *Sender) PrepareOdd(seq uint64, p Payload, o *odd.Odd) *OddCall {
	t := &s.client.tracers[s.client.chosen(seq)]
	c := &OddCall{sender: s, odd: o, payload: p}
	header := http.Header{
		headerContentType: {s.route.ContentType},
		headerTraceCount:  s.counts.of(p.Traces()),
	}
	for _, h := range t.headers {
		header[h.name] = h.values
	}
	c.request = odd.Request{
		Host: s.url.Host, Path: s.url.RequestURI(), Header: header, Body: p.Body(),
		Timeout: s.route.Timeout, Read: c.read,
	}
	return c
}

func (c *OddCall) read(body io.Reader) (n int64, err error) {
	c.answer, err = readAnswer(body, &c.buf)
	return c.answer.n, err
}

// Send sends the request and reads the answer.
func (c *OddCall) Send() {
	c.resp, c.bytes, c.err = c.odd.Send(c.sender.ctx, c.sender.client.dial, &c.request) //nolint:bodyclose // it was read and closed
}

// Close ends a call that was sent and says what it came to.
func (c *OddCall) Close() Reply {
	c.payload.Release() // nobody writes it any more, whatever came of it
	if c.err != nil {
		return Reply{Class: Classify(c.err), Err: c.err}
	}
	r := Reply{Code: c.resp.StatusCode, Bytes: c.bytes}
	if r.Code >= 200 && r.Code < 300 && c.odd.Path == "" { // another path has other answers
		r.Unexpected = !c.sender.expected(&c.answer)
	}
	return r
}

// dialer connects to the agent.
func dialer(c Config, base *url.URL) odd.Dial {
	network, address := "unix", c.Socket
	if c.Socket == "" {
		port := base.Port()
		if port == "" {
			port = "80"
		}
		network, address = "tcp", net.JoinHostPort(base.Hostname(), port)
	}
	d := &net.Dialer{Timeout: c.DialTimeout, KeepAlive: tcpKeepAlive}
	return func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, network, address) }
}
