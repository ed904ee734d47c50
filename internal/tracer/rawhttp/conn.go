package rawhttp

import (
	"errors"
	"net"
	"os"
	"time"
)

const (
	// bufferSize holds the answers of trace agents whole.
	bufferSize = 4 << 10
	// lingerMost is how long a writer may take to end once the answer is in,
	// for the connection to be used again. It is net/http's figure.
	lingerMost = 50 * time.Millisecond
)

// Conn is a connection, with the exchange that is made on it. But for Abort, it
// is for one goroutine.
type Conn struct {
	net    net.Conn
	stands func() bool // looks whether the server has closed it, or sent what it was not asked for

	idleSince time.Time
	// armed is the deadline that net has, deadline that of the exchange. Setting
	// one costs more than the rest of Exchange: so it is left where it is until
	// it strikes, and only then moved to where it should be.
	armed, deadline time.Time

	exchange *exchange   // nil where every request is written beside the reading
	out      net.Buffers // what is left to write
	pieces   [2][]byte   // where out begins
	sendErr  error       // of writing
	readErr  error       // of the first read of an answer, that nobody has heard of yet

	writer  func()     // writeBeside, made once
	written chan error // its result
	beside  bool       // it was started, and its result not taken

	answer
}

func newConn(conn net.Conn) *Conn {
	c := &Conn{net: conn, written: make(chan error, 1)}
	c.writer = c.writeBeside
	c.answer = answer{src: (*wire)(c), buf: make([]byte, bufferSize)}
	c.stands = stands(conn)
	c.exchange = newExchange(c)
	return c
}

// Abort closes the connection, and so ends whatever waits on it. It may be
// called from anywhere, more than once.
func (c *Conn) Abort() { _ = c.net.Close() }

// Send sends a request. What the system takes at once, which is all of it but for
// large bodies and slow servers, is written here, and then the answer is waited for.
// The rest is written while the answer is read: a server may well answer (413)
// before it has read everything, and then wait for us.
//
// Head and body must stay as they are until sent is called, or else up to [Pool.Put]
// or [Pool.Drop]. Up to the deadline it is waited for the request's way out and the
// whole answer; what fails then fails with [os.ErrDeadlineExceeded].
func (c *Conn) Send(head, body []byte, deadline time.Time, sent func()) {
	c.answer.reset()
	c.deadline = deadline
	c.pieces = [2][]byte{head, body}
	c.out, c.sendErr, c.readErr = c.pieces[:], nil, nil
	if c.armed.IsZero() || c.armed.After(deadline) {
		c.arm()
	}
	if x := c.exchange; x != nil {
		x.begin(sent)
		err := x.run()
		for err != nil && c.early(err) {
			err = x.run()
		}
		switch {
		case x.sendErr != nil:
			c.sendErr = x.sendErr
			return
		case err != nil && len(c.out) > 0:
			c.sendErr = err
			return
		case !x.full:
			if err != nil {
				c.readErr = err
			}
			return
		}
	}
	c.arm()
	c.beside = true
	go c.writer()
}

// Receive reads the answer up to the end of its headers. Its body is then had
// from Read. Informational answers (1xx) are skipped, but for 101, which ends
// the talk.
func (c *Conn) Receive() (code int, err error) {
	if c.sendErr == nil {
		return c.readHead()
	}
	// A server that does not read on may have said why.
	if !errors.Is(c.sendErr, os.ErrDeadlineExceeded) {
		if code, err = c.readHead(); err == nil {
			c.last = true
			return code, nil
		}
	}
	return 0, c.sendErr
}

// writeBeside writes what is left while the answer is read. Its deadline was
// set before.
func (c *Conn) writeBeside() {
	_, err := c.out.WriteTo(c.net)
	c.written <- err
}

// end is called when the answer was read, or the connection closed. It says
// whether the connection can be used again; nobody reads the request any more.
func (c *Conn) end() bool {
	// What came behind the answer would be taken for the next one.
	fit := c.code >= 200 && c.framing == framedNone && !c.last && c.r == c.w
	if c.beside {
		c.beside = false
		fit = c.awaitWriter() == nil && fit
	}
	c.out, c.pieces = nil, [2][]byte{}
	return fit
}

// awaitWriter waits for the end of writeBeside. A server that has answered and
// does not read on is not waited for.
func (c *Conn) awaitWriter() error {
	select {
	case err := <-c.written:
		return err
	default:
	}
	_ = c.net.SetWriteDeadline(time.Now().Add(lingerMost)) // fails on a closed connection: then writing has failed as well
	c.armed = time.Time{}
	return <-c.written
}

// arm sets the deadline of the exchange.
func (c *Conn) arm() {
	_ = c.net.SetDeadline(c.deadline) // on a closed connection what follows fails
	c.armed = c.deadline
}

// early says whether err is a deadline that struck before that of the exchange,
// left behind by an earlier one, and sets the right one.
func (c *Conn) early(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) || !c.armed.Before(c.deadline) {
		return false
	}
	c.arm()
	return true
}

// wire reads from the connection.
type wire Conn

// Read implements [io.Reader].
func (w *wire) Read(p []byte) (int, error) {
	c := (*Conn)(w)
	if err := c.readErr; err != nil {
		c.readErr = nil
		return 0, err
	}
	for {
		n, err := c.net.Read(p)
		if n > 0 || err == nil || !c.early(err) {
			return n, err
		}
	}
}
