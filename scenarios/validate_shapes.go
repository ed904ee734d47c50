package scenarios

import (
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/internal/limits"
	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
	"github.com/spanstorm/spanstorm/scenarios/internal/values"
)

func (v *validator) shapes() {
	needed := false
	for _, p := range v.s.Load {
		needed = needed || p.Send != "services"
	}
	if len(v.s.Shapes) == 0 {
		if needed && len(v.s.Load) > 0 {
			v.Fail([]any{"shapes"}, "add `shapes: [{entry: service.operation}]`", "the load sends traces, and there are no shapes of them")
		}
		return
	}
	counts := v.spanCounts()
	seen := map[string]bool{}
	weights, spans, entries := weighing{validator: v}, 0.0, 0
	for i, shape := range v.s.Shapes {
		path := []any{"shapes", i}
		v.bytes(grammar.Under(path, "name"), false, "the shape's name", shape.Name, limits.NameBytes+1+limits.ServiceBytes)
		if seen[shape.Name] {
			v.Fail(grammar.Under(path, "name"), "give each a name of its own", "two shapes are called %s", grammar.Shorten(shape.Name))
		}
		seen[shape.Name] = true
		weights.add(grammar.Under(path, "weight"), "weight", shape.Weight)
		v.priority(grammar.Under(path, "priority"), shape.Priority)
		v.late(grammar.Under(path, "late"), shape.Late)
		spans += max(shape.Weight, 0) * v.shape(path, shape, counts)
		if shape.Statistical == nil {
			entries++
		}
	}
	if !weights.sum([]any{"shapes"}, "shapes") {
		return
	}
	if mean := spans / weights.total * max(1, v.s.TracesPerRequest.Mean()); mean > MaxSpansPerRequest {
		v.Fail([]any{"traces_per_request"}, "lower traces_per_request", "a request would have %s spans on average, more than %d", grammar.RoundUp(mean), MaxSpansPerRequest)
	}
	if entries > 0 && len(v.s.Services) == 0 && !v.Written("services") {
		v.Fail([]any{"services"}, "add the services that its shapes enter", "the scenario needs \"services\"")
	}
}

// shape checks one shape and returns its mean number of spans.
func (v *validator) shape(path []any, shape Shape, counts map[string]spanCount) float64 {
	entry, statistical := v.Written(grammar.Under(path, "entry")...), v.Written(grammar.Under(path, "statistical")...)
	mean := 0.0
	if statistical && shape.Statistical != nil {
		at := grammar.Under(path, "statistical")
		mean = v.statistical(at, shape.Statistical)
		if entry {
			// Beside what is wrong within: a missing key is reported at the same place.
			v.Add(v.Place(at...), "keep one of them", "a shape has either an entry or is statistical, not both")
		}
	}
	switch {
	case statistical && !entry:
		return mean
	case !entry:
		v.Fail(path, "add `entry: service.operation` or `statistical: {…}`", "a shape needs an entry, or is statistical")
		return 0
	}
	v.reference(grammar.Under(path, "entry"), "entry", shape.Entry)
	count := counts[shape.Entry]
	if count.most > MaxSpans {
		v.Fail(grammar.Under(path, "entry"), "lower repeat and retries on the way", "a trace that enters at %s can have up to %s spans, more than %d", shape.Entry, grammar.RoundUp(count.most), MaxSpans)
	}
	return count.mean
}

func (v *validator) statistical(path []any, st *Statistical) float64 {
	var fanOut Dist
	if st.FanOut != nil {
		fanOut = *st.FanOut
	}
	for _, c := range []struct {
		key  string
		dist Dist
		most float64
	}{{"spans", st.Spans, MaxSpans}, {"depth", st.Depth, MaxDepth}, {"fan_out", fanOut, MaxSpans}} {
		if !v.Written(grammar.Under(path, c.key)...) {
			continue
		}
		switch most := c.dist.Most(); {
		case most < 1:
			v.Fail(grammar.Under(path, c.key), "write 1 to "+grammar.FormatNumber(c.most)+", for example 5", "%s must be at least 1", c.key)
		case most > c.most:
			v.Fail(grammar.Under(path, c.key), "give it a max, as in {p50: 6, p99: 700, max: 5000}", "%s can reach %s, more than %s", c.key, grammar.RoundUp(most), grammar.FormatNumber(c.most))
		}
	}
	v.figures(path, st)
	return max(1, st.Spans.Mean())
}

// priorities are the sampling priorities of tracers, and none at all.
func priorities() []string { return []string{"-1", "0", "1", "2", "none"} }

func (v *validator) priority(path []any, shares map[string]Share) {
	sum := 0.0
	for _, key := range slices.Sorted(maps.Keys(shares)) {
		if !slices.Contains(priorities(), key) {
			v.FailKey(grammar.Under(path, key), "there are -1, 0, 1, 2 and none", "%s is no sampling priority", grammar.Shorten(key))
		}
		sum += float64(shares[key])
	}
	if math.Abs(sum-1) > 1e-6 {
		for key := range shares {
			if v.Unread(grammar.Under(path, key)...) {
				return // a share that could not be read
			}
		}
		v.Fail(path, "let them add up to 100%", "the shares of priority add up to %s", Share(sum))
	}
}

