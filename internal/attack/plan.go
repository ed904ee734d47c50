// Package attack drives one phase of load with vegeta and observes what comes
// back.
//
// Vegeta keeps the loop: its pacer goroutine hands out hits, its workers carry
// them. Around it this package puts what vegeta does not have:
//
//   - a pacer that waits inside Pace for a timer of the system's own, because the
//     Go runtime rounds short sleeps up to a millisecond;
//   - payloads composed ahead of their due time by one goroutine, taken by the
//     RoundTripper under the request's own number, so that building them is in
//     none of the measured times;
//   - clocks of its own: send delay, service time and response time, the last
//     one from the moment at which the request was due;
//   - one recorder, which is the only goroutine that touches histograms.
//
// What may live here: pacing, recording, and the rules by which a phase's
// figures are or are not the target's. What may not: how payloads are made, how
// requests are sent and what an answer or an error means (see internal/tracer),
// what became of the traces, files.
package attack

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/internal/schedule"
	"github.com/spanstorm/spanstorm/internal/tracer"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Source composes payloads. One goroutine calls it, in ascending order of seq.
type Source interface {
	// Append appends the body of request seq, with spans that end at atUnixNS.
	Append(dst []byte, seq uint64, atUnixNS int64) []byte
	// Traces is the number of traces in that body.
	Traces(seq uint64) int
}

// Clocked is a Source whose payloads hold times that follow from when earlier
// requests of the phase were due. Clock is called before the phase; what it is
// given answers for requests up to the one that is being composed.
type Clocked interface {
	Clock(due func(seq uint64) int64)
}

// Plan is one phase to drive.
type Plan struct {
	// Phase is the line of the scenario; its name and kind go into the outcome.
	Phase *scenarios.Phase
	// Profile is the phase's load in words, for the record.
	Profile string
	// Schedule says when requests are due; nil is a closed loop over
	// Phase.Connections that lasts Phase.For.
	Schedule schedule.Schedule
	// FirstSeq is the seq of the phase's first request.
	FirstSeq uint64
	// MaxRequests ends a closed loop early: the number of seqs set aside for it.
	MaxRequests uint64

	Client      *tracer.Client
	Path        string // "/v0.4/traces"
	ContentType string
	Answer      tracer.Answer
	Seen        func(tracer.Seen) // as in [tracer.Route]
	Source      Source
	// BodyBytes is the mean size of a body, to size buffers; 0 is unknown.
	BodyBytes float64

	// MaxInFlight bounds the workers; 0 is tracer.DefaultMaxInFlight.
	MaxInFlight int
	// Timeout bounds a request, from its send to the last byte of its answer;
	// 0 is tracer.DefaultTimeout.
	Timeout time.Duration

	// LateLimit is a send delay that is never held against the generator; 0 is
	// DefaultLateLimit.
	LateLimit time.Duration

	// Retries is how often a payload is sent again that was answered 429 or
	// 5xx, or not at all; Backoff is the first pause before that, and the next
	// one is twice as long.
	Retries int
	Backoff time.Duration

	// Offset is where the phase begins on the run's axis of seconds.
	Offset time.Duration
	// Raw, when set, receives every result as the vegeta CLI reads it. Due
	// time and response time stand where vegeta has timestamp and latency.
	Raw *Raw
	// Progress, when set, is kept up to date; phases may share one.
	Progress *Progress
	// Checkpoint, when set, is called every CheckpointEvery (0 is
	// DefaultCheckpointEvery) with the outcome so far, without histograms, on
	// the goroutine that also calls observe.
	Checkpoint      func(*Outcome)
	CheckpointEvery time.Duration
}

// Defaults of a Plan, and its bounds.
const (
	DefaultCheckpointEvery = 5 * time.Second
	DefaultLateLimit       = 10 * time.Millisecond
	DefaultConnections     = 8
	// MostInFlight is the largest worker bound: each worker may hold a connection.
	MostInFlight = 1 << 16
)

