package counters

import (
	"fmt"
	"slices"
	"strings"
)

// MeaningOther is the meaning of counters that speak of no column.
const MeaningOther = "other"

// Meaning is the column of the ledger that a counter speaks of:
//
//	COLUMN[.spans|.requests][:REASON]
//
// The column is of traces, or of the unit behind it. A reason narrows it: of
// drops, the agent's own word for why; of refusals, the code of the answer.
// [MeaningOther] is a counter that is not known here.
//
// The names are those of the Datadog trace agent (pkg/trace/info/stats.go,
// pkg/trace/writer) and of the OpenTelemetry Collector (receiver/receiverhelper
// and exporter/exporterhelper, internal/metadata). The embedded agent shares the
// former and says besides what it sampled out.
func Meaning(kind, name string) string {
	switch kind {
	case KindVars:
		return datadog(strings.TrimPrefix(name, receiverKey+"."))
	case KindStatsD:
		bare, reason, _ := strings.Cut(name, "|#reason:")
		bare = strings.TrimPrefix(Bare(bare), "datadog.trace_agent.")
		for _, part := range []string{"receiver.", "normalizer."} {
			if rest, ok := strings.CutPrefix(bare, part); ok {
				bare = rest
				break
			}
		}
		if bare == "traces_dropped" {
			bare += "." + reason
		}
		return datadog(bare)
	}
	return collector(strings.TrimSuffix(Bare(name), "_total"))
}

// datadog knows the Datadog trace agent's counters.
func datadog(name string) string {
	if reason, ok := strings.CutPrefix(name, "traces_dropped."); ok {
		return dropMeaning(reason)
	}
	switch name {
	case "traces_received":
		return "delivered"
	case "spans_received":
		return "delivered.spans"
	case "payload_accepted":
		return "delivered.requests"
	case "payload_refused": // no decoder was free in time
		return "refused.requests:429"
	case "spans_dropped":
		return "dropped.spans"
	case "traces_sampled_out":
		return "sampled_out"
	case "spans_sampled_out":
		return "sampled_out.spans"
	case "traces_filtered":
		return "dropped:filtered"
	case "spans_filtered":
		return "dropped.spans:filtered"
	case "trace_writer.traces":
		return "accepted"
	case "trace_writer.spans":
		return "accepted.spans"
	}
	return MeaningOther
}

// dropMeaning tells drops after a 2xx from those that the answer told of: the
// agent counts a payload that it could not read under the same heading.
func dropMeaning(reason string) string {
	switch reason {
	case "decoding_error", "msgp_short_bytes", "unexpected_eof":
		return "refused:400"
	case "payload_too_large":
		return "refused:413"
	case "timeout":
		return "refused:408"
	}
	return "dropped"
}

// collector knows the OpenTelemetry Collector's counters of spans. It has none
// of traces.
func collector(name string) string {
	switch name {
	case "otelcol_receiver_accepted_spans":
		return "delivered.spans"
	case "otelcol_receiver_refused_spans", "otelcol_receiver_failed_spans":
		return "refused.spans"
	case "otelcol_exporter_sent_spans":
		return "accepted.spans"
	case "otelcol_exporter_send_failed_spans":
		return "dropped.spans:send_failed"
	case "otelcol_exporter_enqueue_failed_spans":
		return "dropped.spans:enqueue_failed"
	case "otelcol_processor_dropped_spans":
		return "dropped.spans:processor"
	}
	return MeaningOther
}

// Columns are the columns that a counter can speak of.
func Columns() []string {
	return []string{
		"sent", "delivered", "refused", "unanswered", "accepted", "sampled_out", "dropped", "missing", "duplicated", MeaningOther,
	}
}

// ofRequests are the columns that are counted in requests, too.
func ofRequests() []string { return []string{"sent", "delivered", "refused", "unanswered"} }

// CheckMeaning says what is wrong with a meaning that a user gave.
func CheckMeaning(text string) error {
	whole, reason, reasoned := strings.Cut(text, ":")
	column, unit, of := strings.Cut(whole, ".")
	switch {
	case !slices.Contains(Columns(), column):
		return fmt.Errorf("%q is no column of the ledger; known are %s", column, strings.Join(Columns(), ", "))
	case of && unit != "spans" && unit != "requests":
		return fmt.Errorf("%q: a column counts traces, or with .spans or .requests behind it those", text)
	case unit == "requests" && !slices.Contains(ofRequests(), column):
		return fmt.Errorf("%q: requests are counted as %s", text, strings.Join(ofRequests(), ", "))
	case reasoned && column != "dropped" && column != "refused":
		return fmt.Errorf("%q: only dropped and refused have a reason", text)
	case reasoned && reason == "":
		return fmt.Errorf("%q: the reason is empty; write dropped:REASON, or leave the colon out", text)
	}
	return nil
}
