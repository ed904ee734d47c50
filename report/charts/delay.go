package charts

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// Delay draws how long traces took from the moment they were due to the intake.
func Delay(rec *results.Record) paper.Chart {
	s := newDelaySeries(rec)
	c := paper.Chart{Name: "delay", Title: "From due to the intake", Subtitle: "traces that came out, by when their requests were due", Height: 330 * paper.Px}
	if len(s.P50) == 0 || rec.EndToEnd == nil {
		return c.SayOnly("no trace that was due came out at an intake")
	}
	if share := rec.EndToEnd.Share; share < 1 {
		c.Subtitle += fmt.Sprintf("; of %s of them, drawn at random", results.FormatPercent(share, 1))
	}
	if s.Grouped > 1 {
		c.Subtitle += fmt.Sprintf("; each point is the worst of %d seconds", s.Grouped)
	}
	q := rec.EndToEnd.Quantiles
	c.Alt = fmt.Sprintf("From due to the intake traces took: p50 %s, p99 %s, at most %s over the kept phases.",
		results.FormatDuration(float64(q.P50)), results.FormatDuration(float64(q.P99)), results.FormatDuration(float64(q.Max)))
	c.Legend = []paper.Key{{Name: "p99", Color: paper.P99Color}, {Name: "p90", Color: paper.P90Color}, {Name: "p50", Color: paper.P50Color}}
	t := newTimeline(rec)
	c = over(c, t)
	c.Body = func(dc draw.Canvas) {
		p := paper.NewPlot(timeLabel(t.end))
		t.axis(p, true)
		var all []float64
		for _, l := range []paper.Line{s.P50, s.P90, s.P99} {
			all = append(all, l.Values()...)
		}
		paper.TimeAxis(&p.Y, all, 1.05)
		t.add(p, true, paper.DrawnLine{Line: s.P50, Color: paper.P50Color, Width: 2 * paper.Px}, paper.DrawnLine{Line: s.P90, Color: paper.P90Color, Width: 2 * paper.Px}, paper.DrawnLine{Line: s.P99, Color: paper.P99Color, Width: 2.2 * paper.Px})
		paper.DrawPanels(draw.Crop(dc, 0, 0, 0, -t.head()), 8*paper.Px, paper.Panel{Plot: p, YLabel: "end-to-end delay", Share: 1})
	}
	return c
}

// delaySeries is what the chart of end-to-end delay shows, in nanoseconds.
type delaySeries struct {
	P50, P90, P99 paper.Line
	Grouped       int // seconds to a point
}

// newDelaySeries reads the series off the seconds of a record. On a long run
// several seconds make one point, the worst of them.
func newDelaySeries(rec *results.Record) delaySeries {
	var rows []results.Second
	for i := range rec.Seconds {
		if q := rec.Seconds[i].EndToEnd; q != nil && q.Count > 0 {
			rows = append(rows, rec.Seconds[i])
		}
	}
	s := delaySeries{Grouped: max(1, (len(rows)+pointsMax-1)/pointsMax)}
	last := math.Inf(-1)
	for from := 0; from < len(rows); from += s.Grouped {
		group := rows[from:min(from+s.Grouped, len(rows))]
		var q results.Quantiles
		for i := range group {
			here := group[i].EndToEnd
			q.P50, q.P90, q.P99 = max(q.P50, here.P50), max(q.P90, here.P90), max(q.P99, here.P99)
		}
		begin, until := float64(group[0].T), float64(group[len(group)-1].T)+1
		x, gap := (begin+until)/2, begin-last > 0.5
		paper.Add(&s.P50, gap, x, float64(q.P50))
		paper.Add(&s.P90, gap, x, float64(q.P90))
		paper.Add(&s.P99, gap, x, float64(q.P99))
		last = until
	}
	return s
}
