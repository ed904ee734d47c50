package altered

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/results"
)

func drawSpan(t *rapid.T) span {
	tag := rapid.SampledFrom([]string{"http.method", "env", "user.id", "_dd.p.dm", "http.request.headers.host"})
	s := span{spanID: rapid.Uint64().Draw(t, "span id"), meta: map[string]string{}, metrics: map[string]float64{}}
	for i := range s.texts {
		s.texts[i] = rapid.String().Draw(t, "text")
	}
	for i := range s.numbers {
		s.numbers[i] = rapid.Int64().Draw(t, "number")
	}
	s.numbers[atError] = int64(rapid.IntRange(0, 1).Draw(t, "error"))
	for range rapid.IntRange(0, 4).Draw(t, "tags") {
		s.meta[tag.Draw(t, "key")] = rapid.String().Draw(t, "value")
		s.metrics[rapid.SampledFrom([]string{"process_id", "rate"}).Draw(t, "key")] = rapid.Float64().Draw(t, "value")
	}
	return s
}

func cloned(s span) span {
	s.meta, s.metrics = maps.Clone(s.meta), maps.Clone(s.metrics)
	return s
}

// TestWhatDiffersIsFound changes one thing of a span at a time.
func TestWhatDiffersIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := drawSpan(t)
		came := cloned(sent)
		if d := compare(nil, &sent, &came, false); d != nil {
			t.Fatalf("of two that are equal: %+v", d)
		}
		want := difference{}
		switch rapid.IntRange(0, 11).Draw(t, "what") {
		case 0:
			i := rapid.IntRange(0, 3).Draw(t, "text")
			came.texts[i] += "x"
			want = difference{field: []string{"service", "name", "resource", "type"}[i], change: results.FieldChanged}
		case 1:
			i := rapid.IntRange(0, 4).Draw(t, "number")
			came.numbers[i] ^= 1
			want = difference{field: []string{"trace_id", "parent_id", "start", "duration", "error"}[i], change: results.FieldChanged}
		case 2:
			sent.meta["a"], came.meta["a"] = "1", "2"
			want = difference{field: "meta.a", change: results.FieldChanged}
		case 3:
			sent.meta["a"] = "1"
			want = difference{field: "meta.a", change: results.FieldRemoved}
		case 4:
			came.metrics["a"] = 1
			want = difference{field: "metrics.a", change: results.FieldAdded}
		case 5:
			sent.metrics["a"], came.metrics["a"] = math.NaN(), 1
			want = difference{field: "metrics.a", change: results.FieldChanged}
		case 6:
			sent.extras.links = []string{"a:b", "c:d"}
			want = difference{field: "span_links", change: results.FieldRemoved}
		case 7:
			came.extras.links = []string{"a:b"}
			want = difference{field: "span_links", change: results.FieldAdded}
		case 8:
			sent.extras.events, came.extras.events = []string{"a at 1", "b at 2"}, []string{"a at 1", "b at 3"}
			want = difference{field: "span_events", change: results.FieldChanged}
		case 9:
			sent.extras.structs = map[string][]byte{"appsec": {1, 0xff}}
			want = difference{field: "meta_struct.appsec", change: results.FieldRemoved}
		case 10:
			sent.extras.structs, came.extras.structs = map[string][]byte{"appsec": {1, 0xff}}, map[string][]byte{"appsec": {2, 0xff}}
			want = difference{field: "meta_struct.appsec", change: results.FieldChanged}
		case 11:
			came.extras.structs = map[string][]byte{"appsec": {}}
			want = difference{field: "meta_struct.appsec", change: results.FieldAdded}
		}
		got := compare(nil, &sent, &came, false)
		if len(got) != 1 || got[0].field != want.field || got[0].change != want.change {
			t.Fatalf("%+v, want %+v", got, want)
		}
		if got[0].sent == got[0].came || !utf8.ValidString(got[0].sent+got[0].came) {
			t.Fatalf("%+v", got[0])
		}
	})
}

func TestMovedTagsAreNotCompared(t *testing.T) {
	sent := span{meta: map[string]string{"_dd.origin": "rum", "_dd.p.tid": "1"}, metrics: map[string]float64{"_sampling_priority_v1": 1}}
	came := span{meta: map[string]string{"_dd.p.dm": "-1"}}
	if d := compare(nil, &sent, &came, false); d != nil {
		t.Errorf("%+v", d)
	}
}

