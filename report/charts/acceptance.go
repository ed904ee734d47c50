package charts

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// Acceptance draws what became of the traces: as a flow of all, and by shape.
func Acceptance(rec *results.Record) paper.Chart {
	s := newAcceptanceSeries(&rec.Ledger)
	c := paper.Chart{Name: "acceptance", Title: "What became of every trace"}
	if s.Total.Sent == 0 {
		return c.SayOnly("no traces were sent")
	}
	c.Subtitle = "a trace is accepted when it came out of the target and reached the intake; answers alone prove nothing"
	l := &rec.Ledger
	switch {
	case s.Unknown:
		c.Subtitle = "whether delivered traces were accepted is not known: there was no intake to see them come out"
	case l.Source != "intake":
		c.Subtitle = "acceptance as the target claims it; there was no intake to see it"
	}
	if !l.Drained && !s.Unknown {
		c.Subtitle += "; not drained: missing is an upper bound"
	}
	c.Alt = fmt.Sprintf("Of %s traces sent, %s were delivered; %s were accepted, %s dropped, %s are missing.", results.FormatCount(l.Sent.Traces), results.FormatCount(l.Delivered.Traces),
		results.FormatCount(l.Accepted.Traces), results.FormatCount(l.Dropped.Traces), results.FormatCount(l.Missing.Traces))
	if s.Unknown {
		c.Alt = fmt.Sprintf("Of %s traces sent, %s were delivered; whether they were accepted is not known.", results.FormatCount(l.Sent.Traces), results.FormatCount(l.Delivered.Traces))
	}
	row := 24 * paper.Px
	if len(s.Rows) > 12 {
		row = 18 * paper.Px
	}
	const flowHeight = 210 * paper.Px
	table := vg.Length(0)
	if len(s.Rows) > 0 {
		table = 62*paper.Px + row*vg.Length(len(s.Rows))
	}
	head := 66 * paper.Px
	if paper.Style(11.5*paper.Px, paper.Muted).Width(c.Subtitle) > paper.Width-32*paper.Px {
		head += 15 * paper.Px
	}
	c.Height = head + flowHeight + table + 12*paper.Px
	c.Body = func(dc draw.Canvas) {
		left, right := dc.Min.X+4*paper.Px, dc.Max.X
		drawFlow(dc, s.Total, s.Unknown, vg.Rectangle{Min: vg.Point{X: left, Y: dc.Max.Y - flowHeight}, Max: vg.Point{X: right, Y: dc.Max.Y}})
		if len(s.Rows) > 0 {
			top := paper.DrawLegend(dc, s.keys(), left, right, dc.Max.Y-flowHeight-14*paper.Px)
			drawShapes(dc, s, left, right, top-2*paper.Px, row)
		}
	}
	return c
}

// keys are the legend of the bars: the fates that any trace had.
func (s acceptanceSeries) keys() []paper.Key {
	var keys []paper.Key
	for _, o := range append(slices.Clone(s.Total.Delivery), s.Total.Undelivered...) {
		if o.Traces > 0 {
			keys = append(keys, paper.Key{Name: o.Name, Color: o.Color, Fill: true})
		}
	}
	return keys
}

// node is a bar of the flow.
type node struct {
	label  string
	note   string
	of     string // what the percentage in note is of; said where there is room
	traces uint64
	color  paper.Tint
	top    vg.Length // of the bar
	height vg.Length
}

