package outlook

import (
	"cmp"
	"slices"

	"github.com/spanstorm/spanstorm/results"
)

// Distribution sums up a distribution. Quantiles are values that occur: the
// least one that the share of all lies at or below. All are 0 where there is nothing.
type Distribution struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

// values are numbers, each with a weight.
type values []weighted

type weighted struct{ value, weight float64 }

// add takes a value in; one of no weight is left out.
func (v *values) add(value, weight float64) {
	if weight > 0 {
		*v = append(*v, weighted{value, weight})
	}
}

// sum sums the values up, and puts them in order.
func (v values) sum() Distribution {
	if len(v) == 0 {
		return Distribution{}
	}
	// By weight too, so that sums come out the same whatever the order of adding.
	slices.SortFunc(v, func(a, b weighted) int { return cmp.Or(cmp.Compare(a.value, b.value), cmp.Compare(a.weight, b.weight)) })
	var d Distribution
	total := 0.0
	for _, x := range v {
		d.Mean += x.value * x.weight
		total += x.weight
	}
	// Rounding does not push a mean beyond the values it is of.
	d.Mean = min(max(d.Mean/total, v[0].value), v[len(v)-1].value)
	quantiles := []struct {
		share float64
		into  *float64
	}{{0.50, &d.P50}, {0.90, &d.P90}, {0.99, &d.P99}}
	sum, at := 0.0, 0
	d.Max = v[len(v)-1].value
	for _, q := range quantiles {
		// Weights are sums of rounded shares: a hair below the share is the share.
		for at < len(v)-1 && sum+v[at].weight < q.share*total*(1-1e-12) {
			sum += v[at].weight
			at++
		}
		*q.into = v[at].value
	}
	return d
}

func count(n int) string { return results.FormatCount(uint64(max(0, n))) }
