package alarm

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Alarm wakes a goroutine by a timer of the system's own, which the runtime waits
// for together with its connections: no rounding up to a millisecond, as of the runtime's
// timers, and no thread that sleeps by itself and has to be handed over to and back for
// each request. It serves one goroutine at a time.
type Alarm struct {
	file *os.File
	raw  syscall.RawConn // nil: the runtime's timers have to do
	step func(fd uintptr) bool

	wait   time.Duration
	wound  bool
	passed [8]byte
}

// New is an alarm; it is to be closed.
func New() *Alarm {
	a := &Alarm{}
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil { // waits are coarser then, which the send delay will show
		return a
	}
	a.file = os.NewFile(uintptr(fd), "timerfd")
	a.raw, _ = a.file.SyscallConn()
	a.step = a.windOrRead
	return a
}

// windOrRead is called when the runtime is ready to hear of the timer, and then
// whenever there is something to hear. Winding it up inside saves a read in vain.
func (a *Alarm) windOrRead(fd uintptr) bool {
	if !a.wound {
		a.wound = true
		spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(a.wait))}
		return unix.TimerfdSettime(int(fd), 0, &spec, nil) != nil
	}
	_, err := unix.Read(int(fd), a.passed[:])
	return err != unix.EAGAIN
}

// Sleep waits for d > 0.
func (a *Alarm) Sleep(d time.Duration) {
	a.wait, a.wound = d, false
	if a.raw == nil || a.raw.Read(a.step) != nil {
		time.Sleep(d)
	}
}

// Close ends the alarm; whoever sleeps goes on with the runtime's timers.
func (a *Alarm) Close() {
	if a.file != nil {
		_ = a.file.Close() // nothing was written
	}
}