// drawFlow draws sent → delivered, refused, unanswered → accepted, sampled out, dropped, missing.
// Of an unknown flow the last column says only that it is not known.
func drawFlow(dc draw.Canvas, row acceptanceRow, unknown bool, area vg.Rectangle) {
	whole := float64(row.Sent)
	percent := func(n, of uint64) string { return results.FormatPercent(float64(n), float64(of)) }
	sent := []node{{label: "sent", note: results.FormatCount(row.Sent), traces: row.Sent, color: paper.Muted}}
	middle := []node{{label: "delivered", note: results.FormatCount(row.Delivered) + " · " + percent(row.Delivered, row.Sent), of: " of sent", traces: row.Delivered, color: paper.Delivered}}
	for _, o := range row.Undelivered {
		if o.Traces > 0 {
			middle = append(middle, node{label: o.Name, note: results.FormatCount(o.Traces) + " · " + percent(o.Traces, row.Sent), of: " of sent", traces: o.Traces, color: o.Color})
		}
	}
	var ends []node
	delivery := row.Delivery
	if unknown {
		ends, delivery = []node{{label: "accepted", note: "–"}, {label: "missing", note: "–"}}, nil
	}
	for _, o := range delivery {
		if o.Traces == 0 && !o.Always {
			continue
		}
		note := results.FormatCount(o.Traces)
		if row.Delivered > 0 && o.Traces > 0 {
			note += " · " + percent(o.Traces, row.Delivered)
		}
		ends = append(ends, node{label: o.Name, note: note, of: " of delivered", traces: o.Traces, color: o.Color})
	}
	// One scale for all three columns, so that a ribbon keeps its width.
	scale := 1.0
	columns := [][]node{sent, middle, ends}
	for _, nodes := range columns {
		scale = min(scale, fitScale(nodes, whole, area.Max.Y-area.Min.Y))
	}
	for _, nodes := range columns {
		place(nodes, whole, scale, area)
	}
	x := []vg.Length{area.Min.X + 70*paper.Px, area.Min.X + 300*paper.Px, area.Max.X - 210*paper.Px}
	const bar = 13 * paper.Px
	ribbons(dc, sent[0], middle, x[0]+bar, x[1])
	if row.Delivered > 0 {
		ribbons(dc, middle[0], ends, x[1]+bar, x[2])
	}
	for i, nodes := range columns {
		for _, n := range nodes {
			if n.traces > 0 {
				paper.Fill(dc, n.color, x[i], n.top-n.height, x[i]+bar, n.top)
			}
			at := vg.Point{X: x[i] + bar + 7*paper.Px, Y: n.top - n.height/2}
			name, note := paper.Style(12*paper.Px, paper.Ink, paper.Bold, paper.Halfway), paper.Style(12*paper.Px, paper.Muted, paper.Halfway)
			if n.traces == 0 {
				name = paper.Style(12*paper.Px, paper.Muted, paper.Halfway)
			}
			if i == 0 {
				// To the left of its bar, in two lines.
				at.X = x[0] - 7*paper.Px
				paper.Write(dc, paper.Style(12*paper.Px, paper.Ink, paper.Bold, paper.Ended, paper.Halfway), vg.Point{X: at.X, Y: at.Y + 8*paper.Px}, n.label)
				paper.Write(dc, paper.Style(12*paper.Px, paper.Muted, paper.Ended, paper.Halfway), vg.Point{X: at.X, Y: at.Y - 8*paper.Px}, n.note)
				continue
			}
			lines := n.height >= 34*paper.Px
			if lines {
				paper.Write(dc, name, vg.Point{X: at.X, Y: at.Y + 8*paper.Px}, n.label)
				paper.Write(dc, note, vg.Point{X: at.X, Y: at.Y - 8*paper.Px}, n.note+n.of)
				continue
			}
			paper.Write(dc, name, at, n.label)
			paper.Write(dc, note, vg.Point{X: at.X + name.Width(n.label) + 6*paper.Px, Y: at.Y}, n.note)
		}
	}
}

// Between nodes, and the least that a label needs.
const (
	nodeGap  = 8 * paper.Px
	nodeSlot = 18 * paper.Px
	nodeMin  = 2.5 * paper.Px
)

func nodeHeight(n node, whole, scale float64, room vg.Length) vg.Length {
	if n.traces == 0 {
		return 0
	}
	return max(room*vg.Length(float64(n.traces)/whole*scale), nodeMin)
}

// fitScale is the largest share of the room that nodes can have with their labels apart.
func fitScale(nodes []node, whole float64, room vg.Length) float64 {
	for scale := 1.0; scale > 0.05; scale -= 0.01 {
		used := nodeGap * vg.Length(len(nodes)-1)
		for _, n := range nodes {
			used += max(nodeHeight(n, whole, scale, room), nodeSlot)
		}
		if used <= room {
			return scale
		}
	}
	return 0.05
}

// place sets nodes below one another, in the middle of the area.
func place(nodes []node, whole, scale float64, area vg.Rectangle) {
	room := area.Max.Y - area.Min.Y
	used := nodeGap * vg.Length(len(nodes)-1)
	for i := range nodes {
		nodes[i].height = nodeHeight(nodes[i], whole, scale, room)
		used += max(nodes[i].height, nodeSlot)
	}
	y := area.Max.Y - max(0, (room-used)/2)
	for i := range nodes {
		slot := max(nodes[i].height, nodeSlot)
		nodes[i].top = y - (slot-nodes[i].height)/2
		y -= slot + nodeGap
	}
}

