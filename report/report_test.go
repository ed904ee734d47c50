package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/olekukonko/tablewriter/pkg/twwidth"

	"github.com/spanstorm/spanstorm/report/charts"
	"github.com/spanstorm/spanstorm/report/internal/samples"
	"github.com/spanstorm/spanstorm/results"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with a file of testdata; on a difference what was got is written beside it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.ReplaceAll(string(want), "\r\n", "\n"), got); diff != "" {
		_ = os.WriteFile(path+".got", []byte(got), 0o600)
		t.Errorf("%s differs (-want +got); see %s.got, or run with -update\n%s", path, path, diff)
	}
}

func terminal(t *testing.T, rec *results.Record, opts Options) string {
	t.Helper()
	var buf bytes.Buffer
	if err := Terminal(&buf, rec, opts); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func TestTerminalGolden(t *testing.T) {
	runs := samples.Runs()
	for _, name := range []string{"altered", "healthy", "drops", "services", "saturated", "died", "interrupted", "closed", "blind", "incidents", "empty", "hostile"} {
		golden(t, "terminal-"+name+".txt", terminal(t, runs[name], Options{Width: 120}))
	}
	golden(t, "terminal-altered-narrow.txt", terminal(t, runs["altered"], Options{Width: 80}))
	golden(t, "terminal-incidents-narrow.txt", terminal(t, runs["incidents"], Options{Width: 80}))
	golden(t, "terminal-drops-narrow.txt", terminal(t, runs["drops"], Options{Width: 60, Record: "results/20260304-web-shop"}))
}

// Colour adds escapes and nothing else, and columns stay aligned with it.
func TestColorChangesNothingElse(t *testing.T) {
	escapes := regexp.MustCompile("\x1b\\[[0-9;]*m")
	badge := regexp.MustCompile(`(?m)^\[([A-Z ]+)\]`)
	for name, rec := range samples.All() {
		plain, color := terminal(t, rec, Options{Width: 120}), terminal(t, rec, Options{Width: 120, Color: true})
		if strings.Contains(plain, "\x1b") {
			t.Errorf("%s: escapes without colour", name)
		}
		if !escapes.MatchString(color) {
			t.Errorf("%s: no colour", name)
		}
		trailing := regexp.MustCompile(`(?m) +$`)
		stripped := trailing.ReplaceAllString(escapes.ReplaceAllString(color, ""), "")
		// A badge has blanks in place of brackets.
		if diff := cmp.Diff(trailing.ReplaceAllString(badge.ReplaceAllString(plain, " $1 "), ""), stripped); diff != "" {
			t.Errorf("%s (-plain +stripped)\n%s", name, diff)
		}
	}
}

func TestTerminalFitsItsWidth(t *testing.T) {
	for name, rec := range samples.All() {
		for _, width := range []int{0, 40, 60, 80, 132, 200} {
			most := width
			if width == 0 {
				most = 100
			}
			for line := range strings.Lines(terminal(t, rec, Options{Width: width})) {
				line = strings.TrimSuffix(line, "\n")
				// A single word that is longer than the line cannot be broken; the hint can be copied whole.
				long := len(strings.Fields(line)) <= 3 || strings.Contains(line, "see one: spanstorm ")
				if w := twwidth.Width(line); w > most && !long {
					t.Errorf("%s at width %d: a line of %d: %q", name, width, w, line)
				}
			}
		}
	}
}

// What a target says cannot move the cursor, set colours or titles, or turn the text.
func TestTerminalIsClean(t *testing.T) {
	out := terminal(t, samples.Runs()["hostile"], Options{Width: 120})
	for _, r := range out {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Fatalf("%U in the report", r)
		}
	}
	if !strings.Contains(out, `\x1b[2J`) || !strings.Contains(out, `\u202e`) {
		t.Error("the escapes are not shown")
	}
}

func TestMarkdownGolden(t *testing.T) {
	runs := samples.Runs()
	var buf bytes.Buffer
	if err := Markdown(&buf, runs["drops"], runs["services"]); err != nil {
		t.Fatal(err)
	}
	golden(t, "drops-services.md", buf.String())
}

// Each row of each table has the columns of its head, whatever is in the fields.
func TestMarkdownTables(t *testing.T) {
	unescaped := regexp.MustCompile(`(^|[^\\])\|`)
	for name, rec := range samples.All() {
		var buf bytes.Buffer
		if err := Markdown(&buf, rec); err != nil {
			t.Fatal(err)
		}
		columns := 0
		for line := range strings.Lines(buf.String()) {
			if !strings.HasPrefix(line, "|") {
				columns = 0
				continue
			}
			n := len(unescaped.FindAllString(line, -1))
			if columns == 0 {
				columns = n
			}
			if n != columns {
				t.Errorf("%s: %d columns under a head of %d: %s", name, n, columns, line)
			}
		}
		if strings.Contains(buf.String(), "<script") {
			t.Errorf("%s: markup of the target in the Markdown", name)
		}
	}
}

