package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/internal/process"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// events are what is done on purpose while the load goes on.
type events struct {
	r     *run
	began time.Time
	done  sync.WaitGroup

	mu   sync.Mutex
	list []results.Event // as they come about
}

// startEvents begins to count down to the events of the scenario. When ctx is
// done, those that have not begun do not, and what lasts is over.
func (r *run) startEvents(ctx context.Context, began time.Time) *events {
	e := &events{r: r, began: began}
	for i := range r.Scenario.Events {
		e.done.Go(func() {
			if pause(ctx, time.Until(began.Add(r.Scenario.EventAt(i)))) {
				e.run(ctx, &r.Scenario.Events[i])
			}
		})
	}
	return e
}

// wait returns when all events are over: at once when ctx of startEvents is done.
func (e *events) wait() {
	if e != nil {
		e.done.Wait()
	}
}

// describe lists the events that have come about so far, in order.
func (e *events) describe() []results.Event {
	list := []results.Event{}
	if e != nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		list = append(list, e.list...)
	}
	return list
}

// run does one event from its begin to its end, and books it.
func (e *events) run(ctx context.Context, event *scenarios.Event) {
	at := time.Since(e.began)
	e.book(results.Event{Name: event.Name, Effect: event.Effect(), AtS: at.Seconds()})
	err := e.do(ctx, event)
	lasted := time.Duration(0)
	if event.For > 0 || event.Agent == scenarios.AgentRestart {
		lasted = time.Since(e.began) - at
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	own := &e.list[slices.IndexFunc(e.list, func(b results.Event) bool { return b.Name == event.Name })]
	if own.ForS = lasted.Seconds(); err != nil {
		own.Error = err.Error()
		e.r.warn(fmt.Sprintf("event %s: %v", event.Name, err))
	}
}

func (e *events) book(event results.Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, event)
}

// do does what an event is about and returns when it is over.
func (e *events) do(ctx context.Context, event *scenarios.Event) error {
	r, lasts := e.r, time.Duration(event.For)
	switch {
	case event.Intake != "":
		if !r.accountable() {
			return errors.New("nothing is known to be forwarded to our intake")
		}
		return lasting(ctx, lasts, func(ctx context.Context) error {
			return r.intake.Trouble(ctx, intake.Trouble{Kind: intake.TroubleKind(event.Intake), By: time.Duration(event.By), Code: event.Code, Share: float64(event.Share)})
		}, func(ctx context.Context) error {
			return r.intake.Trouble(ctx, intake.Trouble{})
		})
	case event.Connections == scenarios.CutConnections:
		r.clients.Cut()
		return nil
	case event.Agent == scenarios.AgentPause:
		return lasting(ctx, lasts, func(context.Context) error { return r.target.Pause() }, func(context.Context) error { return r.target.Resume() })
	case event.Agent == scenarios.AgentLimit:
		return lasting(ctx, lasts, func(context.Context) error {
			r.keeper.limit(event)
			return r.target.Limit(limits(event))
		}, func(context.Context) error { return r.target.Limit(process.Limits{}) })
	case event.Agent == scenarios.AgentKill:
		return r.keeper.kill(ctx, event.Name, lasts)
	default:
		return r.keeper.restart(ctx, event.Name)
	}
}

// limits are what an event limits the target to.
func limits(event *scenarios.Event) process.Limits {
	return process.Limits{CPUs: float64(event.CPU), MemoryBytes: uint64(event.Memory)}
}

// limitsSuch are limits of all that some event will limit.
func limitsSuch(list []scenarios.Event) (such process.Limits) {
	for i := range list {
		l := limits(&list[i])
		such.CPUs, such.MemoryBytes = max(such.CPUs, l.CPUs), max(such.MemoryBytes, l.MemoryBytes)
	}
	return such
}

// lasting begins something, and ends it after a time, or when ctx is done.
func lasting(ctx context.Context, lasts time.Duration, begin, end func(context.Context) error) error {
	if err := begin(ctx); err != nil {
		return err
	}
	pause(ctx, lasts)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), controlTimeout)
	defer cancel()
	return end(ctx)
}

// pause waits; false says that ctx was done before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
