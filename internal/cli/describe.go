package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/spanstorm/spanstorm/internal/outlook"
	"github.com/spanstorm/spanstorm/results"
)

// widestPage is where a page of preview stops growing with the terminal.
const widestPage = 100

// describe draws one trace of each shape and prints the figures.
func (a *app) describe(s subject, f previewFlags) error {
	names := s.corpus.ShapeNames()
	if f.shape != "" && !slices.Contains(names, f.shape) {
		return usageError("--shape %q is not in the scenario; it has %s", f.shape, strings.Join(names, ", "))
	}
	o, err := outlook.Of(s.scenario, s.corpus, f.traces, f.sample)
	if err != nil {
		return err
	}
	w := &lastingWriter{w: a.out}
	if f.format == "json" {
		to := json.NewEncoder(w)
		to.SetEscapeHTML(false)
		to.SetIndent("", "  ")
		return to.Encode(o)
	}
	w.printf("%s: %s %s to %s, corpus %.12s\n", o.Scenario, o.API, o.Encoding, o.Path, o.Fingerprint)
	if len(names) == 0 {
		w.printf("\nIt sends its services only:\n%s\n", s.corpus.Services())
		return w.err
	}
	for _, in := range s.corpus.Windows() {
		w.printf("\nincident %s: requests %d to %d\n", s.scenario.Incidents[in.Incident].Name, in.From, in.To-1)
	}
	for _, shape := range o.Shapes {
		if f.shape == "" || f.shape == shape.Name {
			a.drawShape(w, s, shape, f)
		}
	}
	if !f.tags && !f.failed {
		w.printf("\nWith --tags, what the spans carry; with --failed, traces that fail.\n")
	}
	drawOutlook(w, o)
	return w.err
}

func drawOutlook(w *lastingWriter, o *outlook.Outlook) {
	t := &o.Traces
	if o.SampledTraces > 0 {
		w.printf("\nOne trace, of the first %s\n\n", results.FormatCount(uint64(o.SampledTraces)))
	} else {
		w.printf("\nOne trace, by how often each is drawn\n\n")
	}
	w.quantities([]quantity{
		{"spans", t.Spans, plain},
		{"sent in chunks", t.Chunks, plain},
		{"depth, levels", t.DepthLevels, plain},
		{"services", t.Services, plain},
		{"encoded", t.ChunkBytes, results.FormatBytes},
		{"duration", t.DurationNS, results.FormatDuration},
		{"edges", t.Edges.PerTrace, plain},
		{"calls of an edge", t.Edges.CallsPerEdge, plain},
		{"fan-out of a caller", t.FanOut, plain},
		{"calls of a caller", t.CallsPerCaller, plain},
	})
	e := &t.Edges
	w.printf("\n")
	w.lines([][2]string{
		{"edges called", fmt.Sprintf("once %s, twice %s, 3 to 9 times %s, 10 or more %s",
			share(e.OnceShare), share(e.TwiceShare), share(e.ThreeToNineShare), share(e.TenOrMoreShare))},
		{"span types", typeList(t.SpanTypes)},
		{"types of calls", typeList(t.CallTypes)},
		{"failed", fmt.Sprintf("%s of spans, %s of traces", share(t.FailedSpanShare), share(t.FailedShare))},
	})
	drawServices(w, o)
	drawVariety(w, &o.Variety)
	w.printf("\nOne request, of the first %s\n\n", results.FormatCount(uint64(o.Payloads.Requests)))
	w.quantities([]quantity{
		{"traces", o.Payloads.Traces, plain},
		{"spans", o.Payloads.Spans, plain},
		{"body", o.Payloads.Bytes, results.FormatBytes},
	})
	w.printf("\n")
	w.lines([][2]string{{"sent by", clientList(&o.Clients)}})
	drawLimits(w, o)
}

// servicesShown is how many services are listed; JSON has them all.
const servicesShown = 12

func drawServices(w *lastingWriter, o *outlook.Outlook) {
	w.printf("\nDurations of spans, by service\n\n")
	var rows [][]string
	for i, s := range o.Services {
		if i == servicesShown {
			break
		}
		d := s.DurationNS
		rows = append(rows, []string{fit(s.Service, min(24, len([]rune(s.Service)))), share(s.SpanShare), share(s.FailedShare),
			results.FormatDuration(d.P50), results.FormatDuration(d.P90), results.FormatDuration(d.P99), results.FormatDuration(d.Max)})
	}
	w.table([]string{"", "spans", "failed", "p50", "p90", "p99", "max"}, rows)
	if more := len(o.Services) - servicesShown; more > 0 {
		w.printf("  … and %s more; --format json lists them\n", results.FormatCount(uint64(more)))
	}
}

