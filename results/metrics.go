package results

// kind says what a metric is made of and so which values it may be compared with.
type kind uint8

const (
	kindLatency kind = iota // nanoseconds, with a quantile
	kindCount               // whole things
	kindCode                // whole answers of one status code, `requests.by_code.429`
	kindShare               // 0..1, always shown in percent
	kindRate                // per second
	kindSeconds
	kindBytes
)

func (k kind) remedy() string {
	switch k {
	case kindLatency:
		return "write a duration such as 50ms or 1.5s"
	case kindShare:
		return "write a percentage such as 0.1%"
	case kindRate:
		return "write a rate such as 500/s"
	case kindSeconds:
		return "write seconds such as 12.5"
	case kindBytes:
		return "write a size such as 200MB"
	default:
		return "write a whole number, or a percentage such as 99.9% where it applies"
	}
}

// metric is one name that an expectation may hold against a record.
type metric struct {
	name     string
	kind     kind
	of       string // what 100% is, for people; empty when there is no percentage
	meaning  string
	percent  bool
	perPhase bool
	spans    bool // `.spans` counts spans
	code     string
	arrival  bool // read off what came out of the target
	sampled  bool // read off a sample of that

	// Exactly one of these reads the figure; base is what 100% is.
	latency  func(*Latencies) *Quantiles
	ofRun    func(*Record) *Quantiles // a latency that phases do not have
	account  func(*Ledger) (part, base Count)
	requests func(*Requests) (part, base uint64)
	rate     func(*Phase) (got, planned float64)
	record   func(*Record) (got, base float64)
}

// quantileNames are the quantiles of a latency that an expectation may name.
func quantileNames() []string {
	return []string{"p50", "p75", "p90", "p95", "p99", "p99_9", "p99_99", "mean", "min", "max"}
}

