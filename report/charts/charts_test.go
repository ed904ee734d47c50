package charts

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"image/png"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/report/internal/samples"
	"github.com/spanstorm/spanstorm/results"
)

var update = flag.Bool("update", false, "write the golden files")

// The series that the charts draw, not their pixels, are held to golden files.
func TestSeriesGolden(t *testing.T) {
	runs := samples.Runs()
	for _, name := range []string{"drops", "stall", "second", "saturated", "died", "services", "closed", "incidents"} {
		rec := runs[name]
		over := newTimeline(rec)
		got, err := json.MarshalIndent(map[string]any{
			"latency": newLatencySeries(rec), "percentiles": newPercentileSeries(rec), "answers": newAnswerSeries(rec),
			"acceptance": newAcceptanceSeries(&rec.Ledger), "resources": newResourceSeries(rec), "delay": newDelaySeries(rec), "phases": over.spans, "marks": over.marks, "end_s": over.end,
		}, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		samples.Golden(t, filepath.Join("testdata", name+".json"), got, *update)
	}
}

// Every chart of every run is a picture of its size, and XML without anything that runs or loads.
func TestRender(t *testing.T) {
	procedures := map[string][]string{"comparison-three": {"comparison-b", "comparison-c", "curves"}, "comparison-hostile": {"comparison-b", "comparison-c", "curves"}}
	for name, rec := range samples.All() {
		want := []string{"latency", "percentiles", "answers", "delay", "resources", "acceptance"}
		switch {
		case procedures[name] != nil:
			want = procedures[name]
		case rec.Capacity != nil:
			want = []string{"capacity"}
		case rec.Comparison != nil:
			want = []string{"comparison", "curves"}
		}
		t.Run(name, func(t *testing.T) {
			var names []string
			for _, c := range All(rec) {
				names = append(names, c.Name)
				data, err := c.PNG()
				if err != nil {
					t.Fatal(err)
				}
				config, err := png.DecodeConfig(bytes.NewReader(data))
				if err != nil || config.Width != 1600 || config.Height < 120 {
					t.Errorf("%s: %d × %d pixels, %v", c.Name, config.Width, config.Height, err)
				}
				for _, render := range []func() ([]byte, error){c.SVG, c.Inline} {
					data, err := render()
					if err != nil {
						t.Fatal(err)
					}
					checkSVG(t, c.Name, data)
				}
				if c.Title == "" || c.Alt == "" {
					t.Errorf("%s says neither title nor alternative text", c.Name)
				}
			}
			if diff := cmp.Diff(want, names); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func checkSVG(t *testing.T, name string, data []byte) {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(data))
	elements := 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%s is no XML: %v", name, err)
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		elements++
		if !slices.Contains([]string{"svg", "g", "path", "text", "title", "desc"}, start.Name.Local) {
			t.Errorf("%s has an element %s", name, start.Name.Local)
		}
		for _, a := range start.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
				t.Errorf("%s has an attribute %s", name, a.Name.Local)
			}
		}
	}
	if elements < 4 {
		t.Errorf("%s has only %d elements", name, elements)
	}
	if bytes.Contains(data, []byte("NaN")) || bytes.Contains(data, []byte("Inf")) {
		t.Errorf("%s has coordinates that are no numbers", name)
	}
}

// A page can replace the colours of text, grid and ground.
func TestInlineIsThemed(t *testing.T) {
	all := samples.All()
	for _, c := range slices.Concat(All(all["drops"]), All(all["capacity"]), All(all["comparison"])) {
		data, err := c.Inline()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(data, []byte(`<svg role="img" aria-label="`)) {
			t.Errorf("%s begins with %.60s", c.Name, data)
		}
		if i := bytes.Index(data, []byte(paper.Ink.Hex())); i >= 0 {
			t.Errorf("%s has a fixed colour of text", c.Name)
		}
		if !bytes.Contains(data, []byte("var(--chart-ink)")) {
			t.Errorf("%s has no themed text", c.Name)
		}
	}
}

// Long runs make few points; of quantiles the worst is kept and nothing is averaged away.
func TestLongRun(t *testing.T) {
	rec := &results.Record{Phases: []results.Phase{{Name: "soak", EndS: 7000}}}
	for i := range 7000 {
		rec.Seconds = append(rec.Seconds, results.Second{T: i, Planned: 10, Sent: 10, Delivered: 10, ByCode: map[string]uint64{"200": 10}, ResponseTime: results.Quantiles{Count: 10, P50: 1e6, P90: 2e6, P99: 3e6}})
	}
	rec.Seconds[4321].ResponseTime.P99 = 9e9
	s := newLatencySeries(rec)
	if n := len(s.P99.Values()); n > pointsMax || slices.Max(s.P99.Values()) != 9e9 || highest(s.Sent) != 10 {
		t.Errorf("%d points, worst %g, rate %g", n, slices.Max(s.P99.Values()), highest(s.Sent))
	}
	a := newAnswerSeries(rec)
	if len(a.From) > pointsMax || a.Classes[0].Total != 70000 {
		t.Errorf("%d points of answers, %d in all", len(a.From), a.Classes[0].Total)
	}
	if ticks := timeTicks(0, 7000); len(ticks) < 4 || ticks[1].Label != "10:00" {
		t.Errorf("ticks %v", ticks)
	}
}

// A second without answers breaks a line; it is not drawn as if it had been measured.
func TestGapsBreakLines(t *testing.T) {
	q := results.Quantiles{Count: 1, P50: 1, P90: 2, P99: 3}
	rec := &results.Record{Seconds: []results.Second{{T: 0, Sent: 1, ResponseTime: q}, {T: 1, Sent: 1}, {T: 2, Sent: 1, ResponseTime: q}, {T: 3, Sent: 1, ResponseTime: q}, {T: 9, Sent: 1, ResponseTime: q}}}
	want := paper.Line{{{X: 0.5, Y: 3}}, {{X: 2.5, Y: 3}, {X: 3.5, Y: 3}}, {{X: 9.5, Y: 3}}}
	if diff := cmp.Diff(want, newLatencySeries(rec).P99); diff != "" {
		t.Error(diff)
	}
}

// No answer is lost between record and chart, however many classes there are.
func TestAnswersAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rec := &results.Record{}
		var sum uint64
		for i := range rapid.IntRange(1, 5).Draw(t, "seconds") {
			s := results.Second{T: i, ByCode: map[string]uint64{}}
			for _, code := range rapid.SliceOfDistinct(rapid.IntRange(100, 599), rapid.ID).Draw(t, "codes") {
				n := rapid.Uint64Range(0, 1e6).Draw(t, "n")
				s.ByCode[string(rune('0'+code/100))+string(rune('0'+code/10%10))+string(rune('0'+code%10))] = n
				sum += n
			}
			s.Errors.Timeout = rapid.Uint64Range(0, 10).Draw(t, "timeouts")
			sum += s.Errors.Timeout
			rec.Seconds = append(rec.Seconds, s)
		}
		series := newAnswerSeries(rec)
		var got uint64
		for _, c := range series.Classes {
			got += c.Total
		}
		if got != sum || len(series.Classes) > classesMax {
			t.Fatalf("%d answers in %d classes, want %d", got, len(series.Classes), sum)
		}
	})
}

