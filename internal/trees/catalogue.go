package trees

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spanstorm/spanstorm/internal/trees/internal/dialect"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Catalogue holds the services and operations of a scenario, with names resolved
// and defaults made up. Sources add to it what they make up; it is safe for
// concurrent use once they are prepared and each of their trees has been grown.
type Catalogue struct {
	seed       uint64
	reserved   Reserved
	words      *vocabulary
	languages  []weighted
	services   map[string]*service   // the scenario's and made-up ones
	operations map[string]*operation // by service.operation
	variables  []Variable
}

// Reserved are the keys that an encoder writes by itself, of a tag and of a
// metric: what the scenario says of them is left out.
type Reserved struct{ Tag, Metric string }

// Service is what a tracer announces of a service.
type Service struct{ App, Type string }

// Variable is a tag that takes one of many values, anew each time that its tree
// is sent.
type Variable struct {
	Key         string
	Cardinality uint64
	Skew        scenarios.Skew
	Every       uint64 // requests that a value lasts; 0: another one each time
}

// service is one service, and where it runs.
type service struct {
	name, app, typ string
	language       string
	version        string
	host           string
	instances      []instance
	rpc            bool // it serves gRPC
}

// instance is one process of a service.
type instance struct {
	runtimeID string
	pid       float64
}

// operation is one kind of span.
type operation struct {
	service   *service
	name      string
	resource  resourceRule
	typ       string
	class     class
	kind      string // empty: by place
	duration  scenarios.Dist
	errorRate float64
	errors    []scenarios.ErrorKind
	tags      []tagRule
	metrics   []metricRule
	calls     []call
	extras    *extraRules // nil: none
	// made says that it is made up, so that each tracer calls it by its own name.
	made bool
}

type tagRule struct {
	key       string
	values    []string
	byOutcome bool
	variable  int // as in Tag
}

// resourceRule is the resource of a kind of span: one of several, or a pattern
// and what is drawn for its number.
type resourceRule struct {
	values  []string
	pattern string // empty: one of values
	ranks   Ranks
}

type metricRule struct {
	key  string
	dist scenarios.Dist
}

// call is one step of an operation: a call, or several in parallel.
type call struct {
	to          *operation
	probability float64
	repeat      scenarios.Dist
	retries     int
	async       bool
	propagation float64
	timeout     int64           // ns; 0: as long as it takes
	backoff     int64           // ns before the first retry
	delay       *scenarios.Dist // of an async call
	when        scenarios.When
	recovers    float64
	hitRate     float64
	onMiss      []call
	parallel    []call
}

type weighted struct {
	name   string
	weight float64
}

// instancesPerService is how many processes each service runs as.
const instancesPerService = 3

// NewCatalogue makes the catalogue of a scenario that scenarios.Parse has
// accepted. Errors say which operation calls one that is not there.
func NewCatalogue(s *scenarios.Scenario, reserved Reserved) (*Catalogue, error) {
	c := &Catalogue{
		seed:       HashText(s.Seed, "catalogue"),
		reserved:   reserved,
		words:      newVocabulary(HashText(s.Seed, "words")),
		services:   map[string]*service{},
		operations: map[string]*operation{},
	}
	for _, name := range slices.Sorted(maps.Keys(s.Clients.Languages)) {
		if w := s.Clients.Languages[name]; w > 0 {
			c.languages = append(c.languages, weighted{name, w})
		}
	}
	var problems []error
	// Calls refer to operations by name, so all of them are there first.
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		src := s.Services[name]
		svc := c.addService(name, src.App, src.Type)
		svc.language = cmp.Or(languageIn(src), svc.language)
		for _, opName := range slices.Sorted(maps.Keys(src.Operations)) {
			c.operations[name+"."+opName] = c.newOperation(svc, src.Operations[opName])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Services)) {
		for _, opName := range slices.Sorted(maps.Keys(s.Services[name].Operations)) {
			full := name + "." + opName
			calls, err := c.resolve(s.Services[name].Operations[opName].Calls)
			if err != nil {
				problems = append(problems, fmt.Errorf("operation %s: %w", full, err))
			}
			c.operations[full].calls = calls
		}
	}
	return c, errors.Join(problems...)
}

// languageIn is the language of a service of which a span has a name that only
// the tracer of that language gives, or nothing.
func languageIn(src *scenarios.Service) string {
	for _, name := range slices.Sorted(maps.Keys(src.Operations)) {
		if lang := dialect.Speaker(src.Operations[name].Name); lang != "" {
			return lang
		}
	}
	return ""
}

// Services returns all services by name: the scenario's, and those made up for
// the sources prepared so far.
func (c *Catalogue) Services() map[string]Service {
	all := make(map[string]Service, len(c.services))
	for name, svc := range c.services {
		all[name] = Service{App: svc.app, Type: svc.typ}
	}
	return all
}

