//go:build prove

package run

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/process"
	"github.com/spanstorm/spanstorm/internal/prove"
	"github.com/spanstorm/spanstorm/internal/target"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// costMost is the bar: the CPU of a request with the ledger, relative to without.
const costMost = 1.05

// costLoad is one load under which the ledger's cost is measured.
type costLoad struct {
	name   string
	traces int
	rate   int
}

// cost is the CPU of one round: of the load, in microseconds per request, and of what comes
// after it, in milliseconds once.
type cost struct{ with, without, closingWith, closingWithout float64 }

// TestProveLedgerCPU measures what the ledger costs the generator: the same load on
// the embedded agent with an intake behind it, once with all that a run does for its account,
// and once without: no answer is booked, nothing is described again, no arrivals or moments are
// fetched, and there is nothing to close. Agent and intake do the same both times. It writes a
// section of docs/proofs/ledger.md.
func TestProveLedgerCPU(t *testing.T) {
	rounds, length := 5, 15*time.Second
	if testing.Short() {
		rounds, length = 1, 3*time.Second
	}
	var page strings.Builder
	fmt.Fprintf(&page, `## What the ledger costs the generator

%s, spanstorm %s, %d CPUs: %d rounds of %v each, in the order with – without – without – with. CPU is that of the generator's process from the begin of the load
to its end, per request; compiling the scenario, before it, is the same. Ratios are taken within a round. What comes after the load is done once, however long it was, when nothing is measured any more: the account
is closed, and a sample of up to 1,000 traces is grown again and compared.

| load | with | without | ratio | at most | | after the load, with | without |
|---|---|---|---|---|---|---|---|
`, time.Now().UTC().Format(time.DateOnly), Version, runtime.NumCPU(), rounds, length)
	for _, l := range []costLoad{{"2 traces a request, 1,000/s", 2, 1000}, {"50 traces a request, 80/s", 50, 80}} {
		oneCost(t, l, time.Second, true) // warm up
		var list []cost
		for range rounds {
			var c cost
			for _, with := range []bool{true, false, false, true} {
				us, closing := oneCost(t, l, length, with)
				if with {
					c.with, c.closingWith = c.with+us/2, c.closingWith+closing/2
				} else {
					c.without, c.closingWithout = c.without+us/2, c.closingWithout+closing/2
				}
			}
			t.Logf("%s: %.1f µs with, %.1f µs without; then %.0f ms and %.0f ms", l.name, c.with, c.without, c.closingWith, c.closingWithout)
			list = append(list, c)
		}
		ratios := sorted(list, func(c cost) float64 { return c.with / c.without })
		ratio, verdict := ratios[len(ratios)/2], "met"
		if ratio > costMost {
			verdict = "**not met**"
			t.Errorf("%s: the ledger makes a request %.3f times as dear", l.name, ratio)
		}
		fmt.Fprintf(&page, "| %s | %.1f µs | %.1f µs | %.3f (%.3f to %.3f) | %.2f | %s | %.0f ms | %.0f ms |\n", l.name,
			sorted(list, func(c cost) float64 { return c.with })[rounds/2], sorted(list, func(c cost) float64 { return c.without })[rounds/2],
			ratio, ratios[0], ratios[len(ratios)-1], costMost, verdict,
			sorted(list, func(c cost) float64 { return c.closingWith })[rounds/2], sorted(list, func(c cost) float64 { return c.closingWithout })[rounds/2])
	}
	t.Log(page.String())
	if err := prove.Section("ledger.md", prove.LedgerHead, "cpu", page.String()); err != nil {
		t.Error(err)
	}
}

func sorted(list []cost, of func(cost) float64) []float64 {
	var values []float64
	for _, c := range list {
		values = append(values, of(c))
	}
	slices.Sort(values)
	return values
}

// oneCost is the CPU of the generator in one run: of its load, in microseconds per request, and of
// what comes after it, in milliseconds.
func oneCost(t *testing.T, l costLoad, length time.Duration, with bool) (us, closing float64) {
	t.Helper()
	s, err := scenarios.Load("web-shop", []string{
		fmt.Sprintf("traces_per_request=%d", l.traces), "expect=[]", fmt.Sprintf("load=[{name: hold, rate: %d/s, for: %s}]", l.rate, length),
	})
	if err != nil {
		t.Fatal(err)
	}
	root, err := prove.Root()
	if err != nil {
		t.Fatal(err)
	}
	self := filepath.Join(root, "bin", "spanstorm")
	acceptance := target.AcceptanceIntake
	if !with {
		acceptance = target.AcceptanceStatus
	}
	file := filepath.Join(t.TempDir(), "target.yaml")
	text := fmt.Sprintf("name: embedded\ncommand: [%q, agent, --listen, \"127.0.0.1:{{port}}\", --intake, \"{{intake}}\"]\nurl: http://127.0.0.1:{{port}}\nacceptance: %s\ndrain: 2s\n", self, acceptance)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	spec, err := target.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	r := &run{Options: Options{Scenario: s, Target: spec, Out: filepath.Join(t.TempDir(), "record"), Self: self, Log: slog.New(slog.DiscardHandler)}}
	ctx, cancel := context.WithTimeout(t.Context(), length+time.Minute)
	defer cancel()
	if err := r.prepare(); err != nil {
		t.Fatal(err)
	}
	defer r.down()
	if !with {
		r.observe = nil
	}
	for _, step := range []func(context.Context) error{r.up, r.firstTrace} {
		if err := step(ctx); err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
	before := process.SelfUsage().CPUS
	if err := r.load(ctx); err != nil {
		t.Fatal(err)
	}
	loaded := process.SelfUsage().CPUS
	rec, err := r.finish(ctx)
	if err != nil {
		t.Fatal(err)
	}
	closed := process.SelfUsage().CPUS
	q, a := rec.Requests, rec.Ledger.Account // an agent on a busy machine may refuse some
	if q.Sent == 0 || q.Unsent > 0 || q.Answered != q.Sent {
		t.Errorf("%s: planned %d, sent %d, answered %d", l.name, q.Planned, q.Sent, q.Answered)
	}
	if with && (a.Accepted != a.Delivered || a.Sent.Traces != uint64(l.traces)*q.Sent) || !with && a != (results.Account{}) {
		t.Errorf("%s, with the ledger %v: %+v", l.name, with, a)
	}
	return (loaded - before) / float64(q.Sent) * 1e6, (closed - loaded) * 1e3
}
