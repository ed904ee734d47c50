package report

import (
	"slices"

	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

// facts says what was run, where, on what.
func facts(rec *results.Record) []sheet.Fact {
	out := append([]sheet.Fact{
		{Name: "target", Value: sheet.Target(&rec.Target)},
		{Name: "load", Value: sheet.Join(loadSize(rec)...)},
		{Name: "rate", Value: sheet.Join(loadRate(rec)...)},
		{Name: "end to end", Value: sheet.Join(endToEnd(rec)...)},
	}, sheet.Origin(rec)...)
	return sheet.Filled(out)
}

// endToEnd is how long traces took up to the intake.
func endToEnd(rec *results.Record) []string {
	if rec.EndToEnd == nil {
		return nil
	}
	q, of := rec.EndToEnd.Quantiles, "from due to the intake"
	if share := rec.EndToEnd.Share; share < 1 {
		of += ", of " + results.FormatPercent(share, 1) + " of the traces"
	}
	at := func(name string, ns int64) string { return name + " " + results.FormatDuration(float64(ns)) }
	return []string{at("p50", q.P50), at("p99", q.P99), at("max", q.Max), of}
}

func loadSize(rec *results.Record) []string {
	var seconds float64
	for _, p := range rec.Phases {
		seconds = max(seconds, p.EndS)
	}
	var parts []string
	if seconds > 0 {
		parts = append(parts, results.FormatDuration(seconds*1e9))
	}
	add := func(n uint64, noun string) {
		if n > 0 {
			parts = append(parts, results.FormatCount(n)+" "+sheet.Plural(n, noun))
		}
	}
	add(rec.Requests.Sent, "request")
	add(rec.Load.Traces, "trace")
	add(rec.Load.Spans, "span")
	if rec.Load.Bytes > 0 {
		parts = append(parts, results.FormatBytes(float64(rec.Load.Bytes)))
	}
	add(rec.Announcements.Sent, "announcement")
	return parts
}

// loadRate is the mean over the kept phases, weighed by their time.
func loadRate(rec *results.Record) []string {
	var seconds, requests, traces, spans, bytes float64
	// Announcements have a rate of their own where nothing else was sent.
	traced := slices.ContainsFunc(rec.Phases, func(p results.Phase) bool { return p.Send != "services" })
	for _, p := range rec.Phases {
		if s := p.EndS - p.StartS; !p.Discarded && s > 0 && (p.Send == "services") != traced {
			seconds += s
			requests, traces, spans, bytes = requests+p.RateSentPerS*s, traces+p.TracesPerS*s, spans+p.SpansPerS*s, bytes+p.BytesPerS*s
		}
	}
	if seconds == 0 || requests == 0 {
		return nil
	}
	what := " requests/s"
	if !traced {
		what = " announcements/s"
	}
	parts := []string{results.FormatRate(requests/seconds) + what}
	if traces > 0 {
		parts = append(parts, results.FormatRate(traces/seconds)+" traces/s", results.FormatRate(spans/seconds)+" spans/s", results.FormatBytes(bytes/seconds)+"/s")
	}
	return parts
}
