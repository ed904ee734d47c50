package attack

import (
	"strconv"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// gather is for how long samples may wait for the recorder: [samplesAhead] are as many as
// come in that time at several millions a second.
const gather = time.Millisecond

// recorder keeps the books of one phase. It belongs to one goroutine.
type recorder struct {
	plan    *Plan
	start   time.Time
	observe func(Observation)
	rows    *seconds

	*Tally
	traces, bytes uint64
	// For the rules of validity.
	punctual gauge // send delays, those of crowded requests as 0
	light    gauge // service times seen while under half of the workers were busy
	peak     int32 // most in flight
	refusals uint64
	last     time.Duration // end of the last request

	second   time.Duration // the full second that recent began with
	recent   gauge         // for the progress line
	result   vegeta.Result // scratch
	saved    time.Time
	describe func(end time.Duration, now bool) *Outcome
}

func newRecorder(p *Plan, url string, observe func(Observation)) *recorder {
	r := &recorder{
		plan: p, observe: observe,
		rows:     newSeconds(p.Phase.Name, p.Schedule),
		Tally:    NewTally(),
		punctual: newGauge(), light: newGauge(), recent: newGauge(),
	}
	r.rows.offset = p.Offset
	if p.Raw != nil {
		r.result = vegeta.Result{Attack: p.Phase.Name, Method: "PUT", URL: url}
	}
	return r
}

// begin sets the moment from which all times count.
func (r *recorder) begin(start time.Time) {
	r.start, r.saved = start, start
}

// run records until in is closed. Being woken for each sample would cost as much as
// recording it: where they come thick, they are left to gather for a moment.
func (r *recorder) run(in <-chan sample) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		idle := time.Now() // from now on, until there is a sample
		select {
		case s, more := <-in:
			if !more {
				return
			}
			r.record(&s)
		case now := <-tick.C:
			r.refresh(now)
		}
		if !r.drain(in) {
			return
		}
		if time.Since(idle) < gather {
			time.Sleep(gather)
		}
	}
}

// drain records what is there; false means that in is closed.
func (r *recorder) drain(in <-chan sample) bool {
	for {
		select {
		case s, more := <-in:
			if !more {
				return false
			}
			r.record(&s)
		default:
			return true
		}
	}
}

func (r *recorder) record(s *sample) {
	p := r.plan.Progress
	r.Record(&s.Observation, r.plan.closed())
	r.traces += uint64(s.Traces)
	r.bytes += uint64(s.BytesOut)
	r.peak = max(r.peak, s.inFlight)
	r.last = max(r.last, s.End)
	r.recordPunctual(s)
	if s.Answered() {
		p.answered.Add(1)
		r.recordAnswer(s)
		if s.Code == 429 || s.Code == 503 {
			r.refusals++
		}
	} else {
		p.byClass[s.Class].Add(1)
	}
	if s.Delivered() {
		p.delivered.Add(1)
	}
	r.rows.record(s)
	if r.plan.Raw != nil {
		r.writeRaw(&s.Observation)
	}
	if r.observe != nil {
		r.observe(s.Observation)
	}
}

// recordPunctual records how late a request was sent for other reasons than that
// all workers were busy.
func (r *recorder) recordPunctual(s *sample) {
	switch {
	case r.plan.closed():
	case s.crowded:
		r.punctual.record(0)
	default:
		r.punctual.record(s.Send - s.Due)
	}
}

// recordAnswer records the times of an answer that are not in the tally.
func (r *recorder) recordAnswer(s *sample) {
	felt := s.End - s.Resent
	if s.light {
		r.light.record(felt)
	}
	if !r.plan.closed() {
		felt = s.End - s.Due
	}
	r.turnSecond(s.End)
	r.recent.record(felt)
}

// turnSecond publishes the last second's p99 when a new one has begun.
func (r *recorder) turnSecond(now time.Duration) {
	full := now.Truncate(time.Second)
	if full <= r.second {
		return
	}
	r.second = full
	r.plan.Progress.p99.Store(int64(r.recent.at(99)))
	r.recent.Reset()
}

// refresh does what is to be done though no answer may come.
func (r *recorder) refresh(now time.Time) {
	r.turnSecond(now.Sub(r.start) - 200*time.Millisecond) // a second's last answers may still be on their way
	if r.plan.Checkpoint == nil || now.Sub(r.saved) < r.plan.CheckpointEvery {
		return
	}
	r.saved = now
	r.plan.Checkpoint(r.describe(now.Sub(r.start), false))
}

// writeRaw hands a result on as vegeta would have it.
func (r *recorder) writeRaw(o *Observation) {
	res := &r.result
	res.Seq = o.Seq
	res.Code = uint16(o.Code)
	res.Timestamp = r.start.Add(o.Due).Round(0)
	res.Latency = o.End - o.Due
	res.BytesOut, res.BytesIn = uint64(o.BytesOut), uint64(o.BytesIn)
	res.Error = ""
	switch {
	case o.Err != nil:
		res.Error = o.Err.Error()
	case o.Code >= 400:
		res.Error = strconv.Itoa(o.Code)
	}
	r.plan.Raw.keep(res)
}
