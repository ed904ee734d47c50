package experiment

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/spanstorm/spanstorm/internal/process"
	"github.com/spanstorm/spanstorm/internal/target"
	"github.com/spanstorm/spanstorm/results"
)

// shared is one target that serves all probes of a search. The intake behind it is that of
// the probe that is going on, and always in the same place.
type shared struct {
	target *target.Target
	file   string // a target file by which probes find it
	intake string
	log    *os.File
}

// The shared target is given time to come to rest: until it takes less than a share of one
// core for a while, or longestRest has passed.
const (
	longestRest = 30 * time.Second
	restEvery   = 500 * time.Millisecond
	restCores   = 0.2
)

const sharedLogBytes = 8 << 20

// share points a run at the one target of the search, which is started when it is not there
// (yet, or any more). A target that runs already is one as it is.
func (c *capacity) share(ctx context.Context, o *order) error {
	spec, err := c.spec(c.Target, c.Set)
	if err != nil {
		return err
	}
	if !spec.Starts() {
		return c.awaitRest(ctx, spec)
	}
	if c.shared != nil {
		if _, ended := c.shared.target.Exit(); ended {
			c.shared.stop()
			c.shared = nil
		}
	}
	if c.shared == nil {
		if c.shared, err = c.startShared(ctx, spec); err != nil {
			return err
		}
	} else if err := rest(ctx, c.shared.target); err != nil {
		return err
	}
	o.target, o.set, o.intake = c.shared.file, nil, c.shared.intake
	if pid := c.shared.target.PID(); pid > 0 {
		o.pid = strconv.Itoa(pid)
	}
	return nil
}

func (c *capacity) startShared(ctx context.Context, spec *target.Spec) (*shared, error) {
	s := &shared{intake: c.Intake}
	if s.intake == "" {
		port, err := target.FreePorts(1)
		if err != nil {
			return nil, err
		}
		s.intake = net.JoinHostPort("127.0.0.1", port[0])
	}
	var err error
	if s.log, err = os.OpenFile(filepath.Join(c.Dir, results.TargetLogFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644); err != nil {
		return nil, fmt.Errorf("opening the target's log: %w", err)
	}
	s.target, err = spec.Start(ctx, target.Env{
		Intake: "http://" + s.intake, Self: c.Self, Log: process.NewLog(s.log, sharedLogBytes), AllowRemote: c.AllowRemote,
	})
	if err != nil {
		_ = s.log.Close()
		return nil, err
	}
	if err := errors.Join(s.describe(c.writer), s.target.StartClock(ctx)); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

// sharedFile is the target file of the one target, beside the record.
const sharedFile = "target.yaml"

// describe writes the target file by which probes find the target.
func (s *shared) describe(w *results.Writer) error {
	text, err := s.target.RunningFile()
	if err != nil {
		return fmt.Errorf("one target for all probes: %w; leave out --one-target", err)
	}
	s.file = filepath.Join(w.Dir(), sharedFile)
	return w.WriteFile(sharedFile, text)
}

// awaitRest waits for a target that runs already, if its process is known.
func (c *capacity) awaitRest(ctx context.Context, spec *target.Spec) error {
	if len(c.rec.Capacity.Probes) == 0 {
		return nil
	}
	name, err := spec.Process()
	if err != nil || name == "" {
		return err
	}
	watched, err := process.Watch(name)
	if errors.Is(err, process.ErrNotThere) {
		return nil // the probe will tell
	}
	if err != nil {
		return err
	}
	defer watched.Close()
	return rest(ctx, watched)
}

// working is something whose work can be seen.
type working interface {
	Usage() process.Usage
	Done() <-chan struct{}
}

// rest waits until a target is done with what the probe before left it.
func rest(ctx context.Context, w working) error {
	until := time.Now().Add(longestRest)
	for {
		cpu, at := w.Usage().CPUS, time.Now()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-w.Done():
			return nil
		case <-time.After(restEvery):
		}
		if w.Usage().CPUS-cpu < restCores*time.Since(at).Seconds() || time.Now().After(until) {
			return nil
		}
	}
}

// stop ends the target.
func (s *shared) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), runGrace)
	defer cancel()
	_ = s.target.Stop(ctx) // how it ends is of no interest: the search is over, or it has ended already
	_ = s.log.Close()
}
