package charts

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// Answers draws what requests were answered, over time.
func Answers(rec *results.Record) paper.Chart {
	s := newAnswerSeries(rec)
	c := paper.Chart{Name: "answers", Title: "Answers over time", Subtitle: "by status code and class of error, in the second in which a request was due", Height: 360 * paper.Px}
	if len(s.Classes) == 0 {
		return c.SayOnly("no request was answered")
	}
	var said []string
	for _, k := range s.Classes {
		name := fmt.Sprintf("%s (%s)", k.Name, results.FormatCount(k.Total))
		said = append(said, name)
		c.Legend = append(c.Legend, paper.Key{Name: name, Color: k.Color, Fill: true})
	}
	c.Alt = "Requests by answer: " + strings.Join(said, ", ") + "."
	if rec.ClosedLoop() {
		c.Subtitle = "by status code and class of error, in the second in which a request was sent"
	}
	t := newTimeline(rec)
	c = over(c, t)
	c.Body = func(dc draw.Canvas) {
		p := paper.NewPlot(timeLabel(t.end))
		t.axis(p, true)
		most := 0.0
		for i := range s.From {
			sum := 0.0
			for _, k := range s.Classes {
				sum += k.PerS[i]
			}
			most = max(most, sum)
		}
		paper.CountAxis(&p.Y, most, 5)
		t.add(p, true, stackedBars{s})
		paper.DrawPanels(draw.Crop(dc, 0, 0, 0, -t.head()), 0, paper.Panel{Plot: p, YLabel: "requests/s", Share: 1})
	}
	return c
}

// stackedBars draws a bar per second, its classes on top of each other.
type stackedBars struct{ s answerSeries }

// Plot implements plot.Plotter.
func (b stackedBars) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for i, from := range b.s.From {
		left, right := tx(from), min(tx(b.s.To[i]), c.Max.X)
		if right-left > 6*paper.Px {
			right -= 1 * paper.Px // a hair between bars that are wide enough
		}
		base := 0.0
		for _, k := range b.s.Classes {
			n := k.PerS[i]
			if n <= 0 {
				continue
			}
			y0, y1 := ty(base), ty(min(base+n, p.Y.Max))
			// What happened at all must be seen.
			y1 = max(y1, y0+1.5*paper.Px)
			if k.Name == unsent {
				outline := draw.LineStyle{Color: paper.Muted, Width: 0.8 * paper.Px, Dashes: []vg.Length{2 * paper.Px, 2 * paper.Px}}
				c.StrokeLines(outline, []vg.Point{{X: left, Y: y0}, {X: left, Y: y1}, {X: right, Y: y1}, {X: right, Y: y0}})
			} else {
				paper.Fill(c, k.Color, left, y0, right, y1)
			}
			base += n
		}
	}
}
