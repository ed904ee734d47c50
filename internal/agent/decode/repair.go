package decode

import (
	"strings"
	"unicode/utf8"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
)

// valid replaces what is not UTF-8, as Datadog's decoders do for a span's own texts.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// repair makes those texts valid that the decoders take as they come. A protobuf
// message that holds any other cannot be read again.
func repair(p *pb.TracerPayload) {
	for _, s := range []*string{
		&p.ContainerID, &p.LanguageName, &p.LanguageVersion, &p.TracerVersion, &p.RuntimeID, &p.Env, &p.Hostname, &p.AppVersion,
	} {
		*s = valid(*s)
	}
	repairTags(p.Tags)
	for _, c := range p.Chunks {
		if c == nil {
			continue
		}
		c.Origin = valid(c.Origin)
		repairTags(c.Tags)
		for _, s := range c.Spans {
			if s != nil && (s.SpanLinks != nil || s.SpanEvents != nil) {
				repairSpan(s)
			}
		}
	}
}

func repairTags(tags map[string]string) {
	for key, value := range tags {
		if utf8.ValidString(key) && utf8.ValidString(value) {
			continue
		}
		delete(tags, key)
		tags[valid(key)] = valid(value)
	}
}

func repairSpan(s *pb.Span) {
	for _, l := range s.SpanLinks {
		if l != nil {
			l.Tracestate = valid(l.Tracestate)
			repairTags(l.Attributes)
		}
	}
	for _, e := range s.SpanEvents {
		if e == nil {
			continue
		}
		e.Name = valid(e.Name)
		for key, value := range e.Attributes {
			if value != nil {
				value.StringValue = valid(value.StringValue)
				for _, element := range value.ArrayValue.GetValues() {
					if element != nil {
						element.StringValue = valid(element.StringValue)
					}
				}
			}
			if !utf8.ValidString(key) {
				delete(e.Attributes, key)
				e.Attributes[valid(key)] = value
			}
		}
	}
}
