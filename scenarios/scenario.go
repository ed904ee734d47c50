package scenarios

// The types of the language. Their tags are its grammar: `json` names the key,
// `doc` describes it (in the JSON Schema), `lang` holds what the type does not
// say: required; enum=a|b; one (a single value is a list of one); time or count
// for what a Dist draws; min, max and such (an example) for whole numbers.

// Scenario is a whole scenario file, defaults filled in.
type Scenario struct {
	Name             string              `json:"name" doc:"Name of the scenario, also part of the name of a record. Default: the name of the file."`
	Description      string              `json:"description,omitempty" doc:"What the scenario is for."`
	Seed             uint64              `json:"seed" lang:"such=42" doc:"Same seed, same traces. Default 1."`
	API              API                 `json:"api" lang:"enum=v0.3|v0.4|v0.5|v0.7|v1.0" doc:"Version of the trace API. Default v0.4."`
	Encoding         Encoding            `json:"encoding" lang:"enum=msgpack|json" doc:"Encoding of payloads; v0.5 and later take msgpack only. Default msgpack."`
	TracesPerRequest Dist                `json:"traces_per_request" lang:"count" doc:"How many traces a request carries, at least 1. Default 1."`
	AnnounceServices bool                `json:"announce_services" doc:"Send PUT /v0.3/services once before the load, as tracers did (/v0.4/services with any other api). Default false."`
	Headers          map[string]string   `json:"headers,omitempty" doc:"Extra request headers."`
	RealHTTPStatus   bool                `json:"real_http_status" doc:"Send Datadog-Send-Real-Http-Status, so that the agent answers 429 instead of 200 when it drops a payload. Default true."`
	Clients          Clients             `json:"clients" doc:"The tracers that send."`
	MaxInFlight      int                 `json:"max_in_flight" lang:"min=1;max=100000;such=2000" doc:"Most requests on their way at a time. Default 2000."`
	Timeout          Duration            `json:"timeout" doc:"How long to wait for an answer. Default 10s."`
	LateLimit        Duration            `json:"late_limit" doc:"How much later than due a request may be sent: a run in which more than 1% are later, though workers were free, is not valid. Or a tenth of the p99 of response times, if that is more. Default 10ms."`
	Corpus           *CorpusSize         `json:"corpus,omitempty" doc:"How much variety there is: the size of all templates together. Default {spans: 65536}."`
	Services         map[string]*Service `json:"services" doc:"The services by name. Optional when every shape is statistical."`
	Shapes           []Shape             `json:"shapes,omitempty" doc:"Recipes for traces. Optional when the load sends services only."`
	Faults           []Fault             `json:"faults,omitempty" doc:"What is malformed on purpose. A trace or request has one fault at most."`
	Load             []Phase             `json:"load" lang:"required" doc:"The phases of the load, one after the other."`
	Incidents        []Incident          `json:"incidents,omitempty" doc:"Times at which operations are slow or fail more."`
	Events           []Event             `json:"events,omitempty" doc:"What is done on purpose, to the intake, to the agent or to connections, and when."`
	Expect           []string            `json:"expect,omitempty" doc:"Expectations: [phase.]metric[.quantile] op value[unit], such as response_time.p99 < 50ms."`
}

// API is a version of the trace API.
type API string

// The trace APIs.
const (
	V03 API = "v0.3"
	V04 API = "v0.4"
	V05 API = "v0.5"
	V07 API = "v0.7"
	V10 API = "v1.0"
)

// APIs returns all of them, the oldest first.
func APIs() []API { return []API{V03, V04, V05, V07, V10} }

// TakesJSON says that payloads may be written in JSON.
func (a API) TakesJSON() bool { return a == V03 || a == V04 }

// TakesExtras says whether the API has fields for links, events and structured metadata. Where it has
// not, links and events go in tags, and structured metadata is left out.
func (a API) TakesExtras() bool { return a != V03 && a != V05 }

// Encoding is how a payload is encoded.
type Encoding string

// The encodings.
const (
	Msgpack Encoding = "msgpack"
	JSON    Encoding = "json"
)

