package results

// Capacity is what a search for an agent's capacity found: the highest rate at which all
// of the scenario's expectations hold. Rates are in its unit unless said otherwise.
type Capacity struct {
	// Answered says that there is an answer; NoAnswer says why there is none, and what to do.
	Answered bool   `json:"answered"`
	NoAnswer string `json:"no_answer,omitempty"`
	// Unit is what the rates of the search count: requests, or traces where requests follow
	// from them, as clients flush at intervals.
	Unit string `json:"unit"`
	// AnswerPerS is the answer: the highest rate that was decided to hold; zeros without one.
	AnswerPerS PerSecond `json:"answer_per_s"`
	// Low and High are the interval that the probes leave: the highest rate at which they pass
	// with the probability that holding asks for, and the lowest at which they do with that
	// of breaking; by all probes, if they pass the less the higher the rate is. Low is the answer
	// where target and machine were the same all the time. High is 0 where nothing was seen to break.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	// LimitedBy is what broke first beyond the answer: the text of an expectation, LimitSaturated
	// or LimitGenerator; empty: nothing was seen to break.
	LimitedBy string `json:"limited_by"`
	// At is what the target took, and how it fared, at the answer.
	At *CapacityAt `json:"at,omitempty"`

	// Target is the target as it was given, and Set what was set in it.
	Target string   `json:"target"`
	Set    []string `json:"set,omitempty"`
	// Expect are the expectations that had to hold.
	Expect []string `json:"expect"`
	// Precision is how near the answer and the lowest rate that breaks were to come, as a share of the answer.
	Precision float64 `json:"precision"`
	// Errors are the rates of error of the test that decides about one rate.
	Errors TestErrors `json:"errors"`
	// StartPerS is the first rate that was probed.
	StartPerS float64 `json:"start_per_s"`
	HoldS     float64 `json:"hold_s"` // the kept phase of a probe
	WarmS     float64 `json:"warm_s"` // the discarded phase before it
	// Warm says that one target served all probes; else each had a fresh one.
	Warm    bool    `json:"warm"`
	BudgetS float64 `json:"budget_s"`
	SpentS  float64 `json:"spent_s"`
	// Exhausted says that the budget ran out before the rates that hold and break were near enough.
	Exhausted bool `json:"exhausted"`

	// Knee is the rate past which response time grows faster than what is gained by it;
	// not there where too few rates were probed, or response times hardly grow.
	Knee *CapacityKnee `json:"knee,omitempty"`
	// USL is the Universal Scalability Law fitted to the probes; not there with too few of them.
	USL *USL `json:"usl,omitempty"`

	Rates  []CapacityRate `json:"rates"`  // by rate
	Probes []Probe        `json:"probes"` // in the order of time
}

// What can limit a capacity beside an expectation.
const (
	LimitSaturated = "saturated" // not all that was planned could be sent, for the target was full
	LimitDied      = "died"      // the target died
	LimitGenerator = "generator" // the tool or its machine, so that there is no answer beyond
)

// PerSecond is a rate in all of its units.
type PerSecond struct {
	Requests float64 `json:"requests"`
	Traces   float64 `json:"traces"`
	Spans    float64 `json:"spans"`
	Bytes    float64 `json:"bytes"`
}

// What the rates of a search can count.
const (
	UnitRequests = "requests"
	UnitTraces   = "traces"
)

// Answer is the answer in the unit of the search.
func (c *Capacity) Answer() float64 { return c.AnswerPerS.in(c.Unit) }

// Counts is the unit of the search per second, as it follows a number. Records of before there were
// two have none.
func (c *Capacity) Counts() string {
	if c.Unit == UnitTraces {
		return "traces/s"
	}
	return "requests/s"
}

func (p PerSecond) in(unit string) float64 {
	if unit == UnitTraces {
		return p.Traces
	}
	return p.Requests
}

