//go:build linux || darwin

package agent

import (
	"time"

	"golang.org/x/sys/unix"
)

// cpuClocks says that the system tells the two times below.
const cpuClocks = true

// processCPU is the CPU time of all threads of this process.
func processCPU() time.Duration { return cpuTime(unix.CLOCK_PROCESS_CPUTIME_ID) }

// threadCPU is the CPU time of the thread that asks.
func threadCPU() time.Duration { return cpuTime(unix.CLOCK_THREAD_CPUTIME_ID) }

func cpuTime(clock int32) time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(clock, &ts) != nil { // it fails for unknown clocks only
		return 0
	}
	return time.Duration(ts.Nano())
}
