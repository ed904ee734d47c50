package target

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/spanstorm/spanstorm/internal/process"
	"github.com/spanstorm/spanstorm/internal/target/counters"
)

// errNotStarted says that something can only be done to a target that was started here.
var errNotStarted = errors.New("it was not started here")

// Pause stops the target from running until Resume: it keeps its connections and
// answers nothing.
func (t *Target) Pause() error { return t.do("pause", (*process.Lives).Pause) }

// Resume undoes Pause.
func (t *Target) Resume() error { return t.do("resume", (*process.Lives).Resume) }

// Kill ends the target as an accident would. It returns once the target is gone.
func (t *Target) Kill(ctx context.Context) error {
	return t.do("kill", func(p *process.Lives) error { return p.Kill(ctx) })
}

func (t *Target) do(what string, to func(*process.Lives) error) error {
	err := errNotStarted
	if t.proc != nil {
		err = to(t.proc)
	}
	if err != nil {
		return fmt.Errorf("%s target %s: %w", what, t.name, err)
	}
	return nil
}

// Restart starts the target again where it was, after asking it to end if it has
// not ended by itself, and waits until it is healthy. Its counters go on from
// what was read last, and the times of an embedded agent's dials begin anew.
func (t *Target) Restart(ctx context.Context) error {
	if err := t.do("restart", func(p *process.Lives) error {
		if _, ended := p.Exit(); !ended {
			_, _ = t.Claims(ctx) // what cannot be read now stays as it was read last
			if err := p.Stop(ctx, t.grace); err != nil && !errors.Is(err, process.ErrKilled) {
				return err
			}
		}
		t.carry()
		return p.Again(ctx)
	}); err != nil {
		return err
	}
	if _, err := t.awaitHealth(ctx, t.health); err != nil {
		return err
	}
	return t.StartClock(ctx)
}

// LastExit is how the target ended before it was started again.
func (t *Target) LastExit() process.Exit { return t.proc.LastExit() }

// carry keeps what pages of counters said last: those of the next process begin at
// 0. What a target sends is summed up here, and goes on.
func (t *Target) carry() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.sources {
		if s.Kind() == counters.KindStatsD {
			continue
		}
		s.baseline, s.carried = nil, s.totals
		maps.DeleteFunc(s.carried, func(_ string, r counters.Reading) bool { return r.Gauge })
	}
}
