package counters

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestVars(t *testing.T) {
	page := `{"cmdline":["x"],"receiver":{"traces_received":5,"traces_dropped":{"span_id_zero":1,"why":"x"}},
		"trace_writer":{"spans":7},"memstats":{"NumGC":3},"mine":{"a.b":{"c":2}},"top":9}`
	got, err := parseVars([]byte(page), "mine.a.b.c", "top", "no.such")
	if err != nil {
		t.Fatal(err)
	}
	want := Readings{
		"receiver.traces_received": {Value: 5}, "receiver.traces_dropped.span_id_zero": {Value: 1}, "trace_writer.spans": {Value: 7},
		"mine.a.b.c": {Value: 2}, "top": {Value: 9}, GCCount: {Value: 3},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("readings (-want +got):\n%s", diff)
	}
}

func TestVarsRefuses(t *testing.T) {
	for page, want := range map[string]string{
		"":                "no expvar JSON",
		"<html>":          "no expvar JSON",
		"{}":              `no object "receiver"`,
		`{"receiver":[]}`: `no object "receiver"`,
		`{"receiver":1}`:  `no object "receiver"`,
	} {
		if _, err := parseVars([]byte(page)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that says %q", page, err, want)
		}
	}
}

func FuzzVars(f *testing.F) {
	f.Add([]byte(`{"receiver":{"traces_received":5,"traces_dropped":{"span_id_zero":1}}}`), "a.b")
	f.Add([]byte(`{"receiver":[1],"a":{"b":1}}`), "a.b")
	f.Add([]byte(`{"receiver":{"a":{"b":{"c":1e400}}}}`), "")
	f.Fuzz(func(t *testing.T, page []byte, own string) {
		readings, err := parseVars(page, own)
		if (readings == nil) == (err == nil) {
			t.Fatalf("readings %v and error %v", readings, err)
		}
		if len(readings) > Most {
			t.Fatalf("%d counters", len(readings))
		}
		for name := range readings {
			if name != own && !strings.HasPrefix(name, "receiver") && !strings.HasPrefix(name, "trace_writer") && !strings.HasPrefix(name, "memstats.") {
				t.Fatalf("counter %q", name)
			}
		}
	})
}

func TestPrometheus(t *testing.T) {
	page := `# HELP otelcol_receiver_accepted_spans_total spans
# TYPE otelcol_receiver_accepted_spans_total counter
otelcol_receiver_accepted_spans_total{receiver="datadog",transport="http"} 40
otelcol_receiver_accepted_spans_total{receiver="datadog",transport="grpc"} 2
otelcol_receiver_accepted_spans_total{receiver="otlp",transport="grpc"} 0
# TYPE otelcol_exporter_queue_size gauge
otelcol_exporter_queue_size{exporter="otlphttp/a"} 3
# TYPE latency histogram
latency_bucket{le="+Inf"} 1
latency_sum 1
latency_count 1
untyped_thing 1.5
broken NaN
`
	got, err := parsePrometheus([]byte(page))
	if err != nil {
		t.Fatal(err)
	}
	want := Readings{
		`otelcol_receiver_accepted_spans_total{receiver="datadog"}`: {Value: 42},
		`otelcol_receiver_accepted_spans_total{receiver="otlp"}`:    {Value: 0},
		`otelcol_exporter_queue_size{exporter="otlphttp/a"}`:        {Value: 3, Gauge: true},
		"untyped_thing": {Value: 1.5},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("readings (-want +got):\n%s", diff)
	}
	if _, err := parsePrometheus([]byte("<html>")); err == nil || !strings.Contains(err.Error(), "no Prometheus text exposition") {
		t.Errorf("a page of HTML: %v", err)
	}
}

func FuzzPrometheus(f *testing.F) {
	f.Add([]byte("# TYPE a counter\na{reason=\"x\",b=\"y\"} 3\n"))
	f.Add([]byte("a 1e400\nb NaN\n"))
	f.Fuzz(func(t *testing.T, page []byte) {
		readings, err := parsePrometheus(page)
		if (readings == nil) == (err == nil) || len(readings) > Most {
			t.Fatalf("%d readings and error %v", len(readings), err)
		}
	})
}

