//go:build linux || darwin

package rawhttp

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// exchange writes a request and waits for its answer in one go with the runtime's
// poller. A read that is tried before there can be an answer would be a system
// call in vain; but readiness that came before the poller was told to listen would be lost.
// So the request is written from within the wait for the answer:
//
//	listen → writev → sent() → (parked until the connection is readable) → read
type exchange struct {
	conn *Conn
	raw  syscall.RawConn
	step func(fd uintptr) bool // once, and then whenever the connection is readable

	sent    func() // called when all is written; nil once it was
	full    bool   // the system takes no more without waiting
	sendErr error
}

// newExchange returns nil for connections that the system does not know.
func newExchange(c *Conn) *exchange {
	s, ok := c.net.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return nil
	}
	x := &exchange{conn: c, raw: raw}
	x.step = x.writeOrRead
	return x
}

// begin prepares for another request.
func (x *exchange) begin(sent func()) { x.sent, x.full, x.sendErr = sent, false, nil }

// run returns when the first bytes of the answer are in the buffer, when the
// system takes no more of the request, or when either fails: with an error when the
// connection was closed or its deadline has struck, and it may then be run again.
func (x *exchange) run() error { return x.raw.Read(x.step) }

func (x *exchange) writeOrRead(fd uintptr) bool {
	if x.sent == nil {
		return x.read(int(fd))
	}
	c := x.conn
	for len(c.out) > 0 {
		n, errno := writeNow(int(fd), c.out)
		switch errno {
		case 0:
			takeOff(&c.out, n)
		case syscall.EINTR:
		case syscall.EAGAIN:
			x.full = true
			return true
		default:
			x.sendErr = os.NewSyscallError("writev", errno)
			return true
		}
	}
	x.sent()
	x.sent = nil
	return false
}

// read takes what there is of an answer; what there is not, whoever reads on finds out.
func (x *exchange) read(fd int) bool {
	c := x.conn
	for {
		n, err := syscall.Read(fd, c.buf)
		switch {
		case err == nil:
			c.r, c.w = 0, n
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			return false
		default:
			c.readErr = os.NewSyscallError("read", err)
		}
		return true
	}
}

// takeOff takes n bytes off the front.
func takeOff(b *net.Buffers, n int) {
	for len(*b) > 0 && n >= len((*b)[0]) {
		n -= len((*b)[0])
		(*b)[0] = nil
		*b = (*b)[1:]
	}
	if n > 0 {
		(*b)[0] = (*b)[0][n:]
	}
}
