package agent

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
	"github.com/spanstorm/spanstorm/internal/limits"
)

// statusKey is the tag that the real agent checks.
const statusKey = "http.status_code"

// cutMark is what the real agent appends to a tag that it has cut.
const cutMark = "..."

// normalize makes a chunk acceptable in the way of the real agent v0.85.1
// (pkg/trace/agent/normalizer.go, truncator.go), or says why it cannot be. It
// leaves out null spans, and fills in what its spans say of the chunk.
//
// That version takes trace ids of zero and traces of several ids; v0.60.0
// dropped both.
func normalize(chunk *pb.TraceChunk, lang string, now time.Time, c *counters) (why reason, fine bool) {
	// Only moved forward when there is a null to leave out, so that every
	// span stays where the next payload finds it.
	spans := chunk.GetSpans()
	for i, span := range spans {
		if span == nil {
			spans = withoutNull(spans, i)
			break
		}
	}
	if len(spans) == 0 {
		return emptyTrace, false
	}
	for _, span := range spans {
		if span.SpanID == 0 {
			return spanIDZero, false
		}
		normalizeSpan(span, lang, now, c)
	}
	chunk.Spans = spans
	fillIn(chunk)
	return 0, true
}

// fillIn takes priority and origin from the spans where the chunk does not say
// them: the priority is the root's, else the first that any span has.
func fillIn(c *pb.TraceChunk) {
	root := decode.Root(c.Spans)
	if c.Origin == "" {
		c.Origin = root.Meta[decode.OriginKey]
	}
	if c.Priority != decode.PriorityNone {
		return
	}
	if p, ok := root.Metrics[decode.PriorityKey]; ok {
		c.Priority = int32(p)
		return
	}
	for _, span := range c.Spans {
		if p, ok := span.Metrics[decode.PriorityKey]; ok {
			c.Priority = int32(p)
			return
		}
	}
}

func withoutNull(t []*pb.Span, first int) []*pb.Span {
	kept := append(make([]*pb.Span, 0, len(t)), t[:first]...)
	for _, span := range t[first:] {
		if span != nil {
			kept = append(kept, span)
		}
	}
	return kept
}

func normalizeSpan(s *pb.Span, lang string, now time.Time, c *counters) {
	repair := func(why reason) { c.spansMalformed[why].Add(1) }
	switch {
	case s.Service == "":
		repair(serviceEmpty)
		s.Service = "unnamed-service"
		if lang != "" {
			s.Service = cut("unnamed-"+lang+"-service", limits.ServiceBytes)
		}
	case len(s.Service) > limits.ServiceBytes:
		repair(serviceTruncate)
		s.Service = cut(s.Service, limits.ServiceBytes)
	}
	switch {
	case s.Name == "":
		repair(spanNameEmpty)
		s.Name = "unnamed_operation"
	case len(s.Name) > limits.NameBytes:
		repair(spanNameTruncate)
		s.Name = cut(s.Name, limits.NameBytes)
	}
	if s.Resource == "" {
		repair(resourceEmpty)
		s.Resource = s.Name
	}
	s.Resource = cut(s.Resource, limits.ResourceBytes)
	if len(s.Type) > limits.TypeBytes {
		repair(typeTruncate)
		s.Type = cut(s.Type, limits.TypeBytes)
	}
	if s.SpanID == s.TraceID && s.ParentID == s.TraceID {
		s.ParentID = 0
	}
	if s.Duration < 0 || s.Duration > math.MaxInt64-max(0, s.Start) {
		repair(invalidDuration)
		s.Duration = 0
	}
	if s.Start < limits.OldestStartUnixNS {
		repair(invalidStartDate)
		s.Start = now.UnixNano() - s.Duration
		if s.Start < 0 {
			s.Start = now.UnixNano()
		}
	}
	if code, ok := s.Meta[statusKey]; ok && !isStatus(code) {
		repair(invalidHTTPStatusCode)
		delete(s.Meta, statusKey)
	}
	cutTags(s)
}

func isStatus(code string) bool {
	n, err := strconv.Atoi(code)
	return err == nil && n >= 100 && n < 600
}

func cutTags(s *pb.Span) {
	for k, v := range s.Meta {
		if len(k) <= limits.MetaKeyBytes && len(v) <= limits.MetaValueBytes {
			continue
		}
		key := k
		if len(k) > limits.MetaKeyBytes {
			delete(s.Meta, k)
			key = cut(k, limits.MetaKeyBytes) + cutMark
		}
		if len(v) > limits.MetaValueBytes {
			v = cut(v, limits.MetaValueBytes) + cutMark
		}
		s.Meta[key] = v
	}
	for k, v := range s.Metrics {
		if len(k) > limits.MetricKeyBytes {
			delete(s.Metrics, k)
			s.Metrics[cut(k, limits.MetricKeyBytes)+cutMark] = v
		}
	}
}

// cut shortens a string to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
