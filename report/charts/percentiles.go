package charts

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// Percentiles draws the distributions of response time, service time and send
// delay over the kept phases.
func Percentiles(rec *results.Record) paper.Chart {
	s := newPercentileSeries(rec)
	c := paper.Chart{Name: "percentiles", Title: "How slow the slowest are", Height: 400 * paper.Px}
	if s.Count == 0 || len(s.Service)+len(s.Response) == 0 {
		return c.SayOnly("no times were measured")
	}
	what := "request"
	if rec.Requests.Sent == 0 && rec.Announcements.Sent > 0 {
		what = "announcement"
	}
	if s.Count != 1 {
		what += "s"
	}
	c.Subtitle = fmt.Sprintf("percentiles of %s %s of the kept phases", results.FormatCount(s.Count), what)
	name, q := "response time", rec.Totals.ResponseTime
	switch {
	case len(s.Response) == 0:
		name, q = "service time", rec.Totals.ServiceTime
		if rec.ClosedLoop() {
			c.Subtitle += "; closed loop: a request has no due time, so this is service time"
		}
	case len(s.Delay) > 0:
		c.Subtitle += "; response time = send delay + service time, request by request"
	}
	c.Alt = fmt.Sprintf("Percentiles: %s p50 %s, p99 %s, p99.9 %s.", name, results.FormatDuration(float64(q.P50)), results.FormatDuration(float64(q.P99)), results.FormatDuration(float64(q.P999)))
	dash := []vg.Length{6 * paper.Px, 3 * paper.Px}
	if len(s.Response) > 0 {
		c.Legend = append(c.Legend, paper.Key{Name: "response time: answer − due", Color: paper.ResponseColor})
	}
	c.Legend = append(c.Legend, paper.Key{Name: "service time: answer − sent", Color: paper.ServiceColor, Dash: dash})
	if len(s.Delay) > 0 {
		c.Legend = append(c.Legend, paper.Key{Name: "send delay: sent − due", Color: paper.DelayColor})
	}
	c.Body = func(dc draw.Canvas) {
		p := paper.NewPlot("percentile")
		p.X.Min, p.X.Max = 0, s.To
		p.X.Tick.Marker = plot.ConstantTicks(paper.PercentileTicks(s.To))
		paper.TimeAxis(&p.Y, append(append(s.Response.Values(), s.Service.Values()...), s.Delay.Values()...), 1.9)
		p.Add(paper.GridLines{Both: true}, paper.DrawnLine{Line: s.Delay, Color: paper.DelayColor, Width: 2 * paper.Px}, paper.DrawnLine{Line: s.Response, Color: paper.ResponseColor, Width: 2.6 * paper.Px}, paper.DrawnLine{Line: s.Service, Color: paper.ServiceColor, Width: 2.2 * paper.Px, Dash: dash})
		main := s.Response
		if len(main) == 0 {
			main = s.Service
		}
		p.Add(markedPercentiles{main})
		paper.DrawPanels(dc, 0, paper.Panel{Plot: p, YLabel: "time", Share: 1})
	}
	return c
}

// markedPercentiles writes the values that people ask for beside their points.
type markedPercentiles struct{ line paper.Line }

// Plot implements plot.Plotter.
func (m markedPercentiles) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for _, at := range []float64{50, 90, 99, 99.9, 99.99} {
		x := paper.LogPercentile(at)
		for _, run := range m.line {
			for _, pt := range run {
				if math.Abs(pt.X-x) > 1e-6 {
					continue
				}
				place := vg.Point{X: tx(pt.X), Y: ty(min(max(pt.Y, p.Y.Min), p.Y.Max))} // a logarithmic axis has no 0
				c.DrawGlyph(draw.GlyphStyle{Color: paper.ResponseColor, Radius: 3.4 * paper.Px, Shape: draw.CircleGlyph{}}, place)
				sty := paper.Style(11.5*paper.Px, paper.Ink, paper.Bold, paper.Ended)
				text := results.FormatDuration(pt.Y)
				// Left above the point, where a rising line is not; below it where the frame is near.
				label := vg.Point{X: max(place.X-5*paper.Px, c.Min.X+sty.Width(text)+4*paper.Px), Y: place.Y + 20*paper.Px}
				if label.Y > c.Max.Y {
					label = vg.Point{X: min(place.X+sty.Width(text)/2, c.Max.X), Y: place.Y - 8*paper.Px}
				}
				paper.Write(c, sty, label, text)
			}
		}
	}
}
