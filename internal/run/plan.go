package run

import (
	"fmt"
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
	return legs, nil
}
