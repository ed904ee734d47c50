package run

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/schedule"
	"github.com/spanstorm/spanstorm/scenarios"
)

// closedLoopPerS is how many requests a closed loop may send per second of its
// phase. Its seqs are set aside before the run, so that those of later phases
// do not depend on how fast it went.
const closedLoopPerS = 200_000

// leg is one phase with its place in the run.
type leg struct {
	phase    *scenarios.Phase
	schedule schedule.Schedule // nil: a closed loop
	firstSeq uint64
	// reserved is how many seqs are set aside: all that are planned, or a
	// closed loop's most.
	reserved uint64
}

// planned is the number of requests the phase is to send; 0 for a closed loop.
func (l leg) planned() uint64 {
	if l.schedule == nil {
		return 0
	}
	return l.reserved
}

func (l leg) traces() bool { return l.phase.Send != "services" }

// plan lays the phases' requests out one after the other.
func plan(s *scenarios.Scenario, corpus *generator.Corpus) ([]leg, error) {
	means := corpus.Means()
	var legs []leg
	var seq uint64
	for i := range s.Load {
		l := leg{phase: &s.Load[i], firstSeq: seq}
		if flushes := corpus.Flushes(i); flushes != nil {
			l.schedule, l.reserved = flushes, flushes.Count()
		} else if rate := l.phase.Rate; rate != nil && rate.Max {
			l.reserved = uint64(time.Duration(l.phase.For).Seconds()*closedLoopPerS) + 1
		} else {
			timetable, err := schedule.New(l.phase, schedule.Means{Traces: means.Traces, Spans: means.Spans, Bytes: means.Bytes})
			if err != nil {
				return nil, fmt.Errorf("load %s: %w", l.phase.Name, err)
			}
			l.schedule, l.reserved = timetable, timetable.Count()
		}
		if l.traces() {
			seq += l.reserved
		}
		legs = append(legs, l)
	}
	if most := corpus.Layout().MaxSeq(); seq >= most {
		return nil, fmt.Errorf("%d requests do not fit: with traces this large at most %d can be told apart; shorten the load or send smaller traces", seq, most)
	}
	corpus.Schedule(windows(s, legs), bounds(legs)...)
	return legs, nil
}

// bounds are where the phases begin, and where the last one ends.
func bounds(legs []leg) []uint64 {
	var list []uint64
	end := uint64(0)
	for _, l := range legs {
		if l.traces() {
			list, end = append(list, l.firstSeq), l.firstSeq+l.reserved
		}
	}
	return append(list, end)
}

// windows are the requests that are due in the incidents of a scenario, by the
// timetable: as if each phase began when the one before it was to end. A closed
// loop has none.
func windows(s *scenarios.Scenario, legs []leg) []generator.Window {
	var list []generator.Window
	for _, i := range byStart(s.Incidents) {
		in := &s.Incidents[i]
		phaseStart := time.Duration(0)
		for _, l := range legs {
			from, to := time.Duration(in.At)-phaseStart, time.Duration(in.At+in.For)-phaseStart
			phaseStart += time.Duration(l.phase.For)
			if l.schedule == nil || !l.traces() {
				continue
			}
			// Those due before a time are those due a nanosecond before it.
			first, last := l.schedule.CountAt(from-1), l.schedule.CountAt(to-1)
			if first < last {
				list = append(list, generator.Window{From: l.firstSeq + first, To: l.firstSeq + last, Incident: i})
			}
		}
	}
	return list
}

// byStart are the indices of incidents in the order in which they begin.
func byStart(incidents []scenarios.Incident) []int {
	order := make([]int, len(incidents))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(incidents[a].At, incidents[b].At) })
	return order
}

// Compile compiles a scenario as a run of it does: with its requests laid out
// in time, so that those that lie in incidents are known.
func Compile(s *scenarios.Scenario) (*generator.Corpus, error) {
	corpus, err := generator.Compile(s)
	if err != nil {
		return nil, err
	}
	_, err = plan(s, corpus)
	return corpus, err
}
