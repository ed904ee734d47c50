package stats

// Knee returns the index of the point with the highest throughput per response time (Kleinrock's
// power), for points in order of load: past it, more load adds relatively more to response time
// than to throughput. Any units will do.
//
// It is −1 where points say nothing of it: with fewer than three that have a finite, positive
// throughput and response time; where it is at the first or the last of those, for then the
// knee lies outside of what was measured, if there is one; and where the response time of the last is
// not longer by kneeGrowth at least, for of times that hardly grow chance picks the shortest.
// Points without such values are passed over.
func Knee(throughput, response []float64) int {
	first, best, last, points := -1, -1, -1, 0
	var highest float64
	for i := range min(len(throughput), len(response)) {
		x, r := throughput[i], response[i]
		if !positive(x) || !positive(r) {
			continue
		}
		if points == 0 {
			first = i
		}
		points++
		last = i
		if power := x / r; power > highest {
			highest, best = power, i
		}
	}
	if points < 3 || best == first || best == last || response[last] < kneeGrowth*response[best] {
		return -1
	}
	return best
}

// kneeGrowth is how many times as long responses past a knee take at least.
const kneeGrowth = 1.25
