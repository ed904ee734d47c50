package cli

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/results"
)

// describe draws one trace of each shape and prints the statistics.
func (a *app) describe(s subject, f previewFlags) error {
	names := s.corpus.ShapeNames()
	if f.shape != "" && !slices.Contains(names, f.shape) {
		return usageError("--shape %q is not in the scenario; it has %s", f.shape, strings.Join(names, ", "))
	}
	w := &lastingWriter{w: a.out}
	w.printf("%s: %s %s to %s, corpus %.12s\n", s.scenario.Name, s.scenario.API, s.scenario.Encoding, s.corpus.Path(), s.corpus.Fingerprint())
	if len(names) == 0 {
		w.printf("\nIt sends its services only:\n%s\n", s.corpus.Services())
		return w.err
	}
	for _, in := range s.corpus.Windows() {
		w.printf("\nincident %s: requests %d to %d\n", s.scenario.Incidents[in.Incident].Name, in.From, in.To-1)
	}
	stats := s.corpus.Stats(f.sample)
	for _, shape := range stats.ByShape {
		if f.shape == "" || f.shape == shape.Name {
			a.drawShape(w, s.corpus, shape, f.sample)
		}
	}
	drawStats(w, stats)
	return w.err
}

// drawShape draws the first trace of a shape among the sample's requests.
func (a *app) drawShape(w *lastingWriter, corpus *generator.Corpus, shape generator.ShapeStats, requests int) {
	index := int32(slices.Index(corpus.ShapeNames(), shape.Name))
	for seq := range uint64(requests) {
		for i, chunk := range corpus.Chunks(nil, seq) {
			if chunk.Shape != index {
				continue
			}
			tree, err := corpus.Tree(seq, i)
			if err != nil {
				w.err = err
				return
			}
			late := ""
			if tree.Late > 0 {
				late = ", sent " + results.FormatDuration(float64(tree.Late)) + " late"
			}
			w.printf("\n%s: %.3g%% of traces; here chunk %d of request %d, %d spans in %s%s\n\n",
				shape.Name, 100*shape.Share, i+1, seq, len(tree.Spans), results.FormatDuration(float64(tree.Extent)), late)
			if err := drawTree(w, tree, width(a.out)); err != nil {
				w.err = err
			}
			return
		}
	}
	w.printf("\n%s: %.3g%% of traces; none among the first %d requests\n", shape.Name, 100*shape.Share, requests)
}

func drawStats(w *lastingWriter, stats generator.Stats) {
	t := stats.Traces
	w.printf("\nOne trace, by how often each is drawn\n\n")
	w.table([]string{"", "mean", "p50", "p90", "p99", "max"}, [][]string{
		quantities("spans", t.Spans, plain),
		quantities("depth", t.Depth, plain),
		quantities("fan-out", t.FanOut, plain),
		quantities("services", t.Services, plain),
		quantities("encoded", t.Bytes, results.FormatBytes),
		quantities("duration", t.DurationNS, results.FormatDuration),
	})
	w.printf("\n%.3g%% of traces have a failed span, and %.3g%% of spans failed. Span types:", 100*t.Failed, 100*t.FailedSpans)
	for i, typ := range t.Types {
		if i == 8 {
			w.printf(" …")
			break
		}
		w.printf(" %s %.3g%%", typ.Type, 100*typ.Share)
	}
	w.printf("\n\nOne request, of the first %s\n\n", results.FormatCount(uint64(stats.Requests)))
	w.table([]string{"", "mean", "p50", "p90", "p99", "max"}, [][]string{
		quantities("traces", stats.PayloadTraces, plain),
		quantities("body", stats.PayloadBytes, results.FormatBytes),
	})
	w.printf("\nThe longest of each, beside the agent's limit\n\n")
	var rows [][]string
	for _, l := range stats.Limits {
		verdict := "ok"
		if l.Over() {
			verdict = "over: " + l.Example
			if l.Example == "" {
				verdict = "over: the agent refuses it"
			}
		}
		rows = append(rows, []string{l.What, results.FormatCount(uint64(l.Bytes)), results.FormatCount(uint64(l.Limit)), verdict})
	}
	w.table([]string{"", "bytes", "limit", ""}, rows)
	w.printf("\n%d templates in %s; ids, times and varying tags are written per request\n",
		stats.Templates, results.FormatBytes(float64(stats.TemplateBytes)))
}

func quantities(name string, d generator.Distribution, format func(float64) string) []string {
	return []string{name, format(d.Mean), format(d.P50), format(d.P90), format(d.P99), format(d.Max)}
}

func plain(v float64) string { return fmt.Sprintf("%.4g", v) }

// lastingWriter keeps the first error, so that a page can be written without
// asking after every line.
type lastingWriter struct {
	w   io.Writer
	err error
}

func (w *lastingWriter) Write(b []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	n, err := w.w.Write(b)
	w.err = err
	return n, err
}

func (w *lastingWriter) printf(format string, args ...any) {
	_, _ = fmt.Fprintf(w, format, args...)
}

// table writes columns without lines, the first one to the left.
func (w *lastingWriter) table(header []string, rows [][]string) {
	table := newTable(w, tw.AlignRight)
	table.Header(header)
	if err := table.Bulk(rows); err != nil && w.err == nil {
		w.err = err
	}
	if err := table.Render(); err != nil && w.err == nil {
		w.err = err
	}
}

// newTable is a table without lines; columns after the first are aligned as asked.
func newTable(w io.Writer, rest tw.Align) *tablewriter.Table {
	align := tw.Alignment{tw.AlignLeft, rest, rest, rest, rest, rest}
	return tablewriter.NewTable(w,
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithAlignment(align),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.BorderNone,
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})))
}
