package generator

import (
	"math"

	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/internal/wire"
	"github.com/spanstorm/spanstorm/scenarios"
)

// variable draws the values of a tag that varies, anew for each chunk. They are 1
// followed by the rank of the value in as many digits as the highest one has: all
// of one length, and never with a zero in front.
type variable struct {
	trees.Variable
	digits int
	// Zipf's law, cut into parts of equal probability: part j holds the ranks
	// [bounds[j], bounds[j+1]).
	bounds []uint64
}

// zipfParts is the number of parts: more than the most frequent of a few
// hundred values needs, and 8 KB.
const zipfParts = 1024

func newVariable(tag trees.Variable) variable {
	v := variable{Variable: tag, digits: 1}
	for n := tag.Cardinality - 1; n >= 10; n /= 10 {
		v.digits++
	}
	if tag.Skew == scenarios.Zipf {
		// Ranks r = 0 … n-1 have probability ∝ 1/(r+1), close to the mass that the
		// density 1/x has on [r+½, r+1½). Its quantiles are x(u) = ½·(2n+1)^u.
		// The factor puts whole results above themselves on any machine, whatever
		// the last bit of its math.Pow.
		v.bounds = make([]uint64, zipfParts+1)
		for j := range v.bounds {
			x := 0.5 * math.Pow(2*float64(tag.Cardinality)+1, float64(j)/zipfParts)
			v.bounds[j] = min(uint64(x*(1+1e-9)+0.5)-1, tag.Cardinality-1)
		}
		v.bounds[zipfParts] = tag.Cardinality
	}
	return v
}

// width is the number of bytes of a value.
func (v *variable) width() int { return 1 + v.digits }

// rank draws from 0 … Cardinality-1.
func (v *variable) rank(h uint64) uint64 {
	if v.bounds == nil {
		return trees.Below(h, v.Cardinality)
	}
	j := h >> 54 // the part; the bits below say where in it
	low, high := v.bounds[j], v.bounds[j+1]
	return low + trees.Below(h<<10, max(high-low, 1))
}

// put writes the value that h draws into b, which is width long.
func (v *variable) put(b []byte, h uint64) {
	b[0] = '1'
	wire.PutDecimal(b[1:], v.rank(h))
}
