package charts

import (
	"fmt"
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// Latency draws the response time and the rate of a run over time.
func Latency(rec *results.Record) paper.Chart {
	s := newLatencySeries(rec)
	what, from := "Response time", "measured from the moment a request was due"
	if s.Service {
		what, from = "Service time", "closed loop: a request has no due time, so this is service time"
	}
	c := paper.Chart{Name: "latency", Title: what + " and rate over time", Subtitle: from, Height: 480 * paper.Px}
	if s.Grouped > 1 {
		c.Subtitle += fmt.Sprintf("; each point is the worst of %d seconds", s.Grouped)
	}
	t := newTimeline(rec)
	if len(s.Sent) == 0 {
		return c.SayOnly("no request was sent")
	}
	q := rec.Totals.ResponseTime
	if s.Service {
		q = rec.Totals.ServiceTime
	}
	c.Alt = fmt.Sprintf("%s over %s: p50 %s, p99 %s, at most %s over the kept phases.", what, results.FormatDuration(t.end*1e9),
		results.FormatDuration(float64(q.P50)), results.FormatDuration(float64(q.P99)), results.FormatDuration(float64(q.Max)))
	c.Legend = []paper.Key{{Name: "p99", Color: paper.P99Color}, {Name: "p90", Color: paper.P90Color}, {Name: "p50", Color: paper.P50Color}, {Name: "sent", Color: paper.RateColor, Fill: true}}
	dash := []vg.Length{5 * paper.Px, 3 * paper.Px}
	if highest(s.Planned) > 0 {
		c.Legend = append(c.Legend, paper.Key{Name: "planned", Color: paper.Ink, Dash: dash})
	}
	if highest(s.NotOK) > 0 {
		c.Legend = append(c.Legend, paper.Key{Name: "not answered 2xx", Color: paper.Refused, Fill: true})
	}
	c = over(c, t)
	c.Body = func(dc draw.Canvas) {
		top := paper.NewPlot("")
		t.axis(top, false)
		var all []float64
		for _, l := range []paper.Line{s.P50, s.P90, s.P99} {
			all = append(all, l.Values()...)
		}
		paper.TimeAxis(&top.Y, all, 1.05)
		t.add(top, true,
			paper.DrawnLine{Line: s.P50, Color: paper.P50Color, Width: 2 * paper.Px}, paper.DrawnLine{Line: s.P90, Color: paper.P90Color, Width: 2 * paper.Px}, paper.DrawnLine{Line: s.P99, Color: paper.P99Color, Width: 2.2 * paper.Px})

		bottom := paper.NewPlot(timeLabel(t.end))
		t.axis(bottom, true)
		paper.CountAxis(&bottom.Y, max(highest(s.Planned), highest(s.Sent)), 3)
		t.add(bottom, false,
			filledSteps{s.Sent, paper.RateColor}, filledSteps{s.NotOK, paper.Refused}, paper.DrawnLine{Line: staircase(s.Planned), Color: paper.Ink, Width: 1.4 * paper.Px, Dash: dash})
		paper.DrawPanels(draw.Crop(dc, 0, 0, 0, -t.head()), 8*paper.Px, paper.Panel{Plot: top, YLabel: strings.ToLower(what), Share: 0.6}, paper.Panel{Plot: bottom, YLabel: "requests/s", Share: 0.4})
	}
	return c
}

// staircase is the line along the top of steps, broken where time passes between two.
func staircase(steps []step) paper.Line {
	var out paper.Line
	last := 0.0
	for _, s := range steps {
		paper.Add(&out, s.From-last > 0.5, s.From, s.Y)
		paper.Add(&out, false, s.To, s.Y)
		last = s.To
	}
	return out
}

// filledSteps fills the area under steps.
type filledSteps struct {
	steps []step
	color color.Color
}

// Plot implements plot.Plotter.
func (f filledSteps) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for _, run := range staircase(f.steps) {
		points := []vg.Point{{X: tx(run[0].X), Y: ty(0)}}
		for _, at := range run {
			points = append(points, vg.Point{X: tx(min(at.X, p.X.Max)), Y: ty(min(at.Y, p.Y.Max))})
		}
		points = append(points, vg.Point{X: points[len(points)-1].X, Y: ty(0)})
		c.FillPolygon(f.color, points)
	}
}
