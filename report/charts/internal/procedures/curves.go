package procedures

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// curveSeries is the curve of one target, over −log10(1 − p/100); Y is in nanoseconds.
type curveSeries struct {
	Label             string
	Low, Middle, High paper.Line
}

func newCurveSeries(c *results.Comparison) []curveSeries {
	var all []curveSeries
	for _, from := range c.Curves[:min(len(c.Curves), targetsMost)] {
		s := curveSeries{Label: from.Label}
		last := -1.0
		for _, p := range from.Points {
			x := paper.LogPercentile(p.Percentile)
			if !(x > last && x <= 5+1e-9) || measurable(p.Low) == 0 || measurable(p.Middle) == 0 || measurable(p.High) == 0 {
				continue
			}
			last = x
			paper.Add(&s.Low, false, x, p.Low)
			paper.Add(&s.Middle, false, x, p.Middle)
			paper.Add(&s.High, false, x, p.High)
		}
		if last >= 0 {
			all = append(all, s)
		}
	}
	return all
}

// at is the middle of a curve at a percentile; 0: it has none there.
func (s *curveSeries) at(percentile float64) float64 {
	for _, run := range s.Middle {
		for _, p := range run {
			if math.Abs(p.X-paper.LogPercentile(percentile)) < 1e-6 {
				return p.Y
			}
		}
	}
	return 0
}

// Curves draws the percentiles of response time of all targets of a comparison.
func Curves(rec *results.Record) paper.Chart {
	all := newCurveSeries(rec.Comparison)
	c := paper.Chart{Name: "curves", Title: "How slow the slowest are, target by target", Height: 400 * paper.Px}
	if len(all) == 0 {
		return c.SayOnly("no response times were measured")
	}
	c.Subtitle = "percentiles of response time: the median over the rounds, and the band in which the middle half of the rounds lies"
	to := 1.0
	var values []float64
	var said []string
	for i, s := range all {
		for _, l := range []paper.Line{s.Low, s.Middle, s.High} {
			values = append(values, l.Values()...)
		}
		run := s.Middle[0]
		to = max(to, run[len(run)-1].X)
		parts := []string{short(s.Label)}
		if i := slices.IndexFunc(rec.Comparison.Targets, func(t results.ComparedTarget) bool { return t.Label == s.Label }); i >= 0 {
			parts[0] += " " + targetName(&rec.Comparison.Targets[i])
		}
		for _, p := range []float64{50, 99} {
			if v := s.at(p); v > 0 {
				parts = append(parts, fmt.Sprintf("p%g %s", p, results.FormatDuration(v)))
			}
		}
		name := strings.Join(parts, ", ")
		said = append(said, name)
		c.Legend = append(c.Legend, paper.Key{Name: name, Color: curveColor(i), Dash: curveDash(i)})
	}
	c.Alt = "Percentiles of response time: " + strings.Join(said, "; ") + "."
	c.Height += 17 * paper.Px * vg.Length(len(all)-1)
	c.Body = func(dc draw.Canvas) {
		p := paper.NewPlot("percentile")
		p.X.Min, p.X.Max = 0, to
		p.X.Tick.Marker = plot.ConstantTicks(paper.PercentileTicks(to))
		paper.TimeAxis(&p.Y, values, 1.1)
		p.Add(paper.GridLines{Both: true})
		for i, s := range all {
			p.Add(curveBand{s, curveColor(i)})
		}
		for i, s := range all {
			p.Add(paper.DrawnLine{Line: s.Middle, Color: curveColor(i), Width: 2.4 * paper.Px, Dash: curveDash(i)})
		}
		paper.DrawPanels(dc, 0, paper.Panel{Plot: p, YLabel: "response time", Share: 1})
	}
	return c
}

// curveColor tells targets apart: the first stands back, for it is what others are held against.
func curveColor(i int) paper.Tint {
	colors := []paper.Tint{paper.Muted, paper.P90Color, paper.DelayColor, paper.ServiceColor, paper.Unanswered}
	return colors[i%len(colors)]
}

func curveDash(i int) []vg.Length {
	switch {
	case i == 0:
		return []vg.Length{6 * paper.Px, 3 * paper.Px}
	case i >= 5:
		return []vg.Length{2 * paper.Px, 3 * paper.Px}
	}
	return nil
}

// curveBand fills what lies between the low and the high of a curve.
type curveBand struct {
	s     curveSeries
	color paper.Tint
}

// Plot implements plot.Plotter.
func (b curveBand) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	var outline []vg.Point
	place := func(at paper.Point) {
		outline = append(outline, vg.Point{X: tx(at.X), Y: ty(min(max(at.Y, p.Y.Min), p.Y.Max))})
	}
	for _, at := range b.s.Low[0] {
		place(at)
	}
	high := b.s.High[0]
	for _, at := range slices.Backward(high) {
		place(at)
	}
	if len(outline) > 2 {
		c.FillPolygon(b.color.Alpha(60), outline)
	}
}
