package generator

import (
	"math"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/results"
)

// Sampling is the obedience of tracers to the sampling rates that an agent
// answers with. A trace that would have had priority 1 gets 0 where its id falls
// beyond the rate of its root's service, by the tracers' own rule. The rates
// are taken over now and then, from one request on, and kept as marks: with them
// a payload is once more a function of its number.
//
// One goroutine composes; any number may ask for chunks.
type Sampling struct {
	corpus *Corpus
	codec  *identity.Codec
	latest func() map[string]float64 // what the agent answered last
	taken  time.Time

	mu     sync.RWMutex
	marks  []results.RateMark
	bounds [][]uint64 // by mark and root: a trace is kept whose hash is at most this
}

// ratesEvery is how often rates are taken over at most: agents work them out
// anew every few seconds.
const ratesEvery = time.Second

// Sampling prepares to obey the rates that latest returns; nil when it knows of
// no change. marks are those of a run that is to be repeated, with latest nil.
func (c *Corpus) Sampling(key identity.Key, latest func() map[string]float64, marks []results.RateMark) *Sampling {
	s := &Sampling{corpus: c, codec: identity.New(key, c.layout), latest: latest}
	for _, m := range marks {
		s.mark(m)
	}
	return s
}

// Marks returns the rates that were obeyed, and from which request on.
func (s *Sampling) Marks() []results.RateMark {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.Clone(s.marks)
}

// Chunks is [Corpus.Chunks] with the priorities that were sent.
func (s *Sampling) Chunks(dst []ledger.Chunk, seq uint64) []ledger.Chunk {
	return s.corpus.chunks(dst, seq, s)
}

// obeyed is the priority of a chunk that was drawn: that of its trace.
func (s *Sampling) obeyed(d *draw) int8 {
	of := &s.corpus.facts[d.Template]
	return obeyed(s.at(d.seq), of.root, d.Priority.Value, s.codec.TraceID(s.corpus.layout.Ordinal(d.seq, d.i), int(of.spans)))
}

// Tree is [Corpus.Tree] with the priority that was sent.
func (s *Sampling) Tree(seq uint64, slot int) (*Tree, error) {
	tree, err := s.corpus.Tree(seq, slot)
	if err != nil {
		return nil, err
	}
	spans := len(tree.Spans)
	if len(tree.Parts) > 0 {
		spans = len(tree.Parts[0].Spans)
	}
	tree.prioritise(obeyed(s.at(tree.Seq), tree.root, tree.Priority, s.codec.TraceID(tree.Ordinal, spans)))
	return tree, nil
}

// refresh takes over new rates from request seq on.
func (s *Sampling) refresh(seq uint64) {
	if s.latest == nil || time.Since(s.taken) < ratesEvery {
		return
	}
	s.taken = time.Now()
	if rates := s.latest(); rates != nil {
		s.mark(results.RateMark{Seq: seq, Rates: rates})
	}
}

func (s *Sampling) mark(m results.RateMark) {
	bounds := make([]uint64, len(s.corpus.roots))
	for i, root := range s.corpus.roots {
		rate, ok := m.Rates[root]
		if !ok {
			if rate, ok = m.Rates[defaultRate]; !ok {
				rate = 1
			}
		}
		bounds[i] = math.MaxUint64
		if rate < 1 {
			bounds[i] = uint64(max(0, rate) * (1 << 63) * 2)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.marks = append(s.marks, m)
	s.bounds = append(s.bounds, bounds)
}

// at returns the bounds for request seq; nil before the first rates.
func (s *Sampling) at(seq uint64) []uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	after := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].Seq > seq })
	if after == 0 {
		return nil
	}
	return s.bounds[after-1]
}

const (
	// defaultRate is the rate of services that have none of their own.
	defaultRate = "service:,env:"
	// knuth is the factor of the hash by which tracers sample (dd-trace-go,
	// ddtrace/tracer/sampler.go).
	knuth = 1111111111111111111
)

// obeyed is the priority of a trace under the rates, given the number of its root's service.
func obeyed(bounds []uint64, root int32, priority int8, traceID uint64) int8 {
	if bounds == nil || priority != 1 || traceID*knuth <= bounds[root] {
		return priority
	}
	return 0
}

// rootKey is what an agent calls the service of a root in its rates.
func rootKey(service, env string) string { return "service:" + service + ",env:" + env }
