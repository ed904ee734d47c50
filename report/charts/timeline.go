package charts

import (
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
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
		p.X.Tick.Label.Font.Size = 1 * paper.Px
	}
	p.X.Tick.Marker = plot.ConstantTicks(ticks)
}

// add adds data to a plot, between what lies behind it and what lies before it.
// Phases and marks are named above the topmost plot.
func (t timeline) add(p *plot.Plot, topmost bool, data ...plot.Plotter) {
	lanes := markLanes(t.marks, t.end)
	p.Add(phaseBands{t.spans, topmost, laneHeight * vg.Length(lanes.count)}, paper.GridLines{}, markBands{t.marks, lanes, topmost})
	p.Add(data...)
	p.Add(markEdges{t.marks, lanes, topmost})
}

// head is the room that names need above the topmost plot.
func (t timeline) head() vg.Length {
	return 16*paper.Px + laneHeight*vg.Length(markLanes(t.marks, t.end).count)
}

// keys are what a legend says of phases and marks.
func (t timeline) keys() []paper.Key {
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
			paper.Fill(c, paper.Band, x0, c.Min.Y, x1, c.Max.Y)
		}
		if s.Discarded {
			paper.Hatch(c, x0, x1, 8*paper.Px, paper.Grid)
		}
		if i > 0 {
			top := c.Max.Y
			if b.named {
				top += b.lift
			}
			c.StrokeLine2(draw.LineStyle{Color: paper.Muted, Width: 0.7 * paper.Px, Dashes: []vg.Length{2 * paper.Px, 3 * paper.Px}}, x0, c.Min.Y, x0, top)
		}
		if !b.named {
			continue
		}
		sty := paper.Style(11*paper.Px, paper.Muted, paper.Bold)
		// A name is written whole, or as far as it still says something.
		if fits := paper.Cut(s.Name, sty, x1-x0-6*paper.Px); fits == s.Name || len([]rune(fits)) > 2 {
			paper.Write(c, sty, vg.Point{X: x0 + 4*paper.Px, Y: c.Max.Y + b.lift + 15*paper.Px}, fits)
		}
	}
}

// discardedKey is the entry of a legend for discarded phases, where any are shown.
func discardedKey(spans []span) []paper.Key {
	if len(spans) > bandsMax {
		return nil
	}
	for _, s := range spans {
		if s.Discarded {
			return []paper.Key{{Name: "discarded", Hatch: true}}
		}
	}
	return nil
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
