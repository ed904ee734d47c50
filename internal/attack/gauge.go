package attack

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/spanstorm/spanstorm/results"
)

const (
	// rangeMost is the longest time that is told apart; longer ones are
	// counted and recorded as this.
	rangeMost = time.Hour
	// digits are the significant ones: a value is off by at most 0.1%.
	digits = 3
)

// gauge is a histogram of nanoseconds that loses nothing.
type gauge struct {
	*hdrhistogram.Histogram
	over uint64
}

func newGauge() gauge {
	return gauge{Histogram: hdrhistogram.New(1, int64(rangeMost), digits)}
}

func (g *gauge) record(d time.Duration) {
	if d > rangeMost {
		d = rangeMost
		g.over++
	}
	_ = g.RecordValue(int64(max(0, d))) // in range by construction
}

func (g *gauge) quantiles() results.Quantiles { return results.NewQuantiles(g.Histogram, g.over) }

// at is a quantile, 0 without values; p in 0..100.
func (g *gauge) at(p float64) time.Duration {
	if g.TotalCount() == 0 {
		return 0
	}
	return time.Duration(g.ValueAtPercentile(p))
}

// above is how many values lie above limit, to the histogram's precision.
func (g *gauge) above(limit time.Duration) uint64 {
	var n int64
	for _, bar := range g.Distribution() {
		if bar.From > int64(limit) {
			n += bar.Count
		}
	}
	return uint64(n)
}

// sparse is a gauge that takes memory by what was recorded: several seconds are
// open at a time, and a second holds few different values.
type sparse struct {
	h    *hdrhistogram.PackedHistogram
	over uint64
}

func newSparse() sparse {
	return sparse{h: hdrhistogram.NewPacked(1, int64(rangeMost), digits)}
}

func (s *sparse) record(d time.Duration) {
	if d > rangeMost {
		d = rangeMost
		s.over++
	}
	_ = s.h.RecordValue(int64(max(0, d))) // in range by construction
}

func (s *sparse) reset() {
	s.h.Reset()
	s.over = 0
}

// quantiles uses scratch, which it leaves empty.
func (s *sparse) quantiles(scratch *hdrhistogram.Histogram) results.Quantiles {
	s.h.MergeInto(scratch)
	q := results.NewQuantiles(scratch, s.over)
	scratch.Reset()
	return q
}
