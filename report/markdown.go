package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/spanstorm/spanstorm/results"
)

// Markdown writes the reports of records, one after the other, as Markdown with
// tables in GitHub's style.
func Markdown(w io.Writer, recs ...*results.Record) error {
	var out bytes.Buffer
	for i, rec := range recs {
		if i > 0 {
			out.WriteString("\n---\n\n")
		}
		if err := markdown(&out, rec); err != nil {
			return fmt.Errorf("write the report of %s as Markdown: %w", clean(rec.Name), err)
		}
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the report as Markdown: %w", err)
	}
	return nil
}

func markdown(out *bytes.Buffer, rec *results.Record) error {
	line := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	v := judge(rec)
	title := inline(clean(rec.Name))
	if rec.Target.Name != "" {
		title += " → " + inline(clean(rec.Target.Name))
	}
	line("# %s: %s", title, v.Word)
	line("")
	line("%s.", inline(strings.ToUpper(v.Summary[:1])+v.Summary[1:]))
	line("")
	for _, r := range v.Reasons {
		line("- **%s**", inline(r.Text))
	}
	if len(v.Reasons) > 0 {
		line("")
	}
	var rows [][]string
	for _, f := range facts(rec) {
		rows = append(rows, []string{f.Name, f.Value})
	}
	if err := markdownTable(out, []column{{Name: "run"}, {Name: ""}}, rows); err != nil {
		return err
	}
	for _, t := range tables(rec, results.ExamplesMax) {
		line("")
		line("## %s", t.Title)
		line("")
		if t.Caption != "" {
			line("%s.", inline(strings.ToUpper(t.Caption[:1])+t.Caption[1:]))
			line("")
		}
		rows := make([][]string, len(t.Rows))
		for i, row := range t.Rows {
			for _, c := range row {
				rows[i] = append(rows[i], c.Text)
			}
		}
		if err := markdownTable(out, t.Columns, rows); err != nil {
			return err
		}
		for _, n := range t.Notes {
			line("")
			line("%s", inline(n))
		}
	}
	return nil
}

func markdownTable(out *bytes.Buffer, columns []column, rows [][]string) error {
	align := make([]tw.Align, len(columns))
	head := make([]string, len(columns))
	for i, c := range columns {
		align[i], head[i] = tw.AlignLeft, inline(c.Name)
		if c.Right {
			align[i] = tw.AlignRight
		}
	}
	t := tablewriter.NewTable(out,
		tablewriter.WithRenderer(renderer.NewMarkdown()),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: align}),
	)
	t.Header(head)
	for _, row := range rows {
		fields := make([]string, len(row))
		for i, s := range row {
			fields[i] = inline(s)
		}
		if err := t.Append(fields); err != nil {
			return err
		}
	}
	return t.Render()
}

// inline escapes what Markdown, and the HTML that it allows, would read as markup.
func inline(s string) string {
	return strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "#", `\#`, "~", `\~`).Replace(s)
}
