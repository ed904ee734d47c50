package procedures

import (
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// A stack of marks is as high as its probes, but not higher than this.
const (
	markApart = 12 * paper.Px
	stackMost = 150 * paper.Px
)

// stacksHeight is the room that the stacks need, their names and that of the panel included.
func (s *capacitySeries) stacksHeight() vg.Length {
	most := 0
	for _, stack := range s.Stacks {
		most = max(most, len(stack.Outcomes))
	}
	if most == 0 {
		return 0
	}
	return 78*paper.Px + min(markApart*vg.Length(most), stackMost)
}

// drawStacks draws the probes of each rate on top of each other, the first at the bottom,
// and what was decided about it: how sure one may be of the answer.
func drawStacks(dc draw.Canvas, stacks []probeStack) {
	if len(stacks) == 0 {
		return
	}
	paper.Write(dc, paper.Style(12*paper.Px, paper.Ink, paper.Bold), vg.Point{X: dc.Min.X + 4*paper.Px, Y: dc.Max.Y - 8*paper.Px}, "Probe by probe, and what was decided about each rate")
	floor := dc.Min.Y + 40*paper.Px
	room := dc.Max.Y - 30*paper.Px - floor
	left, right := dc.Min.X+4*paper.Px, dc.Max.X
	step := min((right-left)/vg.Length(len(stacks)), 110*paper.Px)
	dc.StrokeLine2(draw.LineStyle{Color: paper.Muted, Width: 0.8 * paper.Px}, left, floor, right, floor)
	for i, s := range stacks {
		x := left + step*(vg.Length(i)+0.5)
		apart := min(markApart, room/vg.Length(len(s.Outcomes)))
		for k, outcome := range s.Outcomes {
			drawOutcome(dc, outcome, paper.Ink, min(3.8*paper.Px, max(apart*0.4, 1*paper.Px)), vg.Point{X: x, Y: floor + apart*(vg.Length(k)+0.6)})
		}
		paper.Write(dc, paper.Style(11*paper.Px, paper.Muted, paper.Centered), vg.Point{X: x, Y: floor - 10*paper.Px}, results.FormatRate(s.RatePerS))
		verdict := paper.Style(11*paper.Px, wordColor(rateVerdictColor(s.Verdict)), paper.Bold, paper.Centered)
		paper.Write(dc, verdict, vg.Point{X: x, Y: floor - 25*paper.Px}, paper.Cut(s.Verdict, verdict, step-4*paper.Px))
	}
}

func rateVerdictColor(verdict string) paper.Tint {
	switch verdict {
	case results.RateHolds:
		return paper.Accepted
	case results.RateBreaks:
		return paper.Missing
	case results.RateEdge, results.RateGenerator:
		return paper.Dropped
	}
	return paper.Muted
}
