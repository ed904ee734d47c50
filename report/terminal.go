package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/spanstorm/spanstorm/results"
)

// defaultWidth is that of a terminal nobody measured.
const defaultWidth = 100

// terminalExamplesMax keeps the examples on one screen; pages show all.
const terminalExamplesMax = 3

// Terminal writes the report of a record for a terminal.
func Terminal(w io.Writer, rec *results.Record, opts Options) error {
	if opts.Width <= 0 {
		opts.Width = defaultWidth
	}
	p := printer{color: opts.Color, width: max(opts.Width, 40)}
	p.head(rec)
	for _, t := range tables(rec, terminalExamplesMax) {
		if err := p.table(t); err != nil {
			return fmt.Errorf("draw the table %q: %w", t.Title, err)
		}
		if t.Title == "Phases" {
			p.sparks(rec)
		}
		if t.Title == "Examples" {
			record := opts.Record
			if record == "" {
				record = "RECORD"
			}
			p.line("  " + p.paint(dim, "see one: ") + "spanstorm preview " + clean(record) + " --trace ID")
		}
	}
	if rec.Target.Exit != nil {
		p.tail(rec.Target.StderrTail)
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
func (p *printer) paint(t tone, s string) string {
	code := map[tone]string{good: "32", warn: "33", bad: "31", dim: "2", strong: "1"}[t]
	if !p.color || code == "" || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// head says the verdict, its reasons and what was run.
func (p *printer) head(rec *results.Record) {
	v := judge(rec)
	badge := " " + v.Word + " "
	if p.color {
		code := map[tone]string{good: "30;42", warn: "30;43", bad: "97;41"}[v.Tone]
		badge = "\x1b[1;" + code + "m" + badge + "\x1b[0m"
	} else {
		badge = "[" + v.Word + "]"
	}
	p.line("")
	title := clean(rec.Name)
	if rec.Target.Name != "" {
		title += " → " + clean(rec.Target.Name)
	}
	p.line(badge + "  " + p.paint(strong, cut(title, p.width-len(v.Word)-4)))
	p.wrap("  ", strings.ToUpper(v.Summary[:1])+v.Summary[1:]+".", plain)
	for _, r := range v.Reasons {
		p.wrap(p.paint(r.Tone, "  ! "), r.Text, r.Tone)
	}
	p.line("")
	for _, f := range facts(rec) {
		p.wrap("  "+p.paint(dim, fmt.Sprintf("%-10s", f.Name))+" ", f.Value, plain)
	}
}

// wrap writes a text behind a lead, broken between words, later lines indented.
func (p *printer) wrap(lead, s string, t tone) {
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
func (p *printer) table(t table) error {
	t, left := fit(t, p.width-2)
	p.line("")
	p.wrap("", t.Title, strong)
	if t.Caption != "" {
		p.wrap("  ", t.Caption, dim)
	}
	var drawn bytes.Buffer
	align := make([]tw.Align, len(t.Columns))
	head := make([]string, len(t.Columns))
	named := false
	for i, c := range t.Columns {
		align[i], head[i] = tw.AlignLeft, p.paint(dim, c.Name)
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
		p.wrap("  ", "left out, too wide for this terminal: "+strings.Join(left, ", "), dim)
	}
	for _, n := range t.Notes {
		p.wrap("  ", n, dim)
	}
	return nil
}

// silentDrop marks columns that nobody need be told of when they do not fit.
const silentDrop = 9

// fit leaves columns out, the least important first, until the table is at most
// width wide, and cuts its widest column when that is not enough.
func fit(t table, width int) (table, []string) {
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
			if t.Columns[drop].Drop < silentDrop {
				left = append(left, t.Columns[drop].Name)
			}
			t = t.without(func(i int, _ column) bool { return i == drop })
			continue
		}
		room := max(widths[widest]-(total-width), 8)
		t = t.without(func(int, column) bool { return false }) // a copy to write to
		for _, row := range t.Rows {
			row[widest].Text = t.Columns[widest].cut(row[widest].Text, room)
		}
		t.Columns[widest].Name = cut(t.Columns[widest].Name, room)
		return t, left
	}
}

// shortened cuts texts, not figures, before columns are given up for them.
func shortened(t table, room int) table {
	t = t.without(func(int, column) bool { return false }) // a copy to write to
	for _, row := range t.Rows {
		for i, c := range t.Columns {
			if !c.Right {
				row[i].Text = c.cut(row[i].Text, room)
			}
		}
	}
	return t
}

// cut shortens a text to the columns it has.
func cut(s string, room int) string {
	if twwidth.Width(s) <= room {
		return s
	}
	return twwidth.Truncate(s, room, "…")
}

// cut shortens a text of the column where it can best be spared.
func (c column) cut(s string, room int) string {
	if !c.Middle || twwidth.Width(s) <= room || room < 5 {
		return cut(s, room)
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
func columnWidths(t table) ([]int, int) {
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
	p.line(p.paint(strong, "Last words of the target"))
	for _, l := range lines[max(0, len(lines)-6):] {
		p.line("  " + p.paint(dim, "│ ") + cut(clean(l), p.width-4))
	}
}
