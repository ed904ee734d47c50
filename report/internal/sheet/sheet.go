// Package sheet is a report in no particular form, and the forms that it can take:
// lines in a terminal, Markdown, one HTML page, a suite of JUnit XML.
//
// A [Sheet] is made once, of a run or of a procedure; each form shows the same
// verdict, facts and tables. What is made of outside texts goes through [Clean],
// as [Text] does; what stands in a sheet otherwise is taken to be clean.
package sheet

import (
	"encoding/json"
	"html/template"
	"time"
)

// Sheet is a report in no particular form.
type Sheet struct {
	// Name says what was run, Target on what; both are clean.
	Name, Target string
	Verdict      Verdict
	Figures      []Figure
	Facts        []Fact
	Tables       []Table

	// Compact says that Markdown folds away the facts, and tables of details.
	Compact bool

	// For the page alone: what nobody copies off a terminal.
	Code     []Fact // facts that are code
	Charts   []Drawing
	Scenario json.RawMessage // resolved
	Footer   string

	// Stderr is the end of what the target wrote, and Exited says that it ended by itself.
	Stderr []string
	Exited bool

	// For pipelines: the time that it took, and what passed and failed.
	Started time.Time
	Took    time.Duration
	Cases   []Case
}

// Verdict is the first thing a report says.
type Verdict struct {
	Word    string // in capitals: PASSED, FAILED, NO ANSWER, …
	Tone    Tone
	Summary string // one sentence without its capital and full stop
	Reasons []Reason
}

// Reason is one sentence that qualifies a verdict.
type Reason struct {
	Text string
	Tone Tone
}

// Fact is one line of the head of a report.
type Fact struct {
	Name, Value string
}

// Figure is one of the large numbers at the top of the page.
type Figure struct {
	Value, Name string
	Tone        Tone
}

// Drawing is a chart as part of the page.
type Drawing struct {
	Name string
	SVG  template.HTML
}

// Title is the name and, where it is known, the target.
func (s *Sheet) Title() string {
	if s.Target == "" {
		return s.Name
	}
	return s.Name + " → " + s.Target
}