func (v *validator) late(path []any, late *Late) {
	if late == nil {
		return
	}
	if share := grammar.Under(path, "share"); late.Share == 0 && v.Written(share...) && !v.Unread(share...) {
		v.Fail(share, "write for example 5%, or leave out late", "late: no trace is late")
	}
	if by := grammar.Under(path, "by"); late.By.Most() > float64(values.MaxDuration) {
		v.Fail(by, "give it a max, as in {p50: 30s, p99: 10m, max: 1h}", "late: a trace can be late by more than %s", Duration(values.MaxDuration))
	}
}

// spanCount is the number of spans of a trace below and with an operation.
type spanCount struct{ mean, most float64 }

// spanCounts works the numbers out from the leaves up:
//
//	spans(op) = 1 + Σ over calls of probability · repeat · (spans(callee) + (1 − hit rate) · Σ over its on_miss)
//
// and for the most: every probability is 1, every cache misses, and every retry
// is made. Calls on error and retries are left out of the mean.
func (v *validator) spanCounts() map[string]spanCount {
	counts := map[string]spanCount{}
	if v.cyclic {
		return counts
	}
	var count func(ref string) spanCount
	var sum func(calls []Call) spanCount
	sum = func(calls []Call) (c spanCount) {
		for i := range calls {
			call := &calls[i]
			if len(call.Parallel) > 0 {
				c = c.plus(1, 1, sum(call.Parallel))
				continue
			}
			if v.ops[call.To] == nil || call.Probability == 0 {
				continue
			}
			made := float64(call.Probability) * call.Repeat.Mean()
			if call.When == OnError {
				made = 0
			}
			c = c.plus(made, call.Repeat.Most()*float64(call.Retries+1), count(call.To))
			if call.HitRate != nil {
				c = c.plus(made*(1-float64(*call.HitRate)), call.Repeat.Most(), sum(call.OnMiss))
			}
		}
		return c
	}
	count = func(ref string) spanCount {
		if c, ok := counts[ref]; ok {
			return c
		}
		c := spanCount{1, 1}.plus(1, 1, sum(v.ops[ref].Calls))
		counts[ref] = c
		return c
	}
	for ref := range v.ops {
		count(ref)
	}
	return counts
}

// plus adds so many times another count.
func (c spanCount) plus(mean, most float64, other spanCount) spanCount {
	return spanCount{c.mean + mean*other.mean, c.most + most*other.most}
}

func (v *validator) load() {
	if len(v.s.Load) == 0 {
		if v.Written("load") {
			v.Fail([]any{"load"}, "add a line such as `- {rate: 100/s, for: 10s}`", "the load has no phases")
		}
		return
	}
	seen, discarded := map[string]bool{}, 0
	for i := range v.s.Load {
		p, path := &v.s.Load[i], []any{"load", i}
		if p.Discard {
			discarded++
		}
		v.nameLike(grammar.Under(path, "name"), "the phase's name", p.Name)
		if seen[p.Name] {
			v.Fail(grammar.Under(path, "name"), "give each a name of its own", "two phases are called %s", grammar.Shorten(p.Name))
		}
		seen[p.Name] = true
		if p.Send == "services" && len(v.s.Services) == 0 && !v.Written("services") {
			v.Fail(grammar.Under(path, "send"), "add services, or send traces", "there are no services to send")
		}
		v.phase(path, p)
	}
	if discarded == len(v.s.Load) {
		v.FailKey([]any{"load", discarded - 1, "discard"}, "keep one: leave out its discard", "every phase is discarded: nothing would be concluded")
	}
}

// profiles are the keys of a phase that say how fast, of which it has one.
func profiles() []string { return []string{"rate", "steps", "sine", "bursts"} }

func (v *validator) phase(path []any, p *Phase) {
	var given []string
	for _, key := range profiles() {
		if v.Written(grammar.Under(path, key)...) {
			given = append(given, key)
		}
	}
	switch {
	case len(given) == 0:
		v.Fail(path, "add for example `rate: 100/s`", "the phase %s needs one of %s", grammar.Shorten(p.Name), strings.Join(profiles(), ", "))
	case len(given) > 1:
		v.FailKey(grammar.Under(path, given[1]), "keep one of them", "the phase %s has more than one rate: %s", grammar.Shorten(p.Name), strings.Join(given, ", "))
	}
	closed := p.Rate != nil && p.Rate.Max
	if p.Connections > 0 && !closed && len(given) == 1 && !v.Unread(grammar.Under(path, "rate")...) {
		v.FailKey(grammar.Under(path, "connections"), "write `rate: max`, or leave it out", "connections belong to a closed loop (rate: max)")
	}
	switch {
	case v.Written(grammar.Under(path, "for")...):
		v.duration(grammar.Under(path, "for"), "for", p.For)
	case p.Steps == nil:
		v.Fail(path, "add for example `for: 30s`", "the phase %s needs to know how long (for)", grammar.Shorten(p.Name))
	}
	r := rates{validator: v, phase: p}
	r.check(path)
}

