package generator

import (
	"time"

	"github.com/spanstorm/spanstorm/internal/wire"
)

// Link points from a span to one of another trace.
type Link struct {
	TraceIDHigh, TraceID, SpanID uint64
	Attributes                   map[string]string
	Tracestate                   string
	Flags                        uint32
}

// Event is something that happened at a time within a span.
type Event struct {
	Name       string
	Offset     time.Duration // since the root's start
	Attributes map[string]any
	UnixNS     int64 // what Stamp fills in; 0 before
}

func (s *Span) addExtras(x *wire.Extras) {
	if x == nil {
		return
	}
	for _, l := range x.Links {
		link := Link{
			TraceIDHigh: l.TraceIDHigh, TraceID: l.TraceID, SpanID: l.SpanID,
			Tracestate: l.Tracestate, Flags: l.Flags, Attributes: make(map[string]string, len(l.Attributes)),
		}
		for _, tag := range l.Attributes {
			link.Attributes[tag.Key] = tag.Value
		}
		s.Links = append(s.Links, link)
	}
	for _, e := range x.Events {
		event := Event{Name: e.Name, Offset: time.Duration(e.Offset), Attributes: make(map[string]any, len(e.Attributes))}
		for _, a := range e.Attributes {
			event.Attributes[a.Key] = a.Value
		}
		s.Events = append(s.Events, event)
	}
	for _, st := range x.Structs {
		if s.MetaStruct == nil {
			s.MetaStruct = map[string][]byte{}
		}
		s.MetaStruct[st.Key] = st.Value
	}
}
