package main

import (
	"encoding/json"
	"fmt"
	"strings"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/scenarios"
)

// extras are links, events and structured metadata of a span, and the tags that
// hold the first two where the API has no fields for them.
type extras struct {
	Links               []generator.Link
	Events              []generator.Event
	Structs             map[string]string // as text, which is compared at once
	LinkTags, EventTags string            // JSON, with its keys in order
}

// sent leaves out of events what is not sent, and takes none of a kind for an empty list.
var sent = gocmp.Options{cmpopts.IgnoreFields(generator.Event{}, "Offset"), cmpopts.EquateEmpty()}

// withExtras puts extras on every operation of a scenario.
func withExtras(s *scenarios.Scenario) {
	for _, service := range s.Services {
		for _, op := range service.Operations {
			op.Links = 0.3
			op.Events = &scenarios.Events{Count: scenarios.Dist{Kind: scenarios.UniformInt, B: 2}, Exception: true}
			op.MetaStruct = map[string]scenarios.Size{"appsec": 500}
		}
	}
}

// extrasOf reads those of a span.
func extrasOf(s *pb.Span) extras {
	x := extras{Structs: texts(s.MetaStruct), LinkTags: inOrder(s.Meta["_dd.span_links"]), EventTags: inOrder(s.Meta["events"])}
	for _, l := range s.SpanLinks {
		x.Links = append(x.Links, generator.Link{
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
		x.Events = append(x.Events, event)
	}
	return x
}

// extrasGenerated are those of a span that was generated, as the API has them:
// v0.3 and v0.5 have no form for structured metadata.
func extrasGenerated(api scenarios.API, s generator.Span) extras {
	if api == scenarios.V03 || api == scenarios.V05 {
		return extras{LinkTags: linkTags(s.Links), EventTags: eventTags(s.Events)}
	}
	return extras{Links: s.Links, Events: s.Events, Structs: texts(s.MetaStruct)}
}

func texts(documents map[string][]byte) map[string]string {
	out := map[string]string{}
	for key, document := range documents {
		out[key] = string(document)
	}
	return out
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
