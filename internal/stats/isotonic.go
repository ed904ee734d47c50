package stats

// Trials are outcomes that were seen under one condition.
type Trials struct{ Passed, Failed int }

// Falling estimates with what probability trials pass under each of several conditions, in an
// order in which it can only fall: the estimates of greatest likelihood under that assumption
// (isotonic regression, by pooling adjacent violators). Conditions without trials take the
// estimate of the pool before them; those before the first trials are 1.
func Falling(list []Trials) []float64 {
	type pool struct {
		Trials
		conditions int
	}
	share := func(p pool) float64 {
		if p.Passed+p.Failed == 0 {
			return 1
		}
		return float64(p.Passed) / float64(p.Passed+p.Failed)
	}
	var pools []pool
	for _, t := range list {
		if last := len(pools) - 1; last >= 0 && t.Passed+t.Failed == 0 {
			pools[last].conditions++
			continue
		}
		pools = append(pools, pool{t, 1})
		for n := len(pools); n > 1 && share(pools[n-2]) < share(pools[n-1]); n = len(pools) {
			a, b := pools[n-2], pools[n-1]
			pools = append(pools[:n-2], pool{Trials{a.Passed + b.Passed, a.Failed + b.Failed}, a.conditions + b.conditions})
		}
	}
	estimates := make([]float64, 0, len(list))
	for _, p := range pools {
		for range p.conditions {
			estimates = append(estimates, share(p))
		}
	}
	return estimates
}
