package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spanstorm/spanstorm/internal/meter"
	"github.com/spanstorm/spanstorm/results"
)

// began marks the begin of the load and saves the first record of it.
func (r *run) began(ctx context.Context, at time.Time) {
	r.meter = meter.New(at, meter.Sources{
		Target: r.target.Usage, Intake: r.intakeRole.Usage, Progress: r.intake.Progress, Sampled: r.tell,
	})
	r.meter.Start(ctx) // its samples are told with the help of r.meter
	r.cpuBefore = r.target.Usage().CPUS
	r.recMu.Lock()
	defer r.recMu.Unlock()
	r.rec.StartedAt = at.UTC()
	r.rec.Target = r.target.Info()
	if err := r.writer.Save(r.rec); err != nil {
		r.Log.Warn("saving the record", "err", err)
	}
}

// skip books a phase that was never begun: all of it is unsent.
func (r *run) skip(l leg) {
	if !l.traces() {
		return
	}
	r.unsent += l.planned()
}

// finish closes the account, judges the run and writes the record.
func (r *run) finish(ctx context.Context) (*results.Record, error) {
	interrupted := ctx.Err() != nil
	settleErr := r.settle(ctx, interrupted)
	r.meter.Stop()

	r.recMu.Lock()
	defer r.recMu.Unlock()
	rec := r.rec
	rec.Interrupted = interrupted || ctx.Err() != nil
	rec.Complete = true
	rec.EndedAt = time.Now().UTC()
	r.death(rec)
	if !rec.Interrupted {
		r.gone(ctx)
	}
	r.fill(rec, r.phases)
	if others, _ := rec.Resources.Disturbance(); others != "" {
		rec.Warnings = append(rec.Warnings, "the machine was not there for this run alone: "+others+". Times may be longer, and rates lower, than the target is to blame for")
	}
	rec.Requests.Planned += r.unsent
	rec.Requests.Unsent += r.unsent

	histograms, totals := r.histograms()
	histograms = append(histograms, r.incidents.histograms(rec)...)
	rec.Totals = totals
	if delays := r.delays(rec); delays != nil {
		histograms = append(histograms, *delays)
	}
	if settleErr != nil {
		rec.InvalidReasons = append(rec.InvalidReasons, settleErr.Error())
	} else {
		account, err := r.account()
		if err != nil {
			rec.InvalidReasons = append(rec.InvalidReasons, err.Error())
		}
		rec.Ledger = account
		rec.Ledger.Forwarded = r.closed.forms
	}
	rec.Valid = len(rec.InvalidReasons) == 0
	rec.Pressure = results.PressureOf(rec)
	if a := r.closed.arrivals; a != nil && a.LastUnixNS > 0 {
		rec.LastArrivalS = max(0, time.Unix(0, a.LastUnixNS).Sub(rec.StartedAt).Seconds())
	}
	rec.Expectations = results.Judge(rec, r.expect)

	if err := r.writer.Save(rec); err != nil {
		return rec, err
	}
	if err := r.writer.SaveHistograms(histograms); err != nil {
		return rec, err
	}
	return rec, settleErr
}

// death books the end of a target that was not asked to end.
func (r *run) death(rec *results.Record) {
	rec.Target = r.target.Info()
	exit, ended := r.target.Exit()
	if !ended || exit.Asked {
		return
	}
	end := r.keeper.died(exit)
	rec.Target.Exit = &end
	r.reasons = append(r.reasons, fmt.Sprintf("the target died %.1f s after the load began: %s", end.AtS, cmp.Or(end.Reason, exit.String())))
	if lost := r.keeper.lost; lost != nil {
		r.reasons = append(r.reasons, lost.Error())
	}
}

// gone finds out whether a target that was not started here is still there: of
// one that died meanwhile no figure can be trusted.
func (r *run) gone(ctx context.Context) {
	if r.target.Started() || r.died() {
		return
	}
	if err := r.target.Alive(ctx); err != nil {
		r.rec.Target.Gone = true
		r.reasons = append(r.reasons, "the target was gone when the load was over: "+err.Error())
	}
}

// failed saves a record of a run that never began, so that its folder says why.
func (r *run) failed(cause error) error {
	if errors.Is(cause, context.Canceled) {
		r.rec.Interrupted = true
		cause = fmt.Errorf("interrupted before the load began: %w", context.Canceled)
	}
	r.rec.InvalidReasons = []string{"the run did not begin: " + cause.Error()}
	r.rec.EndedAt = time.Now().UTC()
	if r.target != nil {
		r.rec.Target = r.target.Info()
	}
	if err := r.writer.Save(r.rec); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}
