package run

import (
	"context"
	"time"

	"github.com/spanstorm/spanstorm/internal/attack"
	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/internal/target"
	"github.com/spanstorm/spanstorm/results"
)

// closing is how the account was closed.
type closing struct {
	arrivals *ledger.Arrivals
	moments  []intake.Moment // when traces came out: of all, or of a share
	share    float64
	cutOuts  []intake.CutOut // of the sample, as they came; nil: nobody could look
	drained  bool
	claims   []results.Claim
	forms    map[string]uint64 // of what came out
}

// pollEvery is how often the intake is asked how far it is.
const pollEvery = 100 * time.Millisecond

// settle waits until everything that was to come out has come out, stops the
// target, and takes what it handed over on its way down:
//
//	everything delivered and to be kept has arrived   → closed
//	else `drain` without an arrival of ours           → closed
//	else interrupted, or the target is dead           → closed, not drained
//
// Where the target's own counters are believed, they take the intake's place:
// what they claim as accepted is what has arrived.
func (r *run) settle(ctx context.Context, interrupted bool) error {
	if interrupted {
		// The caller's context is gone; what is left to do has a bound of its own.
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), interruptedFor)
		defer cancel()
	}
	r.stage("drain")
	r.events.wait()
	switch {
	case r.accountable():
		r.closed.drained = r.quiet(ctx, interrupted) && !interrupted
	case r.claimed():
		r.closed.drained = r.claimsQuiet(ctx, interrupted) && !interrupted
	}
	if !interrupted {
		r.target.Flushed(ctx)
		r.target.Steady(ctx)
	}
	r.closed.claims = r.claims(ctx)
	if r.target.Started() && !r.died() {
		if err := r.target.Stop(ctx); err != nil {
			r.warn("the target had to be killed at the end: " + err.Error())
		}
		r.closed.claims = r.claims(ctx) // with what it sent on its way down
	}
	var err error
	if r.acceptance() != target.AcceptanceStatus {
		r.closed.arrivals, err = r.arrivals(context.WithoutCancel(ctx))
	}
	if r.accountable() {
		r.closed.moments, r.closed.share = r.moments(context.WithoutCancel(ctx))
		r.closed.cutOuts = r.cutOuts(context.WithoutCancel(ctx))
		r.closed.forms = r.forms(context.WithoutCancel(ctx))
	}
	return err
}

// forms are the payloads that came out, by how they were written; nil: it is not known.
func (r *run) forms(ctx context.Context) map[string]uint64 {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	now, err := r.intake.Progress(ctx)
	if err != nil {
		r.Log.Warn("asking the intake in which forms payloads came", "err", err)
	}
	return now.Forms
}

// quiet waits for the account to close and says whether it did so by itself.
func (r *run) quiet(ctx context.Context, interrupted bool) bool {
	expected := r.books.read().kept.Traces
	silentSince, saved := time.Now(), time.Time{}
	var last intake.Progress
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		now, err := r.intake.Progress(ctx)
		if err != nil {
			r.Log.Warn("asking the intake how far it is", "err", err)
			return false
		}
		if now.Spans != last.Spans {
			silentSince = time.Now()
		}
		if now.Complete >= expected && (now.Complete != last.Complete || expected == 0) && r.nothingOutstanding(ctx) {
			return true
		}
		last = now
		r.meter.Arrived(now)
		if time.Since(saved) > attack.DefaultCheckpointEvery {
			r.saveSoFar(r.phases)
			saved = time.Now()
		}
		if over, drained := r.silence(ctx, tick.C, silentSince, interrupted); over {
			return drained
		}
	}
}

// silence waits for the next look at what has come out, unless the wait is over:
// because the target has been silent for as long as its drain, or because nothing more
// will come, or is waited for.
func (r *run) silence(ctx context.Context, next <-chan time.Time, since time.Time, interrupted bool) (over, drained bool) {
	switch {
	case r.died(), interrupted:
		// A flush at the target's end brings the rest; there is no time to wait for another.
		return true, false
	case time.Since(since) >= r.target.Drain():
		return true, true
	}
	select {
	case <-ctx.Done():
		return true, false
	case <-next:
		return false, false
	}
}

// claimsEvery is how often a target's counters are read while its silence is
// waited for.
const claimsEvery = 500 * time.Millisecond

// claimsQuiet waits until the target claims to have accepted all that was to be
// kept, or has claimed nothing more for as long as its drain.
func (r *run) claimsQuiet(ctx context.Context, interrupted bool) bool {
	expected, silentSince := r.books.read().kept, time.Now()
	var last results.Count
	tick := time.NewTicker(claimsEvery)
	defer tick.Stop()
	for {
		claims, err := r.target.Claims(ctx)
		said := r.saidAccepted(claims)
		switch {
		case err != nil && !r.died():
			r.Log.Warn("reading the target's counters", "err", err)
		case said.Traces >= expected.Traces || said.Spans >= expected.Spans:
			return true
		case said != last:
			last, silentSince = said, time.Now()
		}
		if over, drained := r.silence(ctx, tick.C, silentSince, interrupted); over {
			return drained
		}
	}
}

// saidAccepted is what the believed counters claim to have accepted.
func (r *run) saidAccepted(claims []results.Claim) (said results.Count) {
	for _, c := range claims {
		if c.Source != r.target.Acceptance() || c.Value <= 0 {
			continue
		}
		switch c.Meaning {
		case "accepted":
			said.Traces += uint64(c.Value)
		case "accepted.spans":
			said.Spans += uint64(c.Value)
		}
	}
	return said
}

// nothingOutstanding looks at the arrivals themselves: counts alone could be
// met by traces that were not to come.
func (r *run) nothingOutstanding(ctx context.Context) bool {
	got, err := r.arrivals(ctx)
	if err != nil {
		r.Log.Warn("closing the account", "err", err)
		return false
	}
	return ledger.Outstanding(r.books.outcomes, got, r.books.describe) == 0
}

// claims reads the target's own counters.
func (r *run) claims(ctx context.Context) []results.Claim {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	claims, err := r.target.Claims(ctx)
	if err != nil {
		r.warn("the target's own counters could not be read: " + err.Error())
	}
	return claims
}

// died says that the target ended before it was asked to.
func (r *run) died() bool {
	exit, ended := r.target.Exit()
	return ended && !exit.Asked
}