// However many shapes there are, the rows hold all traces.
func TestAcceptanceRowsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l results.Ledger
		for range rapid.IntRange(0, 100).Draw(t, "shapes") {
			n := rapid.Uint64Range(0, 1e6).Draw(t, "sent")
			p := results.Part{Name: "s", Account: results.Account{Sent: results.Count{Traces: n}, Delivered: results.Count{Traces: n}, Accepted: results.Count{Traces: n}}}
			l.Account = l.Account.Plus(p.Account)
			l.ByShape = append(l.ByShape, p)
		}
		s := newAcceptanceSeries(&l)
		var sent, kept uint64
		for _, r := range s.Rows {
			sent, kept = sent+r.Sent, kept+r.Delivery[0].Traces
		}
		if sent != l.Sent.Traces || kept != l.Accepted.Traces || len(s.Rows) > shapesMax {
			t.Fatalf("%d rows hold %d of %d traces", len(s.Rows), sent, l.Sent.Traces)
		}
	})
}

// Axes cover what is drawn on them from a microsecond on, and their ticks lie on them in order.
func TestAxesCoverTheData(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(1, 1e18), 0, 10).Draw(t, "values")
		p := paper.NewPlot("")
		paper.TimeAxis(&p.Y, values, 1.05)
		ticks := p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max)
		for i, tick := range ticks {
			if i > 0 && tick.Value <= ticks[i-1].Value {
				t.Fatalf("ticks %v", ticks)
			}
		}
		if len(ticks) < 2 || len(ticks) > 60 {
			t.Fatalf("%d ticks between %g and %g", len(ticks), p.Y.Min, p.Y.Max)
		}
		for _, v := range values {
			if v > p.Y.Max || v >= 1e3 && v < p.Y.Min {
				t.Fatalf("%g is not between %g and %g", v, p.Y.Min, p.Y.Max)
			}
		}
	})
}

// Any record that can be read can be drawn.
func FuzzCharts(f *testing.F) {
	for _, rec := range samples.All() {
		rec.Seconds = rec.Seconds[:min(len(rec.Seconds), 3)]
		data, err := results.Encode(rec)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rec, err := results.Decode(data)
		if err != nil {
			return
		}
		for _, c := range All(rec) {
			svg, err := c.SVG()
			if err != nil {
				t.Fatal(err)
			}
			checkSVG(t, c.Name, svg)
		}
	})
}

// Where phases meet within a second, each has its own part of it; a part too
// short to read a rate off joins its neighbour; no request is lost on the way.
func TestSlotsFollowPhases(t *testing.T) {
	rec := &results.Record{
		Phases:  []results.Phase{{Name: "a", StartS: 0, EndS: 2.02}, {Name: "b", StartS: 2.02, EndS: 3.5}},
		Seconds: []results.Second{{T: 0, Phase: "a", Sent: 50}, {T: 1, Phase: "a", Sent: 50}, {T: 2, Phase: "a", Sent: 1}, {T: 2, Phase: "b", Sent: 98}, {T: 3, Phase: "b", Sent: 50}, {T: 4, Phase: "b"}, {T: 5}},
	}
	type part struct {
		From, To float64
		Sent     uint64
	}
	var got []part
	for _, s := range newSlots(rec) {
		got = append(got, part{s.From, s.To, s.Second.Sent})
	}
	want := []part{{0, 1, 50}, {1, 2.02, 51}, {2.02, 3, 98}, {3, 3.5, 50}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	rates := newLatencySeries(rec).Sent
	for i, want := range []float64{50, 50, 100, 100} {
		if math.Abs(rates[i].Y-want) > 0.01 {
			t.Errorf("rate %d is %g, want %g", i, rates[i].Y, want)
		}
	}
}