// CapacityAt is the state of the target at the answer: medians over the probes there that passed.
type CapacityAt struct {
	CPUCores            float64 `json:"cpu_cores"` // CPU seconds per second
	CPUSPerMillionSpans float64 `json:"cpu_s_per_million_spans"`
	RSSMaxBytes         float64 `json:"rss_max_bytes"`
	ResponseP50NS       float64 `json:"response_p50_ns"`
	ResponseP99NS       float64 `json:"response_p99_ns"`
}

// TestErrors are the error rates of the sequential test: Holds and Breaks are how often a
// rate at which probes pass with probability PassHigh or more, or PassLow or less, is taken
// for the other kind, at most.
type TestErrors struct {
	Holds    float64 `json:"holds"`
	Breaks   float64 `json:"breaks"`
	PassHigh float64 `json:"pass_high"`
	PassLow  float64 `json:"pass_low"`
}

// CapacityKnee is the rate at which delivered rate over response time is highest: in the
// unit of the search, and in requests.
type CapacityKnee struct {
	RatePerS      float64 `json:"rate_per_s"`
	RequestsPerS  float64 `json:"requests_per_s"`
	ResponseP50NS float64 `json:"response_p50_ns"`
}

// USL is the Universal Scalability Law, throughput X(N) = λN / (1 + σ(N−1) + κN(N−1)) at N
// requests in the target, fitted to the probes.
type USL struct {
	Lambda float64 `json:"lambda"` // throughput of one request at a time
	Sigma  float64 `json:"sigma"`  // contention
	Kappa  float64 `json:"kappa"`  // coherency
	R2     float64 `json:"r2"`
	// PeakPerS is the highest throughput by the law, at PeakN in flight; 0 where it has none.
	PeakPerS float64 `json:"peak_per_s"`
	PeakN    float64 `json:"peak_n"`
	// Good says that the law describes the probes; Why not, otherwise.
	Good bool   `json:"good"`
	Why  string `json:"why,omitempty"`
}

// What was decided about a rate.
const (
	RateHolds     = "holds"
	RateBreaks    = "breaks"
	RateEdge      = "edge"      // some probes pass and some fail: the test found no decision
	RateUndecided = "undecided" // too few probes
	RateGenerator = "generator" // the generator was the limit
)

// CapacityRate is what is known of one rate.
type CapacityRate struct {
	RatePerS float64 `json:"rate_per_s"`
	Passed   int     `json:"passed"`
	Failed   int     `json:"failed"`
	Verdict  string  `json:"verdict"`
}

// What came of a probe.
const (
	ProbePassed    = "passed"
	ProbeFailed    = "failed"
	ProbeGenerator = "generator" // the run was not valid: the generator was the limit
	ProbeBroken    = "broken"    // the run could not be made; Broke says why
)

// Probe is one run at one rate.
type Probe struct {
	Record   string   `json:"record"` // its folder, below that of this record
	RatePerS float64  `json:"rate_per_s"`
	Purpose  string   `json:"purpose"` // region, narrow or confirm
	AtS      float64  `json:"at_s"`    // when it began, in seconds of the search
	Outcome  string   `json:"outcome"`
	Broke    []string `json:"broke"` // what did not hold: expectations, saturated, died

	SentPerS PerSecond `json:"sent_per_s"` // of the kept phase
	// UnitsPerRequest is how much of the unit of the search a request carries on average: 1, or
	// traces. One that is sent in parts is one.
	UnitsPerRequest float64 `json:"units_per_request"`
	DeliveredPerS   float64 `json:"delivered_per_s"` // requests answered 2xx, times UnitsPerRequest
	AcceptedPerS    float64 `json:"accepted_per_s"`  // traces, of the whole run over the time of its load
	InFlight        float64 `json:"in_flight"`       // on average, by Little's law

	ServiceTime         Quantiles `json:"service_time_ns"`
	ResponseTime        Quantiles `json:"response_time_ns"`
	CPUCores            float64   `json:"cpu_cores"`
	CPUSPerMillionSpans float64   `json:"cpu_s_per_million_spans"`
	RSSMaxBytes         uint64    `json:"rss_max_bytes"`
}
