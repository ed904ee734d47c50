package experiment

import (
	"slices"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/internal/run"
	"github.com/spanstorm/spanstorm/internal/versus"
	"github.com/spanstorm/spanstorm/scenarios"
)

// locateMost bounds how far is looked for a request with a shape or a fault.
const locateMost = 200_000

// Locator finds requests of a scenario, in any run of it.
func Locator(s *scenarios.Scenario) (versus.Locate, error) {
	corpus, err := run.Compile(s)
	if err != nil {
		return nil, err
	}
	return func(shape, fault string) (uint64, bool) { return find(corpus, shape, fault) }, nil
}

// find is the first request that carries a trace of a shape, with a fault or with none;
// an empty shape is any.
func find(corpus *generator.Corpus, shape, fault string) (uint64, bool) {
	shapes, faults := corpus.ShapeNames(), corpus.FaultNames()
	var chunks []ledger.Chunk
	for seq := range uint64(locateMost) {
		chunks = corpus.Chunks(chunks[:0], seq)
		for _, c := range chunks {
			has := ""
			if c.Fault != ledger.NoFault {
				has = faults[c.Fault]
			}
			if has == fault && (shape == "" || shapes[c.Shape] == shape) {
				return seq, true
			}
		}
	}
	return 0, false
}

// withWarmUp is a scenario with a discarded phase at the beginning: the first requests of a
// fresh process tell of its start, and of nothing else. What is told from the begin of the load
// moves with it.
func withWarmUp(s *scenarios.Scenario) *scenarios.Scenario {
	traces := func(p scenarios.Phase) bool { return p.Send != "services" }
	first := slices.IndexFunc(s.Load, traces)
	if first < 0 || s.Load[first].Discard {
		return s
	}
	warm := s.Load[first]
	warm.Name, warm.Discard, warm.For = "warm-up", true, scenarios.Duration(warmUpFor)
	for slices.ContainsFunc(s.Load, func(p scenarios.Phase) bool { return p.Name == warm.Name }) {
		warm.Name += "-first"
	}
	switch {
	case warm.Steps != nil:
		warm.Rate, warm.Steps = steady(warm.Steps.From, warm.Steps.To), nil
	case warm.Rate != nil && !warm.Rate.Max:
		warm.Rate = steady(warm.Rate.From, warm.Rate.To)
	}
	warmed := *s
	warmed.Load = slices.Insert(slices.Clone(s.Load), first, warm)
	warmed.Events, warmed.Incidents = slices.Clone(s.Events), slices.Clone(s.Incidents)
	for i := range warmed.Events {
		if warmed.Events[i].Phase == "" {
			warmed.Events[i].At += warm.For
		}
	}
	for i := range warmed.Incidents {
		warmed.Incidents[i].At += warm.For
	}
	return &warmed
}

// steady is the rate that a load begins with, or half of what it rises to where that is 0.
func steady(from, to scenarios.Quantity) *scenarios.Rate {
	if from.PerS == 0 {
		from = scenarios.Quantity{PerS: to.PerS / 2, Unit: to.Unit}
	}
	return &scenarios.Rate{From: from, To: from}
}
