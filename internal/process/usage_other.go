//go:build !linux

package process

import (
	"fmt"
	"os"

	"github.com/shirou/gopsutil/v4/process"
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

// usageOf asks the system about a process. The peak of memory is the highest
// of the readings: these systems do not keep it where others can see it.
func usageOf(pid int) (Usage, error) {
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		return Usage{}, fmt.Errorf("look up process %d: %w", pid, err)
	}
	times, err := p.Times()
	if err != nil {
		return Usage{}, fmt.Errorf("read the CPU time of process %d: %w", pid, err)
	}
	memory, err := p.MemoryInfo()
	if err != nil {
		return Usage{}, fmt.Errorf("read the memory of process %d: %w", pid, err)
	}
	u := Usage{CPUS: times.User + times.System, RSSBytes: memory.RSS, RSSMaxBytes: memory.RSS}
	if n, err := p.NumThreads(); err == nil && n > 0 {
		u.Threads = uint64(n)
	}
	if n, err := p.NumFDs(); err == nil && n > 0 {
		u.FDs = uint64(n)
	}
	return u, nil
}

// finalUsage is the system's account of a process that has ended.
func finalUsage(state *os.ProcessState, _ uint64) Usage {
	return Usage{CPUS: (state.UserTime() + state.SystemTime()).Seconds()}
}
