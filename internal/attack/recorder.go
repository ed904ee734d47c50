package attack

import (
	"slices"
	"strconv"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/spanstorm/spanstorm/results"
)

// examplesMost bounds the texts of errors kept per class, textMost each of them.
const (
	examplesMost = 3
	textMost     = 300
)

// recorder keeps the books of one phase. It belongs to one goroutine.
type recorder struct {
	plan    *Plan
	start   time.Time
	observe func(Observation)
	rows    *seconds

	sent, answered, delivered, unexpected, clamped, retried uint64
	traces, bytes                                           uint64
	byCode                                                  map[int]uint64
	errors                                                  results.Errors
	examples                                                map[string][]string
	send, service, response                                 gauge
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
		byCode:   map[int]uint64{},
		examples: map[string][]string{},
		send:     newGauge(), service: newGauge(), response: newGauge(),
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

// run records until in is closed.
func (r *recorder) run(in <-chan sample) {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case s, more := <-in:
			if !more {
				return
			}
			r.record(&s)
		case now := <-tick.C:
			r.refresh(now)
		}
	}
}

func (r *recorder) record(s *sample) {
	p := r.plan.Progress
	r.sent++
	r.traces += uint64(s.Traces)
	r.bytes += uint64(s.BytesOut)
	r.peak = max(r.peak, s.inFlight)
	r.last = max(r.last, s.End)
	r.recordDelay(s)
	if s.Answered() {
		r.answered++
		p.answered.Add(1)
		r.byCode[s.Code]++
		r.recordTimes(s)
		if s.Code == 429 || s.Code == 503 {
			r.refusals++
		}
	} else {
		s.Class.Count(&r.errors)
		p.byClass[s.Class].Add(1)
		r.keepExample(s)
	}
	if s.Delivered() {
		r.delivered++
		p.delivered.Add(1)
	}
	if s.Tries > 1 {
		r.retried++
	}
	if s.UnexpectedBody {
		r.unexpected++
	}
	r.rows.record(s)
	if r.plan.Raw != nil {
		r.writeRaw(&s.Observation)
	}
	if r.observe != nil {
		r.observe(s.Observation)
	}
}

// recordDelay records how late a request was sent. Neighbours may swap between
// workers, so a few are sent slightly early.
func (r *recorder) recordDelay(s *sample) {
	if r.plan.closed() {
		return
	}
	delay := s.Send - s.Due
	if delay < 0 {
		r.clamped++
		delay = 0
	}
	r.send.record(delay)
	if s.crowded {
		delay = 0
	}
	r.punctual.record(delay)
}

// recordTimes records the times of an answer; a request without one has none.
func (r *recorder) recordTimes(s *sample) {
	service := s.End - s.Resent
	r.service.record(service)
	if s.light {
		r.light.record(service)
	}
	felt := service
	if !r.plan.closed() {
		felt = s.End - s.Due
		r.response.record(felt)
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

func (r *recorder) keepExample(s *sample) {
	if s.Err == nil {
		return
	}
	class := s.Class.String()
	have := r.examples[class]
	if len(have) >= examplesMost {
		return
	}
	text := s.Err.Error()
	if len(text) > textMost {
		text = text[:textMost] + "…"
	}
	if !slices.Contains(have, text) {
		r.examples[class] = append(have, text)
	}
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

func (r *recorder) requests(planned uint64) results.Requests {
	out := results.Requests{
		Planned:           planned,
		Sent:              r.sent,
		Unsent:            planned - min(planned, r.sent),
		Answered:          r.answered,
		Delivered:         r.delivered,
		Retried:           r.retried,
		UnexpectedBody:    r.unexpected,
		ByCode:            make(map[string]uint64, len(r.byCode)),
		Errors:            r.errors,
		ClampedSendDelays: r.clamped,
	}
	for code, n := range r.byCode {
		out.ByCode[strconv.Itoa(code)] = n
	}
	if len(r.examples) > 0 {
		out.ErrorExamples = make(map[string][]string, len(r.examples))
		for class, texts := range r.examples {
			out.ErrorExamples[class] = slices.Clone(texts)
		}
	}
	return out
}
