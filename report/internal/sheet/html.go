package sheet

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
)

//go:embed page.html.tmpl
var pageSource string

// page is what the template shows.
type page struct {
	*Sheet
	First  []Table // above the charts
	Wide   []Table // as wide as the page
	Beside []Table // beside one another
	Errors string  // the end of the target's standard error
	YAML   string
}

// HTML writes a sheet as one page that needs nothing else: styles and charts are
// in it, no script, no font, no picture is loaded, and a content security policy
// says so. Every text is escaped.
func HTML(w io.Writer, s *Sheet) error {
	p := page{Sheet: s, Errors: strings.Join(s.Stderr, "\n"), YAML: scenarioText(s.Scenario)}
	for _, t := range s.Tables {
		switch t.Place {
		case First:
			p.First = append(p.First, t)
		case Wide:
			p.Wide = append(p.Wide, t)
		default:
			p.Beside = append(p.Beside, t)
		}
	}
	parsed, err := template.New("page").Funcs(template.FuncMap{"sentence": Sentence}).Parse(pageSource)
	if err != nil {
		return fmt.Errorf("write the page of %s: %w", s.Name, err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, p); err != nil {
		return fmt.Errorf("write the page of %s: %w", s.Name, err)
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the page of %s: %w", s.Name, err)
	}
	return nil
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
		lines = append(lines, line[:indent]+Clean(line[indent:]))
	}
	return strings.Join(lines, "\n")
}
