package ledger

import (
	"strconv"

	"github.com/spanstorm/spanstorm/results"
)

// A sampled chunk is a candidate for an example.
type sampled struct {
	seq   uint64
	chunk Chunk
}

// A sampler keeps some of what it is offered, spread over the whole: every
// stride-th, and whenever that is too many, every second of those.
type sampler struct {
	kept    []sampled
	stride  uint64
	offered uint64
}

func (s *sampler) offer(seq uint64, c Chunk) {
	if s.stride == 0 {
		s.stride = 1
	}
	if s.offered%s.stride == 0 {
		if len(s.kept) == 2*results.ExamplesMax {
			for i := range results.ExamplesMax {
				s.kept[i] = s.kept[2*i]
			}
			s.kept = s.kept[:results.ExamplesMax]
			s.stride *= 2
		}
		if s.offered%s.stride == 0 {
			s.kept = append(s.kept, sampled{seq, c})
		}
	}
	s.offered++
}

// spread picks at most ExamplesMax of the samples, evenly.
func spread(all []sampled) []sampled {
	n := len(all)
	if n <= results.ExamplesMax {
		return all
	}
	out := make([]sampled, results.ExamplesMax)
	for i := range out {
		out[i] = all[i*n/results.ExamplesMax]
	}
	return out
}

// examples turns samples into what the record shows.
func (b *book) examples(all []sampled) []results.Example {
	out := []results.Example{}
	for _, s := range spread(all) {
		e := results.Example{
			Ordinal: s.chunk.Ordinal,
			Seq:     s.seq,
			Shape:   b.sheet.Shapes[s.chunk.Shape],
			Spans:   int(s.chunk.Spans),
		}
		if s.chunk.Fault != NoFault {
			e.Fault = b.sheet.Faults[s.chunk.Fault]
		}
		if b.sheet.TraceID != nil {
			e.TraceID = strconv.FormatUint(b.sheet.TraceID(s.chunk.Ordinal, e.Spans), 10)
		}
		if b.sheet.SentAt != nil {
			e.SentAt = b.sheet.SentAt(s.seq)
		}
		out = append(out, e)
	}
	return out
}
