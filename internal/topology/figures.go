package topology

import (
	"maps"
	"slices"

	"github.com/spanstorm/spanstorm/scenarios"
)

// Given says that a scenario says more of a shape than sizes.
func Given(st *scenarios.Statistical) bool {
	return st.FanOut != nil || st.CallsPerEdge != nil || st.Types != nil
}

// Of are the figures of a shape, with calls of these kinds.
func Of(st *scenarios.Statistical, kinds []Kind) Figures {
	return Figures{FanOut: fanOutBins(st.FanOut), Calls: callBins(st), Kinds: kinds}
}

// Fan-out is aimed at number by number up to fanOutSingly, then in bins that double.
const (
	fanOutSingly = 8
	fanOutParts  = 4096
)

// fanOutBins cuts a distribution of counts into bins; nil is mostly one, and
// now and then many.
func fanOutBins(d *scenarios.Dist) []Bin {
	if d == nil {
		d = &scenarios.Dist{Kind: scenarios.LogNormal, A: 1.2, B: 8, Max: 64}
	}
	count := func(u float64) int { return int(min(max(1, d.Quantile(u)+0.5), 1e6)) }
	most := count(1)
	var bins []Bin
	for from := 1; from <= most; {
		to := from
		if from > fanOutSingly {
			to = min(most, 2*from-2)
		}
		bins = append(bins, Bin{From: from, To: to})
		from = to + 1
	}
	for i := range fanOutParts {
		n := count((float64(i) + 0.5) / fanOutParts)
		at := slices.IndexFunc(bins, func(b Bin) bool { return n <= b.To })
		bins[at].Share += 1.0 / fanOutParts
	}
	return bins
}

// callBins are the bins of calls per edge: as given, or of repeated edges,
// mostly twice, and now and then as a loop over rows does.
func callBins(st *scenarios.Statistical) []Bin {
	if st.CallsPerEdge == nil {
		r := float64(st.RepeatedEdges)
		return []Bin{{1, 1, 1 - r}, {2, 2, 0.8 * r}, {3, 30, 0.2 * r}}
	}
	var bins []Bin
	for _, name := range slices.Sorted(maps.Keys(st.CallsPerEdge)) {
		from, to, _ := scenarios.Times(name)
		bins = append(bins, Bin{from, to, float64(st.CallsPerEdge[name])})
	}
	slices.SortFunc(bins, func(a, b Bin) int { return a.From - b.From })
	return bins
}
