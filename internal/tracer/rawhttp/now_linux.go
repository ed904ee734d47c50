package rawhttp

import (
	"net"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// writeNow writes what the system takes of at most two pieces, neither of them empty.
//
// It does not tell the scheduler that it is a system call: on a socket that does
// not wait it only copies, and a scheduler that takes the processor away from
// whoever copies for longer than 20 µs pays for it with two switches of threads.
func writeNow(fd int, pieces net.Buffers) (int, syscall.Errno) {
	var vectors [2]unix.Iovec
	for i, p := range pieces {
		vectors[i].Base = unsafe.SliceData(p)
		vectors[i].SetLen(len(p))
	}
	n, _, errno := syscall.RawSyscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&vectors)), uintptr(len(pieces)))
	return int(n), errno
}
