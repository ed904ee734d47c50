package sheet

import (
	"fmt"

	"github.com/spanstorm/spanstorm/results"
)

// Tone is what a figure means to the reader; each form of report has its own colours.
type Tone uint8

// The tones: of what is as it should be, is worth a look, is not as it should be,
// stands back, and stands out.
const (
	Plain Tone = iota
	Good
	Warn
	Bad
	Dim
	Strong
)

func (t Tone) String() string {
	return [...]string{"plain", "good", "warn", "bad", "dim", "strong"}[t]
}

// Cell is one field of a table. Its text is clean.
type Cell struct {
	Text string
	Tone Tone
}

// Column heads one column.
type Column struct {
	Name  string
	Right bool // numbers
	// Middle says that a text too long loses its middle: names that people
	// number differ at their ends.
	Middle bool
	// Drop orders what is left out when a terminal is too narrow: higher goes first, 0 stays.
	Drop int
}

// Place is where a table stands on the page.
type Place uint8

// The places: beside other tables, as wide as the page below the charts, and above them.
const (
	Beside Place = iota
	Wide
	First
)

// Table is one table of a report, in no particular form.
type Table struct {
	Title   string
	Caption string // said under the title
	Columns []Column
	Rows    [][]Cell
	Notes   []string // said under the table
	// Hint is a command that shows one of the rows; RECORD in it stands for the record's path.
	Hint  string
	Place Place
	// Detail says that a compact report can fold the table away.
	Detail bool
	// Lines are drawn under the table in a terminal of that width, cells side by side.
	Lines func(width int) [][]Cell
}

// Text makes a cell of any text.
func Text(s string, t ...Tone) Cell {
	c := Cell{Text: Clean(s)}
	if len(t) > 0 {
		c.Tone = t[0]
	}
	return c
}

// Number makes a cell of a count; zero is dim, for it is what tables are full of.
func Number(n uint64, t ...Tone) Cell {
	c := Text(results.FormatCount(n), t...)
	if n == 0 {
		c.Tone = Dim
	}
	return c
}

// Share makes a cell of a percentage.
func Share(part, whole uint64, t ...Tone) Cell {
	c := Text(results.FormatPercent(float64(part), float64(whole)), t...)
	if part == 0 || whole == 0 {
		c.Tone = Dim
	}
	return c
}

// Duration makes a cell of nanoseconds.
func Duration(ns int64) Cell { return Text(results.FormatDuration(float64(ns))) }

// Nothing is the cell of a figure that does not apply.
func Nothing() Cell { return Cell{Text: "–", Tone: Dim} }

// RowsMax bounds the rows of a table that a scenario, or a run, can make as long as it likes.
const RowsMax = 60

// AndMore says what a table leaves out.
func AndMore(n int, what string) string {
	are := "are"
	if n == 1 {
		are = "is"
	}
	return fmt.Sprintf("and %s more %s, which %s in the record", results.FormatCount(uint64(n)), Plural(uint64(n), what), are)
}

// Without returns the table without the columns that hide says.
func (t Table) Without(hide func(i int, c Column) bool) Table {
	out := t
	out.Columns, out.Rows = nil, nil
	var kept []int
	for i, c := range t.Columns {
		if !hide(i, c) {
			kept = append(kept, i)
			out.Columns = append(out.Columns, c)
		}
	}
	for _, row := range t.Rows {
		var r []Cell
		for _, i := range kept {
			r = append(r, row[i])
		}
		out.Rows = append(out.Rows, r)
	}
	return out
}
