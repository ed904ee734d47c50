package altered

import (
	"encoding/binary"
	"fmt"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
	"github.com/spanstorm/spanstorm/internal/intake"
)

// span is what is compared of a span, sent or come: the same whatever it came in.
type span struct {
	texts   [4]string // by atService and so on
	spanID  uint64
	numbers [5]int64 // by atTraceID and so on
	meta    map[string]string
	metrics map[string]float64
	extras  extras
}

const (
	atService = iota
	atName
	atResource
	atType
)

const (
	atTraceID = iota // as uint64, as atParentID
	atParentID
	atStart    // Unix ns
	atDuration // ns
	atError    // 0 or 1
)

// read decodes a chunk in full.
func read(c intake.CutOut) ([]span, error) {
	var spans []span
	var err error
	switch c.Form {
	case intake.FormChunk:
		chunk := new(pb.TraceChunk)
		err = chunk.UnmarshalVT(c.Body) // which leaves alone what is not UTF-8
		spans = ofDatadog(chunk)
	case intake.FormIdx:
		p := new(idx.TracerPayload)
		if err = proto.Unmarshal(c.Body, p); err == nil {
			spans = ofDatadog(decode.FromIndexed(idx.FromProto(p)).GetChunks()...)
		}
	case intake.FormOTLP:
		data := new(otlp.TracesData)
		err = proto.Unmarshal(c.Body, data)
		spans = ofOTLP(data)
	default:
		err = fmt.Errorf("there is no form %q", c.Form)
	}
	if err != nil {
		return nil, fmt.Errorf("read chunk %d as it came: %w", c.Ordinal, err)
	}
	return spans, nil
}

func ofDatadog(chunks ...*pb.TraceChunk) (spans []span) {
	for _, chunk := range chunks {
		for _, s := range chunk.GetSpans() {
			spans = append(spans, span{
				texts:  [4]string{s.Service, s.Name, s.Resource, s.Type},
				spanID: s.SpanID,
				numbers: [5]int64{
					int64(s.TraceID), int64(s.ParentID), s.Start, s.Duration, truth(s.Error != 0),
				},
				meta: s.Meta, metrics: s.Metrics, extras: extrasOfDatadog(s),
			})
		}
	}
	return spans
}

func truth(t bool) int64 {
	if t {
		return 1
	}
	return 0
}

// Attributes that the datadogreceiver of the OpenTelemetry Collector makes of fields.
const (
	serviceAttribute  = "service.name"     // of the resource
	resourceAttribute = "dd.span.Resource" // of the span
)

// ofOTLP reads spans as the datadogreceiver of the OpenTelemetry Collector writes
// them (receiver/datadogreceiver/internal/translator/traces_translator.go): texts are
// meta, numbers metrics, under their names there. A span's type has no place.
func ofOTLP(data *otlp.TracesData) (spans []span) {
	for _, r := range data.GetResourceSpans() {
		service := ""
		for _, a := range r.GetResource().GetAttributes() {
			if a.Key == serviceAttribute {
				service = a.GetValue().GetStringValue()
			}
		}
		for _, scope := range r.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				spans = append(spans, ofOTLPSpan(s, service))
			}
		}
	}
	return spans
}

func ofOTLPSpan(s *otlp.Span, service string) span {
	out := span{
		spanID: low(s.SpanId),
		numbers: [5]int64{
			int64(low(s.TraceId)), int64(low(s.ParentSpanId)), int64(s.StartTimeUnixNano), int64(s.EndTimeUnixNano - s.StartTimeUnixNano),
			truth(s.GetStatus().GetCode() == otlp.Status_STATUS_CODE_ERROR),
		},
		meta: map[string]string{}, metrics: map[string]float64{},
	}
	out.texts[atService], out.texts[atName] = service, s.Name
	var structs map[string][]byte
	for _, a := range s.Attributes {
		switch v := a.GetValue().GetValue().(type) {
		case *common.AnyValue_DoubleValue:
			out.metrics[a.Key] = v.DoubleValue
		case *common.AnyValue_IntValue:
			out.metrics[a.Key] = float64(v.IntValue)
		case *common.AnyValue_StringValue:
			if a.Key == resourceAttribute {
				out.texts[atResource] = v.StringValue
				continue
			}
			out.meta[a.Key] = v.StringValue
		case *common.AnyValue_BytesValue:
			if structs == nil {
				structs = map[string][]byte{}
			}
			structs[a.Key] = v.BytesValue
		}
	}
	out.extras = extrasOfOTLP(s, out.meta, structs)
	return out
}

// high is the high half of a trace id, big-endian; 0 for one that is not there.
func high(id []byte) uint64 {
	if len(id) < 16 {
		return 0
	}
	return binary.BigEndian.Uint64(id)
}

// low is the low half of an id, big-endian; 0 for one that is not there.
func low(id []byte) uint64 {
	if len(id) < 8 {
		return 0
	}
	return binary.BigEndian.Uint64(id[len(id)-8:])
}