// Clients are the tracers that send: each has connections of its own, and is of its own in all that it says about itself.
type Clients struct {
	Count      int                `json:"count" lang:"min=1;max=10000;such=10" doc:"Number of tracers. Default 1."`
	Languages  map[string]float64 `json:"languages" doc:"Weights of their languages. Default {go: 1}."`
	Containers Share              `json:"containers" doc:"Share of the tracers that run in a container, each in one of its own. Default 100%."`
	// FlushInterval, when above 0, makes requests follow from traces: each
	// tracer sends what it has once an interval.
	FlushInterval Duration `json:"flush_interval,omitempty" doc:"Each tracer collects traces and sends them this often; rates are then rates of traces, and traces_per_request follows. Default: requests are sent at the rate of the load."`
	FlushJitter   Share    `json:"flush_jitter" doc:"How far a flush may lie from its time, as a share of the interval, at most 50%. Default 10%."`
	Churn         Share    `json:"churn" doc:"Share of the tracers that drop their connections and connect anew, per second. Default 0."`
	Retries       int      `json:"retries" lang:"min=0;max=10;such=2" doc:"How often a payload is sent again that was answered 429 or 5xx, or not at all. Default 0."`
	ObeyRates     bool     `json:"obey_rates" doc:"Obey the sampling rates that the agent answers with: traces beyond them get priority 0 in place of 1. Default false."`
	Backoff       Duration `json:"backoff" doc:"How long a tracer waits before it sends again; twice as long each time. Default 100ms."`
}

// Service is one service with its operations.
type Service struct {
	App        string                `json:"app" doc:"Application it is announced under. Default: the scenario's name."`
	Type       string                `json:"type" doc:"web, db, cache, custom or any other span type; the type of its operations. Default web."`
	Operations map[string]*Operation `json:"operations" lang:"required" doc:"The operations by name, a kind of span each."`
}

// Operation is one kind of span of a service.
type Operation struct {
	Name     string   `json:"name" lang:"required" doc:"Span name, such as http.request."`
	Resource Resource `json:"resource" lang:"required" doc:"Resource, several to draw from, or a pattern with that many values."`
	Type     string   `json:"type" doc:"Span type. Default: the service's."`
	Kind     string   `json:"kind,omitempty" lang:"enum=server|client|producer|consumer|internal" doc:"span.kind. Default: by type and place in the trace."`
	// Duration is the operation's own work; its span lasts that plus what it waits for.
	Duration  Dist            `json:"duration" lang:"required;time" doc:"Its own work; its span lasts that plus what it waits for."`
	ErrorRate Share           `json:"error_rate" doc:"Share of its spans that fail by themselves. Default 0."`
	Errors    []ErrorKind     `json:"errors,omitempty" doc:"The ways in which it fails. Default: made up to fit the span type."`
	Tags      map[string]Tag  `json:"tags,omitempty" doc:"Tags (meta) of its spans."`
	Metrics   map[string]Dist `json:"metrics,omitempty" doc:"Numeric tags (metrics) of its spans."`
	// Links, Events and MetaStruct need an API that has them: see docs/scenarios.md.
	Links      Share           `json:"links,omitempty" doc:"Share of its spans that have a span link, to a span of another trace. Default 0."`
	Events     *Events         `json:"events,omitempty" doc:"Span events: how many, or a mapping. Default none."`
	MetaStruct map[string]Size `json:"meta_struct,omitempty" doc:"Structured metadata of its spans: sizes of msgpack documents by key."`
	Calls      []Call          `json:"calls,omitempty" doc:"What it calls, one after the other."`
}

// ErrorKind is one way in which an operation fails.
type ErrorKind struct {
	Type    string  `json:"type" lang:"required" doc:"error.type."`
	Message string  `json:"message,omitempty" doc:"error.message. Default: made up."`
	Weight  float64 `json:"weight" doc:"How often, against the other kinds. Default 1."`
}

// Tag is a meta value: a fixed string, one of several, by-outcome, or one of
// Cardinality generated values. In YAML: a scalar, a list, or a mapping.
type Tag struct {
	Values      []string // a fixed value has one
	ByOutcome   bool     // the scalar `by-outcome`: 200 or 5xx for http.status_code, ok or error otherwise
	Cardinality uint64   // > 0: this many distinct values, written per request
	Skew        Skew     // how the values are drawn; set when Cardinality is
	Every       int      // requests that a value lasts; 0: another one in every trace
}

// generated is the mapping form of a Tag.
type generated struct {
	Cardinality uint64 `json:"cardinality" lang:"required;min=1;max=1000000000;such=50000" doc:"Number of distinct values, a value per span as it is sent."`
	Skew        Skew   `json:"skew" lang:"enum=uniform|zipf" doc:"How the values are drawn. Default uniform."`
	Every       int    `json:"every,omitempty" lang:"min=1;max=1000000000;such=100" doc:"Draw another value only every so many requests; their traces all have the same one. Default: another one in every trace."`
}

// Resource is what an operation acts on: one of Values, or Pattern with one of
// Cardinality numbers in the place of {n}. In YAML: a scalar, a list, or a mapping.
type Resource struct {
	Values      []string // a fixed resource has one
	Pattern     string   // set when Cardinality is
	Cardinality uint64   // > 0: this many distinct values
	Skew        Skew     // how they are drawn; set when Cardinality is
}

// Number is what stands in a pattern for the number.
const Number = "{n}"

