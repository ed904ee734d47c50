package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spanstorm/spanstorm/internal/outlook"
	"github.com/spanstorm/spanstorm/results"
)

// printed runs a command line and returns what it prints, for exit code 0.
func printed(t *testing.T, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	if code := Main(args, strings.NewReader(""), &out, &errs); code != exitOK {
		t.Fatalf("%s: exit code %d: %s", strings.Join(args, " "), code, errs.String())
	}
	return out.String()
}

// What is printed is what the JSON says, on 80 columns but for the drawings.
func TestPreviewPrintsWhatTheJSONSays(t *testing.T) {
	for _, args := range [][]string{{"web-shop"}, {"heavy-tail", "--sample", "40"}, {"smoke", "--traces", "500", "--set", "clients={count: 40, containers: 50%, languages: {go: 3, java: 1}}"}} {
		args = append([]string{"preview", "--set", "corpus={spans: 8192}"}, args...)
		var o outlook.Outlook
		if err := json.Unmarshal([]byte(printed(t, append(slices.Clone(args), "--format", "json")...)), &o); err != nil {
			t.Fatal(err)
		}
		_, page, ok := strings.Cut(printed(t, args...), "\nOne trace, ")
		if !ok {
			t.Fatalf("%s prints no figures of traces", args)
		}
		traces, rest, _ := strings.Cut(page, "\nOne request, ")
		row := func(of, name string, d outlook.Distribution, format func(float64) string) {
			t.Helper()
			want := append(strings.Fields(name), format(d.Mean), format(d.P50), format(d.P90), format(d.P99), format(d.Max))
			for line := range strings.Lines(of) {
				if strings.Join(strings.Fields(line), " ") == strings.Join(strings.Fields(strings.Join(want, " ")), " ") {
					return
				}
			}
			t.Errorf("%s: no line %q in\n%s", args, strings.Join(want, "  "), of)
		}
		row(traces, "spans", o.Traces.Spans, plain)
		row(traces, "depth, levels", o.Traces.DepthLevels, plain)
		row(traces, "services", o.Traces.Services, plain)
		row(traces, "encoded", o.Traces.ChunkBytes, results.FormatBytes)
		row(traces, "duration", o.Traces.DurationNS, results.FormatDuration)
		row(traces, "edges", o.Traces.Edges.PerTrace, plain)
		row(traces, "calls of an edge", o.Traces.Edges.CallsPerEdge, plain)
		row(traces, "fan-out of a caller", o.Traces.FanOut, plain)
		row(traces, "calls of a caller", o.Traces.CallsPerCaller, plain)
		row(rest, "traces", o.Payloads.Traces, plain)
		row(rest, "spans", o.Payloads.Spans, plain)
		row(rest, "body", o.Payloads.Bytes, results.FormatBytes)
		for _, want := range []string{
			"edges called    once " + share(o.Traces.Edges.OnceShare), "10 or more " + share(o.Traces.Edges.TenOrMoreShare),
			share(o.Traces.FailedSpanShare) + " of spans, " + share(o.Traces.FailedShare) + " of traces",
			o.Traces.SpanTypes[0].Type + " " + share(o.Traces.SpanTypes[0].Share),
			results.FormatCount(uint64(o.Variety.Templates)) + " in " + results.FormatBytes(float64(o.Variety.MemoryBytes)),
			results.FormatCount(uint64(o.Variety.Operations)) + " operations",
			fmt.Sprintf("%s, %d in containers: %s", count(o.Clients.Count, "client"), o.Clients.Containers, o.Clients.Versions[0].Language),
			about(o.WorstCase.PayloadBytes) + "; the limit is",
		} {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not print %q", args, want)
			}
		}
		for line := range strings.Lines(page) {
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > 80 {
				t.Errorf("%s: a line of %d characters: %s", args, n, line)
			}
		}
	}
}
