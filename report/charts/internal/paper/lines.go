package paper

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Point is a place in a chart.
type Point struct{ X, Y float64 }

// Line is a series with gaps: each run of points is drawn through.
type Line [][]Point

// Add puts a point at the end of a line, or begins a new run of points with it.
func Add(l *Line, begin bool, x, y float64) {
	if begin || len(*l) == 0 {
		*l = append(*l, nil)
	}
	last := len(*l) - 1
	(*l)[last] = append((*l)[last], Point{x, y})
}

// Values are the heights of all points.
func (l Line) Values() []float64 {
	var out []float64
	for _, run := range l {
		for _, p := range run {
			out = append(out, p.Y)
		}
	}
	return out
}

// HighestOf is the height of the highest point.
func HighestOf(l Line) float64 {
	most := 0.0
	for _, y := range l.Values() {
		most = max(most, y)
	}
	return most
}

// DrawnLine draws a line through each run of points; a point alone is a dot.
type DrawnLine struct {
	Line  Line
	Color color.Color
	Width vg.Length
	Dash  []vg.Length
}

// Plot implements plot.Plotter.
func (l DrawnLine) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for _, run := range l.Line {
		points := make([]vg.Point, len(run))
		for i, at := range run {
			points[i] = vg.Point{X: tx(at.X), Y: ty(min(max(at.Y, p.Y.Min), p.Y.Max))}
		}
		if len(points) == 1 {
			c.DrawGlyph(draw.GlyphStyle{Color: l.Color, Radius: l.Width * 1.8, Shape: draw.CircleGlyph{}}, points[0])
			continue
		}
		c.StrokeLines(draw.LineStyle{Color: l.Color, Width: l.Width, Dashes: l.Dash}, points)
	}
}
