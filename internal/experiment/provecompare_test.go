//go:build prove

package experiment

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/spanstorm/spanstorm/internal/prove"
	"github.com/spanstorm/spanstorm/internal/versus"
	"github.com/spanstorm/spanstorm/report"
	"github.com/spanstorm/spanstorm/results"
)

var compareHead = proofHead("Comparisons, put to the proof", "Agent, intake and generator share the machine.", "prove-compare")

// shortRound is a load that takes a second.
const shortRound = "[{name: warm-up, rate: 200/s, for: 300ms, discard: true}, {name: hold, rate: 200/s, for: 1s}]"

// called are the metrics of a comparison that are called better or worse.
func called(c *results.Comparison) (names []string) {
	for _, m := range c.Metrics {
		if m.Verdict == results.VerdictBetter || m.Verdict == results.VerdictWorse {
			names = append(names, m.Name)
		}
	}
	return names
}

// metricNamed is a metric of a comparison; the zero one where it has none of that name.
func metricNamed(c *results.Comparison, name string) (m results.ComparedMetric) {
	if i := slices.IndexFunc(c.Metrics, func(m results.ComparedMetric) bool { return m.Name == name }); i >= 0 {
		m = c.Metrics[i]
	}
	return m
}

// sameAgain holds that diff says the same of the records as the comparison that left them.
func sameAgain(t *testing.T, name string, rec *results.Record) bool {
	t.Helper()
	dir := proofLab(t, name).Dir
	again, err := Diff(DiffOptions{Old: filepath.Join(dir, "a"), New: filepath.Join(dir, "b"), MinEffect: rec.Comparison.MinEffect})
	if err != nil {
		t.Error(err)
		return false
	}
	same := len(again.Comparison.Metrics) == len(rec.Comparison.Metrics)
	for i, m := range again.Comparison.Metrics {
		w := rec.Comparison.Metrics[i]
		if m.Name != w.Name || m.Verdict != w.Verdict || m.Ratio != w.Ratio || m.RatioLow != w.RatioLow || m.RatioHigh != w.RatioHigh || m.P != w.P {
			t.Errorf("%s: diff says %+v, compare %+v", name, m, w)
			same = false
		}
	}
	return same
}

// TestProveCompareItself compares the embedded agent with itself, forty times, and then
// simulates comparisons from the rounds that were recorded. Two comparisons go on at a time: a
// machine that is not quiet must not make differences either.
func TestProveCompareItself(t *testing.T) {
	n := shortened(40, 2)
	recs := make([]*results.Record, n)
	names := make([]string, n)
	turns := make(chan struct{}, 2)
	var wait sync.WaitGroup
	for i := range n {
		names[i] = fmt.Sprintf("compare/itself-%02d", i+1)
		wait.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			recs[i] = compared(t, names[i], CompareOptions{
				Scenario: small(t, shortRound, "expect=[]", "late_limit=1s", fmt.Sprintf("seed=%d", 100+i)), Rounds: RoundsDefault, MinEffect: versus.MinEffect,
				Targets: []results.ComparedTarget{{Target: "embedded"}, {Target: "embedded"}},
			})
		})
	}
	wait.Wait()
	if t.Failed() {
		t.FailNow()
	}
	wrong, diffs, verdicts := 0, 0, map[string]int{}
	var list strings.Builder
	for i, rec := range recs {
		if names := called(rec.Comparison); len(names) > 0 {
			wrong++
			fmt.Fprintf(&list, "Comparison %d calls %s.\n", i+1, strings.Join(names, ", "))
		}
		if sameAgain(t, names[i], rec) {
			diffs++
		}
		for _, m := range rec.Comparison.Metrics {
			verdicts[m.Verdict]++
		}
	}
	difference, miss, runs := simulate(t, names)
	const most = 0.05
	text := fmt.Sprintf(`## An agent compared with itself

%s
The embedded agent beside itself, %d comparisons of %d rounds of a second each, two comparisons at a time.

| | found | at most | |
|---|---|---|---|
| comparisons that call a difference on any metric | %d | 4 of 40 | %s |
| simulated comparisons that call one (%d, rounds drawn from the %d recorded, the targets of each exchanged by a coin) | %.2f%% | 5%% | %s |
| simulated comparisons in which any interval leaves out no difference at all | %.2f%% | 5%% | %s |
| comparisons of which diff says the same | %d | all %d | %s |

Verdicts over all metrics: same %d, undecided %d, better %d, worse %d. %s`, dated(recs), n, RoundsDefault,
		wrong, met(wrong <= 4), simulations, runs, 100*difference, met(difference <= most), 100*miss, met(miss <= most), diffs, n, met(diffs == n),
		verdicts[results.VerdictSame], verdicts[results.VerdictUndecided], verdicts[results.VerdictBetter], verdicts[results.VerdictWorse], list.String())
	t.Log(text)
	if err := prove.Section("compare.md", compareHead, "itself", text); err != nil {
		t.Error(err)
	}
	if wrong > 4 || difference > most || miss > most || diffs < n {
		t.Error("it does not hold")
	}
}

