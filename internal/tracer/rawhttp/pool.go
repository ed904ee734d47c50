// Package rawhttp sends HTTP/1.1 requests, ready made in memory, over
// persistent connections, and reads the answers. It does little, so that it
// costs little: one system call for a request, usually one for its answer, no
// goroutine, no timer, no memory.
//
//	conn := pool.Idle()                              // one that is connected already, or else
//	conn, err := pool.Connect(ctx)                   // a new one
//	conn.Send(head, body, deadline, sent)            // out with it; sent is called when it is
//	code, err := conn.Receive()                      // the answer's headers in
//	n, err := conn.Read(buf)                         // the answer's body, to io.EOF
//	pool.Put(conn)                                   // kept where it can be used again
//
// What may live here: connections, bytes out, the framing of answers. What may
// not: which headers are sent, what an answer or an error means.
package rawhttp

import (
	"context"
	"net"
	"sync"
	"time"
)

// quietMost is up to what idle time a connection is taken to be as it was left.
// After a longer one it is looked at, at the price of a system call. A server
// that closes a connection within this time of its answer is heard of by way
// of an error, as with net/http where the request was on its way already.
const quietMost = time.Millisecond

// Pool keeps idle connections to one server. It is safe for concurrent use.
type Pool struct {
	// Dial connects.
	Dial func(context.Context) (net.Conn, error)
	// IdleMost is after how long an idle connection is closed.
	IdleMost time.Duration
	// Most bounds how many are kept idle.
	Most int

	mu     sync.Mutex
	idle   []*Conn // the one used last on top: it is warm, and those below may time out
	sweep  *time.Timer
	closed bool
}

// Idle returns an idle connection that the server has not closed, as far as can
// be known, or nil.
func (p *Pool) Idle() *Conn {
	for c := p.pop(); c != nil; c = p.pop() {
		if quiet := time.Since(c.idleSince); quiet < quietMost || quiet < p.IdleMost && c.stands() {
			return c
		}
		c.Abort()
	}
	return nil
}

// Connect returns a new connection.
func (p *Pool) Connect(ctx context.Context) (*Conn, error) {
	conn, err := p.Dial(ctx)
	if err != nil {
		return nil, err
	}
	return newConn(conn), nil
}

// Put ends an exchange. A connection that is not fit for another one is closed.
// When Put returns, nobody reads the request any more.
func (p *Pool) Put(c *Conn) {
	if !c.end() {
		c.Abort()
		return
	}
	c.idleSince = time.Now()
	p.mu.Lock()
	if p.closed || len(p.idle) >= p.Most {
		p.mu.Unlock()
		c.Abort()
		return
	}
	p.idle = append(p.idle, c)
	if len(p.idle) == 1 {
		p.sweepLater()
	}
	p.mu.Unlock()
}

// Drop ends an exchange that failed. When it returns, nobody reads the request
// any more.
func (p *Pool) Drop(c *Conn) {
	c.Abort()
	c.end()
}

// Close closes the idle connections; those in use are closed by Put.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.CloseIdle()
}

// CloseIdle closes the idle connections; those in use stay.
func (p *Pool) CloseIdle() {
	p.mu.Lock()
	idle := p.idle
	p.idle = nil
	if p.sweep != nil {
		p.sweep.Stop()
		p.sweep = nil
	}
	p.mu.Unlock()
	for _, c := range idle {
		c.Abort()
	}
}

func (p *Pool) pop() *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	c := p.idle[n-1]
	p.idle[n-1] = nil
	p.idle = p.idle[:n-1]
	return c
}

// sweepLater sees to it that idle connections are closed in time. It is called
// with mu held, when there is an idle connection again; a sweep that is planned
// already will do.
func (p *Pool) sweepLater() {
	if p.sweep == nil {
		p.sweep = time.AfterFunc(p.IdleMost, p.sweepNow)
	}
}

// sweepNow closes what has been idle for IdleMost, from the bottom, where the
// connections are that have been idle for longest.
func (p *Pool) sweepNow() {
	p.mu.Lock()
	n := 0
	for n < len(p.idle) && time.Since(p.idle[n].idleSince) >= p.IdleMost {
		n++
	}
	old := append([]*Conn(nil), p.idle[:n]...)
	rest := copy(p.idle, p.idle[n:])
	clear(p.idle[rest:])
	p.idle = p.idle[:rest]
	switch {
	case rest > 0 && !p.closed:
		p.sweep.Reset(p.IdleMost - time.Since(p.idle[0].idleSince))
	default:
		p.sweep = nil
	}
	p.mu.Unlock()
	for _, c := range old {
		c.Abort()
	}
}
