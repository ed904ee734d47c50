package scenarios

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
	"pgregory.net/rapid"
)

// Law: Parse(json.Marshal(s)) == s, and the published schema accepts it.
func TestRoundTrip(t *testing.T) {
	schema := resolved(t)
	rapid.Check(t, func(t *rapid.T) { checkRoundTrip(t, schema, drawScenario(t)) })
}

func TestRoundTripLibrary(t *testing.T) {
	schema := resolved(t)
	for _, b := range Library() {
		s, err := Load(b.Name, nil)
		if err != nil {
			t.Fatal(err)
		}
		checkRoundTrip(t, schema, s)
	}
}

func checkRoundTrip(t interface {
	Fatalf(string, ...any)
	Fatal(...any)
}, schema *jsonschema.Resolved, s *Scenario) {
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Parse("x.json", text, nil)
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	if diff := cmp.Diff(s, back); diff != "" {
		t.Fatalf("%s\n-want +got\n%s", text, diff)
	}
	var plain any
	if err := json.Unmarshal(text, &plain); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(plain); err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
}

// drawText draws texts with everything that YAML or JSON might trip over.
func drawText(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.StringN(1, 12, 40),
		rapid.SampledFrom([]string{"12", "true", "null", "~", "by-outcome", "a: b", "# no", "- x", "{x", "*a", "&a", "ä ± ü", "\t", "a\nb", "\u2028", "0x10", ".inf", "<<", "𝄞", "\\u0041", `"`, "<&>"}),
	).Filter(func(s string) bool { return len(s) > 0 && json.Valid([]byte(`"`+"x"+`"`)) && printable(s) }).Draw(t, label)
}

func printable(s string) bool {
	blank := true
	for _, r := range s {
		if r == 0xFFFD {
			return false
		}
		blank = blank && (r <= ' ' || r == 0x85 || r == 0xA0 || r >= 0x1680 && r <= 0x3000)
	}
	return !blank
}

func drawShare(t *rapid.T, label string) Share {
	return Share(rapid.OneOf(rapid.Float64Range(0, 1), rapid.SampledFrom([]float64{0, 1, 0.05, 1e-9})).Draw(t, label))
}

func drawDuration(t *rapid.T, label string) Duration {
	return Duration(rapid.Int64Range(int64(time.Millisecond), int64(24*time.Hour)).Draw(t, label))
}

func drawDist(t *rapid.T, label string, timed, count bool, most float64) Dist {
	d := Dist{Kind: DistKind(rapid.IntRange(0, 4).Draw(t, label)), Time: timed}
	one := func() float64 {
		f := rapid.Float64Range(1, most).Draw(t, label)
		if timed || count || d.Kind == UniformInt {
			f = math.Floor(f)
		}
		return f
	}
	if d.Kind == Piecewise {
		value := 1.0
		for i := range d.Knots {
			value = min(most, value+math.Floor(one()/10))
			if i == 3 || i == 5 || i == 10 || rapid.Bool().Draw(t, "given") { // the median, p90 and max at least
				d.Knots[i] = value
			}
		}
		d.Max = value
		return d
	}
	d.A = one()
	switch d.Kind {
	case Normal:
		d.B = one() / 100
		if timed {
			d.B = math.Floor(d.B)
		}
	case LogNormal, UniformInt:
		if d.B = one(); d.B < d.A {
			d.A, d.B = d.B, d.A
		}
		if d.Kind == LogNormal && (count || rapid.Bool().Draw(t, "cut")) {
			d.Max = max(d.B, one())
		}
	}
	return d
}

func drawTag(t *rapid.T) Tag {
	switch rapid.IntRange(0, 3).Draw(t, "tag") {
	case 0:
		return Tag{ByOutcome: true}
	case 1:
		return Tag{Cardinality: rapid.Uint64Range(1, 1e9).Draw(t, "cardinality"), Skew: rapid.SampledFrom([]Skew{Uniform, Zipf}).Draw(t, "skew"), Every: rapid.IntRange(0, 50).Draw(t, "every")}
	default:
		n := rapid.IntRange(1, 3).Draw(t, "values")
		var values []string
		for range n {
			values = append(values, drawText(t, "value"))
		}
		return Tag{Values: values}
	}
}

