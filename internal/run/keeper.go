package run

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/spanstorm/spanstorm/internal/process"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// keeper sees to the life of a target that was started here: an end of it is the
// end of the load, unless it is started again, because an event or the user wants so.
type keeper struct {
	r     *run
	began time.Time

	turn sync.Mutex // held while the target is ended, or started again

	mu       sync.Mutex
	event    string // that is ending it; empty for none
	limited  string // the event that limited its memory last
	restarts []results.Restart
	lost     error // why it could not be started again
}

// watch returns when the load has to end: the target is gone for good, or ctx is done.
func (k *keeper) watch(ctx context.Context) error {
	for {
		done := k.r.target.Done()
		select {
		case <-ctx.Done():
			return nil
		case <-done:
		}
		k.turn.Lock() // waits for an event that starts it again
		same := done == k.r.target.Done()
		if !same {
			k.turn.Unlock()
			continue
		}
		if !k.r.Restart {
			k.turn.Unlock()
			return errTargetDied
		}
		err := k.again(ctx, "")
		k.turn.Unlock()
		if err != nil {
			return errTargetDied
		}
	}
}

// kill ends the target as an accident would. After a time, if that is above 0, it is
// started again; else what is to happen is for watch to say.
func (k *keeper) kill(ctx context.Context, event string, after time.Duration) error {
	if after == 0 {
		k.name(event)
		return k.r.target.Kill(ctx)
	}
	k.turn.Lock()
	defer k.turn.Unlock()
	if err := k.r.target.Kill(ctx); err != nil {
		return err
	}
	pause(ctx, after) // when the load is over before, it is started again all the same: it may hold traces on disk
	return k.again(ctx, event)
}

// restart asks the target to end, and starts it again.
func (k *keeper) restart(ctx context.Context, event string) error {
	k.turn.Lock()
	defer k.turn.Unlock()
	return k.again(ctx, event)
}

// name notes which event ends the target.
func (k *keeper) name(event string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.event = event
}

// limit notes which event is about to limit the target's memory.
func (k *keeper) limit(event *scenarios.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if event.Memory > 0 {
		k.limited = event.Name
	}
}

// again starts the target again, and books it.
func (k *keeper) again(ctx context.Context, event string) error {
	began := time.Since(k.began)
	err := k.r.target.Restart(context.WithoutCancel(ctx)) // bounded by its start and stop timeouts
	k.mu.Lock()
	defer k.mu.Unlock()
	if event == "" {
		event, k.event = k.event, ""
	}
	if err != nil {
		k.lost = fmt.Errorf("the target could not be started again: %w", err)
		return k.lost
	}
	exit := k.r.target.LastExit()
	if event == "" && exit.OverMemory {
		event = k.limited
	}
	restart := results.Restart{Exit: k.exit(exit), UpAtS: time.Since(k.began).Seconds(), Event: event}
	if exit.Asked {
		restart.AtS = began.Seconds() // from then on it took no more
	}
	k.restarts = append(k.restarts, restart)
	return nil
}

// exit is the end of a process as the record has it, but for what it cut off, which
// may not all have been noticed yet. The caller holds mu.
func (k *keeper) exit(e process.Exit) results.Exit {
	exit := results.Exit{Code: e.Code, Signal: e.Signal, AtS: e.At.Sub(k.began).Seconds()}
	if e.OverMemory {
		exit.Reason = "killed by the kernel: over the memory limit of the event " + k.limited
	}
	return exit
}

// died is the end of a target for good.
func (k *keeper) died(e process.Exit) results.Exit {
	k.mu.Lock()
	defer k.mu.Unlock()
	end := k.exit(e)
	k.cutOff(&end)
	return end
}

// describe lists the restarts so far.
func (k *keeper) describe() []results.Restart {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	list := append([]results.Restart(nil), k.restarts...)
	for i := range list {
		k.cutOff(&list[i].Exit)
	}
	return list
}

// cutOff fills in the requests that an end of the target cut off.
func (k *keeper) cutOff(e *results.Exit) {
	const most = 20
	seqs := k.r.books.cutOffAbout(k.began.Add(time.Duration(e.AtS * float64(time.Second))))
	e.CutOff, e.CutOffSeqs = uint64(len(seqs)), seqs[:min(len(seqs), most)]
}
