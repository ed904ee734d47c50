// Package plan says what is in request seq: how many traces begin in it, of
// each which shape, template and priority, and which tracer sends it. It is a pure
// function of the seed and seq, in arithmetic on whole numbers only. Here templates
// are numbers; what they are is for the generator to know.
package plan

import (
	"fmt"
	"math"

	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Plan is the plan of a scenario's requests. Once Schedule has been called, if
// it is, it does not change and is safe for concurrent use.
type Plan struct {
	Seed   uint64
	Counts []uint32 // equally likely numbers of traces that begin in a request
	Fleet  *Fleet   // tracers that send at intervals say how many instead; nil: they do not

	Pools    []Pool    // by shape
	Episodes []Episode // by incident
	Spoils   []Spoil   // faults of spans
	Lateness []Lateness

	shapes   []column
	faults   []faultShare // of requests
	tracers  uint64
	requests uint64 // that there can be
	windows  []Window
	phases   []uint64 // where each begins, and the last ends; nil: one without end
}

// countParts is into how many equally likely values a distribution of counts is cut.
const countParts = 1024

// countsMost is the most traces in a request.
const countsMost = 1 << 20

// New plans a scenario. What its pools hold is not known yet.
func New(s *scenarios.Scenario) (*Plan, error) {
	p := &Plan{
		Seed:     trees.HashText(s.Seed, "plan"),
		faults:   faultShares(s.Faults),
		tracers:  uint64(max(1, s.Clients.Count)),
		requests: math.MaxUint64,
	}
	var err error
	if p.Counts, err = countTable(s.TracesPerRequest); err != nil || len(s.Shapes) == 0 {
		return p, err
	}
	weights := make([]float64, len(s.Shapes))
	for i := range s.Shapes {
		weights[i] = s.Shapes[i].Weight
		priorities, err := priorityTable(&s.Shapes[i])
		if err != nil {
			return nil, fmt.Errorf("shape %s: %w", s.Shapes[i].Name, err)
		}
		p.Pools = append(p.Pools, Pool{Priorities: priorities})
	}
	p.Spoils, p.Lateness = spoils(s.Faults), lateTable(s.Shapes)
	p.shapes, err = newAlias(weights)
	return p, err
}

func countTable(d scenarios.Dist) ([]uint32, error) {
	parts := countParts
	if d.Kind == scenarios.Constant {
		parts = 1
	}
	table := make([]uint32, parts)
	for i := range table {
		n := max(1, trees.Count(d, (float64(i)+0.5)/float64(parts)))
		if n > countsMost {
			return nil, fmt.Errorf("traces_per_request reaches %d; the most is %d", n, countsMost)
		}
		table[i] = uint32(n)
	}
	return table, nil
}

// Shares are the probabilities that a trace is of each shape.
func (p *Plan) Shares() []float64 { return shares(p.shapes) }

// Columns is what decides over shapes, for a fingerprint.
func (p *Plan) Columns() any { return p.shapes }

// Faults is what decides over faults of requests, for a fingerprint.
func (p *Plan) Faults() any { return p.faults }

// MeanTraces is the mean number of traces that begin in a request.
func (p *Plan) MeanTraces() float64 {
	if p.Fleet != nil {
		return p.Fleet.Mean
	}
	sum := 0.0
	for _, n := range p.Counts {
		sum += float64(n)
	}
	return sum / float64(len(p.Counts))
}

// Streams of hashes that are drawn besides those of traces, whose numbers begin at 0.
const (
	drawCountOf  = 1<<64 - 1 - iota // of a request: how many traces
	drawPriority                    // of a trace
)

// Key is the key of all that is drawn for request seq.
func (p *Plan) Key(seq uint64) uint64 { return trees.Hash(p.Seed, seq) }

// Request is what is planned for a request.
type Request struct {
	Seq    uint64
	Key    uint64
	Traces int // that begin in it

	plan    *Plan
	episode *Episode
}

// Request looks request seq up.
func (p *Plan) Request(seq uint64) Request {
	r := Request{Seq: seq, Key: p.Key(seq), plan: p, episode: p.episode(seq)}
	r.Traces = p.traces(seq, r.Key)
	return r
}

// traces is the number of traces that begin in request seq, of this key.
func (p *Plan) traces(seq, key uint64) int {
	if len(p.Pools) == 0 {
		return 0
	}
	if p.Fleet != nil {
		if flushes, k := p.Fleet.at(seq); flushes != nil {
			return flushes.Traces(k)
		}
	}
	if len(p.Counts) == 1 {
		return int(p.Counts[0])
	}
	return int(p.Counts[trees.Hash(key, drawCountOf)%countParts])
}

// Trace is what is drawn for a trace.
type Trace struct {
	Key      uint64
	Shape    int
	Template uint32
	Priority *Priority
}

// Trace draws the i-th trace of a request. The high half of its hash chooses the
// shape, the low half the template.
func (r *Request) Trace(i int) (t Trace) {
	p := r.plan
	t.Key = trees.Hash(r.Key, uint64(i))
	t.Shape = choose(p.shapes, t.Key)
	pool := &p.Pools[t.Shape]
	if s := p.spoil(r.Key, t.Key, t.Shape); s != nil {
		t.Shape, pool = int(s.Shape), &p.Pools[s.Shape]
		t.Template = s.First + uint32((t.Key&(1<<32-1))*uint64(s.N)>>32)
	} else {
		from := pool
		if r.episode != nil && r.episode.Pools[t.Shape].N > 0 {
			from = &r.episode.Pools[t.Shape]
		}
		t.Template = from.draw(r.Seq, t.Key)
	}
	t.Priority = &pool.Priorities[0]
	if len(pool.Priorities) > 1 {
		h, k := trees.Hash(t.Key, drawPriority)>>32, 0
		for h >= pool.Priorities[k].UpTo {
			k++
		}
		t.Priority = &pool.Priorities[k]
	}
	return t
}
