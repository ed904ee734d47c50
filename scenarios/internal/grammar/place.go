package grammar

import (
	"slices"
	"strconv"

	"github.com/spanstorm/spanstorm/scenarios/internal/document"
)

// A path is given as its parts: keys as texts, indices of list items as ints.

// sep joins the parts of a path; a key may hold any other character.
const sep = "\x00"

func join(path string, part any) string {
	switch part := part.(type) {
	case int:
		return path + sep + strconv.Itoa(part)
	case string:
		return path + sep + part
	}
	return path
}

// Under is path with more parts, in memory of its own.
func Under(path []any, parts ...any) []any {
	return append(slices.Clone(path), parts...)
}

// Node is what is written at a path; nil: nothing.
func (d *Decoder) Node(path ...any) *document.Node {
	s := ""
	for _, part := range path {
		s = join(s, part)
	}
	return d.nodes[s]
}

// Written says that there is something at a path.
func (d *Decoder) Written(path ...any) bool { return d.Node(path...) != nil }

// Unread says that what is written at a path could not be read.
func (d *Decoder) Unread(path ...any) bool {
	return d.Written(path...) && d.Has(d.Place(path...))
}

// Place is where a person looks for a path: there, or at its nearest ancestor
// that is written down.
func (d *Decoder) Place(path ...any) document.Place {
	for i := len(path); i > 0; i-- {
		if n := d.Node(path[:i]...); n != nil {
			return n.Begin()
		}
	}
	return d.nodes[""].Begin()
}

// Fail reports a problem at a path, or at the nearest ancestor that is written
// down. A place that could not be read has its problem already.
func (d *Decoder) Fail(path []any, hint, format string, args ...any) {
	d.AddFirst(d.Place(path...), hint, format, args...)
}

// FailKey reports a problem with the last key of a path.
func (d *Decoder) FailKey(path []any, hint, format string, args ...any) {
	if n := d.Node(path...); n != nil && n.Key != nil {
		d.AddFirst(n.Key.Place, hint, format, args...)
		return
	}
	d.Fail(path, hint, format, args...)
}
