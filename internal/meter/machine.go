package meter

import (
	"fmt"
	"strings"
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

// began is some moment from which time is counted.
var began = time.Now()

// readProcessors sums up since some moment; zero where the system does not tell.
func readProcessors() processors {
	each, err := cpu.Times(true)
	if err != nil {
		return processors{}
	}
	p := processors{all: time.Since(began).Seconds() * float64(len(each))}
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

// From these shares on, what others do on a machine is worth a warning.
const (
	stolenMost = 0.05 // of the processor time that there was work for
	othersMost = 0.10 // of all processor time
	idleLeast  = 0.10 // of all: while there is more, others are in nobody's way
)

// Disturbance says who else took processor time that the run could have had; empty: nobody
// to speak of. Of a target whose CPU is not known it cannot be told from other programs.
func Disturbance(r *results.Resources) string {
	u := r.Machine
	var parts []string
	wanted, all := u.CPUS+u.StolenCPUS, u.CPUS+u.StolenCPUS+u.IdleCPUS
	if u.StolenCPUS > stolenMost*wanted {
		parts = append(parts, fmt.Sprintf("its host took %.0f%% of the processor time that there was work for (steal)", 100*u.StolenCPUS/wanted))
	}
	if r.Target.CPUS > 0 && u.OthersCPUS > othersMost*all && u.IdleCPUS < idleLeast*all {
		parts = append(parts, fmt.Sprintf("programs that are not of this run took %.0f%% of its processor time, with next to none to spare", 100*u.OthersCPUS/all))
	}
	if len(parts) == 0 {
		return ""
	}
	return "the machine was not there for this run alone: " + strings.Join(parts, ", and ") + ". Times may be longer, and rates lower, than the target is to blame for"
}
