package experiment

import (
	"cmp"
	"math"
	"slices"

	"github.com/spanstorm/spanstorm/internal/stats"
	"github.com/spanstorm/spanstorm/results"
)

// What a probe is for.
const (
	purposeRegion  = "region"  // find rates that hold and that break, by doubling
	purposeNarrow  = "narrow"  // bring the two nearer to each other
	purposeConfirm = "confirm" // decide about the two that are left
)

// search says which rate to probe next. It is a function of what the probes so far came to,
// so that it can be gone on with at any time:
//
//	region    double from the start while probes pass, or halve while they fail
//	narrow    the geometric mean of the highest rate that holds and the lowest that breaks,
//	          each of them probed until the sequential test has decided
//	confirm   probe the two that are left until a stricter test has decided about them, too:
//	          a wrong decision on the way would lead far from the edge, and is found out here
type search struct {
	start     float64 // the first rate
	least     float64 // below it nothing is searched
	most      float64 // nor above it
	precision float64 // high/low − 1 at which it is over

	// test decides about rates on the way, strict about the two that are left.
	test, strict stats.Sequential
}

// tally is what is known about one rate.
type tally struct {
	rate             float64
	passed, failed   int
	generator        int // probes in which the generator was the limit
	purpose          string
	decided, leaning bool // leaning: passes so far
	verdict          string
}

// generatorMost is how many probes at one rate the generator may spoil before it counts as the
// limit there, where that is more than were not spoilt: a busy machine spoils one now and then.
const generatorMost = 3

// tallies sums up the probes, by rate.
func (s search) tallies(probes []results.Probe) []tally {
	var list []tally
	for _, p := range probes {
		i := slices.IndexFunc(list, func(t tally) bool { return t.rate == p.RatePerS })
		if i < 0 {
			i = len(list)
			list = append(list, tally{rate: p.RatePerS, purpose: p.Purpose})
		}
		t := &list[i]
		switch p.Outcome {
		case results.ProbePassed:
			t.passed++
		case results.ProbeFailed:
			t.failed++
		case results.ProbeGenerator:
			t.generator++
		}
		if p.Purpose != purposeRegion && t.purpose != purposeConfirm {
			t.purpose = p.Purpose
		}
	}
	for i := range list {
		s.judge(&list[i])
	}
	slices.SortFunc(list, func(a, b tally) int { return cmp.Compare(a.rate, b.rate) })
	return list
}

// judge decides about a rate by its probes.
func (s search) judge(t *tally) {
	test := s.test
	if t.purpose == purposeConfirm {
		test = s.strict
	}
	decision := test.Decide(t.passed, t.failed)
	switch {
	case t.generator >= generatorMost && t.generator > t.passed+t.failed:
		t.verdict, t.decided = results.RateGenerator, true
	case decision == stats.Holds:
		t.verdict, t.decided, t.leaning = results.RateHolds, true, true
	case decision == stats.Breaks:
		t.verdict, t.decided = results.RateBreaks, true
	case decision == stats.Edge:
		t.verdict, t.decided = results.RateEdge, true // it does not hold reliably
	default:
		t.verdict, t.leaning = results.RateUndecided, t.passed > t.failed
	}
}

// bracket are the lowest rate that does not hold, and the highest below it that does; nil: none.
// A rate that was spoilt by the generator once, and nothing else, is neither.
func bracket(list []tally) (lo, hi *tally) {
	for i := range list {
		if t := &list[i]; !t.leaning && (t.decided || t.failed > 0) {
			hi = t
			break
		}
	}
	for i := range list {
		if t := &list[i]; t.leaning && (hi == nil || t.rate < hi.rate) {
			lo = t
		}
	}
	return lo, hi
}

// spread is the interval that the probes leave to the capacity: from the highest rate at which
// they pass with test.PassHigh, to the lowest at which they do with test.PassLow, both by all
// probes and the assumption that they pass the less the higher the rate is. Of a target that is
// the same all the time those are the two of the bracket; of one that is not, or on a machine
// that is not, the rates between them held now and then.
func (s search) spread(list []tally, lo, hi *tally) (low, high float64) {
	trials := make([]stats.Trials, len(list))
	for i, t := range list {
		trials[i] = stats.Trials{Passed: t.passed, Failed: t.failed}
	}
	const rounding = 1e-9
	pass := stats.Falling(trials)
	if lo != nil {
		low = lo.rate
		for i := range list {
			if list[i].rate <= lo.rate && pass[i] < s.test.PassHigh-rounding {
				low = list[max(0, i-1)].rate
				break
			}
		}
	}
	if hi != nil && hi.verdict != results.RateGenerator { // else nobody saw the target break
		high = hi.rate
		for i, t := range slices.Backward(list) {
			if t.rate >= hi.rate && trials[i] != (stats.Trials{}) && pass[i] > s.test.PassLow+rounding {
				high = list[min(len(list)-1, i+1)].rate
				break
			}
		}
	}
	return low, high
}

// next is the rate to probe, and what for; over: there is nothing left to probe.
func (s search) next(probes []results.Probe) (rate float64, purpose string, over bool) {
	list := s.tallies(probes)
	lo, hi := bracket(list)
	if spoilt := slices.IndexFunc(list, func(t tally) bool { return !t.decided && t.passed+t.failed == 0 }); spoilt >= 0 {
		return list[spoilt].rate, list[spoilt].purpose, false // once more
	}
	switch {
	case lo == nil && hi == nil:
		return s.start, purposeRegion, false
	case hi == nil && lo.rate >= s.most:
		return lo.rate, purposeConfirm, lo.decided
	case hi == nil:
		return min(round(2*lo.rate), s.most), purposeRegion, false
	case lo == nil && hi.rate <= s.least:
		return hi.rate, purposeConfirm, hi.decided
	case lo == nil:
		return max(round(hi.rate/2), s.least), purposeRegion, false
	}
	middle := round(math.Sqrt(lo.rate * hi.rate))
	wide := hi.rate > lo.rate*(1+s.precision) && middle > lo.rate && middle < hi.rate
	for _, t := range []*tally{lo, hi} {
		switch {
		case !wide && (!t.decided || t.purpose != purposeConfirm):
			return t.rate, purposeConfirm, false
		case wide && !t.decided && t.purpose != purposeRegion:
			return t.rate, t.purpose, false
		}
	}
	return middle, purposeNarrow, !wide
}

// round keeps four significant digits: rates that people can say again.
func round(rate float64) float64 {
	if rate <= 0 {
		return rate
	}
	scale := math.Pow(10, 3-math.Floor(math.Log10(rate)))
	return math.Round(rate*scale) / scale
}
