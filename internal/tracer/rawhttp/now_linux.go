package rawhttp

import (
	"net"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// writeNow and readNow do not tell the scheduler that they are system calls: on a
// socket that does not wait they only copy, and a scheduler that takes the processor
// away from whoever copies longer than 20 µs pays for it with two switches of threads.

// writeNow writes what the system takes of at most two pieces, neither of them empty.
func writeNow(fd int, pieces net.Buffers) (int, syscall.Errno) {
	var vectors [2]unix.Iovec
	for i, p := range pieces {
		vectors[i].Base = unsafe.SliceData(p)
		vectors[i].SetLen(len(p))
	}
	n, _, errno := syscall.RawSyscall(unix.SYS_WRITEV, uintptr(fd), uintptr(unsafe.Pointer(&vectors)), uintptr(len(pieces)))
	return int(n), errno
}

// readNow reads into b, which is not empty.
func readNow(fd int, b []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), errno
}
