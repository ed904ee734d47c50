package report

import (
	"fmt"
	"strings"

	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

// judge reads the verdict off a record. The word is that of the gravest finding.
func judge(rec *results.Record) sheet.Verdict {
	v := sheet.Verdict{Word: "VALID", Tone: sheet.Good, Summary: summary(rec)}
	because := func(t sheet.Tone, format string, args ...any) {
		v.Reasons = append(v.Reasons, sheet.Reason{Text: sheet.Clean(fmt.Sprintf(format, args...)), Tone: t})
	}
	unmet := 0
	for _, e := range rec.Expectations {
		if !e.Met {
			unmet++
		}
	}
	if len(rec.Expectations) > 0 {
		v.Word = "PASSED"
	}
	if rec.Saturated {
		v.Word, v.Tone = "SATURATED", sheet.Warn
		because(sheet.Warn, "saturated: the target could not keep up with the planned load%s", overload(&rec.Requests))
	}
	if unmet > 0 {
		v.Word, v.Tone = "FAILED", sheet.Bad
		because(sheet.Bad, "%d of %d %s not met", unmet, len(rec.Expectations), sheet.Plural(uint64(len(rec.Expectations)), "expectation"))
	}
	if !rec.Valid && rec.Complete {
		v.Word, v.Tone = "NOT VALID", sheet.Bad
		if len(rec.InvalidReasons) == 0 {
			because(sheet.Bad, "not valid: the figures do not speak of the target")
		}
	}
	for _, r := range rec.InvalidReasons {
		because(sheet.Bad, "not valid: %s", r)
	}
	if !rec.Complete && !rec.Interrupted {
		v.Word, v.Tone = "INCOMPLETE", sheet.Bad
		because(sheet.Bad, "the run ended before its record was complete; the figures are those of its last save")
	}
	if rec.Interrupted {
		v.Word, v.Tone = "INTERRUPTED", sheet.Warn
		because(sheet.Warn, "interrupted: the load was cut short")
	}
	if broken := imbalances(rec); len(broken) > 0 {
		v.Word, v.Tone = "NOT VALID", sheet.Bad
		for _, s := range broken {
			because(sheet.Bad, "%s", s)
		}
	}
	if n := rec.Requests.UnexpectedBody; n > 0 {
		api := "API " + rec.API
		if rec.API == "" {
			api = "the API"
		}
		because(sheet.Warn, "%s of %s 2xx %s did not hold what %s answers: is this a trace agent?",
			results.FormatCount(n), results.FormatCount(rec.Requests.Delivered), sheet.Plural(rec.Requests.Delivered, "answer"), api)
	}
	if missingIsBound(&rec.Ledger) && rec.Ledger.Sent.Traces > 0 {
		because(sheet.Warn, "not drained: missing is an upper bound")
	}
	if e := rec.Target.Exit; e != nil {
		how := fmt.Sprintf("with exit code %d", e.Code)
		if e.Code < 0 {
			how = "in a way that nobody saw"
		}
		if e.Signal != "" {
			how = "by signal " + e.Signal
		}
		if e.Reason != "" {
			how += ", " + e.Reason
		}
		because(sheet.Bad, "the target ended by itself %s, %.1f s into the load", how, e.AtS)
	}
	if said := wrongSaid(rec); said != "" {
		because(sheet.Warn, "%s", said)
	}
	for _, s := range rec.Warnings {
		because(sheet.Warn, "%s", s)
	}
	return v
}

// missingIsBound says that what is missing may be still to come.
func missingIsBound(l *results.Ledger) bool {
	return l.Source != "" && !l.Drained && !l.AcceptanceUnknown()
}

// overload says in what a target's saturation showed: answers that ask for less
// load, and requests for which nobody was free.
func overload(r *results.Requests) string {
	var b strings.Builder
	for _, code := range []string{"429", "503"} {
		if n := r.ByCode[code]; n > 0 {
			fmt.Fprintf(&b, "; %s of %s refused with %s", results.FormatCount(n), wereOrWas(r.Sent, n, "request"), code)
		}
	}
	if r.Unsent > 0 {
		fmt.Fprintf(&b, "; %s of %s never sent", results.FormatCount(r.Unsent), wereOrWas(r.Planned, r.Unsent, "request"))
	}
	return b.String()
}

// wereOrWas is "N nouns were" when some of a whole are spoken of: the noun goes
// with the whole, the verb with the part.
func wereOrWas(whole, part uint64, noun string) string {
	verb := "were"
	if part == 1 {
		verb = "was"
	}
	return results.FormatCount(whole) + " " + sheet.Plural(whole, noun) + " " + verb
}

// imbalancesMax bounds what is said of an account that does not hold.
const imbalancesMax = 6

// imbalances says which sums of the account, and of its parts, do not hold. That
// of a run still going on is made of figures read one after the other.
func imbalances(rec *results.Record) []string {
	if !rec.Complete {
		return nil
	}
	var out []string
	more := 0
	add := func(of string, a results.Account) {
		for _, s := range a.Imbalances() {
			if len(out) == imbalancesMax {
				more++
				continue
			}
			out = append(out, "the account"+of+" does not hold: "+s)
		}
	}
	l := &rec.Ledger
	add("", l.Account)
	for _, p := range l.ByShape {
		add(" of shape "+p.Name, p.Account)
	}
	for _, p := range l.ByFault {
		add(" of fault "+p.Name, p.Account)
	}
	if l.NoFault != nil {
		add(" of traces without a fault", *l.NoFault)
	}
	if more > 0 {
		out = append(out, fmt.Sprintf("%d more sums of the account do not hold", more))
	}
	return out
}

// summary says in one sentence what became of the traces.
func summary(rec *results.Record) string {
	l := &rec.Ledger
	sent := l.Sent.Traces
	if sent == 0 {
		if n := rec.Announcements.Sent; n > 0 && rec.Requests.Sent == 0 {
			return fmt.Sprintf("%s service %s, no traces", results.FormatCount(n), sheet.Plural(n, "announcement"))
		}
		if n := rec.Requests.Sent; n > 0 && l.Source == "" {
			return wereOrWas(n, n, "request") + " sent; the account was not made"
		}
		return "no traces were sent"
	}
	if l.Delivered.Traces == 0 {
		if sent == 1 {
			return "the one trace was not delivered"
		}
		return fmt.Sprintf("none of %s traces was delivered", results.FormatCount(sent))
	}
	if l.AcceptanceUnknown() {
		whether := "they were"
		if l.Delivered.Traces == 1 {
			whether = "it was"
		}
		return fmt.Sprintf("%s; whether %s accepted is not known (no intake)", fateOf(l.Delivered, l, "delivered", lost(l)), whether)
	}
	parts := append(lost(l), part{l.SampledOut.Traces, "sampled out"}, part{l.Dropped.Traces, "dropped"})
	text := fateOf(l.Accepted, l, "accepted", parts)
	if l.Claimed() {
		text = "the target claims (" + l.Source + "): " + text
	}
	if l.Accepted == l.Sent {
		return text
	}
	if n := l.Missing.Traces; n > 0 {
		return fmt.Sprintf("%s, %s missing (%s of delivered)", text, results.FormatCount(n), results.FormatPercent(float64(n), float64(l.Delivered.Traces)))
	}
	return text + ", none missing"
}

// part is how many traces had one fate.
type part struct {
	n    uint64
	fate string
}

// lost are the fates of those that were not delivered.
func lost(l *results.Ledger) []part {
	return []part{{l.Refused.Traces, "refused"}, {l.Unanswered.Traces, "unanswered"}}
}

// fateOf says how many of the traces had the fate, and what the others had.
func fateOf(n results.Count, l *results.Ledger, fate string, others []part) string {
	if n == l.Sent {
		if n.Traces == 1 {
			return "the one trace was " + fate
		}
		return fmt.Sprintf("every one of %s traces was %s", results.FormatCount(n.Traces), fate)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s of %s %s %s", results.FormatCount(n.Traces), results.FormatCount(l.Sent.Traces), sheet.Plural(l.Sent.Traces, "trace"), fate)
	for _, p := range others {
		if p.n > 0 {
			fmt.Fprintf(&b, ", %s %s", results.FormatCount(p.n), p.fate)
		}
	}
	return b.String()
}
