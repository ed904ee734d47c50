package wire

import (
	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
)

// fataler is a test, or one case of a law.
type fataler interface{ Fatalf(string, ...any) }

// decoded reads a payload as the embedded agent does, with Datadog's own
// decoders, and brings what newer APIs keep in fields of the chunk back to where
// the older ones have it. The sender is who the payload is to be from, for the
// APIs that say it.
func decoded(t fataler, e Encoding, sender Tracer, body []byte) pb.Traces {
	api, format := decode.V04, decode.Msgpack
	switch e.(type) {
	case V03JSON:
		api, format = decode.V03, decode.JSON
	case V05:
		checkTexts(t, body)
		api = decode.V05
	case V07:
		api = decode.V07
	case V1:
		api = decode.V10
	}
	payload, rest, err := new(decode.Decoder).Decode(api, format, body)
	if err != nil || len(rest) > 0 {
		t.Fatalf("%v, %d bytes left over, in %q", err, len(rest), body)
	}
	if api != decode.V07 && api != decode.V10 {
		sender = Tracer{}
	}
	got := Tracer{
		payload.LanguageName, payload.LanguageVersion, payload.TracerVersion, payload.RuntimeID, payload.ContainerID,
		payload.Env, payload.Hostname, payload.AppVersion,
	}
	if diff := cmp.Diff(sender, got); diff != "" {
		t.Fatalf("the tracer (-encoded +decoded):\n%s", diff)
	}
	if api == decode.V07 { // has the trace id's upper half in both places
		for _, chunk := range payload.Chunks {
			if root := chunk.Spans[0]; root.Meta[TraceIDHighKey] != chunk.Tags[TraceIDHighKey] {
				t.Fatalf("the chunk's trace id is %q, the span's %q", chunk.Tags[TraceIDHighKey], root.Meta[TraceIDHighKey])
			}
		}
	}
	return decode.Traces(payload)
}

// checkTexts says that a payload of v0.5 has each text once, the empty one first.
func checkTexts(t fataler, body []byte) {
	_, rest, err := msgp.ReadArrayHeaderBytes(body)
	if err != nil {
		t.Fatalf("%v", err)
	}
	n, rest, err := msgp.ReadArrayHeaderBytes(rest)
	if err != nil {
		t.Fatalf("%v", err)
	}
	seen := map[string]bool{}
	for i := range n {
		var s string
		if s, rest, err = msgp.ReadStringBytes(rest); err != nil {
			t.Fatalf("%v", err)
		}
		if seen[s] || (i == 0) != (s == "") {
			t.Fatalf("text %d is %q, seen before: %v", i, s, seen[s])
		}
		seen[s] = true
	}
}

// oneOfAName takes away the tags that v1.0 cannot hold: it has one attribute of
// a name, and that is the metric.
func oneOfAName(traces pb.Traces) {
	for _, trace := range traces {
		for _, s := range trace {
			for key := range s.Metrics {
				delete(s.Meta, key)
			}
		}
	}
}
