package plan

import (
	"cmp"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strconv"

	"github.com/spanstorm/spanstorm/scenarios"
)

// Pool is the templates of a shape, First … First+N-1. Traces are drawn from a
// working set of neighbours in an order of them, and the set moves on through the
// pool as requests go by: what was read a moment ago is likely to be read again.
//
//	order   · · · · [ · · working set · · ] → · · · · · · · · ·
type Pool struct {
	First, N   uint32
	Priorities []Priority

	order []uint32 // of the templates: any few in a row are much like all of them
	width uint64   // of the working set: 2^32 is the whole pool
	speed uint64   // by which the set moves on per request: 2^64 is once through the pool
}

// Priority is a sampling priority and the upper end of its share of the hashes of 32 bits.
type Priority struct {
	UpTo  uint64
	Value int8
	None  bool
}

// draw draws a template, by the low half of a trace's key.
func (p *Pool) draw(seq, key uint64) uint32 {
	at, _ := bits.Mul64(seq*p.speed+(key&(1<<32-1))*p.width, uint64(p.N))
	return p.order[at]
}

// Order is the templates of the pool in the order in which the working set moves through them.
func (p *Pool) Order() []uint32 { return p.order }

// InUse is how many templates the working set has at any time.
func (p *Pool) InUse() int { return int((uint64(p.N)*p.width + 1<<32 - 1) >> 32) }

const (
	// setUses is how often a template is drawn while it is in the working set, about:
	// often enough that fetching it from memory does not count.
	setUses = 16
	// setLeast is the least number of templates that a shape is drawn from.
	setLeast = 16
)

// Work lays out the working set: of all pools of shapes together, a share that is
// above 0. weigh says how large a template is, by which the pools are put in order.
func (p *Plan) Work(share float64, weigh func(template uint32) int) {
	p.work(p.Pools, share, weigh)
	for i := range p.Episodes {
		p.work(p.Episodes[i].Pools, share, weigh)
	}
}

func (p *Plan) work(pools []Pool, share float64, weigh func(template uint32) int) {
	of := p.Shares()
	for i := range pools {
		pool := &pools[i]
		if pool.N == 0 {
			continue
		}
		pool.order = mixed(pool.First, pool.N, weigh)
		n := float64(pool.N)
		part := max(share, setLeast/n)
		if part >= 1 {
			pool.width, pool.speed = 1<<32, 0
			continue
		}
		pool.width = uint64(part * (1 << 32))
		pool.speed = uint64(min(p.MeanTraces()*of[i]/setUses/n, part) * (1 << 63) * 2)
	}
}

// mixed puts templates in an order in which any few in a row have sizes like
// those of all: by size, and then in steps of the golden ratio.
func mixed(first, n uint32, weigh func(template uint32) int) []uint32 {
	type weighed struct {
		template uint32
		size     int
	}
	bySize := make([]weighed, n)
	for i := range bySize {
		t := first + uint32(i)
		bySize[i] = weighed{t, weigh(t)}
	}
	slices.SortFunc(bySize, func(a, b weighed) int {
		return cmp.Or(cmp.Compare(a.size, b.size), cmp.Compare(a.template, b.template))
	})
	turns := make([]uint32, n) // the turn of each rank by size
	for i := range turns {
		turns[i] = uint32(i)
	}
	const golden = 0x9E3779B97F4A7C15 // 2^64 divided by the golden ratio
	slices.SortFunc(turns, func(a, b uint32) int { return cmp.Compare(uint64(a)*golden, uint64(b)*golden) })
	order := make([]uint32, n)
	for rank, turn := range turns {
		order[turn] = bySize[rank].template
	}
	return order
}

func priorityTable(shape *scenarios.Shape) ([]Priority, error) {
	total := 0.0
	for _, name := range slices.Sorted(maps.Keys(shape.Priority)) {
		total += float64(shape.Priority[name])
	}
	if !(total > 0) {
		return []Priority{{UpTo: 1 << 32, Value: 1}}, nil
	}
	var table []Priority
	sum := 0.0
	for _, name := range slices.Sorted(maps.Keys(shape.Priority)) {
		share := float64(shape.Priority[name])
		if share <= 0 {
			continue
		}
		p := Priority{None: name == "none"}
		if !p.None {
			v, err := strconv.ParseInt(name, 10, 8)
			if err != nil {
				return nil, fmt.Errorf("priority %q is not a number from -128 to 127, nor none: %w", name, err)
			}
			p.Value = int8(v)
		}
		sum += share
		p.UpTo = uint64(sum / total * (1 << 32))
		table = append(table, p)
	}
	table[len(table)-1].UpTo = 1 << 32
	return table, nil
}

// Width is the most characters that a priority of the pool takes.
func (p *Pool) Width() int {
	width := 1
	for _, q := range p.Priorities {
		width = max(width, len(strconv.Itoa(int(q.Value))))
	}
	return width
}

// Without is the share of traces of the pool that have no priority.
func (p *Pool) Without() float64 {
	none, from := 0.0, uint64(0)
	for _, q := range p.Priorities {
		if q.None {
			none += float64(q.UpTo-from) / (1 << 32)
		}
		from = q.UpTo
	}
	return none
}
