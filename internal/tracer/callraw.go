package tracer

import (
	"context"
	"errors"
	"os"

	"github.com/spanstorm/spanstorm/internal/tracer/rawhttp"
)

// sendRaw sends over a raw connection.
func (c *Call) sendRaw() {
	conn, err := c.connect()
	if err != nil {
		c.err = err
		return
	}
	c.conn.Store(conn)
	if c.sender.ctx.Err() != nil { // interrupt may have come before
		conn.Abort()
	}
	conn.Send(c.head, c.payload.Body(), c.deadline, c.sent)
	if c.code, c.err = conn.Receive(); c.err == nil {
		c.answer, c.err = readAnswer(conn, &c.buf)
	}
	pool := c.tracer.pool
	if c.conn.CompareAndSwap(conn, nil) && c.err == nil {
		pool.Put(conn)
	} else {
		pool.Drop(conn)
	}
}

// bodySent is called once the body is written: the next one can be composed where it
// was, while the memory is warm.
func (c *Call) bodySent() {
	c.payload.Release()
	c.payload = nil
}

// connect takes an idle connection, or makes one before the deadline.
func (c *Call) connect() (*rawhttp.Conn, error) {
	pool := c.tracer.pool
	if conn := pool.Idle(); conn != nil {
		return conn, nil
	}
	ctx, cancel := context.WithDeadlineCause(c.sender.ctx, c.deadline, errTimeout)
	defer cancel()
	conn, err := pool.Connect(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return conn, err
}

// interrupt ends a request on its way; it is called when the sender's context
// has ended.
func (c *Call) interrupt() {
	if conn := c.conn.Swap(nil); conn != nil {
		conn.Abort()
	}
}

// closeRaw ends a request sent over a raw connection. Even after an error nobody
// reads the body any more, and the call at least is used again.
func (c *Call) closeRaw(r *Reply) {
	err := c.err
	c.err = nil
	if err == nil {
		c.free()
		return
	}
	switch cause := context.Cause(c.sender.ctx); {
	case cause != nil:
		err = cause
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = errTimeout
	}
	r.Class, r.Err = Classify(err), err
	c.payload = nil
	c.sender.calls.give(c)
}