// pattern is the mapping form of a Resource.
type pattern struct {
	Pattern     string `json:"pattern" lang:"required" doc:"The resource, with {n} in the place of a number."`
	Cardinality uint64 `json:"cardinality" lang:"required;min=1;max=1000000000;such=50000" doc:"Number of distinct values, one per span as its tree is grown."`
	Skew        Skew   `json:"skew" lang:"enum=uniform|zipf" doc:"How the values are drawn. Default uniform."`
}

// Skew is how one of many values is drawn.
type Skew string

// The skews.
const (
	Uniform Skew = "uniform"
	Zipf    Skew = "zipf"
)

// CorpusSize is how large all templates together are to be: the more, the more
// different trees. At most one of Spans and Memory is set.
type CorpusSize struct {
	Spans  int  `json:"spans,omitempty" lang:"min=1000;max=20000000;such=65536" doc:"Spans in all templates, about."`
	Memory Size `json:"memory,omitempty" doc:"Memory that all templates take, about, as in 64MB."`
	// WorkingSet is how many spans of templates traces are drawn from at a time; 0 leaves it to the generator.
	WorkingSet int `json:"working_set,omitempty" lang:"min=1;max=20000000;such=16384" doc:"Spans of the templates that traces are drawn from at a time; it moves on through all of them, as traffic does. Default 1024, and no less than two requests hold."`
}

// Call is one step of an operation: a call to another operation, or several in
// parallel. In YAML: `service.operation`, `{to: …}` or `{parallel: […]}`.
// Steps run one after the other.
type Call struct {
	To          string `json:"to,omitempty" doc:"The operation called, as service.operation."`
	Probability Share  `json:"probability" doc:"How often the call is made. Default 100%."`
	Repeat      Dist   `json:"repeat" lang:"count" doc:"How many times, one after the other (inside parallel: side by side). Default 1."`
	Retries     int    `json:"retries" lang:"min=0;max=20;such=2" doc:"On error, try again at most this often. Default 0."`
	// Async calls are not waited for and may outlive their caller; their errors do not rise.
	Async bool `json:"async" doc:"Do not wait for it; it may outlive its caller and its errors do not rise. Default false."`
	// ErrorPropagation is the share of failed calls (after retries) that fail the caller.
	ErrorPropagation Share `json:"error_propagation" doc:"Share of failed calls, after retries, that fail the caller. Default 100%."`
	// Timeout is how long the caller waits for an attempt; 0: as long as it takes.
	Timeout Duration `json:"timeout,omitempty" doc:"How long the caller waits; then the call has failed with a timeout, and what was called goes on. Default: as long as it takes."`
	// Backoff is the wait before the first retry; each further one is twice as long, all ± 50%.
	Backoff Duration `json:"backoff,omitempty" doc:"Wait before the first retry, doubled for each further one, all with a jitter of half of it. Default 0s."`
	Delay   *Dist    `json:"delay,omitempty" lang:"time" doc:"How much later an async call starts, as what waits in a queue. Default 0s."`
	// When makes the call depend on whether a step before it has failed; empty: it is made anyway.
	When When `json:"when,omitempty" lang:"enum=ok|error" doc:"Make the call only if no step before it in this operation has failed (ok), or if one has (error). Default: either way."`
	// Recovers is the share of successful calls on error that make good what failed before.
	Recovers Share `json:"recovers,omitempty" doc:"Share of such successful calls on error after which the caller does not fail of what failed before. Default 0."`
	// HitRate is the share of calls that find what they look for; the others go on with OnMiss.
	HitRate  *Share `json:"hit_rate,omitempty" doc:"Share of calls, as of a cache, that find what they look for."`
	OnMiss   []Call `json:"on_miss,omitempty" doc:"What is called next when the call missed, or failed."`
	Parallel []Call `json:"parallel,omitempty" doc:"Calls side by side, in place of a single one."` // then all else is empty
}

// When says which of the steps before a call it depends on.
type When string

// The conditions of a call.
const (
	OnOK    When = "ok"
	OnError When = "error"
)

// Shape is a recipe for one kind of trace: it enters at an operation, or is drawn from statistics.
type Shape struct {
	Name   string  `json:"name" doc:"Name in reports. Default: its entry, or shape-N."`
	Weight float64 `json:"weight" doc:"How often, against the other shapes. Default 1."`
	// Templates is how many different trees it has; 0 leaves it to the corpus.
	Templates int    `json:"templates,omitempty" lang:"min=1;max=65536;such=500" doc:"How many different trees it has. Default: its part of the corpus."`
	Entry     string `json:"entry,omitempty" doc:"The operation at the root, as service.operation. Either this or statistical."`
	// Priority is the share of each sampling priority, "none" among them.
	Priority    map[string]Share `json:"priority" doc:"Share of each sampling priority: -1, 0, 1, 2 or none; one of them alone is all of it. Default {1: 100%}."`
	Statistical *Statistical     `json:"statistical,omitempty" doc:"Trees drawn from statistics. Either this or entry."`
	// PartialFlush, when above 0, is how many finished spans a tracer sends while others of their trace are open.
	PartialFlush int   `json:"partial_flush,omitempty" lang:"min=1;max=100000;such=500" doc:"Send a trace in parts, as tracers do with partial flushes: once this many of its spans have finished they go out, the rest with later requests of the same tracer. Default: traces are sent whole."`
	Late         *Late `json:"late,omitempty" doc:"Traces that are sent late: as they start earlier than others of their request. Default none."`
}

