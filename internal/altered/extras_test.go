package altered

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/google/go-cmp/cmp"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/results"
)

// rich is a span with two links and two events that have attributes of every type.
func rich() *generator.Span {
	return &generator.Span{
		Links: []generator.Link{
			{TraceIDHigh: 0x6900000000000000, TraceID: 0xfedcba9876543210, SpanID: 7, Attributes: map[string]string{"link.kind": "retry", "a": ""}, Tracestate: `dd="s"`, Flags: 1<<31 | 1},
			{TraceID: 3, SpanID: 4},
		},
		Events: []generator.Event{
			{Name: "order.cancel", UnixNS: 1_800_000_000_123_456_789, Attributes: map[string]any{
				"message": "no; at 7", "retryable": true, "attempt": int64(3), "elapsed_ms": 12.25, "hosts": []any{"10.0.0.1", "10.0.0.2"},
			}},
			{Name: "exception", UnixNS: 1_800_000_000_123_456_790},
		},
		MetaStruct: map[string][]byte{"appsec": {0xde, 0, 0}},
	}
}

// fielded is the span in the fields of Datadog's message.
func fielded(s *generator.Span) *pb.Span {
	out := &pb.Span{MetaStruct: s.MetaStruct}
	for _, l := range s.Links {
		out.SpanLinks = append(out.SpanLinks, &pb.SpanLink{
			TraceIDHigh: l.TraceIDHigh, TraceID: l.TraceID, SpanID: l.SpanID, Attributes: l.Attributes, Tracestate: l.Tracestate, Flags: l.Flags,
		})
	}
	for _, e := range s.Events {
		event := &pb.SpanEvent{Name: e.Name, TimeUnixNano: uint64(e.UnixNS), Attributes: map[string]*pb.AttributeAnyValue{}}
		for key, value := range e.Attributes {
			v := &pb.AttributeAnyValue{}
			switch value := value.(type) {
			case string:
				v.StringValue = value
			case bool:
				v.Type, v.BoolValue = pb.AttributeAnyValue_BOOL_VALUE, value
			case int64:
				v.Type, v.IntValue = pb.AttributeAnyValue_INT_VALUE, value
			case float64:
				v.Type, v.DoubleValue = pb.AttributeAnyValue_DOUBLE_VALUE, value
			case []any:
				v.Type, v.ArrayValue = pb.AttributeAnyValue_ARRAY_VALUE, &pb.AttributeArray{}
				for _, text := range value {
					v.ArrayValue.Values = append(v.ArrayValue.Values, &pb.AttributeArrayValue{StringValue: fmt.Sprint(text)})
				}
			}
			event.Attributes[key] = v
		}
		out.SpanEvents = append(out.SpanEvents, event)
	}
	return out
}

// tagged is the span with links and events in tags, as v0.3 and v0.5 have them.
func tagged(t *testing.T, s *generator.Span) map[string]string {
	t.Helper()
	var links, events []map[string]any
	for _, l := range s.Links {
		links = append(links, map[string]any{
			"trace_id": fmt.Sprintf("%016x%016x", l.TraceIDHigh, l.TraceID), "span_id": fmt.Sprintf("%016x", l.SpanID),
			"tracestate": l.Tracestate, "flags": l.Flags, "attributes": l.Attributes,
		})
	}
	for _, e := range s.Events {
		events = append(events, map[string]any{"name": e.Name, "time_unix_nano": e.UnixNS, "attributes": e.Attributes})
	}
	asJSON := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	return map[string]string{linksTag: asJSON(links), eventsTag: asJSON(events)}
}

// otlpSpan is the span in OTLP.
func otlpSpan(s *generator.Span) *otlp.Span {
	var value func(any) *common.AnyValue
	value = func(v any) *common.AnyValue {
		switch v := v.(type) {
		case bool:
			return &common.AnyValue{Value: &common.AnyValue_BoolValue{BoolValue: v}}
		case int64:
			return &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: v}}
		case float64:
			return &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: v}}
		case []any:
			list := &common.ArrayValue{}
			for _, e := range v {
				list.Values = append(list.Values, value(e))
			}
			return &common.AnyValue{Value: &common.AnyValue_ArrayValue{ArrayValue: list}}
		}
		return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: fmt.Sprint(v)}}
	}
	attributes := func(of map[string]any) (list []*common.KeyValue) {
		for key, v := range of {
			list = append(list, &common.KeyValue{Key: key, Value: value(v)})
		}
		return list
	}
	id := func(parts ...uint64) (b []byte) {
		for _, part := range parts {
			b = fmt.Appendf(b, "%s", []byte{byte(part >> 56), byte(part >> 48), byte(part >> 40), byte(part >> 32), byte(part >> 24), byte(part >> 16), byte(part >> 8), byte(part)})
		}
		return b
	}
	out := &otlp.Span{}
	for _, l := range s.Links {
		out.Links = append(out.Links, &otlp.Span_Link{
			TraceId: id(l.TraceIDHigh, l.TraceID), SpanId: id(l.SpanID), TraceState: l.Tracestate, Flags: l.Flags, Attributes: attributes(anyOf(l.Attributes)),
		})
	}
	for _, e := range s.Events {
		out.Events = append(out.Events, &otlp.Span_Event{TimeUnixNano: uint64(e.UnixNS), Name: e.Name, Attributes: attributes(e.Attributes)})
	}
	return out
}

