package generator

import (
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/internal/wire"
)

// variable draws the values of a tag that varies, anew for each chunk. They are 1
// followed by the rank of the value in as many digits as the highest one has: all
// of one length, and never with a zero in front.
type variable struct {
	trees.Variable
	ranks  trees.Ranks
	digits int
}

func newVariable(tag trees.Variable) variable {
	v := variable{Variable: tag, ranks: trees.NewRanks(tag.Cardinality, tag.Skew), digits: 1}
	for n := tag.Cardinality - 1; n >= 10; n /= 10 {
		v.digits++
	}
	return v
}

// width is the number of bytes of a value.
func (v *variable) width() int { return 1 + v.digits }

// put writes the value that h draws into b, which is width long.
func (v *variable) put(b []byte, h uint64) {
	b[0] = '1'
	wire.PutDecimal(b[1:], v.ranks.Rank(h))
}
