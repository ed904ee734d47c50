//go:build prove && realagent

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spanstorm/spanstorm/results"
)

// agentsPage is docs/proofs/agents.md in the making: a text for each section.
type agentsPage struct {
	head                           string
	rates, claims, gaveWay, hanged strings.Builder
	tools                          map[string]bool // versions of spanstorm that made the records
	from, to                       string          // when
}

// note keeps where a record comes from.
func (p *agentsPage) note(rec *results.Record) {
	if p.tools == nil {
		p.tools = map[string]bool{}
	}
	p.tools[rec.Tool.Version] = true
	at := rec.StartedAt.Format("2006-01-02 15:04 UTC")
	if p.from == "" || at < p.from {
		p.from = at
	}
	p.to = max(p.to, at)
	p.head = fmt.Sprintf("%d CPUs (%s), %s/%s", rec.Machine.CPUs, rec.Machine.CPUModel, rec.Machine.OS, rec.Machine.Arch)
}

// flaws says what is to be known of a record's figures.
func flaws(rec *results.Record) string {
	var list []string
	if rec.Saturated {
		list = append(list, "saturated")
	}
	if !rec.Valid {
		list = append(list, "not valid: "+strings.Join(rec.InvalidReasons, "; "))
	}
	if len(list) == 0 {
		return "valid"
	}
	return strings.Join(list, "; ")
}

// codes are answers and errors as text.
func codes(rec *results.Record) string {
	var list []string
	for _, code := range slices.Sorted(maps.Keys(rec.Requests.ByCode)) {
		list = append(list, fmt.Sprintf("%s × %s", results.FormatCount(rec.Requests.ByCode[code]), code))
	}
	e := rec.Requests.Errors
	for _, of := range []struct {
		name string
		n    uint64
	}{{"timeout", e.Timeout}, {"connection refused", e.Refused}, {"reset", e.Reset}, {"closed", e.EOF}, {"no HTTP", e.BadHTTP}, {"other error", e.Other}} {
		if of.n > 0 {
			list = append(list, fmt.Sprintf("%s × %s", results.FormatCount(of.n), of.name))
		}
	}
	if rec.Requests.Unsent > 0 {
		list = append(list, results.FormatCount(rec.Requests.Unsent)+" never sent")
	}
	return strings.Join(list, ", ")
}

// both are traces and spans as text.
func both(c results.Count) string {
	return results.FormatCount(c.Traces) + " / " + results.FormatCount(c.Spans)
}

// steady enters what came of 200 requests a second, and less.
func (p *agentsPage) steady(name string, tries []*results.Record) {
	for _, rec := range tries {
		p.note(rec)
		l := &rec.Ledger
		verdict := "all of it"
		if l.Accepted != l.Sent || rec.Requests.Unsent > 0 {
			verdict = "**not all**"
		}
		fmt.Fprintf(&p.rates, "| %s | %.0f/s | %s | %s | %s | %s | %s | %.1f s | %.0f ms | %s |\n", name, rec.Phases[0].RatePlannedPerS, codes(rec),
			both(l.Sent), both(l.Accepted), both(l.Missing), verdict, rec.Resources.Target.CPUS, float64(rec.Totals.ResponseTime.P99)/1e6, flaws(rec))
	}
	last := tries[len(tries)-1]
	fmt.Fprintf(&p.claims, "### %s, %.0f requests/s\n\n| counter | speaks of | claimed | seen | difference |\n|---|---|---|---|---|\n", name, last.Phases[0].RatePlannedPerS)
	others := 0
	for _, c := range last.Ledger.Claims {
		if c.Difference == nil {
			others++
			continue
		}
		fmt.Fprintf(&p.claims, "| `%s` | %s | %.0f | %.0f | %+.0f |\n", c.Name, c.Meaning, c.Value, c.Seen, *c.Difference)
	}
	fmt.Fprintf(&p.claims, "\n%d other counters speak of nothing that is seen from outside.\n\n", others)
}

