package generator

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/tinylib/msgp/msgp"

	"github.com/spanstorm/spanstorm/scenarios"
)

// sent leaves out of events what is not sent.
var sent = cmpopts.IgnoreFields(Event{}, "Offset")

// withExtras gives operations links, events and structured metadata.
func withExtras(s *scenarios.Scenario) {
	checkout, charge := s.Services["web"].Operations["checkout"], s.Services["payments"].Operations["charge"]
	checkout.Links = 0.5
	checkout.Events = &scenarios.Events{Count: scenarios.Dist{Kind: scenarios.UniformInt, B: 3}}
	checkout.MetaStruct = map[string]scenarios.Size{"appsec": 1500, "iast": 16}
	charge.Links = 0.1
	charge.Events = &scenarios.Events{Exception: true}
}

func linksOf(s *pb.Span) []Link {
	var links []Link
	for _, l := range s.SpanLinks {
		links = append(links, Link{l.TraceIDHigh, l.TraceID, l.SpanID, l.Attributes, l.Tracestate, l.Flags})
	}
	return links
}

func eventsOf(s *pb.Span) []Event {
	var events []Event
	for _, e := range s.SpanEvents {
		event := Event{Name: e.Name, UnixNS: int64(e.TimeUnixNano), Attributes: map[string]any{}}
		for key, value := range e.Attributes {
			event.Attributes[key] = attributeOf(value)
		}
		events = append(events, event)
	}
	return events
}

func attributeOf(v *pb.AttributeAnyValue) any {
	switch v.Type {
	case pb.AttributeAnyValue_BOOL_VALUE:
		return v.BoolValue
	case pb.AttributeAnyValue_INT_VALUE:
		return v.IntValue
	case pb.AttributeAnyValue_DOUBLE_VALUE:
		return v.DoubleValue
	case pb.AttributeAnyValue_ARRAY_VALUE:
		list := []any{}
		for _, e := range v.ArrayValue.Values {
			list = append(list, attributeOf(&pb.AttributeAnyValue{
				Type: pb.AttributeAnyValue_AttributeAnyValueType(e.Type), StringValue: e.StringValue, BoolValue: e.BoolValue, IntValue: e.IntValue, DoubleValue: e.DoubleValue,
			}))
		}
		return list
	}
	return v.StringValue
}

// fromTags reads links and events out of the tags that v0.3 and v0.5 keep them in.
func fromTags(t fataler, traces [][]plainSpan) [][]plainSpan {
	for _, spans := range traces {
		for i := range spans {
			spans[i].Links, spans[i].Events = readTags(t, spans[i].Meta)
		}
	}
	return traces
}

func readTags(t fataler, meta map[string]string) (links []Link, events []Event) {
	if text, ok := meta["_dd.span_links"]; ok {
		var list []struct {
			TraceID    string            `json:"trace_id"`
			SpanID     string            `json:"span_id"`
			Attributes map[string]string `json:"attributes"`
			Tracestate string            `json:"tracestate"`
			Flags      uint32            `json:"flags"`
		}
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		for _, l := range list {
			if len(l.TraceID) != 32 || len(l.SpanID) != 16 {
				t.Fatalf("ids of a link: %q, %q", l.TraceID, l.SpanID)
			}
			link := Link{Attributes: l.Attributes, Tracestate: l.Tracestate, Flags: l.Flags}
			for id, digits := range map[*uint64]string{&link.TraceIDHigh: l.TraceID[:16], &link.TraceID: l.TraceID[16:], &link.SpanID: l.SpanID} {
				n, err := strconv.ParseUint(digits, 16, 64)
				if err != nil {
					t.Fatalf("%v", err)
				}
				*id = n
			}
			links = append(links, link)
		}
		delete(meta, "_dd.span_links")
	}
	if text, ok := meta["events"]; ok {
		var list []struct {
			Name       string         `json:"name"`
			Time       int64          `json:"time_unix_nano"`
			Attributes map[string]any `json:"attributes"`
		}
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		for _, e := range list {
			events = append(events, Event{Name: e.Name, UnixNS: e.Time, Attributes: e.Attributes})
		}
		delete(meta, "events")
	}
	return links, events
}

// asTags takes away what tags cannot hold: structured metadata, and which
// numbers are whole.
func asTags(s *plainSpan) {
	s.MetaStruct = nil
	for _, e := range s.Events {
		for key, value := range e.Attributes {
			if n, ok := value.(int64); ok {
				e.Attributes[key] = float64(n)
			}
		}
	}
}

// What the language asks for is there, in the share and of the size asked for.
func TestExtrasAreAsAsked(t *testing.T) {
	s := shop()
	withExtras(s)
	c, plain := compileOrFatal(t, s), compileOrFatal(t, shop())
	if c.Fingerprint() == plain.Fingerprint() {
		t.Error("the fingerprint does not know of extras")
	}
	var checkouts, links, failed, exceptions int
	for seq := range uint64(200) {
		for i := range c.Chunks(nil, seq) {
			tree, err := c.Tree(seq, i)
			if err != nil {
				t.Fatal(err)
			}
			for _, span := range tree.Spans {
				switch {
				case strings.HasPrefix(span.Resource, "POST /checkout"):
					checkouts++
					links += len(span.Links)
					if len(span.Events) > 3 || len(span.MetaStruct["appsec"]) != 1500 || len(span.MetaStruct["iast"]) != 16 {
						t.Fatalf("%d events, documents of %d and %d bytes", len(span.Events), len(span.MetaStruct["appsec"]), len(span.MetaStruct["iast"]))
					}
					for _, document := range span.MetaStruct {
						if _, rest, err := msgp.ReadMapStrIntfBytes(document, nil); err != nil || len(rest) > 0 {
							t.Fatalf("a document is no msgpack map: %v, %d bytes left over", err, len(rest))
						}
					}
				case span.Resource == "Payments/Charge" && span.Error:
					failed++
					for _, e := range span.Events {
						if e.Name == "exception" && e.Attributes["exception.message"] == span.Meta["error.message"] && e.Attributes["exception.type"] == span.Meta["error.type"] {
							exceptions++
						}
					}
				case len(span.Links) > 0 && span.Resource != "Payments/Charge" || len(span.MetaStruct) > 0:
					t.Fatalf("%s has extras that nobody asked for", span.Resource)
				}
				for _, e := range span.Events {
					if e.Offset < span.Offset || e.Offset > span.Offset+span.Duration {
						t.Fatalf("an event at %s, of a span from %s for %s", e.Offset, span.Offset, span.Duration)
					}
				}
				for _, l := range span.Links {
					if l.TraceIDHigh>>32 == 0 || uint32(l.TraceIDHigh) != 0 || l.TraceID == 0 || l.SpanID == 0 {
						t.Fatalf("link %+v", l)
					}
				}
			}
		}
	}
	if share := float64(links) / float64(checkouts); checkouts < 1000 || share < 0.4 || share > 0.6 {
		t.Errorf("%d links of %d spans, half of them asked for", links, checkouts)
	}
	if failed == 0 || exceptions != failed {
		t.Errorf("%d exceptions of %d failed spans", exceptions, failed)
	}
	// All else is the same with extras and without.
	for i := range plain.Chunks(nil, 7) {
		a, errA := c.Tree(7, i)
		b, errB := plain.Tree(7, i)
		if errA != nil || errB != nil || len(a.Spans) != len(b.Spans) || a.Spans[0].Duration != b.Spans[0].Duration || a.Spans[0].Meta["http.url"] != b.Spans[0].Meta["http.url"] {
			t.Fatalf("extras change the tree: %v, %v", errA, errB)
		}
	}
}