func (p Plan) withDefaults() Plan {
	if p.MaxInFlight == 0 {
		p.MaxInFlight = tracer.DefaultMaxInFlight
	}
	if p.LateLimit <= 0 {
		p.LateLimit = DefaultLateLimit
	}
	if p.CheckpointEvery <= 0 {
		p.CheckpointEvery = DefaultCheckpointEvery
	}
	if p.Progress == nil {
		p.Progress = new(Progress)
	}
	return p
}

// Validate says what keeps the plan from being driven.
func (p Plan) Validate() error {
	switch {
	case p.Phase == nil:
		return errors.New("no phase given")
	case p.Client == nil:
		return errors.New("no client given; make one with tracer.New")
	case p.Source == nil:
		return errors.New("no source of payloads given")
	case !strings.HasPrefix(p.Path, "/"):
		return fmt.Errorf("path %q does not begin with a slash", p.Path)
	case p.MaxInFlight < 0 || p.MaxInFlight > MostInFlight:
		return fmt.Errorf("max_in_flight %d is outside 1..%d", p.MaxInFlight, MostInFlight)
	case p.Timeout < 0:
		return fmt.Errorf("timeout %v is negative", p.Timeout)
	}
	if p.Schedule != nil {
		return nil
	}
	switch {
	case p.Phase.For <= 0:
		return errors.New("a closed loop needs `for`")
	case p.MaxRequests == 0:
		return errors.New("a closed loop needs seqs: MaxRequests is 0")
	case p.Phase.Connections < 0 || p.Phase.Connections > MostInFlight:
		return fmt.Errorf("connections %d is outside 1..%d", p.Phase.Connections, MostInFlight)
	}
	return nil
}

// closed says that the phase is a closed loop.
func (p *Plan) closed() bool { return p.Schedule == nil }

// workers is the most requests in flight at a time.
func (p *Plan) workers() int {
	if !p.closed() {
		return p.MaxInFlight
	}
	if p.Phase.Connections == 0 {
		return DefaultConnections
	}
	return p.Phase.Connections
}

func (p *Plan) duration() time.Duration {
	if p.closed() {
		return time.Duration(p.Phase.For)
	}
	return p.Schedule.Duration()
}

// most is the number of requests that the phase sends at most.
func (p *Plan) most() uint64 {
	if p.closed() {
		return p.MaxRequests
	}
	return p.Schedule.Count()
}

// Observation is what became of one request. Times count from the phase's start.
type Observation struct {
	Seq uint64
	// Code is the answer's status; 0 without a complete answer, and then
	// Class and Err say why.
	Code  int
	Class tracer.Class
	Err   error
	// Due, Send and End: when it was due, when it was handed to the
	// transport, and when the last byte of its answer was read. In a closed
	// loop Due is Send.
	Due, Send, End time.Duration
	// Tries is how often it was sent, and Resent when it was the last time.
	Tries    int
	Resent   time.Duration
	Traces   int
	BytesOut int64 // of the request's body
	BytesIn  int64 // of the answer's body
	// UnexpectedBody marks a 2xx that does not hold what the API answers.
	UnexpectedBody bool
}

// Answered says that a complete answer came.
func (o *Observation) Answered() bool { return o.Code != 0 }

// Delivered says that the answer was a 2xx.
func (o *Observation) Delivered() bool { return o.Code >= 200 && o.Code < 300 }

// Run drives one phase and returns when its last request is answered or given
// up. observe, which may be nil, is called from one goroutine for every request
// that was handed to the transport; it must be quick, for the workers wait when
// it falls far behind.
//
// When ctx ends, the load stops at once and requests in flight are given up
// (class other); the outcome is then marked Interrupted, and the error is nil.
// An error means that the plan could not be driven, or that Raw could not be
// written; with an outcome beside it in the latter case.
func Run(ctx context.Context, p Plan, observe func(Observation)) (*Outcome, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("drive phase: %w", err)
	}
	d, err := newDrive(ctx, p.withDefaults(), observe)
	if err != nil {
		return nil, fmt.Errorf("drive phase %q: %w", p.Phase.Name, err)
	}
	out, err := d.run()
	if err != nil {
		return out, fmt.Errorf("drive phase %q: %w", p.Phase.Name, err)
	}
	return out, nil
}
