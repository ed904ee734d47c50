package generator

import (
	"bytes"
	"maps"
	"slices"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
	"github.com/spanstorm/spanstorm/scenarios"
)

// fataler is a test, or one case of a law.
type fataler interface{ Fatalf(string, ...any) }

// plainSpan is a span as Datadog's types hold it, without what protobuf adds.
type plainSpan struct {
	Service, Name, Resource, Type string
	TraceID, SpanID, ParentID     uint64
	Start, Duration               int64
	Error                         int32
	Meta                          map[string]string
	Metrics                       map[string]float64
	Links                         []Link
	Events                        []Event
	MetaStruct                    map[string][]byte
}

// difference is what cmp.Diff says of traces, which is asked only where they are not
// plainly alike: it takes a hundred times as long as the rest of a test. Offsets of
// events are not sent.
func difference(want, got [][]plainSpan) string {
	if slices.EqualFunc(want, got, func(w, g []plainSpan) bool { return slices.EqualFunc(w, g, plainSpan.like) }) {
		return ""
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty(), sent)
}

func (s plainSpan) like(o plainSpan) bool {
	return s.Service == o.Service && s.Name == o.Name && s.Resource == o.Resource && s.Type == o.Type &&
		s.TraceID == o.TraceID && s.SpanID == o.SpanID && s.ParentID == o.ParentID &&
		s.Start == o.Start && s.Duration == o.Duration && s.Error == o.Error &&
		maps.Equal(s.Meta, o.Meta) && maps.Equal(s.Metrics, o.Metrics) &&
		(len(s.Links)+len(o.Links) == 0 || cmp.Equal(s.Links, o.Links, cmpopts.EquateEmpty())) &&
		(len(s.Events)+len(o.Events) == 0 || cmp.Equal(s.Events, o.Events, cmpopts.EquateEmpty(), sent)) &&
		maps.EqualFunc(s.MetaStruct, o.MetaStruct, bytes.Equal)
}

// readBack decodes a body as the embedded agent does, with Datadog's own decoders.
// What newer APIs keep with the chunk is put on its first span, where trees have it.
func readBack(t fataler, c *Corpus, body []byte) [][]plainSpan {
	format := decode.FormatOf(c.ContentType())
	payload, rest, err := new(decode.Decoder).Decode(decode.API(c.scenario.API), format, body)
	if err != nil || len(rest) > 0 {
		t.Fatalf("%d bytes: %v, %d bytes left over", len(body), err, len(rest))
	}
	switch c.scenario.API {
	case scenarios.V07, scenarios.V10:
		if payload.LanguageName == "" || payload.TracerVersion == "" || payload.RuntimeID == "" || payload.Hostname == "" {
			t.Fatalf("the payload does not say who sends: %q %q %q %q", payload.LanguageName, payload.TracerVersion, payload.RuntimeID, payload.Hostname)
		}
	}
	spans := plain(decode.Traces(payload))
	if api := c.scenario.API; api == scenarios.V03 || api == scenarios.V05 {
		return fromTags(t, spans)
	}
	return spans
}

func plain(traces pb.Traces) [][]plainSpan {
	var all [][]plainSpan
	for _, trace := range traces {
		var spans []plainSpan
		for _, s := range trace {
			spans = append(spans, plainSpan{
				s.Service, s.Name, s.Resource, s.Type, s.TraceID, s.SpanID, s.ParentID,
				s.Start, s.Duration, s.Error, s.Meta, s.Metrics, linksOf(s), eventsOf(s), s.MetaStruct,
			})
		}
		all = append(all, spans)
	}
	return all
}
