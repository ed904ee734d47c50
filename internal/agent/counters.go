package agent

import (
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"
)

// A reason is why a trace was dropped, or a span repaired, as the real agent
// names it (datadog-agent, pkg/trace/info/stats.go).
type reason int

// The reasons of drops. The last three are the embedded agent's own.
const (
	decodingError reason = iota
	payloadTooLarge
	timeout
	unexpectedEOF
	msgpShortBytes
	emptyTrace
	spanIDZero
	queueFull      // the intake took nothing for so long that the buffer is full
	intakeRejected // the intake answered that it will never take it
	notFlushed     // the agent ended before the intake took it
	dropReasons
)

// The reasons of repairs.
const (
	serviceEmpty reason = iota
	serviceTruncate
	spanNameEmpty
	spanNameTruncate
	resourceEmpty
	typeTruncate
	invalidStartDate
	invalidDuration
	invalidHTTPStatusCode
	repairReasons
)

func dropNames() [dropReasons]string {
	return [...]string{
		"decoding_error", "payload_too_large", "timeout", "unexpected_eof", "msgp_short_bytes",
		"empty_trace", "span_id_zero", "queue_full", "intake_rejected", "not_flushed",
	}
}

func repairNames() [repairReasons]string {
	return [...]string{
		"service_empty", "service_truncate", "span_name_empty", "span_name_truncate", "resource_empty",
		"type_truncate", "invalid_start_date", "invalid_duration", "invalid_http_status_code",
	}
}

// counters are what the agent says of itself. They only ever grow. What the
// drop dial makes vanish is in none of them: that is what silent means.
type counters struct {
	began time.Time

	payloadAccepted, payloadRefused  atomic.Uint64
	tracesReceived, spansReceived    atomic.Uint64
	tracesBytes                      atomic.Uint64
	tracesPriorityNone               atomic.Uint64
	tracesSampledOut, spansSampled   atomic.Uint64
	spansDropped, services           atomic.Uint64
	tracesDropped                    [dropReasons]atomic.Uint64
	spansMalformed                   [repairReasons]atomic.Uint64
	written                          writeCounters
	errorsMade, resetsMade, stallsOf atomic.Uint64 // trouble made on demand
}

// writeCounters are the forwarding side.
type writeCounters struct {
	payloads, traces, spans, bytes, bytesUnpacked, errors, retries atomic.Uint64
}

// drop counts traces that were dropped, with their spans.
func (c *counters) drop(why reason, traces, spans uint64) {
	c.tracesDropped[why].Add(traces)
	c.spansDropped.Add(spans)
}

// page is GET /debug/vars: the real agent's names in snake case, its receiver
// one object, cumulative since the start.
func (c *counters) page() map[string]any {
	dropped, malformed := map[string]uint64{}, map[string]uint64{}
	for i, name := range dropNames() {
		dropped[name] = c.tracesDropped[i].Load()
	}
	for i, name := range repairNames() {
		malformed[name] = c.spansMalformed[i].Load()
	}
	w := &c.written
	var gc debug.GCStats
	debug.ReadGCStats(&gc)
	return map[string]any{
		"pid":     os.Getpid(),
		"uptime":  int(time.Since(c.began).Seconds()),
		"version": map[string]string{"Version": Version},
		"receiver": map[string]any{
			"payload_accepted":     c.payloadAccepted.Load(),
			"payload_refused":      c.payloadRefused.Load(),
			"traces_received":      c.tracesReceived.Load(),
			"traces_bytes":         c.tracesBytes.Load(),
			"traces_priority_none": c.tracesPriorityNone.Load(),
			"traces_sampled_out":   c.tracesSampledOut.Load(),
			"traces_dropped":       dropped,
			"spans_received":       c.spansReceived.Load(),
			"spans_sampled_out":    c.spansSampled.Load(),
			"spans_dropped":        c.spansDropped.Load(),
			"spans_malformed":      malformed,
			"services_received":    c.services.Load(),
		},
		"trace_writer": map[string]uint64{
			"payloads":           w.payloads.Load(),
			"traces":             w.traces.Load(),
			"spans":              w.spans.Load(),
			"bytes":              w.bytes.Load(),
			"bytes_uncompressed": w.bytesUnpacked.Load(),
			"errors":             w.errors.Load(),
			"retries":            w.retries.Load(),
		},
		"memstats": map[string]any{ // as package expvar names them
			"NumGC":        gc.NumGC,
			"PauseTotalNs": gc.PauseTotal.Nanoseconds(),
		},
		"trouble": map[string]uint64{
			"errors":  c.errorsMade.Load(),
			"resets":  c.resetsMade.Load(),
			"stalled": c.stallsOf.Load(),
		},
	}
}

// info is GET /info, in the shape of the real agent (pkg/trace/api/info.go).
func (r *receiver) info(w http.ResponseWriter, _ *http.Request) {
	port, socket := 0, ""
	if path, ok := strings.CutPrefix(r.dials.listen(), unixPrefix); ok {
		socket = path
	} else {
		port = portOf(r.dials.listen())
	}
	writeJSON(w, map[string]any{
		"version":            Version,
		"git_commit":         "",
		"endpoints":          append(r.endpoints(), "/debug/vars"),
		"client_drop_p0s":    false,
		"span_meta_structs":  true,
		"long_running_spans": false,
		"span_events":        true,
		"config": map[string]any{
			"default_env":       "none",
			"target_tps":        0,
			"max_eps":           0,
			"receiver_port":     port,
			"receiver_socket":   socket,
			"connection_limit":  0,
			"receiver_timeout":  int(bodyWithin.Seconds()),
			"max_request_bytes": bodyBytesMax,
			"statsd_port":       0,
		},
	})
}
