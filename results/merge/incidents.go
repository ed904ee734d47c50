package merge

import (
	"slices"

	"github.com/spanstorm/spanstorm/results"
)

// joinIncidents adds what a share saw in each incident. A share that was cut
// short may not have come to all of them.
func joinIncidents(to, from *results.Record) {
	for i := range from.Incidents {
		theirs := &from.Incidents[i]
		at := slices.IndexFunc(to.Incidents, func(mine results.Incident) bool { return mine.Name == theirs.Name })
		if at < 0 {
			in := *theirs
			in.Portion = *joinPortion(new(results.Portion), &theirs.Portion)
			to.Incidents = append(to.Incidents, in)
			continue
		}
		mine := &to.Incidents[at]
		end := max(mine.EndS(), theirs.EndS())
		mine.AtS = min(mine.AtS, theirs.AtS)
		mine.ForS = end - mine.AtS
		switch {
		case theirs.Requests.Planned == 0: // it has no seqs
		case mine.Requests.Planned == 0:
			mine.FirstSeq, mine.LastSeq = theirs.FirstSeq, theirs.LastSeq
		default:
			mine.FirstSeq, mine.LastSeq = min(mine.FirstSeq, theirs.FirstSeq), max(mine.LastSeq, theirs.LastSeq)
		}
		joinPortion(&mine.Portion, &theirs.Portion)
	}
	if from.OutsideIncidents != nil {
		if to.OutsideIncidents == nil {
			to.OutsideIncidents = new(results.Portion)
		}
		joinPortion(to.OutsideIncidents, from.OutsideIncidents)
	}
}

// joinPortion adds the counts and returns to; the quantiles are read off the sums
// of histograms later.
func joinPortion(to, from *results.Portion) *results.Portion {
	to.Requests.Add(from.Requests)
	to.SendDelay.OverRange += from.SendDelay.OverRange
	to.ServiceTime.OverRange += from.ServiceTime.OverRange
	to.ResponseTime.OverRange += from.ResponseTime.OverRange
	return to
}

// requantilePortion reads the times of a portion off the merged histograms.
func requantilePortion(p *results.Portion, of results.Scope, histograms map[histogram]*results.Histogram) {
	for metric, q := range map[string]*results.Quantiles{results.SendDelay: &p.SendDelay, results.ServiceTime: &p.ServiceTime, results.ResponseTime: &p.ResponseTime} {
		over := q.OverRange
		*q = results.Quantiles{OverRange: over}
		if h := histograms[histogram{of, metric}]; h != nil {
			*q = results.NewQuantiles(h.Values, over)
		}
	}
}
