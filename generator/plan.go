package generator

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/scenarios"
)

// plan says what is in request seq: a pure function of the seed and seq, in
// arithmetic on whole numbers only. Chunk i of it draws one hash of 64 bits: the
// high half chooses the shape, the low half the template.
type plan struct {
	seed   uint64
	counts []uint32 // equally likely numbers of chunks in a request
	fleet  *fleet   // clients that send at intervals say how many instead; nil: they do not
	shapes []pool
	alias  []aliasEntry
	faults []faultShare // of requests
	spoils []spoilShare // of spans

	lateness []lateness // by shape; nil: no trace is late
	episodes []episode  // by incident
	windows  []Window
	phases   []uint64 // where each begins, and the last ends; nil: one without end
}

// pool is the templates of a shape, first … first+n-1.
type pool struct {
	first, n   uint32
	priorities []priorityShare
}

// priorityShare is a priority and the upper end of its share of the hashes of 32 bits.
type priorityShare struct {
	upTo  uint64
	value int8
	none  bool
}

// aliasEntry is a column of Walker's alias table: one hash chooses among n
// weights in one step. Of the column's 2^32 hashes those below own are its own
// shape's, the others go to another.
type aliasEntry struct {
	own   uint64
	other uint32
}

// countParts is into how many equally likely values a distribution of counts is cut.
const countParts = 1024

// countsMost is the most chunks in a request.
const countsMost = 1 << 20

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

// newAlias is Vose's construction, in whole numbers from the first rounding on.
func newAlias(weights []float64) ([]aliasEntry, error) {
	const one = 1 << 32
	total := 0.0
	for _, w := range weights {
		total += w
	}
	if !(total > 0) {
		return nil, fmt.Errorf("the weights of %d shapes add up to %v; at least one must be above 0", len(weights), total)
	}
	n := uint64(len(weights))
	table := make([]aliasEntry, n)
	mass := make([]uint64, n) // in 1/2^32 of a column; all columns together hold n·2^32
	left := n * one
	heaviest := 0
	for i, w := range weights {
		mass[i] = uint64(w/total*float64(one)) * n
		left -= min(left, mass[i])
		if w > weights[heaviest] {
			heaviest = i
		}
	}
	mass[heaviest] += left // what rounding left over: less than n/2^32
	var small, large []uint32
	for i := range mass {
		if mass[i] < one {
			small = append(small, uint32(i))
		} else {
			large = append(large, uint32(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		table[s] = aliasEntry{own: mass[s], other: l}
		if mass[l] -= one - mass[s]; mass[l] < one {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, i := range append(small, large...) {
		table[i] = aliasEntry{own: one, other: i}
	}
	return table, nil
}

// shares are the probabilities that an alias table really has.
func shares(table []aliasEntry) []float64 {
	p := make([]float64, len(table))
	n := float64(len(table)) * (1 << 32)
	for i, e := range table {
		p[i] += float64(e.own) / n
		p[e.other] += float64(1<<32-e.own) / n
	}
	return p
}

func priorityTable(shape *scenarios.Shape) ([]priorityShare, error) {
	total := 0.0
	for _, name := range slices.Sorted(maps.Keys(shape.Priority)) {
		total += float64(shape.Priority[name])
	}
	if !(total > 0) {
		return []priorityShare{{upTo: 1 << 32, value: 1}}, nil
	}
	var table []priorityShare
	sum := 0.0
	for _, name := range slices.Sorted(maps.Keys(shape.Priority)) {
		share := float64(shape.Priority[name])
		if share <= 0 {
			continue
		}
		p := priorityShare{none: name == "none"}
		if !p.none {
			v, err := strconv.ParseInt(name, 10, 8)
			if err != nil {
				return nil, fmt.Errorf("priority %q is not a number from -128 to 127, nor none: %w", name, err)
			}
			p.value = int8(v)
		}
		sum += share
		p.upTo = uint64(sum / total * (1 << 32))
		table = append(table, p)
	}
	table[len(table)-1].upTo = 1 << 32
	return table, nil
}

// Streams of hashes that are drawn besides those of chunks, whose numbers begin at 0.
const (
	drawCountOf  = 1<<64 - 1 - iota // of a request: how many chunks
	drawPriority                    // of a chunk
)

// request is the key of all that is drawn for request seq.
func (p *plan) request(seq uint64) uint64 { return trees.Hash(p.seed, seq) }

// chunks is the number of chunks in request seq.
func (p *plan) chunks(seq, request uint64) int {
	if len(p.shapes) == 0 {
		return 0
	}
	if p.fleet != nil {
		if flushes, k := p.fleet.at(seq); flushes != nil {
			return flushes.Traces(k)
		}
	}
	if len(p.counts) == 1 {
		return int(p.counts[0])
	}
	return int(p.counts[trees.Hash(request, drawCountOf)%countParts])
}

// chunk draws chunk i of a request: its key, shape, template and priority.
func (p *plan) chunk(request uint64, i int) (key uint64, shape int, template uint32, priority *priorityShare) {
	key = trees.Hash(request, uint64(i))
	spread := (key >> 32) * uint64(len(p.alias)) // column, and 32 bits of where in it
	column := uint32(spread >> 32)
	shape = int(column)
	if e := &p.alias[column]; spread&(1<<32-1) >= e.own {
		shape = int(e.other)
	}
	pool := &p.shapes[shape]
	template = pool.draw(key)
	if p.spoils != nil {
		if s := p.spoil(request, key, shape); s != nil {
			shape, template = int(s.shape), s.first+uint32((key&(1<<32-1))*uint64(s.n)>>32)
			pool = &p.shapes[shape]
		}
	}
	priority = &pool.priorities[0]
	if len(pool.priorities) > 1 {
		h, k := trees.Hash(key, drawPriority)>>32, 0
		for h >= pool.priorities[k].upTo {
			k++
		}
		priority = &pool.priorities[k]
	}
	return key, shape, template, priority
}
