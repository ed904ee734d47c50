package run

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spanstorm/spanstorm/internal/attack"
	"github.com/spanstorm/spanstorm/internal/tracer"
)

// rawName is the file of raw results, as the vegeta CLI reads it.
const rawName = "results.gob"

// load drives the phases one after the other. It ends early, without an error,
// when ctx is done or the target dies; finish then says so in the record.
func (r *run) load(ctx context.Context) error {
	raw, closeRaw, err := r.rawResults()
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := closeRaw(); closeErr != nil {
			r.warn(closeErr.Error())
		}
	}()
	if err := r.target.StartClock(ctx); err != nil {
		r.warn("the dials' times count from the target's start: " + err.Error())
	}

	if err := r.target.Mark(ctx); err != nil {
		r.warn("the target's own counters count from its start: " + err.Error())
	}
	began := time.Now()
	r.began(ctx, began)
	loadCtx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	eventsCtx, stopEvents := context.WithCancel(ctx) // what lasts may go on when the load is over
	r.keeper = &keeper{r: r, began: began}
	go func() {
		if err := r.keeper.watch(loadCtx); err != nil {
			stop(err)
			stopEvents()
		}
	}()
	r.events = r.startEvents(eventsCtx, began)
	go r.churn(loadCtx)
	for i := range r.plan {
		if loadCtx.Err() != nil {
			r.skip(r.plan[i])
			continue
		}
		if err := r.drive(loadCtx, r.plan[i], began, raw); err != nil {
			return err
		}
	}
	r.meter.LoadOver()
	return nil
}

// churn makes a share of the tracers reconnect each second, one after the other.
func (r *run) churn(ctx context.Context) {
	perS := float64(r.Scenario.Clients.Churn) * float64(r.clients.Tracers())
	if perS == 0 {
		return
	}
	tick := time.NewTicker(max(time.Millisecond, time.Duration(float64(time.Second)/perS)))
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-tick.C:
			r.clients.Reconnect(i % r.clients.Tracers())
		case <-ctx.Done():
			return
		}
	}
}

// drive runs one phase and books it.
func (r *run) drive(ctx context.Context, l leg, began time.Time, raw *attack.Raw) error {
	plan := attack.Plan{
		Phase: l.phase, Profile: l.phase.Profile(), Schedule: l.schedule,
		FirstSeq: l.firstSeq, MaxRequests: l.reserved,
		Client: r.clients, Path: r.corpus.Path(), ContentType: r.corpus.ContentType(), Answer: r.answer(),
		BodyBytes:   r.corpus.Means().Bytes,
		MaxInFlight: r.Scenario.MaxInFlight, Timeout: time.Duration(r.Scenario.Timeout), LateLimit: time.Duration(r.Scenario.LateLimit),
		Retries: r.Scenario.Clients.Retries, Backoff: time.Duration(r.Scenario.Clients.Backoff),
		Offset: r.offset(began), Raw: raw, Progress: &r.progress,
		Checkpoint: r.checkpoint,
	}
	observe := r.observe
	if l.traces() {
		plan.Source = r.source()
		if r.incidents != nil {
			observe = func(o attack.Observation) {
				r.observe(o)
				r.incidents.enter(&l, &o)
			}
		}
	} else {
		plan.Path, plan.ContentType, plan.Answer = servicesPath(r.Scenario.API), "application/json", tracer.AnswerAny
		plan.Source = servicesSource(r.corpus)
		observe = r.announced
	}
	r.stage(l.phase.Name)
	cpuBefore := r.target.Usage().CPUS
	out, err := attack.Run(ctx, plan, observe)
	if out == nil {
		return fmt.Errorf("load: %w", err)
	}
	if err != nil { // the phase was driven to its end all the same
		r.warn(err.Error())
	}
	r.phaseDone(l, out, r.target.Usage().CPUS-cpuBefore)
	r.saveSoFar(r.phases)
	return nil
}

// offset is where the next phase begins on the run's axis of seconds: where the
// one before it ended, but for a pause in which its last answers came late.
func (r *run) offset(began time.Time) time.Duration {
	const pause = 100 * time.Millisecond
	if len(r.phases) == 0 {
		return 0
	}
	end := time.Duration(r.phases[len(r.phases)-1].out.Phase.EndS * float64(time.Second)).Round(time.Microsecond)
	if now := time.Since(began); now > end+pause {
		return now
	}
	return end
}

// rawResults opens the file of raw results, when they are wanted.
func (r *run) rawResults() (*attack.Raw, func() error, error) {
	if !r.Raw {
		return nil, func() error { return nil }, nil
	}
	f, err := os.Create(filepath.Join(r.Out, rawName))
	if err != nil {
		return nil, nil, fmt.Errorf("keeping raw results: %w", err)
	}
	return attack.NewRaw(f), func() error {
		if err := f.Close(); err != nil {
			return fmt.Errorf("keeping raw results: %w", err)
		}
		return nil
	}, nil
}
