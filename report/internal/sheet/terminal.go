package sheet

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// defaultWidth is that of a terminal nobody measured.
const defaultWidth = 100

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

// Terminal writes a sheet for a terminal.
func Terminal(w io.Writer, s *Sheet, opts Options) error {
	if opts.Width <= 0 {
		opts.Width = defaultWidth
	}
	if opts.Record == "" {
		opts.Record = "RECORD"
	}
	p := printer{color: opts.Color, width: max(opts.Width, 40)}
	p.head(s)
	for _, t := range s.Tables {
		if err := p.table(t); err != nil {
			return fmt.Errorf("draw the table %q: %w", t.Title, err)
		}
		if t.Lines != nil {
			p.lines(t.Lines(p.width))
		}
		if t.Hint != "" {
			p.line("  " + p.paint(Dim, "see one: ") + strings.ReplaceAll(t.Hint, "RECORD", Clean(opts.Record)))
		}
	}
	if s.Exited {
		p.tail(s.Stderr)
	}
	if _, err := w.Write(p.out.Bytes()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// printer collects the text of a report.
type printer struct {
	out   bytes.Buffer
	color bool
	width int
}

func (p *printer) line(s string) { p.out.WriteString(strings.TrimRight(s, " ") + "\n") }

// paint colours a text. The colours are the terminal's own sixteen, so that they
// fit its theme, light or dark.
func (p *printer) paint(t Tone, s string) string {
	code := map[Tone]string{Good: "32", Warn: "33", Bad: "31", Dim: "2", Strong: "1"}[t]
	if !p.color || code == "" || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// head says the verdict, its reasons and what was run.
func (p *printer) head(s *Sheet) {
	v := s.Verdict
	badge := " " + v.Word + " "
	if p.color {
		code := map[Tone]string{Good: "30;42", Warn: "30;43", Bad: "97;41"}[v.Tone]
		badge = "\x1b[1;" + code + "m" + badge + "\x1b[0m"
	} else {
		badge = "[" + v.Word + "]"
	}
	p.line("")
	p.line(badge + "  " + p.paint(Strong, Cut(s.Title(), p.width-len(v.Word)-4)))
	p.wrap("  ", Sentence(v.Summary), Plain)
	for _, r := range v.Reasons {
		p.wrap(p.paint(r.Tone, "  ! "), r.Text, r.Tone)
	}
	p.line("")
	wide := 10
	for _, f := range s.Facts {
		wide = max(wide, min(twwidth.Width(f.Name), 12))
	}
	for _, f := range s.Facts {
		p.wrap("  "+p.paint(Dim, fmt.Sprintf("%-*s", wide, Cut(f.Name, wide)))+" ", f.Value, Plain)
	}
}

// lines draws cells side by side, a line each.
func (p *printer) lines(lines [][]Cell) {
	if len(lines) > 0 {
		p.line("")
	}
	for _, line := range lines {
		parts := []string{" "}
		for _, c := range line {
			parts = append(parts, p.paint(c.Tone, c.Text))
		}
		p.line(strings.Join(parts, " "))
	}
}

// wrap writes a text behind a lead, broken between words, later lines indented.
func (p *printer) wrap(lead, s string, t Tone) {
	indent := twwidth.Width(lead)
	room := max(p.width-indent, 20)
	for i, part := range wrapped(s, room) {
		if i > 0 {
			lead = strings.Repeat(" ", indent)
		}
		p.line(lead + p.paint(t, part))
	}
}

func wrapped(s string, room int) []string {
	if twwidth.Width(s) <= room {
		return []string{s}
	}
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		if line != "" && twwidth.Width(line)+1+twwidth.Width(word) > room {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	return append(lines, line)
}

// table draws one table, without the columns that do not fit.
func (p *printer) table(t Table) error {
	t, left := fit(t, p.width-2)
	p.line("")
	p.wrap("", t.Title, Strong)
	if t.Caption != "" {
		p.wrap("  ", t.Caption, Dim)
	}
	var drawn bytes.Buffer
	align := make([]tw.Align, len(t.Columns))
	head := make([]string, len(t.Columns))
	named := false
	for i, c := range t.Columns {
		align[i], head[i] = tw.AlignLeft, p.paint(Dim, c.Name)
		named = named || c.Name != ""
		if c.Right {
			align[i] = tw.AlignRight
		}
	}
	out := tablewriter.NewTable(&drawn,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Symbols:  tw.NewSymbols(tw.StyleLight),
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.Lines{ShowTop: tw.Off, ShowBottom: tw.Off, ShowHeaderLine: tw.Off, ShowFooterLine: tw.Off}},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithPadding(tw.Padding{Left: "", Right: "  ", Overwrite: true}),
	)
	out.Header(head)
	for _, row := range t.Rows {
		fields := make([]string, len(row))
		for i, c := range row {
			fields[i] = p.paint(c.Tone, c.Text)
		}
		if err := out.Append(fields); err != nil {
			return err
		}
	}
	if err := out.Render(); err != nil {
		return err
	}
	for line := range strings.Lines(drawn.String()) {
		p.line("  " + strings.TrimRight(line, " \n"))
	}
	if len(left) > 0 {
		p.wrap("  ", "left out, too wide for this terminal: "+strings.Join(left, ", "), Dim)
	}
	for _, n := range t.Notes {
		p.wrap("  ", n, Dim)
	}
	return nil
}

// silentDrop marks columns that nobody need be told of when they do not fit.
const silentDrop = 9

// fit leaves columns out, the least important first, until the table is at most
// width wide, and cuts its widest column when that is not enough.
func fit(t Table, width int) (Table, []string) {
	var left []string
	if _, total := columnWidths(t); total > width {
		whole := t
		for room := width; room >= max(24, width/3); room -= 4 {
			t = shortened(whole, room)
			if _, total = columnWidths(t); total <= width {
				break
			}
		}
	}
	for {
		widths, total := columnWidths(t)
		if total <= width {
			return t, left
		}
		drop, widest := -1, 0
		for i, c := range t.Columns {
			if c.Drop > 0 && (drop < 0 || c.Drop > t.Columns[drop].Drop) {
				drop = i
			}
			if widths[i] > widths[widest] {
				widest = i
			}
		}
		if drop >= 0 {
			if c := t.Columns[drop]; c.Drop < silentDrop && !slices.Contains(left, c.Name) {
				left = append(left, c.Name)
			}
			t = t.Without(func(i int, _ Column) bool { return i == drop })
			continue
		}
		if widths[widest] <= narrowest {
			return t, left
		}
		room := max(widths[widest]-(total-width), narrowest, widths[widest]/2)
		t = t.Without(func(int, Column) bool { return false }) // a copy to write to
		for _, row := range t.Rows {
			row[widest].Text = t.Columns[widest].cut(row[widest].Text, room)
		}
		t.Columns[widest].Name = Cut(t.Columns[widest].Name, room)
	}
}

// narrowest is what a column of text is cut to at most.
const narrowest = 8

// shortened cuts texts, not figures, before columns are given up for them.
func shortened(t Table, room int) Table {
	t = t.Without(func(int, Column) bool { return false }) // a copy to write to
	for _, row := range t.Rows {
		for i, c := range t.Columns {
			if !c.Right {
				row[i].Text = c.cut(row[i].Text, room)
			}
		}
	}
	return t
}

// Cut shortens a text to the columns it has.
func Cut(s string, room int) string {
	if twwidth.Width(s) <= room {
		return s
	}
	return twwidth.Truncate(s, room, "…")
}

// cut shortens a text of the column where it can best be spared.
func (c Column) cut(s string, room int) string {
	if !c.Middle || twwidth.Width(s) <= room || room < 5 {
		return Cut(s, room)
	}
	runes := []rune(s)
	end := len(runes)
	for end > 0 && twwidth.Width(string(runes[end-1:])) <= (room-1)/2 {
		end--
	}
	tail := string(runes[end:])
	return twwidth.Truncate(s, room-twwidth.Width(tail), "…") + tail
}

// columnWidths measures columns as they are drawn, two blanks between them.
func columnWidths(t Table) ([]int, int) {
	widths := make([]int, len(t.Columns))
	total := 0
	for i, c := range t.Columns {
		widths[i] = twwidth.Width(c.Name)
		for _, row := range t.Rows {
			widths[i] = max(widths[i], twwidth.Width(row[i].Text))
		}
		total += widths[i] + 2
	}
	return widths, total
}

// tail shows the last words of a target that ended by itself.
func (p *printer) tail(lines []string) {
	if len(lines) == 0 {
		return
	}
	p.line("")
	p.line(p.paint(Strong, "Last words of the target"))
	for _, l := range lines[max(0, len(lines)-6):] {
		p.line("  " + p.paint(Dim, "│ ") + Cut(Clean(l), p.width-4))
	}
}
