package results

import (
	"fmt"
	"strings"
)

// MachineUsage is what the processors of the machine did during the load, in CPU seconds.
type MachineUsage struct {
	CPUS       float64 `json:"cpu_s"`        // all their work
	OthersCPUS float64 `json:"others_cpu_s"` // of that, for programs that are not of this run
	IdleCPUS   float64 `json:"idle_cpu_s"`
	// StolenCPUS is processor time that there was work for and that the host of a
	// virtual machine gave to others.
	StolenCPUS float64 `json:"stolen_cpu_s"`
}

// All is the time of all processors.
func (u MachineUsage) All() float64 { return u.CPUS + u.IdleCPUS + u.StolenCPUS }

// From these shares on, what others do on a machine is worth a warning.
const (
	stolenMost = 0.05 // of the processor time that there was work for
	othersMost = 0.10 // of all processor time
	idleLeast  = 0.10 // of all: while there is more, others are in nobody's way
)

// Disturbance says who else took processor time that the run could have had, and adds up
// which share of all that was; empty: nobody to speak of. Of a target whose CPU is not known it
// cannot be told from other programs.
func (r *Resources) Disturbance() (said string, share float64) {
	u := r.Machine
	all, wanted := u.All(), u.CPUS+u.StolenCPUS
	var parts []string
	if u.StolenCPUS > stolenMost*wanted {
		share += u.StolenCPUS / all
		parts = append(parts, fmt.Sprintf("its host took %.0f%% of the processor time that there was work for (steal)", 100*u.StolenCPUS/wanted))
	}
	if r.Target.CPUS > 0 && u.OthersCPUS > othersMost*all && u.IdleCPUS < idleLeast*all {
		share += u.OthersCPUS / all
		parts = append(parts, fmt.Sprintf("programs that are not of the run took %.0f%% of its processor time, with next to none to spare", 100*u.OthersCPUS/all))
	}
	return strings.Join(parts, ", and "), share
}
