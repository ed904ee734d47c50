package results

import (
	"strings"
	"testing"
)

func TestDisturbance(t *testing.T) {
	unknown := Resources{Machine: MachineUsage{CPUS: 95, OthersCPUS: 30, IdleCPUS: 5}}
	if got, _ := unknown.Disturbance(); got != "" {
		t.Errorf("others cannot be told from the target: %s", got)
	}
	for _, c := range []struct {
		name string
		used MachineUsage
		want []string
	}{
		{"not known", MachineUsage{}, nil},
		{"quiet", MachineUsage{CPUS: 10, OthersCPUS: 0.5, IdleCPUS: 10, StolenCPUS: 0.4}, nil},
		{"a busy host", MachineUsage{CPUS: 9, IdleCPUS: 90, StolenCPUS: 1}, []string{"took 10% of the processor time that there was work for"}},
		{"others, but room for all", MachineUsage{CPUS: 80, OthersCPUS: 70, IdleCPUS: 20}, nil},
		{"others, and no room", MachineUsage{CPUS: 95, OthersCPUS: 30, IdleCPUS: 5}, []string{"not of the run took 30%"}},
		{"busy with the run", MachineUsage{CPUS: 99, OthersCPUS: 2, IdleCPUS: 1}, nil},
		{"both", MachineUsage{CPUS: 90, OthersCPUS: 30, IdleCPUS: 0, StolenCPUS: 10}, []string{"took 10%", "took 30%"}},
	} {
		r := Resources{Machine: c.used}
		r.Target.CPUS = 1
		got, share := r.Disturbance()
		if (got == "") != (len(c.want) == 0) || (share > 0) != (got != "") || share > 1 {
			t.Errorf("%s: %q, a share of %v", c.name, got, share)
		}
		for _, part := range c.want {
			if !strings.Contains(got, part) {
				t.Errorf("%s: %q does not say %q", c.name, got, part)
			}
		}
	}
}
