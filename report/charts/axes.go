package charts

import (
	"fmt"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/results"
)

// newPlot is an empty plot in the style of the house. The y axis is named by
// [drawPlot]: gonum plot reserves room for the name in the wrong place on a
// logarithmic axis.
func newPlot(xLabel string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.Transparent
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.LineStyle = draw.LineStyle{Color: muted, Width: 0.8 * px}
		a.Tick.LineStyle = draw.LineStyle{Color: muted, Width: 0.8 * px}
		a.Tick.Length = 4 * px
		a.Padding = 0
		label := style(11.5*px, muted)
		label.XAlign, label.YAlign = a.Label.TextStyle.XAlign, a.Label.TextStyle.YAlign
		a.Label.TextStyle, a.Label.Padding = label, 5*px
		tick := style(11*px, muted)
		tick.XAlign, tick.YAlign = a.Tick.Label.XAlign, a.Tick.Label.YAlign
		a.Tick.Label = tick
	}
	p.X.Label.Text = xLabel
	return p
}

// timeTicks marks seconds of a run: 0, 5, 10 … or 0:00, 1:00 … on a long one.
func timeTicks(from, to float64) []plot.Tick {
	steps := []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400}
	step := steps[len(steps)-1]
	for _, s := range steps {
		if (to-from)/s <= 12 {
			step = s
			break
		}
	}
	var ticks []plot.Tick
	for t := math.Ceil(from/step) * step; t <= to+1e-9 && len(ticks) < 500; t += step {
		label := strconv.FormatFloat(t, 'f', -1, 64)
		if to > 180 {
			label = fmt.Sprintf("%d:%02d", int(t)/60, int(t)%60)
		}
		if to > 3*3600 {
			label = fmt.Sprintf("%d:%02d h", int(t)/3600, int(t)%3600/60)
		}
		ticks = append(ticks, plot.Tick{Value: t, Label: label})
	}
	return ticks
}

// timeLabel names the time axis as timeTicks marks it.
func timeLabel(end float64) string {
	switch {
	case end > 3*3600:
		return "hours since the load began"
	case end > 180:
		return "minutes since the load began"
	}
	return "seconds since the load began"
}

// niceTicks marks about n values of a linear axis from 0, at 1, 2 or 5 times a
// power of ten; the last is at or above most.
func niceTicks(most float64, n int, label func(float64) string) []plot.Tick {
	if !(most > 0) || math.IsInf(most, 0) {
		most = 1
	}
	raw := most / float64(n)
	scale := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * scale
	for _, m := range []float64{1, 2, 2.5, 5} {
		if m*scale >= raw*0.999 {
			step = m * scale
			break
		}
	}
	var ticks []plot.Tick
	for i := range 50 {
		v := float64(i) * step
		ticks = append(ticks, plot.Tick{Value: v, Label: label(v)})
		if v >= most*0.999 {
			break
		}
	}
	return ticks
}

