package procedures

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// targetsMost bounds the targets of a comparison that are drawn.
const targetsMost = 8

// Comparison draws the metrics of each target beside those of the first: one chart each,
// named comparison, or comparison-b, comparison-c, … where there are several.
func Comparison(rec *results.Record) []paper.Chart {
	c := rec.Comparison
	if len(c.Targets) < 2 {
		return []paper.Chart{paper.Chart{Name: "comparison", Title: "Metrics, round by round"}.SayOnly("nothing was compared")}
	}
	var charts []paper.Chart
	a := &c.Targets[0]
	for i := range c.Targets[1:min(len(c.Targets), targetsMost)] {
		b := &c.Targets[i+1]
		name := "comparison"
		if len(c.Targets) > 2 {
			name += "-" + string(rune('b'+i))
		}
		charts = append(charts, besideA(name, c, a, b))
	}
	return charts
}

const (
	rowHeight  = 30 * paper.Px
	axisHeight = 44 * paper.Px
)

func besideA(name string, c *results.Comparison, a, b *results.ComparedTarget) paper.Chart {
	s := newComparisonSeries(c, a.Label, b.Label)
	out := paper.Chart{Name: name, Title: fmt.Sprintf("%s against %s, metric by metric", short(b.Label), short(a.Label))}
	if len(s.Ratios)+len(s.Shares) == 0 {
		return out.SayOnly("no metric was measured of both")
	}
	points := "a small point is a round"
	if !c.Paired {
		points = "a small point is a run of " + short(b.Label) + " over the median of " + short(a.Label)
	}
	out.Subtitle = fmt.Sprintf("%s: %s, %s: %s; %s, the bar is the interval of all of them", short(a.Label), targetName(a), short(b.Label), targetName(b), points)
	if len(s.Left) > 0 {
		out.Subtitle += "; without any difference or not measured: " + strings.Join(s.Left, ", ")
	}
	said := map[string]bool{}
	var told []string
	for _, rows := range [][]comparedRow{s.Ratios, s.Shares} {
		for _, r := range rows {
			said[r.Verdict] = true
			told = append(told, fmt.Sprintf("%s %s (%s)", r.Name, r.EstimateText, r.Verdict))
		}
	}
	out.Alt = short(b.Label) + " against " + short(a.Label) + ": " + strings.Join(told, ", ") + "."
	for _, v := range []string{results.VerdictWorse, results.VerdictBetter, results.VerdictSame, results.VerdictUndecided} {
		if said[v] {
			out.Legend = append(out.Legend, paper.Key{Name: v, Color: verdictColor(v), Fill: true})
		}
	}
	out.Legend = append(out.Legend, paper.Key{Name: "less than the least effect", Color: effectColor, Fill: true})
	out.Height = 72*paper.Px + subtitleHeight(out.Subtitle) + 12*paper.Px
	for _, rows := range [][]comparedRow{s.Ratios, s.Shares} {
		if len(rows) > 0 {
			out.Height += rowHeight*vg.Length(len(rows)) + axisHeight
		}
	}
	if len(s.Ratios) > 0 && len(s.Shares) > 0 {
		out.Height += 10 * paper.Px
	}
	out.Body = func(dc draw.Canvas) {
		top := dc.Max.Y - 6*paper.Px
		names := nameRoom(append(append([]comparedRow(nil), s.Ratios...), s.Shares...))
		if len(s.Ratios) > 0 {
			low, high := extent(s.Ratios, math.Log(40))
			top = drawRows(dc, s.Ratios, top, names, low, high, changeTicks, "change of the metric, on a scale of ratios") - 10*paper.Px
		}
		if len(s.Shares) > 0 {
			low, high := extent(s.Shares, 100)
			drawRows(dc, s.Shares, top, names, low, high, pointTicks, "difference in percentage points")
		}
	}
	return out
}

// subtitleHeight is the room that a subtitle takes.
func subtitleHeight(s string) vg.Length {
	return 15 * paper.Px * vg.Length(len(paper.Wrap(s, paper.Style(11.5*paper.Px, paper.Muted), paper.Width-32*paper.Px)))
}

