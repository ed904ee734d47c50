package run

import (
	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/attack"
	"github.com/spanstorm/spanstorm/internal/fault/bodies"
	"github.com/spanstorm/spanstorm/internal/tracer/odd"
	"github.com/spanstorm/spanstorm/scenarios"
)

// oddSource is a composer that knows which of its requests are odd.
type oddSource struct {
	*generator.Composer
	corpus *generator.Corpus
	odds   []*odd.Odd // by fault
}

// Odd implements [attack.OddSource].
func (s oddSource) Odd(seq uint64) *odd.Odd {
	if i := s.corpus.RequestFault(seq); i >= 0 {
		return s.odds[i]
	}
	return nil
}

// source is where the payloads of a phase are from.
func (r *run) source() attack.Source {
	s := oddSource{Composer: r.corpus.Composer(r.key).Obey(r.sampling), corpus: r.corpus}
	some := false
	for i := range r.Scenario.Faults {
		o := odd.For(&r.Scenario.Faults[i], r.Scenario.API, r.Scenario.Encoding)
		s.odds = append(s.odds, o)
		some = some || o != nil
	}
	if !some {
		return s.Composer
	}
	return s
}

// stretched is a body of request seq as it was sent, where it was padded on its
// way out.
func stretched(body []byte, corpus *generator.Corpus, faults []scenarios.Fault, seq uint64) []byte {
	if i := corpus.RequestFault(seq); i >= 0 {
		return bodies.Stretch(body, 0, &faults[i])
	}
	return body
}