// logTicks marks a logarithmic axis between two values: every decade, and 2 and 5
// in between when there are few decades.
func logTicks(least, most float64, label func(float64) string) []plot.Tick {
	first, last := math.Floor(math.Log10(least)), math.Ceil(math.Log10(most))
	if last <= first {
		last = first + 1
	}
	var ticks []plot.Tick
	for e := first; e <= last; e++ {
		for _, m := range []float64{1, 2, 3, 4, 5, 6, 7, 8, 9} {
			v := m * math.Pow(10, e)
			if m > 1 && (e == last || last-first > 4) {
				break
			}
			t := plot.Tick{Value: v}
			if m == 1 || last-first <= 3 && (m == 2 || m == 5) {
				t.Label = label(v)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// clipTicks keeps what lies on the axis.
func clipTicks(ticks []plot.Tick, least, most float64) []plot.Tick {
	var kept []plot.Tick
	for _, t := range ticks {
		if t.Value >= least*(1-1e-9) && t.Value <= most*(1+1e-9) {
			kept = append(kept, t)
		}
	}
	return kept
}

// timeAxis sets up the y axis for nanoseconds: from 0, or logarithmic where the
// range demands it. Values below a microsecond do not make the range longer, for
// there is nothing to be told from them; what is drawn of them lies at its end.
// headroom is how far the axis reaches beyond the largest value, as a factor.
func timeAxis(a *plot.Axis, values []float64, headroom float64) {
	least, most := math.Inf(1), 0.0
	for _, v := range values {
		if v >= 1 && !math.IsInf(v, 0) {
			most = math.Max(most, v)
		}
		if v >= 1e3 {
			least = math.Min(least, v)
		}
	}
	label := results.FormatDuration
	if most == 0 {
		least, most = 0, 1e6
	}
	if least > 0 && most/least > 12 { // not so when all are below
		// Ends on 1, 2 or 5 so that no space is wasted and the line keeps clear of the frame.
		least, most = roundDown125(least*0.9), roundUp125(most*headroom)
		a.Min, a.Max = least, most
		a.Scale = plot.LogScale{}
		a.Tick.Marker = plot.ConstantTicks(clipTicks(logTicks(least, most, label), least, most))
		return
	}
	ticks := niceTicks(most*1.04, 5, label)
	a.Scale = plot.LinearScale{}
	a.Min, a.Max = 0, ticks[len(ticks)-1].Value
	a.Tick.Marker = plot.ConstantTicks(ticks)
}

func roundDown125(v float64) float64 {
	scale := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{5, 2} {
		if v >= m*scale {
			return m * scale
		}
	}
	return scale
}

func roundUp125(v float64) float64 {
	scale := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if v <= m*scale {
			return m * scale
		}
	}
	return 10 * scale
}

// countAxis sets up the y axis for counts, from 0.
func countAxis(a *plot.Axis, most float64, n int) {
	ticks := niceTicks(most*1.04, n, func(v float64) string {
		if v >= 1e6 {
			return results.FormatRate(v/1e6) + " M"
		}
		return results.FormatRate(v)
	})
	a.Min, a.Max = 0, ticks[len(ticks)-1].Value
	a.Tick.Marker = plot.ConstantTicks(ticks)
}

// gridLines draws a line at each labelled tick of the y axis, and of the x axis when both is set.
type gridLines struct{ both bool }

// Plot implements plot.Plotter.
func (g gridLines) Plot(c draw.Canvas, p *plot.Plot) {
	line := draw.LineStyle{Color: grid, Width: 0.8 * px}
	tx, ty := p.Transforms(&c)
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if !t.IsMinor() && t.Value > p.Y.Min {
			c.StrokeLine2(line, c.Min.X, ty(t.Value), c.Max.X, ty(t.Value))
		}
	}
	if !g.both {
		return
	}
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if !t.IsMinor() && t.Value > p.X.Min {
			c.StrokeLine2(line, tx(t.Value), c.Min.Y, tx(t.Value), c.Max.Y)
		}
	}
}

// panel is a plot with the name of its y axis and its share of the height.
type panel struct {
	plot   *plot.Plot
	yLabel string
	share  float64
}

// drawPanels draws plots below one another with their data areas aligned, and
// the names of their y axes to the left.
func drawPanels(dc draw.Canvas, gap vg.Length, panels ...panel) {
	total := dc.Max.Y - dc.Min.Y - gap*vg.Length(len(panels)-1)
	tiles := make([]draw.Canvas, len(panels))
	top := dc.Max.Y
	var left, right vg.Length
	for i, p := range panels {
		height := total * vg.Length(p.share)
		tiles[i] = draw.Crop(dc, 20*px, 0, top-height-dc.Min.Y, top-dc.Max.Y)
		data := p.plot.DataCanvas(tiles[i])
		left, right = max(left, data.Min.X-tiles[i].Min.X), max(right, tiles[i].Max.X-data.Max.X)
		top -= height + gap
	}
	for i, p := range panels {
		data := p.plot.DataCanvas(tiles[i])
		p.plot.Draw(draw.Crop(tiles[i], left-(data.Min.X-tiles[i].Min.X), (tiles[i].Max.X-data.Max.X)-right, 0, 0))
		sty := style(11.5*px, muted, centered)
		sty.Rotation = math.Pi / 2
		write(dc, sty, vg.Point{X: dc.Min.X + 8*px, Y: (data.Min.Y + data.Max.Y) / 2}, p.yLabel)
	}
}