// metricTable is the closed list of metrics.
func metricTable() []metric {
	latency := func(name, meaning string, f func(*Latencies) *Quantiles) metric {
		return metric{name: name, kind: kindLatency, perPhase: true, meaning: meaning, latency: f}
	}
	column := func(name, of, meaning string, f func(*Ledger) (part, base Count)) metric {
		return metric{name: name, kind: kindCount, of: of, percent: of != "", spans: true, meaning: meaning, account: f}
	}
	arrival := func(name, of, meaning string, f func(*Ledger) (part, base Count)) metric {
		m := column(name, of, meaning, f)
		m.arrival = true
		return m
	}
	sampled := func(name, of, meaning string, f func(*Ledger) (part, base Count)) metric {
		m := arrival(name, of, meaning, f)
		m.sampled = true
		return m
	}
	requests := func(name, of, meaning string, f func(*Requests) (part, base uint64)) metric {
		return metric{name: name, kind: kindCount, of: of, percent: of != "", perPhase: true, meaning: meaning, requests: f}
	}
	whole := func(name string, k kind, meaning string, f func(*Record) (got, base float64)) metric {
		return metric{name: name, kind: k, meaning: meaning, record: f}
	}
	rate := func(name, meaning string, f func(*Phase) (got, planned float64)) metric {
		return metric{name: name, kind: kindRate, of: "planned", percent: name == "rate_sent_per_s", perPhase: true, meaning: meaning, rate: f}
	}
	table := []metric{
		latency("response_time", "last byte of the answer − due", func(l *Latencies) *Quantiles { return &l.ResponseTime }),
		latency("service_time", "last byte of the answer − actual send", func(l *Latencies) *Quantiles { return &l.ServiceTime }),
		latency("send_delay", "actual send − due", func(l *Latencies) *Quantiles { return &l.SendDelay }),

		{name: "end_to_end", kind: kindLatency, meaning: "a trace's arrival at the intake − when its request was due", ofRun: func(r *Record) *Quantiles {
			if r.EndToEnd == nil {
				return &Quantiles{}
			}
			return &r.EndToEnd.Quantiles
		}},

		column("sent", "", "traces sent", func(l *Ledger) (Count, Count) { return l.Sent, Count{} }),
		column("delivered", "sent", "traces answered 2xx", func(l *Ledger) (Count, Count) { return l.Delivered, l.Sent }),
		column("refused", "sent", "traces answered otherwise", func(l *Ledger) (Count, Count) { return l.Refused, l.Sent }),
		column("unanswered", "sent", "traces without an answer", func(l *Ledger) (Count, Count) { return l.Unanswered, l.Sent }),
		arrival("accepted", "delivered", "delivered traces that came out", func(l *Ledger) (Count, Count) { return l.Accepted, l.Delivered }),
		arrival("sampled_out", "delivered", "delivered traces left out by their priority", func(l *Ledger) (Count, Count) { return l.SampledOut, l.Delivered }),
		arrival("dropped", "delivered", "delivered traces that the target says it dropped", func(l *Ledger) (Count, Count) { return l.Dropped, l.Delivered }),
		arrival("missing", "delivered", "delivered traces that came out nowhere", func(l *Ledger) (Count, Count) { return l.Missing, l.Delivered }),
		arrival("duplicated", "delivered", "traces that came out more than once", func(l *Ledger) (Count, Count) { return l.Duplicated, l.Delivered }),
		arrival("duplicated_by_retry", "delivered", "traces that came out again because they were sent again", func(l *Ledger) (Count, Count) { return l.DuplicatedByRetry, l.Delivered }),
		arrival("partial", "delivered", "delivered traces that came out without some spans", func(l *Ledger) (Count, Count) { return l.Partial, l.Delivered }),
		arrival("accepted_though_refused", "refused", "refused traces that came out all the same", func(l *Ledger) (Count, Count) { return l.AcceptedThoughRefused, l.Refused }),
		arrival("accepted_though_unanswered", "unanswered", "unanswered traces that came out all the same", func(l *Ledger) (Count, Count) { return l.AcceptedThoughUnanswered, l.Unanswered }),
		sampled("altered", "compared", "traces in which the target rewrote something, of a sample that was compared with what was sent", func(l *Ledger) (Count, Count) {
			if l.Altered == nil {
				return Count{}, Count{}
			}
			return l.Altered.Altered, l.Altered.Compared
		}),
		arrival("foreign", "", "what came out under ids that nobody sent", func(l *Ledger) (Count, Count) { return l.Foreign, Count{} }),

		requests("requests.planned", "", "requests due by the schedule", func(r *Requests) (uint64, uint64) { return r.Planned, 0 }),
		requests("requests.sent", "planned", "requests sent", func(r *Requests) (uint64, uint64) { return r.Sent, r.Planned }),
		requests("requests.unsent", "planned", "requests due but never sent", func(r *Requests) (uint64, uint64) { return r.Unsent, r.Planned }),
		requests("requests.answered", "sent", "requests with any answer", func(r *Requests) (uint64, uint64) { return r.Answered, r.Sent }),
		requests("requests.delivered", "sent", "requests answered 2xx", func(r *Requests) (uint64, uint64) { return r.Delivered, r.Sent }),
		requests("requests.retried", "sent", "requests sent again", func(r *Requests) (uint64, uint64) { return r.Retried, r.Sent }),
		requests("requests.withheld", "planned", "requests that a client held back", func(r *Requests) (uint64, uint64) { return r.Withheld, r.Planned }),
		requests("requests.unexpected_body", "sent", "2xx whose body is not what the API answers", func(r *Requests) (uint64, uint64) { return r.UnexpectedBody, r.Sent }),
		requests("requests.errors.timeout", "sent", "requests timed out", func(r *Requests) (uint64, uint64) { return r.Errors.Timeout, r.Sent }),
		requests("requests.errors.refused", "sent", "connections refused", func(r *Requests) (uint64, uint64) { return r.Errors.Refused, r.Sent }),
		requests("requests.errors.reset", "sent", "connections reset", func(r *Requests) (uint64, uint64) { return r.Errors.Reset, r.Sent }),
		requests("requests.errors.eof", "sent", "connections closed without an answer", func(r *Requests) (uint64, uint64) { return r.Errors.EOF, r.Sent }),
		requests("requests.errors.bad_http", "sent", "answers that are no HTTP", func(r *Requests) (uint64, uint64) { return r.Errors.BadHTTP, r.Sent }),
		requests("requests.errors.other", "sent", "other requests without an answer", func(r *Requests) (uint64, uint64) { return r.Errors.Other, r.Sent }),
		requests("requests.errors", "sent", "requests without an answer", func(r *Requests) (uint64, uint64) { return r.Errors.Total(), r.Sent }),
		{name: "requests.by_code.", kind: kindCode, of: "sent", percent: true, perPhase: true, meaning: "requests answered with that status code, as in requests.by_code.429"},
		{name: "error_rate", kind: kindShare, of: "sent", percent: true, perPhase: true, meaning: "share of the requests sent that were not answered 2xx",
			requests: func(r *Requests) (uint64, uint64) { return r.Sent - min(r.Sent, r.Delivered), r.Sent }},

		rate("rate_sent_per_s", "requests sent per second", func(p *Phase) (float64, float64) { return p.RateSentPerS, p.RatePlannedPerS }),
		rate("traces_per_s", "traces sent per second", func(p *Phase) (float64, float64) { return p.TracesPerS, 0 }),
		rate("spans_per_s", "spans sent per second", func(p *Phase) (float64, float64) { return p.SpansPerS, 0 }),

		whole("target.cpu_s_per_million_spans", kindSeconds, "CPU seconds of the target per million spans, kept phases", func(r *Record) (float64, float64) { return r.Resources.Target.CPUSPerMillionSpans, 0 }),
		whole("target.cpu_s", kindSeconds, "CPU seconds of the target, kept phases", func(r *Record) (float64, float64) { return r.Resources.Target.CPUS, 0 }),
		whole("target.rss_max_bytes", kindBytes, "most memory of the target", func(r *Record) (float64, float64) { return float64(r.Resources.Target.RSSMaxBytes), 0 }),
		whole("generator.cpu_s", kindSeconds, "CPU seconds of the generator", func(r *Record) (float64, float64) { return r.Resources.Generator.CPUS, 0 }),
		whole("generator.rss_max_bytes", kindBytes, "most memory of the generator", func(r *Record) (float64, float64) { return float64(r.Resources.Generator.RSSMaxBytes), 0 }),
		whole("announcements.sent", kindCount, "service announcements sent", func(r *Record) (float64, float64) { return float64(r.Announcements.Sent), 0 }),
		whole("announcements.delivered", kindCount, "service announcements answered 2xx", func(r *Record) (float64, float64) {
			return float64(countDelivered(r.Announcements.ByCode)), float64(r.Announcements.Sent)
		}),
		whole("announcements.errors", kindCount, "service announcements without an answer", func(r *Record) (float64, float64) {
			return float64(r.Announcements.Errors.Total()), float64(r.Announcements.Sent)
		}),
	}
	for i := range table {
		m := &table[i]
		if m.name == "announcements.delivered" || m.name == "announcements.errors" {
			m.of, m.percent = "sent", true
		}
	}
	return table
}

