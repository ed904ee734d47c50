// Package paper is what charts are made of: the sheet with its title and legend, axes,
// panels, lines, colours and letters. It knows nothing of records.
package paper

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
)

// Chart is one drawing. Its methods do not change it.
type Chart struct {
	Name     string // the file name without its ending: latency, percentiles, capacity, …
	Title    string
	Subtitle string
	Alt      string // what it shows, for those who cannot see it
	Legend   []Key
	Height   vg.Length
	Body     func(draw.Canvas)
}

// Key is one entry of a legend.
type Key struct {
	Name  string
	Color color.Color
	Dash  []vg.Length
	Fill  bool
	Hatch bool // that of discarded phases
	// mark draws the mark that the entry is about, at a point.
	Mark func(draw.Canvas, vg.Point)
}

// Px is a pixel at 96 dots per inch, in which the charts are laid out.
const Px = vg.Inch / 96

// Width is that of every chart.
const Width = 800 * Px

// PNG draws the chart at twice its size, for screens with dense pixels.
func (c Chart) PNG() ([]byte, error) {
	canvas := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(Width, c.Height), vgimg.UseDPI(192))}
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
	canvas := vgsvg.New(Width, c.Height)
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
	label := `<svg role="img" aria-label="` + escaped(Printable(c.Alt)) + `"`
	data = size.ReplaceAllLiteral(data, []byte(label))
	for _, themed := range []struct {
		color Tint
		name  string
	}{{Ink, "ink"}, {Muted, "muted"}, {Grid, "grid"}, {Band, "band"}, {Ground, "ground"}, {P50Color, "p50"}, {P90Color, "p90"}, {P99Color, "p99"}, {RateColor, "rate"}} {
		data = bytes.ReplaceAll(data, []byte(themed.color.Hex()), []byte("var(--chart-"+themed.name+")"))
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
	dc.SetColor(Ground)
	dc.Fill(dc.Rectangle.Path())
	left, right := dc.Min.X+16*Px, dc.Max.X-16*Px
	y := dc.Max.Y - 14*Px
	Write(dc, Style(15*Px, Ink, Bold), vg.Point{X: left, Y: y}, c.Title)
	y -= 21 * Px
	if c.Subtitle != "" {
		for _, line := range Wrap(c.Subtitle, Style(11.5*Px, Muted), right-left) {
			Write(dc, Style(11.5*Px, Muted), vg.Point{X: left, Y: y}, line)
			y -= 15 * Px
		}
	}
	y -= 5 * Px
	y = DrawLegend(dc, c.Legend, left, right, y)
	body := draw.Crop(dc, 12*Px, -16*Px, 10*Px, y-dc.Max.Y-2*Px)
	c.Body(body)
	return nil
}

// DrawLegend draws keys from left to right and in as many lines as they need; it
// returns where the body may begin.
func DrawLegend(dc draw.Canvas, keys []Key, left, right, y vg.Length) vg.Length {
	if len(keys) == 0 {
		return y
	}
	sty := Style(11.5*Px, Ink)
	x := left
	for _, k := range keys {
		name := Printable(k.Name)
		w := 22*Px + sty.Width(name)
		if x > left && x+w > right {
			x, y = left, y-17*Px
		}
		middle := y - 8.2*Px
		switch {
		case k.Mark != nil:
			k.Mark(dc, vg.Point{X: x + 8*Px, Y: middle})
		case k.Hatch:
			box := draw.Canvas{Canvas: dc.Canvas, Rectangle: vg.Rectangle{Min: vg.Point{X: x, Y: middle - 5*Px}, Max: vg.Point{X: x + 13*Px, Y: middle + 5*Px}}}
			Hatch(box, box.Min.X, box.Max.X, 4*Px, Muted)
		case k.Fill:
			Fill(dc, k.Color, x, middle-5*Px, x+11*Px, middle+5*Px)
		default:
			dc.StrokeLine2(draw.LineStyle{Color: k.Color, Width: 2.4 * Px, Dashes: k.Dash}, x, middle, x+15*Px, middle)
		}
		Write(dc, sty, vg.Point{X: x + 19*Px, Y: y}, name)
		x += w + 16*Px
	}
	return y - 20*Px
}

// Fill paints a rectangle.
func Fill(dc draw.Canvas, c color.Color, x0, y0, x1, y1 vg.Length) {
	dc.FillPolygon(c, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
}

// SayOnly makes a chart that has nothing to draw and says so in one line.
func (c Chart) SayOnly(text string) Chart {
	c.Subtitle, c.Alt = text, strings.ToUpper(text[:1])+text[1:]+"."
	c.Legend, c.Height, c.Body = nil, 64*Px, func(draw.Canvas) {}
	return c
}

// Hatch fills the height of a canvas between two places with slanted lines.
func Hatch(c draw.Canvas, x0, x1, apart vg.Length, ink color.Color) {
	height := c.Max.Y - c.Min.Y
	line := draw.LineStyle{Color: ink, Width: 1 * Px}
	for x := x0 - height; x < x1; x += apart {
		// The line from (x, bottom) to (x+height, top), clipped to x0..x1.
		from, to := max(x, x0), min(x+height, x1)
		if to > from {
			c.StrokeLine2(line, from, c.Min.Y+from-x, to, c.Min.Y+to-x)
		}
	}
}
