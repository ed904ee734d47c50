package charts

import (
	"fmt"
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/results"
)

// Latency draws the response time and the rate of a run over time.
func Latency(rec *results.Record) Chart {
	s := newLatencySeries(rec)
	what, from := "Response time", "measured from the moment a request was due"
	if s.Service {
		what, from = "Service time", "closed loop: a request has no due time, so this is service time"
	}
	c := Chart{Name: "latency", Title: what + " and rate over time", Subtitle: from, height: 480 * px}
	if s.Grouped > 1 {
		c.Subtitle += fmt.Sprintf("; each point is the worst of %d seconds", s.Grouped)
	}
	t := newTimeline(rec)
	if len(s.Sent) == 0 {
		return c.sayOnly("no request was sent")
	}
	q := rec.Totals.ResponseTime
	if s.Service {
		q = rec.Totals.ServiceTime
	}
	c.Alt = fmt.Sprintf("%s over %s: p50 %s, p99 %s, at most %s over the kept phases.", what, results.FormatDuration(t.end*1e9),
		results.FormatDuration(float64(q.P50)), results.FormatDuration(float64(q.P99)), results.FormatDuration(float64(q.Max)))
	c.legend = []key{{name: "p99", color: p99Color}, {name: "p90", color: p90Color}, {name: "p50", color: p50Color}, {name: "sent", color: rateColor, fill: true}}
	dash := []vg.Length{5 * px, 3 * px}
	if highest(s.Planned) > 0 {
		c.legend = append(c.legend, key{name: "planned", color: ink, dash: dash})
	}
	if highest(s.NotOK) > 0 {
		c.legend = append(c.legend, key{name: "not answered 2xx", color: refused, fill: true})
	}
	c = c.over(t)
	c.body = func(dc draw.Canvas) {
		top := newPlot("")
		t.axis(top, false)
		var all []float64
		for _, l := range []line{s.P50, s.P90, s.P99} {
			all = append(all, l.values()...)
		}
		timeAxis(&top.Y, all, 1.05)
		t.add(top, true,
			drawnLine{s.P50, p50Color, 2 * px, nil}, drawnLine{s.P90, p90Color, 2 * px, nil}, drawnLine{s.P99, p99Color, 2.2 * px, nil})

		bottom := newPlot(timeLabel(t.end))
		t.axis(bottom, true)
		countAxis(&bottom.Y, max(highest(s.Planned), highest(s.Sent)), 3)
		t.add(bottom, false,
			filledSteps{s.Sent, rateColor}, filledSteps{s.NotOK, refused}, drawnLine{staircase(s.Planned), ink, 1.4 * px, dash})
		drawPanels(draw.Crop(dc, 0, 0, 0, -t.head()), 8*px, panel{top, strings.ToLower(what), 0.6}, panel{bottom, "requests/s", 0.4})
	}
	return c
}

// drawnLine draws a line through each run of points; a point alone is a dot.
type drawnLine struct {
	line  line
	color color.Color
	width vg.Length
	dash  []vg.Length
}

// Plot implements plot.Plotter.
func (l drawnLine) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for _, run := range l.line {
		points := make([]vg.Point, len(run))
		for i, at := range run {
			points[i] = vg.Point{X: tx(at.X), Y: ty(min(max(at.Y, p.Y.Min), p.Y.Max))}
		}
		if len(points) == 1 {
			c.DrawGlyph(draw.GlyphStyle{Color: l.color, Radius: l.width * 1.8, Shape: draw.CircleGlyph{}}, points[0])
			continue
		}
		c.StrokeLines(draw.LineStyle{Color: l.color, Width: l.width, Dashes: l.dash}, points)
	}
}

// staircase is the line along the top of steps, broken where time passes between two.
func staircase(steps []step) line {
	var out line
	last := 0.0
	for _, s := range steps {
		add(&out, s.From-last > 0.5, s.From, s.Y)
		add(&out, false, s.To, s.Y)
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