func TestStatsDLines(t *testing.T) {
	for line, want := range map[string]Readings{
		"a:5|c":                           {"a": {Value: 5}},
		"a:5|c|@0.5":                      {"a": {Value: 10}},
		"a:1:2:3|c|#lang:go":              {"a": {Value: 6}},
		"a:1|c|#reason:x,lang:go":         {"a|#reason:x": {Value: 1}},
		"a:1|c|#b|c:in-1|T16":             {"a": {Value: 1}},
		"a:4|g|#exporter:o,reason:r":      {"a|#exporter:o,reason:r": {Value: 4, Gauge: true}},
		"a:-4|g\r":                        {"a": {Value: -4, Gauge: true}},
		"a:5|ms":                          {},
		"a:5|d":                           {},
		"a:x|s":                           {},
		"a:x|c":                           {},
		"a:NaN|c":                         {},
		":5|c":                            {},
		"a|c":                             {},
		"":                                {},
		"_e{5,4}:title|text":              {},
		"_sc|up|0":                        {},
		strings.Repeat("a", 400) + ":1|c": {},
	} {
		got := Readings{}
		got.take(line)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	}
}

// Counts are added up whatever the packets they come in, and gauges are not.
func TestStatsDSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.IntRange(0, 1000), 1, 50).Draw(t, "values")
		got, sum := Readings{}, 0
		for _, v := range values {
			got.take(fmt.Sprintf("count:%d|c|#lang:x", v))
			got.take(fmt.Sprintf("gauge:%d|g", v))
			sum += v
		}
		last := float64(values[len(values)-1])
		if got["count"].Value != float64(sum) || got["gauge"].Value != last {
			t.Fatalf("%+v, want a sum of %d and the last, %v", got, sum, last)
		}
	})
}

// However many names are sent, those that have a meaning find a place, and the
// memory is bounded.
func TestStatsDIsBounded(t *testing.T) {
	got := Readings{}
	for i := range 3 * Most {
		got.take(fmt.Sprintf("noise.%d:1|c", i))
	}
	if len(got) != Most/2 {
		t.Errorf("%d names without a meaning, want %d", len(got), Most/2)
	}
	got.take("datadog.trace_agent.receiver.traces_received:3|c")
	if got["datadog.trace_agent.receiver.traces_received"].Value != 3 {
		t.Error("no room for a counter with a meaning")
	}
	for i := range 3 * Most {
		got.take(fmt.Sprintf("datadog.trace_agent.normalizer.traces_dropped:1|c|#reason:%d", i))
	}
	if len(got) != Most {
		t.Errorf("%d names, want %d", len(got), Most)
	}
}

func FuzzStatsD(f *testing.F) {
	f.Add("a:5|c|@0.1|#reason:x,lang:go")
	f.Add("_e{1,1}:a|b")
	f.Fuzz(func(t *testing.T, line string) {
		got := Readings{}
		got.take(line)
		for name := range got {
			if name == "" || len(name) > nameBytes || len(got) > 1 {
				t.Fatalf("%q gives %+v", line, got)
			}
		}
	})
}

