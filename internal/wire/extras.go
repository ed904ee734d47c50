package wire

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
)

// Extras are what few spans have: links, events, structured metadata.
type Extras struct {
	Links   []Link
	Events  []Event
	Structs []Struct
}

// Link points from a span to one of another trace.
type Link struct {
	TraceIDHigh, TraceID, SpanID uint64
	Attributes                   []Tag  // none of which varies
	Tracestate                   string // as W3C has it; empty: none
	Flags                        uint32 // W3C's flags, with bit 31 set where there are any
}

// Event is something that happened at a time within a span.
type Event struct {
	Name       string
	Offset     int64 // ns since Stamp.Start
	Attributes []Attribute
}

// Attribute is an entry of an event's attributes. The value is a string, bool,
// int64, float64, or a []any of those.
type Attribute struct {
	Key   string
	Value any
}

// Struct is an entry of a span's meta_struct: a msgpack document under a key.
type Struct struct {
	Key   string
	Value []byte
}

// Tags that hold links and events as JSON, for the APIs that have no fields for
// them. Structured metadata has no such form: there it is left out.
//
// Ids are in hexadecimal, as the agent's own OpenTelemetry receiver and the
// tracers of Java, Python and Node write them.
const (
	linksKey  = "_dd.span_links"
	eventsKey = "events"
)

// timeMark is a time that is written per request: 64 bits, or 19 digits of text.
type timeMark struct {
	at     uint32
	text   bool
	offset int64 // ns since Stamp.Start
}

func (m *timeMark) put(b []byte, startUnixNS int64) {
	if m.text {
		putDigits((*[jsonDigits]byte)(b), uint64(startUnixNS+m.offset))
		return
	}
	binary.BigEndian.PutUint64(b, uint64(startUnixNS+m.offset))
}

// timedText is a text with times in it.
type timedText struct {
	text  []byte
	times []timeMark
}

func (t *timedText) append(dst []byte, startUnixNS int64) []byte {
	from := len(dst)
	dst = append(dst, t.text...)
	for i := range t.times {
		t.times[i].put(dst[from+int(t.times[i].at):], startUnixNS)
	}
	return dst
}

// extraTags is how many tags hold links and events where they have no fields.
func (s *Span) extraTags() int {
	n := 0
	if s.Extras != nil && len(s.Extras.Links) > 0 {
		n++
	}
	if s.Extras != nil && len(s.Extras.Events) > 0 {
		n++
	}
	return n
}

