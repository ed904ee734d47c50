package experiment

import (
	"math"
	"time"

	"github.com/spanstorm/spanstorm/generator"
	timetable "github.com/spanstorm/spanstorm/internal/schedule"
	"github.com/spanstorm/spanstorm/scenarios"
)

// CapacityUnit is what the rates of a search count: requests, or traces where the clients of the
// scenario flush at intervals, so that requests follow from traces.
func CapacityUnit(s *scenarios.Scenario) scenarios.Unit {
	if s.Clients.FlushInterval != 0 {
		return scenarios.Traces
	}
	return scenarios.Requests
}

// capacityLeast is the lowest rate of a search, per second.
const capacityLeast = 1

// CapacityMost is the highest rate of a search, per second. Of traces it is what the clients can send
// with no request above [scenarios.MaxChunks], whenever two flushes are as far apart as may be.
func CapacityMost(s *scenarios.Scenario) float64 {
	if CapacityUnit(s) == scenarios.Requests {
		return 1e6
	}
	longest := time.Duration(s.Clients.FlushInterval).Seconds() * (1 + 2*float64(s.Clients.FlushJitter))
	return math.Floor(float64(s.Clients.Count) * (scenarios.MaxChunks - 1) / longest)
}

// startFallback is the first rate for a scenario of closed loops alone.
const startFallback = 100

// startRate is the rate at which the first kept phase of traces begins, or its mean where that is 0,
// in the unit of the search.
func startRate(s *scenarios.Scenario) (float64, error) {
	for i := range s.Load {
		phase := &s.Load[i]
		if phase.Discard || phase.Send == "services" || phase.Rate != nil && phase.Rate.Max {
			continue
		}
		corpus, err := generator.Compile(s)
		if err != nil {
			return 0, err
		}
		m := corpus.Means()
		means := timetable.Means{Traces: m.Traces, Spans: m.Spans, Bytes: m.Bytes}
		if CapacityUnit(s) == scenarios.Traces {
			means = timetable.Means{Traces: 1, Spans: m.Spans / m.Traces, Bytes: m.Bytes / m.Traces}
		}
		plan, err := timetable.New(phase, means)
		if err != nil {
			return 0, err
		}
		if rate := plan.Rate(0); rate > 0 {
			return rate, nil
		}
		return float64(plan.Count()) / plan.Duration().Seconds(), nil
	}
	return startFallback, nil
}
