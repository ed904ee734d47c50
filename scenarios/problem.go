package scenarios

import (
	"fmt"
	"strings"

	"github.com/spanstorm/spanstorm/scenarios/internal/document"
	"github.com/spanstorm/spanstorm/scenarios/internal/grammar"
)

// Problem is one thing wrong with a scenario.
type Problem struct {
	File         string // file, or `--set PATH=VALUE`
	Line, Column int    // from 1; columns in runes
	Message      string
	Hint         string // what to do about it; may be empty
	Excerpt      string // the source line with a caret below the column
}

// String is the problem on one line: file:line:column: message; hint.
func (p Problem) String() string {
	s := fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
	if p.Hint != "" {
		s += "; " + p.Hint
	}
	return s
}

// Problems is everything wrong with a scenario, in order of place.
type Problems struct{ List []Problem } //nolint:errname // it is a list of problems, and reads as one

// maxShown bounds how many problems Error writes out.
const maxShown = 1000

// Error writes every problem with its source line and remedy.
func (p *Problems) Error() string {
	var b strings.Builder
	for i, problem := range p.List {
		if i == maxShown {
			fmt.Fprintf(&b, "\nand %d more problems", len(p.List)-i)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s:%d:%d: %s", problem.File, problem.Line, problem.Column, problem.Message)
		if problem.Excerpt != "" {
			b.WriteString("\n" + problem.Excerpt)
		}
		if problem.Hint != "" {
			b.WriteString("\n        " + problem.Hint)
		}
	}
	return b.String()
}

// problems is nil or the *Problems of what was collected; sources are in the
// order they are reported.
func problems(c *grammar.Collector, sources []*document.Source) error {
	troubles := c.Troubles(sources)
	if len(troubles) == 0 {
		return nil
	}
	p := &Problems{}
	for _, t := range troubles {
		p.List = append(p.List, Problem{File: t.Source.Label, Line: t.Line, Column: t.Column, Message: t.Message, Hint: t.Hint, Excerpt: t.Excerpt()})
	}
	return p
}
