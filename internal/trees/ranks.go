package trees

import (
	"math"

	"github.com/spanstorm/spanstorm/scenarios"
)

// Ranks draws ranks 0 … cardinality-1, uniformly or by Zipf's law.
type Ranks struct {
	cardinality uint64
	// Zipf's law, cut into parts of equal probability: part j holds the ranks
	// [bounds[j], bounds[j+1]).
	bounds []uint64
}

// zipfParts is the number of parts: more than the most frequent of a few
// hundred values needs, and 8 KB.
const zipfParts = 1024

// NewRanks prepares the drawing of ranks.
func NewRanks(cardinality uint64, skew scenarios.Skew) Ranks {
	r := Ranks{cardinality: cardinality}
	if skew == scenarios.Zipf {
		// Ranks r = 0 … n-1 have probability ∝ 1/(r+1), close to the mass that the
		// density 1/x has on [r+½, r+1½). Its quantiles are x(u) = ½·(2n+1)^u.
		// The factor puts whole results above themselves on any machine, whatever
		// the last bit of its math.Pow.
		r.bounds = make([]uint64, zipfParts+1)
		for j := range r.bounds {
			x := 0.5 * math.Pow(2*float64(cardinality)+1, float64(j)/zipfParts)
			r.bounds[j] = min(uint64(x*(1+1e-9)+0.5)-1, cardinality-1)
		}
		r.bounds[zipfParts] = cardinality
	}
	return r
}

// Bounds are where the parts of Zipf's law begin and end; nil when all ranks
// are equally likely.
func (r *Ranks) Bounds() []uint64 { return r.bounds }

// Rank is the rank that a hash draws.
func (r *Ranks) Rank(h uint64) uint64 {
	if r.bounds == nil {
		return Below(h, r.cardinality)
	}
	j := h >> 54 // the part; the bits below say where in it
	low, high := r.bounds[j], r.bounds[j+1]
	return low + Below(h<<10, max(high-low, 1))
}
