package grammar

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/spanstorm/spanstorm/scenarios/internal/document"
)

// maxProblems bounds what is collected: as many as a document may have lines.
const maxProblems = 10_000

// Collector gathers problems while a document is read. The zero value is ready
// for use.
type Collector struct {
	troubles []document.Trouble
	seen     map[string]bool
	at       map[string]bool // places that have a problem
}

// Add adds a problem at a place.
func (c *Collector) Add(at document.Place, hint, format string, args ...any) {
	t := document.Trouble{Place: at, Message: fmt.Sprintf(format, args...), Hint: hint}
	key := at.String() + "\x00" + t.Message
	if c.seen[key] || len(c.troubles) >= maxProblems {
		return // an alias brings the same problem to several places
	}
	if c.seen == nil {
		c.seen, c.at = map[string]bool{}, map[string]bool{}
	}
	c.seen[key], c.at[at.String()] = true, true
	c.troubles = append(c.troubles, t)
}

// Report adds what was found wrong in reading a document.
func (c *Collector) Report(troubles []document.Trouble) {
	for _, t := range troubles {
		c.Add(t.Place, t.Hint, "%s", t.Message)
	}
}

// AddFirst adds a problem unless the place has one already.
func (c *Collector) AddFirst(at document.Place, hint, format string, args ...any) {
	if !c.Has(at) {
		c.Add(at, hint, format, args...)
	}
}

// Has says that a place has a problem.
func (c *Collector) Has(at document.Place) bool { return c.at[at.String()] }

// Troubles are the problems in order of their sources, lines and columns.
func (c *Collector) Troubles(sources []*document.Source) []document.Trouble {
	return slices.SortedStableFunc(slices.Values(c.troubles), func(a, b document.Trouble) int {
		return cmp.Or(
			slices.Index(sources, a.Source)-slices.Index(sources, b.Source),
			a.Line-b.Line,
			a.Column-b.Column,
		)
	})
}