// ribbons draws what flows from one node to several, in the pale colour of where it goes.
func ribbons(dc draw.Canvas, from node, to []node, x0, x1 vg.Length) {
	y := from.top
	for _, n := range to {
		if n.traces == 0 {
			continue
		}
		h := from.height * vg.Length(float64(n.traces)/float64(from.traces))
		bend := (x1 - x0) * 0.5
		var p vg.Path
		p.Move(vg.Point{X: x0, Y: y})
		p.CubeTo(vg.Point{X: x0 + bend, Y: y}, vg.Point{X: x1 - bend, Y: n.top}, vg.Point{X: x1, Y: n.top})
		p.Line(vg.Point{X: x1, Y: n.top - n.height})
		p.CubeTo(vg.Point{X: x1 - bend, Y: n.top - n.height}, vg.Point{X: x0 + bend, Y: y - h}, vg.Point{X: x0, Y: y - h})
		p.Close()
		dc.SetColor(n.color.Alpha(110))
		dc.Fill(p)
		y -= h
	}
}

// drawShapes draws a bar for each shape, all of one width: its traces in percent.
func drawShapes(dc draw.Canvas, s acceptanceSeries, left, right, top, height vg.Length) {
	x0, x1 := left+190*paper.Px, right-215*paper.Px
	sentAt, lostAt := right-140*paper.Px, right-4*paper.Px
	head := paper.Style(11*paper.Px, paper.Muted, paper.Bold)
	paper.Write(dc, head, vg.Point{X: left, Y: top}, "shape")
	paper.Write(dc, head, vg.Point{X: x0, Y: top}, "in percent of what was sent")
	paper.Write(dc, paper.Style(11*paper.Px, paper.Muted, paper.Bold, paper.Ended), vg.Point{X: sentAt, Y: top}, "sent")
	paper.Write(dc, paper.Style(11*paper.Px, paper.Muted, paper.Bold, paper.Ended), vg.Point{X: lostAt, Y: top}, "missing, of delivered")
	y := top - 20*paper.Px
	for _, r := range s.Rows {
		middle := y - height/2
		name := paper.Style(12*paper.Px, paper.Ink, paper.Halfway)
		paper.Write(dc, name, vg.Point{X: left, Y: middle}, paper.CutMiddle(r.Name, name, x0-left-10*paper.Px))
		drawShare(dc, r, x0, x1, middle+height*0.34, middle-height*0.34)
		paper.Write(dc, paper.Style(12*paper.Px, paper.Ink, paper.Ended, paper.Halfway), vg.Point{X: sentAt, Y: middle}, results.FormatCount(r.Sent))
		lost := r.Delivery[len(r.Delivery)-1].Traces
		sty, text := paper.Style(12*paper.Px, paper.Muted, paper.Ended, paper.Halfway), "0"
		switch {
		case s.Unknown:
			text = "–"
		case lost > 0:
			sty, text = paper.Style(12*paper.Px, paper.Missing, paper.Bold, paper.Ended, paper.Halfway), results.FormatCount(lost)+" · "+results.FormatPercent(float64(lost), float64(r.Delivered))
		}
		paper.Write(dc, sty, vg.Point{X: lostAt, Y: middle}, text)
		y -= height
	}
}

// drawShare draws one stacked bar. An outcome that happened at all can be seen,
// at the cost of the largest.
func drawShare(dc draw.Canvas, r acceptanceRow, x0, x1, y1, y0 vg.Length) {
	paper.Fill(dc, paper.Band, x0, y0, x1, y1)
	if r.Sent == 0 {
		return
	}
	all := append(append([]outcome{}, r.Delivery...), r.Undelivered...)
	widths := make([]vg.Length, len(all))
	largest, over := 0, vg.Length(0)
	for i, o := range all {
		if o.Traces == 0 {
			continue
		}
		exact := (x1 - x0) * vg.Length(float64(o.Traces)/float64(r.Sent))
		widths[i] = max(exact, 3*paper.Px)
		over += widths[i] - exact
		if o.Traces > all[largest].Traces {
			largest = i
		}
	}
	widths[largest] -= over
	x := x0
	for i, o := range all {
		if widths[i] <= 0 {
			continue
		}
		paper.Fill(dc, o.Color, x, y0, min(x+widths[i], x1), y1)
		x += widths[i]
	}
}
