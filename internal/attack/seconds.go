package attack

import (
	"slices"
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/spanstorm/spanstorm/internal/schedule"
	"github.com/spanstorm/spanstorm/results"
)

// seconds are the rows of a phase, one for each second of the run's axis that
// the phase touches, by the time a request was due. Answers come late and out of
// order, so several rows are open at a time; a row is closed once all that was
// planned for it is recorded, and the others at the end.
type seconds struct {
	phase    string
	schedule schedule.Schedule // nil: closed loop, rows by the time of sending
	offset   time.Duration     // of the phase's start on the run's axis

	open    map[int]*row
	free    []*row
	closed  []results.Second
	peaks   map[int]int // most in flight, by the second of sending
	scratch *hdrhistogram.Histogram
}

// row is one open second.
type row struct {
	planned, sent, delivered uint64
	byCode                   map[int]uint64
	errors                   results.Errors
	send, service, response  sparse
}

func newSeconds(phase string, sched schedule.Schedule) *seconds {
	return &seconds{
		phase:    phase,
		schedule: sched,
		open:     map[int]*row{},
		peaks:    map[int]int{},
		scratch:  newGauge().Histogram,
	}
}

// at is the second in which a moment of the phase lies.
func (s *seconds) at(t time.Duration) int { return int((s.offset + t) / time.Second) }

// planned is how many requests are due in second t.
func (s *seconds) planned(t int) uint64 {
	if s.schedule == nil {
		return 0
	}
	from := time.Duration(t)*time.Second - s.offset
	return s.schedule.CountAt(from+time.Second-1) - s.schedule.CountAt(from-1)
}

func (s *seconds) row(t int) *row {
	if r := s.open[t]; r != nil {
		return r
	}
	var r *row
	if n := len(s.free); n > 0 {
		r, s.free = s.free[n-1], s.free[:n-1]
	} else {
		r = &row{byCode: map[int]uint64{}, send: newSparse(), service: newSparse(), response: newSparse()}
	}
	r.planned = s.planned(t)
	s.open[t] = r
	return r
}

func (s *seconds) record(o *sample) {
	sentAt := s.at(o.Send)
	s.peaks[sentAt] = max(s.peaks[sentAt], int(o.inFlight))

	t := s.at(o.Due)
	r := s.row(t)
	r.sent++
	if o.Answered() {
		r.byCode[o.Code]++
		r.service.record(o.End - o.Resent)
		if s.schedule != nil {
			r.response.record(o.End - o.Due)
		}
	} else {
		o.Class.Count(&r.errors)
	}
	if o.Delivered() {
		r.delivered++
	}
	if s.schedule == nil {
		return
	}
	r.send.record(o.Send - o.Due)
	if r.sent == r.planned {
		s.close(t)
	}
}

// close turns an open row into one of the record.
func (s *seconds) close(t int) {
	r := s.open[t]
	s.closed = append(s.closed, s.render(t, r))
	delete(s.open, t)
	clear(r.byCode)
	r.send.reset()
	r.service.reset()
	r.response.reset()
	*r = row{byCode: r.byCode, send: r.send, service: r.service, response: r.response}
	s.free = append(s.free, r)
}

func (s *seconds) render(t int, r *row) results.Second {
	out := results.Second{
		T:            t,
		Phase:        s.phase,
		Planned:      r.planned,
		Sent:         r.sent,
		Delivered:    r.delivered,
		Errors:       r.errors,
		SendDelay:    r.send.quantiles(s.scratch),
		ServiceTime:  r.service.quantiles(s.scratch),
		ResponseTime: r.response.quantiles(s.scratch),
	}
	if s.schedule == nil {
		out.Planned = r.sent
	}
	if len(r.byCode) > 0 {
		out.ByCode = make(map[string]uint64, len(r.byCode))
		for code, n := range r.byCode {
			out.ByCode[strconv.Itoa(code)] = n
		}
	}
	return out
}

// rows are all rows up to the moment end of the phase, those without requests
// and those still open among them, in order.
func (s *seconds) rows(end time.Duration) []results.Second {
	out := slices.Clone(s.closed)
	have := make(map[int]bool, len(out))
	for _, r := range out {
		have[r.T] = true
	}
	for t, r := range s.open {
		out = append(out, s.render(t, r))
		have[t] = true
	}
	// A phase that ends on a full second does not touch the next one.
	for t := s.at(0); t <= s.at(max(0, end-1)); t++ {
		if !have[t] {
			out = append(out, results.Second{T: t, Phase: s.phase, Planned: s.planned(t)})
		}
	}
	slices.SortFunc(out, func(a, b results.Second) int { return a.T - b.T })
	for i := range out {
		out[i].InFlightMax = s.peaks[out[i].T]
	}
	return out
}
