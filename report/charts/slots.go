package charts

import (
	"math"

	"github.com/spanstorm/spanstorm/results"
)

// slot is a stretch of time of one phase, about a second long, and what happened in it.
type slot struct {
	From, To float64 // seconds since the load began
	Second   results.Second
	Closed   bool // of a closed loop: nothing was planned, and requests had no due time
}

// slotMin is the shortest stretch that makes a figure of its own: a rate read off
// a hundredth of a second says nothing.
const slotMin = 0.3

// newSlots cuts the seconds of a record to the phases that they belong to: where
// a phase ends within a second there are two rows for it, each with a part of the
// second. Parts that are too short join their neighbour. Seconds after the load,
// in which only traces arrived, are left out.
func newSlots(rec *results.Record) []slot {
	phases := map[string]results.Phase{}
	for _, p := range rec.Phases {
		if _, ok := phases[p.Name]; !ok {
			phases[p.Name] = p
		}
	}
	var slots []slot
	last, cut := end(rec), cutShort(rec)
	for _, row := range rec.Seconds {
		if cut != nil && row.Phase == cut.Name {
			row.Planned = plannedUntil(cut.EndS, max(float64(row.T), cut.StartS), row)
		}
		s := slot{From: float64(row.T), To: float64(row.T) + 1, Second: row}
		traffic := row.Planned > 0 || row.Sent > 0 || len(row.ByCode) > 0 || row.Errors.Total() > 0
		p, ok := phases[row.Phase]
		s.Closed = p.Closed
		if ok && p.EndS > p.StartS {
			from, to := max(s.From, p.StartS), min(s.To, p.EndS)
			if to > from {
				s.From, s.To = from, to
			} else if traffic && len(slots) > 0 {
				s.From, s.To = slots[len(slots)-1].To, slots[len(slots)-1].To
			}
		}
		if !traffic && (len(phases) == 0 || s.From >= last) {
			continue
		}
		if n := len(slots); n > 0 && slots[n-1].Second.Phase == row.Phase && (s.To-s.From < slotMin || slots[n-1].To-slots[n-1].From < slotMin) {
			slots[n-1] = joined(slots[n-1], s)
			continue
		}
		if s.To > s.From {
			slots = append(slots, s)
		}
	}
	return slots
}

// cutShort is the phase in which the run was interrupted; nil: none was.
func cutShort(rec *results.Record) *results.Phase {
	if !rec.Interrupted || len(rec.Phases) == 0 {
		return nil
	}
	p := &rec.Phases[len(rec.Phases)-1]
	if p.Closed || p.Sent >= p.Planned {
		return nil
	}
	return p
}

// plannedUntil is what was due in a second before the load was cut short. The
// row counts what was due in all of it.
func plannedUntil(cut, from float64, row results.Second) uint64 {
	to := float64(row.T) + 1
	if cut >= to {
		return row.Planned
	}
	share := max(0, cut-from) / (to - from)
	return min(row.Planned, max(row.Sent, uint64(math.Round(float64(row.Planned)*share))))
}

// end is when the last phase ended.
func end(rec *results.Record) float64 {
	last := 0.0
	for _, p := range rec.Phases {
		last = max(last, p.EndS)
	}
	return last
}

// joined puts two stretches together. Counts add up; quantiles cannot, so they
// are those of the stretch with more requests.
func joined(a, b slot) slot {
	out := slot{From: min(a.From, b.From), To: max(a.To, b.To), Second: a.Second, Closed: a.Closed}
	if b.Second.ServiceTime.Count > a.Second.ServiceTime.Count || b.Second.ResponseTime.Count > a.Second.ResponseTime.Count {
		out.Second.SendDelay, out.Second.ServiceTime, out.Second.ResponseTime = b.Second.SendDelay, b.Second.ServiceTime, b.Second.ResponseTime
	}
	out.Second.Planned += b.Second.Planned
	out.Second.Sent += b.Second.Sent
	out.Second.Delivered += b.Second.Delivered
	out.Second.ByCode = map[string]uint64{}
	for _, codes := range []map[string]uint64{a.Second.ByCode, b.Second.ByCode} {
		for code, n := range codes {
			out.Second.ByCode[code] += n
		}
	}
	out.Second.Errors = a.Second.Errors.Plus(b.Second.Errors)
	return out
}

// grouped deals slots into at most pointsMax groups of n neighbours.
func grouped(slots []slot) (groups [][]slot, n int) {
	n = max(1, (len(slots)+pointsMax-1)/pointsMax)
	for from := 0; from < len(slots); from += n {
		groups = append(groups, slots[from:min(from+n, len(slots))])
	}
	return groups, n
}
