package run

import (
	"context"
	"math"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/results"
)

// delayMost is the end of the range of end-to-end delays.
const delayMost = time.Hour

func newDelays() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, delayMost.Nanoseconds(), 3)
}

// moments asks the intake when chunks came out.
func (r *run) moments(ctx context.Context) (list []intake.Moment, share float64) {
	ctx, cancel := context.WithTimeout(ctx, 6*controlTimeout)
	defer cancel()
	list, share, err := r.intake.Moments(ctx)
	if err != nil {
		r.warn("end-to-end delay is not known: " + err.Error())
	}
	return list, share
}

// delays fills in how long traces took from the moment their request was due to the
// intake, in the kept phases, and by second of all. A closed loop has no due times,
// only marks of time, which are too coarse.
func (r *run) delays(rec *results.Record) *results.Histogram {
	if len(r.closed.moments) == 0 {
		return nil
	}
	all, rows := newDelays(), newDelayRows(rec.Seconds)
	var over uint64
	for _, m := range r.closed.moments {
		seq, _ := r.corpus.Layout().Seq(m.Ordinal)
		d := r.phaseOf(seq)
		if d == nil || d.leg.schedule == nil {
			continue
		}
		due := DueUnixNS(&d.out.Phase, d.leg.schedule, seq)
		took := max(m.UnixNS-due, 1)
		if took > delayMost.Nanoseconds() {
			took = delayMost.Nanoseconds()
			if !d.out.Phase.Discarded {
				over++
			}
		}
		if !d.out.Phase.Discarded {
			_ = all.RecordValue(took)
		}
		rows.record(secondOf(&d.out.Phase, due), took)
	}
	rows.fill()
	if all.TotalCount() == 0 {
		return nil
	}
	rec.EndToEnd = &results.EndToEnd{Quantiles: results.NewQuantiles(all, over), Share: r.closed.share}
	return &results.Histogram{Metric: results.EndToEndDelay, Values: all, StartedAt: rec.StartedAt, EndedAt: rec.EndedAt}
}

// secondOf is the second of the run in which a request of a phase was due.
func secondOf(p *results.Phase, dueUnixNS int64) int {
	onAxis := func(s float64) time.Duration { return time.Duration(math.Round(s * float64(time.Second))) }
	due := onAxis(p.StartS) + time.Duration(dueUnixNS-p.StartedAt.UnixNano())
	return int(min(due, onAxis(p.EndS)-1) / time.Second)
}

// delayRows fills the delays of each second into its row. Moments come in the order
// in which requests were due, so one histogram serves all seconds, one after the other.
type delayRows struct {
	seconds []results.Second
	first   map[int]int // row of a second, by t_s: the first
	second  int
	values  *hdrhistogram.Histogram
}

func newDelayRows(seconds []results.Second) *delayRows {
	d := &delayRows{seconds: seconds, first: map[int]int{}, values: newDelays()}
	for i := range seconds {
		if _, there := d.first[seconds[i].T]; !there {
			d.first[seconds[i].T] = i
		}
	}
	return d
}

func (d *delayRows) record(second int, tookNS int64) {
	if second != d.second {
		d.fill()
		d.second = second
	}
	_ = d.values.RecordValue(tookNS)
}

// fill ends a second.
func (d *delayRows) fill() {
	if row, there := d.first[d.second]; there && d.values.TotalCount() > 0 {
		q := results.NewQuantiles(d.values, 0)
		d.seconds[row].EndToEnd = &q
	}
	d.values.Reset()
}

// phaseOf is the phase that request seq is of; nil for none.
func (r *run) phaseOf(seq uint64) *done {
	for i := range r.phases {
		d := &r.phases[i]
		if d.leg.traces() && seq >= d.out.Phase.FirstSeq && seq < d.out.Phase.FirstSeq+d.leg.reserved {
			return d
		}
	}
	return nil
}
