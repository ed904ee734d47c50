package report

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

// fact is one line of the head of a report.
type fact struct {
	Name, Value string
}

// facts says what was run, where, on what.
func facts(rec *results.Record) []fact {
	join := func(parts ...string) string {
		var kept []string
		for _, p := range parts {
			if p = strings.TrimSpace(p); p != "" {
				kept = append(kept, p)
			}
		}
		return clean(strings.Join(kept, " · "))
	}
	name := rec.Target.Name
	switch v := rec.Target.Version; {
	case v == "" || strings.Contains(name, v):
	case strings.Contains(v, name):
		name = v
	default:
		name += " " + v
	}
	out := []fact{
		{"target", join(targetParts(name, rec.Target.URL)...)},
		{"load", join(loadSize(rec)...)},
		{"rate", join(loadRate(rec)...)},
		{"end to end", join(endToEnd(rec)...)},
		{"scenario", join(rec.Name, strings.TrimSpace(rec.API+" "+rec.Encoding), fmt.Sprintf("seed %d", rec.Seed), prefixed("corpus ", short(rec.Fingerprint)))},
		{"machine", join(strings.Trim(rec.Machine.OS+"/"+rec.Machine.Arch, "/"), cpus(rec.Machine), memory(rec.Machine), rec.Machine.Kernel)},
		{"spanstorm", join(rec.Tool.Version, short(rec.Tool.Commit), rec.Tool.Go)},
	}
	if !rec.StartedAt.IsZero() {
		out = append(out, fact{"started", rec.StartedAt.UTC().Format("2006-01-02 15:04:05 UTC")})
	}
	kept := out[:0]
	for _, f := range out {
		if f.Value != "" {
			kept = append(kept, f)
		}
	}
	return kept
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

// targetParts are name and address, once when they are the same.
func targetParts(name, address string) []string {
	if address == "" || strings.Contains(name, address) {
		return []string{name}
	}
	if u, err := url.Parse(address); err == nil {
		bare := strings.TrimSuffix(name, "/")
		if bare == strings.TrimSuffix(address, "/") || bare == u.Host || bare == u.Hostname() {
			return []string{address}
		}
	}
	return []string{name, address}
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
			parts = append(parts, results.FormatCount(n)+" "+plural(n, noun))
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

func cpus(m results.Machine) string {
	if m.CPUs == 0 {
		return ""
	}
	if m.CPUModel == "" {
		return fmt.Sprintf("%d %s", m.CPUs, plural(uint64(m.CPUs), "CPU"))
	}
	return fmt.Sprintf("%d × %s", m.CPUs, m.CPUModel)
}

func memory(m results.Machine) string {
	if m.MemoryBytes == 0 {
		return ""
	}
	return results.FormatBytes(float64(m.MemoryBytes)) + " memory"
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// short cuts a hash to what people compare.
func short(hash string) string {
	if len(hash) > 12 {
		return hash[:12]
	}
	return hash
}
