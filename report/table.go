package report

import "github.com/spanstorm/spanstorm/results"

// tone is what a figure means to the reader; each form of report has its own colours.
type tone uint8

const (
	plain tone = iota
	good
	warn
	bad
	dim
	strong
)

func (t tone) String() string {
	return [...]string{"plain", "good", "warn", "bad", "dim", "strong"}[t]
}

// cell is one field of a table. Its text is clean.
type cell struct {
	Text string
	Tone tone
}

// column heads one column.
type column struct {
	Name  string
	Right bool // numbers
	// Middle says that a text too long loses its middle: names that people
	// number differ at their ends.
	Middle bool
	// Drop orders what is left out when a terminal is too narrow: higher goes first, 0 stays.
	Drop int
}

// table is one table of a report, in no particular form.
type table struct {
	Title   string
	Caption string // said under the title
	Columns []column
	Rows    [][]cell
	Notes   []string // said under the table
}

// text makes a cell of any text.
func text(s string, t ...tone) cell {
	c := cell{Text: clean(s)}
	if len(t) > 0 {
		c.Tone = t[0]
	}
	return c
}

// number makes a cell of a count; zero is dim, for it is what tables are full of.
func number(n uint64, t ...tone) cell {
	c := text(results.FormatCount(n), t...)
	if n == 0 {
		c.Tone = dim
	}
	return c
}

// share makes a cell of a percentage.
func share(part, whole uint64, t ...tone) cell {
	c := text(results.FormatPercent(float64(part), float64(whole)), t...)
	if part == 0 || whole == 0 {
		c.Tone = dim
	}
	return c
}

// duration makes a cell of nanoseconds.
func duration(ns int64) cell { return text(results.FormatDuration(float64(ns))) }

// nothing is the cell of a figure that does not apply.
func nothing() cell { return cell{Text: "–", Tone: dim} }

// without returns the table without the columns that hide says.
func (t table) without(hide func(i int, c column) bool) table {
	out := table{Title: t.Title, Caption: t.Caption, Notes: t.Notes}
	var kept []int
	for i, c := range t.Columns {
		if !hide(i, c) {
			kept = append(kept, i)
			out.Columns = append(out.Columns, c)
		}
	}
	for _, row := range t.Rows {
		var r []cell
		for _, i := range kept {
			r = append(r, row[i])
		}
		out.Rows = append(out.Rows, r)
	}
	return out
}
