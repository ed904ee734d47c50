package charts

import (
	"math"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// pointsMax bounds the points of a line; more could not be told apart.
const pointsMax = 1000

// latencySeries is what the chart of response times shows. Times are in
// nanoseconds, rates in requests per second, X in seconds since the load began.
type latencySeries struct {
	P50, P90, P99 paper.Line
	Planned, Sent []step // a closed loop plans nothing
	NotOK         []step // not answered 2xx
	Service       bool   // the times are service times, for a closed loop
	Grouped       int    // seconds to a point
}

// newLatencySeries reads the series off the seconds of a record. On a long run
// several seconds make one point: of quantiles the largest, for they cannot be
// averaged; of rates the mean.
func newLatencySeries(rec *results.Record) latencySeries {
	groups, n := grouped(newSlots(rec))
	s := latencySeries{Grouped: n, Service: rec.ClosedLoop()}
	measured, last := false, math.Inf(-1)
	for _, group := range groups {
		from, to := group[0].From, group[len(group)-1].To
		var q results.Quantiles
		var planned, sent, notOK uint64
		seconds, due := 0.0, false
		for _, g := range group {
			due = due || !g.Closed
			here := g.Second.ResponseTime
			if s.Service || g.Closed || here.Count == 0 {
				here = g.Second.ServiceTime
			}
			q.Count += here.Count
			q.P50, q.P90, q.P99 = max(q.P50, here.P50), max(q.P90, here.P90), max(q.P99, here.P99)
			planned, sent = planned+g.Second.Planned, sent+g.Second.Sent
			notOK += g.Second.Sent - min(g.Second.Sent, g.Second.Delivered)
			seconds += g.To - g.From
		}
		begin := from-last > 0.5
		x := (from + to) / 2
		if due && !s.Service {
			s.Planned = append(s.Planned, step{from, to, float64(planned) / seconds})
		}
		s.Sent = append(s.Sent, step{from, to, float64(sent) / seconds})
		s.NotOK = append(s.NotOK, step{from, to, float64(notOK) / seconds})
		if q.Count > 0 {
			begin = begin || !measured
			paper.Add(&s.P50, begin, x, float64(q.P50))
			paper.Add(&s.P90, begin, x, float64(q.P90))
			paper.Add(&s.P99, begin, x, float64(q.P99))
		}
		measured, last = q.Count > 0, to
	}
	return s
}

// step is a height that holds over a stretch of time.
type step struct{ From, To, Y float64 }

// highest is the height of the highest step.
func highest(steps []step) float64 {
	most := 0.0
	for _, s := range steps {
		most = max(most, s.Y)
	}
	return most
}
