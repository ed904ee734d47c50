//go:build realagent

package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/internal/intake"
	"github.com/spanstorm/spanstorm/scenarios"
)

// extras are links, events and structured metadata of a span that came out, and
// the tags that hold the first two where the API has no fields for them.
type extras struct {
	links               []generator.Link
	events              []generator.Event
	structs             map[string][]byte
	linkTags, eventTags string
}

// forwardedExtras reads those of all spans, by the ids of spans.
func forwardedExtras(t *testing.T, samples []intake.Sample) map[uint64]extras {
	t.Helper()
	out := map[uint64]extras{}
	for _, sample := range samples {
		payload, err := sample.Decode()
		if err != nil {
			continue // no traces: compare has seen to those
		}
		for _, tracer := range payload.TracerPayloads {
			for _, chunk := range tracer.Chunks {
				for _, s := range chunk.Spans {
					out[s.SpanID] = plainExtras(s)
				}
			}
		}
		for _, tracer := range payload.IdxTracerPayloads {
			for _, chunk := range tracer.Chunks {
				for _, s := range chunk.Spans {
					out[s.SpanID] = indexedExtras(t, tracer.Strings, s)
				}
			}
		}
	}
	return out
}

func plainExtras(s *pb.Span) extras {
	x := extras{structs: s.MetaStruct, linkTags: s.Meta["_dd.span_links"], eventTags: s.Meta["events"]}
	for _, l := range s.SpanLinks {
		x.links = append(x.links, generator.Link{
			TraceIDHigh: l.TraceIDHigh, TraceID: l.TraceID, SpanID: l.SpanID, Attributes: l.Attributes, Tracestate: l.Tracestate, Flags: l.Flags,
		})
	}
	for _, e := range s.SpanEvents {
		event := generator.Event{Name: e.Name, UnixNS: int64(e.TimeUnixNano), Attributes: map[string]any{}}
		for key, v := range e.Attributes {
			event.Attributes[key] = [...]any{v.StringValue, v.BoolValue, v.IntValue, v.DoubleValue, nil}[v.Type]
			if v.ArrayValue != nil {
				list := []any{}
				for _, element := range v.ArrayValue.Values {
					list = append(list, [...]any{element.StringValue, element.BoolValue, element.IntValue, element.DoubleValue}[element.Type])
				}
				event.Attributes[key] = list
			}
		}
		x.events = append(x.events, event)
	}
	return x
}

func indexedExtras(t *testing.T, texts []string, s *idx.Span) extras {
	t.Helper()
	x := extras{structs: map[string][]byte{}}
	for ref, value := range s.Attributes {
		plain := indexedValue(t, texts, value)
		switch key := texts[ref]; key {
		case "_dd.span_links":
			x.linkTags, _ = plain.(string)
		case "events":
			x.eventTags, _ = plain.(string)
		default:
			if document, ok := plain.([]byte); ok {
				x.structs[key] = document
			}
		}
	}
	for _, l := range s.Links {
		link := generator.Link{
			TraceIDHigh: binary.BigEndian.Uint64(l.TraceID), TraceID: binary.BigEndian.Uint64(l.TraceID[8:]), SpanID: l.SpanID,
			Attributes: map[string]string{}, Tracestate: texts[l.TracestateRef], Flags: l.Flags,
		}
		for ref, value := range l.Attributes {
			link.Attributes[texts[ref]], _ = indexedValue(t, texts, value).(string)
		}
		x.links = append(x.links, link)
	}
	for _, e := range s.Events {
		event := generator.Event{Name: texts[e.NameRef], UnixNS: int64(e.Time), Attributes: map[string]any{}}
		for ref, value := range e.Attributes {
			event.Attributes[texts[ref]] = indexedValue(t, texts, value)
		}
		x.events = append(x.events, event)
	}
	return x
}

func indexedValue(t *testing.T, texts []string, value *idx.AnyValue) any {
	t.Helper()
	switch v := value.Value.(type) {
	case *idx.AnyValue_StringValueRef:
		return texts[v.StringValueRef]
	case *idx.AnyValue_BoolValue:
		return v.BoolValue
	case *idx.AnyValue_IntValue:
		return v.IntValue
	case *idx.AnyValue_DoubleValue:
		return v.DoubleValue
	case *idx.AnyValue_BytesValue:
		return v.BytesValue
	case *idx.AnyValue_ArrayValue:
		list := []any{}
		for _, element := range v.ArrayValue.Values {
			list = append(list, indexedValue(t, texts, element))
		}
		return list
	}
	t.Fatalf("a value is a %T", value.Value)
	return nil
}

// compareExtras holds links, events and structured metadata that came out
// against those that were generated.
func compareExtras(t *testing.T, api scenarios.API, want map[uint64]map[uint64]generator.Span, got map[uint64]extras) {
	t.Helper()
	links, events, structs, differences := 0, 0, 0, 0
	for _, spans := range want {
		for id, w := range spans {
			expected := extras{links: w.Links, events: w.Events, structs: w.MetaStruct}
			if api == scenarios.V03 || api == scenarios.V05 {
				expected = extras{linkTags: linkTags(w.Links), eventTags: eventTags(w.Events)}
			}
			g := got[id]
			g.linkTags, g.eventTags = inOrder(g.linkTags), inOrder(g.eventTags)
			diff := gocmp.Diff(expected, g, gocmp.AllowUnexported(extras{}), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(generator.Event{}, "Offset"))
			if diff != "" {
				if differences++; differences <= 3 {
					t.Errorf("span %d (-generated +forwarded):\n%s", id, diff)
				}
			}
			links, events, structs = links+len(w.Links), events+len(w.Events), structs+len(w.MetaStruct)
		}
	}
	if links == 0 || events == 0 || structs == 0 {
		t.Error("nothing to compare")
	}
	t.Logf("compared %d links, %d events, %d documents, %d differences", links, events, structs, differences)
}

func linkTags(links []generator.Link) string {
	var list []map[string]any
	for _, l := range links {
		link := map[string]any{"trace_id": fmt.Sprintf("%016x%016x", l.TraceIDHigh, l.TraceID), "span_id": fmt.Sprintf("%016x", l.SpanID)}
		if len(l.Attributes) > 0 {
			link["attributes"] = l.Attributes
		}
		if l.Tracestate != "" {
			link["tracestate"], link["flags"] = l.Tracestate, l.Flags
		}
		list = append(list, link)
	}
	return asJSON(list, len(list))
}

func eventTags(events []generator.Event) string {
	var list []map[string]any
	for _, e := range events {
		list = append(list, map[string]any{"name": e.Name, "time_unix_nano": e.UnixNS, "attributes": e.Attributes})
	}
	return asJSON(list, len(list))
}

// asJSON is a list as a tag holds it; an empty one is no tag.
func asJSON(list any, n int) string {
	if n == 0 {
		return ""
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err.Error()
	}
	return inOrder(string(text))
}

// inOrder is a JSON text with its keys in order, and its numbers as they are.
func inOrder(text string) string {
	var list []map[string]any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if d.Decode(&list) != nil {
		return text
	}
	ordered, err := json.Marshal(list)
	if err != nil {
		return text
	}
	return string(ordered)
}