// drawCall calls one of the operations listed, so that calls never go in a circle.
func drawCall(t *rapid.T, targets []string, nested bool) Call {
	if !nested && rapid.IntRange(0, 3).Draw(t, "parallel") == 0 {
		return Call{Parallel: []Call{drawCall(t, targets, true), drawCall(t, targets, true)}}
	}
	var c Call
	setDefaults(&c)
	c.To = rapid.SampledFrom(targets).Draw(t, "to")
	if rapid.Bool().Draw(t, "plain") {
		return c
	}
	c.Probability = drawShare(t, "probability")
	c.Repeat = drawDist(t, "repeat", false, true, 2)
	c.Retries = rapid.IntRange(0, 1).Draw(t, "retries")
	c.Async = rapid.Bool().Draw(t, "async")
	c.ErrorPropagation = drawShare(t, "propagation")
	if c.Retries > 0 && rapid.Bool().Draw(t, "waits") {
		c.Backoff = Duration(rapid.Int64Range(int64(time.Millisecond), int64(time.Minute)).Draw(t, "backoff"))
	}
	c.When = rapid.SampledFrom([]When{"", OnOK, OnError}).Draw(t, "when")
	if c.Async {
		if rapid.Bool().Draw(t, "delayed") {
			d := drawDist(t, "delay", true, false, 1e12)
			c.Delay = &d
		}
		return c
	}
	if rapid.Bool().Draw(t, "times out") {
		c.Timeout = drawDuration(t, "timeout")
	}
	if c.When == OnError {
		c.Recovers = drawShare(t, "recovers")
	}
	if rapid.Bool().Draw(t, "cached") {
		hit := drawShare(t, "hit rate")
		c.HitRate, c.OnMiss = &hit, []Call{drawCall(t, targets, true)}
	}
	return c
}

func drawQuantity(t *rapid.T, unit Unit, low, high float64) Quantity {
	return Quantity{PerS: rapid.OneOf(rapid.Float64Range(low, high), rapid.Just(math.Round((low+high)/2))).Draw(t, "rate"), Unit: unit}
}

func drawPhase(t *rapid.T, i int) Phase {
	p := Phase{Name: fmt.Sprintf("phase-%d", i+1), For: drawDuration(t, "for"), Discard: rapid.Bool().Draw(t, "discard"), Send: "traces"}
	unit := rapid.SampledFrom([]Unit{Requests, Traces, Spans, Bytes}).Draw(t, "unit")
	switch rapid.IntRange(0, 5).Draw(t, "profile") {
	case 0:
		p.Rate, p.Connections = &Rate{Max: true}, rapid.IntRange(1, 9).Draw(t, "connections")
	case 1:
		q := drawQuantity(t, unit, 0.001, 1e6)
		p.Rate = &Rate{From: q, To: q}
	case 2:
		p.Rate = &Rate{From: drawQuantity(t, unit, 0, 1e6), To: drawQuantity(t, unit, 2e6, 9e6)}
	case 3:
		p.Steps = &Steps{From: drawQuantity(t, unit, 1, 10), To: drawQuantity(t, unit, 20, 1000), By: drawQuantity(t, unit, 1, 100), Every: Duration(time.Second)}
		if rapid.Bool().Draw(t, "all") {
			p.For = Duration(p.Steps.Count()) * p.Steps.Every
		}
	case 4:
		p.Sine = &Sine{Mean: drawQuantity(t, unit, 100, 1000), Amplitude: drawQuantity(t, unit, 0.5, 100), Period: drawDuration(t, "period")}
	default:
		p.Bursts = &Bursts{Base: drawQuantity(t, unit, 0, 10), Peak: drawQuantity(t, unit, 20, 30), Every: Duration(time.Minute), For: Duration(time.Second)}
	}
	if p.Rate != nil && !p.Rate.Max && unit == Requests && rapid.Bool().Draw(t, "services") {
		p.Send = "services"
	}
	return p
}

