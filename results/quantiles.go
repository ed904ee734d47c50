package results

import (
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// NewQuantiles summarises a histogram of nanoseconds. overRange is how many
// values lay past the histogram's range and were recorded as the range's end.
// A nil histogram gives the zero value.
func NewQuantiles(h *hdrhistogram.Histogram, overRange uint64) Quantiles {
	if h == nil || h.TotalCount() == 0 {
		return Quantiles{OverRange: overRange}
	}
	return Quantiles{
		Count: uint64(h.TotalCount()),
		Mean:  h.Mean(),
		Min:   h.Min(),
		P50:   h.ValueAtPercentile(50),
		P90:   h.ValueAtPercentile(90),
		P99:   h.ValueAtPercentile(99),
		P999:  h.ValueAtPercentile(99.9),
		Max:   h.Max(),

		OverRange: overRange,
	}
}

// NewLatencies summarises the three histograms of a phase, curves included.
// OverRange is left 0: the caller knows it.
func NewLatencies(sendDelay, serviceTime, responseTime *hdrhistogram.Histogram) Latencies {
	return Latencies{
		SendDelay:    NewQuantiles(sendDelay, 0),
		ServiceTime:  NewQuantiles(serviceTime, 0),
		ResponseTime: NewQuantiles(responseTime, 0),
		Percentiles:  NewPercentiles(sendDelay, serviceTime, responseTime),
	}
}

// NewPercentiles reads the percentile curves off three histograms, at the
// points of [PercentilePoints]. It is empty when all of them are.
func NewPercentiles(sendDelay, serviceTime, responseTime *hdrhistogram.Histogram) []Percentile {
	measured := false
	at := func(h *hdrhistogram.Histogram, p float64) int64 {
		if h == nil || h.TotalCount() == 0 {
			return 0
		}
		measured = true
		return h.ValueAtPercentile(p)
	}
	points := PercentilePoints()
	curve := make([]Percentile, len(points))
	for i, p := range points {
		curve[i] = Percentile{
			Percentile:     p,
			SendDelayNS:    at(sendDelay, p),
			ServiceTimeNS:  at(serviceTime, p),
			ResponseTimeNS: at(responseTime, p),
		}
	}
	if !measured {
		return []Percentile{}
	}
	return curve
}

// PercentilePoints are the percentiles of the curves, 0 to 99.999: ten to each
// decade of what remains above, so that they are evenly spread on the axis
//
//	x = −log10(1 − p/100)
func PercentilePoints() []float64 {
	remaining := []float64{100, 80, 65, 50, 40, 30, 25, 20, 15, 12}
	var points []float64
	for decade := range 5 {
		scale := math.Pow10(decade)
		for _, r := range remaining {
			// Rounded, for 95 must be 95 and not its neighbour.
			points = append(points, math.Round((100-r/scale)*1e6)/1e6)
		}
	}
	return append(points, 99.999)
}
