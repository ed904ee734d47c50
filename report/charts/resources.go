package charts

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/spanstorm/spanstorm/results"
)

// Resources draws CPU and memory of target and generator over time, and the
// traces that came out of the target.
func Resources(rec *results.Record) Chart {
	s := newResourceSeries(rec)
	c := Chart{Name: "resources", Title: "CPU and memory over time", Subtitle: "per second; CPU and memory as the operating system counted them", height: 430 * px}
	if len(s.TargetCPU)+len(s.GeneratorCPU)+len(s.Arrived) == 0 {
		return c.sayOnly("no CPU or memory was measured")
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
	dash := []vg.Length{5 * px, 3 * px}
	if len(s.TargetCPU) > 0 {
		c.legend = append(c.legend, key{name: "target", color: targetColor})
		c.Alt = fmt.Sprintf("The target kept at most %.2g CPUs busy and took %s of memory. ", highestOf(s.TargetCPU), results.FormatBytes(highestOf(s.TargetMemory)))
	}
	if len(s.GeneratorCPU) > 0 {
		c.legend = append(c.legend, key{name: "generator", color: generatorColor, dash: dash})
		c.Alt += fmt.Sprintf("The generator kept at most %.2g CPUs busy and took %s of memory.", highestOf(s.GeneratorCPU), results.FormatBytes(highestOf(s.GeneratorMemory)))
	}
	if len(s.Arrived) > 0 {
		c.Title = "CPU, memory and what came out, over time"
		c.legend = append(c.legend, key{name: "traces at the intake", color: accepted, fill: true})
		c.height += 110 * px
	}
	t := newTimeline(rec)
	if s.End > t.end && len(t.spans) > 0 {
		t.spans = append(t.spans, span{Name: afterLoad, From: t.end, To: s.End})
	}
	t.end = max(t.end, s.End)
	c = c.over(t)
	c.body = func(dc draw.Canvas) {
		cpu, memory, arrived := newPlot(""), newPlot(""), newPlot("")
		t.axis(cpu, false)
		countAxis(&cpu.Y, max(highestOf(s.TargetCPU), highestOf(s.GeneratorCPU)), 3)
		t.add(cpu, true, drawnLine{s.GeneratorCPU, generatorColor, 1.6 * px, dash}, drawnLine{s.TargetCPU, targetColor, 2.2 * px, nil})
		bytesAxis(&memory.Y, max(highestOf(s.TargetMemory), highestOf(s.GeneratorMemory)), 3)
		t.add(memory, false, drawnLine{s.GeneratorMemory, generatorColor, 1.6 * px, dash}, drawnLine{s.TargetMemory, targetColor, 2.2 * px, nil})
		panels := []panel{{cpu, "CPUs busy", 0.5}, {memory, "memory", 0.5}}
		last := memory
		if len(s.Arrived) > 0 {
			countAxis(&arrived.Y, highest(s.Arrived), 3)
			t.add(arrived, false, filledSteps{s.Arrived, accepted})
			panels = []panel{{cpu, "CPUs busy", 0.32}, {memory, "memory", 0.32}, {arrived, "traces/s", 0.36}}
			t.axis(memory, false)
			last = arrived
		}
		last.X.Label.Text = timeLabel(t.end)
		t.axis(last, true)
		drawPanels(draw.Crop(dc, 0, 0, 0, -t.head()), 8*px, panels...)
	}
	return c
}

// afterLoad names the time in which the account was closed.
const afterLoad = "after the load"

// highestOf is the height of the highest point.
func highestOf(l line) float64 {
	most := 0.0
	for _, y := range l.values() {
		most = max(most, y)
	}
	return most
}

// bytesAxis sets up the y axis for sizes, from 0.
func bytesAxis(a *plot.Axis, most float64, n int) {
	ticks := niceTicks(most*1.04, n, results.FormatBytes)
	a.Min, a.Max = 0, ticks[len(ticks)-1].Value
	a.Tick.Marker = plot.ConstantTicks(ticks)
}
