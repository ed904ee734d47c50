package process

// Limits are what the processes of a [Group] may use together at most. A figure
// of 0 is no limit.
type Limits struct {
	CPUs        float64 // CPU time per time
	MemoryBytes uint64
}

// Names of the controllers of control groups that hold limits.
const (
	cpuController    = "cpu"
	memoryController = "memory"
)

// controllers are those that limits like these need.
func (l Limits) controllers() (names []string) {
	if l.CPUs > 0 {
		names = append(names, cpuController)
	}
	if l.MemoryBytes > 0 {
		names = append(names, memoryController)
	}
	return names
}