// simulations is how many comparisons are simulated.
const simulations = 2000

// simulate draws rounds, of all that were recorded, for comparisons of an agent with itself, and
// says how many call a difference, and in how many any interval leaves out no difference.
func simulate(t *testing.T, names []string) (difference, miss float64, rounds int) {
	t.Helper()
	var pairs [][2]versus.Run
	for _, name := range names {
		a, err := versus.ReadSide("a", filepath.Join(proofLab(t, name).Dir, "a"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := versus.ReadSide("b", filepath.Join(proofLab(t, name).Dir, "b"))
		if err != nil {
			t.Fatal(err)
		}
		for _, ra := range a.Runs {
			i := slices.IndexFunc(b.Runs, func(rb versus.Run) bool { return rb.Round == ra.Round })
			if i >= 0 && ra.Record.Valid && b.Runs[i].Record.Valid {
				pairs = append(pairs, [2]versus.Run{slim(ra), slim(b.Runs[i])})
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range simulations {
		sides := []versus.Side{{Target: results.ComparedTarget{Label: "a"}}, {Target: results.ComparedTarget{Label: "b"}}}
		for round := range RoundsDefault {
			pair, first := pairs[r.IntN(len(pairs))], r.IntN(2)
			for i := range sides {
				run := pair[(first+i)%2]
				run.Round = round + 1
				sides[i].Runs = append(sides[i].Runs, run)
			}
		}
		c := versus.Judge(sides, versus.Options{Confidence: versus.Confidence, MinEffect: versus.MinEffect, Paired: true})
		if len(called(c)) > 0 {
			difference++
		}
		if slices.ContainsFunc(c.Metrics, func(m results.ComparedMetric) bool { return m.P <= c.Alpha }) {
			miss++
		}
	}
	return difference / simulations, miss / simulations, len(pairs)
}

// slim is a run without what only its curve needs.
func slim(r versus.Run) versus.Run {
	rec := *r.Record
	rec.Totals.Percentiles, rec.Seconds = nil, nil
	r.Record = &rec
	return r
}

// TestProveComparePower compares an agent with one that is 10% slower by its dial, ten times.
func TestProveComparePower(t *testing.T) {
	n := shortened(10, 1)
	var recs []*results.Record
	var rows strings.Builder
	found, diffs := 0, 0
	for i := range n {
		name := fmt.Sprintf("compare/slow-%02d", i+1)
		rec := compared(t, name, CompareOptions{
			Scenario: small(t, shortRound, "expect=[]", "late_limit=1s", fmt.Sprintf("seed=%d", 200+i)), Rounds: RoundsDefault, MinEffect: versus.MinEffect,
			Targets: []results.ComparedTarget{{Target: "embedded", Set: []string{"latency=5ms"}}, {Target: "embedded", Set: []string{"latency=5ms", "slow=10%"}}},
		})
		recs = append(recs, rec)
		worse := slices.ContainsFunc(rec.Comparison.Metrics, func(m results.ComparedMetric) bool {
			return strings.HasPrefix(m.Name, "response_time.") && m.Verdict == results.VerdictWorse
		})
		if worse {
			found++
		}
		if sameAgain(t, name, rec) {
			diffs++
		}
		fmt.Fprintf(&rows, "| %d |", i+1)
		for _, name := range []string{"response_time.p50", "response_time.p90", "response_time.p99", "service_time.p50"} {
			m := metricNamed(rec.Comparison, name)
			fmt.Fprintf(&rows, " %+.1f%% (%+.1f to %+.1f), %s |", 100*(m.Ratio-1), 100*(m.RatioLow-1), 100*(m.RatioHigh-1), m.Verdict)
		}
		fmt.Fprintln(&rows)
	}
	text := fmt.Sprintf(`## An agent that is 10%% slower

%s
%s with %slatency=5ms%s beside the same with %sslow=10%%%s, %d comparisons of %d rounds of a second each: called worse in response time in %d of them (at least 9 of 10: %s). diff says the same of %d.

| | response time p50 | p90 | p99 | service time p50 |
|---|---|---|---|---|
%s`, dated(recs), "The embedded agent", "`", "`", "`", "`", n, RoundsDefault, found, met(10*found >= 9*n), diffs, rows.String())
	if err := prove.Section("compare.md", compareHead, "power", text); err != nil {
		t.Error(err)
	}
	if 10*found < 9*n || diffs < n {
		t.Errorf("%d of %d call it, diff says the same of %d", found, n, diffs)
	}
}

const cpuPerSpan = "target.cpu_s_per_million_spans"

// untilDecided compares at the usual rounds, and then with as many as the comparison before said would
// decide what the CPU per span is, or with twice as many where it could not say. It ends with a
// comparison in which that is decided, or with the fifth.
func untilDecided(t *testing.T, compare func(attempt, rounds int) *results.Record) (recs []*results.Record, last results.ComparedMetric) {
	t.Helper()
	rounds := shortened(RoundsDefault, 3)
	for i := range 5 {
		rec := compare(i+1, rounds)
		recs, last = append(recs, rec), metricNamed(rec.Comparison, cpuPerSpan)
		if last.Verdict != results.VerdictUndecided || testing.Short() {
			break
		}
		rounds = cmp.Or(last.RoundsNeeded, 2*rounds)
	}
	return recs, last
}

// attempts are comparisons, one after the other until the CPU per span is decided, in a table.
func attempts(recs []*results.Record) string {
	var table strings.Builder
	fmt.Fprintf(&table, "| rounds asked for | made | CPU per span, B against A | interval | p | verdict | rounds suggested |\n|---|---|---|---|---|---|---|\n")
	for _, rec := range recs {
		m := metricNamed(rec.Comparison, cpuPerSpan)
		fmt.Fprintf(&table, "| %d | %d | %+.2f%% | %+.2f to %+.2f%% | %.2g | %s | %s |\n", rec.Comparison.Plan.Rounds, m.N, 100*(m.Ratio-1), 100*(m.RatioLow-1), 100*(m.RatioHigh-1), m.P, m.Verdict, suggestion(m))
	}
	return table.String()
}

// TestProveCompareCPU compares an agent with one that costs 3% more CPU per span by its dial, and asks
// about nothing else. Runs are short, for what the machine does to one of them lasts no longer.
func TestProveCompareCPU(t *testing.T) {
	recs, last := untilDecided(t, func(attempt, rounds int) *results.Record {
		return compared(t, fmt.Sprintf("compare/cpu-%d-%d", attempt, rounds), CompareOptions{
			Scenario: small(t, "[{name: warm-up, rate: 300/s, for: 500ms, discard: true}, {name: hold, rate: 300/s, for: 2s}]", "traces_per_request=50", "expect=[]", "late_limit=1s", fmt.Sprintf("seed=%d", 299+attempt)),
			Rounds:   rounds, MinEffect: versus.MinEffect, Metrics: []string{cpuPerSpan},
			Targets: []results.ComparedTarget{{Target: "embedded"}, {Target: "embedded", Set: []string{"cpu_per_span=+3%"}}},
		})
	})
	text := fmt.Sprintf("## An agent that costs 3%% more CPU\n\n%s\nThe embedded agent beside itself with `cpu_per_span=+3%%`, asked about nothing but its CPU (`--metric`): a comparison of the usual rounds, and then of as many as the one before said would do (or twice as many, where that is more than %s), until it is decided.\n\n"+
		"%s\nCalled worse: %s.\n", dated(recs), results.FormatCount(results.RoundsMost), attempts(recs), met(last.Verdict == results.VerdictWorse))
	if err := prove.Section("compare.md", compareHead, "cpu", text); err != nil {
		t.Error(err)
	}
	if last.Verdict != results.VerdictWorse && !testing.Short() {
		t.Errorf("%+v", last)
	}
}

// suggestion is how many rounds would decide a metric, in a table.
func suggestion(m results.ComparedMetric) string {
	switch {
	case m.Verdict != results.VerdictUndecided:
		return "–"
	case m.RoundsNeeded == 0:
		return "> " + results.FormatCount(results.RoundsMost)
	}
	return strconv.Itoa(m.RoundsNeeded)
}

// TestProveCompareReal compares the two Datadog agents, with small payloads and some faults. At 1,000
// requests/s what the spans cost outweighs what an idle agent does.
func TestProveCompareReal(t *testing.T) {
	recs, cpu := untilDecided(t, func(attempt, rounds int) *results.Record {
		return compared(t, fmt.Sprintf("compare/datadog-%d-%d", attempt, rounds), CompareOptions{
			Scenario: small(t, "[{name: warm-up, rate: 1000/s, for: 1s, discard: true}, {name: hold, rate: 1000/s, for: 6s}]", "traces_per_request=1", "expect=[]", "late_limit=1s", fmt.Sprintf("seed=%d", attempt),
				"faults=[{kind: trace-id-zero, share: 2%}, {kind: foreign-trace-id, share: 2%}, {kind: span-id-zero, share: 2%}, {kind: self-parent, share: 2%}]"),
			Rounds: rounds, MinEffect: versus.MinEffect,
			Targets: []results.ComparedTarget{{Target: realTarget(t, "0.60.0")}, {Target: realTarget(t, "0.85.1")}},
		})
	})
	rec := recs[len(recs)-1]
	var table strings.Builder
	if err := report.Markdown(&table, rec); err != nil {
		t.Fatal(err)
	}
	_, shown, _ := strings.Cut(table.String(), "\n")
	shown = strings.NewReplacer("\n## ", "\n### ", repository(t)+"/", "").Replace(shown)
	text := fmt.Sprintf("## Datadog v0.60.0 beside v0.85.1\n\n%s\n1,000 requests/s of one trace of 2.3 spans on average, 2%% of each of four faults; as many rounds as decide the CPU per span.\n\n%s\nThe last of them, as `report --format markdown` shows it:\n%s",
		dated(recs), attempts(recs), shown)
	if err := prove.Section("compare.md", compareHead, "datadog", text); err != nil {
		t.Error(err)
	}
	if cpu.Verdict != results.VerdictWorse && !testing.Short() {
		t.Errorf("the difference in CPU: %+v", cpu)
	}
	for _, subject := range []string{"fault trace-id-zero", "fault foreign-trace-id"} {
		if !slices.ContainsFunc(rec.Comparison.Behaviour, func(b results.Behaviour) bool {
			return b.Subject == subject && strings.Contains(b.A, "dropped") && strings.Contains(b.B, "accepted")
		}) {
			t.Errorf("%s is not among the behaviour: %+v", subject, rec.Comparison.Behaviour)
		}
	}
	for i, r := range recs {
		if !sameAgain(t, fmt.Sprintf("compare/datadog-%d-%d", i+1, r.Comparison.Plan.Rounds), r) {
			t.Error("diff does not say the same")
		}
	}
}
