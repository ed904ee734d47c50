package plan

import "fmt"

// column is a column of Walker's alias table: one hash chooses among n weights in
// one step. Of the column's 2^32 hashes those below own are its own shape's, the
// others go to another.
type column struct {
	own   uint64
	other uint32
}

// choose is the shape that the high half of a key draws.
func choose(table []column, key uint64) int {
	spread := (key >> 32) * uint64(len(table)) // column, and 32 bits of where in it
	at := uint32(spread >> 32)
	if e := &table[at]; spread&(1<<32-1) >= e.own {
		return int(e.other)
	}
	return int(at)
}

// newAlias is Vose's construction, in whole numbers from the first rounding on.
func newAlias(weights []float64) ([]column, error) {
	const one = 1 << 32
	total := 0.0
	for _, w := range weights {
		total += w
	}
	if !(total > 0) {
		return nil, fmt.Errorf("the weights of %d shapes add up to %v; at least one must be above 0", len(weights), total)
	}
	n := uint64(len(weights))
	table := make([]column, n)
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
		table[s] = column{own: mass[s], other: l}
		if mass[l] -= one - mass[s]; mass[l] < one {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, i := range append(small, large...) {
		table[i] = column{own: one, other: i}
	}
	return table, nil
}

// shares are the probabilities that an alias table really has.
func shares(table []column) []float64 {
	p := make([]float64, len(table))
	n := float64(len(table)) * (1 << 32)
	for i, e := range table {
		p[i] += float64(e.own) / n
		p[e.other] += float64(1<<32-e.own) / n
	}
	return p
}