func drawVariety(w *lastingWriter, v *outlook.Variety) {
	n := func(n int) string { return results.FormatCount(uint64(n)) }
	w.printf("\nVariety: what differs from trace to trace, ids and times aside\n\n")
	c := v.CallsPerTreeShape
	w.lines([][2]string{
		{"templates", fmt.Sprintf("%s in %s of memory, %s in use at a time", n(v.Templates), results.FormatBytes(float64(v.MemoryBytes)), n(v.InUse))},
		{"tree shapes", fmt.Sprintf("%s; calls of each: p50 %s, p99 %s, max %s", n(v.TreeShapes), plain(c.P50), plain(c.P99), plain(c.Max))},
		{"distinct", fmt.Sprintf("%s services, %s names, %s resources, %s operations", n(v.Services), n(v.Names), n(v.Resources), n(v.Operations))},
	})
	if len(v.Tags) == 0 {
		return
	}
	var rows [][]string
	for _, t := range v.Tags {
		each := "trace"
		if t.Every > 0 {
			each = count(t.Every, "request")
		}
		rows = append(rows, []string{fit(t.Key, min(24, len([]rune(t.Key)))), results.FormatCount(t.Cardinality), t.Skew, each, n(t.DistinctValues), n(t.LookedAtTraces)})
	}
	w.printf("\n")
	w.table([]string{"tag", "values", "skew", "new each", "seen", "in traces"}, rows)
}

func drawLimits(w *lastingWriter, o *outlook.Outlook) {
	w.printf("\nThe longest of each, beside the agent's limit\n\n")
	var rows [][]string
	for _, l := range o.Limits {
		verdict := "ok"
		if l.Over {
			verdict = "over: " + fit(l.Example, min(len([]rune(l.Example)), 30))
			if l.Example == "" {
				verdict = "over: the agent refuses it"
			}
		}
		rows = append(rows, []string{l.What, results.FormatCount(uint64(l.Bytes)), results.FormatCount(uint64(l.Limit)), verdict})
	}
	w.table([]string{"", "bytes", "limit", ""}, rows)
	w.printf("\nAt worst, by what the scenario allows\n\n")
	rows = nil
	for _, s := range o.WorstCase.Shapes {
		rows = append(rows, []string{s.Shape, bound(s.Spans), bound(s.DepthLevels), bound(s.FanOut), about(s.TraceBytes)})
	}
	w.table([]string{"", "spans", "levels", "calls of one", "trace"}, rows)
	w.printf("  a payload of %s such traces: %s; the limit is %s\n", bound(o.WorstCase.PayloadTraces),
		about(o.WorstCase.PayloadBytes), results.FormatBytes(float64(o.WorstCase.LimitBytes)))
	if len(o.Warnings) > 0 {
		w.printf("\n")
	}
	for _, warning := range o.Warnings {
		w.printf("warning: %s\n", warning.Text)
	}
}

// bound writes the most of something; ∞ says that it can be more.
func bound(b outlook.Bound) string {
	text := results.FormatCount(uint64(max(b.Value, 0)))
	if b.Unbounded {
		return text + "…∞"
	}
	return text
}

// about is bound for sizes, which are estimates.
func about(b outlook.Bound) string {
	text := "≤ " + results.FormatBytes(b.Value)
	if b.Unbounded {
		return "≤ " + results.FormatBytes(b.Value) + "…∞"
	}
	return text
}

// quantity is one line of a table of quantiles.
type quantity struct {
	name   string
	of     outlook.Distribution
	format func(float64) string
}

func (w *lastingWriter) quantities(list []quantity) {
	var rows [][]string
	for _, q := range list {
		rows = append(rows, []string{q.name, q.format(q.of.Mean), q.format(q.of.P50), q.format(q.of.P90), q.format(q.of.P99), q.format(q.of.Max)})
	}
	w.table([]string{"", "mean", "p50", "p90", "p99", "max"}, rows)
}

// plain writes a number, whole ones as they are.
func plain(v float64) string {
	if v == float64(uint64(v)) {
		return results.FormatCount(uint64(v))
	}
	if v >= 1000 {
		return results.FormatCount(uint64(v + 0.5))
	}
	return fmt.Sprintf("%.3g", v)
}

func share(part float64) string { return results.FormatPercent(part, 1) }

// typesWidth is how many characters of span types are listed.
const typesWidth = 60

func typeList(types []outlook.TypeShare) string {
	text := ""
	for i, t := range types {
		part := fit(t.Type, min(30, len([]rune(t.Type)))) + " " + share(t.Share)
		if i > 0 {
			part = ", " + part
		}
		if len([]rune(text+part)) > typesWidth-3 {
			return text + ", …"
		}
		text += part
	}
	return cmp.Or(text, "none")
}

// clientsWidth is how many characters of clients are listed.
const clientsWidth = 68

// clientList says who sends, in one line.
func clientList(c *outlook.Clients) string {
	text := fmt.Sprintf("%s, %s in containers", count(c.Count, "client"), results.FormatCount(uint64(c.Containers)))
	for i, v := range c.Versions {
		version, _, _ := strings.Cut(v.TracerVersion, "~") // what follows is a commit
		part := fmt.Sprintf(", %s %s ×%s", fit(v.Language, min(12, len([]rune(v.Language)))), version, results.FormatCount(uint64(v.Clients)))
		if i == 0 {
			part = ":" + part[1:]
		}
		if len([]rune(text+part)) > clientsWidth-3 {
			return text + ", …"
		}
		text += part
	}
	return text
}

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

// lines writes names and what is said of each, one below the other.
func (w *lastingWriter) lines(lines [][2]string) {
	widest := 0
	for _, l := range lines {
		widest = max(widest, len([]rune(l[0])))
	}
	for _, l := range lines {
		w.printf("  %s  %s\n", fit(l[0], widest), l[1])
	}
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
	align := tw.Alignment{tw.AlignLeft, rest, rest, rest, rest, rest, rest, rest}
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
