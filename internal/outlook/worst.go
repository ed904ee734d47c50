package outlook

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"github.com/spanstorm/spanstorm/internal/limits"
	"github.com/spanstorm/spanstorm/internal/trees"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

const payloadLimit = limits.PayloadBytes

// Worst is the largest that a scenario's rules allow, worked out on its calls
// without growing a tree: every call of a probability above 0 is made, as often as
// its repeat can say, and tried as often as its retries allow. Numbers of spans,
// levels and calls are exact bounds. Bytes are an estimate on the high side: each
// span is as large as the largest of its operation among the templates. Of a
// statistical shape they are those of its largest template, as if that had the most spans.
type Worst struct {
	Shapes        []WorstShape `json:"shapes"`
	PayloadTraces Bound        `json:"payload_traces"`
	PayloadBytes  Bound        `json:"payload_bytes"` // all traces of a payload are the largest
	LimitBytes    int          `json:"limit_bytes"`
}

// WorstShape is the worst of one shape.
type WorstShape struct {
	Shape       string `json:"shape"`
	Spans       Bound  `json:"spans"`
	DepthLevels Bound  `json:"depth_levels"`
	FanOut      Bound  `json:"fan_out"` // calls of one span
	TraceBytes  Bound  `json:"trace_bytes"`
	// LargestPath leads from the entry to where most of the spans are,
	// DeepestPath to the last level, and WidestOperation makes the most calls. All
	// are empty for a statistical shape.
	LargestPath     string `json:"largest_path,omitempty"`
	DeepestPath     string `json:"deepest_path,omitempty"`
	WidestOperation string `json:"widest_operation,omitempty"`
}

// Bound is the most of something.
type Bound struct {
	Value float64 `json:"value"`
	// Unbounded says that a distribution on the way has no end; its 99.99th
	// percentile stands in for it.
	Unbounded bool `json:"unbounded"`
}

func (b Bound) plus(other Bound) Bound {
	return Bound{b.Value + other.Value, b.Unbounded || other.Unbounded}
}

func (b Bound) times(n Bound) Bound {
	return Bound{b.Value * n.Value, b.Unbounded || n.Unbounded}
}

// rare is the percentile that stands in for the end of a distribution without one.
const rare = 0.9999

// most is the most that a distribution of counts can draw.
func most(d scenarios.Dist) Bound {
	unbounded := d.Kind == scenarios.Normal && d.B > 0 || d.Kind == scenarios.LogNormal && d.Max == 0 && d.B > d.A
	if unbounded {
		return Bound{float64(trees.Count(d, rare)), true}
	}
	return Bound{math.Floor(d.Most() + 0.5), false}
}

// reach is the worst below and with an operation.
type reach struct {
	spans, levels, fanOut, bytes Bound
	largest, deepest             string // the next step of the path, with how often
	largestTo, deepestTo         string
	widest                       string
}

// walker works out reaches, each operation once.
type walker struct {
	operations map[string]*scenarios.Operation
	services   map[string]string // of operations
	gathered   *gatherer
	widest     int // bytes of the largest span of all
	known      map[string]*reach
}

// worst works out the worst case. tracesMost is the most traces of a payload, where
// that does not follow from the scenario's own words.
func worst(s *scenarios.Scenario, g *gatherer, tracesMost int) Worst {
	w := walker{operations: map[string]*scenarios.Operation{}, services: map[string]string{}, gathered: g, known: map[string]*reach{}}
	for name, service := range s.Services {
		for key, op := range service.Operations {
			w.operations[name+"."+key], w.services[name+"."+key] = op, name
		}
	}
	for _, bytes := range g.largest {
		w.widest = max(w.widest, bytes)
	}
	all := Worst{Shapes: []WorstShape{}, LimitBytes: payloadLimit}
	largest := Bound{}
	for i := range s.Shapes {
		if s.Shapes[i].Weight == 0 {
			continue // it is never sent
		}
		shape := w.shape(&s.Shapes[i], g.perSpan[i])
		all.Shapes = append(all.Shapes, shape)
		if shape.TraceBytes.Value > largest.Value {
			largest = shape.TraceBytes
		}
	}
	if len(s.Shapes) > 0 {
		all.PayloadTraces = most(s.TracesPerRequest)
		all.PayloadTraces.Value = max(1, all.PayloadTraces.Value)
		if s.Clients.FlushInterval > 0 {
			all.PayloadTraces = Bound{Value: float64(tracesMost)}
		}
		all.PayloadBytes = largest.times(all.PayloadTraces)
	}
	return all
}

// shape works out one shape; a span of its largest template takes so many bytes.
func (w *walker) shape(shape *scenarios.Shape, perSpan float64) WorstShape {
	out := WorstShape{Shape: shape.Name}
	if st := shape.Statistical; st != nil {
		out.Spans, out.DepthLevels = most(st.Spans), most(st.Depth)
		out.FanOut = Bound{max(0, out.Spans.Value-1), out.Spans.Unbounded}
		out.TraceBytes = out.Spans.times(Bound{Value: perSpan})
		return out
	}
	r := w.reach(shape.Entry)
	out.Spans, out.DepthLevels, out.FanOut, out.TraceBytes = r.spans, r.levels, r.fanOut, r.bytes
	out.WidestOperation = r.widest
	out.LargestPath = w.path(shape.Entry, func(r *reach) (string, string) { return r.largest, r.largestTo })
	out.DeepestPath = w.path(shape.Entry, func(r *reach) (string, string) { return r.deepest, r.deepestTo })
	return out
}

