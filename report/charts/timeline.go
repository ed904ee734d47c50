package charts

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/results"
)

// timeline is what all charts over time have in common: an axis of seconds, the
// phases of the load, and what was made to happen meanwhile.
type timeline struct {
	spans []span
	marks []mark
	end   float64 // of the axis
}

// newTimeline is the timeline of a record, to the end of its load.
func newTimeline(rec *results.Record) timeline {
	t := timeline{}
	t.spans, t.end = phaseSpans(rec)
	t.marks = newMarks(rec, t.end)
	return t
}

// axis sets up the time axis of a plot. Where another plot below has the same,
// its ticks are not named.
func (t timeline) axis(p *plot.Plot, named bool) {
	p.X.Min, p.X.Max = 0, t.end
	ticks := timeTicks(0, t.end)
	if !named {
		for i := range ticks {
			ticks[i].Label = " "
		}
		p.X.Tick.Label.Font.Size = 1 * px
	}
	p.X.Tick.Marker = plot.ConstantTicks(ticks)
}

// add adds data to a plot, between what lies behind it and what lies before it.
// Phases and marks are named above the topmost plot.
func (t timeline) add(p *plot.Plot, topmost bool, data ...plot.Plotter) {
	lanes := markLanes(t.marks, t.end)
	p.Add(phaseBands{t.spans, topmost, laneHeight * vg.Length(lanes.count)}, gridLines{}, markBands{t.marks, lanes, topmost})
	p.Add(data...)
	p.Add(markEdges{t.marks, lanes, topmost})
}

// head is the room that names need above the topmost plot.
func (t timeline) head() vg.Length {
	return 16*px + laneHeight*vg.Length(markLanes(t.marks, t.end).count)
}

// keys are what a legend says of phases and marks.
func (t timeline) keys() []key {
	return append(discardedKey(t.spans), markKeys(t.marks)...)
}

// span is a phase on the time axis.
type span struct {
	Name      string
	From, To  float64
	Discarded bool
}

// phaseSpans are the phases of a record, and to where the axis must go.
func phaseSpans(rec *results.Record) ([]span, float64) {
	var spans []span
	last := end(rec)
	for _, p := range rec.Phases {
		if p.EndS <= p.StartS {
			continue
		}
		name := p.Name
		if p.Closed {
			name += " (closed loop)"
		}
		spans = append(spans, span{Name: name, From: p.StartS, To: p.EndS, Discarded: p.Discarded})
	}
	if len(spans) == 0 {
		for _, s := range rec.Seconds {
			last = math.Max(last, float64(s.T)+1)
		}
	}
	return spans, last
}

// bandsMax is how many phases can be told apart in a chart.
const bandsMax = 60

// phaseBands shades every other phase, hatches the discarded ones and names them.
type phaseBands struct {
	spans []span
	named bool
	lift  vg.Length // of the names, above the plot
}

// Plot implements plot.Plotter.
func (b phaseBands) Plot(c draw.Canvas, p *plot.Plot) {
	if len(b.spans) > bandsMax {
		return
	}
	tx, _ := p.Transforms(&c)
	for i, s := range b.spans {
		x0, x1 := max(tx(s.From), c.Min.X), min(tx(s.To), c.Max.X)
		if x1 <= x0 {
			continue
		}
		if i%2 == 1 {
			fill(c, band, x0, c.Min.Y, x1, c.Max.Y)
		}
		if s.Discarded {
			hatch(c, x0, x1, 8*px, grid)
		}
		if i > 0 {
			top := c.Max.Y
			if b.named {
				top += b.lift
			}
			c.StrokeLine2(draw.LineStyle{Color: muted, Width: 0.7 * px, Dashes: []vg.Length{2 * px, 3 * px}}, x0, c.Min.Y, x0, top)
		}
		if !b.named {
			continue
		}
		sty := style(11*px, muted, bold)
		// A name is written whole, or as far as it still says something.
		if fits := cut(s.Name, sty, x1-x0-6*px); fits == s.Name || len([]rune(fits)) > 2 {
			write(c, sty, vg.Point{X: x0 + 4*px, Y: c.Max.Y + b.lift + 15*px}, fits)
		}
	}
}

// discardedKey is the entry of a legend for discarded phases, where any are shown.
func discardedKey(spans []span) []key {
	if len(spans) > bandsMax {
		return nil
	}
	for _, s := range spans {
		if s.Discarded {
			return []key{{name: "discarded", hatch: true}}
		}
	}
	return nil
}

// hatch fills the height of a canvas between two places with slanted lines.
func hatch(c draw.Canvas, x0, x1, apart vg.Length, ink color.Color) {
	height := c.Max.Y - c.Min.Y
	line := draw.LineStyle{Color: ink, Width: 1 * px}
	for x := x0 - height; x < x1; x += apart {
		// The line from (x, bottom) to (x+height, top), clipped to x0..x1.
		from, to := max(x, x0), min(x+height, x1)
		if to > from {
			c.StrokeLine2(line, from, c.Min.Y+from-x, to, c.Min.Y+to-x)
		}
	}
}
