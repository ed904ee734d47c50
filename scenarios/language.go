package scenarios

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/spanstorm/spanstorm/scenarios/internal/document"
	"github.com/spanstorm/spanstorm/scenarios/internal/faults"
	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
	"github.com/spanstorm/spanstorm/scenarios/internal/values"
)

// language is what the types and tags of this package do not say themselves.
func language() grammar.Language {
	types := values.Types()
	shares := types[reflect.TypeFor[Share]()]
	shares.Keys = priorities() // nothing else has shares by name
	types[reflect.TypeFor[Share]()] = shares
	maps.Copy(types, map[reflect.Type]grammar.Type{
		reflect.TypeFor[float64]():          {Schema: weightSchema},
		reflect.TypeFor[map[string]Share](): {Read: grammar.Reads(readPriority), Schema: prioritySchema},
		reflect.TypeFor[Mix]():              {Read: grammar.Reads(readMix), Schema: mixSchema},
		reflect.TypeFor[CorpusSize]():       {Schema: corpusSchema, Label: "the corpus"},
		reflect.TypeFor[API]():              {Read: grammar.Reads(readAPI)},
		reflect.TypeFor[Tag]():              {Read: grammar.Reads(readTag), Schema: tagSchema, Mapping: reflect.TypeFor[generated]()},
		reflect.TypeFor[Resource]():         {Read: grammar.Reads(readResource), Schema: resourceSchema, Mapping: reflect.TypeFor[pattern]()},
		reflect.TypeFor[Events]():           {Read: grammar.Reads(readEvents), Schema: eventsSchema, Key: "count"},
		reflect.TypeFor[Call]():             {Read: grammar.Reads(readCall), Schema: callSchema, Key: "to", Label: "a call"},
		reflect.TypeFor[Shape]():            {Schema: shapeSchema, Label: "a shape", Item: "shape"},
		reflect.TypeFor[Phase]():            {Schema: phaseSchema, Label: "a phase", Item: "phase"},
		reflect.TypeFor[Incident]():         {Label: "an incident", Item: "incident"},
		reflect.TypeFor[Event]():            {Schema: eventSchema, Label: "an event", Item: "event"},
		reflect.TypeFor[Fault]():            {Schema: faults.Schema, Label: "a fault"},
		reflect.TypeFor[ErrorKind]():        {Label: "an error"},
		reflect.TypeFor[Service]():          {Label: "the service %s"},
		reflect.TypeFor[Operation]():        {Label: "the operation %s"},
	})
	return grammar.Language{Defaults: setDefaults, Names: []string{"name", "entry", "kind"}, Setting: "load.hold.rate=500/s", Types: types}
}

// Schema is the JSON Schema of the language, made from its types. It knows the
// shape of a scenario and the form of its values; what one part says of another
// (calls, cycles, sums, limits) only [Parse] knows.
func Schema() *jsonschema.Schema {
	root := language().Schema(reflect.TypeFor[Scenario]())
	root.Title = "Spanstorm scenario"
	root.Description = "What is sent to a trace agent, how fast, and what is expected of it."
	return root
}

func readAPI(d *grammar.Decoder, api *API, s grammar.Spot) {
	// No "did you mean": the nearest in letters is not the nearest in meaning.
	switch hint := "write one of " + strings.Join(s.Rule.Enum, ", "); {
	case s.Kind != document.Scalar:
		d.MustBe(s.Node, s.Label, "a version of the trace API", hint)
	case !slices.Contains(s.Rule.Enum, s.Text):
		d.Add(s.Place, hint, "%s: %s is not supported by this version", s.Label, grammar.Shorten(s.Text))
	default:
		*api = API(s.Text)
	}
}

// readPriority reads shares by priority, or the one that all traces have.
func readPriority(d *grammar.Decoder, shares *map[string]Share, s grammar.Spot) {
	switch s.Kind {
	case document.Scalar:
		*shares = map[string]Share{s.Text: 1}
	case document.Map:
		d.Plain(shares, s)
	default:
		d.MustBe(s.Node, s.Label, "a sampling priority or a mapping of them", "write for example 1, none or {1: 90%, 2: 10%}")
	}
}

// readMix reads shares by name; which names there are, the validator knows.
func readMix(d *grammar.Decoder, shares *Mix, s grammar.Spot) {
	if s.Kind != document.Map {
		such := "{1: 80%, 2: 20%}"
		if s.Rule.Variant == "types" {
			such = "{web: 60%, sql: 40%}"
		}
		d.MustBe(s.Node, s.Label, "a mapping of shares", "write for example "+such)
		return
	}
	d.Plain(shares, s)
}

func readCall(d *grammar.Decoder, c *Call, s grammar.Spot) {
	if s.Kind == document.Scalar {
		s.Rule = grammar.Rule{}
		d.Plain(&c.To, s)
		return
	}
	if s.Kind != document.Map {
		d.MustBe(s.Node, s.Label, "service.operation or a mapping", "write service.operation, {to: service.operation} or {parallel: […]}")
		return
	}
	d.Plain(c, s)
	if s.Get("parallel") == nil {
		return
	}
	for _, p := range s.Pairs {
		if p.Key.Text != "parallel" {
			d.AddFirst(p.Key.Place, "put it into the calls of the list", "a parallel call has no %q of its own", p.Key.Text)
		}
	}
	*c = Call{Parallel: c.Parallel}
}

func readTag(d *grammar.Decoder, t *Tag, s grammar.Spot) {
	switch s.Kind {
	case document.Scalar:
		if s.Text == byOutcome {
			t.ByOutcome = true
			return
		}
		t.Values = d.Singles(s.Label, s.Node)
	case document.List:
		if t.Values = d.Singles(s.Label, s.Items...); len(s.Items) == 0 {
			d.MustBe(s.Node, s.Label, "at least one value", "")
		}
	case document.Map:
		var g generated
		d.Value(&g, s)
		t.Cardinality, t.Skew, t.Every = g.Cardinality, g.Skew, g.Every
	default:
		d.MustBe(s.Node, s.Label, "a value, a list of values, or {cardinality: N}", "")
	}
}

func readResource(d *grammar.Decoder, r *Resource, s grammar.Spot) {
	if s.Kind != document.Map {
		s.Rule.One = true
		d.Plain(&r.Values, s)
		return
	}
	var p pattern
	d.Value(&p, s)
	r.Pattern, r.Cardinality, r.Skew = p.Pattern, p.Cardinality, p.Skew
}
