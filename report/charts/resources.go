package charts

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/results"
)

// Resources draws CPU and memory of target and generator over time, and the
// traces that came out of the target.
func Resources(rec *results.Record) paper.Chart {
	s := newResourceSeries(rec)
	c := paper.Chart{Name: "resources", Title: "CPU and memory over time", Subtitle: "per second; CPU and memory as the operating system counted them", Height: 430 * paper.Px}
	if len(s.TargetCPU)+len(s.GeneratorCPU)+len(s.Arrived) == 0 {
		return c.SayOnly("no CPU or memory was measured")
	}
	if rec.Machine.CPUs > 0 {
		c.Subtitle += fmt.Sprintf("; the machine has %d CPUs", rec.Machine.CPUs)
	}
	if s.Grouped > 1 {
		c.Subtitle += fmt.Sprintf("; each point is %d seconds: of memory the most", s.Grouped)
	}
	if len(s.TargetCPU) == 0 {
		c.Subtitle += "; the target was not started by this run, so nothing is known of its process"
	}
	dash := []vg.Length{5 * paper.Px, 3 * paper.Px}
	if len(s.TargetCPU) > 0 {
		c.Legend = append(c.Legend, paper.Key{Name: "target", Color: paper.TargetColor})
		c.Alt = fmt.Sprintf("The target kept at most %.2g CPUs busy and took %s of memory. ", paper.HighestOf(s.TargetCPU), results.FormatBytes(paper.HighestOf(s.TargetMemory)))
	}
	if len(s.GeneratorCPU) > 0 {
		c.Legend = append(c.Legend, paper.Key{Name: "generator", Color: paper.GeneratorColor, Dash: dash})
		c.Alt += fmt.Sprintf("The generator kept at most %.2g CPUs busy and took %s of memory.", paper.HighestOf(s.GeneratorCPU), results.FormatBytes(paper.HighestOf(s.GeneratorMemory)))
	}
	if len(s.Arrived) > 0 {
		c.Title = "CPU, memory and what came out, over time"
		c.Legend = append(c.Legend, paper.Key{Name: "traces at the intake", Color: paper.Accepted, Fill: true})
		c.Height += 110 * paper.Px
	}
	busiest := max(paper.HighestOf(s.TargetCPU), paper.HighestOf(s.GeneratorCPU))
	var others []plot.Plotter // under the lines that the chart is about
	if all := paper.HighestOf(s.MachineCPU); all > allMost*busiest {
		c.Subtitle += fmt.Sprintf("; all programs of the machine kept up to %.2g busy", all)
	} else if all > 0 {
		c.Legend = append(c.Legend, paper.Key{Name: "all programs", Color: paper.MachineColor})
		others = append(others, paper.DrawnLine{Line: s.MachineCPU, Color: paper.MachineColor, Width: 1.6 * paper.Px})
		busiest = max(busiest, all)
	}
	if stolen := paper.HighestOf(s.StolenCPU); stolen > stolenLeast {
		dots := []vg.Length{1.5 * paper.Px, 2.5 * paper.Px}
		c.Legend = append(c.Legend, paper.Key{Name: "taken by the host", Color: paper.StolenColor, Dash: dots})
		c.Alt += fmt.Sprintf(" The host of the machine took at most %.2g CPUs.", stolen)
		others = append(others, paper.DrawnLine{Line: s.StolenCPU, Color: paper.StolenColor, Width: 1.6 * paper.Px, Dash: dots})
		busiest = max(busiest, stolen)
	}
	t := newTimeline(rec)
	if s.End > t.end && len(t.spans) > 0 {
		t.spans = append(t.spans, span{Name: afterLoad, From: t.end, To: s.End})
	}
	t.end = max(t.end, s.End)
	c = over(c, t)
	c.Body = func(dc draw.Canvas) {
		cpu, memory, arrived := paper.NewPlot(""), paper.NewPlot(""), paper.NewPlot("")
		t.axis(cpu, false)
		paper.CountAxis(&cpu.Y, busiest, 3)
		t.add(cpu, true, append(others, paper.DrawnLine{Line: s.GeneratorCPU, Color: paper.GeneratorColor, Width: 1.6 * paper.Px, Dash: dash}, paper.DrawnLine{Line: s.TargetCPU, Color: paper.TargetColor, Width: 2.2 * paper.Px})...)
		paper.BytesAxis(&memory.Y, max(paper.HighestOf(s.TargetMemory), paper.HighestOf(s.GeneratorMemory)), 3)
		t.add(memory, false, paper.DrawnLine{Line: s.GeneratorMemory, Color: paper.GeneratorColor, Width: 1.6 * paper.Px, Dash: dash}, paper.DrawnLine{Line: s.TargetMemory, Color: paper.TargetColor, Width: 2.2 * paper.Px})
		panels := []paper.Panel{{Plot: cpu, YLabel: "CPUs busy", Share: 0.5}, {Plot: memory, YLabel: "memory", Share: 0.5}}
		last := memory
		if len(s.Arrived) > 0 {
			paper.CountAxis(&arrived.Y, highest(s.Arrived), 3)
			t.add(arrived, false, filledSteps{s.Arrived, paper.Accepted})
			panels = []paper.Panel{{Plot: cpu, YLabel: "CPUs busy", Share: 0.32}, {Plot: memory, YLabel: "memory", Share: 0.32}, {Plot: arrived, YLabel: "traces/s", Share: 0.36}}
			t.axis(memory, false)
			last = arrived
		}
		last.X.Label.Text = timeLabel(t.end)
		t.axis(last, true)
		paper.DrawPanels(draw.Crop(dc, 0, 0, 0, -t.head()), 8*paper.Px, panels...)
	}
	return c
}

const (
	// allMost is how many times the height of target and generator all programs may
	// have in their panel: above, the two could not be seen any more.
	allMost = 8
	// stolenLeast is from how many CPUs on what the host took is drawn.
	stolenLeast = 0.05
)

// afterLoad names the time in which the account was closed.
const afterLoad = "after the load"
