package results

import (
	"fmt"
	"time"
)

// Count counts chunks and the spans in them.
type Count struct {
	Traces uint64 `json:"traces"`
	Spans  uint64 `json:"spans"`
}

// Plus is the sum of both.
func (c Count) Plus(d Count) Count {
	return Count{Traces: c.Traces + d.Traces, Spans: c.Spans + d.Spans}
}

// Account is what became of what was sent. For Traces and for Spans alike
//
//	sent      = delivered + refused + unanswered
//	delivered = accepted + sampled_out + dropped + missing
type Account struct {
	Sent       Count `json:"sent"`
	Delivered  Count `json:"delivered"`
	Refused    Count `json:"refused"`
	Unanswered Count `json:"unanswered"`
	Accepted   Count `json:"accepted"`
	SampledOut Count `json:"sampled_out"`
	Dropped    Count `json:"dropped"`
	Missing    Count `json:"missing"`

	// Outside the sums.
	AcceptedThoughRefused    Count `json:"accepted_though_refused"`
	AcceptedThoughUnanswered Count `json:"accepted_though_unanswered"`
	Duplicated               Count `json:"duplicated"`
	DuplicatedByRetry        Count `json:"duplicated_by_retry"`
	// Partial counts delivered chunks that arrived without some of their
	// spans; Spans is the number of spans lost from them.
	Partial Count `json:"partial"`
}

// Plus is the sum of two accounts, column by column.
func (a Account) Plus(b Account) Account {
	return Account{
		Sent: a.Sent.Plus(b.Sent), Delivered: a.Delivered.Plus(b.Delivered), Refused: a.Refused.Plus(b.Refused), Unanswered: a.Unanswered.Plus(b.Unanswered),
		Accepted: a.Accepted.Plus(b.Accepted), SampledOut: a.SampledOut.Plus(b.SampledOut), Dropped: a.Dropped.Plus(b.Dropped), Missing: a.Missing.Plus(b.Missing),
		AcceptedThoughRefused:    a.AcceptedThoughRefused.Plus(b.AcceptedThoughRefused),
		AcceptedThoughUnanswered: a.AcceptedThoughUnanswered.Plus(b.AcceptedThoughUnanswered),
		Duplicated:               a.Duplicated.Plus(b.Duplicated), DuplicatedByRetry: a.DuplicatedByRetry.Plus(b.DuplicatedByRetry), Partial: a.Partial.Plus(b.Partial),
	}
}

// Imbalances says which sums of the account do not hold and by how much, in
// words; none when they all do. An account that was closed by this tool always
// holds, so an imbalance means that somebody has changed it.
func (a Account) Imbalances() []string {
	var out []string
	check := func(name, unit string, whole uint64, sumName string, parts ...uint64) {
		sum := uint64(0)
		for _, n := range parts {
			sum += n
		}
		switch {
		case sum < whole:
			out = append(out, fmt.Sprintf("%s %s are %s, but %s come to %s: %s fewer", unit, name, FormatCount(whole), sumName, FormatCount(sum), FormatCount(whole-sum)))
		case sum > whole:
			out = append(out, fmt.Sprintf("%s %s are %s, but %s come to %s: %s more", unit, name, FormatCount(whole), sumName, FormatCount(sum), FormatCount(sum-whole)))
		}
	}
	const ofSent, ofDelivered = "delivered, refused and unanswered", "accepted, sampled out, dropped and missing"
	check("sent", "traces", a.Sent.Traces, ofSent, a.Delivered.Traces, a.Refused.Traces, a.Unanswered.Traces)
	check("sent", "spans", a.Sent.Spans, ofSent, a.Delivered.Spans, a.Refused.Spans, a.Unanswered.Spans)
	check("delivered", "traces", a.Delivered.Traces, ofDelivered, a.Accepted.Traces, a.SampledOut.Traces, a.Dropped.Traces, a.Missing.Traces)
	check("delivered", "spans", a.Delivered.Spans, ofDelivered, a.Accepted.Spans, a.SampledOut.Spans, a.Dropped.Spans, a.Missing.Spans)
	return out
}

// SourceStatus is the source of a ledger that knows the answers alone: with no
// intake behind the target and no claim of its own, nobody saw what came out.
const SourceStatus = "status"

// The forms in which a target speaks of itself: sources of claims and, where no
// intake stands behind the target, of a ledger.
const (
	SourceVars       = "vars"       // an expvar page
	SourcePrometheus = "prometheus" // a page of Prometheus's text exposition
	SourceStatsD     = "statsd"     // packets to a listener of ours
)

