package trees

import (
	"maps"
	"slices"

	"github.com/spanstorm/spanstorm/scenarios"
)

// Incident is a catalogue's operations as they are while an incident lasts.
type Incident struct {
	name       string
	altered    map[*operation]*operation // all of them, by what they are otherwise
	touched    map[*operation]bool       // those that are affected, or that call one that is
	operations map[string]*operation     // as the catalogue has them
}

// Incident works out how the operations of the scenario are in an incident.
func (c *Catalogue) Incident(in *scenarios.Incident) *Incident {
	w := &Incident{name: in.Name, altered: map[*operation]*operation{}, touched: map[*operation]bool{}, operations: c.operations}
	for name, op := range c.operations {
		other := *op
		if in.Hits(name) {
			other.duration = slowed(op.duration, float64(in.Slowdown))
			other.errorRate = max(op.errorRate, float64(in.ErrorRate))
			w.touched[op] = true
		}
		w.altered[op] = &other
	}
	for op, other := range w.altered {
		other.calls = w.redirect(op.calls)
	}
	for _, name := range slices.Sorted(maps.Keys(c.operations)) {
		w.touch(c.operations[name], map[*operation]bool{})
	}
	return w
}

// slowed is a distribution of durations, each so many times as long.
func slowed(d scenarios.Dist, factor float64) scenarios.Dist {
	d.A, d.B, d.Max = d.A*factor, d.B*factor, d.Max*factor
	return d
}

// redirect makes calls go to operations as they are in the incident.
func (w *Incident) redirect(calls []call) []call {
	other := slices.Clone(calls)
	for i := range other {
		c := &other[i]
		if c.to != nil {
			c.to = w.altered[c.to]
		}
		c.parallel, c.onMiss = w.redirect(c.parallel), w.redirect(c.onMiss)
	}
	return other
}

// touch finds out whether a call of op reaches what is affected. Calls do not go in a circle.
func (w *Incident) touch(op *operation, seen map[*operation]bool) bool {
	if w.touched[op] || seen[op] {
		return w.touched[op]
	}
	seen[op] = true
	w.touched[op] = w.touchAny(op.calls, seen)
	return w.touched[op]
}

func (w *Incident) touchAny(calls []call, seen map[*operation]bool) bool {
	found := false
	for i := range calls {
		c := &calls[i]
		found = c.to != nil && w.touch(c.to, seen) || found
		found = w.touchAny(c.parallel, seen) || found
		found = w.touchAny(c.onMiss, seen) || found
	}
	return found
}

// During is the source of the same shape's trees while an incident lasts; nil
// if it makes no difference to them. The error says that a trace grows too large.
func (src *Source) During(w *Incident) (*Source, error) {
	if src.entry == nil || !w.touched[src.entry] {
		return nil, nil
	}
	other := &Source{catalogue: src.catalogue, shape: src.shape, seed: HashText(src.seed, "incident "+w.name), entry: w.altered[src.entry]}
	if err := other.pilot(); err != nil {
		return nil, err
	}
	return other, nil
}
