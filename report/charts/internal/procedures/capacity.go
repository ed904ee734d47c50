// Package procedures draws procedures made of many runs: what each probe of a capacity
// search found, over the rate; each metric of a comparison, round by round; and the
// curves of response time of all targets.
package procedures

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// Capacity draws what each probe of a capacity search found, over the rate that was
// offered, with the answer marked.
func Capacity(rec *results.Record) paper.Chart {
	s := newCapacitySeries(rec.Capacity)
	c := paper.Chart{Name: "capacity", Title: "What the target takes, by offered rate", Height: (110 + panelsHeight) * paper.Px}
	if len(s.Delivered.Points)+len(s.P99.Points) == 0 {
		return c.SayOnly("no probe was made")
	}
	c.Subtitle = "each point is a probe; a line joins the medians of each rate; response time from the moment a request was due"
	c.Alt = s.said()
	c.Legend = s.keys()
	stacks := s.stacksHeight()
	c.Height += stacks
	if len(s.Law) > 0 {
		c.Height += lawHeight * paper.Px
	}
	c.Body = func(dc draw.Canvas) {
		bottom := dc.Max.Y - panelsHeight*paper.Px
		paper.DrawPanels(draw.Crop(dc, 0, 0, bottom-dc.Min.Y, -16*paper.Px), 10*paper.Px, s.panels()...)
		drawStacks(draw.Crop(dc, 0, 0, bottom-stacks-dc.Min.Y, bottom-dc.Max.Y), s.Stacks)
		if len(s.Law) > 0 {
			paper.DrawPanels(draw.Crop(dc, 0, 0, 0, bottom-stacks-10*paper.Px-dc.Max.Y), 0, s.law())
		}
	}
	return c
}

// The heights of the parts of the chart, in pixels.
const (
	panelsHeight = 640
	lawHeight    = 210
)

// panels are what is drawn over the offered rate.
func (s *capacitySeries) panels() []paper.Panel {
	ticks := paper.NiceTicks(s.To*1.02, 8, results.FormatRate)
	rates := func(name string) *plot.Plot {
		p := paper.NewPlot(name)
		p.X.Min, p.X.Max = 0, s.To*1.06
		shown := paper.ClipTicks(ticks, 0, p.X.Max)
		if name == "" {
			for i := range shown {
				shown[i].Label = ""
			}
		}
		p.X.Tick.Marker = plot.ConstantTicks(slices.Clone(shown))
		return p
	}
	through, times, cpu, memory := rates(""), rates(""), rates(""), rates("offered rate, "+s.Counts)
	paper.CountAxis(&through.Y, max(slices.Max(append(s.Delivered.values(), 1)), slices.Max(append(s.Accepted.values(), 0))), 4)
	equal := min(through.X.Max, through.Y.Max) // where the line of delivered = offered leaves the panel
	through.Add(paper.GridLines{}, answerBand{s, true}, paper.DrawnLine{Line: paper.Line{{paper.Point{}, paper.Point{X: equal, Y: equal}}}, Color: paper.Muted, Width: 1 * paper.Px, Dash: []vg.Length{4 * paper.Px, 4 * paper.Px}},
		// What was accepted lies below what was delivered, and can be seen around it where both are the same.
		paper.DrawnLine{Line: s.Accepted.Medians, Color: paper.Accepted, Width: 4.6 * paper.Px}, drawnProbes{s.Accepted, paper.Accepted, 5.4 * paper.Px},
		paper.DrawnLine{Line: s.Delivered.Medians, Color: paper.Delivered, Width: 1.8 * paper.Px}, drawnProbes{s.Delivered, paper.Delivered, 3.6 * paper.Px})

	axis := append(s.P50.values(), s.P99.values()...)
	for _, l := range s.Limits {
		axis = append(axis, l.Y)
	}
	paper.TimeAxis(&times.Y, axis, 1.3)
	times.Add(paper.GridLines{}, answerBand{s, false}, drawnLimits(s.Limits), paper.DrawnLine{Line: s.P50.Medians, Color: paper.P50Color, Width: 1.8 * paper.Px}, paper.DrawnLine{Line: s.P99.Medians, Color: paper.P99Color, Width: 1.8 * paper.Px},
		drawnProbes{s.P50, paper.P50Color, 3 * paper.Px}, drawnProbes{s.P99, paper.P99Color, 3.6 * paper.Px}, limitNames{s.Limits, []paper.Line{s.P50.Medians, s.P99.Medians}})

	paper.CountAxis(&cpu.Y, slices.Max(append(s.CPU.values(), 0)), 3)
	cpu.Add(paper.GridLines{}, answerBand{s, false}, paper.DrawnLine{Line: s.CPU.Medians, Color: paper.TargetColor, Width: 1.6 * paper.Px}, drawnProbes{s.CPU, paper.TargetColor, 3.2 * paper.Px})
	paper.BytesAxis(&memory.Y, slices.Max(append(s.Memory.values(), 0)), 3)
	memory.Add(paper.GridLines{}, answerBand{s, false}, paper.DrawnLine{Line: s.Memory.Medians, Color: paper.TargetColor, Width: 1.6 * paper.Px}, drawnProbes{s.Memory, paper.TargetColor, 3.2 * paper.Px})
	return []paper.Panel{{Plot: through, YLabel: s.Counts, Share: 0.31}, {Plot: times, YLabel: "response time", Share: 0.32}, {Plot: cpu, YLabel: "CPU cores", Share: 0.16}, {Plot: memory, YLabel: "peak memory", Share: 0.21}}
}

