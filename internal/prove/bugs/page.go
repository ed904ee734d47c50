package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/scenarios"
)

// sign is how tables show a verdict.
func (v verdict) sign() string {
	switch v {
	case has:
		return "✗"
	case hasNot:
		return "✓"
	case lacks:
		return "–"
	default:
		return "?"
	}
}

// markdown is the page: who has which problem, and of each problem what it is
// about and what was got where.
func markdown(rows []row) (string, error) {
	var b strings.Builder
	first, last := span(rows)
	fmt.Fprintf(&b, `# Published problems, reproduced

Each scenario below reproduces a problem that somebody has reported of a real agent or receiver. On an agent that has the
problem its expectations fail, or the agent dies. `+"`make bugs`"+` runs all of them on every agent that is built here, and writes this page: %s,
spanstorm %s, %s. [Reproducing a problem](reproducing.md) tells how one gets from a report to a scenario.

✗ has it · ✓ has it not · – lacks the API · ? could not be told

| problem |`, first, last.Tool, last.Machine)
	for _, c := range rows[0].cells {
		fmt.Fprintf(&b, " %s |", c.Agent)
	}
	b.WriteString("\n|---" + strings.Repeat("|:-:", len(rows[0].cells)) + "|\n")
	for _, r := range rows {
		name := strings.TrimPrefix(r.bug.Name, "bugs/")
		fmt.Fprintf(&b, "| [%s](#%s) |", name, name)
		for _, c := range r.cells {
			fmt.Fprintf(&b, " %s |", c.Verdict.sign())
		}
		b.WriteString("\n")
	}
	for _, r := range rows {
		if err := section(&b, r); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// span is when the first cell was run, as a date, and the cell that was run last.
func span(rows []row) (string, cell) {
	var first time.Time
	var last cell
	for _, r := range rows {
		for _, c := range r.cells {
			if first.IsZero() || c.Date.Before(first) {
				first = c.Date
			}
			if c.Machine != "" && c.Date.After(last.Date) {
				last = c
			}
		}
	}
	return first.Format(time.DateOnly), last
}

// section tells of one problem.
func section(b *strings.Builder, r row) error {
	s, err := scenarios.Load(r.bug.Name, nil)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n`spanstorm run %s --target …`", strings.TrimPrefix(r.bug.Name, "bugs/"), linked(strings.Join(strings.Fields(s.Description), " ")), r.bug.Name)
	b.WriteString(", [source](../scenarios/library/" + r.bug.Name + ".yaml)\n\n| agent | | expected, and what was got |\n|---|:-:|---|\n")
	for _, c := range r.cells {
		figures := strings.Join(c.Figures, "; ")
		if c.Why != "" {
			figures = strings.TrimSuffix(c.Why+"; "+figures, "; ")
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", c.Agent, c.Verdict.sign(), figures)
	}
	return nil
}

var reference = regexp.MustCompile(`([A-Za-z0-9-]+/[A-Za-z0-9._-]+)#(\d+)`)

// linked turns references to reports into links.
func linked(text string) string {
	return reference.ReplaceAllString(text, "[$0](https://github.com/$1/issues/$2)")
}