func (w *walker) path(from string, next func(*reach) (step, to string)) string {
	steps := []string{from}
	for at := from; at != ""; {
		step, to := next(w.reach(at))
		if at = to; at != "" {
			steps = append(steps, step)
		}
	}
	return strings.Join(steps, " → ")
}

// reach works out what is below an operation. Calls do not go in a circle: the
// scenario was validated.
func (w *walker) reach(ref string) *reach {
	if r, ok := w.known[ref]; ok {
		return r
	}
	op := w.operations[ref]
	r := &reach{spans: Bound{Value: 1}, levels: Bound{Value: 1}, bytes: Bound{Value: float64(w.spanBytes(ref, op))}}
	w.known[ref] = r
	if op == nil {
		return r
	}
	var own Bound
	heaviest, deepest := 0.0, 0.0
	each(op.Calls, func(c *scenarios.Call) {
		times := most(c.Repeat)
		times.Value *= float64(c.Retries + 1)
		if c.Probability == 0 || times.Value == 0 {
			return
		}
		below := w.reach(c.To)
		step := c.To
		if times.Value > 1 {
			step = fmt.Sprintf("%s ×%s", c.To, count(int(times.Value)))
		}
		if times.Unbounded {
			step += " (unbounded)"
		}
		own = own.plus(times)
		spans := below.spans.times(times)
		r.spans = r.spans.plus(spans)
		r.bytes = r.bytes.plus(below.bytes.times(times))
		if spans.Value > heaviest {
			heaviest, r.largest, r.largestTo = spans.Value, step, c.To
		}
		if below.levels.Value > deepest {
			deepest, r.deepest, r.deepestTo = below.levels.Value, step, c.To
		}
		if below.fanOut.Value > r.fanOut.Value {
			r.fanOut, r.widest = below.fanOut, below.widest
		}
	})
	r.levels.Value += deepest
	if own.Value >= r.fanOut.Value && own.Value > 0 {
		r.fanOut, r.widest = own, ref
	}
	return r
}

// spanBytes is how large a span of the operation is at most: of those among the
// templates, or if there is none, of any of its service and name, or of any at all.
func (w *walker) spanBytes(ref string, op *scenarios.Operation) int {
	if op == nil {
		return w.widest
	}
	largest := 0
	for _, resource := range resources(op) {
		largest = max(largest, w.gathered.largest[operation{w.services[ref], op.Name, resource}])
	}
	if largest == 0 {
		// By its name: the service's other operations of that name are about alike.
		largest = w.gathered.largest[operation{service: w.services[ref], name: op.Name}]
	}
	return cmp.Or(largest, w.widest)
}

// resources are those that an operation's spans have, as far as they are listed.
func resources(op *scenarios.Operation) []string { return op.Resource.Values }

// each visits all calls of a list, and those in the lists within them.
func each(calls []scenarios.Call, visit func(*scenarios.Call)) {
	for i := range calls {
		c := &calls[i]
		if c.To != "" {
			visit(c)
		}
		for _, inner := range within(c) {
			each(inner, visit)
		}
	}
}

// within are the lists of calls that a call holds.
func within(c *scenarios.Call) [][]scenarios.Call {
	return [][]scenarios.Call{c.Parallel, c.OnMiss}
}

// String writes the bound with its caveat.
func (b Bound) String() string {
	if b.Unbounded {
		return count(int(b.Value)) + " at p99.99, unbounded"
	}
	return count(int(b.Value))
}

// unlikely is how seldom a payload is that no one needs to be warned of.
const unlikely = 1e-6

// crowd is the most traces of a shape of that share that one payload of n holds
// but for unlikely ones: the largest m with (n over m)·share^m ≥ unlikely.
func crowd(n int, share float64) int {
	p := 1.0
	for m := range n {
		if p *= share * float64(n-m) / float64(m+1); p < unlikely {
			return m
		}
	}
	return n
}

// worstWarnings say what of the worst case an agent would not take.
func (o *Outlook) worstWarnings() []Warning {
	w, list := &o.WorstCase, []Warning(nil)
	for i := range w.Shapes {
		s := &w.Shapes[i]
		n := int(w.PayloadTraces.Value)
		m := n
		for _, shape := range o.Shapes {
			if shape.Name == s.Shape {
				m = max(1, crowd(n, shape.TraceShare))
			}
		}
		bytes := float64(m)*s.TraceBytes.Value + float64(n-m)*o.Traces.ChunkBytes.Mean
		if bytes <= float64(w.LimitBytes) {
			continue
		}
		text := fmt.Sprintf("a payload with %s traces of %s, %s each, takes about %s; over the agent's limit of %s it is refused with 413%s",
			count(m), s.Shape, results.FormatBytes(s.TraceBytes.Value), results.FormatBytes(bytes), results.FormatBytes(float64(w.LimitBytes)), s.by())
		list = append(list, Warning{"worst_case", text})
	}
	return list
}

// by says how the worst case of a shape comes about.
func (s *WorstShape) by() string {
	if s.LargestPath == "" {
		return ""
	}
	return "; by " + s.LargestPath
}
