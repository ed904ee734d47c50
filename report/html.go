package report

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/spanstorm/spanstorm/report/charts"
	"github.com/spanstorm/spanstorm/results"
)

//go:embed page.html.tmpl
var pageSource string

// page is what the template shows.
type page struct {
	Title    string
	Name     string
	Target   string
	Verdict  verdict
	Figures  []figure
	Facts    []fact
	Charts   []drawing
	First    []table // above the charts
	Wide     []table // as wide as the page
	Tables   []table // beside one another
	Command  string
	Exited   bool
	Stderr   string
	Scenario string
	RunKey   string
}

// figure is one of the large numbers at the top of the page.
type figure struct {
	Value, Name string
	Tone        tone
}

// drawing is a chart as part of the page.
type drawing struct {
	Name string
	SVG  template.HTML
}

// HTML writes the report of a record as one page that needs nothing else: styles
// and charts are in it, no script, no font, no picture is loaded, and a content
// security policy says so. Everything of the record is escaped.
func HTML(w io.Writer, rec *results.Record) error {
	p := page{
		Title: clean(rec.Name), Name: clean(rec.Name), Target: clean(rec.Target.Name), Verdict: judge(rec), Facts: facts(rec),
		Figures: figures(rec), Exited: rec.Target.Exit != nil,
		Scenario: scenarioText(rec.Scenario), RunKey: clean(rec.RunKey),
	}
	if rec.Target.Name != "" {
		p.Title += " → " + clean(rec.Target.Name)
	}
	p.Verdict.Summary = strings.ToUpper(p.Verdict.Summary[:1]) + p.Verdict.Summary[1:]
	for _, t := range tables(rec, results.ExamplesMax) {
		switch t.Title {
		case "Expectations":
			p.First = append(p.First, t)
		case "Phases", "Incidents", "Events", "Ledger", "By shape", "By fault":
			p.Wide = append(p.Wide, t)
		default:
			p.Tables = append(p.Tables, t)
		}
	}
	var command []string
	for _, arg := range rec.Target.Command {
		command = append(command, clean(arg))
	}
	p.Command = strings.Join(command, " ")
	var stderr []string
	for _, line := range rec.Target.StderrTail {
		stderr = append(stderr, clean(line))
	}
	p.Stderr = strings.Join(stderr, "\n")
	for _, c := range charts.All(rec) {
		svg, err := c.Inline()
		if err != nil {
			return fmt.Errorf("write the page of %s: %w", p.Name, err)
		}
		// Safe: the drawing library escapes every text, and Inline the label.
		p.Charts = append(p.Charts, drawing{c.Name, template.HTML(svg)})
	}
	parsed, err := template.New("page").Funcs(template.FuncMap{"sentence": sentence}).Parse(pageSource)
	if err != nil {
		return fmt.Errorf("write the page of %s: %w", p.Name, err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, p); err != nil {
		return fmt.Errorf("write the page of %s: %w", p.Name, err)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the page of %s: %w", p.Name, err)
	}
	return nil
}

// figures picks what a reader wants to know first.
func figures(rec *results.Record) []figure {
	var out []figure
	l := &rec.Ledger
	percent := func(n uint64) string { return results.FormatPercent(float64(n), float64(l.Sent.Traces)) }
	switch {
	case l.Sent.Traces > 0:
		out = append(out, figure{results.FormatCount(l.Sent.Traces), plural(l.Sent.Traces, "trace") + " sent", plain})
		if l.AcceptanceUnknown() {
			out = append(out, figure{percent(l.Delivered.Traces), "of them delivered", plain}, figure{"–", "accepted: no intake to see it", plain}, figure{"–", "missing: not known", plain})
			break
		}
		t := good
		if l.Accepted.Traces < l.Sent.Traces {
			t = plain
		}
		name := "of them accepted"
		if l.Claimed() {
			name += ", it claims"
		}
		out = append(out, figure{percent(l.Accepted.Traces), name, t})
		t = good
		if l.Missing.Traces > 0 {
			t = bad
		}
		out = append(out, figure{results.FormatCount(l.Missing.Traces), "missing", t})
	case rec.Announcements.Sent > 0:
		out = append(out, figure{results.FormatCount(rec.Announcements.Sent), plural(rec.Announcements.Sent, "announcement") + " sent", plain})
	}
	if q, name := answerTime(rec); q.Count > 0 {
		out = append(out, figure{results.FormatDuration(float64(q.P50)), name + " p50", plain}, figure{results.FormatDuration(float64(q.P99)), name + " p99", plain})
	}
	if c := targetCost(rec); c > 0 {
		out = append(out, figure{fmt.Sprintf("%.2f s", c), "target CPU per million spans", plain})
	}
	return out
}

// scenarioText shows the resolved scenario as YAML, as its author would write it.
func scenarioText(scenario json.RawMessage) string {
	if len(scenario) == 0 || string(scenario) == "null" {
		return ""
	}
	text, err := yaml.JSONToYAML(scenario)
	if err != nil {
		text = scenario
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		indent := len(line) - len(strings.TrimLeft(line, " "))
		lines = append(lines, line[:indent]+clean(line[indent:]))
	}
	return strings.Join(lines, "\n")
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	runes := []rune(s)
	s = strings.ToUpper(string(runes[:1])) + string(runes[1:])
	if strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}