// linkJSON is a link in the tag of links.
type linkJSON struct {
	TraceID    string            `json:"trace_id"`
	SpanID     string            `json:"span_id"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Tracestate string            `json:"tracestate,omitempty"`
	Flags      uint32            `json:"flags,omitempty"`
}

// linksText is the tag of links.
func linksText(links []Link) string {
	list := make([]linkJSON, len(links))
	for i, l := range links {
		list[i] = linkJSON{
			TraceID: fmt.Sprintf("%016x%016x", l.TraceIDHigh, l.TraceID), SpanID: fmt.Sprintf("%016x", l.SpanID),
			Attributes: attributeMap(l.Attributes), Tracestate: l.Tracestate, Flags: l.Flags,
		}
	}
	return string(toJSON(list))
}

func attributeMap(tags []Tag) map[string]string {
	m := make(map[string]string, len(tags))
	for _, tag := range tags {
		m[tag.Key] = tag.Value
	}
	return m
}

// eventsText is the tag of events.
func eventsText(events []Event) timedText {
	var t timedText
	b := []byte{'['}
	for i := range events {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendJSONString(append(b, `{"name":`...), events[i].Name), `,"time_unix_nano":`...)
		t.times = append(t.times, timeMark{at: uint32(len(b)), text: true, offset: events[i].Offset})
		b = append(b, jsonNoDigits...)
		b = appendJSONAttributes(b, events[i].Attributes, func(b []byte, value any) []byte { return append(b, toJSON(value)...) })
		b = append(b, '}')
	}
	b = append(b, ']')
	t.text = b
	return t
}

func appendJSONAttributes(b []byte, attributes []Attribute, appendValue func(b []byte, value any) []byte) []byte {
	b = append(b, `,"attributes":{`...)
	for i, a := range attributes {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendValue(append(appendJSONString(b, a.Key), ':'), a.Value)
	}
	return append(b, '}')
}

// quoted is the text as a JSON string.
func (t *timedText) quoted() timedText {
	q := timedText{text: []byte{'"'}}
	from := 0
	for _, m := range t.times {
		q.text = appendJSONInner(q.text, t.text[from:m.at])
		from = int(m.at) + jsonDigits
		m.at = uint32(len(q.text))
		q.times = append(q.times, m)
		q.text = append(q.text, jsonNoDigits...)
	}
	q.text = append(appendJSONInner(q.text, t.text[from:]), '"')
	return q
}

func appendJSONInner(b, text []byte) []byte {
	whole := appendJSONString(nil, string(text))
	return append(b, whole[1:len(whole)-1]...)
}

// embed appends a text and takes its times over into the template.
func (t *Template) embed(b []byte, text *timedText) []byte {
	for _, m := range text.times {
		m.at += uint32(len(b))
		t.times = append(t.times, m)
	}
	return append(b, text.text...)
}

// toJSON encodes a value that JSON can hold.
func toJSON(value any) []byte {
	b, err := json.Marshal(value)
	if err != nil { // not a number, or infinite
		return []byte("null")
	}
	return b
}

// appendJSONExtras writes links, events and structured metadata under their JSON
// names in Datadog's span.proto, each after a comma.
func (t *Template) appendJSONExtras(b []byte, x *Extras) []byte {
	if x == nil {
		return b
	}
	for i, l := range x.Links {
		b = append(b, [...]string{`,"span_links":[`, `,`}[min(i, 1)]...)
		b = strconv.AppendUint(append(b, `{"trace_id":`...), l.TraceID, 10)
		b = strconv.AppendUint(append(b, `,"trace_id_high":`...), l.TraceIDHigh, 10)
		b = strconv.AppendUint(append(b, `,"span_id":`...), l.SpanID, 10)
		b = append(append(b, `,"attributes":`...), toJSON(attributeMap(l.Attributes))...)
		b = appendJSONString(append(b, `,"tracestate":`...), l.Tracestate)
		b = append(strconv.AppendUint(append(b, `,"flags":`...), uint64(l.Flags), 10), '}')
	}
	if len(x.Links) > 0 {
		b = append(b, ']')
	}
	for i := range x.Events {
		b = append(b, [...]string{`,"span_events":[`, `,`}[min(i, 1)]...)
		b = append(b, `{"time_unix_nano":`...)
		t.times = append(t.times, timeMark{at: uint32(len(b)), text: true, offset: x.Events[i].Offset})
		b = appendJSONString(append(append(b, jsonNoDigits...), `,"name":`...), x.Events[i].Name)
		b = append(appendJSONAttributes(b, x.Events[i].Attributes, appendJSONAttribute), '}')
	}
	if len(x.Events) > 0 {
		b = append(b, ']')
	}
	for i, s := range x.Structs {
		b = append(b, [...]string{`,"meta_struct":{`, `,`}[min(i, 1)]...)
		b = append(append(appendJSONString(b, s.Key), `:"`...), base64.StdEncoding.EncodeToString(s.Value)...)
		b = append(b, '"')
	}
	if len(x.Structs) > 0 {
		b = append(b, '}')
	}
	return b
}

// appendJSONAttribute writes a value of Datadog's AttributeAnyValue.
func appendJSONAttribute(b []byte, value any) []byte {
	kind, field := attributeType(value)
	b = strconv.AppendUint(append(b, `{"type":`...), uint64(kind), 10)
	b = append(append(append(b, `,"`...), field...), `":`...)
	list, ok := value.([]any)
	if !ok {
		return append(append(b, toJSON(value)...), '}')
	}
	b = append(b, `{"values":[`...)
	for i, element := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSONAttribute(b, element)
	}
	return append(b, `]}}`...)
}

// attributeType is the number and the field of a value in Datadog's
// AttributeAnyValue and, but for arrays, AttributeArrayValue.
func attributeType(value any) (kind uint8, field string) {
	switch value.(type) {
	case bool:
		return 1, "bool_value"
	case int64:
		return 2, "int_value"
	case float64:
		return 3, "double_value"
	case []any:
		return 4, "array_value"
	}
	return 0, "string_value"
}

// stampTimes writes the times of events.
func (t *Template) stampTimes(body []byte, s *Stamp, moved uint32) {
	for i := range t.times {
		at := t.times[i].at
		if at > t.cutFrom {
			at -= moved
		}
		t.times[i].put(body[at:], s.Start)
	}
}

// extraParts are what a template's sum adds of times.
func (t *Template) extraParts() []any {
	var parts []any
	if len(t.times) > 0 {
		parts = append(parts, t.times)
	}
	for i := range t.timed {
		parts = append(parts, t.timed[i].text, t.timed[i].times)
	}
	return slices.Clip(parts)
}

// appendJSONExtraTags writes links and events as tags, for v0.3.
func (t *Template) appendJSONExtraTags(b []byte, s *Span) []byte {
	key := func(b []byte, key string) []byte {
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		return append(appendJSONString(b, key), ':')
	}
	if len(s.Extras.Links) > 0 {
		b = appendJSONString(key(b, linksKey), linksText(s.Extras.Links))
	}
	if len(s.Extras.Events) > 0 {
		text := eventsText(s.Extras.Events)
		text = text.quoted()
		b = t.embed(key(b, eventsKey), &text)
	}
	return b
}