// law is the scalability law beside the probes that it was fitted to.
func (s *capacitySeries) law() paper.Panel {
	p := paper.NewPlot("requests in the target, on average")
	last := s.Law[0][len(s.Law[0])-1].X
	p.X.Min, p.X.Max = 0, last*1.04
	p.X.Tick.Marker = plot.ConstantTicks(paper.ClipTicks(paper.NiceTicks(last*1.02, 8, results.FormatRate), 0, p.X.Max))
	paper.CountAxis(&p.Y, slices.Max(append(s.InFlight.values(), s.Law.Values()...)), 4)
	p.Add(paper.GridLines{}, paper.DrawnLine{Line: s.Law, Color: paper.DelayColor, Width: 1.8 * paper.Px, Dash: []vg.Length{6 * paper.Px, 3 * paper.Px}}, drawnProbes{s.InFlight, paper.Delivered, 3.4 * paper.Px})
	return paper.Panel{Plot: p, YLabel: "delivered, " + s.Counts, Share: 1}
}

// said is the chart in words.
func (s *capacitySeries) said() string {
	text := fmt.Sprintf("%d probes at up to %s %s.", len(s.Delivered.Points), results.FormatRate(s.To), s.Counts)
	if s.Answer > 0 {
		text += " The answer is " + results.FormatRate(s.Answer) + " " + s.Counts + "."
	}
	if s.High > 0 {
		text += " At " + results.FormatRate(s.High) + " " + s.Counts + " it did not hold."
	}
	return text
}

// keys are the entries of the legend for what is drawn.
func (s *capacitySeries) keys() []paper.Key {
	keys := []paper.Key{{Name: "delivered", Color: paper.Delivered}}
	if len(s.Accepted.Points) > 0 {
		keys = append(keys, paper.Key{Name: s.AcceptedName, Color: paper.Accepted})
	}
	keys = append(keys, paper.Key{Name: "delivered = offered", Color: paper.Muted, Dash: []vg.Length{4 * paper.Px, 4 * paper.Px}})
	if len(s.P99.Points) > 0 {
		keys = append(keys, paper.Key{Name: "p99", Color: paper.P99Color}, paper.Key{Name: "p50", Color: paper.P50Color})
	}
	for _, o := range []struct{ outcome, name string }{{results.ProbePassed, "passed"}, {results.ProbeFailed, "failed"}, {results.ProbeGenerator, "the generator was the limit"}, {results.ProbeBroken, "could not be made"}} {
		if slices.Contains(s.Outcomes, o.outcome) {
			keys = append(keys, paper.Key{Name: o.name, Mark: func(c draw.Canvas, at vg.Point) { drawOutcome(c, o.outcome, paper.Ink, 3.8*paper.Px, at) }})
		}
	}
	if s.Low > 0 && s.High > 0 {
		keys = append(keys, paper.Key{Name: "the capacity lies in here", Color: paper.MarkColor.Alpha(answerAlpha), Fill: true})
	}
	if len(s.Law) > 0 {
		keys = append(keys, paper.Key{Name: "Universal Scalability Law", Color: paper.DelayColor, Dash: []vg.Length{6 * paper.Px, 3 * paper.Px}})
	}
	return keys
}

// drawnProbes draws a point per probe: filled where it passed, a ring where it did not.
type drawnProbes struct {
	series probeSeries
	color  paper.Tint
	radius vg.Length
}

// Plot implements plot.Plotter.
func (d drawnProbes) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for _, pt := range d.series.Points {
		drawOutcome(c, pt.Outcome, d.color, d.radius, vg.Point{X: tx(min(pt.X, p.X.Max)), Y: ty(min(max(pt.Y, p.Y.Min), p.Y.Max))})
	}
}

// drawOutcome draws the mark of a probe.
func drawOutcome(c draw.Canvas, outcome string, t paper.Tint, radius vg.Length, at vg.Point) {
	switch outcome {
	case results.ProbeFailed:
		c.DrawGlyph(draw.GlyphStyle{Color: paper.Ground, Radius: radius, Shape: draw.CircleGlyph{}}, at)
		c.SetLineStyle(draw.LineStyle{Color: paper.Missing, Width: 1.5 * paper.Px})
		ring(c, at, radius)
	case results.ProbeGenerator:
		c.DrawGlyph(draw.GlyphStyle{Color: paper.Dropped, Radius: radius * 1.2, Shape: draw.PyramidGlyph{}}, at)
	case results.ProbeBroken:
		c.DrawGlyph(draw.GlyphStyle{Color: paper.Muted, Radius: radius, Shape: draw.CrossGlyph{}}, at)
	default:
		c.DrawGlyph(draw.GlyphStyle{Color: t, Radius: radius, Shape: draw.CircleGlyph{}}, at)
	}
}

