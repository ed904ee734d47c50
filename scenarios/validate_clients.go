package scenarios

import (
	"time"

	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// Bounds of what tracers do.
const (
	flushLeast  = Duration(10 * time.Millisecond)
	jitterMost  = 0.5
	backoffMost = Duration(time.Minute)
)

func (v *validator) clients() {
	c := &v.s.Clients
	languages, weights := []any{"clients", "languages"}, weighing{validator: v}
	for language, weight := range c.Languages {
		weights.add(grammar.Under(languages, language), "the weight of "+language, weight)
		if !isToken(language) {
			v.FailKey([]any{"clients", "languages", language}, "write for example go, java or python", "%s is no name of a language", grammar.Shorten(language))
		}
	}
	weights.sum(languages, "languages")
	if c.Backoff > backoffMost {
		v.Fail([]any{"clients", "backoff"}, "write at most 1m", "clients.backoff is too long: %s", c.Backoff)
	} else {
		v.duration([]any{"clients", "backoff"}, "clients.backoff", c.Backoff)
	}
	if c.FlushJitter > jitterMost {
		v.Fail([]any{"clients", "flush_jitter"}, "write at most 50%", "clients.flush_jitter of %s would let a flush pass the one before it", c.FlushJitter)
	}
	if c.FlushInterval != 0 || v.Node("clients", "flush_interval") != nil {
		v.fleet()
	}
}

// fleet checks what follows from tracers that flush at intervals.
func (v *validator) fleet() {
	s := v.s
	if s.Clients.FlushInterval < flushLeast {
		v.Fail([]any{"clients", "flush_interval"}, "write at least 10ms; tracers use 1s or 2s", "clients.flush_interval is too short: %s", s.Clients.FlushInterval)
		return
	}
	if v.Node("traces_per_request") != nil && s.TracesPerRequest != (Dist{A: 1}) {
		v.FailKey([]any{"traces_per_request"}, "leave it out", "with clients.flush_interval, the traces of a request follow from the rate")
	}
	for i := range s.Load {
		p := &s.Load[i]
		if p.Send == "services" {
			continue
		}
		for _, r := range p.rates() {
			if r.unit == Requests {
				v.Fail(append([]any{"load", i}, r.path...), "give it in traces, spans or bytes, for example 500 traces/s",
					"with clients.flush_interval, requests follow from traces; %s counts requests", r.label)
				break
			}
		}
		if p.Rate != nil && p.Rate.Max {
			v.Fail([]any{"load", i, "rate"}, "give a rate, for example 500 traces/s, or leave clients.flush_interval out",
				"tracers that flush at intervals send no closed loop")
		}
	}
}

// named is a rate of a phase and where it stands.
type named struct {
	path  []any
	label string
	unit  Unit
}

// rates lists the rates of a phase; a closed loop has none.
func (p *Phase) rates() []named {
	switch {
	case p.Rate != nil && !p.Rate.Max:
		return []named{{[]any{"rate"}, "rate", p.Rate.From.Unit}, {[]any{"rate"}, "rate", p.Rate.To.Unit}}
	case p.Steps != nil:
		return []named{{[]any{"steps", "from"}, "from", p.Steps.From.Unit}, {[]any{"steps", "to"}, "to", p.Steps.To.Unit}, {[]any{"steps", "by"}, "by", p.Steps.By.Unit}}
	case p.Sine != nil:
		return []named{{[]any{"sine", "mean"}, "mean", p.Sine.Mean.Unit}, {[]any{"sine", "amplitude"}, "amplitude", p.Sine.Amplitude.Unit}}
	case p.Bursts != nil:
		return []named{{[]any{"bursts", "base"}, "base", p.Bursts.Base.Unit}, {[]any{"bursts", "peak"}, "peak", p.Bursts.Peak.Unit}}
	}
	return nil
}