// overload enters what came of twice what an agent can take.
func (p *agentsPage) overload(name string, capacity float64, rec *results.Record) {
	p.note(rec)
	l, end := &rec.Ledger, rec.Phases[0].EndS
	fmt.Fprintf(&p.gaveWay, `### %s

In a closed loop it delivers %.0f requests/s; here it gets %.0f/s for %.0f s. The run is %s.

| | traces / spans |
|---|---|
| sent | %s |
| = delivered | %s |
| + refused | %s |
| + unanswered | %s |
| delivered | %s |
| = accepted | %s |
| + sampled out | %s |
| + dropped, as it says itself | %s |
| + missing | %s |
| duplicated, foreign | %s, %s |

`, name, capacity, rec.Phases[0].RatePlannedPerS, end, flaws(rec), both(l.Sent), both(l.Delivered), both(l.Refused), both(l.Unanswered),
		both(l.Delivered), both(l.Accepted), both(l.SampledOut), both(l.Dropped), both(l.Missing), both(l.Duplicated), both(l.Foreign))
	fmt.Fprintf(&p.gaveWay, "Both sums hold for the whole and for each of the %d shapes. Requests: %s.\n", len(l.ByShape), codes(rec))
	if w := rec.Pressure; w != nil {
		fmt.Fprintf(&p.gaveWay, "It gave way from second %d to %d, in %d of the %d seconds, most in second %d: %s requests refused, %s unanswered, %s never sent.\n",
			w.FromS, w.ToS, w.Seconds, int(end+0.5), w.WorstS, results.FormatCount(w.Refused), results.FormatCount(w.Unanswered), results.FormatCount(w.Unsent))
	}
	if l.Missing.Spans > 0 || l.Duplicated.Spans > 0 {
		fmt.Fprintf(&p.gaveWay, "**What it answered 2xx did not all come out once:** %s missing, %s twice. The end of its log may say why.\n", both(l.Missing), both(l.Duplicated))
	}
	fmt.Fprintf(&p.gaveWay, "Its last trace came out %.1f s after the load ended; it held at most %s of memory.\n\n", rec.LastArrivalS-end, results.FormatBytes(float64(rec.Resources.Target.RSSMaxBytes)))
}

// hung enters what came of a hung intake.
func (p *agentsPage) hung(rec *results.Record) {
	p.note(rec)
	hang, w, l := rec.Events[0], rec.Pressure, &rec.Ledger
	if w == nil {
		return
	}
	fmt.Fprintf(&p.hanged, `The intake hangs from second %.1f to %.1f of %.0f; the agent gets %.0f requests/s of %.1f MB/s together, in few traces: it is far from its limit, but
holds no more than about six payloads of 3.2 MB that its intake does not take. It refuses from second %d to %d, in %d seconds, and takes all before and after.
The run is %s. Requests: %s. Of %s traces / spans %s were delivered, %s came out, %s are missing, %s came twice. An agent that has waited 10 s for its
intake sends again: what comes twice is counted once, and shown.

![Answers by second, and the event](hung-intake.svg)
`, hang.AtS, hang.EndS(), rec.Phases[0].EndS, rec.Phases[0].RatePlannedPerS, rec.Phases[0].BytesPerS/1e6, w.FromS, w.ToS, w.Seconds, flaws(rec), codes(rec),
		both(l.Sent), both(l.Delivered), both(l.Accepted), both(l.Missing), both(l.Duplicated))
}

// text is the page.
func (p *agentsPage) text() []byte {
	return fmt.Appendf(nil, `# Real agents, accounted for

`+"`make prove-agents`"+` measures it on your machine and writes this page. Records of %s to %s, spanstorm %s, %s. Agent, intake and generator share the machine.
The traffic is the scenario web-shop, 50 traces of about ten spans a request, every one of which an agent is to keep.

## 200 requests a second, for 30 s

An agent that refuses some of it on this machine gets half the rate, and so on, until it takes all. What is refused is in the account, too.

| agent | requests | answers | sent, traces / spans | accepted | missing | came out | its CPU, until all is out | response p99 | the run |
|---|---|---|---|---|---|---|---|---|---|
%s
## What agents say of themselves

Counters of the agent beside what was seen, in the last run of each above.

%s## Twice what an agent can take

What it can take is found in a closed loop over 8 connections; twice that is then offered, whatever becomes of it, with at most 1,000 requests on their way, each for 5 s at most.

%s## A hung intake

%s`, p.from, p.to, strings.Join(slices.Sorted(maps.Keys(p.tools)), ", "), p.head, &p.rates, &p.claims, &p.gaveWay, &p.hanged)
}
