package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spanstorm/spanstorm/internal/experiment"
	"github.com/spanstorm/spanstorm/internal/versus"
	"github.com/spanstorm/spanstorm/results"
)

// TestCompare sets an agent that loses traces beside one that does not, is interrupted, goes on, and
// finds what counts decide however the machine is loaded: shares and behaviour. The records
// that it leaves give the same verdicts again.
func TestCompare(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "compare")
	o := experiment.CompareOptions{
		Lab: lab(t, dir), Scenario: light(t, "expect=[]", "load=[{name: warm, rate: 100/s, for: 200ms, discard: true}, {rate: 100/s, for: 500ms}]"), Rounds: 11, MinEffect: versus.MinEffect,
		Targets: []results.ComparedTarget{{Target: "embedded"}, {Target: "embedded", Set: []string{"drop=20%"}}},
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	say, lines := o.Say, 0
	o.Say = func(line string) {
		say(line)
		if lines++; lines == 3 { // the second run has just begun
			cancel()
		}
	}
	rec, err := experiment.Compare(ctx, o)
	if err != nil || !rec.Interrupted || len(rec.Comparison.Runs) != 1 {
		t.Fatalf("%v, %d runs", err, len(rec.Comparison.Runs))
	}
	rec, err = experiment.ResumeCompare(t.Context(), lab(t, dir), 0)
	if err != nil {
		t.Fatal(err)
	}
	c := rec.Comparison
	if !rec.Complete || !rec.Valid || c.Rounds != 11 || len(c.Runs) != 22 {
		t.Fatalf("complete %v, valid %v (%v), %d rounds, %d runs", rec.Complete, rec.Valid, rec.InvalidReasons, c.Rounds, len(c.Runs))
	}
	m := metricOf(t, c, "accepted")
	if m.Verdict != results.VerdictWorse || m.Difference > -0.1 || m.DifferenceHigh > -0.1 || m.P > 0.01 {
		t.Errorf("%+v", m)
	}
	if m := metricOf(t, c, "refused"); m.Verdict != results.VerdictSame {
		t.Errorf("%+v", m)
	}
	i := slices.IndexFunc(c.Behaviour, func(b results.Behaviour) bool { return b.Subject == "traces" })
	if i < 0 || c.Behaviour[i].A != "accepted 100%" {
		t.Errorf("%+v", c.Behaviour)
	}
	sameStream(t, dir)

	again, err := experiment.Diff(experiment.DiffOptions{Old: filepath.Join(dir, "a"), New: filepath.Join(dir, "b"), MinEffect: versus.MinEffect})
	if err != nil {
		t.Fatal(err)
	}
	if len(again.Comparison.Metrics) != len(c.Metrics) {
		t.Fatalf("%d metrics of %d", len(again.Comparison.Metrics), len(c.Metrics))
	}
	for i, m := range again.Comparison.Metrics {
		if w := c.Metrics[i]; m.Name != w.Name || m.Verdict != w.Verdict || m.Ratio != w.Ratio || m.RatioLow != w.RatioLow || m.P != w.P || m.N != w.N {
			t.Errorf("diff says %+v, compare %+v", m, w)
		}
	}
	if len(again.Comparison.Behaviour) != len(c.Behaviour) {
		t.Errorf("diff finds %+v, compare %+v", again.Comparison.Behaviour, c.Behaviour)
	}
}

// sameStream holds that the runs of a round sent the same ids, and those of others did not.
func sameStream(t *testing.T, dir string) {
	t.Helper()
	key := func(run string) string {
		rec, err := results.Read(filepath.Join(dir, run))
		if err != nil {
			t.Fatal(err)
		}
		return rec.RunKey
	}
	if key("a/002") != key("b/002") || key("a/002") == key("a/003") {
		t.Errorf("keys %s, %s, %s", key("a/002"), key("b/002"), key("a/003"))
	}
}

func metricOf(t *testing.T, c *results.Comparison, name string) results.ComparedMetric {
	t.Helper()
	i := slices.IndexFunc(c.Metrics, func(m results.ComparedMetric) bool { return m.Name == name })
	if i < 0 {
		t.Fatalf("no metric %s among %d", name, len(c.Metrics))
	}
	return c.Metrics[i]
}

// TestCompareUnreachable gives up in the first round, whichever target that begins with.
func TestCompareUnreachable(t *testing.T) {
	t.Parallel()
	for _, seed := range []uint64{3, 4} { // B first, A first
		_, err := experiment.Compare(t.Context(), experiment.CompareOptions{
			Lab: lab(t, filepath.Join(t.TempDir(), "compare")), Scenario: light(t, "expect=[]", "load=[{rate: 100/s, for: 200ms}]", fmt.Sprintf("seed=%d", seed)),
			Rounds: 2, MinEffect: versus.MinEffect, Targets: []results.ComparedTarget{{Target: "embedded"}, {Target: "http://127.0.0.1:1"}},
		})
		if err == nil || !strings.Contains(err.Error(), "round 1 of b") || !strings.Contains(err.Error(), "is an agent running there?") {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}
