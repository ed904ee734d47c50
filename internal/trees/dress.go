package trees

import (
	"strconv"

	"github.com/spanstorm/spanstorm/internal/trees/internal/dialect"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Dresser grows trees and gives their nodes what tracers write on spans: tags,
// metrics, errors. It keeps its buffers from tree to tree, so each goroutine
// needs one of its own, and what it returns is good until the next tree.
//
// What tracers send was read from dd-trace-go (ddtrace/tracer/tracer.go, span.go
// and spancontext.go), dd-trace-js (span_format.js), dd-trace-java (DDSpanContext)
// and from the recorded traces of dd-trace-py (tests/snapshots):
//
//   - every span: env, component, span.kind; those of the tracer's own service: version;
//   - the first span of each process: language, process_id, runtime-id, and what a
//     language has besides; in Go and Node the former two on every span, in Java the thread;
//   - the first span of each service: _dd.top_level (_top_level, without _dd, is
//     what agents add); of databases and of brokers when a message is sent, whose
//     spans the caller's tracer makes: _dd.base_service, the caller;
//   - spans of integrations, so all but internal ones: _dd.measured; in Go not
//     beside _dd.top_level;
//   - the root: _dd.p.dm and _dd.agent_psr, how it came to be sampled; the
//     encoder adds _dd.p.tid and _sampling_priority_v1;
//   - http.*, rpc.*, db.*, messaging.* by class and language: requests.go, database.go, messages.go;
//   - failed spans: error.message, error.type, error.stack.
//
// The scenario's own tags and metrics come last and win.
type Dresser struct {
	catalogue   *Catalogue
	nodes       []node
	spans       []Span
	meta        []Tag
	metrics     []Metric
	failures    []failure
	environment string
	from        int // where the tags of the span in hand begin in meta
	fromMetrics int
}

// environment is the env tag of traces whose entry does not set it.
const environment = "load-test"

// NewDresser returns a dresser of trees of the catalogue's sources.
func NewDresser(c *Catalogue) *Dresser { return &Dresser{catalogue: c} }

// Spans returns the spans of tree t of a prepared source, parents before
// children. The error says that the scenario lets a trace grow too large.
func (d *Dresser) Spans(src *Source, t int) ([]Span, error) {
	nodes, err := src.grow(d.nodes, t)
	if err != nil {
		return nil, err
	}
	d.nodes = nodes
	return d.dress(nodes, src.key(t)), nil
}

// dress returns the spans of a tree. The key is the tree's own.
func (d *Dresser) dress(nodes []node, key uint64) []Span {
	d.spans, d.meta, d.metrics = d.spans[:0], d.meta[:0], d.metrics[:0]
	d.environment = environment
	for _, rule := range nodes[0].op.tags {
		if rule.key == "env" && len(rule.values) == 1 {
			d.environment = rule.values[0]
		}
	}
	d.blame(nodes, key)
	for k := range nodes {
		n := &nodes[k]
		s := &stream{Hash(key, uint64(k))}
		var caller *service
		if n.parent >= 0 {
			caller = nodes[n.parent].op.service
		}
		d.from, d.fromMetrics = len(d.meta), len(d.metrics)
		resource := n.op.resource.draw(s)
		d.tagSpan(n, k, caller, resource, key, s)
		d.tagByScenario(n, k, s)
		d.spans = append(d.spans, Span{
			Service: n.op.service.name, Name: n.op.nameAt(caller, n.async), Resource: resource, Type: n.op.typ,
			Parent: n.parent, Start: n.start, Duration: n.duration, Error: n.failed,
			Meta:    d.meta[d.from:len(d.meta):len(d.meta)],
			Metrics: d.metrics[d.fromMetrics:len(d.metrics):len(d.metrics)],
			Extras:  d.extras(n, key, k),
		})
	}
	return d.spans
}

func (d *Dresser) tagSpan(n *node, k int, caller *service, resource string, key uint64, s *stream) {
	op, svc := n.op, n.op.service
	tracer := op.tracer(caller)
	lang := tracer.language
	kind := op.kindAt(caller, n.async)
	d.set("env", d.environment)
	if component := op.component(lang, kind); component != "" {
		d.set("component", component)
	}
	d.set("span.kind", kind)
	if tracer == svc {
		d.set("version", tracer.version)
	} else {
		d.set("_dd.base_service", tracer.name)
	}
	first := tracer != caller
	d.tagProcess(tracer, key, first)
	if lang == "go" || first && lang == "java" {
		if svc != caller {
			d.measure("_dd.trace_span_attribute_schema", 0)
		}
	}
	if svc != caller {
		d.measure("_dd.top_level", 1)
	}
	if kind != internal && (lang != "go" || svc == caller) { // in Go, the former says it all
		d.measure("_dd.measured", 1)
	}
	if k == 0 {
		d.set("_dd.p.dm", "-1") // by the rate that the agent asked for
		d.measure("_dd.agent_psr", 1)
	}
	switch op.class {
	case web:
		d.tagHTTP(n, k, kind, resource, lang, caller, s)
	case rpc:
		d.tagRPC(n, k, resource, lang)
	case sql, cache, store:
		d.tagDatabase(op, resource, tracer, s)
	case queue:
		d.tagMessage(n, kind, resource, tracer, s)
	}
	if n.failed {
		f := &d.failures[k]
		d.set("error.type", f.typ)
		d.set("error.message", f.message)
		d.set("error.stack", f.stack(tracer, s))
	}
}

// tagProcess tags the process that a span is of; first says that no span of it
// calls this one.
func (d *Dresser) tagProcess(tracer *service, key uint64, first bool) {
	lang := tracer.language
	process := tracer.instances[Below(Hash(key, uint64(tracer.instances[0].pid)), instancesPerService)]
	if first || dialect.Everywhere(lang) {
		d.set("language", dialect.Tag(lang))
		d.measure("process_id", process.pid)
	}
	if first {
		d.set("runtime-id", process.runtimeID)
	}
	switch lang {
	case "java":
		thread := Below(Hash(^key, uint64(process.pid)), threads)
		name := "http-nio-8080-exec-"
		if tracer.rpc {
			name = "grpc-default-executor-"
		}
		d.set("thread.name", name+strconv.FormatUint(thread+1, 10))
		d.measure("thread.id", float64(40+thread))
		if first {
			d.measure("_dd.profiling.enabled", 0)
		}
	case "python":
		if first {
			d.measure("_dd.tracer_kr", 1)
		}
	}
}

// threads is how many threads of a process in Java serve requests.
const threads = 32

// tagByScenario sets what the scenario says of the operation.
func (d *Dresser) tagByScenario(n *node, k int, s *stream) {
	for i := range n.op.tags {
		rule := &n.op.tags[i]
		switch {
		case rule.key == d.catalogue.reserved.Tag: // the encoder's
		case rule.variable > 0:
			d.insert(Tag{Key: rule.key, Variable: rule.variable})
		case rule.byOutcome && rule.key == "http.status_code":
			d.tagStatus(n, k, "", s)
		case rule.byOutcome:
			d.set(rule.key, map[bool]string{false: "ok", true: "error"}[n.failed])
		default:
			d.set(rule.key, pick(s, rule.values))
		}
	}
	for _, rule := range n.op.metrics {
		if rule.key != d.catalogue.reserved.Metric { // the encoder's
			d.measure(rule.key, drawNumber(rule.dist, s.Uint64()))
		}
	}
}

// drawNumber draws a metric, to three decimals: the last bits of a quantile may
// differ between machines.
func drawNumber(d scenarios.Dist, h uint64) float64 {
	q := d.Quantile(unit(h))
	if d.Kind == scenarios.Constant || d.Kind == scenarios.UniformInt || q > 1e12 || q < -1e12 {
		return q
	}
	return float64(int64(q*1000+0.5)) / 1000
}

// set sets a tag of the span in hand.
func (d *Dresser) set(key, value string) { d.insert(Tag{Key: key, Value: value}) }

// insert keeps the tags of the span in hand in the order of their keys.
func (d *Dresser) insert(tag Tag) {
	at := len(d.meta)
	for at > d.from && d.meta[at-1].Key >= tag.Key {
		at--
	}
	if at < len(d.meta) && d.meta[at].Key == tag.Key {
		d.meta[at] = tag
		return
	}
	d.meta = append(d.meta, Tag{})
	copy(d.meta[at+1:], d.meta[at:])
	d.meta[at] = tag
}

// measure sets a metric of the span in hand.
func (d *Dresser) measure(key string, value float64) {
	for i := d.fromMetrics; i < len(d.metrics); i++ {
		if d.metrics[i].Key == key {
			d.metrics[i].Value = value
			return
		}
	}
	d.metrics = append(d.metrics, Metric{Key: key, Value: value})
}