// collected is what the datadogreceiver of the collector makes of a span, by its source
// (receiver/datadogreceiver/internal/translator, v0.128.0).
func collected(s *span) *otlp.TracesData {
	text := func(key, value string) *common.KeyValue {
		return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: value}}}
	}
	id := func(high int, v int64) []byte {
		b := make([]byte, high, high+8)
		for shift := 56; shift >= 0; shift -= 8 {
			b = append(b, byte(uint64(v)>>shift))
		}
		return b
	}
	out := &otlp.Span{
		TraceId: id(8, s.numbers[atTraceID]), SpanId: id(0, int64(s.spanID)), ParentSpanId: id(0, s.numbers[atParentID]),
		StartTimeUnixNano: uint64(s.numbers[atStart]), EndTimeUnixNano: uint64(s.numbers[atStart] + s.numbers[atDuration]),
		Name: s.texts[atName], Status: &otlp.Status{Code: otlp.Status_STATUS_CODE_OK},
		Attributes: []*common.KeyValue{text("dd.span.Resource", s.texts[atResource])},
	}
	if s.numbers[atError] != 0 {
		out.Status.Code = otlp.Status_STATUS_CODE_ERROR
	}
	name := func(key string) string {
		if other := otherNames(key); len(other) > 0 {
			return other[0]
		}
		return key
	}
	for _, key := range slices.Sorted(maps.Keys(s.meta)) {
		out.Attributes = append(out.Attributes, text(name(key), s.meta[key]))
	}
	for _, key := range slices.Sorted(maps.Keys(s.metrics)) {
		out.Attributes = append(out.Attributes, &common.KeyValue{Key: name(key), Value: &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: s.metrics[key]}}})
	}
	return &otlp.TracesData{ResourceSpans: []*otlp.ResourceSpans{{
		Resource:   &resource.Resource{Attributes: []*common.KeyValue{text("service.name", s.texts[atService])}},
		ScopeSpans: []*otlp.ScopeSpans{{Spans: []*otlp.Span{out}}},
	}}}
}

// TestOTLPIsMappedBack compares what the collector makes of a span with the span.
func TestOTLPIsMappedBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := drawSpan(t)
		body, err := proto.Marshal(collected(&sent))
		if err != nil {
			t.Fatal(err)
		}
		came, err := read(intake.CutOut{Form: intake.FormOTLP, Body: body})
		if err != nil || len(came) != 1 || came[0].spanID != sent.spanID {
			t.Fatalf("%+v, %v", came, err)
		}
		if d := compare(nil, &sent, &came[0], true); d != nil {
			t.Fatalf("%+v", d)
		}
		came[0].meta["server.address"] = "db"
		sent.meta["http.url"] = "/"
		d := compare(nil, &sent, &came[0], true)
		want := []difference{{"meta.http.url", results.FieldRemoved, "/", ""}, {"meta.server.address", results.FieldAdded, "", "db"}}
		if diff := cmp.Diff(want, d, cmp.AllowUnexported(difference{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestReadingWhatIsNone(t *testing.T) {
	for _, c := range []intake.CutOut{{Form: "other"}, {Form: intake.FormChunk, Body: []byte{0xff}}, {Form: intake.FormIdx, Body: []byte{0xff}}, {Form: intake.FormOTLP, Body: []byte{0xff}}} {
		if _, err := read(c); err == nil || !strings.Contains(err.Error(), "chunk 0") {
			t.Errorf("%s: %v", c.Form, err)
		}
	}
}

func TestTextsAreCutToWhereTheyDiffer(t *testing.T) {
	long := strings.Repeat("é", 150)
	for _, tt := range []struct{ sent, came, wantSent, wantCame string }{
		{"web", "", "web", `""`},
		{"a\xffb", "a\uFFFDb", `"a\xffb"`, "a\uFFFDb"},
		{"a\tb", "a b", `"a\tb"`, "a b"},
		{long, long[:100], "…" + strings.Repeat("é", 40) + "… (300 bytes)", "…" + strings.Repeat("é", 8) + " (100 bytes)"},
		{"GET " + long, "get", "GET " + strings.Repeat("é", 38) + "… (304 bytes)", "get"},
	} {
		d := changedText("name", tt.sent, tt.came)
		if d.sent != tt.wantSent || d.came != tt.wantCame {
			t.Errorf("%q → %q: %s → %s", tt.sent, tt.came, d.sent, d.came)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) })
		d := changedText("name", raw.Draw(t, "sent"), raw.Draw(t, "came"))
		for _, s := range []string{d.sent, d.came} {
			if !utf8.ValidString(s) || len(s) > 8*shownBytes {
				t.Fatalf("%q", s)
			}
		}
	})
}

// TestSpansWithOneIDArePaired pairs those that are most alike.
func TestSpansWithOneIDArePaired(t *testing.T) {
	one := func(id uint64, name string) span { return span{spanID: id, texts: [4]string{atName: name}} }
	sent := []span{one(1, "a"), one(2, "b"), one(1, "c"), one(3, "d")}
	came := []span{one(1, "c"), one(1, "a"), one(2, "x"), one(9, "y")}
	if got := pair(sent, came, false); !slices.Equal(got, []int{1, 2, 0, -1}) {
		t.Error(got)
	}
}
