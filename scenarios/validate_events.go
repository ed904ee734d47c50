package scenarios

import (
	"time"

	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// maxEvents bounds what is done in a run: more cannot be told apart in a chart.
const maxEvents = 60

func (v *validator) events() {
	if n := len(v.s.Events); n > maxEvents {
		v.Fail([]any{"events"}, "leave some out", "there are %d events, more than %d", n, maxEvents)
		return
	}
	seen := map[string]bool{}
	for i := range v.s.Events {
		e, path := &v.s.Events[i], []any{"events", i}
		of, unread := 0, false
		for _, key := range []string{"intake", "agent", "connections"} {
			if at := grammar.Under(path, key); v.Written(at...) {
				of++
				unread = unread || v.Unread(at...)
			}
		}
		if unread {
			continue
		}
		if of != 1 {
			v.Fail(path, "write one of `intake: hang`, `agent: pause` and `connections: cut`", "an event happens to the intake, to the agent or to connections: to one of them")
			continue
		}
		v.eventTimes(path, i, e)
		v.eventFigures(path, e)
		if seen[e.Name] {
			v.Fail(path, "give each a name of its own", "two events are called %s", grammar.Shorten(e.Name))
		}
		seen[e.Name] = true
	}
	v.eventOverlaps()
}

// eventTimes checks when an event is, and how long.
func (v *validator) eventTimes(path []any, i int, e *Event) {
	length := grammar.Under(path, "for")
	lasts := e.Intake != "" || e.Agent == AgentPause || e.Agent == AgentLimit
	switch written := v.Written(length...); {
	case lasts && !written:
		v.Fail(path, "add for example `for: 10s`", "the event %s does not say how long it lasts", grammar.Shorten(e.Name))
	case written && !lasts && e.Agent != AgentKill:
		v.Fail(length, "leave it out", "the event %s takes no time", grammar.Shorten(e.Name))
	case written:
		v.duration(length, "for", e.For)
	}
	at := grammar.Under(path, "at")
	if !v.Written(at...) || v.Unread(at...) || !v.eventPhase(path, e) {
		return
	}
	end := Duration(0)
	for k := range v.s.Load {
		if v.Unread("load", k, "for") {
			return
		}
		end += v.s.Load[k].For
	}
	if begins := Duration(v.s.EventAt(i)); begins >= end && len(v.s.Load) > 0 {
		v.Fail(at, "let it begin earlier, or make the load longer", "the event %s begins at %s, and the load ends at %s", grammar.Shorten(e.Name), begins, end)
	}
}

// eventPhase says that the phase of an event is there.
func (v *validator) eventPhase(path []any, e *Event) bool {
	if e.Phase == "" {
		return true
	}
	var names []string
	for i := range v.s.Load {
		p := &v.s.Load[i]
		if names = append(names, p.Name); p.Name != e.Phase {
			continue
		}
		if p.For > 0 && e.At >= p.For {
			v.Fail(grammar.Under(path, "at"), "let it begin earlier", "the event %s begins %s after the phase %s, which lasts %s", grammar.Shorten(e.Name), e.At, grammar.Shorten(p.Name), p.For)
			return false
		}
		return true
	}
	v.Fail(grammar.Under(path, "phase"), grammar.DidYouMean(e.Phase, names), "there is no phase %s", grammar.Shorten(e.Phase))
	return false
}

// eventFigures checks the figures that belong to one kind of event only.
func (v *validator) eventFigures(path []any, e *Event) {
	by, code, share := grammar.Under(path, "by"), grammar.Under(path, "code"), grammar.Under(path, "share")
	switch {
	case e.Intake == IntakeSlow && !v.Written(by...):
		v.Fail(path, "add for example `by: 2s`", "the event %s does not say by how much the intake is slow", grammar.Shorten(e.Name))
	case e.Intake == IntakeSlow:
		v.duration(by, "by", e.By)
	case v.Written(by...):
		v.Fail(by, "leave it out, or write `intake: slow`", "by belongs to an intake that is slow")
	}
	if e.Intake != IntakeAnswer && v.Written(code...) {
		v.Fail(code, "leave it out, or write `intake: answer`", "code belongs to an intake that answers with it")
	}
	switch {
	case v.Written(share...) && e.Intake != IntakeAnswer && e.Intake != IntakeReset:
		v.Fail(share, "leave it out, or write `intake: answer` or `intake: reset`", "share belongs to an intake that answers with a code, or resets connections")
	case v.Written(share...) && e.Share == 0:
		v.Fail(share, "leave the event out, or write a share above 0", "an event that no request meets is none")
	}
	limited := false
	for _, key := range []string{"cpu", "memory"} {
		at := grammar.Under(path, key)
		if v.Written(at...) && e.Agent != AgentLimit {
			v.Fail(at, "leave it out, or write `agent: limit`", "%s belongs to an agent that is limited", key)
		}
		limited = limited || v.Written(at...)
	}
	if e.Agent == AgentLimit && !limited {
		v.Fail(path, "add for example `cpu: 50%`, `memory: 200MB` or both", "the event %s does not say what the agent is limited to", grammar.Shorten(e.Name))
	}
}

// eventOverlaps finds events that happen to the intake, or to the agent, at the same
// time. A limit goes with whatever else happens to the agent.
func (v *validator) eventOverlaps() {
	for i := range v.s.Events {
		a, from := &v.s.Events[i], v.s.EventAt(i)
		to := from + max(1, time.Duration(a.For))
		for k := range v.s.Events[:i] {
			b := &v.s.Events[k]
			same := a.Intake != "" && b.Intake != "" || a.Agent != "" && b.Agent != "" && (a.Agent == AgentLimit) == (b.Agent == AgentLimit)
			begins := v.s.EventAt(k)
			if same && from < begins+max(1, time.Duration(b.For)) && begins < to {
				v.Fail([]any{"events", i, "at"}, "let one begin when the other is over", "the events %s and %s happen at the same time", grammar.Shorten(a.Name), grammar.Shorten(b.Name))
			}
		}
	}
}
