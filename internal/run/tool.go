package run

import (
	"runtime"
	"runtime/debug"
	"sync"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/host"
	"github.com/shirou/gopsutil/v4/mem"

	"github.com/spanstorm/spanstorm/results"
)

// Version is the release, set by the linker; a build without it is named after
// its commit.
var Version = "dev"

// Tool is the spanstorm that is running.
func Tool() results.Tool {
	tool := results.Tool{Version: Version, Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return tool
	}
	for _, setting := range info.Settings {
		if setting.Key == "vcs.revision" {
			tool.Commit = setting.Value
		}
	}
	return tool
}

// machine is where we are running. What the system does not tell stays empty.
var machine = sync.OnceValue(func() results.Machine {
	m := results.Machine{OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.NumCPU()}
	if version, err := host.KernelVersion(); err == nil {
		m.Kernel = version
	}
	if cpus, err := cpu.Info(); err == nil && len(cpus) > 0 {
		m.CPUModel = cpus[0].ModelName
	}
	if memory, err := mem.VirtualMemory(); err == nil {
		m.MemoryBytes = memory.Total
	}
	return m
})