// ring strokes a circle.
func ring(c draw.Canvas, at vg.Point, radius vg.Length) {
	var path vg.Path
	path.Move(vg.Point{X: at.X + radius, Y: at.Y})
	path.Arc(at, radius, 0, 2*math.Pi)
	path.Close()
	c.Stroke(path)
}

// answerAlpha is how much of what lies below the band of the answer can be seen.
const answerAlpha = 72

// answerBand marks the answer, and up to where the capacity may lie.
type answerBand struct {
	s     *capacitySeries
	named bool
}

// Plot implements plot.Plotter.
func (b answerBand) Plot(c draw.Canvas, p *plot.Plot) {
	tx, _ := p.Transforms(&c)
	line := draw.LineStyle{Color: paper.Ink, Width: 1.4 * paper.Px}
	if b.s.Low > 0 && b.s.High > b.s.Low {
		paper.Fill(c, paper.MarkColor.Alpha(answerAlpha), tx(b.s.Low), c.Min.Y, tx(b.s.High), c.Max.Y)
	}
	at, text := b.s.Answer, results.FormatRate(b.s.Answer)+" "+b.s.Counts
	if at == 0 {
		at, text = b.s.High, "below "+results.FormatRate(b.s.High)+" "+b.s.Counts
		line.Dashes = []vg.Length{3 * paper.Px, 3 * paper.Px}
	}
	if at == 0 {
		return
	}
	if b.s.High == 0 {
		text += " or more"
	}
	x := tx(at)
	c.StrokeLine2(line, x, c.Min.Y, x, c.Max.Y)
	if !b.named {
		return
	}
	sty := paper.Style(12*paper.Px, paper.Ink, paper.Bold)
	left := min(max(x-sty.Width(text)/2, c.Min.X), c.Max.X-sty.Width(text))
	paper.Write(c, sty, vg.Point{X: left, Y: c.Max.Y + 17*paper.Px}, text)
}

// drawnLimits draws what expectations allow at most.
type drawnLimits []limitLine

// Plot implements plot.Plotter.
func (l drawnLimits) Plot(c draw.Canvas, p *plot.Plot) {
	_, ty := p.Transforms(&c)
	for _, limit := range l {
		y := ty(min(max(limit.Y, p.Y.Min), p.Y.Max))
		c.StrokeLine2(draw.LineStyle{Color: paper.Missing, Width: 1.1 * paper.Px, Dashes: []vg.Length{5 * paper.Px, 3 * paper.Px}}, c.Min.X, y, c.Max.X, y)
	}
}

// limitNames writes the expectations beside their lines, each where it hides least of what is drawn.
type limitNames struct {
	limits []limitLine
	drawn  []paper.Line
}

// Plot implements plot.Plotter.
func (l limitNames) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	const margin, height = 6 * paper.Px, 16 * paper.Px
	sty := paper.Style(11*paper.Px, paper.Missing)
	for _, limit := range l.limits {
		y := ty(min(max(limit.Y, p.Y.Min), p.Y.Max))
		text := paper.Cut(limit.Text, sty, c.Max.X-c.Min.X-2*margin)
		left, right := c.Min.X+margin, c.Max.X-margin-sty.Width(text)
		best, least := vg.Point{}, math.MaxInt
		for _, at := range []vg.Point{{X: left, Y: y}, {X: left, Y: y - height}, {X: right, Y: y}, {X: right, Y: y - height}} {
			inside := func(x, y vg.Length) bool {
				return x > at.X-margin && x < at.X+sty.Width(text)+margin && y > at.Y-margin && y < at.Y+height+margin
			}
			if n := l.hidden(inside, tx, ty); n < least {
				best, least = at, n
			}
		}
		paper.Write(c, sty, vg.Point{X: best.X, Y: best.Y + 15*paper.Px}, text)
	}
}

// hidden counts points along the lines that lie inside.
func (l limitNames) hidden(inside func(x, y vg.Length) bool, tx, ty func(float64) vg.Length) (n int) {
	const steps = 40
	for _, line := range l.drawn {
		for _, part := range line {
			for i := range part {
				from := part[max(0, i-1)]
				x0, y0, x1, y1 := tx(from.X), ty(from.Y), tx(part[i].X), ty(part[i].Y)
				for k := range steps {
					f := vg.Length(k) / steps
					if inside(x0+f*(x1-x0), y0+f*(y1-y0)) {
						n++
					}
				}
			}
		}
	}
	return n
}
