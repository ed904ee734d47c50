package charts

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/report/internal/samples"
	"github.com/spanstorm/spanstorm/results"
)

func svg(t *testing.T, c paper.Chart) string {
	t.Helper()
	data, err := c.SVG()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func keyNames(c Chart) []string {
	var names []string
	for _, k := range c.Legend {
		names = append(names, k.Name)
	}
	return names
}

// What was due after the interrupt was not missed: the planned rate stays what
// it was, and nothing counts as never sent.
func TestInterruptedSecond(t *testing.T) {
	rec := samples.Runs()["interrupted"]
	last := rec.Seconds[len(rec.Seconds)-1]
	if last.Planned != 200 || rec.Phases[0].EndS != 6.4 {
		t.Fatalf("the sample's last second has %d planned, its phase ends at %g", last.Planned, rec.Phases[0].EndS)
	}
	for _, s := range newLatencySeries(rec).Planned {
		if math.Abs(s.Y-200) > 1 {
			t.Errorf("from %g to %g s: %g requests/s planned, want 200", s.From, s.To, s.Y)
		}
	}
	for _, c := range newAnswerSeries(rec).Classes {
		if c.Name == unsent {
			t.Errorf("%d requests count as never sent", c.Total)
		}
	}
	// A target that falls behind before the interrupt still shows.
	slow := samples.Runs()["interrupted"]
	slow.Seconds[len(slow.Seconds)-1].Sent = 20
	steps := newLatencySeries(slow).Planned
	if y := steps[len(steps)-1].Y; math.Abs(y-200) > 1 {
		t.Errorf("%g requests/s planned, want 200", y)
	}
	// So does what was planned in a run that came to its end.
	whole := samples.Runs()["interrupted"]
	whole.Interrupted = false
	steps = newLatencySeries(whole).Planned
	if y := steps[len(steps)-1].Y; math.Abs(y-500) > 1 {
		t.Errorf("not interrupted: %g requests/s planned, want 500", y)
	}
}

// Seconds that lie wholly after the interrupt planned what they sent.
func TestPlannedUntil(t *testing.T) {
	for _, tt := range []struct {
		cut, from     float64
		t             int
		planned, sent uint64
		want          uint64
	}{
		{7, 6, 6, 200, 200, 200}, {6.4, 6, 6, 200, 80, 80}, {6.4, 6.2, 6, 160, 40, 40}, {6.4, 6, 6, 200, 100, 100},
		{6.4, 7, 7, 200, 0, 0}, {6.4, 7, 7, 200, 3, 3}, {6.4, 6, 6, 0, 5, 0},
	} {
		if got := plannedUntil(tt.cut, tt.from, results.Second{T: tt.t, Planned: tt.planned, Sent: tt.sent}); got != tt.want {
			t.Errorf("%+v: got %d", tt, got)
		}
	}
}

// A send delay of nothing is drawn at the end of the axis and does not stretch it.
func TestTinySendDelay(t *testing.T) {
	rec := samples.Runs()["healthy"]
	for i := range rec.Totals.Percentiles {
		rec.Totals.Percentiles[i].SendDelayNS = int64(i % 3)
	}
	p := paper.NewPlot("")
	s := newPercentileSeries(rec)
	paper.TimeAxis(&p.Y, slices.Concat(s.Response.Values(), s.Service.Values(), s.Delay.Values()), 1.9)
	if p.Y.Min < 1e3 {
		t.Errorf("the axis begins at %s", results.FormatDuration(p.Y.Min))
	}
	if drawn := svg(t, Percentiles(rec)); strings.Contains(drawn, "ns<") || strings.Contains(drawn, ">100ns") {
		t.Error("nanoseconds on the axis")
	}
	checkSVG(t, "percentiles", []byte(svg(t, Percentiles(rec))))
	// Times that are all that short have an axis of their own.
	paper.TimeAxis(&p.Y, []float64{0, 3, 700}, 1.9)
	if p.Y.Min != 0 || p.Y.Max < 700 || p.Y.Max > 2000 {
		t.Errorf("the axis goes from %g to %g", p.Y.Min, p.Y.Max)
	}
}

func TestClosedLoop(t *testing.T) {
	rec := samples.Runs()["closed"]
	rec.Totals.SendDelay.Count = 5400 // as if written down by mistake
	for _, c := range []paper.Chart{Latency(rec), Percentiles(rec)} {
		for _, name := range keyNames(c) {
			if name == "planned" || strings.HasPrefix(name, "response") || strings.HasPrefix(name, "send delay") {
				t.Errorf("the legend of %s has %q", c.Name, name)
			}
		}
		if text := c.Subtitle + c.Alt; strings.Contains(text, "send delay") || strings.Contains(strings.ToLower(text), "response time") {
			t.Errorf("%s says %q", c.Name, text)
		}
	}
	if s := newLatencySeries(rec); len(s.Planned) > 0 || !s.Service {
		t.Errorf("%d steps planned", len(s.Planned))
	}
	// After an open phase a closed one has no planned line, and the times are its own.
	rec = samples.Runs()["short"]
	rec.Phases[4].Closed = true
	for i := range rec.Seconds {
		if rec.Seconds[i].Phase == rec.Phases[4].Name {
			rec.Seconds[i].ServiceTime.P99 = 7e6
		}
	}
	s := newLatencySeries(rec)
	if to := s.Planned[len(s.Planned)-1].To; to != 16 {
		t.Errorf("the planned line ends at %g s", to)
	}
	if v := s.P99.Values(); v[len(v)-1] != 7e6 {
		t.Errorf("the last p99 is %g", v[len(v)-1])
	}
}

func TestNothingToDrawIsOneLine(t *testing.T) {
	c := Acceptance(samples.Runs()["services"])
	if c.Subtitle != "no traces were sent" || c.Height > 80*paper.Px {
		t.Errorf("says %q on %.0f pixels", c.Subtitle, c.Height/paper.Px)
	}
	if c := Percentiles(samples.Runs()["services"]); c.Subtitle != "percentiles of 20 announcements of the kept phases; response time = send delay + service time, request by request" {
		t.Errorf("says %q", c.Subtitle)
	}
}

// Where nobody saw what came out, the chart ends at delivery.
func TestAcceptanceUnknown(t *testing.T) {
	rec := samples.Runs()["blind"]
	c := Acceptance(rec)
	drawn := svg(t, c)
	if strings.Contains(drawn, paper.Accepted.Hex()) || strings.Contains(drawn, paper.Missing.Hex()) || strings.Contains(c.Subtitle, "upper bound") {
		t.Error("the chart shows what is not known")
	}
	if !strings.Contains(c.Alt, "not known") || !strings.Contains(drawn, ">–<") {
		t.Errorf("the chart does not say that it is not known: %s", c.Alt)
	}
}

// The bars have a legend with each fate that any trace had, and no other.
func TestBarsHaveALegend(t *testing.T) {
	var names []string
	for _, k := range newAcceptanceSeries(&samples.Runs()["saturated"].Ledger).keys() {
		names = append(names, k.Name)
	}
	if want := []string{"accepted", "refused"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

// Names that differ at their ends only stay apart.
func TestLongShapeNames(t *testing.T) {
	sty := paper.Style(12*paper.Px, paper.Ink)
	const room = 180 * paper.Px
	seen := map[string]bool{}
	for i := range 40 {
		got := paper.CutMiddle(fmt.Sprintf("checkout-with-every-optional-step-variant-%d", i), sty, room)
		if sty.Width(got) > room || seen[got] || !strings.HasPrefix(got, "checkout") || !strings.Contains(got, "…") {
			t.Errorf("got %q", got)
		}
		seen[got] = true
	}
	if got := paper.CutMiddle("checkout", sty, room); got != "checkout" {
		t.Errorf("got %q", got)
	}
	for _, room := range []float64{0, 5, 12} {
		if got := paper.CutMiddle("checkout", sty, vg.Length(room)*paper.Px); sty.Width(got) > vg.Length(room)*paper.Px {
			t.Errorf("%q does not fit into %g pixels", got, room)
		}
	}
}

// Each phase that is wide enough is named, however short its name.
func TestPhasesAreNamed(t *testing.T) {
	rec := samples.Runs()["short"]
	for _, c := range []paper.Chart{Latency(rec), Answers(rec)} {
		drawn := svg(t, c)
		for _, p := range rec.Phases {
			if !strings.Contains(drawn, ">"+p.Name+"<") {
				t.Errorf("%s does not name the phase %s", c.Name, p.Name)
			}
		}
	}
}

// Past what can be told apart, phases are neither named nor shaded.
func TestThousandsOfPhases(t *testing.T) {
	rec := samples.Runs()["healthy"]
	second := rec.Seconds[20]
	draw := func(n int) (string, paper.Chart) {
		rec.Phases, rec.Seconds = nil, nil
		for i := range n {
			s := second
			s.T, s.Phase = i, fmt.Sprintf("burst-%d", i)
			rec.Phases = append(rec.Phases, results.Phase{Name: s.Phase, StartS: float64(i), EndS: float64(i + 1), Discarded: i%2 == 0})
			rec.Seconds = append(rec.Seconds, s)
		}
		c := Latency(rec)
		return svg(t, c), c
	}
	if drawn, c := draw(4); !strings.Contains(drawn, ">burst-1<") || !slices.Contains(keyNames(c), "discarded") {
		t.Error("four phases are not shown")
	}
	drawn, c := draw(5000)
	if strings.Contains(drawn, "burst") || slices.Contains(keyNames(c), "discarded") {
		t.Error("5,000 phases are shown")
	}
	if n := strings.Count(drawn, "<path"); n > 2000 {
		t.Errorf("%d paths", n)
	}
}
