package process

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	// groupPrefix begins the names of our groups; behind it are the number of the
	// process that made it and what makes the name its own.
	groupPrefix = "spanstorm-"
	// groupTries and groupWait bound the wait for the end of what was in a group.
	groupTries = 20
	groupWait  = 50 * time.Millisecond
	// cpuPeriodUS is the time over which CPU time is shared out, the kernel's default.
	cpuPeriodUS = 100_000
)

// Group is a control group of our own: what its processes use together can be
// limited. A process is in it from its start on (see [Command]), so that its memory
// counts from the first page; limits come and go with [Group.Limit], and what is
// started anew meets those that there are. Its methods may be called concurrently.
type Group struct {
	parts []part

	mu    sync.Mutex
	wrong error // why the last process is not in it
}

// part is the folder of a group in one hierarchy. With version 1 each controller
// has a hierarchy; version 2 has one for all.
type part struct {
	cgroup
	v2          bool
	home        cgroup // the group that its processes would be in otherwise
	controllers []string
}

// NewGroup makes a group in which such limits can be set, below the group that we
// are in or, with version 2, the nearest above it that can have groups with such
// controllers. The error says what is missing, with a remedy.
func NewGroup(such Limits) (*Group, error) {
	groups, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, fmt.Errorf("find our control group: %w", err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("find the control groups: %w", err)
	}
	return makeGroup(hierarchies(string(groups), string(mounts)), such.controllers())
}

func makeGroup(all []hierarchy, wants []string) (*Group, error) {
	g, name := &Group{}, groupPrefix+strconv.Itoa(os.Getpid())+"-"+rand.Text()
	for _, h := range all {
		var held []string
		for _, c := range h.controllers {
			if i := slices.Index(wants, c); i >= 0 {
				held, wants = append(held, c), slices.Delete(slices.Clone(wants), i, i+1)
			}
		}
		if len(held) == 0 {
			continue
		}
		folder, err := h.make(name, held)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("make a control group: %w; run as root, or with systemd under `systemd-run --user --scope`", err), g.Close())
		}
		g.parts = append(g.parts, part{cgroup{folder}, h.v2, cgroup{h.own}, held})
	}
	if len(wants) > 0 {
		return nil, errors.Join(fmt.Errorf("no control groups with the controller %s are mounted; mount them below %s", wants[0], cgroupRoot), g.Close())
	}
	return g, nil
}

// add puts a process into the group, with all that it will start.
func (g *Group) add(pid int) {
	if g == nil {
		return
	}
	var wrong error
	for _, p := range g.parts {
		if err := p.write("cgroup.procs", strconv.Itoa(pid)); err != nil {
			wrong = fmt.Errorf("put process %d into its control group: %w", pid, err)
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wrong = wrong
}

// Limit sets what the processes of the group may use together from now on, in the
// place of what was set before. With an error, nothing is limited.
func (g *Group) Limit(l Limits) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.wrong != nil {
		return g.wrong
	}
	if err := g.set(l); err != nil {
		_ = g.set(Limits{})
		return fmt.Errorf("set the limit of a control group: %w", err)
	}
	return nil
}

func (g *Group) set(l Limits) error {
	for _, p := range g.parts {
		for _, c := range p.controllers {
			var err error
			switch {
			case c == cpuController:
				err = p.limitCPU(l.CPUs)
			case p.v2:
				err = p.limitMemory("memory.max", "memory.swap.max", "max", l.MemoryBytes, 0)
			default: // of memory and swap together
				err = p.limitMemory("memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "-1", l.MemoryBytes, l.MemoryBytes)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (p part) limitCPU(cpus float64) error {
	quota, none := strconv.FormatInt(int64(cpus*cpuPeriodUS), 10), cpus == 0
	switch {
	case p.v2 && none:
		return p.write("cpu.max", "max")
	case p.v2:
		return p.write("cpu.max", quota+" "+strconv.Itoa(cpuPeriodUS))
	case none:
		return p.write("cpu.cfs_quota_us", "-1")
	}
	if err := p.write("cpu.cfs_period_us", strconv.Itoa(cpuPeriodUS)); err != nil {
		return err
	}
	return p.write("cpu.cfs_quota_us", quota)
}

// limitMemory limits memory by one file, and swap by another, which not every
// system has: what is over its limit is not to go there. Swap is freed first and
// limited last, as it may not be less than memory with version 1.
func (p part) limitMemory(memory, swap, unlimited string, most, mostSwap uint64) error {
	if most == 0 {
		_ = p.write(swap, unlimited)
		return p.write(memory, unlimited)
	}
	err := p.write(memory, strconv.FormatUint(most, 10))
	if errors.Is(err, syscall.EBUSY) {
		used, _ := p.number("memory.usage_in_bytes", "")
		return fmt.Errorf("%d bytes of memory are in use already, and control groups of version 1 take no limit below that; allow more, or begin earlier", used)
	}
	if err == nil {
		_ = p.write(swap, strconv.FormatUint(mostSwap, 10))
	}
	return err
}

// kills is how many processes of the group the kernel has killed so far because
// they were over its memory limit.
func (g *Group) kills() (n uint64) {
	if g == nil {
		return 0
	}
	for _, p := range g.parts {
		file := "memory.oom_control"
		if p.v2 {
			file = "memory.events"
		}
		if slices.Contains(p.controllers, memoryController) {
			n, _ = p.number(file, "oom_kill ")
		}
	}
	return n
}

// Close removes the group. What is still in it goes on where it would have been.
func (g *Group) Close() error {
	var wrong error
	for _, p := range g.parts {
		err := os.Remove(p.folder)
		for try := 0; err != nil && !errors.Is(err, fs.ErrNotExist) && try < groupTries; try++ {
			for _, pid := range p.processes() {
				_ = p.home.write("cgroup.procs", strconv.Itoa(pid))
			}
			time.Sleep(groupWait)
			err = os.Remove(p.folder)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			wrong = errors.Join(wrong, fmt.Errorf("remove a control group: %w", err))
		}
	}
	return wrong
}

// write writes into one of the group's files.
func (g cgroup) write(file, text string) error {
	f, err := os.OpenFile(filepath.Join(g.folder, file), os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
