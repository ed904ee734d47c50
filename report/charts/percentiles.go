package charts

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/results"
)

// Percentiles draws the distributions of response time, service time and send
// delay over the kept phases.
func Percentiles(rec *results.Record) Chart {
	s := newPercentileSeries(rec)
	c := Chart{Name: "percentiles", Title: "How slow the slowest are", height: 400 * px}
	if s.Count == 0 || len(s.Service)+len(s.Response) == 0 {
		return c.sayOnly("no times were measured")
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
	dash := []vg.Length{6 * px, 3 * px}
	if len(s.Response) > 0 {
		c.legend = append(c.legend, key{name: "response time: answer − due", color: responseColor})
	}
	c.legend = append(c.legend, key{name: "service time: answer − sent", color: serviceColor, dash: dash})
	if len(s.Delay) > 0 {
		c.legend = append(c.legend, key{name: "send delay: sent − due", color: delayColor})
	}
	c.body = func(dc draw.Canvas) {
		p := newPlot("percentile")
		p.X.Min, p.X.Max = 0, s.To
		p.X.Tick.Marker = plot.ConstantTicks(percentileTicks(s.To))
		timeAxis(&p.Y, append(append(s.Response.values(), s.Service.values()...), s.Delay.values()...), 1.9)
		p.Add(gridLines{both: true}, drawnLine{s.Delay, delayColor, 2 * px, nil}, drawnLine{s.Response, responseColor, 2.6 * px, nil}, drawnLine{s.Service, serviceColor, 2.2 * px, dash})
		main := s.Response
		if len(main) == 0 {
			main = s.Service
		}
		p.Add(markedPercentiles{main})
		drawPanels(dc, 0, panel{p, "time", 1})
	}
	return c
}

// percentileTicks names the percentiles that people name.
func percentileTicks(to float64) []plot.Tick {
	var ticks []plot.Tick
	for _, p := range []float64{0, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999} {
		if p == 95 && to > 3 || p == 75 && to > 3 {
			continue
		}
		if x := logPercentile(p); x <= to+1e-9 {
			ticks = append(ticks, plot.Tick{Value: x, Label: strconv.FormatFloat(p, 'f', -1, 64) + "%"})
		}
	}
	return ticks
}

// markedPercentiles writes the values that people ask for beside their points.
type markedPercentiles struct{ line line }

// Plot implements plot.Plotter.
func (m markedPercentiles) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for _, at := range []float64{50, 90, 99, 99.9, 99.99} {
		x := logPercentile(at)
		for _, run := range m.line {
			for _, pt := range run {
				if math.Abs(pt.X-x) > 1e-6 {
					continue
				}
				place := vg.Point{X: tx(pt.X), Y: ty(min(max(pt.Y, p.Y.Min), p.Y.Max))} // a logarithmic axis has no 0
				c.DrawGlyph(draw.GlyphStyle{Color: responseColor, Radius: 3.4 * px, Shape: draw.CircleGlyph{}}, place)
				sty := style(11.5*px, ink, bold, ended)
				text := results.FormatDuration(pt.Y)
				// Left above the point, where a rising line is not; below it where the frame is near.
				label := vg.Point{X: max(place.X-5*px, c.Min.X+sty.Width(text)+4*px), Y: place.Y + 20*px}
				if label.Y > c.Max.Y {
					label = vg.Point{X: min(place.X+sty.Width(text)/2, c.Max.X), Y: place.Y - 8*px}
				}
				write(c, sty, label, text)
			}
		}
	}
}