// Variables returns what Tag.Variable counts. The caller must not change it.
func (c *Catalogue) Variables() []Variable { return c.variables }

func (c *Catalogue) addService(name, app, typ string) *service {
	s := &stream{HashText(c.seed, name)}
	svc := &service{
		name: name, app: app, typ: typ,
		language: dialect.Language(c.language(s)),
		version:  fmt.Sprintf("%d.%d.%d", 1+s.below(5), s.below(30), s.below(12)),
		host:     fmt.Sprintf("%s-%d.internal", strings.ReplaceAll(name, "_", "-"), 1+s.below(3)),
	}
	for range instancesPerService {
		svc.instances = append(svc.instances, instance{runtimeID: uuid(s), pid: float64(1 + s.below(32_000))})
	}
	c.services[name] = svc
	return svc
}

func (c *Catalogue) language(s *stream) string {
	total := 0.0
	for _, l := range c.languages {
		total += l.weight
	}
	u := s.unit() * total
	for _, l := range c.languages {
		if u -= l.weight; u < 0 {
			return l.name
		}
	}
	return "go"
}

func (c *Catalogue) newOperation(svc *service, src *scenarios.Operation) *operation {
	op := &operation{
		service:   svc,
		name:      src.Name,
		resource:  newResource(src),
		typ:       src.Type,
		kind:      src.Kind,
		duration:  src.Duration,
		errorRate: float64(src.ErrorRate),
		errors:    src.Errors,
	}
	if op.typ == "" {
		op.typ = svc.typ
	}
	op.class = classOf(op.typ, op.name)
	svc.rpc = svc.rpc || op.class == rpc
	for _, key := range slices.Sorted(maps.Keys(src.Tags)) {
		tag := src.Tags[key]
		rule := tagRule{key: key, values: tag.Values, byOutcome: tag.ByOutcome}
		switch {
		case tag.Cardinality > 0:
			rule.variable = c.variable(Variable{key, tag.Cardinality, tag.Skew, uint64(tag.Every)})
		case !tag.ByOutcome && len(tag.Values) == 0:
			rule.values = []string{""}
		}
		op.tags = append(op.tags, rule)
	}
	for _, key := range slices.Sorted(maps.Keys(src.Metrics)) {
		op.metrics = append(op.metrics, metricRule{key, src.Metrics[key]})
	}
	op.extras = c.newExtraRules(src)
	return op
}

func newResource(src *scenarios.Operation) resourceRule {
	switch r := &src.Resource; {
	case r.Cardinality > 0:
		return resourceRule{pattern: r.Pattern, ranks: NewRanks(r.Cardinality, r.Skew)}
	case len(r.Values) > 0:
		return resourceRule{values: r.Values}
	}
	return resourceRule{values: []string{src.Name}}
}

// draw returns a resource.
func (r *resourceRule) draw(s *stream) string {
	if r.pattern != "" {
		return strings.ReplaceAll(r.pattern, scenarios.Number, strconv.FormatUint(r.ranks.Rank(s.Uint64()), 10))
	}
	return pick(s, r.values)
}

// variable returns the number, from 1, of the variable of such a tag. Tags of
// one key and form share it: in one trace, user.id is the same user throughout.
func (c *Catalogue) variable(v Variable) int {
	i := slices.Index(c.variables, v)
	if i < 0 {
		i = len(c.variables)
		c.variables = append(c.variables, v)
	}
	return i + 1
}

func (c *Catalogue) resolve(steps []scenarios.Call) ([]call, error) {
	var calls []call
	var problems []error
	for _, step := range steps {
		if len(step.Parallel) > 0 {
			inner, err := c.resolve(step.Parallel)
			if err != nil {
				problems = append(problems, err)
			}
			calls = append(calls, call{parallel: inner})
			continue
		}
		to, ok := c.operations[step.To]
		if !ok {
			problems = append(problems, fmt.Errorf("calls %q, which is no operation of the scenario; name one as service.operation", step.To))
			continue
		}
		made := call{
			to:          to,
			probability: float64(step.Probability),
			repeat:      step.Repeat,
			retries:     step.Retries,
			async:       step.Async,
			propagation: float64(step.ErrorPropagation),
			timeout:     int64(step.Timeout),
			backoff:     int64(step.Backoff),
			delay:       step.Delay,
			when:        step.When,
			recovers:    float64(step.Recovers),
		}
		if step.HitRate != nil {
			made.hitRate = float64(*step.HitRate)
			var err error
			if made.onMiss, err = c.resolve(step.OnMiss); err != nil {
				problems = append(problems, err)
			}
		}
		calls = append(calls, made)
	}
	return calls, errors.Join(problems...)
}
