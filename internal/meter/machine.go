package meter

import (
	"time"

	"github.com/shirou/gopsutil/v4/cpu"

	"github.com/spanstorm/spanstorm/results"
)

// processors is what all processors of the machine did, in CPU seconds: they were
// idle, the host of a virtual machine ran something else although there was work for
// them, or they were busy. That last is what is left of all time: the system samples it
// at ticks, and a generator that wakes at regular times may always, or never, be seen by them.
type processors struct {
	all, idle, stolen float64
}

// readProcessors sums up, all time since a moment; zero where the system does not tell.
func readProcessors(since time.Time) processors {
	each, err := cpu.Times(true)
	if err != nil {
		return processors{}
	}
	p := processors{all: time.Since(since).Seconds() * float64(len(each))}
	for i := range each {
		p.idle += each[i].Idle + each[i].Iowait
		p.stolen += each[i].Steal
	}
	return p
}

// since is what was done after before. Counters of idle time have been seen to step back.
func (p processors) since(before processors) processors {
	return processors{max(0, p.all-before.all), max(0, p.idle-before.idle), max(0, p.stolen-before.stolen)}
}

func (p processors) busy() float64 { return max(0, p.all-p.idle-p.stolen) }

// Machine is what the machine did during the load.
func (m *Meter) Machine() results.MachineUsage {
	m.mu.Lock()
	defer m.mu.Unlock()
	did := m.end.machine.since(m.begin.machine)
	u := results.MachineUsage{CPUS: did.busy(), IdleCPUS: did.idle, StolenCPUS: did.stolen}
	u.OthersCPUS = max(0, u.CPUS-(m.end.runCPUS-m.begin.runCPUS))
	return u
}
