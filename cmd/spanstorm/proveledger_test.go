//go:build prove && realagent

package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spanstorm/spanstorm/internal/prove"
	"github.com/spanstorm/spanstorm/results"
)

// intakeMost is the bar: CPU of the intake, relative to that of the agent.
const intakeMost = 0.25

// TestProveLedgerIntake sets the intake's CPU beside the agent's, in the steady runs of
// TestProveAgents, whose records it shares. It writes a section of docs/proofs/ledger.md.
func TestProveLedgerIntake(t *testing.T) {
	var page strings.Builder
	var latest *results.Record
	for _, a := range proven(t) {
		for _, rec := range a.steady(t) {
			latest = rec
			agent, intake := rec.Resources.Target.CPUS, rec.Resources.Intake.CPUS
			verdict := "met"
			if intake >= intakeMost*agent || intake == 0 {
				verdict = "**not met**"
				if !testing.Short() { // when starting up is a good part of both
					t.Errorf("%s: the intake used %.2f s of CPU, the agent %.2f s", a.name, intake, agent)
				}
			}
			perMillion := 1e6 / float64(rec.Ledger.Accepted.Spans)
			fmt.Fprintf(&page, "| %s | %.0f/s × 50 | %s | %.2f s | %.2f s | %.2f | %.2f s | %s | %.2f | %s |\n", a.name, rec.Phases[0].RatePlannedPerS,
				results.FormatCount(rec.Ledger.Accepted.Spans), agent, intake, intake/agent, intake*perMillion, results.FormatBytes(float64(rec.Resources.Intake.RSSMaxBytes)), intakeMost, verdict)
		}
	}
	text := fmt.Sprintf(`## The intake beside the agent

%s, spanstorm %s, %d CPUs. CPU of the whole life of both processes, in runs like those of [real agents](agents.md) from 200 requests/s down to a rate that the agent takes whole.

| agent | load, requests × traces | spans that came out | agent | intake | ratio | intake, per million spans | its peak memory | less than | |
|---|---|---|---|---|---|---|---|---|---|
%s`, latest.StartedAt.Format("2006-01-02"), latest.Tool.Version, latest.Machine.CPUs, &page)
	t.Log(text)
	if err := prove.Section("ledger.md", prove.LedgerHead, "intake", text); err != nil {
		t.Error(err)
	}
}
