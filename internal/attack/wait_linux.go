package attack

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// ownThread gives the calling goroutine a thread of its own whose timers are
// not put off to be handled with others (50 µs by default). The goroutine keeps
// the thread: it ends with it, and no other goroutine inherits the setting.
func ownThread() {
	runtime.LockOSThread()
	// Without it waits are coarser, which the send delay will show.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
}

// sleep blocks the thread for d, or less when a signal comes.
func sleep(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	_ = unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &ts, nil)
}
