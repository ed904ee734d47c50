package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// hierarchy is a tree of control groups, as it is mounted here.
type hierarchy struct {
	v2          bool
	top         string // where it is mounted
	own         string // the group that we are in, at or below top
	controllers []string
}

// hierarchies reads /proc/self/cgroup and /proc/self/mountinfo, see cgroups(7)
// and proc(5):
//
//	5:cpu,cpuacct:/user                                            0::/user
//	31 24 0:27 / /sys/fs/cgroup/cpu rw - cgroup none rw,cpu,cpuacct
func hierarchies(groups, mounts string) (all []hierarchy) {
	for line := range strings.Lines(groups) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 || strings.HasPrefix(parts[1], "name=") {
			continue
		}
		h := hierarchy{v2: parts[1] == ""}
		if !h.v2 {
			h.controllers = strings.Split(parts[1], ",")
		}
		for mount := range strings.Lines(mounts) {
			place, kind, ok := strings.Cut(mount, " - ")
			at, fields := strings.Fields(place), strings.Fields(kind)
			if !ok || len(at) < 5 || len(fields) < 3 || !h.isOf(fields[0], strings.Split(fields[2], ",")) {
				continue
			}
			below, inside := strings.CutPrefix(parts[2], strings.TrimSuffix(at[3], "/"))
			if !inside || strings.Contains(below, "..") {
				continue // of another namespace
			}
			h.top, h.own = at[4], filepath.Join(at[4], below)
			if h.v2 {
				h.controllers = words(h.top, "cgroup.controllers")
			}
			all = append(all, h)
			break
		}
	}
	return all
}

// isOf says that a mount of some kind is one of this hierarchy.
func (h hierarchy) isOf(kind string, options []string) bool {
	if h.v2 {
		return kind == "cgroup2"
	}
	return kind == "cgroup" && slices.Contains(options, h.controllers[0])
}

// words reads a file of a control group that holds a list.
func words(folder, file string) []string {
	text, err := os.ReadFile(filepath.Join(folder, file))
	if err != nil {
		return nil
	}
	return strings.Fields(string(text))
}

// make makes a group with some controllers and returns its folder. With version 2,
// a group that has processes passes no controllers on, but for the root; then one
// above it may.
func (h hierarchy) make(name string, controllers []string) (string, error) {
	var wrong error
	for parent := h.own; ; parent = filepath.Dir(parent) {
		err := h.enable(cgroup{parent}, controllers)
		if err == nil {
			sweep(parent)
			folder := filepath.Join(parent, name)
			if err = os.Mkdir(folder, 0o755); err == nil {
				return folder, nil
			}
		}
		if wrong == nil {
			wrong = err
		}
		if !h.v2 || parent == h.top || len(parent) < len(h.top) {
			return "", wrong
		}
	}
}

// enable sees to it that groups below parent have some controllers.
func (h hierarchy) enable(parent cgroup, controllers []string) error {
	if !h.v2 {
		return nil
	}
	for _, c := range controllers {
		if slices.Contains(words(parent.folder, "cgroup.subtree_control"), c) {
			continue
		}
		if !slices.Contains(words(parent.folder, "cgroup.controllers"), c) {
			return fmt.Errorf("%s has no controller %s", parent.folder, c)
		}
		if err := parent.write("cgroup.subtree_control", "+"+c); err != nil {
			return fmt.Errorf("let groups below it have the controller %s: %w", c, err)
		}
	}
	return nil
}

// sweep removes what runs that were killed have left. What still holds processes
// stays, and so does what belongs to a run that goes on.
func sweep(parent string) {
	folders, _ := filepath.Glob(filepath.Join(parent, groupPrefix+"*"))
	for _, folder := range folders {
		number, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(folder), groupPrefix), "-")
		if pid, err := strconv.Atoi(number); err != nil || pid <= 0 {
			continue // not one of ours
		}
		if _, err := os.Stat("/proc/" + number); errors.Is(err, os.ErrNotExist) {
			_ = os.Remove(folder)
		}
	}
}
