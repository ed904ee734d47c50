package meter

import (
	"fmt"
	"strings"

	"github.com/shirou/gopsutil/v4/cpu"

	"github.com/spanstorm/spanstorm/results"
)

// processors is what all processors of the machine did, in CPU seconds: they were
// busy or idle, or the host of a virtual machine ran something else although
// there was work for them.
type processors struct {
	busy, idle, stolen float64
}

// readProcessors sums up since the machine started; zero where the system does not tell.
func readProcessors() processors {
	all, err := cpu.Times(false)
	if err != nil || len(all) == 0 {
		return processors{}
	}
	t := &all[0] // its guests are users, too
	return processors{busy: t.User + t.Nice + t.System + t.Irq + t.Softirq, idle: t.Idle + t.Iowait, stolen: t.Steal}
}

// since is what was done after before. Counters of idle time have been seen to step back.
func (p processors) since(before processors) processors {
	return processors{max(0, p.busy-before.busy), max(0, p.idle-before.idle), max(0, p.stolen-before.stolen)}
}

// Machine is what the machine did during the load.
func (m *Meter) Machine() results.MachineUsage {
	m.mu.Lock()
	defer m.mu.Unlock()
	did := m.end.machine.since(m.begin.machine)
	u := results.MachineUsage{CPUS: did.busy, IdleCPUS: did.idle, StolenCPUS: did.stolen}
	if did.busy > 0 {
		u.OthersCPUS = max(0, did.busy-(m.end.runCPUS-m.begin.runCPUS))
	}
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
