// Package procedures says what procedures made of many runs found: a search for a
// target's capacity, and a comparison of targets. It puts that on a sheet; the forms
// of a report are package sheet's.
package procedures

import (
	"math"
	"strconv"
	"strings"

	"github.com/spanstorm/spanstorm/report/internal/sheet"
	"github.com/spanstorm/spanstorm/results"
)

// begin is the sheet of any procedure.
func begin(rec *results.Record) *sheet.Sheet {
	return &sheet.Sheet{
		Name: sheet.Clean(rec.Name), Scenario: rec.Scenario, Started: rec.StartedAt, Took: rec.EndedAt.Sub(rec.StartedAt), Compact: true,
		Footer: "Times are measured from the moment a request was due. Each run has a record of its own, below that of this page.",
	}
}

// qualify adds to a verdict what the record says of itself: that the procedure was cut
// short, that its figures do not speak of the target, and its warnings.
func qualify(v *sheet.Verdict, rec *results.Record) {
	switch {
	case rec.Interrupted:
		v.Word, v.Tone = "INTERRUPTED", sheet.Warn
		because(v, sheet.Warn, "interrupted: these are the figures so far; --resume goes on from here")
	case !rec.Complete:
		v.Word, v.Tone = "INCOMPLETE", sheet.Bad
		because(v, sheet.Bad, "it ended before its record was complete: these are the figures of the last save; --resume goes on from here")
	case !rec.Valid:
		if v.Tone != sheet.Bad {
			v.Word, v.Tone = "NOT VALID", sheet.Bad
		}
		if len(rec.InvalidReasons) == 0 {
			because(v, sheet.Bad, "not valid: the figures do not speak of the target")
		}
	}
	for _, r := range rec.InvalidReasons {
		because(v, sheet.Bad, "not valid: "+r)
	}
	for _, w := range rec.Warnings {
		because(v, sheet.Warn, w)
	}
}

func because(v *sheet.Verdict, t sheet.Tone, text string) {
	v.Reasons = append(v.Reasons, sheet.Reason{Text: sheet.Clean(text), Tone: t})
}

// unfinished is why a procedure has no result that a pipeline could hold on to; nil: it has.
func unfinished(rec *results.Record, v *sheet.Verdict) *sheet.Fault {
	kind := "invalid"
	switch {
	case rec.Interrupted:
		kind = "interrupted"
	case !rec.Complete:
		kind = "incomplete"
	case rec.Valid:
		return nil
	}
	return fault(kind, v.Reasons)
}

func fault(kind string, reasons []sheet.Reason) *sheet.Fault {
	var texts []string
	for _, r := range reasons {
		texts = append(texts, r.Text)
	}
	return &sheet.Fault{Type: kind, Message: strings.Join(texts, "; "), Text: strings.Join(texts, "\n")}
}

// seconds writes a span of time for people.
func seconds(s float64) string { return results.FormatDuration(s * 1e9) }

// digits writes a figure without unit: two digits after the point at most.
func digits(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	return results.FormatRate(v)
}

// percent writes a share, at a precision at which shares are chosen.
func percent(share float64) string {
	if math.IsNaN(share) || math.IsInf(share, 0) {
		return "–"
	}
	return strconv.FormatFloat(100*share, 'g', 3, 64) + "%"
}

// filled is the cell of a figure that is 0 where it was not measured.
func filled(v float64, write func(float64) string) sheet.Cell {
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return sheet.Nothing()
	}
	return sheet.Text(write(v))
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	return results.FormatCount(uint64(max(n, 0))) + " " + sheet.Plural(uint64(max(n, 0)), noun)
}
