// Package results is the record: what one run leaves on disk, complete enough
// to report on without the run.
//
// A record is a folder. Its heart is record.json (type [Record]); beside it lie
// the histograms in HdrHistogram's own log format and, after a report, the
// charts. Field names end in their unit (`_ns`, `_s`, `_bytes`, `_per_s`).
package results

import (
	"encoding/json"
	"time"
)

// SchemaVersion is the version of record.json that this code writes.
const SchemaVersion = 1

// Record is the content of record.json.
type Record struct {
	SchemaVersion int `json:"schema_version"`

	// Valid says that the figures speak of the target and not of the
	// generator; InvalidReasons says why they do not.
	Valid          bool     `json:"valid"`
	InvalidReasons []string `json:"invalid_reasons"`
	// Saturated says that the target could not keep up with the planned load.
	Saturated bool `json:"saturated"`
	// Complete is false in a record saved while its run was still going on.
	Complete    bool `json:"complete"`
	Interrupted bool `json:"interrupted"`
	// Warnings are findings that do not make the run invalid.
	Warnings []string `json:"warnings"`

	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at"`

	// Scenario is the resolved scenario; it parses as a scenario file.
	Scenario    json.RawMessage `json:"scenario"`
	Name        string          `json:"name"`
	Seed        uint64          `json:"seed"`
	RunKey      string          `json:"run_key"`     // 32 hex digits
	Fingerprint string          `json:"fingerprint"` // of the corpus
	API         string          `json:"api"`
	Encoding    string          `json:"encoding"`
	Layout      Layout          `json:"layout"`

	Tool    Tool    `json:"tool"`
	Machine Machine `json:"machine"`
	Target  Target  `json:"target"`

	// FirstAnswer is what the first trace was answered, before the load; of several
	// that were sent, the last that was answered. Not there where none was.
	FirstAnswer *FirstAnswer `json:"first_answer,omitempty"`
	// SamplingRates are those that the target told last, by service and environment
	// as it names them, whether or not tracers obeyed them.
	SamplingRates map[string]float64 `json:"sampling_rates,omitempty"`

	Requests Requests `json:"requests"`
	Load     Load     `json:"load"`
	Phases   []Phase  `json:"phases"`
	// RateMarks say which sampling rates tracers obeyed, and from which seq on.
	RateMarks []RateMark `json:"rate_marks,omitempty"`
	// Incidents are those that the run came to, in order.
	Incidents []Incident `json:"incidents"`
	// OutsideIncidents is the rest of the kept phases, where there are incidents.
	OutsideIncidents *Portion `json:"outside_incidents,omitempty"`

	// Events are those that came about, in order.
	Events []Event `json:"events"`

	// Pressure says when and how the target gave way; not there if it took all.
	Pressure *Pressure `json:"pressure,omitempty"`
	// LastArrivalS is when the last trace came out at the intake, in seconds since the load
	// began; 0: none did.
	LastArrivalS float64 `json:"last_arrival_s"`

	// EndToEnd is how long traces took from the moment their request was due to the intake;
	// not there where none came out, or nothing was due.
	EndToEnd *EndToEnd `json:"end_to_end_ns,omitempty"`

	Totals        Latencies     `json:"totals"`
	Ledger        Ledger        `json:"ledger"`
	Resources     Resources     `json:"resources"`
	Announcements Announcements `json:"announcements"`
	Expectations  []Judgement   `json:"expectations"`
	Seconds       []Second      `json:"seconds"`

	// Of a procedure that is made of many runs, whose records lie below this one: what it
	// found. What a single run has is then empty.
	Capacity   *Capacity   `json:"capacity,omitempty"`
	Comparison *Comparison `json:"comparison,omitempty"`
	// Round says which run of a comparison this is; not there in any other.
	Round *Round `json:"round,omitempty"`
}

// Round is the place of a run in a comparison.
type Round struct {
	Comparison string `json:"comparison"` // an id that all of its runs share
	Round      int    `json:"round"`      // from 1
	Label      string `json:"label"`      // of the target: a, b, …
}

