//go:build linux || darwin

package rawhttp

import (
	"net"
	"syscall"
)

// stands returns a function that looks at an idle connection without waiting.
// Nothing to read is as it should be; an end, an error, or bytes that nobody
// has asked for are not.
func stands(conn net.Conn) func() bool {
	s, ok := conn.(syscall.Conn)
	if !ok {
		return func() bool { return true }
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return func() bool { return false }
	}
	quiet := false
	var one [1]byte
	look := func(fd uintptr) {
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = err == syscall.EAGAIN || err == syscall.EINTR
	}
	return func() bool { return raw.Control(look) == nil && quiet }
}
