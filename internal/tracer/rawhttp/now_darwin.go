package rawhttp

import (
	"net"

	"golang.org/x/sys/unix"
)

func writeNow(fd int, pieces net.Buffers) (int, error) { return unix.Writev(fd, pieces) }

func readNow(fd int, b []byte) (int, error) { return unix.Read(fd, b) }
