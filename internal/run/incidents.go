package run

import (
	"time"

	"github.com/spanstorm/spanstorm/internal/attack"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// incidents keep the requests that were due in each incident apart, and those of
// the kept phases outside of all. It belongs to the goroutine that observes.
type incidents struct {
	list    []scenarios.Incident
	order   []int                // as they begin
	of      func(seq uint64) int // -1: none
	inside  []*attack.Tally      // by incident
	outside *attack.Tally
}

// newIncidents is nil for a scenario without incidents.
func newIncidents(list []scenarios.Incident, of func(seq uint64) int) *incidents {
	if len(list) == 0 {
		return nil
	}
	n := &incidents{list: list, order: byStart(list), of: of, outside: attack.NewTally()}
	for range list {
		n.inside = append(n.inside, attack.NewTally())
	}
	return n
}

// enter books one request of a phase.
func (n *incidents) enter(l *leg, o *attack.Observation) {
	switch i := n.of(o.Seq); {
	case i >= 0:
		n.inside[i].Record(o, l.schedule == nil)
	case !l.phase.Discard:
		n.outside.Record(o, l.schedule == nil)
	}
}

// describe puts the incidents that the run has come to into the record.
func (n *incidents) describe(rec *results.Record, plan []leg, phases []done) {
	rec.Incidents, rec.OutsideIncidents = []results.Incident{}, nil
	if n == nil {
		return
	}
	planned := uint64(0) // outside
	for i := range phases {
		planned += keptPlanned(&plan[i], &phases[i].out.Phase)
	}
	for _, i := range n.order {
		in := results.Incident{Name: n.list[i].Name, Operations: n.list[i].Operations, Effect: n.list[i].Effect()}
		inside := uint64(0)
		found, phaseStart := false, time.Duration(0)
		for k := range phases {
			l, p := &plan[k], &phases[k].out.Phase
			from, to, due := part(&n.list[i], phaseStart, l, p)
			phaseStart += time.Duration(l.phase.For)
			if from >= to {
				continue
			}
			if !found {
				in.AtS, found = p.StartS+from.Seconds(), true
			}
			in.ForS = p.StartS + to.Seconds() - in.AtS
			if due.first < due.last {
				if inside == 0 {
					in.FirstSeq = due.first
				}
				in.LastSeq = due.last - 1
				inside += due.last - due.first
				if !p.Discarded {
					planned -= due.last - due.first
				}
			}
		}
		if found {
			in.Portion = n.inside[i].Portion(inside)
			rec.Incidents = append(rec.Incidents, in)
		}
	}
	rest := n.outside.Portion(planned)
	rec.OutsideIncidents = &rest
}

// seqs are the requests first … last-1.
type seqs struct{ first, last uint64 }

// part is where an incident lies in a phase, as far as the phase went, and the
// requests that are due there. phaseStart is that of the timetable.
func part(in *scenarios.Incident, phaseStart time.Duration, l *leg, p *results.Phase) (from, to time.Duration, due seqs) {
	from = max(0, time.Duration(in.At)-phaseStart)
	to = min(time.Duration(in.At+in.For)-phaseStart, time.Duration(l.phase.For), lasted(p))
	if from < to && l.schedule != nil && l.traces() {
		// Those due before a time are those due a nanosecond before it.
		due = seqs{l.firstSeq + l.schedule.CountAt(from-1), l.firstSeq + l.schedule.CountAt(to-1)}
	}
	return from, to, due
}

// keptPlanned is how many requests were due in a phase as far as it went; none
// of a discarded one.
func keptPlanned(l *leg, p *results.Phase) uint64 {
	switch {
	case p.Discarded || !l.traces():
		return 0
	case l.schedule == nil:
		return p.Planned
	case lasted(p) < l.schedule.Duration():
		return l.schedule.CountAt(lasted(p) - 1)
	}
	return p.Planned
}

// lasted is how long a phase went on.
func lasted(p *results.Phase) time.Duration {
	return time.Duration((p.EndS - p.StartS) * float64(time.Second)).Round(time.Microsecond)
}

// histograms are the distributions of all incidents that the record has.
func (n *incidents) histograms(rec *results.Record) (all []results.Histogram) {
	if n == nil {
		return nil
	}
	add := func(scope results.Scope, t *attack.Tally, fromS, toS float64) {
		send, service, response := t.Histograms()
		at := func(s float64) time.Time { return rec.StartedAt.Add(time.Duration(s * float64(time.Second))) }
		h := results.Histogram{Scope: scope, StartedAt: at(fromS), EndedAt: at(toS)}
		h.Metric, h.Values = results.SendDelay, send
		all = append(all, h)
		h.Metric, h.Values = results.ServiceTime, service
		all = append(all, h)
		h.Metric, h.Values = results.ResponseTime, response
		all = append(all, h)
	}
	tallies := map[string]*attack.Tally{}
	for i := range n.list {
		tallies[n.list[i].Name] = n.inside[i]
	}
	for i := range rec.Incidents {
		in := &rec.Incidents[i]
		add(results.Scope{Incident: in.Name}, tallies[in.Name], in.AtS, in.EndS())
	}
	end := 0.0
	for _, p := range rec.Phases {
		end = max(end, p.EndS)
	}
	add(results.Scope{OutsideIncidents: true}, n.outside, 0, end)
	return all
}

// names are the incidents by index, as the ledger counts them.
func (n *incidents) names() (names []string) {
	if n == nil {
		return nil
	}
	for i := range n.list {
		names = append(names, n.list[i].Name)
	}
	return names
}
