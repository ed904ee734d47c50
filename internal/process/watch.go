package process

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	gops "github.com/shirou/gopsutil/v4/process"
)

// Watched is a process that was not started here, or a control group of them.
// It is measured and its end is seen, and nothing is done to it. Its methods may
// be called concurrently.
type Watched struct {
	name string
	read func() (Usage, error)
	here func() bool
	done chan struct{}
	stop chan struct{}
	once sync.Once

	mu    sync.Mutex
	began float64 // CPU seconds that it had used before
	usage Usage
	exit  Exit
	ended bool
}

// ErrNotThere is wrapped by the error of a process, or control group, to watch
// that there is not.
var ErrNotThere = errors.New("is not running")

// cgroupPrefix begins the name of a control group, where a process can be named too.
const cgroupPrefix = "cgroup:"

// CheckWatch says what is wrong with the name of what is to be watched: a
// process's number, or cgroup:PATH.
func CheckWatch(name string) error {
	if path, ok := strings.CutPrefix(name, cgroupPrefix); ok {
		if path == "" {
			return errors.New("cgroup: names no control group; try cgroup:system.slice/datadog-agent.service")
		}
		return nil
	}
	if pid, err := strconv.ParseInt(name, 10, 32); err != nil || pid <= 0 {
		return fmt.Errorf("%q is neither a process's number nor cgroup:PATH; pgrep tells numbers", name)
	}
	return nil
}

// Watch begins to watch a process by its number, or the control group cgroup:PATH.
// A relative path is one below /sys/fs/cgroup. What they have used before does
// not count. The error wraps [ErrNotThere] when there is none.
func Watch(name string) (*Watched, error) {
	if err := CheckWatch(name); err != nil {
		return nil, err
	}
	w := &Watched{done: make(chan struct{}), stop: make(chan struct{})}
	if path, ok := strings.CutPrefix(name, cgroupPrefix); ok {
		group, err := openCgroup(path)
		if err != nil {
			return nil, err
		}
		w.name, w.read, w.here = "control group "+path, group.usage, group.populated
	} else {
		pid, err := strconv.Atoi(name)
		if err != nil {
			return nil, fmt.Errorf("process %s: %w", name, err)
		}
		w.name = "process " + name
		p, err := gops.NewProcess(int32(pid))
		if errors.Is(err, gops.ErrorProcessNotRunning) {
			return nil, fmt.Errorf("%s %w; pgrep tells the numbers of those that are", w.name, ErrNotThere)
		}
		if err != nil {
			return nil, fmt.Errorf("look at %s: %w", w.name, err)
		}
		w.read = func() (Usage, error) { return usageOf(pid) }
		w.here = func() bool { return lives(p) }
	}
	if !w.here() {
		return nil, fmt.Errorf("%s %w", w.name, ErrNotThere)
	}
	u, err := w.read()
	if err != nil {
		return nil, fmt.Errorf("measure %s: %w", w.name, err)
	}
	w.began = u.CPUS
	go w.sample()
	return w, nil
}

// lives says that a process is still the same, and not merely waiting for its
// parent to take note of its end. What cannot be asked is taken for alive.
func lives(p *gops.Process) bool {
	running, err := p.IsRunning() // its number may belong to another one by now
	if err != nil || !running {
		return err != nil && !errors.Is(err, gops.ErrorProcessNotRunning)
	}
	status, err := p.Status()
	return err != nil || !slices.Contains(status, gops.Zombie)
}

// String names what is watched.
func (w *Watched) String() string { return w.name }

// sample measures until the end, or until Close.
func (w *Watched) sample() {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-tick.C:
		}
		w.Usage()
		if w.here() {
			continue
		}
		w.mu.Lock()
		w.exit, w.ended = Exit{Code: -1, At: time.Now(), Unseen: true}, true
		w.usage.RSSBytes, w.usage.Threads, w.usage.FDs = 0, 0, 0
		w.mu.Unlock()
		close(w.done)
		return
	}
}

// Usage is what has been used since Watch. The peak of memory is the most that
// was seen since then.
func (w *Watched) Usage() Usage {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return w.usage
	}
	if now, err := w.read(); err == nil {
		now.CPUS, now.RSSMaxBytes = max(0, now.CPUS-w.began), now.RSSBytes
		w.usage = w.usage.upTo(now)
	}
	return w.usage
}

// Done is closed when it has ended.
func (w *Watched) Done() <-chan struct{} { return w.done }

// Exit says when it ended, as far as that was seen; false while it has not.
func (w *Watched) Exit() (Exit, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.exit, w.ended
}

// Close ends the watch.
func (w *Watched) Close() { w.once.Do(func() { close(w.stop) }) }
