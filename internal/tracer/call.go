package tracer

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/spanstorm/spanstorm/internal/tracer/rawhttp"
)

// rawMost is the largest body that goes over a raw connection. Beyond it the
// price of sending is that of copying bytes, whoever does it.
const rawMost = 4 << 20

// Call is everything that one request needs, made once and used for many
// requests in turn. There are two ways to send one:
//
// Over a raw connection (see rawhttp) go the requests that are as they should
// be: the headers of their tracer, and a body of 1 byte to rawMost. That is the
// rule. Their bodies are mostly released before the answer is waited for.
//
// Through net/http goes what is not: an empty body, a larger one, a host whose
// name net/http would write in another way; and that of which the whole answer is to
// be seen. What a request is to have otherwise
// one day (a method, a path, headers of its own, a length that is a lie) belongs
// into [Call.load], which then chooses this way.
//
// Both send the same bytes and come to the same replies. Three things
// differ: an idle connection that the server has closed is noticed before a
// request is written into it, but not at the same moment; an answer cut off in
// the middle of a header line is an eof over raw connections and bad_http
// through net/http; and of answers with faults rawhttp refuses a few more.
type Call struct {
	sender  *Sender
	tracer  *tracer // that sends
	raw     bool    // over a raw connection
	*viaNet         // nil until it is needed

	head     []byte
	conn     atomic.Pointer[rawhttp.Conn] // while the request is on its way
	deadline time.Time
	unhook   func() bool // from the sender's context
	sent     func()      // bodySent, made once

	payload Payload
	code    int
	err     error
	answer  answer
	buf     [2 * answerKept]byte // what is kept of the answer, and room to drain the rest
}

func newCall(s *Sender) *Call {
	c := &Call{sender: s}
	c.sent = c.bodySent
	c.unhook = context.AfterFunc(s.ctx, c.interrupt)
	return c
}

// load makes the call ready to send p as tracer i.
func (c *Call) load(p Payload, i int) {
	c.payload = p
	c.tracer = &c.sender.client.tracers[i]
	n := len(p.Body())
	c.raw = c.tracer.pool != nil && n > 0 && n <= rawMost && c.sender.route.Seen == nil
	if c.raw {
		c.head = c.sender.heads[i].appendTo(c.head[:0], n, p.Traces())
		c.deadline = time.Now().Add(c.sender.route.Timeout)
		return
	}
	if c.viaNet == nil {
		c.viaNet = newViaNet(c)
	}
	c.loadNet(p)
}

// Send sends the request and reads the answer to its last byte.
func (c *Call) Send() {
	if c.raw {
		c.sendRaw()
		return
	}
	c.sendNet()
}

// Reply is what a request came to.
type Reply struct {
	Code  int   // the status of the answer; 0 without a complete one
	Bytes int64 // of its body
	// Unexpected marks a 2xx that does not hold what the API answers.
	Unexpected bool
	// Class and Err say why there is no complete answer.
	Class Class
	Err   error
}

// Close ends a call that was sent and says what it came to. The call must not
// be used again.
func (c *Call) Close() Reply {
	var r Reply
	if c.err == nil {
		r = Reply{Code: c.code, Bytes: c.answer.n}
		if r.Code >= 200 && r.Code < 300 {
			r.Unexpected = !c.sender.expected(&c.answer)
		}
	}
	if c.raw {
		c.closeRaw(&r)
	} else {
		c.closeNet(&r)
	}
	return r
}

// free ends a request that was answered: body and call can be used again.
func (c *Call) free() {
	if p := c.payload; p != nil { // not released yet
		c.payload = nil
		p.Release()
	}
	c.sender.calls.give(c)
}
