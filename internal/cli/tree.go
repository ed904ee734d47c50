package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/results"
)

// treeFigures says how large a trace is, and how tracers would have it sampled.
func treeFigures(t *generator.Tree) string {
	text := count(len(t.Spans), "span") + " in " + results.FormatDuration(float64(t.Extent))
	if t.Late > 0 {
		text += ", sent " + results.FormatDuration(float64(t.Late)) + " late"
	}
	if !t.HasPriority {
		return text + ", no priority"
	}
	return fmt.Sprintf("%s, priority %d", text, t.Priority)
}

// drawTree draws a trace as a tree, each span with a bar where it lies in time, and
// of a trace that is sent in parts with the number of its part.
// Of a large trace the first lines are drawn, and the rest is counted.
func drawTree(w io.Writer, t *generator.Tree, columns int) error {
	const linesMax = 40
	children := make([][]int, len(t.Spans))
	for i, s := range t.Spans {
		if s.Parent >= 0 {
			children[s.Parent] = append(children[s.Parent], i)
		}
	}
	barWidth := min(30, max(10, columns/5))
	d := treeDrawing{w: w, tree: t, children: children, bar: barWidth, left: linesMax}
	d.text = max(30, columns-barWidth-12-len(d.part(0)))
	d.draw(0, "", "")
	if d.err == nil && d.drawn < len(t.Spans) {
		_, d.err = fmt.Fprintf(w, "… and %s more spans\n", results.FormatCount(uint64(len(t.Spans)-d.drawn)))
	}
	return d.err
}

type treeDrawing struct {
	w           io.Writer
	tree        *generator.Tree
	children    [][]int
	bar, text   int
	left, drawn int
	err         error
}

// draw draws span i and, below it, its children.
func (d *treeDrawing) draw(i int, first, rest string) {
	if d.left == 0 || d.err != nil {
		return
	}
	d.left--
	d.drawn++
	s := d.tree.Spans[i]
	label := first + s.Service + "  " + s.Name + "  " + s.Resource
	if s.Error {
		label = first + "✗ " + s.Service + "  " + s.Name + "  " + s.Meta["error.type"] + ": " + s.Meta["error.message"]
	}
	_, d.err = fmt.Fprintf(d.w, "%s %9s  %s%s\n", fit(label, d.text), results.FormatDuration(float64(s.Duration)), d.span(s.Offset, s.Duration), d.part(s.Part))
	for n, child := range d.children[i] {
		if n < len(d.children[i])-1 {
			d.draw(child, rest+"├─ ", rest+"│  ")
		} else {
			d.draw(child, rest+"└─ ", rest+"   ")
		}
	}
}

// part says in which part of the trace a span is sent.
func (d *treeDrawing) part(i int) string {
	if len(d.tree.Parts) == 0 {
		return ""
	}
	return fmt.Sprintf(" %*d", len(fmt.Sprint(len(d.tree.Parts))), i+1)
}

// span draws where a span lies in its trace.
func (d *treeDrawing) span(offset, duration time.Duration) string {
	extent := max(d.tree.Extent, 1)
	from := min(d.bar-1, int(int64(offset)*int64(d.bar)/int64(extent)))
	to := max(from+1, min(d.bar, int(int64(offset+duration)*int64(d.bar)/int64(extent))))
	return strings.Repeat("·", from) + strings.Repeat("█", to-from) + strings.Repeat("·", d.bar-to)
}

// fit cuts or fills text to exactly n characters.
func fit(text string, n int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	runes := []rune(text)
	if len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text + strings.Repeat(" ", n-len(runes))
}
