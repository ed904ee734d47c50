package intake

import (
	"encoding/binary"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Field numbers of what an agent forwards (datadog-agent, pkg/proto/datadog/trace:
// agent_payload.proto, tracer_payload.proto, span.proto, and the same under idx).
// Both forms may stand in one payload.
const (
	payloadTracers    = 5  // repeated TracerPayload
	payloadIdxTracers = 11 // repeated idx.TracerPayload

	tracerChunks    = 6  // repeated TraceChunk
	idxTracerChunks = 11 // repeated idx.TraceChunk

	chunkSpans      = 3 // repeated Span
	idxChunkSpans   = 4 // repeated idx.Span
	chunkDropped    = 5 // bool, in both
	idxChunkTraceID = 6 // 16 bytes, big-endian

	spanTraceID  = 4 // varint
	spanSpanID   = 5 // varint
	idxSpanID    = 4 // fixed64
	noField      = 0 // no field has this number
	traceIDBytes = 16
)

// A chunk is what the skimmer reads of one forwarded chunk: of an AgentPayload as
// it stands there, of OTLP what one payload has of one trace.
type chunk struct {
	traceID uint64 // low 64 bits; of the first span where spans carry it
	mixed   bool   // its spans do not all carry that trace id
	dropped bool   // marked as dropped
	spans   []uint64

	message []byte // in an AgentPayload: the chunk as it stands there
	tracer  []byte // and, if it is an idx.TraceChunk, the payload of the tracer around it
}

// errPayload is wrapped by every error about a payload that cannot be skimmed.
var errPayload = errors.New("not a payload of traces")

// A skimmer reads ids from payloads. It keeps its scratch space between them
// and serves one goroutine.
type skimmer struct {
	spans    []uint64
	gathered traceSpans
}

// skim calls visit for each chunk of an AgentPayload. The chunk's spans are valid
// during the call only. After an error some chunks may have been visited.
//
// It reads trace ids, span ids and the dropped mark, and steps over all else:
// what it finds is what a full decoder would, for every payload that a full
// decoder takes.
func (s *skimmer) skim(payload []byte, visit func(chunk)) error {
	err := fields(payload, func(num protowire.Number, typ protowire.Type, value []byte) error {
		if typ != protowire.BytesType {
			return nil
		}
		switch num {
		case payloadTracers:
			return s.tracer(value, tracerChunks, s.chunk, visit)
		case payloadIdxTracers:
			return s.tracer(value, idxTracerChunks, s.idxChunk, visit)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%w: %w", errPayload, err)
	}
	return nil
}

func (s *skimmer) tracer(payload []byte, chunks protowire.Number, read func([]byte) (chunk, error), visit func(chunk)) error {
	return fields(payload, func(num protowire.Number, typ protowire.Type, value []byte) error {
		if num != chunks || typ != protowire.BytesType {
			return nil
		}
		c, err := read(value)
		if err != nil {
			return err
		}
		c.message = value
		if chunks == idxTracerChunks {
			c.tracer = payload
		}
		visit(c)
		return nil
	})
}

// chunk reads a TraceChunk, whose spans each carry the trace id.
func (s *skimmer) chunk(message []byte) (chunk, error) {
	var c chunk
	s.spans = s.spans[:0]
	err := fields(message, func(num protowire.Number, typ protowire.Type, value []byte) error {
		switch {
		case num == chunkDropped && typ == protowire.VarintType:
			c.dropped = varint(value) != 0
		case num == chunkSpans && typ == protowire.BytesType:
			traceID, spanID, err := span(value)
			if err != nil {
				return err
			}
			if len(s.spans) == 0 {
				c.traceID = traceID
			}
			c.mixed = c.mixed || traceID != c.traceID
			s.spans = append(s.spans, spanID)
		}
		return nil
	})
	c.spans = s.spans
	return c, err
}

// span reads both ids of a Span. This is where a payload's bytes are, so it
// does not go through fields.
func span(b []byte) (traceID, spanID uint64, err error) {
	for len(b) > 0 {
		num, typ, n := tag(b)
		if n < 0 {
			return 0, 0, protowire.ParseError(n)
		}
		b = b[n:]
		if typ == protowire.VarintType && (num == spanTraceID || num == spanSpanID) {
			id, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return 0, 0, protowire.ParseError(n)
			}
			if num == spanTraceID {
				traceID = id
			} else {
				spanID = id
			}
			b = b[n:]
			continue
		}
		if n = skip(num, typ, b); n < 0 {
			return 0, 0, protowire.ParseError(n)
		}
		b = b[n:]
	}
	return traceID, spanID, nil
}

// idxChunk reads an idx.TraceChunk, which carries the trace id itself.
func (s *skimmer) idxChunk(message []byte) (chunk, error) {
	var c chunk
	s.spans = s.spans[:0]
	err := fields(message, func(num protowire.Number, typ protowire.Type, value []byte) error {
		switch {
		case num == chunkDropped && typ == protowire.VarintType:
			c.dropped = varint(value) != 0
		case num == idxChunkTraceID && typ == protowire.BytesType:
			c.traceID = lowTraceID(value)
		case num == idxChunkSpans && typ == protowire.BytesType:
			spanID, err := idxSpan(value)
			if err != nil {
				return err
			}
			s.spans = append(s.spans, spanID)
		}
		return nil
	})
	c.spans = s.spans
	return c, err
}

func idxSpan(b []byte) (spanID uint64, err error) {
	for len(b) > 0 {
		num, typ, n := tag(b)
		if n < 0 {
			return 0, protowire.ParseError(n)
		}
		b = b[n:]
		if n = skip(num, typ, b); n < 0 {
			return 0, protowire.ParseError(n)
		}
		if num == idxSpanID && typ == protowire.Fixed64Type {
			spanID = binary.LittleEndian.Uint64(b)
		}
		b = b[n:]
	}
	return spanID, nil
}

// lowTraceID is the low half of a 128-bit id; a shorter one is its low end.
func lowTraceID(id []byte) uint64 {
	var full [traceIDBytes]byte
	if len(id) > traceIDBytes {
		id = id[:traceIDBytes]
	}
	copy(full[traceIDBytes-len(id):], id)
	return binary.BigEndian.Uint64(full[8:])
}

// fields calls visit for each field of a message, with the content of a
// length-delimited field and the bytes of any other.
func fields(b []byte, visit func(protowire.Number, protowire.Type, []byte) error) error {
	for len(b) > 0 {
		num, typ, n := tag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		if n = skip(num, typ, b); n < 0 {
			return protowire.ParseError(n)
		}
		value := b[:n]
		if typ == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(value)
		}
		if err := visit(num, typ, value); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// tag is protowire.ConsumeTag with a short way for the numbers up to 15.
func tag(b []byte) (protowire.Number, protowire.Type, int) {
	if c := b[0]; c < 0x80 && c>>3 != noField {
		return protowire.Number(c >> 3), protowire.Type(c & 7), 1
	}
	return protowire.ConsumeTag(b)
}

// skip is protowire.ConsumeFieldValue with a short way for content of up to 127 bytes.
func skip(num protowire.Number, typ protowire.Type, b []byte) int {
	if typ == protowire.BytesType && len(b) > 0 && b[0] < 0x80 && int(b[0]) < len(b) {
		return int(b[0]) + 1
	}
	return protowire.ConsumeFieldValue(num, typ, b)
}

// varint reads a varint that skip has already stepped over.
func varint(b []byte) uint64 {
	v, _ := protowire.ConsumeVarint(b)
	return v
}