// short is a label as it was given, unless somebody gave one that is none.
func short(label string) string {
	return paper.Cut(label, paper.Style(12*paper.Px, paper.Ink), 60*paper.Px)
}

// targetName is what people call a target.
func targetName(t *results.ComparedTarget) string {
	name := t.Name
	switch {
	case name == "":
		name = t.Target
	case t.Version != "" && !strings.Contains(name, t.Version):
		name += " " + t.Version
	}
	return paper.Cut(name, paper.Style(11.5*paper.Px, paper.Muted), 300*paper.Px)
}

// effectColor is that of the band in which a difference is called none.
const effectColor = paper.Grid

func verdictColor(verdict string) paper.Tint {
	switch verdict {
	case results.VerdictWorse:
		return paper.Missing
	case results.VerdictBetter:
		return paper.Accepted
	case results.VerdictUndecided:
		return paper.Dropped
	}
	return paper.Muted
}

// wordColor is a colour in which a word can be read: amber on white cannot.
func wordColor(t paper.Tint) paper.Tint {
	if t == paper.Dropped {
		return paper.Ink
	}
	return t
}

// nameRoom is the room that the names of the rows need.
func nameRoom(rows []comparedRow) vg.Length {
	room := vg.Length(0)
	for _, r := range rows {
		room = max(room, paper.Style(12*paper.Px, paper.Ink).Width(r.Name))
	}
	return min(room, 230*paper.Px)
}

// drawRows draws metrics below one another, from top down, with their axis below them; it
// returns where that ends. Names stand to the left, figures to the right.
func drawRows(dc draw.Canvas, rows []comparedRow, top, names vg.Length, low, high float64, ticks func(low, high float64, room vg.Length) []plot.Tick, axis string) vg.Length {
	const figures = 222 * paper.Px
	left, right := dc.Min.X+4*paper.Px+names+14*paper.Px, dc.Max.X-figures-14*paper.Px
	bottom := top - rowHeight*vg.Length(len(rows))
	x := func(v float64) vg.Length {
		return left + (right-left)*vg.Length((min(max(v, low), high)-low)/(high-low))
	}
	for i, r := range rows {
		y := top - rowHeight*vg.Length(i)
		paper.Fill(dc, effectColor, x(-r.Effect), y-rowHeight, x(r.Effect), y)
	}
	for _, t := range ticks(low, high, right-left) {
		line := draw.LineStyle{Color: paper.Muted, Width: 0.6 * paper.Px, Dashes: []vg.Length{1 * paper.Px, 3 * paper.Px}}
		if t.Value == 0 {
			line = draw.LineStyle{Color: paper.Muted, Width: 1.2 * paper.Px}
		}
		dc.StrokeLine2(line, x(t.Value), bottom, x(t.Value), top)
		paper.Write(dc, paper.Style(11*paper.Px, paper.Muted, paper.Centered), vg.Point{X: x(t.Value), Y: bottom - 10*paper.Px}, t.Label)
	}
	paper.Write(dc, paper.Style(11.5*paper.Px, paper.Muted, paper.Centered), vg.Point{X: (left + right) / 2, Y: bottom - 27*paper.Px}, axis)
	for i, r := range rows {
		middle := top - rowHeight*(vg.Length(i)+0.5)
		if i > 0 {
			dc.StrokeLine2(draw.LineStyle{Color: paper.Grid, Width: 0.8 * paper.Px}, dc.Min.X+4*paper.Px, middle+rowHeight/2, dc.Max.X, middle+rowHeight/2)
		}
		drawRow(dc, &r, x, middle)
		name := paper.Style(12*paper.Px, paper.Ink, paper.Halfway)
		middle += 2 * paper.Px // letters without descenders are to stand in the middle
		paper.Write(dc, name, vg.Point{X: dc.Min.X + 4*paper.Px, Y: middle}, paper.CutMiddle(r.Name, name, names))
		color := wordColor(verdictColor(r.Verdict))
		paper.Write(dc, paper.Style(12*paper.Px, paper.Ink, paper.Bold, paper.Halfway, paper.Ended), vg.Point{X: right + 64*paper.Px, Y: middle}, r.EstimateText)
		paper.Write(dc, paper.Style(11*paper.Px, paper.Muted, paper.Halfway), vg.Point{X: right + 72*paper.Px, Y: middle}, r.IntervalText)
		verdict := paper.Style(11.5*paper.Px, color, paper.Bold, paper.Halfway, paper.Ended)
		paper.Write(dc, verdict, vg.Point{X: dc.Max.X, Y: middle}, paper.Cut(r.Verdict, verdict, 62*paper.Px))
	}
	return bottom - axisHeight
}