func drawScenario(t *rapid.T) *Scenario {
	s := &Scenario{}
	setDefaults(s)
	s.Name = rapid.StringMatching(`[a-z0-9]([a-z0-9._-]{0,9}[a-z0-9])?`).Draw(t, "name")
	s.Description = rapid.OneOf(rapid.Just(""), rapid.Custom(func(t *rapid.T) string { return drawText(t, "text") })).Draw(t, "description")
	s.Seed = rapid.Uint64().Draw(t, "seed")
	s.API = rapid.SampledFrom(APIs()).Draw(t, "api")
	if s.Encoding = Msgpack; s.API.TakesJSON() {
		s.Encoding = rapid.SampledFrom([]Encoding{Msgpack, JSON}).Draw(t, "encoding")
	}
	s.TracesPerRequest = drawDist(t, "traces", false, true, 20)
	s.AnnounceServices = rapid.Bool().Draw(t, "announce")
	s.RealHTTPStatus = rapid.Bool().Draw(t, "real")
	s.Headers = rapid.SampledFrom([]map[string]string{nil, {"X-Load": "1"}, {"X-A": "true", "X-B": "a: b"}}).Draw(t, "headers")
	s.Clients = Clients{Count: rapid.IntRange(1, 50).Draw(t, "clients"), Languages: rapid.SampledFrom([]map[string]float64{{"go": 1}, {"java": 0.25, "c++": 3}}).Draw(t, "languages")}
	s.Clients.FlushJitter = Share(rapid.Float64Range(0, 0.5).Draw(t, "jitter"))
	s.Clients.Containers = drawShare(t, "containers")
	s.Clients.Churn = drawShare(t, "churn")
	s.Clients.Retries = rapid.IntRange(0, 10).Draw(t, "tries")
	s.Clients.Backoff = Duration(rapid.IntRange(1, 60_000).Draw(t, "backoff")) * Duration(time.Millisecond)
	s.MaxInFlight = rapid.IntRange(1, 5000).Draw(t, "in flight")
	s.Timeout = drawDuration(t, "timeout")
	s.LateLimit = drawDuration(t, "late limit")

	var refs []string
	for i := range rapid.IntRange(1, 3).Draw(t, "services") {
		name := fmt.Sprintf("svc.%d", i)
		service := &Service{App: drawText(t, "app"), Type: drawText(t, "type"), Operations: map[string]*Operation{}}
		for j := range rapid.IntRange(1, 2).Draw(t, "operations") {
			op := drawOperation(t, refs)
			service.Operations[fmt.Sprintf("op-%d", j)] = op
			refs = append(refs, fmt.Sprintf("%s.op-%d", name, j))
		}
		s.Services[name] = service
	}
	for i := range rapid.IntRange(1, 3).Draw(t, "shapes") {
		shape := Shape{Name: fmt.Sprintf("shape %d", i), Weight: rapid.Float64Range(0.001, 1e6).Draw(t, "weight"), Entry: rapid.SampledFrom(refs).Draw(t, "entry")}
		shape.Priority = rapid.SampledFrom([]map[string]Share{{"1": 1}, {"-1": 0.25, "none": 0.75}, {"0": 0.1, "1": 0.2, "2": 0.7}}).Draw(t, "priority")
		if rapid.Bool().Draw(t, "statistical") {
			shape.Entry = ""
			shape.Statistical = &Statistical{
				Spans: drawDist(t, "spans", false, true, 5000), Depth: drawDist(t, "depth", false, true, 9),
				Services: rapid.IntRange(1, 99).Draw(t, "services"), RepeatedEdges: drawShare(t, "edges"),
				Duration: drawDist(t, "duration", true, false, 1e12), ErrorRate: drawShare(t, "errors"),
			}
			shape.Templates = rapid.IntRange(0, 700).Draw(t, "templates")
			drawFigures(t, shape.Statistical)
		}
		if rapid.Bool().Draw(t, "partial flush") {
			shape.PartialFlush = rapid.IntRange(1, 100_000).Draw(t, "spans of a part")
		}
		if rapid.Bool().Draw(t, "late") {
			shape.Late = &Late{Share: Share(rapid.Float64Range(0.001, 1).Draw(t, "late share")), By: drawDist(t, "late by", true, false, 1e12)}
			if shape.Late.By.Kind == LogNormal {
				shape.Late.By.Max = max(shape.Late.By.B, 1e13)
			}
		}
		s.Shapes = append(s.Shapes, shape)
	}
	s.Corpus = rapid.SampledFrom([]*CorpusSize{nil, {Spans: 100_000}, {Memory: 64_000_000}, {Memory: 1_234_567}, {WorkingSet: 500}, {Spans: 9_000, WorkingSet: 9_000}}).Draw(t, "corpus")
	for i := range rapid.IntRange(1, 3).Draw(t, "load") {
		s.Load = append(s.Load, drawPhase(t, i))
	}
	s.Load[rapid.IntRange(0, len(s.Load)-1).Draw(t, "kept")].Discard = false
	if !slices.ContainsFunc(s.Load, func(p Phase) bool { return p.Rate != nil && p.Rate.Max }) && slices.ContainsFunc(s.Shapes, func(s Shape) bool { return s.Entry != "" }) {
		entry := s.Shapes[slices.IndexFunc(s.Shapes, func(s Shape) bool { return s.Entry != "" })].Entry
		at := Duration(0)
		for i := range rapid.IntRange(0, 2).Draw(t, "incidents") {
			in := Incident{
				Name: fmt.Sprintf("i-%d", i), At: at, For: Duration(rapid.Int64Range(int64(time.Millisecond), int64(time.Hour)).Draw(t, "for")),
				Operations: rapid.SampledFrom([][]string{{entry}, {entry[:strings.LastIndexByte(entry, '.')] + ".*", entry}}).Draw(t, "operations"),
				ErrorRate:  Share(rapid.Float64Range(0.01, 1).Draw(t, "error rate")), Slowdown: Factor(rapid.Float64Range(1, 100).Draw(t, "slowdown")),
			}
			if at += in.For; in.At < s.Load[0].For {
				s.Incidents = append(s.Incidents, in)
			}
		}
	}
	s.Expect = rapid.SampledFrom([][]string{nil, {"missing == 0", "phase-1.response_time.p99 < 50ms"}}).Draw(t, "expect")
	return s
}

