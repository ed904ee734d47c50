package generator

import (
	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

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
