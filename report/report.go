// Package report turns records into what people and pipelines read: terminal
// tables, Markdown, JUnit XML, PNG and SVG charts and one self-contained HTML page.
//
// It reads package results and nothing that makes load, so a report can be made
// on any machine, long after its run. Everything in a record that came from a
// target (its version, its standard error, the texts of errors) is treated as
// hostile: control characters are made visible in a terminal, markup is escaped
// in a page.
//
// A report is built in two steps: the tables of a record (type table) are made
// once, and each form renders the same tables.
package report

import (
	"fmt"
	"io"

	"github.com/spanstorm/spanstorm/results"
)

// Options are how a report is shown in a terminal. The zero value is plain text
// for a terminal of usual width.
type Options struct {
	// Color allows ANSI colours; leave it off for NO_COLOR and for files.
	Color bool
	// Width is the terminal's, in columns; 0: 100. Tables leave out columns that do not fit.
	Width int
	// Record is the record's path for hints such as `spanstorm preview RECORD
	// --trace ID`; empty: RECORD is written as it stands here.
	Record string
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