func TestStatsDListens(t *testing.T) {
	s, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("udp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	meaning := func(name string) string { return map[string]string{"a": "delivered.spans"}[name] }
	flushed := make(chan struct{})
	go func() {
		defer close(flushed)
		s.Flushed(t.Context(), 30*time.Second, meaning)
	}()
	sent := 0
	for done := false; !done; { // until one has come after the wait began
		if _, err := conn.Write([]byte("a:1|c\nb:2|g\n")); err != nil {
			t.Fatal(err)
		}
		sent++
		select {
		case <-flushed:
			done = true
		case <-time.After(2 * quietFor):
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := s.Read(t.Context())
	if err != nil || got["a"].Value != float64(sent) || got["b"] != (Reading{Value: 2, Gauge: true}) {
		t.Errorf("after %d packets: %+v, %v", sent, got, err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
	if _, err := Listen("127.0.0.1:x"); err == nil {
		t.Error("a port that is none was listened on")
	}
}

func TestFlushedIsBounded(t *testing.T) {
	s, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	meaning := func(string) string { return "delivered" }
	s.Flushed(t.Context(), time.Millisecond, meaning)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.Flushed(ctx, time.Hour, meaning)
}

// Awaited is each counter that speaks of what was delivered or accepted, for one of
// them may be sent before another; those that do not are not waited for.
func TestSentSince(t *testing.T) {
	meaning := func(name string) string {
		return map[string]string{"got": "delivered", "sent": "accepted.spans", "lost": "dropped"}[name]
	}
	s := &StatsD{totals: Readings{}, sentBy: map[string]uint64{}}
	packet := func(lines ...string) {
		s.packets++
		for _, line := range lines {
			if name := s.totals.take(line); name != "" {
				s.sentBy[name] = s.packets
			}
		}
	}
	expect := func(before uint64, want bool) {
		t.Helper()
		if got := s.sentSince(before, meaning); got != want {
			t.Errorf("after packet %d of %d: %v, want %v", before, s.packets, got, want)
		}
	}
	expect(0, false)
	packet("lost:1|c", "noise:1|c", "sent:0|c")
	expect(0, false) // nothing that was delivered
	packet("got:1|c")
	expect(0, true)
	expect(2, false)
	packet("sent:3|c")
	expect(2, false) // got has had a value, and may have another
	packet("got:2|c")
	expect(2, true)
	packet("got:1|c")
	expect(4, false) // now sent has had one
	s.lastAt = time.Now()
	expect(2, false) // the rest of this flush may be on its way
}

func TestMeaning(t *testing.T) {
	for _, tt := range []struct{ kind, name, want string }{
		{KindVars, "receiver.traces_received", "delivered"},
		{KindVars, "receiver.traces_dropped.span_id_zero", "dropped"},
		{KindVars, "receiver.traces_dropped.payload_too_large", "refused:413"},
		{KindVars, "trace_writer.spans", "accepted.spans"},
		{KindVars, "receiver.services_received", MeaningOther},
		{KindStatsD, "datadog.trace_agent.receiver.spans_received", "delivered.spans"},
		{KindStatsD, "datadog.trace_agent.receiver.payload_refused", "refused.requests:429"},
		{KindStatsD, "datadog.trace_agent.normalizer.traces_dropped|#reason:foreign_span", "dropped"},
		{KindStatsD, "datadog.trace_agent.receiver.traces_dropped|#reason:timeout", "refused:408"},
		{KindStatsD, "datadog.trace_agent.trace_writer.traces", "accepted"},
		{KindStatsD, "datadog.trace_agent.receiver.trace", MeaningOther},
		{KindPrometheus, `otelcol_receiver_accepted_spans_total{receiver="datadog"}`, "delivered.spans"},
		{KindPrometheus, "otelcol_exporter_sent_spans", "accepted.spans"},
		{KindPrometheus, `otelcol_exporter_send_failed_spans_total{exporter="x"}`, "dropped.spans:send_failed"},
		{KindPrometheus, "go_goroutines", MeaningOther},
	} {
		got := Meaning(tt.kind, tt.name)
		if got != tt.want {
			t.Errorf("%s %s means %q, want %q", tt.kind, tt.name, got, tt.want)
		}
		if err := CheckMeaning(got); err != nil {
			t.Error(err) // what is known here can be written, too
		}
	}
}

func TestCheckMeaning(t *testing.T) {
	for _, text := range []string{"accepted", "accepted.spans", "dropped:full", "refused.requests:429", "other"} {
		if err := CheckMeaning(text); err != nil {
			t.Error(err)
		}
	}
	for text, want := range map[string]string{
		"":                  "no column",
		"acepted":           "known are sent,",
		"accepted.bytes":    ".spans or .requests",
		"accepted.requests": "requests are counted as sent,",
		"accepted:why":      "only dropped and refused",
		"dropped:":          "reason is empty",
	} {
		if err := CheckMeaning(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one that says %q", text, err, want)
		}
	}
}
