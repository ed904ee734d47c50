package scenarios

import (
	"cmp"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// maxIncidents bounds what they take in memory: each has templates of its own.
const maxIncidents = 32

func (v *validator) incidents() {
	if n := len(v.s.Incidents); n > maxIncidents {
		v.Fail([]any{"incidents"}, "leave some out", "there are %d incidents, more than %d", n, maxIncidents)
		return
	}
	seen := map[string]bool{}
	for i := range v.s.Incidents {
		in, path := &v.s.Incidents[i], []any{"incidents", i}
		v.nameLike(grammar.Under(path, "name"), "the incident's name", in.Name)
		if seen[in.Name] {
			v.Fail(grammar.Under(path, "name"), "give each a name of its own", "two incidents are called %s", grammar.Shorten(in.Name))
		}
		seen[in.Name] = true
		v.affected(path, in)
		if !v.Written(grammar.Under(path, "error_rate")...) && !v.Written(grammar.Under(path, "slowdown")...) || in.ErrorRate == 0 && in.Slowdown == 1 &&
			!v.Unread(grammar.Under(path, "error_rate")...) && !v.Unread(grammar.Under(path, "slowdown")...) {
			v.Fail(path, "add for example `error_rate: 40%` or `slowdown: 5x`", "the incident %s changes nothing", grammar.Shorten(in.Name))
		}
		if v.timed(path) && v.duration(grammar.Under(path, "for"), "for", in.For) {
			v.window(path, in)
		}
	}
	v.overlaps()
}

// timed says that both times of an incident could be read.
func (v *validator) timed(path []any) bool {
	at, length := grammar.Under(path, "at"), grammar.Under(path, "for")
	return v.Written(at...) && !v.Unread(at...) && v.Written(length...) && !v.Unread(length...)
}

// affected checks the operations of an incident.
func (v *validator) affected(path []any, in *Incident) {
	at := grammar.Under(path, "operations")
	if len(in.Operations) == 0 {
		if v.Written(at...) && !v.Unread(at...) {
			v.Fail(at, "name some, as in [\"payments.*\", stock.check]", "operations is empty")
		}
		return
	}
	known := true
	for i, hit := range in.Operations {
		place := grammar.Under(at, i)
		service, all := strings.CutSuffix(hit, ".*")
		switch {
		case !all && v.ops[hit] == nil:
			v.reference(place, "operations", hit)
			known = false
		case all && (v.s.Services[service] == nil || len(v.s.Services[service].Operations) == 0):
			var services []string
			for name := range v.s.Services {
				services = append(services, name)
			}
			v.Fail(place, grammar.DidYouMean(service, services), "operations: there is no service %s with operations", grammar.Shorten(service))
			known = false
		}
	}
	if known && !v.cyclic && !v.reached(in) {
		v.Fail(at, "name operations that an entry calls; those of statistical shapes have no names", "no shape reaches the operations of the incident %s", grammar.Shorten(in.Name))
	}
}

// reached says that some shape calls what the incident affects.
func (v *validator) reached(in *Incident) bool {
	seen := map[string]bool{}
	var walk func(ref string) bool
	walk = func(ref string) (found bool) {
		if v.ops[ref] == nil || seen[ref] {
			return false
		}
		if seen[ref] = true; in.Hits(ref) {
			return true
		}
		v.steps(ref, func(_ []any, call Call) { found = found || walk(call.To) })
		return found
	}
	return slices.ContainsFunc(v.s.Shapes, func(s Shape) bool { return s.Weight > 0 && s.Statistical == nil && walk(s.Entry) })
}

// window checks when an incident is, against the phases.
func (v *validator) window(path []any, in *Incident) {
	start := Duration(0)
	for i := range v.s.Load {
		p := &v.s.Load[i]
		if v.Unread("load", i, "for") || p.For <= 0 {
			return
		}
		end := start + p.For
		if p.Rate != nil && p.Rate.Max && p.Send != "services" && in.At < end && in.At+in.For > start {
			v.Fail(grammar.Under(path, "at"), "move the incident, or give the phase a rate such as 500/s",
				"the incident %s meets the phase %s (from %s to %s), a closed loop, which has no timetable", grammar.Shorten(in.Name), grammar.Shorten(p.Name), start, end)
		}
		start = end
	}
	if in.At >= start && len(v.s.Load) > 0 {
		v.Fail(grammar.Under(path, "at"), "let it begin earlier, or make the load longer", "the incident %s begins at %s, and the load ends at %s", grammar.Shorten(in.Name), in.At, start)
	}
}

// overlaps finds incidents that last at the same time.
func (v *validator) overlaps() {
	var order []int
	for i := range v.s.Incidents {
		if v.timed([]any{"incidents", i}) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(v.s.Incidents[a].At, v.s.Incidents[b].At) })
	for k := 1; k < len(order); k++ {
		a, b := &v.s.Incidents[order[k-1]], &v.s.Incidents[order[k]]
		if a.At+a.For > b.At {
			v.Fail([]any{"incidents", order[k], "at"}, "let one begin when the other has ended; one incident may name many operations",
				"the incident %s begins at %s, while %s lasts until %s", grammar.Shorten(b.Name), b.At, grammar.Shorten(a.Name), a.At+a.For)
		}
	}
}
