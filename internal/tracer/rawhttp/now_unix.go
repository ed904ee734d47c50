//go:build linux || darwin

package rawhttp

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// nowWriter returns a function that writes as much of out as the system takes
// without waiting, and takes it off.
func (c *Conn) nowWriter() func() error {
	s, ok := c.net.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return nil
	}
	var failed error
	write := func(fd uintptr) bool {
		for len(c.out) > 0 {
			n, err := unix.Writev(int(fd), c.out)
			if err == unix.EINTR {
				continue
			}
			if err != nil {
				if err != unix.EAGAIN {
					failed = err
				}
				break
			}
			takeOff(&c.out, n)
		}
		return true // in any case: it is not waited here
	}
	return func() error {
		failed = nil
		if err := raw.Write(write); err != nil {
			return err // the connection was closed, or its deadline has struck
		}
		if failed != nil {
			return os.NewSyscallError("writev", failed)
		}
		return nil
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
