// Package charts draws a record: latency over time, percentiles, answers, the delay
// up to the intake, CPU and memory, and what became of the traces.
//
// Each chart is made in two steps: the series are read off the record (files
// ending in _series.go; tested against golden data), then they are drawn with
// gonum plot. Nothing here knows of files or pages.
package charts

import (
	"bytes"
	"fmt"
	"image/color"
	"regexp"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/spanstorm/spanstorm/results"
)

// Chart is one drawing. Its methods do not change it.
type Chart struct {
	Name     string // latency, percentiles, answers, delay, resources or acceptance: the file name without its ending
	Title    string
	Subtitle string
	Alt      string // what it shows, for those who cannot see it
	legend   []key
	height   vg.Length
	body     func(draw.Canvas)
}

// key is one entry of a legend.
type key struct {
	name  string
	color color.Color
	dash  []vg.Length
	fill  bool
	hatch bool // that of discarded phases
}

// px is a pixel at 96 dots per inch, in which the charts are laid out.
const px = vg.Inch / 96

// width is that of every chart.
const width = 800 * px

// All makes the charts of a record, always the same six, in the order of a report.
func All(rec *results.Record) []Chart {
	return []Chart{Latency(rec), Percentiles(rec), Answers(rec), Delay(rec), Resources(rec), Acceptance(rec)}
}

// over makes room in a chart for a timeline, and says what is on it.
func (c Chart) over(t timeline) Chart {
	c.legend = append(c.legend, t.keys()...)
	c.height += t.head() - timeline{}.head()
	c.Alt += markText(t.marks)
	return c
}

// PNG draws the chart at twice its size, for screens with dense pixels.
func (c Chart) PNG() ([]byte, error) {
	canvas := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, c.height), vgimg.UseDPI(192))}
	if err := c.draw(canvas); err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	if _, err := canvas.WriteTo(&buf); err != nil {
		return nil, fmt.Errorf("encode the chart %s as PNG: %w", c.Name, err)
	}
	return buf.Bytes(), nil
}

// SVG draws the chart. Text stays text, in Liberation Sans or the viewer's own sans serif.
func (c Chart) SVG() ([]byte, error) {
	canvas := vgsvg.New(width, c.height)
	if err := c.draw(canvas); err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	if _, err := canvas.WriteTo(&buf); err != nil {
		return nil, fmt.Errorf("encode the chart %s as SVG: %w", c.Name, err)
	}
	// The font is not in the file; name others of the same measures for systems without it.
	data := bytes.ReplaceAll(buf.Bytes(), []byte("font-family:Liberation Sans"), []byte("font-family:'Liberation Sans',Arimo,Arial,Helvetica,sans-serif"))
	return bytes.ReplaceAll(data, []byte("font-variant:normal;"), nil), nil
}

// Inline draws the chart as SVG for use inside a page: without XML prologue, and
// with the colours of text, grid and ground as CSS variables (--chart-ink,
// --chart-muted, --chart-grid, --chart-band, --chart-ground) and those of the
// quantiles and the rate (--chart-p50, --chart-p90, --chart-p99, --chart-rate),
// so that a page can be dark.
func (c Chart) Inline() ([]byte, error) {
	data, err := c.SVG()
	if err != nil {
		return nil, err
	}
	if i := bytes.Index(data, []byte("<svg")); i >= 0 {
		data = data[i:]
	}
	size := regexp.MustCompile(`<svg width="[^"]*" height="[^"]*"`)
	label := `<svg role="img" aria-label="` + escaped(printable(c.Alt)) + `"`
	data = size.ReplaceAllLiteral(data, []byte(label))
	for _, themed := range []struct {
		color tint
		name  string
	}{{ink, "ink"}, {muted, "muted"}, {grid, "grid"}, {band, "band"}, {ground, "ground"}, {p50Color, "p50"}, {p90Color, "p90"}, {p99Color, "p99"}, {rateColor, "rate"}} {
		data = bytes.ReplaceAll(data, []byte(themed.color.hex()), []byte("var(--chart-"+themed.name+")"))
	}
	return data, nil
}

// draw lays out title, legend and body. Drawing libraries panic where data is
// beyond them; a report must not.
func (c Chart) draw(canvas vg.CanvasSizer) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("draw the chart %s: %v", c.Name, r)
		}
	}()
	dc := draw.New(canvas)
	dc.SetColor(ground)
	dc.Fill(dc.Rectangle.Path())
	left, right := dc.Min.X+16*px, dc.Max.X-16*px
	y := dc.Max.Y - 14*px
	write(dc, style(15*px, ink, bold), vg.Point{X: left, Y: y}, c.Title)
	y -= 21 * px
	if c.Subtitle != "" {
		for _, line := range wrap(c.Subtitle, style(11.5*px, muted), right-left) {
			write(dc, style(11.5*px, muted), vg.Point{X: left, Y: y}, line)
			y -= 15 * px
		}
	}
	y -= 5 * px
	y = drawLegend(dc, c.legend, left, right, y)
	body := draw.Crop(dc, 12*px, -16*px, 10*px, y-dc.Max.Y-2*px)
	c.body(body)
	return nil
}

// drawLegend draws keys from left to right and in as many lines as they need; it
// returns where the body may begin.
func drawLegend(dc draw.Canvas, keys []key, left, right, y vg.Length) vg.Length {
	if len(keys) == 0 {
		return y
	}
	sty := style(11.5*px, ink)
	x := left
	for _, k := range keys {
		w := 22*px + sty.Width(k.name)
		if x > left && x+w > right {
			x, y = left, y-17*px
		}
		middle := y - 8.2*px
		switch {
		case k.hatch:
			box := draw.Canvas{Canvas: dc.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: x, Y: middle - 5*px}, Max: vg.Point{X: x + 13*px, Y: middle + 5*px}}}
			hatch(box, box.Min.X, box.Max.X, 4*px, muted)
		case k.fill:
			fill(dc, k.color, x, middle-5*px, x+11*px, middle+5*px)
		default:
			dc.StrokeLine2(draw.LineStyle{Color: k.color, Width: 2.4 * px, Dashes: k.dash}, x, middle, x+15*px, middle)
		}
		write(dc, sty, vg.Point{X: x + 19*px, Y: y}, k.name)
		x += w + 16*px
	}
	return y - 20*px
}

// fill paints a rectangle.
func fill(dc draw.Canvas, c color.Color, x0, y0, x1, y1 vg.Length) {
	dc.FillPolygon(c, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
}

// sayOnly makes a chart that has nothing to draw and says so in one line.
func (c Chart) sayOnly(text string) Chart {
	c.Subtitle, c.Alt = text, strings.ToUpper(text[:1])+text[1:]+"."
	c.legend, c.height, c.body = nil, 64*px, func(draw.Canvas) {}
	return c
}
