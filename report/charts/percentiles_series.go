package charts

import (
	"math"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// percentileSeries are the three times over −log10(1 − p/100): 1 is the 90th
// percentile, 2 the 99th and so on. Y is in nanoseconds.
type percentileSeries struct {
	Response, Service, Delay paper.Line
	Count                    uint64
	To                       float64 // where the axis ends: what this many values can tell
}

// newPercentileSeries reads the curves off the totals of a record. A closed loop
// has but the service time, whatever else was written down.
func newPercentileSeries(rec *results.Record) percentileSeries {
	l, closed := &rec.Totals, rec.ClosedLoop()
	s := percentileSeries{Count: max(l.ServiceTime.Count, l.ResponseTime.Count), To: 1}
	if s.Count == 0 {
		return s
	}
	// The slowest of n values is the last that anything is known of: beyond
	// 1 − 1/n the curve would only repeat the maximum.
	s.To = math.Min(math.Max(math.Log10(float64(s.Count)), 1), 5)
	for _, p := range l.Percentiles {
		x := paper.LogPercentile(p.Percentile)
		if !(x >= 0 && x <= s.To+1e-9) { // nor NaN, for a percentile past 100
			continue
		}
		if l.ResponseTime.Count > 0 && !closed {
			paper.Add(&s.Response, false, x, float64(p.ResponseTimeNS))
		}
		if l.ServiceTime.Count > 0 {
			paper.Add(&s.Service, false, x, float64(p.ServiceTimeNS))
		}
		if l.SendDelay.Count > 0 && !closed {
			paper.Add(&s.Delay, false, x, float64(p.SendDelayNS))
		}
	}
	return s
}
