//go:build !windows

package tracer

import "syscall"

func isRefused(err error) bool { return isAny(err, syscall.ECONNREFUSED) }

func isReset(err error) bool {
	return isAny(err, syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED)
}
