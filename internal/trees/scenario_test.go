package trees

import "github.com/spanstorm/spanstorm/scenarios"

func constant(n float64) scenarios.Dist { return scenarios.Dist{A: n} }

func ms(p50, p99 float64) scenarios.Dist {
	return scenarios.Dist{Kind: scenarios.LogNormal, A: p50 * 1e6, B: p99 * 1e6, Time: true}
}

func numbers(p50, p99, most float64) scenarios.Dist {
	return scenarios.Dist{Kind: scenarios.LogNormal, A: p50, B: p99, Max: most}
}