// rates checks the rates of one phase.
type rates struct {
	*validator
	phase *Phase
}

func (r rates) check(path []any) {
	p := r.phase
	if p.Rate != nil && !p.Rate.Max && !r.Unread(grammar.Under(path, "rate")...) {
		at := grammar.Under(path, "rate")
		ramp := p.Rate.From != p.Rate.To
		if r.quantity(at, "rate", p.Rate.From, ramp) {
			r.quantity(at, "rate", p.Rate.To, ramp)
		}
	}
	if s := p.Steps; s != nil {
		at := grammar.Under(path, "steps")
		r.group(at, map[string]Quantity{"from": s.From, "to": s.To, "by": s.By}, "")
		every := r.span(at, "every", s.Every)
		switch {
		case r.troubled(at, "from", "to", "by") || !every:
		case s.To.PerS <= s.From.PerS:
			r.Fail(grammar.Under(at, "to"), "steps go up", "steps: to must be above from")
		case s.Count() > maxSteps:
			r.Fail(grammar.Under(at, "by"), "raise it", "there would be %d steps, more than %d", s.Count(), maxSteps)
		case r.phase.For > Duration(values.MaxDuration):
			r.Fail(grammar.Under(at, "every"), "shorten it", "the steps take %s, longer than %s", r.phase.For, Duration(values.MaxDuration))
		}
	}
	if s := p.Sine; s != nil {
		at := grammar.Under(path, "sine")
		r.group(at, map[string]Quantity{"mean": s.Mean, "amplitude": s.Amplitude}, "amplitude")
		r.span(at, "period", s.Period)
		if !r.troubled(at, "mean", "amplitude") && s.Amplitude.PerS > s.Mean.PerS {
			r.Fail(grammar.Under(at, "amplitude"), "lower it, so that the rate stays above zero", "the amplitude %s is above the mean %s", s.Amplitude, s.Mean)
		}
	}
	if b := p.Bursts; b != nil {
		at := grammar.Under(path, "bursts")
		r.group(at, map[string]Quantity{"base": b.Base, "peak": b.Peak}, "base")
		every, length := r.span(at, "every", b.Every), r.span(at, "for", b.For)
		switch {
		case every && length && b.For >= b.Every:
			r.Fail(grammar.Under(at, "for"), "shorten the burst, or use a constant rate", "a burst of %s fills all of %s", b.For, b.Every)
		case !r.troubled(at, "base", "peak") && b.Peak.PerS <= b.Base.PerS:
			r.Fail(grammar.Under(at, "peak"), "raise it", "the peak %s is not above the base %s", b.Peak, b.Base)
		}
	}
}

// group checks the rates of a profile, which count one unit; idle names the one that may be zero.
func (r rates) group(path []any, group map[string]Quantity, idle string) {
	var first string
	for _, key := range slices.Sorted(maps.Keys(group)) {
		at := grammar.Under(path, key)
		if !r.Written(at...) || r.Unread(at...) || !r.quantity(at, key, group[key], key == idle) {
			continue
		}
		if first == "" {
			first = key
		} else if group[key].Unit != group[first].Unit {
			r.Fail(at, "use one unit", "%s counts %s, and %s counts %s", key, group[key].Unit, first, group[first].Unit)
		}
	}
}

func (r rates) troubled(path []any, keys ...string) bool {
	return slices.ContainsFunc(keys, func(key string) bool {
		at := grammar.Under(path, key)
		return !r.Written(at...) || r.Unread(at...)
	})
}

func (r rates) span(path []any, key string, d Duration) bool {
	at := grammar.Under(path, key)
	return r.Written(at...) && !r.Unread(at...) && r.duration(at, key, d)
}

// quantity checks that a rate is possible.
func (r rates) quantity(path []any, label string, q Quantity, idle bool) bool {
	most := Quantity{PerS: values.HighestRate(q.Unit), Unit: q.Unit}
	switch {
	case q.PerS < 0:
		r.Fail(path, "write it without the sign", "%s: a rate cannot be negative (%s)", label, q)
	case q.PerS == 0 && !idle:
		r.Fail(path, "write for example 100/s", "%s: at %s nothing is ever sent", label, q)
	case q.PerS > values.HighestRate(q.Unit):
		r.Fail(path, "lower it", "%s: no machine holds %s; the most is %s", label, q, most)
	case r.phase.Send == "services" && q.Unit != Requests:
		r.Fail(path, "write for example 100/s", "%s: a phase that sends services counts requests, not %s", label, q.Unit)
	default:
		return true
	}
	return false
}