// drawFigures draws the aims of a statistical shape.
func drawFigures(t *rapid.T, st *Statistical) {
	if rapid.Bool().Draw(t, "fan-out") {
		d := drawDist(t, "fan-out", false, true, 50)
		st.FanOut = &d
	}
	if rapid.Bool().Draw(t, "mix") {
		st.Types = Mix{"memcached": 0.25, "web": 0.5, "sql": 0.25}
	}
	if rapid.Bool().Draw(t, "times") {
		// Either of the two may be written, and a share of 0 is written too.
		st.RepeatedEdges, st.CallsPerEdge = 0, Mix{"1": 0.75, "2": 0.125, "3..9": 0.125}
	}
}

func drawOperation(t *rapid.T, targets []string) *Operation {
	op := &Operation{Name: drawText(t, "name"), Resource: Resource{Values: []string{drawText(t, "resource")}}, Type: drawText(t, "type"),
		Kind: rapid.SampledFrom([]string{"", "server", "client"}).Draw(t, "kind"), Duration: drawDist(t, "duration", true, false, 1e12), ErrorRate: drawShare(t, "errors")}
	if rapid.Bool().Draw(t, "more") {
		op.Resource.Values = append(op.Resource.Values, drawText(t, "resource"))
		if rapid.Bool().Draw(t, "pattern") {
			op.Resource = Resource{Pattern: drawText(t, "resource") + Number, Cardinality: rapid.Uint64Range(1, 1e9).Draw(t, "cardinality"), Skew: rapid.SampledFrom([]Skew{Uniform, Zipf}).Draw(t, "skew")}
		}
		op.Errors = []ErrorKind{{Type: drawText(t, "error"), Message: drawText(t, "message"), Weight: 0.5}, {Type: "x", Weight: 1}}
		op.Tags = map[string]Tag{drawText(t, "key"): drawTag(t), "a.b": drawTag(t)}
		op.Metrics = map[string]Dist{drawText(t, "key"): drawDist(t, "metric", false, false, 1e12), "negative": {A: -3.5}}
	}
	if rapid.Bool().Draw(t, "extras") {
		op.Links = drawShare(t, "links")
		op.Events = &Events{Count: drawDist(t, "events", false, true, 40), Exception: rapid.Bool().Draw(t, "exception")}
		if op.Events.Count.Kind == Normal || op.Events.Count.Kind == LogNormal {
			op.Events.Count = Dist{A: 3}
		}
		op.MetaStruct = map[string]Size{drawText(t, "struct"): Size(rapid.IntRange(MinStruct, MaxStruct).Draw(t, "size"))}
	}
	if len(targets) > 0 {
		for range rapid.IntRange(0, 3).Draw(t, "calls") {
			op.Calls = append(op.Calls, drawCall(t, targets, false))
		}
	}
	return op
}