// Layout is how an ordinal is made of a request's seq: ordinal = seq·2^ChunkBits + i.
type Layout struct {
	ChunkBits uint8 `json:"chunk_bits"`
	SpanBits  uint8 `json:"span_bits"`
}

// Tool is the spanstorm that made the record.
type Tool struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`
	Go      string `json:"go"`
}

// Machine is where the run took place.
type Machine struct {
	OS          string `json:"os"`
	Arch        string `json:"arch"`
	Kernel      string `json:"kernel,omitempty"`
	CPUModel    string `json:"cpu_model,omitempty"`
	CPUs        int    `json:"cpus"`
	MemoryBytes uint64 `json:"memory_bytes,omitempty"`
}

// Target is the agent under test.
type Target struct {
	Name    string   `json:"name"`
	Version string   `json:"version,omitempty"`
	URL     string   `json:"url"`
	Command []string `json:"command,omitempty"` // empty when it was not started here
	Set     []string `json:"set,omitempty"`     // what was set in it, PATH=VALUE
	// Gone says that one that was not started here answered no more when the load was over.
	Gone bool `json:"gone,omitempty"`
	// Watched names the process, or control group, that was measured and was not
	// started here.
	Watched string `json:"watched,omitempty"`
	// Exit is set when the target ended before it was asked to.
	Exit *Exit `json:"exit,omitempty"`
	// Restarts are the ends after which it was started again, in order.
	Restarts   []Restart `json:"restarts,omitempty"`
	StderrTail []string  `json:"stderr_tail"`
}

// Exit is how a target ended.
type Exit struct {
	Code   int     `json:"code"` // -1 when a signal ended it, or when that is not known
	Signal string  `json:"signal,omitempty"`
	Reason string  `json:"reason,omitempty"` // why, where that is known
	AtS    float64 `json:"at_s"`             // seconds since the load began
	// CutOff is how many requests were on their way, and lost their connection; CutOffSeqs
	// are the first few of them.
	CutOff     uint64   `json:"cut_off"`
	CutOffSeqs []uint64 `json:"cut_off_seqs,omitempty"`
}

// Requests counts requests with traces: planned = sent + unsent,
// sent = answered + the sum of Errors; delivered counts the 2xx among answered.
type Requests struct {
	Planned        uint64            `json:"planned"`
	Sent           uint64            `json:"sent"`
	Unsent         uint64            `json:"unsent"`
	Answered       uint64            `json:"answered"`
	Delivered      uint64            `json:"delivered"`
	Retried        uint64            `json:"retried"`
	Withheld       uint64            `json:"withheld"`
	UnexpectedBody uint64            `json:"unexpected_body"`
	ByCode         map[string]uint64 `json:"by_code"`
	Errors         Errors            `json:"errors"`
	// ErrorExamples holds the first few error texts per class.
	ErrorExamples map[string][]string `json:"error_examples,omitempty"`
	// ClampedSendDelays counts sends slightly before their due time.
	ClampedSendDelays uint64 `json:"clamped_send_delays"`
}

// Add adds the counts of s, and its examples of errors where r has none.
func (r *Requests) Add(s Requests) {
	r.Planned += s.Planned
	r.Sent += s.Sent
	r.Unsent += s.Unsent
	r.Answered += s.Answered
	r.Delivered += s.Delivered
	r.Retried += s.Retried
	r.Withheld += s.Withheld
	r.UnexpectedBody += s.UnexpectedBody
	r.ClampedSendDelays += s.ClampedSendDelays
	if r.ByCode == nil {
		r.ByCode = map[string]uint64{}
	}
	for code, n := range s.ByCode {
		r.ByCode[code] += n
	}
	r.Errors = r.Errors.Plus(s.Errors)
	if r.ErrorExamples == nil {
		r.ErrorExamples = map[string][]string{}
	}
	for class, texts := range s.ErrorExamples {
		if len(r.ErrorExamples[class]) == 0 {
			r.ErrorExamples[class] = texts
		}
	}
}

// Errors counts requests without an answer, by class.
type Errors struct {
	Timeout uint64 `json:"timeout"`
	Refused uint64 `json:"refused"` // connection refused
	Reset   uint64 `json:"reset"`
	EOF     uint64 `json:"eof"`
	BadHTTP uint64 `json:"bad_http"` // the answer is no HTTP
	Other   uint64 `json:"other"`    // includes requests cut off by an interrupt
}

// Total is the number of requests without an answer.
func (e Errors) Total() uint64 {
	return e.Timeout + e.Refused + e.Reset + e.EOF + e.BadHTTP + e.Other
}

// Plus is the sum of both, class by class.
func (e Errors) Plus(f Errors) Errors {
	return Errors{Timeout: e.Timeout + f.Timeout, Refused: e.Refused + f.Refused, Reset: e.Reset + f.Reset, EOF: e.EOF + f.EOF, BadHTTP: e.BadHTTP + f.BadHTTP, Other: e.Other + f.Other}
}

// Load is what was sent.
type Load struct {
	Traces uint64 `json:"traces"`
	Spans  uint64 `json:"spans"`
	Bytes  uint64 `json:"bytes"` // bodies only
}

// Phase is one line of the scenario's load.
type Phase struct {
	Name      string    `json:"name"`
	Discarded bool      `json:"discarded"`
	Send      string    `json:"send"`    // traces | services
	Profile   string    `json:"profile"` // as the scenario says it, for people
	Closed    bool      `json:"closed"`  // rate: max; due-time figures do not apply
	FirstSeq  uint64    `json:"first_seq"`
	Planned   uint64    `json:"planned"`
	Sent      uint64    `json:"sent"`
	StartedAt time.Time `json:"started_at"`
	// StartS and EndS place the phase on the axis of Seconds.
	StartS float64 `json:"start_s"`
	EndS   float64 `json:"end_s"`
	// TimeMarks say, for a closed loop, from which seq on which time was
	// written into the spans. An open loop writes the due time.
	TimeMarks []TimeMark `json:"time_marks,omitempty"`

	RatePlannedPerS float64 `json:"rate_planned_per_s"` // requests; 0 for a closed loop
	RateSentPerS    float64 `json:"rate_sent_per_s"`
	TracesPerS      float64 `json:"traces_per_s"`
	SpansPerS       float64 `json:"spans_per_s"`
	BytesPerS       float64 `json:"bytes_per_s"`

	Requests Requests `json:"requests"`
	Latencies
}

// RateMark says that from request Seq on tracers obeyed these sampling rates, by
// service and environment as the agent names them.
type RateMark struct {
	Seq   uint64             `json:"seq"`
	Rates map[string]float64 `json:"rates"`
}

// TimeMark says that payloads from Seq on carry the time UnixNS.
type TimeMark struct {
	Seq    uint64 `json:"seq"`
	UnixNS int64  `json:"unix_ns"`
}

// Latencies are the three times of a request.
type Latencies struct {
	SendDelay    Quantiles `json:"send_delay_ns"`
	ServiceTime  Quantiles `json:"service_time_ns"`
	ResponseTime Quantiles `json:"response_time_ns"`
	// Percentiles are the same three as curves, for a log-percentile axis.
	Percentiles []Percentile `json:"percentiles"`
}

// Quantiles of a distribution of nanoseconds.
type Quantiles struct {
	Count uint64  `json:"count"`
	Mean  float64 `json:"mean"`
	Min   int64   `json:"min"`
	P50   int64   `json:"p50"`
	P90   int64   `json:"p90"`
	P99   int64   `json:"p99"`
	P999  int64   `json:"p99_9"`
	Max   int64   `json:"max"`
	// OverRange counts values past the histogram's range; they are in Count and Max as the range's end.
	OverRange uint64 `json:"over_range,omitempty"`
}

// Percentile is one point of the percentile curves.
type Percentile struct {
	Percentile     float64 `json:"percentile"` // 0..100
	SendDelayNS    int64   `json:"send_delay_ns"`
	ServiceTimeNS  int64   `json:"service_time_ns"`
	ResponseTimeNS int64   `json:"response_time_ns"`
}

// EndToEnd is the delay of traces that came out, in the kept phases.
type EndToEnd struct {
	Quantiles
	// Share is that of the traces that were looked at: 1, or in long runs less, drawn uniformly.
	Share float64 `json:"share"`
}

// Resources are CPU and memory as the operating system counted them.
type Resources struct {
	Generator Usage       `json:"generator"`
	Intake    Usage       `json:"intake"`
	Target    TargetUsage `json:"target"`
	// Machine is omitted where the system does not tell.
	Machine MachineUsage `json:"machine,omitzero"`
}

// Usage of one process.
type Usage struct {
	CPUS        float64 `json:"cpu_s"`
	RSSMaxBytes uint64  `json:"rss_max_bytes"`
}

// TargetUsage is Usage over the kept phases, with the cost per span sent in them.
type TargetUsage struct {
	Usage
	CPUSPerMillionSpans float64 `json:"cpu_s_per_million_spans"`
	// The most threads and open file descriptors that it had at the end of a
	// second, or in between; 0 where the system does not tell.
	ThreadsMax uint64 `json:"threads_max,omitempty"`
	FDsMax     uint64 `json:"fds_max,omitempty"`
	// Of a Go program whose expvar page tells: collections of garbage since the
	// begin of the load, and for how long they held it up.
	GCCount       uint64  `json:"gc_count,omitempty"`
	GCPauseTotalS float64 `json:"gc_pause_total_s,omitempty"`
}

// Announcements counts PUT /v0.3/services, or /v0.4/services.
type Announcements struct {
	Sent   uint64            `json:"sent"`
	ByCode map[string]uint64 `json:"by_code"`
	Errors Errors            `json:"errors"`
}

// Judgement is an expectation held against the record.
type Judgement struct {
	Text string `json:"text"`
	Got  string `json:"got"`
	Met  bool   `json:"met"`
}

// Second is one second of the run, by the time a request was due (closed loop: sent).
type Second struct {
	T         int               `json:"t_s"`
	Phase     string            `json:"phase"`
	Planned   uint64            `json:"planned"`
	Sent      uint64            `json:"sent"`
	Delivered uint64            `json:"delivered"`
	ByCode    map[string]uint64 `json:"by_code,omitempty"`
	Errors    Errors            `json:"errors"`

	SendDelay    Quantiles `json:"send_delay_ns"`
	ServiceTime  Quantiles `json:"service_time_ns"`
	ResponseTime Quantiles `json:"response_time_ns"`

	// EndToEnd is of the traces that came out, by when their requests were due.
	EndToEnd *Quantiles `json:"end_to_end_ns,omitempty"`

	InFlightMax int    `json:"in_flight_max"`
	Accepted    uint64 `json:"accepted"` // traces that arrived at the intake in this second
	// Missing are traces that were due in this second and delivered, were to be kept,
	// and never came out: in the ledger they are missing or dropped.
	Missing           uint64  `json:"missing,omitempty"`
	TargetCPUS        float64 `json:"target_cpu_s"`
	TargetRSSBytes    uint64  `json:"target_rss_bytes"`
	TargetThreads     uint64  `json:"target_threads,omitempty"` // at the end of the second; 0: not known
	TargetFDs         uint64  `json:"target_fds,omitempty"`     // open file descriptors, likewise
	GeneratorCPUS     float64 `json:"generator_cpu_s"`
	GeneratorRSSBytes uint64  `json:"generator_rss_bytes"`
	MachineCPUS       float64 `json:"machine_cpu_s,omitempty"`        // of all programs
	MachineStolenCPUS float64 `json:"machine_stolen_cpu_s,omitempty"` // that the host of a virtual machine gave to others
}
