package sheet

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// Markdown writes sheets, one after the other, as Markdown with tables in GitHub's style.
func Markdown(w io.Writer, sheets ...*Sheet) error {
	var out bytes.Buffer
	for i, s := range sheets {
		if i > 0 {
			out.WriteString("\n---\n\n")
		}
		if err := markdown(&out, s); err != nil {
			return fmt.Errorf("write the report of %s as Markdown: %w", s.Name, err)
		}
	}
	if _, err := w.Write(out.Bytes()); err != nil {
		return fmt.Errorf("write the report as Markdown: %w", err)
	}
	return nil
}

func markdown(out *bytes.Buffer, s *Sheet) error {
	line := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	line("# %s: %s", inline(s.Title()), s.Verdict.Word)
	line("")
	line("%s", inline(Sentence(s.Verdict.Summary)))
	line("")
	for _, r := range s.Verdict.Reasons {
		line("- **%s**", inline(r.Text))
	}
	if len(s.Verdict.Reasons) > 0 {
		line("")
	}
	if s.Compact {
		return compact(out, s)
	}
	if err := markdownFacts(out, s.Facts); err != nil {
		return err
	}
	for _, t := range s.Tables {
		line("")
		if err := markdownSection(out, t); err != nil {
			return err
		}
	}
	return nil
}

// compact writes the tables that matter, and folds away what only some will look for.
func compact(out *bytes.Buffer, s *Sheet) error {
	for _, t := range s.Tables {
		if !t.Detail {
			if err := markdownSection(out, t); err != nil {
				return err
			}
			out.WriteString("\n")
		}
	}
	out.WriteString("<details>\n<summary>How it was measured</summary>\n\n")
	if err := markdownFacts(out, s.Facts); err != nil {
		return err
	}
	for _, t := range s.Tables {
		if t.Detail {
			out.WriteString("\n")
			if err := markdownSection(out, t); err != nil {
				return err
			}
		}
	}
	out.WriteString("\n</details>\n")
	return nil
}

func markdownFacts(out *bytes.Buffer, facts []Fact) error {
	var rows [][]string
	for _, f := range facts {
		rows = append(rows, []string{f.Name, f.Value})
	}
	return markdownTable(out, []Column{{Name: "run"}, {Name: ""}}, rows)
}

// markdownSection is a table under its title.
func markdownSection(out *bytes.Buffer, t Table) error {
	line := func(format string, args ...any) { fmt.Fprintf(out, format+"\n", args...) }
	line("## %s", inline(t.Title))
	line("")
	if t.Caption != "" {
		line("%s", inline(Sentence(t.Caption)))
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
	if t.Hint != "" {
		line("")
		line("See one: %s", code(t.Hint))
	}
	return nil
}

// code is a text as code, where nothing in it could end that.
func code(s string) string {
	if strings.ContainsAny(s, "`<>") {
		return inline(s)
	}
	return "`" + s + "`"
}

func markdownTable(out *bytes.Buffer, columns []Column, rows [][]string) error {
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
