package attack

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/spanstorm/spanstorm/internal/alarm"
	"github.com/spanstorm/spanstorm/internal/tracer"
	"github.com/spanstorm/spanstorm/results"
)

const (
	// lead is between a phase's begin and its first request: time to compose
	// the first payloads.
	lead = 10 * time.Millisecond
	// graceLeast and graceMost bound for how long a phase that is over may
	// still send what has been due: 1% of its duration. A machine that held
	// the pacer up at the very end shows as send delay, not as unsent requests.
	graceLeast = 100 * time.Millisecond
	graceMost  = time.Second
	// samplesAhead is how far the recorder may be behind before workers wait.
	samplesAhead = 8192
	// workersFirst is how many workers vegeta begins with.
	workersFirst = 64
	// markEvery is how often a closed loop's payloads get a new time.
	markEvery = time.Second
)

// Outcome is what one phase came to.
type Outcome struct {
	// Phase is complete but for SpansPerS, which only the source's owner knows.
	Phase results.Phase
	// Seconds are one row per second of the phase, without what only others know.
	Seconds []results.Second
	// The three distributions, in nanoseconds; nil in a checkpoint. In a
	// closed loop only ServiceTime holds values. Values over an hour are
	// recorded as an hour.
	SendDelay, ServiceTime, ResponseTime *hdrhistogram.Histogram
	// Traces and BytesOut are what was sent.
	Traces, BytesOut uint64
	Figures          Figures
	EndedAt          time.Time // when the last request was done
	Interrupted      bool
}

// drive is one phase under way.
type drive struct {
	ctx    context.Context // the caller's
	cancel context.CancelCauseFunc
	plan   Plan
	start  time.Time
	flight *flight
	pacer  *pacer
	alarm  *alarm.Alarm
	rec    *recorder
	out    chan sample
	cpu    time.Duration
	cpuOK  bool
}

func newDrive(ctx context.Context, p Plan, observe func(Observation)) (*drive, error) {
	d := &drive{ctx: ctx, plan: p, out: make(chan sample, samplesAhead)}
	inner, cancel := context.WithCancelCause(ctx)
	sender, err := p.Client.Sender(inner, tracer.Route{
		Path: p.Path, ContentType: p.ContentType, Answer: p.Answer, Timeout: p.Timeout, Seen: p.Seen,
	})
	if err != nil {
		cancel(err)
		return nil, err
	}
	d.cancel = cancel
	d.setUp(inner, sender, observe)
	return d, nil
}

func (d *drive) setUp(inner context.Context, sender *tracer.Sender, observe func(Observation)) {
	clock := func() time.Duration { return time.Since(d.start) }
	dur := d.plan.duration()
	team := &crew{most: int32(d.plan.workers())}
	d.alarm = alarm.New()
	d.pacer = &pacer{
		ctx: inner, clock: clock, sleep: d.alarm.Sleep, schedule: d.plan.Schedule, most: d.plan.most(), crew: team,
		end: dur + min(max(dur/100, graceLeast), graceMost),
	}
	d.flight = &flight{
		plan: &d.plan, sender: sender, clock: clock, ring: newRing(d.plan.BodyBytes),
		crew: team, pacer: d.pacer, out: d.out,
		answered: &http.Response{StatusCode: http.StatusOK, Body: http.NoBody},
	}
	if d.plan.closed() {
		d.pacer.end = dur
		d.flight.ring.bytesMost = aheadBytesClosed
	}
	d.rec = newRecorder(&d.plan, sender.URL(), observe)
	d.rec.describe = d.describe
	if s, ok := d.plan.Source.(Clocked); ok {
		s.Clock(d.due)
	}
}

// run drives the phase. Its goroutines have ended when it returns:
//
//	producer ─ring→ RoundTripper (vegeta's workers) ─samples→ recorder
func (d *drive) run() (*Outcome, error) {
	d.cpu, d.cpuOK = cpuTime()
	d.start = time.Now().Add(lead)
	d.rec.begin(d.start)
	if !d.plan.closed() {
		d.plan.Progress.planned.Add(d.plan.most())
	}
	produced := make(chan struct{})
	go func() {
		defer close(produced)
		d.flight.ring.fill(d.plan.most(), d.compose)
	}()
	recorded := make(chan struct{})
	go func() {
		defer close(recorded)
		d.rec.run(d.out)
	}()

	hits := d.attack()

	d.alarm.Close()
	d.flight.ring.close()
	d.cancel(tracer.ErrStopped)
	<-produced
	close(d.out)
	<-recorded

	out := d.describe(d.rec.last, true)
	if carried := d.rec.sent + d.flight.withdrawn.Load(); carried != hits {
		return out, fmt.Errorf("vegeta carried %d requests and %d were observed", hits, carried)
	}
	if d.plan.Raw != nil {
		return out, d.plan.Raw.flush()
	}
	return out, nil
}

// attack runs vegeta until its last result and returns how many there were.
func (d *drive) attack() (hits uint64) {
	most := uint64(d.plan.workers())
	attacker := vegeta.NewAttacker(
		vegeta.Client(&http.Client{
			Transport:     d.flight,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}),
		vegeta.Workers(min(most, workersFirst)),
		vegeta.MaxWorkers(most),
		vegeta.MaxBody(0),
	)
	stop := func() {
		attacker.Stop()
		d.flight.ring.close()
	}
	// An interrupt also reaches workers that wait for a payload. The end of
	// the phase only ends the handing out of hits.
	defer context.AfterFunc(d.ctx, stop)()
	over := time.AfterFunc(time.Until(d.start.Add(d.pacer.end)), func() { attacker.Stop() })
	defer over.Stop()
	for range attacker.Attack(anyTarget, d.pacer, 0, "") {
		hits++
	}
	return hits
}

