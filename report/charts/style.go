package charts

import (
	"fmt"
	"html"
	"image/color"
	"strings"
	"unicode"

	stdfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// tint is a colour without transparency, 0xRRGGBB.
type tint uint32

// RGBA implements color.Color.
func (t tint) RGBA() (r, g, b, a uint32) { return t.alpha(255).RGBA() }

// alpha is the colour with that much opacity, of 255.
func (t tint) alpha(a uint8) color.NRGBA {
	return color.NRGBA{R: uint8(t >> 16), G: uint8(t >> 8), B: uint8(t), A: a}
}

// hex is the colour as SVG writes it.
func (t tint) hex() string { return fmt.Sprintf("#%06X", uint32(t)) }

// The colours of a chart's furniture. A page may replace them, see [Chart.Inline].
const (
	ink    tint = 0x1E2935
	muted  tint = 0x5C6876
	grid   tint = 0xDFE5EB
	band   tint = 0xF2F5F8
	ground tint = 0xFFFFFF
)

// The colours of outcomes: one meaning, one colour, in every chart. They are told
// apart with any of the usual kinds of colour blindness (after Okabe and Ito).
const (
	delivered  tint = 0x4C86B8
	accepted   tint = 0x009E73
	sampledOut tint = 0x9DB2C4
	dropped    tint = 0xE69F00
	missing    tint = 0xD55E00
	refused    tint = 0xCC79A7
	unanswered tint = 0x5E4FA2
)

// The colours of times: light to dark for the quantiles of one time.
const (
	p50Color      tint = 0x86BCE3
	p90Color      tint = 0x3A87C4
	p99Color      tint = 0x0B3C73
	responseColor      = p99Color
	serviceColor  tint = 0x2FA4B5
	delayColor    tint = 0xB08A2E
	rateColor     tint = 0xAFBFCE
)

// The colours of processes.
const (
	targetColor    = p99Color
	generatorColor = muted
)

// markColor is that of what was made to happen during a run. No outcome has it.
const markColor tint = 0xD9B400

func escaped(s string) string { return html.EscapeString(s) }

type styleOption func(*text.Style)

func bold(s *text.Style)     { s.Font.Weight = stdfont.WeightBold }
func centered(s *text.Style) { s.XAlign, s.YAlign = draw.XCenter, draw.YCenter }
func ended(s *text.Style)    { s.XAlign = draw.XRight }
func halfway(s *text.Style)  { s.YAlign = draw.YCenter }

// style is a text style of that size, hung from its top left corner.
func style(size vg.Length, c color.Color, options ...styleOption) text.Style {
	s := text.Style{
		Color:   c,
		Font:    font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
		XAlign:  draw.XLeft,
		YAlign:  draw.YTop,
		Handler: plot.DefaultTextHandler,
	}
	for _, o := range options {
		o(&s)
	}
	return s
}

// wrap breaks a text between words so that each line fits.
func wrap(s string, sty text.Style, room vg.Length) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(s) {
		longer := strings.TrimSpace(line + " " + word)
		if line != "" && sty.Width(longer) > room {
			lines, longer = append(lines, line), word
		}
		line = longer
	}
	return append(lines, line)
}

// cut shortens a text to the room it has.
func cut(s string, sty text.Style, room vg.Length) string {
	if sty.Width(s) <= room {
		return s
	}
	runes := []rune(s)
	for len(runes) > 0 && sty.Width(string(runes)+"…") > room {
		runes = runes[:len(runes)-1]
	}
	if len(runes) == 0 {
		return ""
	}
	return string(runes) + "…"
}

// cutMiddle shortens a name to the room it has by its middle: those that people
// number differ at their ends.
func cutMiddle(s string, sty text.Style, room vg.Length) string {
	if sty.Width(s) <= room {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 1; n-- {
		if short := string(runes[:n-n/2]) + "…" + string(runes[len(runes)-n/2:]); sty.Width(short) <= room {
			return short
		}
	}
	return cut(s, sty, room)
}

// printable is a text of a scenario or a record as it can be shown: what would do
// something else, or make the SVG no XML, is a box.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '□'
	}, strings.ToValidUTF8(s, "□"))
}

// write writes a text onto a chart.
func write(c draw.Canvas, sty text.Style, at vg.Point, s string) {
	c.FillText(sty, at, printable(s))
}