// suites are what a reader of JUnit XML looks for.
type suites struct {
	Suites []struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Skipped  int `xml:"skipped,attr"`
		Cases    []struct {
			Name    string `xml:"name,attr"`
			Failure *struct {
				Message string `xml:"message,attr"`
			} `xml:"failure"`
			Skipped *struct{} `xml:"skipped"`
			Out     string    `xml:"system-out"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

func TestJUnit(t *testing.T) {
	runs := samples.Runs()
	var buf bytes.Buffer
	if err := JUnit(&buf, runs["healthy"], runs["drops"], runs["died"], runs["empty"], runs["hostile"]); err != nil {
		t.Fatal(err)
	}
	var got suites
	if err := xml.Unmarshal(buf.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	type counts struct{ Tests, Failures, Errors int }
	want := []counts{{3, 0, 0}, {3, 1, 0}, {3, 0, 1}, {1, 0, 1}, {2, 1, 1}}
	total := counts{}
	for i, s := range got.Suites {
		if diff := cmp.Diff(want[i], counts{s.Tests, s.Failures, s.Errors}); diff != "" {
			t.Errorf("suite %d (-want +got)\n%s", i, diff)
		}
		if len(s.Cases) != s.Tests {
			t.Errorf("suite %d says %d tests and has %d", i, s.Tests, len(s.Cases))
		}
		total = counts{total.Tests + s.Tests, total.Failures + s.Failures, total.Errors + s.Errors}
	}
	if diff := cmp.Diff(counts{12, 2, 3}, total); diff != "" {
		t.Error(diff)
	}
	if f := got.Suites[1].Cases[2].Failure; f == nil || !strings.Contains(f.Message, "expected missing == 0, got 10,989 traces") {
		t.Errorf("the failure of an expectation is %+v", f)
	}
}

func TestHTML(t *testing.T) {
	outside := regexp.MustCompile(`(?i)<(script|link|img|iframe|object|embed|base|form)\b|\b(src|href|action|xlink:href)\s*=|url\(|@import`)
	for name, rec := range samples.All() {
		t.Run(name, func(t *testing.T) {
			var buf bytes.Buffer
			if err := HTML(&buf, rec); err != nil {
				t.Fatal(err)
			}
			page := buf.String()
			if found := outside.FindString(page); found != "" {
				t.Errorf("the page reaches outside or runs something: %q", found)
			}
			if n := strings.Count(page, "<svg "); n != len(charts.All(rec)) {
				t.Errorf("%d charts, want %d", n, len(charts.All(rec)))
			}
			for _, r := range page {
				if r != '\n' && r != '\t' && !unicode.IsPrint(r) {
					t.Fatalf("%U in the page", r)
				}
			}
			if !strings.Contains(page, of(rec, 0).Verdict.Word) {
				t.Error("the verdict is not on the page")
			}
		})
	}
}

func TestWrite(t *testing.T) {
	w, err := results.Create(filepath.Join(t.TempDir(), "record"))
	if err != nil {
		t.Fatal(err)
	}
	rec := samples.Runs()["second"]
	if _, err := Write(w.Dir(), rec); err == nil {
		t.Error("a report into a folder without a record: no error")
	}
	if err := w.Save(rec); err != nil {
		t.Fatal(err)
	}
	for range 2 { // a report may be made again
		paths, err := Write(w.Dir(), rec)
		if err != nil {
			t.Fatal(err)
		}
		if len(paths) != 13 {
			t.Errorf("wrote %v", paths)
		}
		for _, p := range paths {
			if info, err := os.Stat(p); err != nil || info.Size() == 0 {
				t.Errorf("%s: %v, %v", p, info, err)
			}
		}
	}
}

func TestJSONIsTheRecord(t *testing.T) {
	var buf bytes.Buffer
	rec := samples.Runs()["drops"]
	if err := JSON(&buf, rec); err != nil {
		t.Fatal(err)
	}
	again, err := results.Decode(buf.Bytes())
	if err != nil || again.Ledger.Missing != rec.Ledger.Missing {
		t.Errorf("read %+v, %v", again, err)
	}
}

func TestVerdict(t *testing.T) {
	runs := samples.Runs()
	want := map[string]string{"healthy": "PASSED", "stall": "FAILED", "drops": "FAILED", "services": "PASSED", "interrupted": "INTERRUPTED", "saturated": "SATURATED", "died": "NOT VALID", "empty": "INCOMPLETE"}
	for name, word := range want {
		if v := judge(runs[name]); v.Word != word {
			t.Errorf("%s: %s, want %s", name, v.Word, word)
		}
	}
	plain := *runs["healthy"]
	plain.Expectations = nil
	if v := judge(&plain); v.Word != "VALID" || v.Summary != "every one of 109,899 traces was accepted" {
		t.Errorf("without expectations: %+v", v)
	}
}

// A writer that fails is an error of every form.
func TestWriterErrors(t *testing.T) {
	rec := samples.Runs()["second"]
	forms := map[string]func(io.Writer) error{
		"terminal": func(w io.Writer) error { return Terminal(w, rec, Options{}) }, "markdown": func(w io.Writer) error { return Markdown(w, rec) },
		"junit": func(w io.Writer) error { return JUnit(w, rec) }, "html": func(w io.Writer) error { return HTML(w, rec) }, "json": func(w io.Writer) error { return JSON(w, rec) },
	}
	for name, form := range forms {
		if err := form(full{}); err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, fmt.Errorf("disk full") }

// Any record that can be read can be reported on.
func FuzzReport(f *testing.F) {
	for _, rec := range samples.All() {
		rec.Seconds = rec.Seconds[:min(len(rec.Seconds), 3)]
		data, err := json.Marshal(rec)
		if err != nil { // the hostile one has figures that are no numbers
			if data, err = results.Encode(rec); err != nil {
				f.Fatal(err)
			}
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := results.Decode(data)
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := Terminal(&out, rec, Options{Width: 80}); err != nil {
			t.Fatal(err)
		}
		for _, r := range out.String() {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Fatalf("%U in the report", r)
			}
		}
		if err := Markdown(&out, rec); err != nil {
			t.Fatal(err)
		}
		out.Reset()
		if err := JUnit(&out, rec); err != nil {
			t.Fatal(err)
		}
		if err := xml.Unmarshal(out.Bytes(), new(suites)); err != nil {
			t.Fatal(err)
		}
	})
}
