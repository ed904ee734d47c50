package plan

import (
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Lateness is how many traces of a shape are late, and by how much.
type Lateness struct {
	upTo uint64  // the upper end of their share of the hashes of 32 bits; 0: none
	by   []int64 // ns, equally likely
}

// drawLate is the stream of hashes that says how late a trace is.
const drawLate = 1 << 63

// lateParts is into how many equally likely values a distribution is cut.
const lateParts = 1024

// lateTable returns the lateness of shapes; nil when none of them is ever late.
func lateTable(shapes []scenarios.Shape) []Lateness {
	var table []Lateness
	for i := range shapes {
		late := shapes[i].Late
		if late == nil {
			continue
		}
		if table == nil {
			table = make([]Lateness, len(shapes))
		}
		table[i].upTo = uint64(float64(late.Share) * (1 << 32))
		for part := range lateParts {
			table[i].by = append(table[i].by, trees.Time(late.By, (float64(part)+0.5)/lateParts))
		}
	}
	return table
}

// Late is by how much (ns) a trace of a shape started earlier.
func (p *Plan) Late(shape int, key uint64) int64 {
	if p.Lateness == nil {
		return 0
	}
	table := &p.Lateness[shape]
	if table.upTo == 0 {
		return 0
	}
	h := trees.Hash(key, drawLate)
	if h>>32 >= table.upTo {
		return 0
	}
	return table.by[h%lateParts]
}
