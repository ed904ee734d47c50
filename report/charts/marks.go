package charts

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// mark is something that was made to happen during a run: for a time, or at one
// moment, where From and To are the same.
type mark struct {
	Kind     string // as the legend calls it
	Name     string
	From, To float64 // seconds since the load began
}

// marksMax is how many marks can be told apart in a chart.
const marksMax = 60

// newMarks reads the marks off a record, in order, as far as they lie on an axis
// that ends at end.
func newMarks(rec *results.Record, end float64) []mark {
	var marks []mark
	for i := range rec.Incidents {
		in := &rec.Incidents[i]
		if in.AtS >= end || !(in.EndS() >= max(in.AtS, 0)) {
			continue
		}
		marks = append(marks, mark{Kind: "incident", Name: in.Name, From: max(0, in.AtS), To: min(end, in.EndS())})
	}
	for i := range rec.Events {
		e := &rec.Events[i]
		if e.AtS < end && e.EndS() >= max(e.AtS, 0) {
			marks = append(marks, mark{Kind: "event", Name: e.Name, From: max(0, e.AtS), To: min(end, e.EndS())})
		}
	}
	slices.SortStableFunc(marks, func(a, b mark) int { return cmp.Compare(a.From, b.From) })
	return marks[:min(len(marks), marksMax)]
}

// markKeys are the entries of a legend for the kinds of marks that are shown.
func markKeys(marks []mark) (keys []paper.Key) {
	for _, m := range marks {
		if !slices.ContainsFunc(keys, func(k paper.Key) bool { return k.Name == m.Kind }) {
			keys = append(keys, paper.Key{Name: m.Kind, Color: paper.MarkColor.Alpha(markBand * 2), Fill: true})
		}
	}
	return keys
}

// markText says the marks in words, for those who cannot see them.
func markText(marks []mark) string {
	var said []string
	for _, m := range marks {
		when := "at " + results.FormatDuration(m.From*1e9)
		if m.To > m.From {
			when = fmt.Sprintf("from %s to %s", results.FormatDuration(m.From*1e9), results.FormatDuration(m.To*1e9))
		}
		said = append(said, m.Kind+" "+m.Name+" "+when)
	}
	if len(said) == 0 {
		return ""
	}
	return " Meanwhile: " + strings.Join(said, ", ") + "."
}

const (
	// markBand is how opaque the band of a mark is, of 255.
	markBand = 44
	// laneHeight is that of a row of names above a plot, lanesMost how many there are.
	laneHeight = 17 * paper.Px
	lanesMost  = 3
)

// lanes are the rows above a plot in which marks are named, so that names that
// are longer than what they name do not run into each other.
type lanes struct {
	count int
	of    []int // by mark
}

// markLanes deals marks into lanes, each into the first that has room. How wide
// the plot will be is known only roughly; what does not fit then is cut.
func markLanes(marks []mark, end float64) lanes {
	l := lanes{of: make([]int, len(marks))}
	const left, right = 75 * paper.Px, paper.Width - 28*paper.Px
	var taken [lanesMost]vg.Length // to where each lane is full
	for i, m := range marks {
		at := func(t float64) vg.Length { return left + (right-left)*vg.Length(t/end) }
		from, to := labelPlace(m.Name, at(m.From), at(m.To), right)
		lane := 0
		for lane < lanesMost-1 && from < taken[lane] {
			lane++
		}
		taken[lane] = max(taken[lane], to)
		l.of[i], l.count = lane, max(l.count, lane+1)
	}
	return l
}

func markStyle() text.Style { return paper.Style(11*paper.Px, paper.Ink, paper.Halfway) }

// labelPlace is from where to where a mark and its name reach: the name begins
// with the mark, unless the plot ends before it would.
func labelPlace(name string, x0, x1, right vg.Length) (from, to vg.Length) {
	w := markStyle().Width(paper.Printable(name)) + 8*paper.Px
	return min(x0, max(0, right-w)), max(x1, min(x0+w, right))
}

// markBands tints the time of marks, and the place above the plot where they are named.
type markBands struct {
	marks   []mark
	lanes   lanes
	topmost bool
}

// Plot implements plot.Plotter.
func (b markBands) Plot(c draw.Canvas, p *plot.Plot) {
	tx, _ := p.Transforms(&c)
	for i, m := range b.marks {
		if x0, x1 := tx(m.From), tx(m.To); x1 > x0 {
			for _, y := range stretches(c, b.lanes.of[i], b.topmost) {
				paper.Fill(c, paper.MarkColor.Alpha(markBand), x0, y[0], x1, y[1])
			}
		}
	}
}

// stretches are the heights at which a mark is drawn: the plot, and its own lane
// above it. In lanes between the two other marks may be named.
func stretches(c draw.Canvas, lane int, topmost bool) [][2]vg.Length {
	low := c.Max.Y + laneHeight*vg.Length(lane)
	switch {
	case !topmost:
		return [][2]vg.Length{{c.Min.Y, c.Max.Y}}
	case lane == 0:
		return [][2]vg.Length{{c.Min.Y, low + laneHeight}}
	}
	return [][2]vg.Length{{c.Min.Y, c.Max.Y}, {low, low + laneHeight}}
}

// markEdges draws where marks begin and end, over the data, and names them.
type markEdges struct {
	marks   []mark
	lanes   lanes
	topmost bool
}

// Plot implements plot.Plotter.
func (e markEdges) Plot(c draw.Canvas, p *plot.Plot) {
	tx, _ := p.Transforms(&c)
	line := draw.LineStyle{Color: paper.MarkColor.Alpha(210), Width: 1 * paper.Px}
	for i, m := range e.marks {
		x0, x1 := tx(m.From), tx(m.To)
		for _, y := range stretches(c, e.lanes.of[i], e.topmost) {
			c.StrokeLine2(line, x0, y[0], x0, y[1])
			if x1 > x0 {
				c.StrokeLine2(line, x1, y[0], x1, y[1])
			}
		}
		if e.topmost {
			e.name(c, tx, i)
		}
	}
}

// name writes the name of mark i above the plot, up to the next one in its lane.
func (e markEdges) name(c draw.Canvas, tx func(float64) vg.Length, i int) {
	m, sty := e.marks[i], markStyle()
	room := c.Max.X
	for k := i + 1; k < len(e.marks); k++ {
		if e.lanes.of[k] == e.lanes.of[i] {
			next, _ := labelPlace(e.marks[k].Name, tx(e.marks[k].From), tx(e.marks[k].To), c.Max.X)
			room = max(next, tx(m.From))
			break
		}
	}
	from, _ := labelPlace(m.Name, tx(m.From), tx(m.To), room)
	from = max(from, c.Min.X)
	if fits := paper.Cut(paper.Printable(m.Name), sty, room-from-8*paper.Px); fits == m.Name || len([]rune(fits)) > 2 {
		paper.Write(c, sty, vg.Point{X: from + 4*paper.Px, Y: c.Max.Y + laneHeight*(vg.Length(e.lanes.of[i])+0.5)}, fits)
	}
}
