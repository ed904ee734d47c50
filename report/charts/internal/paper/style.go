package paper

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

// Tint is a colour without transparency, 0xRRGGBB.
type Tint uint32

// RGBA implements color.Color.
func (t Tint) RGBA() (r, g, b, a uint32) { return t.Alpha(255).RGBA() }

// Alpha is the colour with that much opacity, of 255.
func (t Tint) Alpha(a uint8) color.NRGBA {
	return color.NRGBA{R: uint8(t >> 16), G: uint8(t >> 8), B: uint8(t), A: a}
}

// Hex is the colour as SVG writes it.
func (t Tint) Hex() string { return fmt.Sprintf("#%06X", uint32(t)) }

// The colours of a chart's furniture. A page may replace them, see [Chart.Inline].
const (
	Ink    Tint = 0x1E2935
	Muted  Tint = 0x5C6876
	Grid   Tint = 0xDFE5EB
	Band   Tint = 0xF2F5F8
	Ground Tint = 0xFFFFFF
)

// The colours of outcomes: one meaning, one colour, in every chart. They are told
// apart with any of the usual kinds of colour blindness (after Okabe and Ito).
const (
	Delivered  Tint = 0x4C86B8
	Accepted   Tint = 0x009E73
	SampledOut Tint = 0x9DB2C4
	Dropped    Tint = 0xE69F00
	Missing    Tint = 0xD55E00
	Refused    Tint = 0xCC79A7
	Unanswered Tint = 0x5E4FA2
)

// The colours of times: light to dark for the quantiles of one time.
const (
	P50Color      Tint = 0x86BCE3
	P90Color      Tint = 0x3A87C4
	P99Color      Tint = 0x0B3C73
	ResponseColor      = P99Color
	ServiceColor  Tint = 0x2FA4B5
	DelayColor    Tint = 0xB08A2E
	RateColor     Tint = 0xAFBFCE
)

// The colours of processes.
const (
	TargetColor    = P99Color
	GeneratorColor = Muted
	MachineColor   = RateColor // all programs together
	// StolenColor is that of what the host of a virtual machine took.
	StolenColor Tint = 0x9C3D54
)

// MarkColor is that of what was made to happen during a run. No outcome has it.
const MarkColor Tint = 0xD9B400

func escaped(s string) string { return html.EscapeString(s) }

type styleOption func(*text.Style)

// Bold is a style option: strong letters.
func Bold(s *text.Style) { s.Font.Weight = stdfont.WeightBold }

// Centered hangs a text from its middle.
func Centered(s *text.Style) { s.XAlign, s.YAlign = draw.XCenter, draw.YCenter }

// Ended hangs a text from its upper right corner.
func Ended(s *text.Style) { s.XAlign = draw.XRight }

// Halfway hangs a text from the middle of its height.
func Halfway(s *text.Style) { s.YAlign = draw.YCenter }

// Style is a text style of that size, hung from its top left corner.
func Style(size vg.Length, c color.Color, options ...styleOption) text.Style {
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

// Wrap breaks a text between words so that each line fits.
func Wrap(s string, sty text.Style, room vg.Length) []string {
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

// Cut shortens a text to the room it has.
func Cut(s string, sty text.Style, room vg.Length) string {
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

// CutMiddle shortens a name to the room it has by its middle: those that people
// number differ at their ends.
func CutMiddle(s string, sty text.Style, room vg.Length) string {
	if sty.Width(s) <= room {
		return s
	}
	runes := []rune(s)
	for n := len(runes) - 1; n > 1; n-- {
		if short := string(runes[:n-n/2]) + "…" + string(runes[len(runes)-n/2:]); sty.Width(short) <= room {
			return short
		}
	}
	return Cut(s, sty, room)
}

// Printable is a text of a scenario or a record as it can be shown: what would do
// something else, or make the SVG no XML, is a box.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '□'
	}, strings.ToValidUTF8(s, "□"))
}

// Write writes a text onto a chart.
func Write(c draw.Canvas, sty text.Style, at vg.Point, s string) {
	c.FillText(sty, at, Printable(s))
}