// Late says how many traces start, and end, how much earlier than the moment they are sent at.
type Late struct {
	Share Share `json:"share" lang:"required" doc:"Share of the shape's traces."`
	By    Dist  `json:"by" lang:"required;time" doc:"How much earlier they started and ended."`
}

// Statistical describes trees by their numbers.
type Statistical struct {
	Spans         Dist  `json:"spans" lang:"required;count" doc:"Spans per trace, at least 1."`
	Depth         Dist  `json:"depth" lang:"required;count" doc:"Levels of the tree, at least 1."`
	Services      int   `json:"services" lang:"min=1;max=10000;such=10" doc:"Number of services, made up beside those of the scenario; with types, at least one of each. Default 10."`
	RepeatedEdges Share `json:"repeated_edges" doc:"Share of edges (caller to callee operation) that occur more than once in their trace. Default 0."`
	// These three are aims, which the sizes of traces bend; each may be left out.
	FanOut       *Dist `json:"fan_out,omitempty" lang:"count" doc:"Distinct operations that a calling span calls, at least 1."`
	CallsPerEdge Mix   `json:"calls_per_edge,omitempty" lang:"times" doc:"Shares of edges by how often they are called in their trace, as in {1: 80%, 2: 18%, 3..9: 2%}. In place of repeated_edges."`
	Types        Mix   `json:"types,omitempty" lang:"types" doc:"Shares of calls by span type, as in {redis: 40%, web: 30%, rpc: 28%, sql: 2%}."`
	Duration     Dist  `json:"duration" lang:"time" doc:"Own work per span. Default {p50: 2ms, p99: 80ms}."`
	ErrorRate    Share `json:"error_rate" doc:"Share of spans that fail. Default 0."`
}

// Phase is one line of the load. Exactly one of Rate, Steps, Sine, Bursts is set.
type Phase struct {
	Name        string   `json:"name" doc:"Name in reports and expectations. Default phase-N."`
	Rate        *Rate    `json:"rate,omitempty" doc:"A constant rate 500/s, a ramp 100/s..2000/s, or max: a closed loop over connections."`
	Steps       *Steps   `json:"steps,omitempty" doc:"A staircase of rates."`
	Sine        *Sine    `json:"sine,omitempty" doc:"A rate that swings."`
	Bursts      *Bursts  `json:"bursts,omitempty" doc:"A base rate with bursts."`
	For         Duration `json:"for" doc:"How long. Default with steps: all of them; else required."`
	Discard     bool     `json:"discard" doc:"Leave the phase out of totals, expectations and cost, as a warm-up. Default false."`
	Connections int      `json:"connections,omitempty" lang:"min=1;max=10000;such=8" doc:"Connections of a closed loop (rate: max). Default 8."`
	Send        string   `json:"send" lang:"enum=traces|services" doc:"What is sent: traces, or services for PUT /v0.3/services (/v0.4/services with any other api) only. Default traces."`
}

// Steps raise the rate from From by By every Every until To; the last step runs at To itself.
type Steps struct {
	From  Quantity `json:"from" lang:"required" doc:"The first rate."`
	To    Quantity `json:"to" lang:"required" doc:"The last rate."`
	By    Quantity `json:"by" lang:"required" doc:"How much a step adds."`
	Every Duration `json:"every" lang:"required" doc:"How long a step lasts."`
}

// Sine is mean + amplitude·sin(2πt/period).
type Sine struct {
	Mean      Quantity `json:"mean" lang:"required" doc:"The rate in the middle."`
	Amplitude Quantity `json:"amplitude" lang:"required" doc:"How far it swings, at most the mean."`
	Period    Duration `json:"period" lang:"required" doc:"How long one swing takes."`
}

// Bursts run at Base, and at Peak for the first For of every Every.
type Bursts struct {
	Base  Quantity `json:"base" lang:"required" doc:"The rate between bursts; may be 0/s."`
	Peak  Quantity `json:"peak" lang:"required" doc:"The rate in a burst."`
	Every Duration `json:"every" lang:"required" doc:"From the start of one burst to the next."`
	For   Duration `json:"for" lang:"required" doc:"How long a burst lasts."`
}
