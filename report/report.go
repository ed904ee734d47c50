// Package report turns records into what people and pipelines read: terminal
// tables, Markdown, JUnit XML, PNG and SVG charts and one self-contained HTML page.
//
// It reads package results and nothing that makes load, so a report can be made
// on any machine, long after its run. Everything in a record that came from a
// target (its version, its standard error, the texts of errors) is treated as
// hostile: control characters are made visible in a terminal, markup is escaped
// in a page.
//
// A report is built in two steps: what a record says is put on a sheet once
// (package sheet; that of a run here, those of procedures made of many runs in
// package procedures), and each form shows the same sheet.
package report

import (
	"fmt"
	"html/template"
	"io"

	"github.com/spanstorm/spanstorm/report/charts"
	"github.com/spanstorm/spanstorm/report/internal/procedures"
	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

// Options are how a report is shown in a terminal; the zero value is plain text
// for a terminal of usual width.
type Options = sheet.Options

// terminalExamplesMax keeps the examples on one screen; pages show all.
const terminalExamplesMax = 3

// of puts on a sheet what a record says, with so many examples of each kind.
func of(rec *results.Record, examplesMax int) *sheet.Sheet {
	switch {
	case rec.Capacity != nil:
		return procedures.Capacity(rec)
	case rec.Comparison != nil:
		return procedures.Comparison(rec)
	}
	return ofRun(rec, examplesMax)
}

// Terminal writes the report of a record for a terminal.
func Terminal(w io.Writer, rec *results.Record, opts Options) error {
	return sheet.Terminal(w, of(rec, terminalExamplesMax), opts)
}

// Markdown writes the reports of records, one after the other, as Markdown with
// tables in GitHub's style.
func Markdown(w io.Writer, recs ...*results.Record) error {
	return sheet.Markdown(w, all(recs)...)
}

// JUnit writes records as JUnit XML for continuous integration, a suite per record.
//
// Of a run there is a test case for its validity and one per expectation: a run that
// is not valid is an error, an expectation that is not met a failure. Of a capacity
// search the answer is the case, a failure where there is none. Of a comparison there
// is one per metric and target, a failure where it is worse and skipped where it is undecided.
func JUnit(w io.Writer, recs ...*results.Record) error {
	return sheet.JUnit(w, all(recs)...)
}

func all(recs []*results.Record) []*sheet.Sheet {
	sheets := make([]*sheet.Sheet, len(recs))
	for i, rec := range recs {
		sheets[i] = of(rec, results.ExamplesMax)
	}
	return sheets
}

// HTML writes the report of a record as one page that needs nothing else: styles
// and charts are in it, no script, no font, no picture is loaded, and a content
// security policy says so. Everything of the record is escaped.
func HTML(w io.Writer, rec *results.Record) error {
	s := of(rec, results.ExamplesMax)
	for _, c := range charts.All(rec) {
		svg, err := c.Inline()
		if err != nil {
			return fmt.Errorf("write the page of %s: %w", s.Name, err)
		}
		// Safe: the drawing library escapes every text, and Inline the label.
		s.Charts = append(s.Charts, sheet.Drawing{Name: c.Name, SVG: template.HTML(svg)})
	}
	return sheet.HTML(w, s)
}

// JSON writes a record as its record.json holds it.
func JSON(w io.Writer, rec *results.Record) error {
	data, err := results.Encode(rec)
	if err != nil {
		return fmt.Errorf("write the record as JSON: %w", err)
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("write the record as JSON: %w", err)
	}
	return nil
}
