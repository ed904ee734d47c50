package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// SelfUsage returns what this process has used so far; zero figures where the
// system does not tell.
func SelfUsage() Usage {
	u, err := usageOf(os.Getpid())
	if err != nil {
		return Usage{}
	}
	return u
}

// usageOf asks the system about a process. CPU time comes from the clock that
// the kernel keeps for every process: nanoseconds, where /proc counts in ticks
// of 10 ms.
func usageOf(pid int) (Usage, error) {
	// See clock_getcpuclockid(3): ~pid in the upper bits, CPUCLOCK_SCHED below.
	const cpuClockSched = 2
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid)<<3|cpuClockSched, &ts); err != nil {
		return Usage{}, fmt.Errorf("read the CPU clock of process %d: %w", pid, err)
	}
	u := Usage{CPUS: time.Duration(ts.Nano()).Seconds()}
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return u, fmt.Errorf("read the memory of process %d: %w", pid, err)
	}
	if u.RSSMaxBytes, err = statusBytes(status, "VmHWM:"); err != nil {
		return u, err
	}
	u.Threads, _ = statusNumber(status, "Threads:")
	u.FDs = openFDs(pid)
	u.RSSBytes, err = statusBytes(status, "VmRSS:")
	return u, err
}

// openFDs is how many file descriptors a process has open; 0 if we may not look.
// Since Linux 6.2 the folder of them says so as its size; before, they are counted.
func openFDs(pid int) uint64 {
	folder := "/proc/" + strconv.Itoa(pid) + "/fd"
	if info, err := os.Stat(folder); err == nil && info.Size() > 0 {
		return uint64(info.Size())
	}
	dir, err := os.Open(folder)
	if err != nil {
		return 0
	}
	defer func() { _ = dir.Close() }()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return 0
	}
	return uint64(len(names))
}

// statusBytes reads a line such as "VmHWM:	   12345 kB". A process that is
// about to end has none.
func statusBytes(status []byte, key string) (uint64, error) {
	kb, err := statusNumber(status, key)
	return kb << 10, err
}

// statusNumber reads the number in a line such as "Threads:	12".
func statusNumber(status []byte, key string) (uint64, error) {
	for line := range bytes.Lines(status) {
		value, ok := bytes.CutPrefix(line, []byte(key))
		if !ok {
			continue
		}
		value = bytes.TrimSuffix(bytes.TrimSpace(value), []byte(" kB"))
		n, err := strconv.ParseUint(string(value), 10, 54)
		if err != nil {
			return 0, fmt.Errorf("read %s of a process: %w", key, err)
		}
		return n, nil
	}
	return 0, errors.New("the process has no memory any more")
}

// finalUsage is the system's account of a process that has ended. Its peak of
// memory counts from the fork on, when the child was still a copy of us: up to
// our own peak of that time it says nothing about the child.
func finalUsage(state *os.ProcessState, peakAtStart uint64) Usage {
	u := Usage{CPUS: (state.UserTime() + state.SystemTime()).Seconds()}
	if r, ok := state.SysUsage().(*syscall.Rusage); ok && r.Maxrss > 0 {
		if peak := uint64(r.Maxrss) << 10; peak > peakAtStart {
			u.RSSMaxBytes = peak
		}
	}
	return u
}
