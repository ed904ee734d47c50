package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/DataDog/datadog-agent/pkg/trace/info"
	"github.com/DataDog/datadog-go/v5/statsd"
)

// counts adds up what the agent counts. The agent keeps the counts of the last
// few seconds in its receiver and then hands them, as differences, to a statsd
// client and sets its own to zero. This is that client: it loses nothing, and
// together with what is still in the receiver gives the totals at any moment. What
// it takes, and all else that the agent has for statsd, it passes on to another one.
type counts struct {
	statsd.ClientInterface

	mu     sync.Mutex
	totals map[string]int64 // by name, and reason or priority where there is one
}

func newCounts(to statsd.ClientInterface) *counts {
	return &counts{ClientInterface: to, totals: map[string]int64{}}
}

// sender is a client that sends to a UDP address, or with an empty one nowhere. It
// tells nothing of itself or of where it runs.
func sender(addr string) (statsd.ClientInterface, error) {
	if addr == "" {
		return &statsd.NoOpClient{}, nil
	}
	c, err := statsd.New(addr, statsd.WithoutTelemetry(), statsd.WithoutOriginDetection())
	if err != nil {
		return nil, fmt.Errorf("--statsd %s: %w; try 127.0.0.1:8125", addr, err)
	}
	return c, nil
}

// Names under which the receiver hands over its counts.
const (
	receiverPrefix   = "datadog.trace_agent.receiver."
	normalizerPrefix = "datadog.trace_agent.normalizer."
)

// Count takes a difference.
func (c *counts) Count(name string, value int64, tags []string, rate float64) error {
	key, ok := strings.CutPrefix(name, receiverPrefix)
	if !ok {
		key, ok = strings.CutPrefix(name, normalizerPrefix)
	}
	if ok {
		c.add(key, value, tags)
	}
	return c.ClientInterface.Count(name, value, tags, rate)
}

func (c *counts) add(key string, value int64, tags []string) {
	for _, tag := range tags {
		if reason, ok := strings.CutPrefix(tag, "reason:"); ok {
			key += "." + reason
		}
		if priority, ok := strings.CutPrefix(tag, "priority:"); ok {
			key += "_" + priority
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.totals[key] += value
}

// snapshot is the sum of what was handed over and what is still in the
// receiver. The receiver hands over under its read lock, so that nothing is on
// its way while we hold the lock for writing.
func (c *counts) snapshot(live *info.ReceiverStats) map[string]int64 {
	live.Lock()
	defer live.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := map[string]int64{}
	for _, name := range shown() {
		sum[name] = c.totals[name]
	}
	for _, row := range live.Stats {
		sum["traces_received"] += row.TracesReceived.Load()
		sum["traces_filtered"] += row.TracesFiltered.Load()
		sum["traces_priority_none"] += row.TracesPriorityNone.Load()
		sum["traces_bytes"] += row.TracesBytes.Load()
		sum["spans_received"] += row.SpansReceived.Load()
		sum["spans_dropped"] += row.SpansDropped.Load()
		sum["spans_filtered"] += row.SpansFiltered.Load()
		sum["payload_accepted"] += row.PayloadAccepted.Load()
		sum["payload_refused"] += row.PayloadRefused.Load()
		sum["payload_timeout"] += payloadTimeouts(row)
		d := row.TracesDropped
		sum["traces_dropped.decoding_error"] += d.DecodingError.Load()
		sum["traces_dropped.payload_too_large"] += d.PayloadTooLarge.Load()
		sum["traces_dropped.empty_trace"] += d.EmptyTrace.Load()
		sum["traces_dropped.trace_id_zero"] += d.TraceIDZero.Load()
		sum["traces_dropped.span_id_zero"] += d.SpanIDZero.Load()
		sum["traces_dropped.foreign_span"] += d.ForeignSpan.Load()
		sum["traces_dropped.timeout"] += d.Timeout.Load()
		sum["traces_dropped.unexpected_eof"] += d.EOF.Load()
		sum["traces_dropped.msgp_short_bytes"] += d.MSGPShortBytes.Load()
	}
	return sum
}

// shown are the counts that are served. (The agent hands over 0 for every kind
// of malformed span, so there are no totals of those.)
func shown() []string {
	return []string{
		"traces_received", "traces_filtered", "traces_priority_none", "traces_bytes",
		"spans_received", "spans_dropped", "spans_filtered",
		"payload_accepted", "payload_refused", "payload_timeout",
		"traces_dropped.decoding_error", "traces_dropped.payload_too_large", "traces_dropped.empty_trace",
		"traces_dropped.trace_id_zero", "traces_dropped.span_id_zero", "traces_dropped.foreign_span",
		"traces_dropped.timeout", "traces_dropped.unexpected_eof", "traces_dropped.msgp_short_bytes",
	}
}

// handler serves the totals as expvar does: {"receiver": {"traces_received": 1, …}}.
func (c *counts) handler(live *info.ReceiverStats) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/vars", func(w http.ResponseWriter, _ *http.Request) {
		receiver := map[string]any{}
		for name, value := range c.snapshot(live) {
			group, kind, grouped := strings.Cut(name, ".")
			if !grouped {
				receiver[name] = value
				continue
			}
			kinds, ok := receiver[group].(map[string]int64)
			if !ok {
				kinds = map[string]int64{}
				receiver[group] = kinds
			}
			kinds[kind] = value
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		var gc debug.GCStats
		debug.ReadGCStats(&gc)
		_ = json.NewEncoder(w).Encode(map[string]any{
			"receiver": receiver,
			"memstats": map[string]int64{"NumGC": gc.NumGC, "PauseTotalNs": gc.PauseTotal.Nanoseconds()}, // as package expvar has it
		})
	})
	return mux
}
