package rawhttp

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

func writeNow(fd int, pieces net.Buffers) (int, syscall.Errno) {
	n, err := unix.Writev(fd, pieces)
	return n, errnoOf(err)
}

func readNow(fd int, b []byte) (int, syscall.Errno) {
	n, err := unix.Read(fd, b)
	return n, errnoOf(err)
}

func errnoOf(err error) (errno syscall.Errno) {
	errors.As(err, &errno) // the system's calls fail with nothing else
	return errno
}