// TestExtrasAreTheSameWhateverTheyCameIn reads the same links and events from fields, tags and OTLP.
func TestExtrasAreTheSameWhateverTheyCameIn(t *testing.T) {
	sent := extrasSent(rich())
	tags := tagged(t, rich())
	for name, came := range map[string]extras{
		"fields":          extrasOfDatadog(fielded(rich())),
		"tags":            extrasOfDatadog(&pb.Span{Meta: tags, MetaStruct: sent.structs}),
		"OTLP":            extrasOfOTLP(otlpSpan(rich()), nil, sent.structs),
		"OTLP attributes": extrasOfOTLP(&otlp.Span{}, tags, sent.structs),
	} {
		if diff := cmp.Diff(sent, came, cmp.AllowUnexported(extras{})); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	want := `6900000000000000fedcba9876543210:0000000000000007 flags=1 tracestate="dd=\"s\"" a="" link.kind="retry"`
	if got := sent.links[0]; got != want {
		t.Error(got)
	}
	want = `"order.cancel" at 1800000000123456789 attempt=3 elapsed_ms=12.25 hosts=["10.0.0.1" "10.0.0.2"] message="no; at 7" retryable=true`
	if got := sent.events[0]; got != want {
		t.Error(got)
	}
}

// TestExtrasThatAreLostOrChanged shows people what is different.
func TestExtrasThatAreLostOrChanged(t *testing.T) {
	sent := extrasSent(rich())
	for name, c := range map[string]struct {
		rewrite func(s *generator.Span)
		want    []difference
	}{
		"nothing": {func(*generator.Span) {}, nil},
		"the second link": {func(s *generator.Span) { s.Links = s.Links[:1] }, []difference{{
			"span_links", results.FieldChanged, `…ink.kind="retry"; 00000000000000000000000000000003:0000000000000004 (153 bytes)`, `…ink.kind="retry" (102 bytes)`,
		}}},
		"all": {func(s *generator.Span) { *s = generator.Span{} }, []difference{
			{"span_links", results.FieldRemoved, `6900000000000000fedcba9876543210:0000000000000007 flags=1 tracestate="dd=\"s\"" … (153 bytes)`, ""},
			{"span_events", results.FieldRemoved, `"order.cancel" at 1800000000123456789 attempt=3 elapsed_ms=12.25 hosts=["10.0.0.… (164 bytes)`, ""},
			{"meta_struct.appsec", results.FieldRemoved, "3 bytes", ""},
		}},
		"a time": {func(s *generator.Span) { s.Events[1].UnixNS = 0 }, []difference{{
			"span_events", results.FieldChanged, `… "exception" at 1800000000123456790 (164 bytes)`, `… "exception" at 0 (146 bytes)`,
		}}},
	} {
		s := rich()
		c.rewrite(s)
		came := extrasSent(s)
		got := compareExtras(nil, &sent, &came)
		for i := range got {
			if i < len(c.want) && got[i] != c.want[i] {
				t.Errorf("%s: %q", name, got[i])
			}
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestTagsThatAreNoLinks are shown as they are.
func TestTagsThatAreNoLinks(t *testing.T) {
	for _, text := range []string{"none", `[{"trace_id": "0123456789abcdef0123456789abcdef0123456789abcdef", "span_id": "1"}]`, `[{"trace_id": "zz", "span_id": "1"}]`, `[{"trace_id": 5}]`} {
		if got := linksIn(text); !slices.Equal(got, []string{text}) {
			t.Errorf("%s: %v", text, got)
		}
	}
	if got := eventsIn(`{"name": "x"}`); !slices.Equal(got, []string{`{"name": "x"}`}) {
		t.Error(got)
	}
}

// TestExtrasInAnAccount has an agent lose the links of every fourth span that has any, in the APIs with
// fields for them and in those without.
func TestExtrasInAnAccount(t *testing.T) {
	for _, api := range []string{"v0.4", "v0.5", "v1.0"} {
		r := newRig(t, "smoke", 20, "api="+api, "traces_per_request=5", "services.web.operations.hello.links=50%", "services.web.operations.hello.events=2", "services.web.operations.hello.meta_struct={appsec: 64B}")
		had, lost := 0, uint64(0)
		for _, ordinal := range r.chosen {
			r.forward(ordinal, func(spans []*pb.Span) {
				for _, s := range spans {
					if len(s.SpanLinks) == 0 {
						continue
					}
					if had++; had%4 == 0 {
						s.SpanLinks = nil
						lost++
					}
				}
			})
		}
		got, err := r.sheet.Close()
		if err != nil || lost == 0 {
			t.Fatalf("%v, %d were lost", err, lost)
		}
		if len(got.Fields) != 1 || got.Fields[0].Field != "span_links" || got.Fields[0].Change != results.FieldRemoved || got.Fields[0].Spans != lost || got.Altered.Altered.Spans != lost {
			t.Errorf("%s: %+v, want %d", api, got.Fields, lost)
		}
	}
}
