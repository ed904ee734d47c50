package rawhttp

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

func writeNow(fd int, pieces net.Buffers) (n int, errno syscall.Errno) {
	n, err := unix.Writev(fd, pieces)
	errors.As(err, &errno) // it fails with nothing else
	return n, errno
}
