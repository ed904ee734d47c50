//go:build !linux && !darwin

package agent

import "time"

// cpuClocks says that the system does not tell them; [Serve] refuses what needs them.
const cpuClocks = false

func processCPU() time.Duration { return 0 }
func threadCPU() time.Duration  { return 0 }
