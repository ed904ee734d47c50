package tracer

import "golang.org/x/sys/windows"

func isRefused(err error) bool { return isAny(err, windows.WSAECONNREFUSED) }

func isReset(err error) bool {
	return isAny(err, windows.WSAECONNRESET, windows.WSAECONNABORTED, windows.ERROR_BROKEN_PIPE)
}
