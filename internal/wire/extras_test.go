package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// anyExtras draws links, events and structured metadata, of each none to a few.
func anyExtras(t *rapid.T) *Extras {
	if rapid.IntRange(0, 2).Draw(t, "extras") > 0 {
		return nil
	}
	word := rapid.String()
	x := &Extras{}
	for range rapid.IntRange(0, 3).Draw(t, "links") {
		l := Link{
			TraceIDHigh: rapid.Uint64().Draw(t, "high"), TraceID: rapid.Uint64().Draw(t, "low"), SpanID: rapid.Uint64().Draw(t, "span"),
			Tracestate: word.Draw(t, "tracestate"), Flags: rapid.Uint32().Draw(t, "flags"),
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "attributes") {
			l.Attributes = append(l.Attributes, Tag{Key: fmt.Sprint(i, word.Draw(t, "key")), Value: word.Draw(t, "value")})
		}
		x.Links = append(x.Links, l)
	}
	for range rapid.IntRange(0, 3).Draw(t, "events") {
		e := Event{Name: word.Draw(t, "name"), Offset: rapid.Int64Range(0, 1e15).Draw(t, "offset")}
		for i := range rapid.IntRange(0, 3).Draw(t, "attributes") {
			e.Attributes = append(e.Attributes, Attribute{fmt.Sprint(i, word.Draw(t, "key")), anyValue(t)})
		}
		x.Events = append(x.Events, e)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "structs") {
		x.Structs = append(x.Structs, Struct{fmt.Sprint("struct", i, word.Draw(t, "key")), rapid.SliceOfN(rapid.Byte(), 1, 300).Draw(t, "document")})
	}
	return x
}

func anyValue(t *rapid.T) any {
	scalar := func() any {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			return rapid.Bool().Draw(t, "bool")
		case 1:
			return rapid.Int64().Draw(t, "int")
		case 2:
			return rapid.Float64Range(-1e300, 1e300).Draw(t, "double")
		}
		return rapid.String().Draw(t, "text")
	}
	if rapid.IntRange(0, 4).Draw(t, "array") > 0 {
		return scalar()
	}
	list := []any{}
	for range rapid.IntRange(0, 3).Draw(t, "elements") {
		list = append(list, scalar())
	}
	return list
}

// unexported is what Datadog's types keep for themselves.
var unexported = cmpopts.IgnoreUnexported(pb.Span{}, pb.SpanLink{}, pb.SpanEvent{}, pb.AttributeAnyValue{}, pb.AttributeArray{}, pb.AttributeArrayValue{})

// hasTags says that an encoding has no fields for links and events.
func hasTags(e Encoding) bool {
	switch e := e.(type) {
	case V03JSON:
		return e.InTags
	case V04:
		return e.InTags
	case V05:
		return true
	}
	return false
}

// withExtras puts the extras of a span on Datadog's span, as tags or as fields.
func withExtras(p *pb.Span, x *Extras, startUnixNS int64, inTags bool) {
	if x == nil {
		return
	}
	if inTags {
		withExtraTags(p, x, startUnixNS)
		return
	}
	for _, l := range x.Links {
		p.SpanLinks = append(p.SpanLinks, &pb.SpanLink{
			TraceID: l.TraceID, TraceIDHigh: l.TraceIDHigh, SpanID: l.SpanID,
			Attributes: attributeMap(l.Attributes), Tracestate: l.Tracestate, Flags: l.Flags,
		})
	}
	for _, e := range x.Events {
		event := &pb.SpanEvent{TimeUnixNano: uint64(startUnixNS + e.Offset), Name: e.Name, Attributes: map[string]*pb.AttributeAnyValue{}}
		for _, a := range e.Attributes {
			event.Attributes[a.Key] = pbValue(a.Value)
		}
		p.SpanEvents = append(p.SpanEvents, event)
	}
	for _, s := range x.Structs {
		if p.MetaStruct == nil {
			p.MetaStruct = map[string][]byte{}
		}
		p.MetaStruct[s.Key] = s.Value
	}
}

func withExtraTags(p *pb.Span, x *Extras, startUnixNS int64) {
	var links, events []any
	for _, l := range x.Links {
		link := map[string]any{"trace_id": fmt.Sprintf("%016x%016x", l.TraceIDHigh, l.TraceID), "span_id": fmt.Sprintf("%016x", l.SpanID)}
		if len(l.Attributes) > 0 {
			link["attributes"] = attributeMap(l.Attributes)
		}
		if l.Tracestate != "" {
			link["tracestate"] = l.Tracestate
		}
		if l.Flags != 0 {
			link["flags"] = l.Flags
		}
		links = append(links, link)
	}
	for _, e := range x.Events {
		attributes := map[string]any{}
		for _, a := range e.Attributes {
			attributes[a.Key] = a.Value
		}
		events = append(events, map[string]any{"name": e.Name, "time_unix_nano": startUnixNS + e.Offset, "attributes": attributes})
	}
	for key, list := range map[string][]any{"_dd.span_links": links, "events": events} {
		if len(list) > 0 {
			text, _ := json.Marshal(list)
			p.Meta[key] = canonical(string(text))
		}
	}
}

// canonical is a JSON text with its keys in order, and its numbers as they are.
func canonical(text string) string {
	var value any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return "no JSON: " + err.Error()
	}
	out, _ := json.Marshal(value)
	return string(bytes.TrimSpace(out))
}

// canonicalTags makes the tags that hold JSON comparable.
func canonicalTags(traces pb.Traces) {
	for _, trace := range traces {
		for _, s := range trace {
			for _, key := range []string{"_dd.span_links", "events"} {
				if text, ok := s.Meta[key]; ok {
					s.Meta[key] = canonical(text)
				}
			}
		}
	}
}

func pbValue(value any) *pb.AttributeAnyValue {
	switch v := value.(type) {
	case bool:
		return &pb.AttributeAnyValue{Type: pb.AttributeAnyValue_BOOL_VALUE, BoolValue: v}
	case int64:
		return &pb.AttributeAnyValue{Type: pb.AttributeAnyValue_INT_VALUE, IntValue: v}
	case float64:
		return &pb.AttributeAnyValue{Type: pb.AttributeAnyValue_DOUBLE_VALUE, DoubleValue: v}
	case []any:
		list := &pb.AttributeArray{}
		for _, element := range v {
			e := pbValue(element)
			list.Values = append(list.Values, &pb.AttributeArrayValue{
				Type: pb.AttributeArrayValue_AttributeArrayValueType(e.Type), StringValue: e.StringValue, BoolValue: e.BoolValue, IntValue: e.IntValue, DoubleValue: e.DoubleValue,
			})
		}
		return &pb.AttributeAnyValue{Type: pb.AttributeAnyValue_ARRAY_VALUE, ArrayValue: list}
	}
	return &pb.AttributeAnyValue{Type: pb.AttributeAnyValue_STRING_VALUE, StringValue: fmt.Sprint(value)}
}
