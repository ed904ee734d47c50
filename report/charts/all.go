// Package charts draws a record. Of a run: latency over time, percentiles, answers, the
// delay up to the intake, CPU and memory, and what became of the traces. Of a capacity
// search: what each probe found, over the rate. Of a comparison: each metric, round by
// round, and the curves of response time.
//
// Each chart is made in two steps: the series are read off the record (files ending in
// _series.go; tested against golden data), then they are drawn with gonum plot. Nothing
// here knows of files or pages. What all charts are made of is package paper's.
package charts

import (
	"github.com/spanstorm/spanstorm/report/charts/internal/paper"
	"github.com/spanstorm/spanstorm/report/charts/internal/procedures"
	"github.com/spanstorm/spanstorm/results"
)

// Chart is one drawing; its methods render it and do not change it.
type Chart = paper.Chart

// All makes the charts of a record in the order of a report: of a run always the same
// six, of a capacity search one, of a comparison one or more and the curves.
func All(rec *results.Record) []Chart {
	switch {
	case rec.Capacity != nil:
		return []Chart{procedures.Capacity(rec)}
	case rec.Comparison != nil:
		return append(procedures.Comparison(rec), procedures.Curves(rec))
	}
	return []Chart{Latency(rec), Percentiles(rec), Answers(rec), Delay(rec), Resources(rec), Acceptance(rec)}
}

// over makes room in a chart for a timeline, and says what is on it.
func over(c Chart, t timeline) paper.Chart {
	c.Legend = append(c.Legend, t.keys()...)
	c.Height += t.head() - timeline{}.head()
	c.Alt += markText(t.marks)
	return c
}