// Metric describes one name of the expectation grammar, for people.
type Metric struct {
	Name     string // without phase, quantile and `.spans`
	Meaning  string
	Unit     string // ns, B, s, /s, % or empty for counts
	Of       string // what 100% is; empty when no percentage applies
	PerPhase bool   // a phase may stand before it
	Spans    bool   // `.spans` may follow
}

// Metrics lists the metrics that an expectation may name.
func Metrics() []Metric {
	units := map[kind]string{kindLatency: "ns", kindShare: "%", kindRate: "/s", kindSeconds: "s", kindBytes: "B"}
	var out []Metric
	for _, m := range metricTable() {
		d := Metric{Name: m.name, Meaning: m.meaning, Unit: units[m.kind], PerPhase: m.perPhase, Spans: m.spans}
		if m.percent {
			d.Of = m.of
		}
		if m.kind == kindCode {
			d.Name += "CODE"
		}
		out = append(out, d)
	}
	return out
}

func metricNames() []string {
	var names []string
	for _, m := range Metrics() {
		names = append(names, m.Name)
	}
	return names
}

// countDelivered sums the 2xx of answers by code.
func countDelivered(byCode map[string]uint64) uint64 {
	var n uint64
	for code, count := range byCode {
		if len(code) == 3 && code[0] == '2' {
			n += count
		}
	}
	return n
}
