package versus

import (
	"slices"

	"github.com/spanstorm/spanstorm/results"
)

// Which way a metric is better.
const (
	lower  = "lower"
	higher = "higher"
)

// Units of metrics.
const (
	unitNS    = "ns"
	unitS     = "s"
	unitBytes = "bytes"
	unitShare = "share"
	unitRate  = "requests/s"
)

// MetricCapacity is the name of the metric that takes searches.
const MetricCapacity = "capacity"

// metric is one figure of a run. ok is false where the run has none.
type metric struct {
	name, unit, better string
	// share says that it is a share, compared by difference; others by ratio, and are positive.
	share bool
	of    func(Run) (value float64, ok bool)
}

// metrics are those that are compared, as reports list them.
func metrics() []metric {
	return []metric{
		latency("response_time", responseTime, p50()),
		latency("response_time", responseTime, p90()),
		latency("response_time", responseTime, p99()),
		latency("response_time", responseTime, p999()),
		latency("service_time", serviceTime, p50()),
		latency("service_time", serviceTime, p99()),
		latency("end_to_end", endToEnd, p50()),
		latency("end_to_end", endToEnd, p99()),
		{name: "throughput", unit: unitRate, better: higher, of: throughput},
		{name: "accepted", unit: unitShare, better: higher, share: true, of: func(r Run) (float64, bool) {
			l := &r.Record.Ledger
			return share(l.Accepted, l.Sent, l.AcceptanceUnknown())
		}},
		{name: "refused", unit: unitShare, better: lower, share: true, of: func(r Run) (float64, bool) {
			return share(r.Record.Ledger.Refused, r.Record.Ledger.Sent, false)
		}},
		{name: "target.cpu_s_per_million_spans", unit: unitS, better: lower, of: func(r Run) (float64, bool) {
			v := r.Record.Resources.Target.CPUSPerMillionSpans
			return v, v > 0
		}},
		{name: "target.rss_max_bytes", unit: unitBytes, better: lower, of: func(r Run) (float64, bool) {
			v := r.Record.Resources.Target.RSSMaxBytes
			return float64(v), v > 0
		}},
		{name: MetricCapacity, better: higher, of: func(r Run) (float64, bool) { return r.CapacityPerS, r.CapacityPerS > 0 }},
	}
}

// chosen are the metrics with these names, in the usual order; no names: all.
func chosen(names []string) []metric {
	list := metrics()
	if len(names) == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(m metric) bool { return !slices.Contains(names, m.name) })
}

// MetricNames are those of all metrics, as reports list them.
func MetricNames() []string {
	var names []string
	for _, m := range metrics() {
		names = append(names, m.name)
	}
	return names
}

// Missing are those of the named metrics that no run of some side has.
func Missing(sides []Side, names []string) []string {
	var missing []string
	for _, m := range metrics() {
		if slices.Contains(names, m.name) && slices.ContainsFunc(sides, func(s Side) bool { return len(values(s.Runs, m.read)) == 0 }) {
			missing = append(missing, m.name)
		}
	}
	return missing
}

// percentile is one of a distribution of times. One that fewer than a single value of a run lies beyond
// would be the largest of them under another name, so it takes at least that many values.
type percentile struct {
	name  string
	least uint64
	of    func(*results.Quantiles) int64
}

func p50() percentile {
	return percentile{"p50", 2, func(q *results.Quantiles) int64 { return q.P50 }}
}

func p90() percentile {
	return percentile{"p90", 10, func(q *results.Quantiles) int64 { return q.P90 }}
}

func p99() percentile {
	return percentile{"p99", 100, func(q *results.Quantiles) int64 { return q.P99 }}
}

func p999() percentile {
	return percentile{"p99_9", 1000, func(q *results.Quantiles) int64 { return q.P999 }}
}

func latency(name string, times func(*results.Record) *results.Quantiles, p percentile) metric {
	return metric{name: name + "." + p.name, unit: unitNS, better: lower, of: func(r Run) (float64, bool) {
		q := times(r.Record)
		if q == nil || q.Count < p.least {
			return 0, false
		}
		v := p.of(q)
		return float64(v), v > 0
	}}
}

// responseTime is from the moment a request was due, which one of a closed loop never is.
func responseTime(rec *results.Record) *results.Quantiles {
	if rec.ClosedLoop() {
		return nil
	}
	return &rec.Totals.ResponseTime
}

func serviceTime(rec *results.Record) *results.Quantiles { return &rec.Totals.ServiceTime }

func endToEnd(rec *results.Record) *results.Quantiles {
	if rec.EndToEnd == nil {
		return nil
	}
	return &rec.EndToEnd.Quantiles
}

// throughput is what a closed loop was answered 2xx, per second: in an open one the scenario
// says how much is sent.
func throughput(r Run) (float64, bool) {
	if !r.Record.ClosedLoop() {
		return 0, false
	}
	var delivered, seconds float64
	for i := range r.Record.Phases {
		if p := &r.Record.Phases[i]; !p.Discarded && p.Send != "services" {
			delivered += float64(p.Requests.Delivered)
			seconds += p.EndS - p.StartS
		}
	}
	return delivered / seconds, delivered > 0 && seconds > 0
}

// share is that of traces; there is none where nothing was sent, or nobody could look.
func share(part, whole results.Count, unknown bool) (float64, bool) {
	if whole.Traces == 0 || unknown {
		return 0, false
	}
	return float64(part.Traces) / float64(whole.Traces), true
}

func (m metric) read(r Run) (float64, bool) {
	if r.Record == nil {
		return 0, false
	}
	return m.of(r)
}

// values are the figures of all runs that have one.
func values(runs []Run, of func(Run) (float64, bool)) []float64 {
	var list []float64
	for _, r := range runs {
		if v, ok := of(r); ok {
			list = append(list, v)
		}
	}
	return list
}