// compose is called by the ring's producer.
func (d *drive) compose(p *payload, index uint64) {
	seq := d.plan.FirstSeq + index
	if d.plan.closed() {
		d.mark(seq)
	}
	p.body = d.plan.Source.Append(p.body[:0], seq, d.due(seq))
	p.traces = d.plan.Source.Traces(seq)
	p.odd = oddOf(d.plan.Source, seq)
}

// due is the time that is written into payload seq: the moment at which it is
// due, in a closed loop that of the last mark before it.
func (d *drive) due(seq uint64) int64 {
	if !d.plan.closed() {
		return d.start.UnixNano() + int64(d.plan.Schedule.Due(seq-d.plan.FirstSeq))
	}
	r := d.flight.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	i := len(r.marks) - 1
	for i > 0 && r.marks[i].Seq > seq {
		i--
	}
	return r.marks[i].UnixNS
}

// mark keeps the time in a closed loop from payload seq on: it changes about
// once a second, and the changes are recorded, so that the body can be made again.
func (d *drive) mark(seq uint64) {
	r := d.flight.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now().UnixNano()
	if n := len(r.marks); n > 0 && now < r.marks[n-1].UnixNS+int64(markEvery) {
		return
	}
	r.marks = append(r.marks, results.TimeMark{Seq: seq, UnixNS: now})
}

// interrupted says whether the caller ended the phase early.
func (d *drive) interrupted() bool { return d.ctx.Err() != nil }

// describe is called on the recorder's goroutine, or after it has ended.
func (d *drive) describe(end time.Duration, final bool) *Outcome {
	r, dur := d.rec, d.plan.duration()
	planned := d.plan.most()
	if d.plan.closed() {
		planned = r.sent
	}
	// The time over which rates are taken: a phase that ended early, or is
	// not over, lasts until now.
	lasted := dur
	if !final || d.interrupted() || d.plan.closed() {
		lasted = min(dur, max(end, time.Millisecond))
		if final && d.interrupted() {
			lasted = min(dur, max(time.Since(d.start), time.Millisecond))
		}
	}
	out := &Outcome{
		Phase:       d.phase(planned, lasted),
		Seconds:     r.rows.rows(lasted),
		Traces:      r.traces,
		BytesOut:    r.bytes,
		EndedAt:     d.start.Add(max(end, 0)),
		Interrupted: d.interrupted(),
	}
	if final {
		out.SendDelay, out.ServiceTime, out.ResponseTime = r.send.Histogram, r.service.Histogram, r.response.Histogram
	}
	out.Figures = d.figures(planned, max(end, time.Millisecond))
	return out
}

func (d *drive) phase(planned uint64, lasted time.Duration) results.Phase {
	r, s := d.rec, lasted.Seconds()
	p := results.Phase{
		Name:         d.plan.Phase.Name,
		Discarded:    d.plan.Phase.Discard,
		Send:         d.plan.Phase.Send,
		Profile:      d.plan.Profile,
		Closed:       d.plan.closed(),
		FirstSeq:     d.plan.FirstSeq,
		Planned:      planned,
		Sent:         r.sent,
		StartedAt:    d.start.Round(0).UTC(),
		StartS:       r.rows.offset.Seconds(),
		EndS:         (r.rows.offset + lasted).Seconds(),
		TimeMarks:    d.marks(),
		RateSentPerS: float64(r.sent) / s,
		TracesPerS:   float64(r.traces) / s,
		BytesPerS:    float64(r.bytes) / s,
		Requests:     r.Tally.Requests(planned),
		Latencies:    results.NewLatencies(r.send.Histogram, r.service.Histogram, r.response.Histogram),
	}
	if p.Send == "" {
		p.Send = "traces"
	}
	p.SendDelay.OverRange, p.ServiceTime.OverRange, p.ResponseTime.OverRange = r.send.over, r.service.over, r.response.over
	if !d.plan.closed() {
		p.RatePlannedPerS = float64(planned) / d.plan.duration().Seconds()
	}
	return p
}

func (d *drive) marks() []results.TimeMark {
	d.flight.ring.mu.Lock()
	defer d.flight.ring.mu.Unlock()
	return append([]results.TimeMark(nil), d.flight.ring.marks...)
}

func (d *drive) figures(planned uint64, lasted time.Duration) Figures {
	r := d.rec
	f := Figures{
		Phase:        d.plan.Phase.Name,
		Closed:       d.plan.closed(),
		Interrupted:  d.interrupted(),
		Planned:      planned,
		Sent:         r.sent,
		Refusals:     r.refusals,
		MaxInFlight:  d.plan.workers(),
		InFlightPeak: int(r.peak),
		HeldShare:    min(1, float64(d.pacer.held(d.pacer.clock()))/float64(min(lasted, d.pacer.end))),
		LightService: r.light.at(50),
		LightCount:   uint64(r.light.TotalCount()),
		LateLimit:    lateLimit(d.plan.LateLimit, r.response.at(99)),
		SendDelayP99: r.send.at(99),
		CPUShare:     -1,
	}
	f.Late = r.send.above(f.LateLimit)
	f.LatePunctual = r.punctual.above(f.LateLimit)
	if d.plan.Schedule != nil {
		f.PeakRatePerS = d.plan.Schedule.Peak()
	}
	if now, ok := cpuTime(); ok && d.cpuOK {
		f.CPUShare = float64(now-d.cpu) / (float64(lasted) * float64(runtime.GOMAXPROCS(0)))
	}
	return f
}
