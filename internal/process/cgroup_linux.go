package process

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// cgroupRoot is where control groups of version 2 are.
const cgroupRoot = "/sys/fs/cgroup"

// processesMax bounds how many processes of a control group are looked into.
const processesMax = 256

// cgroup is a control group, by its folder.
type cgroup struct{ folder string }

func openCgroup(path string) (cgroup, error) {
	g := cgroup{folder: path}
	if !filepath.IsAbs(path) {
		g.folder = filepath.Join(cgroupRoot, path)
	}
	_, err := os.Stat(g.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return g, fmt.Errorf("control group %s %w: there is no folder %s", path, ErrNotThere, g.folder)
	}
	if _, err := g.number("cpu.stat", "usage_usec "); err != nil {
		return g, fmt.Errorf("control group %s cannot be measured: %w; it has to be one of version 2, below %s", path, err, cgroupRoot)
	}
	return g, nil
}

// number reads the number behind a key in one of the group's files; with an empty
// key, the whole file.
func (g cgroup) number(file, key string) (uint64, error) {
	text, err := os.ReadFile(filepath.Join(g.folder, file))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, key); ok {
			return strconv.ParseUint(strings.TrimSpace(value), 10, 64)
		}
	}
	return 0, fmt.Errorf("%s of %s has no %q", file, g.folder, strings.TrimSpace(key))
}

// usage adds up all processes of the group and of those below it.
func (g cgroup) usage() (Usage, error) {
	us, err := g.number("cpu.stat", "usage_usec ")
	if err != nil {
		return Usage{}, fmt.Errorf("read the CPU time of a control group: %w", err)
	}
	u := Usage{CPUS: (time.Duration(us) * time.Microsecond).Seconds()}
	// Not every group has these; then they are not told.
	u.RSSBytes, _ = g.number("memory.current", "")
	u.Threads, _ = g.number("pids.current", "")
	for _, pid := range g.processes() {
		u.FDs += openFDs(pid)
	}
	return u, nil
}

func (g cgroup) processes() []int {
	text, err := os.ReadFile(filepath.Join(g.folder, "cgroup.procs"))
	if err != nil {
		return nil
	}
	var pids []int
	for field := range bytes.FieldsSeq(text) {
		if pid, err := strconv.Atoi(string(field)); err == nil && len(pids) < processesMax {
			pids = append(pids, pid)
		}
	}
	return pids
}

// populated says that there are processes in the group, or below it.
func (g cgroup) populated() bool {
	n, err := g.number("cgroup.events", "populated ")
	if err != nil { // the root has no such file, and always processes
		return len(g.processes()) > 0
	}
	return n > 0
}
