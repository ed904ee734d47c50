package charts

import (
	"cmp"
	"slices"
	"strings"
	"testing"

	diff "github.com/google/go-cmp/cmp"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/report/internal/samples"
	"github.com/spanstorm/spanstorm/results"
)

// Incidents lie on the axis as far as it goes, in the order in which they begin.
func TestMarksAreClipped(t *testing.T) {
	rec := &results.Record{Incidents: []results.Incident{
		{Name: "past the end", AtS: 8, ForS: 10}, {Name: "before", AtS: -2, ForS: 3}, {Name: "never", AtS: 10, ForS: 1}, {Name: "gone", AtS: -5, ForS: 1}, {Name: "backwards", AtS: 5, ForS: -1},
	}}
	want := []mark{{"incident", "before", 0, 1}, {"incident", "past the end", 8, 10}}
	if d := diff.Diff(want, newMarks(rec, 10)); d != "" {
		t.Error(d)
	}
}

// Names in one lane do not run into each other unless all lanes are full, and
// marks that are short of room take no more lanes than they need.
func TestLanes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var marks []mark
		for range rapid.IntRange(0, 8).Draw(t, "marks") {
			from := rapid.Float64Range(0, 99).Draw(t, "from")
			marks = append(marks, mark{Name: strings.Repeat("x", rapid.IntRange(1, 40).Draw(t, "letters")), From: from, To: from + rapid.Float64Range(0, 100-from).Draw(t, "for")})
		}
		slices.SortFunc(marks, func(a, b mark) int { return cmp.Compare(a.From, b.From) })
		l := markLanes(marks, 100)
		const right = paper.Width - 28*paper.Px
		reach := func(m mark) (from, to vg.Length) {
			at := func(s float64) vg.Length { return 75*paper.Px + (right-75*paper.Px)*vg.Length(s/100) }
			return labelPlace(m.Name, at(m.From), at(m.To), right)
		}
		for i := range marks {
			if l.of[i] >= l.count || l.count > lanesMost {
				t.Fatalf("mark %d is in lane %d of %d", i, l.of[i], l.count)
			}
			for k := range i {
				from, _ := reach(marks[i])
				if _, to := reach(marks[k]); l.of[i] == l.of[k] && from < to && l.of[i] < lanesMost-1 {
					t.Fatalf("%+v and %+v share lane %d", marks[k], marks[i], l.of[i])
				}
			}
		}
	})
}

// Every chart over time shows the incidents, by name, key and in words; the others do not.
func TestIncidentsOnEveryTimeChart(t *testing.T) {
	rec := samples.Runs()["incidents"]
	for _, c := range All(rec) {
		overTime := slices.Contains([]string{"latency", "answers", "delay", "resources"}, c.Name)
		drawn := svg(t, c)
		for _, in := range rec.Incidents {
			if strings.Contains(drawn, ">"+in.Name+"<") != overTime || strings.Contains(c.Alt, "incident "+in.Name) != overTime {
				t.Errorf("%s shows %s: %v", c.Name, in.Name, !overTime)
			}
		}
		if slices.Contains(keyNames(c), "incident") != overTime {
			t.Errorf("%s has the keys %q", c.Name, keyNames(c))
		}
	}
	// A run without them looks as it did.
	if plain := svg(t, Latency(samples.Runs()["drops"])); strings.Contains(plain, "stroke-opacity") {
		t.Error("marks in a run without incidents")
	}
}

// What happens in one moment is a line with a name.
func TestMarkOfOneMoment(t *testing.T) {
	line := timeline{end: 10, marks: []mark{{Kind: "event", Name: "killed", From: 4, To: 4}}}
	c := over(Chart{Name: "x", Title: "x", Height: 200 * paper.Px}, line)
	c.Body = func(dc draw.Canvas) {
		p := paper.NewPlot("")
		line.axis(p, true)
		paper.CountAxis(&p.Y, 1, 3)
		line.add(p, true)
		paper.DrawPanels(draw.Crop(dc, 0, 0, 0, -line.head()), 0, paper.Panel{Plot: p, YLabel: "y", Share: 1})
	}
	drawn := svg(t, c)
	if !strings.Contains(drawn, ">killed<") || strings.Count(drawn, "stroke-opacity") != 1 || c.Alt != " Meanwhile: event killed at 4s." {
		t.Errorf("%s\n%s", c.Alt, drawn)
	}
}
