//go:build prove

package experiment

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/prove"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// The tests here prove what docs/method.md says, with real processes, and take hours. The records
// of each procedure are kept below bin/prove: called again, a proof goes on where it was cut off.

// repository is where this one's files are.
func repository(t *testing.T) string {
	t.Helper()
	root, err := prove.Root()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// proofLab is where a procedure called name is kept.
func proofLab(t *testing.T, name string) Lab {
	t.Helper()
	dir, err := prove.Kept(name)
	if err != nil {
		t.Fatal(err)
	}
	return Lab{Dir: dir, Self: filepath.Join(repository(t), "bin", "spanstorm"), Say: func(line string) { t.Logf("%s: %s", name, line) }}
}

// kept finds the record of a procedure that was done, goes on with one that was cut off, or begins.
func kept(t *testing.T, lab Lab, begin, resume func() (*results.Record, error)) *results.Record {
	t.Helper()
	rec, err := results.Read(lab.Dir)
	switch {
	case err == nil && rec.Complete:
		return rec
	case err == nil:
		rec, err = resume()
	case errors.Is(err, os.ErrNotExist):
		rec, err = begin()
	}
	if err != nil {
		t.Fatal(err)
	}
	if rec.Interrupted {
		t.FailNow()
	}
	return rec
}

// small is a scenario of small requests, 5 traces of 2.3 spans on average, about 7 KB.
func small(t *testing.T, load string, sets ...string) *scenarios.Scenario {
	t.Helper()
	return scenarioOf(t, "smoke", append([]string{"traces_per_request=5", "load=" + load}, sets...)...)
}

func scenarioOf(t *testing.T, name string, sets ...string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Load(name, sets)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shortened is n, or with -short as few as show that the proof works.
func shortened(n, short int) int {
	if testing.Short() {
		return short
	}
	return n
}

func proofHead(title, what, made string) string {
	return fmt.Sprintf("# %s\n\n`make %s` measures it on your machine and writes the sections below. %s", title, made, what)
}

// dated is the first line of a section.
func dated(recs []*results.Record) string {
	from, to := recs[0].StartedAt, recs[0].EndedAt
	for _, r := range recs {
		if r.StartedAt.Before(from) {
			from = r.StartedAt
		}
		if r.EndedAt.After(to) {
			to = r.EndedAt
		}
	}
	const form = "2006-01-02 15:04"
	return fmt.Sprintf("Records of %s to %s UTC, spanstorm %s, %d CPUs (%s).", from.UTC().Format(form), to.UTC().Format(form), recs[0].Tool.Version, runtime.NumCPU(), recs[0].Machine.CPUModel)
}

// met is a word for a table.
func met(ok bool) string {
	if ok {
		return "met"
	}
	return "**not met**"
}

// realTarget is an agent that is built here.
func realTarget(t *testing.T, version string) string {
	t.Helper()
	root := repository(t)
	file, program := filepath.Join(root, "agents", "datadog", "v"+version+".yaml"), filepath.Join(root, "bin", "datadog-agent-"+version)
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("%s is not built here: make agents", program)
	}
	return file
}

// searched is a search that is kept. What its probes say is said anew: the rules may have changed.
func searched(t *testing.T, name string, o CapacityOptions) *results.Record {
	t.Helper()
	o.Lab = proofLab(t, name)
	rec := kept(t, o.Lab,
		func() (*results.Record, error) { return Capacity(t.Context(), o) },
		func() (*results.Record, error) { return ResumeCapacity(t.Context(), o.Lab, 0) })
	o.CapacitySettings = o.usual()
	c := &capacity{CapacityOptions: o, rec: rec, spent: seconds(rec.Capacity.SpentS), began: time.Now()}
	c.sum(true)
	return rec
}

// compared is a comparison that is kept.
func compared(t *testing.T, name string, o CompareOptions) *results.Record {
	t.Helper()
	o.Lab = proofLab(t, name)
	return kept(t, o.Lab,
		func() (*results.Record, error) { return Compare(t.Context(), o) },
		func() (*results.Record, error) { return ResumeCompare(t.Context(), o.Lab, 0) })
}

// answerRow is a search in a table, beside what is true where that is known.
func answerRow(page *strings.Builder, name string, c *results.Capacity, truth, within float64) bool {
	off := c.AnswerPerS.Requests/truth - 1
	ok := c.Answered && off <= within && off >= -within
	fmt.Fprintf(page, "| %s | %g/s | %.4g/s | %.4g to %.4g | %+.1f%% | %s | %d | %s | %s |\n", name, truth, c.AnswerPerS.Requests, c.Low, c.High, 100*off,
		c.LimitedBy, len(c.Probes), time.Duration(c.SpentS*float64(time.Second)).Round(time.Second), met(ok))
	return ok
}