// Ledger is the account of a run, as a whole and in parts.
type Ledger struct {
	// Source says where acceptance was learnt: intake, vars, prometheus, statsd or status.
	Source string `json:"source"`
	// Drained is false when the account was closed before the target had
	// time to hand over everything: then Missing is an upper bound.
	Drained bool `json:"drained"`
	Account
	// Foreign counts what arrived under ids that nobody sent.
	Foreign         Count            `json:"foreign"`
	RefusedByCode   map[string]Count `json:"refused_by_code"`
	DroppedByReason map[string]Count `json:"dropped_by_reason"`
	ByShape         []Part           `json:"by_shape"`
	ByFault         []Part           `json:"by_fault"`
	NoFault         *Account         `json:"no_fault,omitempty"`    // of the traces without a fault, where others have one
	ByIncident      []Part           `json:"by_incident"`           // of the traces that were due in it
	NoIncident      *Account         `json:"no_incident,omitempty"` // of the traces outside incidents, where there are any
	// Altered is what the target rewrote, by a sample; nil: nobody could look.
	Altered  *Altered `json:"altered,omitempty"`
	Claims   []Claim  `json:"claims"`
	Examples Examples `json:"examples"`
	// StatsPayloads counts /api/v0.2/stats at the intake.
	StatsPayloads uint64 `json:"stats_payloads"`
	// Forwarded counts the payloads of traces at the intake by what they are of and how they
	// were packed, as "idxTracerPayloads, zstd"; nil: there was no intake.
	Forwarded map[string]uint64 `json:"forwarded,omitempty"`
}

// AcceptanceUnknown says that the account ends at the answers. What it holds
// about delivered traces, accepted, dropped and missing, was then not measured.
func (l *Ledger) AcceptanceUnknown() bool { return l.Source == SourceStatus }

// Claimed says that the target's own counters fill the columns of what became of
// delivered traces: no intake saw it.
func (l *Ledger) Claimed() bool {
	return l.Source == SourceVars || l.Source == SourcePrometheus || l.Source == SourceStatsD
}

// PartsUnknown says that of the parts of the account, shapes, faults and incidents,
// nobody knows what became of what was delivered: it is not known at all, or
// counters, which know nothing of parts, said it of the whole.
func (l *Ledger) PartsUnknown() bool {
	if l.AcceptanceUnknown() || !l.Claimed() {
		return l.AcceptanceUnknown()
	}
	var parts Account
	for _, p := range l.ByShape {
		parts = parts.Plus(p.Account)
	}
	return parts.Accepted != l.Accepted || parts.Dropped != l.Dropped
}

// Part is the account of one shape, one fault or one incident.
type Part struct {
	Name string `json:"name"`
	Account
	Expected      []string         `json:"expected,omitempty"`        // of a fault: what is documented to become of its traces, any of these
	RefusedByCode map[string]Count `json:"refused_by_code,omitempty"` // of a fault
	Altered       *PartAltered     `json:"altered,omitempty"`         // of a shape or a fault, by a sample
}

// Claim is a counter of the target's own, set beside what was seen.
type Claim struct {
	Source  string  `json:"source"`  // vars, prometheus, statsd
	Name    string  `json:"name"`    // as the target spells it
	Meaning string  `json:"meaning"` // the column it speaks of, COLUMN[.spans|.requests][:REASON], or "other"
	Value   float64 `json:"value"`
	Seen    float64 `json:"seen,omitempty"` // the ledger's figure for the same thing
	// Difference is Value − Seen; nil where nothing was seen that it could be set beside.
	Difference *float64 `json:"difference,omitempty"`
	Excess     float64  `json:"excess,omitempty"` // claimed_excess: what the claim says beyond what is left to explain
}

// Examples name single traces of each kind, at most ExamplesMax of each.
type Examples struct {
	Missing    []Example `json:"missing"`
	Dropped    []Example `json:"dropped"`
	Refused    []Example `json:"refused"`
	Duplicated []Example `json:"duplicated"`
}

// ExamplesMax bounds the examples of each kind.
const ExamplesMax = 20

// Example names one trace.
type Example struct {
	Ordinal uint64    `json:"ordinal"`
	Seq     uint64    `json:"seq"`
	TraceID string    `json:"trace_id"` // decimal
	Shape   string    `json:"shape"`
	Fault   string    `json:"fault,omitempty"`
	Spans   int       `json:"spans"`
	SentAt  time.Time `json:"sent_at"`
}
