package attack

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/spanstorm/spanstorm/internal/tracer"
)

// seqHeader is where vegeta writes a request's number in its attack.
const seqHeader = "X-Vegeta-Seq"

// sample is an observation with what only the recorder needs.
type sample struct {
	Observation
	inFlight int32 // with this one, when it was sent
	crowded  bool  // sent while all workers were busy, or late because they had been
	light    bool  // sent while fewer than half of the workers were busy
}

// flight is the RoundTripper of one phase. The request that vegeta hands in only
// tells which number it has; what goes out is the payload of that number in a
// request of our own, without vegeta's headers.
type flight struct {
	plan   *Plan
	sender *tracer.Sender
	clock  func() time.Duration
	ring   *ring
	crew   *crew
	pacer  *pacer
	out    chan<- sample
	// answered is what vegeta gets to see of every answer. It reads it, and
	// nobody reads its results.
	answered *http.Response

	// withdrawn counts hits that found the phase over before they were sent.
	withdrawn atomic.Uint64
}

// RoundTrip implements [http.RoundTripper].
func (f *flight) RoundTrip(hit *http.Request) (*http.Response, error) {
	index, err := strconv.ParseUint(hit.Header.Get(seqHeader), 10, 64)
	if err != nil {
		f.withdrawn.Add(1)
		return nil, err
	}
	others := f.crew.begin()
	defer f.crew.done()

	p := f.ring.take(index)
	if p == nil {
		f.withdrawn.Add(1)
		return nil, tracer.ErrStopped
	}
	s := sample{
		inFlight: others + 1,
		crowded:  others+1 >= f.crew.crowd() || f.pacer.backlog.Load(),
		light:    others*2 < f.crew.most,
	}
	s.Seq = f.plan.FirstSeq + index
	s.Traces = p.traces
	s.BytesOut = int64(len(p.body))
	if !f.plan.closed() {
		s.Due = f.plan.Schedule.Due(index)
	}
	err = f.exchange(&s.Observation, p)
	if f.plan.closed() {
		s.Due = s.Send
	}
	f.out <- s
	if err != nil {
		return nil, err
	}
	return f.answered, nil
}

// exchange sends one payload and reads the answer to its last byte.
func (f *flight) exchange(o *Observation, p *payload) error {
	progress := f.plan.Progress
	progress.sent.Add(1)
	progress.inFlight.Add(1)
	defer progress.inFlight.Add(-1)
	again := f.plan.Retries > 0
	if again {
		defer p.Release()
	}
	for backoff := f.plan.Backoff; ; backoff *= 2 {
		if again {
			p.hold() // each call releases it
		}
		call := f.prepare(o, p)
		if o.Tries++; o.Tries == 1 {
			o.Send = f.pacer.meet(o.Due)
			o.Resent = o.Send
		} else {
			o.Resent = f.clock()
		}
		call.Send()
		o.End = f.clock()
		r := call.Close()
		if r.Err == nil || o.Code == 0 { // the best outcome counts
			o.Code, o.BytesIn, o.UnexpectedBody = r.Code, r.Bytes, r.Unexpected
			o.Class, o.Err = r.Class, r.Err
		}
		if o.Tries > f.plan.Retries || !worthAnother(&r) || !f.pause(backoff) {
			return r.Err
		}
	}
}

// worthAnother says that a tracer would send again: the agent was too busy,
// failed, or did not answer.
func worthAnother(r *tracer.Reply) bool {
	return r.Code == 0 || r.Code == http.StatusTooManyRequests || r.Code >= http.StatusInternalServerError
}

// pause waits for d; false means that the phase was ended meanwhile.
func (f *flight) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return f.pacer.ctx.Err() == nil
	case <-f.pacer.ctx.Done():
		return false
	}
}

// anyTarget satisfies vegeta: the RoundTripper puts the real request together. Vegeta
// parses the URL for each hit, so it is a short one.
func anyTarget(t *vegeta.Target) error {
	*t = vegeta.Target{Method: http.MethodPut, URL: "http://a"}
	return nil
}
