package report

import (
	"bytes"
	"encoding/xml"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/report/internal/samples"
	"github.com/spanstorm/spanstorm/results"
)

func TestProceduresGolden(t *testing.T) {
	all := samples.Procedures()
	for name, rec := range all {
		golden(t, "terminal-"+name+".txt", terminal(t, rec, Options{Width: 120}))
	}
	for _, name := range []string{"capacity", "comparison"} {
		golden(t, "terminal-"+name+"-narrow.txt", terminal(t, all[name], Options{Width: 80, Record: "results/20260304-web-shop"}))
		var buf bytes.Buffer
		if err := Markdown(&buf, all[name]); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".md", buf.String())
		buf.Reset()
		if err := JUnit(&buf, all[name]); err != nil {
			t.Fatal(err)
		}
		golden(t, name+".xml", buf.String())
	}
}

// A procedure's charts and its page are written, and no chart of a run.
func TestProceduresWrite(t *testing.T) {
	for name, want := range map[string][]string{
		"capacity":         {"capacity.png", "capacity.svg", "report.html"},
		"comparison":       {"comparison.png", "comparison.svg", "curves.png", "curves.svg", "report.html"},
		"comparison-three": {"comparison-b.png", "comparison-b.svg", "comparison-c.png", "comparison-c.svg", "curves.png", "curves.svg", "report.html"},
	} {
		w, err := results.Create(filepath.Join(t.TempDir(), "record"))
		if err != nil {
			t.Fatal(err)
		}
		rec := samples.Procedures()[name]
		if err := w.Save(rec); err != nil {
			t.Fatal(err)
		}
		paths, err := Write(w.Dir(), rec)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range paths {
			got = append(got, filepath.Base(p))
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}

// Nothing of a run's report is in that of a procedure, which has none of its figures.
func TestProceduresAreNotRuns(t *testing.T) {
	for name, rec := range samples.Procedures() {
		out := terminal(t, rec, Options{Width: 200})
		for _, of := range []string{"no traces", "Ledger", "Phases", "Answers", "Resources"} {
			if strings.Contains(out, of) {
				t.Errorf("%s: %q in the report", name, of)
			}
		}
	}
}

func TestProceduresVerdict(t *testing.T) {
	want := map[string]string{
		"capacity": "ANSWERED", "capacity-traces": "ANSWERED", "capacity-budget": "BEST SO FAR", "capacity-generator": "NO ANSWER", "capacity-empty": "INCOMPLETE", "capacity-hostile": "ANSWERED",
		"comparison": "MIXED", "comparison-three": "MIXED", "comparison-few": "INTERRUPTED", "comparison-disk": "NO DIFFERENCE", "comparison-empty": "INCOMPLETE", "comparison-hostile": "MIXED",
	}
	got := map[string]string{}
	for name, rec := range samples.Procedures() {
		got[name] = of(rec, 0).Verdict.Word
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	invalid := samples.Procedures()["capacity"]
	invalid.Valid = false
	if v := of(invalid, 0).Verdict; v.Word != "NOT VALID" {
		t.Errorf("a search that is not valid is %q", v.Word)
	}
}

// A worse metric fails and an undecided one is skipped; behaviour is told and fails nothing.
func TestProceduresJUnit(t *testing.T) {
	all := samples.Procedures()
	names := []string{"capacity", "capacity-budget", "capacity-generator", "comparison", "comparison-three", "comparison-few", "comparison-disk", "comparison-empty"}
	var buf bytes.Buffer
	for i, name := range names {
		if err := JUnit(&buf, all[name]); err != nil {
			t.Fatal(err)
		}
		var got suites
		if err := xml.Unmarshal(buf.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		buf.Reset()
		type counts struct{ Tests, Failures, Errors, Skipped int }
		want := []counts{{1, 0, 0, 0}, {1, 0, 0, 0}, {1, 0, 1, 0}, {16, 4, 0, 3}, {25, 4, 0, 3}, {12, 0, 1, 11}, {8, 0, 0, 0}, {1, 0, 1, 0}}
		s := got.Suites[0]
		if diff := cmp.Diff(want[i], counts{s.Tests, s.Failures, s.Errors, s.Skipped}); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		if len(s.Cases) != s.Tests {
			t.Errorf("%s says %d tests and has %d", name, s.Tests, len(s.Cases))
		}
		for _, c := range s.Cases {
			if behaviour := strings.HasSuffix(c.Name, " differs"); behaviour && (c.Failure != nil || c.Skipped != nil || c.Out == "") {
				t.Errorf("%s: the case %q is %+v", name, c.Name, c)
			}
		}
	}
	all["capacity-generator"].Valid = true
	if c := of(all["capacity-generator"], 0).Cases[0]; c.Failure == nil || !strings.Contains(c.Failure.Message, "more CPUs") {
		t.Errorf("a search without an answer is %+v", c)
	}
}

// What a target says cannot move the cursor, nor become markup.
func TestProceduresAreClean(t *testing.T) {
	for _, name := range []string{"capacity-hostile", "comparison-hostile"} {
		rec := samples.Procedures()[name]
		var md bytes.Buffer
		if err := Markdown(&md, rec); err != nil {
			t.Fatal(err)
		}
		for _, out := range []string{terminal(t, rec, Options{Width: 120}), md.String()} {
			if i := slices.IndexFunc([]rune(out), func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
				t.Fatalf("%s: %U in the report", name, []rune(out)[i])
			}
			if !strings.Contains(out, "owned") {
				t.Errorf("%s: the names are not shown", name)
			}
		}
		if strings.Contains(md.String(), "<script") {
			t.Errorf("%s: markup in the Markdown", name)
		}
	}
}