// drawRow draws the rounds of a metric, from the first above to the last below, its
// interval and its estimate.
func drawRow(dc draw.Canvas, r *comparedRow, x func(float64) vg.Length, middle vg.Length) {
	color := verdictColor(r.Verdict)
	for i, v := range r.Rounds {
		down := vg.Length(0)
		if n := len(r.Rounds); n > 1 {
			down = 20 * paper.Px * (vg.Length(i)/vg.Length(n-1) - 0.5)
		}
		dc.DrawGlyph(draw.GlyphStyle{Color: color, Radius: 1.8 * paper.Px, Shape: draw.CircleGlyph{}}, vg.Point{X: x(v), Y: middle - down})
	}
	if r.Bounded {
		line := draw.LineStyle{Color: color, Width: 2.6 * paper.Px}
		dc.StrokeLine2(line, x(r.Low), middle, x(r.High), middle)
		for _, end := range []float64{r.Low, r.High} {
			dc.StrokeLine2(line, x(end), middle-5*paper.Px, x(end), middle+5*paper.Px)
		}
	}
	if math.IsNaN(r.Estimate) {
		return
	}
	at := vg.Point{X: x(r.Estimate), Y: middle}
	dc.DrawGlyph(draw.GlyphStyle{Color: paper.Ground, Radius: 5.6 * paper.Px, Shape: draw.CircleGlyph{}}, at)
	if r.Bounded {
		dc.DrawGlyph(draw.GlyphStyle{Color: color, Radius: 4.4 * paper.Px, Shape: draw.CircleGlyph{}}, at)
		return
	}
	dc.SetLineStyle(draw.LineStyle{Color: color, Width: 1.8 * paper.Px})
	ring(dc, at, 4.4*paper.Px) // no interval: an estimate that says little
}

// changeTicks marks changes in percent on an axis of logarithms: by even steps, or on a
// long axis by factors of two.
func changeTicks(low, high float64, room vg.Length) []plot.Tick {
	label := func(p float64) string {
		if p == 0 {
			return "0%"
		}
		return fmt.Sprintf("%+g%%", math.Round(p*1e6)/1e6)
	}
	for _, step := range []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 25} {
		// The last two are nearest to each other.
		last := math.Floor(100*math.Expm1(high)/step) * step
		apart := (math.Log1p(last/100) - math.Log1p((last-step)/100)) / (high - low)
		if last-step <= -100 || apart*float64(room) < float64(34*paper.Px) {
			continue
		}
		var ticks []plot.Tick
		for p := math.Ceil(100*math.Expm1(low)/step) * step; p <= last+step/2; p += step {
			p = math.Round(p/step) * step
			ticks = append(ticks, plot.Tick{Value: math.Log1p(p / 100), Label: label(p)})
		}
		return ticks
	}
	step := math.Ln2 * max(1, math.Ceil((high-low)/math.Ln2/8))
	var ticks []plot.Tick
	for k := math.Ceil(low / step); k*step <= high; k++ {
		ticks = append(ticks, plot.Tick{Value: k * step, Label: label(math.Round(1e3*math.Expm1(k*step)) / 10)})
	}
	return ticks
}

// pointTicks marks percentage points.
func pointTicks(low, high float64, _ vg.Length) []plot.Tick {
	var ticks []plot.Tick
	for _, t := range paper.NiceTicks(high-low, 6, func(float64) string { return "" })[1:2] { // its step
		for k := math.Ceil(low / t.Value); k*t.Value <= high; k++ {
			v := k * t.Value
			ticks = append(ticks, plot.Tick{Value: v, Label: pointsText(math.Round(v*1e6) / 1e6)})
		}
	}
	return ticks
}
