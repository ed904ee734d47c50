package paper

import (
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/results"
)

// NewPlot is an empty plot in the style of the house. The y axis is named by
// [DrawPanels]: gonum plot reserves room for the name in the wrong place on a
// logarithmic axis.
func NewPlot(xLabel string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.Transparent
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.LineStyle = draw.LineStyle{Color: Muted, Width: 0.8 * Px}
		a.Tick.LineStyle = draw.LineStyle{Color: Muted, Width: 0.8 * Px}
		a.Tick.Length = 4 * Px
		a.Padding = 0
		label := Style(11.5*Px, Muted)
		label.XAlign, label.YAlign = a.Label.TextStyle.XAlign, a.Label.TextStyle.YAlign
		a.Label.TextStyle, a.Label.Padding = label, 5*Px
		tick := Style(11*Px, Muted)
		tick.XAlign, tick.YAlign = a.Tick.Label.XAlign, a.Tick.Label.YAlign
		a.Tick.Label = tick
	}
	p.X.Label.Text = xLabel
	return p
}

// NiceTicks marks about n values of a linear axis from 0, at 1, 2 or 5 times a
// power of ten; the last is at or above most.
func NiceTicks(most float64, n int, label func(float64) string) []plot.Tick {
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

// ClipTicks keeps what lies on the axis.
func ClipTicks(ticks []plot.Tick, least, most float64) []plot.Tick {
	var kept []plot.Tick
	for _, t := range ticks {
		if t.Value >= least*(1-1e-9) && t.Value <= most*(1+1e-9) {
			kept = append(kept, t)
		}
	}
	return kept
}

// TimeAxis sets up the y axis for nanoseconds: from 0, or logarithmic where the
// range demands it. Values below a microsecond do not make the range longer, for
// there is nothing to be told from them; what is drawn of them lies at its end.
// headroom is how far the axis reaches beyond the largest value, as a factor.
func TimeAxis(a *plot.Axis, values []float64, headroom float64) {
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
		a.Tick.Marker = plot.ConstantTicks(ClipTicks(logTicks(least, most, label), least, most))
		return
	}
	ticks := NiceTicks(most*1.04, 5, label)
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

// CountAxis sets up the y axis for counts, from 0.
func CountAxis(a *plot.Axis, most float64, n int) {
	ticks := NiceTicks(most*1.04, n, func(v float64) string {
		if v >= 1e6 {
			return results.FormatRate(v/1e6) + " M"
		}
		return results.FormatRate(v)
	})
	a.Min, a.Max = 0, ticks[len(ticks)-1].Value
	a.Tick.Marker = plot.ConstantTicks(ticks)
}

// GridLines draws a line at each labelled tick of the y axis, and of the x axis when both is set.
type GridLines struct{ Both bool }

// Plot implements plot.Plotter.
func (g GridLines) Plot(c draw.Canvas, p *plot.Plot) {
	line := draw.LineStyle{Color: Grid, Width: 0.8 * Px}
	tx, ty := p.Transforms(&c)
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if !t.IsMinor() && t.Value > p.Y.Min {
			c.StrokeLine2(line, c.Min.X, ty(t.Value), c.Max.X, ty(t.Value))
		}
	}
	if !g.Both {
		return
	}
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if !t.IsMinor() && t.Value > p.X.Min {
			c.StrokeLine2(line, tx(t.Value), c.Min.Y, tx(t.Value), c.Max.Y)
		}
	}
}

// Panel is a plot with the name of its y axis and its share of the height.
type Panel struct {
	Plot   *plot.Plot
	YLabel string
	Share  float64
}

// DrawPanels draws plots below one another with their data areas aligned, and
// the names of their y axes to the left.
func DrawPanels(dc draw.Canvas, gap vg.Length, panels ...Panel) {
	total := dc.Max.Y - dc.Min.Y - gap*vg.Length(len(panels)-1)
	tiles := make([]draw.Canvas, len(panels))
	top := dc.Max.Y
	var left, right vg.Length
	for i, p := range panels {
		height := total * vg.Length(p.Share)
		tiles[i] = draw.Crop(dc, 20*Px, 0, top-height-dc.Min.Y, top-dc.Max.Y)
		data := p.Plot.DataCanvas(tiles[i])
		left, right = max(left, data.Min.X-tiles[i].Min.X), max(right, tiles[i].Max.X-data.Max.X)
		top -= height + gap
	}
	for i, p := range panels {
		data := p.Plot.DataCanvas(tiles[i])
		p.Plot.Draw(draw.Crop(tiles[i], left-(data.Min.X-tiles[i].Min.X), (tiles[i].Max.X-data.Max.X)-right, 0, 0))
		sty := Style(11.5*Px, Muted, Centered)
		sty.Rotation = math.Pi / 2
		Write(dc, sty, vg.Point{X: dc.Min.X + 8*Px, Y: (data.Min.Y + data.Max.Y) / 2}, p.YLabel)
	}
}

// BytesAxis sets up the y axis for sizes, from 0.
func BytesAxis(a *plot.Axis, most float64, n int) {
	ticks := NiceTicks(most*1.04, n, results.FormatBytes)
	a.Min, a.Max = 0, ticks[len(ticks)-1].Value
	a.Tick.Marker = plot.ConstantTicks(ticks)
}

// LogPercentile is the place of a percentile on the axis.
func LogPercentile(p float64) float64 { return -math.Log10(1 - p/100) }

// PercentileTicks names the percentiles that people name.
func PercentileTicks(to float64) []plot.Tick {
	var ticks []plot.Tick
	for _, p := range []float64{0, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999} {
		if p == 95 && to > 3 || p == 75 && to > 3 {
			continue
		}
		if x := LogPercentile(p); x <= to+1e-9 {
			ticks = append(ticks, plot.Tick{Value: x, Label: strconv.FormatFloat(p, 'f', -1, 64) + "%"})
		}
	}
	return ticks
}
