package altered

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/spanstorm/spanstorm/generator"
	"github.com/spanstorm/spanstorm/results"
)

// extras are links, events and structured metadata of a span, wherever they stood: an
// agent may well put into fields what came in tags. A link and an event is a text that
// has all of it, the same whatever it came in.
type extras struct {
	links, events []string
	structs       map[string][]byte
}

// The fields of a span in which extras are looked for, and tags of the APIs that have no fields for them.
const (
	linksField  = "span_links"
	eventsField = "span_events"
	structField = "meta_struct."
	linksTag    = "_dd.span_links"
	eventsTag   = "events"
)

// flagsSet is the bit by which Datadog's links say that they have flags at all.
const flagsSet = 1 << 31

// linkText is `trace:span flags=1 tracestate="…" key=value …`.
func linkText(traceHigh, trace, spanID uint64, flags uint32, tracestate string, attributes map[string]any) string {
	text := fmt.Sprintf("%016x%016x:%016x", traceHigh, trace, spanID)
	if flags &^= flagsSet; flags != 0 {
		text += fmt.Sprintf(" flags=%d", flags)
	}
	if tracestate != "" {
		text += " tracestate=" + strconv.Quote(tracestate)
	}
	return text + attributesText(attributes)
}

// eventText is `"name" at ns since 1970 key=value …`.
func eventText(name string, unixNS int64, attributes map[string]any) string {
	return strconv.Quote(name) + " at " + strconv.FormatInt(unixNS, 10) + attributesText(attributes)
}

func attributesText(attributes map[string]any) string {
	var b strings.Builder
	for _, key := range slices.Sorted(maps.Keys(attributes)) {
		b.WriteString(" " + key + "=" + valueText(attributes[key]))
	}
	return b.String()
}

// valueText does not tell whole numbers from others: JSON does not.
func valueText(value any) string {
	switch v := value.(type) {
	case string:
		return strconv.Quote(v)
	case int64:
		return number(float64(v))
	case float64:
		return number(v)
	case []any:
		list := make([]string, len(v))
		for i := range v {
			list[i] = valueText(v[i])
		}
		return "[" + strings.Join(list, " ") + "]"
	case map[string]any:
		return "{" + strings.TrimPrefix(attributesText(v), " ") + "}"
	}
	return fmt.Sprint(value)
}

// anyOf is the same map with values of any type.
func anyOf(texts map[string]string) map[string]any {
	values := make(map[string]any, len(texts))
	for key, text := range texts {
		values[key] = text
	}
	return values
}

// extrasSent are those of a span as it was sent.
func extrasSent(s *generator.Span) extras {
	x := extras{structs: s.MetaStruct}
	for _, l := range s.Links {
		x.links = append(x.links, linkText(l.TraceIDHigh, l.TraceID, l.SpanID, l.Flags, l.Tracestate, anyOf(l.Attributes)))
	}
	for _, e := range s.Events {
		x.events = append(x.events, eventText(e.Name, e.UnixNS, e.Attributes))
	}
	return x
}

// extrasOfDatadog reads the fields, and where there is nothing in them the tags.
func extrasOfDatadog(s *pb.Span) extras {
	x := extras{structs: s.MetaStruct}
	for _, l := range s.SpanLinks {
		x.links = append(x.links, linkText(l.TraceIDHigh, l.TraceID, l.SpanID, l.Flags, l.Tracestate, anyOf(l.Attributes)))
	}
	for _, e := range s.SpanEvents {
		attributes := make(map[string]any, len(e.Attributes))
		for key, v := range e.Attributes {
			attributes[key] = datadogValue(v)
		}
		x.events = append(x.events, eventText(e.Name, int64(e.TimeUnixNano), attributes))
	}
	return x.orFromTags(s.Meta)
}

func datadogValue(v *pb.AttributeAnyValue) any {
	switch v.GetType() {
	case pb.AttributeAnyValue_BOOL_VALUE:
		return v.GetBoolValue()
	case pb.AttributeAnyValue_INT_VALUE:
		return v.GetIntValue()
	case pb.AttributeAnyValue_DOUBLE_VALUE:
		return v.GetDoubleValue()
	case pb.AttributeAnyValue_ARRAY_VALUE:
		list := []any{}
		for _, e := range v.GetArrayValue().GetValues() {
			// The two enumerations say the same with the same numbers.
			list = append(list, datadogValue(&pb.AttributeAnyValue{
				Type:        pb.AttributeAnyValue_AttributeAnyValueType(e.GetType()),
				StringValue: e.GetStringValue(), BoolValue: e.GetBoolValue(), IntValue: e.GetIntValue(), DoubleValue: e.GetDoubleValue(),
			}))
		}
		return list
	}
	return v.GetStringValue()
}

