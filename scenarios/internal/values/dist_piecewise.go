package values

import "math"

// knotCount is the number of quantiles that a piecewise distribution may give.
const knotCount = 11

// knot is a quantile by the name that it is written under.
type knot struct {
	key string
	at  float64 // the share of the distribution that lies below
}

// knots are the quantiles of a piecewise distribution, in order.
func knots() [knotCount]knot {
	return [...]knot{
		{"min", 0}, {"p10", 0.10}, {"p25", 0.25}, {"p50", 0.50}, {"p75", 0.75}, {"p90", 0.90},
		{"p95", 0.95}, {"p99", 0.99}, {"p99_9", 0.999}, {"p99_99", 0.9999}, {"max", 1},
	}
}

// pieces visits the pieces of the distribution from the lowest to the highest:
// between the shares from and to, values rise from a to b, evenly in their
// logarithm. Below the lowest quantile that is given there is nothing but its
// value, and nothing but the highest one's above that.
func (d Dist) pieces(visit func(from, to, a, b float64) (more bool)) {
	at, value := 0.0, 0.0
	for i, k := range knots() {
		given := d.Knots[i]
		if given == 0 {
			continue
		}
		if value == 0 {
			value = given
		}
		if k.at > at {
			if !visit(at, k.at, value, given) {
				return
			}
		}
		at, value = k.at, given
	}
	if at < 1 {
		visit(at, 1, value, value)
	}
}

// between is the quantile at u in [0, 1].
func (d Dist) between(u float64) float64 {
	x := 0.0
	d.pieces(func(from, to, a, b float64) bool {
		if u >= to { // b itself, not a power that is off by a bit
			x = b
			return true
		}
		x = a * math.Pow(b/a, (u-from)/(to-from))
		return false
	})
	return x
}

func (d Dist) meanOfPieces() float64 {
	mean := 0.0
	d.pieces(func(from, to, a, b float64) bool {
		piece := a
		if b > a {
			piece = (b - a) / math.Log(b/a)
		}
		mean += (to - from) * piece
		return true
	})
	return mean
}
