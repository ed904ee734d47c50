package run

import "time"

// Progress is how far a run is.
type Progress struct {
	// Stage is the phase's name, or "drain" while the account is being closed.
	Stage   string
	Elapsed time.Duration
	Total   time.Duration // of the load
	// Requests.
	Sent, Delivered, Refused, Errors uint64
	Accepted                         uint64 // traces that have come out
	P99                              time.Duration
	Last                             bool
}

// stage names what is being done.
func (r *run) stage(name string) {
	r.stageMu.Lock()
	defer r.stageMu.Unlock()
	r.stageName = name
}

// tell reports the progress.
func (r *run) tell(last bool) {
	if r.Options.Progress == nil {
		return
	}
	r.stageMu.Lock()
	defer r.stageMu.Unlock()
	now := r.progress.Snapshot()
	p := Progress{
		Stage: r.stageName, Elapsed: r.meter.Elapsed(), Last: last,
		Sent: now.Sent, Delivered: now.Delivered, Refused: now.Answered - min(now.Answered, now.Delivered), Errors: now.Failed(),
		Accepted: r.meter.Latest().Complete, P99: now.P99,
	}
	for _, l := range r.plan {
		p.Total += time.Duration(l.phase.For)
	}
	r.Options.Progress(p)
}
