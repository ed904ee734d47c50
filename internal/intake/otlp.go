package intake

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// pathOTLP is where OTLP/HTTP exporters post traces.
const pathOTLP = "/v1/traces"

// Field numbers of an ExportTraceServiceRequest (opentelemetry-proto:
// collector/trace/v1/trace_service.proto, trace/v1/trace.proto), and of the
// google.rpc.Status that a refusal is answered with.
const (
	requestResources = 1 // repeated ResourceSpans
	resourceScopes   = 2 // repeated ScopeSpans
	scopeSpans       = 2 // repeated Span
	otlpTraceID      = 1 // 16 bytes, big-endian
	otlpSpanID       = 2 // 8 bytes, big-endian

	statusCode      = 1
	statusMessage   = 2
	invalidArgument = 3 // a code of google.rpc.Code

	spanIDBytes = 8
)

// traceSpans gathers the spans of one payload by trace. Its zero value is ready.
type traceSpans struct {
	traces map[uint64]int // trace id → index in ids and counts
	ids    []uint64       // of the traces, in the order in which they came
	counts []int          // spans of each
	of     []int          // index of the trace of each span
	spans  []uint64       // ids as they came
	sorted []uint64       // and trace by trace
}

// skimOTLP calls visit for each trace of an ExportTraceServiceRequest: all its
// spans, whatever resource and scope they stand under, are one chunk. Otherwise
// it is as skim.
func (s *skimmer) skimOTLP(payload []byte, visit func(chunk)) error {
	g := &s.gathered
	g.reset()
	err := each(payload, requestResources, func(resource []byte) error {
		return each(resource, resourceScopes, func(scope []byte) error {
			return each(scope, scopeSpans, func(message []byte) error {
				traceID, spanID, err := otlpSpan(message)
				g.add(traceID, spanID)
				return err
			})
		})
	})
	if err != nil {
		return fmt.Errorf("%w: %w", errPayload, err)
	}
	g.visit(visit)
	return nil
}

// each calls visit for each message in a repeated field.
func each(message []byte, field protowire.Number, visit func([]byte) error) error {
	return fields(message, func(num protowire.Number, typ protowire.Type, value []byte) error {
		if num != field || typ != protowire.BytesType {
			return nil
		}
		return visit(value)
	})
}

// otlpSpan reads both ids of a span.
func otlpSpan(b []byte) (traceID, spanID uint64, err error) {
	for len(b) > 0 {
		num, typ, n := tag(b)
		if n < 0 {
			return 0, 0, protowire.ParseError(n)
		}
		b = b[n:]
		if n = skip(num, typ, b); n < 0 {
			return 0, 0, protowire.ParseError(n)
		}
		if typ == protowire.BytesType && (num == otlpTraceID || num == otlpSpanID) {
			id, _ := protowire.ConsumeBytes(b)
			if num == otlpTraceID {
				traceID = otlpID(id, traceIDBytes)
			} else {
				spanID = otlpID(id, spanIDBytes)
			}
		}
		b = b[n:]
	}
	return traceID, spanID, nil
}

// otlpID is the low half of a trace id, or a span id. One that is not there, or
// not of the length that it should have, is 0.
func otlpID(id []byte, length int) uint64 {
	if len(id) != length {
		return 0
	}
	return binary.BigEndian.Uint64(id[length-spanIDBytes:])
}

func (g *traceSpans) reset() {
	if g.traces == nil {
		g.traces = map[uint64]int{}
	}
	clear(g.traces)
	g.ids, g.counts, g.of, g.spans = g.ids[:0], g.counts[:0], g.of[:0], g.spans[:0]
}

func (g *traceSpans) add(traceID, spanID uint64) {
	at := g.index(traceID)
	g.counts[at]++
	g.of, g.spans = append(g.of, at), append(g.spans, spanID)
}

// index is where the counts of a trace are.
func (g *traceSpans) index(traceID uint64) int {
	if n := len(g.of); n > 0 && g.ids[g.of[n-1]] == traceID { // often the same as before
		return g.of[n-1]
	}
	at, known := g.traces[traceID]
	if !known {
		at = len(g.ids)
		g.traces[traceID] = at
		g.ids, g.counts = append(g.ids, traceID), append(g.counts, 0)
	}
	return at
}

// visit sorts the spans by counting, and calls visit for each trace.
func (g *traceSpans) visit(visit func(chunk)) {
	if cap(g.sorted) < len(g.spans) {
		g.sorted = make([]uint64, len(g.spans))
	}
	g.sorted = g.sorted[:len(g.spans)]
	end := 0
	for at, n := range g.counts { // counts become the places where traces begin
		g.counts[at], end = end, end+n
	}
	for i, at := range g.of {
		g.sorted[g.counts[at]] = g.spans[i]
		g.counts[at]++ // and then where they end
	}
	begin := 0
	for at, id := range g.ids {
		visit(chunk{traceID: id, spans: g.sorted[begin:g.counts[at]]})
		begin = g.counts[at]
	}
}

// otlp is OTLP/HTTP in protobuf: an accepted request is answered with an empty
// ExportTraceServiceResponse, which has no bytes, a refused one with a Status.
func otlp() protocol {
	return protocol{
		takes: func(r *http.Request) error {
			if kind := r.Header.Get("Content-Type"); strings.HasPrefix(kind, "application/json") {
				return fmt.Errorf("%w %q; this intake reads application/x-protobuf", errContentType, kind)
			}
			return nil
		},
		skim:   (*skimmer).skimOTLP,
		form:   func(*batch) string { return "OTLP" },
		cut:    cutSpans,
		accept: func(w http.ResponseWriter) error { return answer(w, http.StatusOK, protobufType, "") },
		refuse: func(w http.ResponseWriter, code int, err error) {
			status := protowire.AppendVarint(protowire.AppendTag(nil, statusCode, protowire.VarintType), invalidArgument)
			status = protowire.AppendString(protowire.AppendTag(status, statusMessage, protowire.BytesType), err.Error())
			_ = answer(w, code, protobufType, string(status))
		},
	}
}

const protobufType = "application/x-protobuf"