// extrasOfOTLP reads the span's own, and where there is nothing in them the attributes
// that tags have become.
func extrasOfOTLP(s *otlp.Span, tags map[string]string, structs map[string][]byte) extras {
	x := extras{structs: structs}
	for _, l := range s.GetLinks() {
		x.links = append(x.links, linkText(high(l.TraceId), low(l.TraceId), low(l.SpanId), l.Flags, l.TraceState, otlpValues(l.Attributes)))
	}
	for _, e := range s.GetEvents() {
		x.events = append(x.events, eventText(e.Name, int64(e.TimeUnixNano), otlpValues(e.Attributes)))
	}
	return x.orFromTags(tags)
}

func otlpValues(attributes []*common.KeyValue) map[string]any {
	values := make(map[string]any, len(attributes))
	for _, a := range attributes {
		values[a.GetKey()] = otlpValue(a.GetValue())
	}
	return values
}

func otlpValue(value *common.AnyValue) any {
	switch v := value.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return v.StringValue
	case *common.AnyValue_BoolValue:
		return v.BoolValue
	case *common.AnyValue_IntValue:
		return v.IntValue
	case *common.AnyValue_DoubleValue:
		return v.DoubleValue
	case *common.AnyValue_ArrayValue:
		list := []any{}
		for _, e := range v.ArrayValue.GetValues() {
			list = append(list, otlpValue(e))
		}
		return list
	case *common.AnyValue_KvlistValue:
		return otlpValues(v.KvlistValue.GetValues())
	case *common.AnyValue_BytesValue:
		return base64.StdEncoding.EncodeToString(v.BytesValue)
	}
	return nil
}

// orFromTags adds what stands in tags, as JSON. A tag that is none stays as it is.
func (x extras) orFromTags(tags map[string]string) extras {
	if text := tags[linksTag]; text != "" && len(x.links) == 0 {
		x.links = linksIn(text)
	}
	if text := tags[eventsTag]; text != "" && len(x.events) == 0 {
		x.events = eventsIn(text)
	}
	return x
}

func linksIn(text string) (links []string) {
	var list []struct {
		TraceID    string         `json:"trace_id"` // hexadecimal, as the span's
		SpanID     string         `json:"span_id"`
		Tracestate string         `json:"tracestate"`
		Flags      uint32         `json:"flags"`
		Attributes map[string]any `json:"attributes"`
	}
	if json.Unmarshal([]byte(text), &list) != nil {
		return []string{text}
	}
	for _, l := range list {
		split := max(0, len(l.TraceID)-16)
		upper, okUpper := hexadecimal(l.TraceID[:split])
		lower, okLower := hexadecimal(l.TraceID[split:])
		spanID, okSpan := hexadecimal(l.SpanID)
		if !okUpper || !okLower || !okSpan {
			return []string{text}
		}
		links = append(links, linkText(upper, lower, spanID, l.Flags, l.Tracestate, l.Attributes))
	}
	return links
}

func hexadecimal(text string) (n uint64, ok bool) {
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseUint(text, 16, 64)
	return n, err == nil
}

func eventsIn(text string) (events []string) {
	var list []struct {
		Name       string         `json:"name"`
		UnixNS     int64          `json:"time_unix_nano"`
		Attributes map[string]any `json:"attributes"`
	}
	if json.Unmarshal([]byte(text), &list) != nil {
		return []string{text}
	}
	for _, e := range list {
		events = append(events, eventText(e.Name, e.UnixNS, e.Attributes))
	}
	return events
}

// compareExtras appends what differs.
func compareExtras(to []difference, sent, came *extras) []difference {
	to = compareLists(to, linksField, sent.links, came.links)
	to = compareLists(to, eventsField, sent.events, came.events)
	for _, key := range slices.Sorted(maps.Keys(sent.structs)) {
		s := sent.structs[key]
		c, ok := came.structs[key]
		switch {
		case !ok:
			to = append(to, difference{structField + shown(key), results.FieldRemoved, sizeText(s), ""})
		case !bytes.Equal(s, c):
			to = append(to, changedText(structField+shown(key), string(s), string(c)))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(came.structs)) {
		if _, own := sent.structs[key]; !own {
			to = append(to, difference{structField + shown(key), results.FieldAdded, "", sizeText(came.structs[key])})
		}
	}
	return to
}

func sizeText(document []byte) string { return strconv.Itoa(len(document)) + " bytes" }

func compareLists(to []difference, field string, sent, came []string) []difference {
	s, c := strings.Join(sent, "; "), strings.Join(came, "; ")
	switch {
	case s == c:
		return to
	case len(came) == 0:
		return append(to, difference{field, results.FieldRemoved, shown(s), ""})
	case len(sent) == 0:
		return append(to, difference{field, results.FieldAdded, "", shown(c)})
	}
	return append(to, changedText(field, s, c))
}
