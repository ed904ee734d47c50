package charts

import (
	"fmt"
	"math"

	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/results"
)

// Delay draws how long traces took from the moment they were due to the intake.
func Delay(rec *results.Record) Chart {
	s := newDelaySeries(rec)
	c := Chart{Name: "delay", Title: "From due to the intake", Subtitle: "traces that came out, by when their requests were due", height: 330 * px}
	if len(s.P50) == 0 || rec.EndToEnd == nil {
		return c.sayOnly("no trace that was due came out at an intake")
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
	c.legend = []key{{name: "p99", color: p99Color}, {name: "p90", color: p90Color}, {name: "p50", color: p50Color}}
	t := newTimeline(rec)
	c = c.over(t)
	c.body = func(dc draw.Canvas) {
		p := newPlot(timeLabel(t.end))
		t.axis(p, true)
		var all []float64
		for _, l := range []line{s.P50, s.P90, s.P99} {
			all = append(all, l.values()...)
		}
		timeAxis(&p.Y, all, 1.05)
		t.add(p, true, drawnLine{s.P50, p50Color, 2 * px, nil}, drawnLine{s.P90, p90Color, 2 * px, nil}, drawnLine{s.P99, p99Color, 2.2 * px, nil})
		drawPanels(draw.Crop(dc, 0, 0, 0, -t.head()), 8*px, panel{p, "end-to-end delay", 1})
	}
	return c
}

// delaySeries is what the chart of end-to-end delay shows, in nanoseconds.
type delaySeries struct {
	P50, P90, P99 line
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
		add(&s.P50, gap, x, float64(q.P50))
		add(&s.P90, gap, x, float64(q.P90))
		add(&s.P99, gap, x, float64(q.P99))
		last = until
	}
	return s
}
