package agent

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"

	"github.com/spanstorm/spanstorm/internal/limits"
)

// priorityKey is the metric that carries the sampling priority.
const priorityKey = "_sampling_priority_v1"

// priorityNone is a chunk's priority when its trace has none (pkg/trace/sampler).
const priorityNone = math.MinInt8

// statusKey is the tag that the real agent checks.
const statusKey = "http.status_code"

// cutMark is what the real agent appends to a tag that it has cut.
const cutMark = "..."

// normalize makes a trace acceptable in the way of the real agent v0.85.1
// (pkg/trace/agent/normalizer.go, truncator.go), or says why it cannot be. It
// leaves out null spans.
//
// That version takes trace ids of zero and traces of several ids; v0.60.0
// dropped both.
func normalize(t pb.Trace, lang string, now time.Time, c *counters) (pb.Trace, reason, bool) {
	// Only moved forward when there is a null to leave out, so that every
	// span stays where the next payload finds it.
	kept := t
	for i, span := range t {
		if span == nil {
			kept = withoutNull(t, i)
			break
		}
	}
	if len(kept) == 0 {
		return nil, emptyTrace, false
	}
	for _, span := range kept {
		if span.SpanID == 0 {
			return nil, spanIDZero, false
		}
		normalizeSpan(span, lang, now, c)
	}
	return kept, 0, true
}

func withoutNull(t pb.Trace, first int) pb.Trace {
	kept := append(make(pb.Trace, 0, len(t)), t[:first]...)
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

// priorityOf is the sampling priority of a trace: its root's, else the first
// that any span has.
func priorityOf(t pb.Trace) (priority int32, ok bool) {
	if p, ok := rootOf(t).Metrics[priorityKey]; ok {
		return int32(p), true
	}
	for _, span := range t {
		if p, ok := span.Metrics[priorityKey]; ok {
			return int32(p), true
		}
	}
	return priorityNone, false
}

// rootOf is the first span without a parent, else the first.
func rootOf(t pb.Trace) *pb.Span {
	for _, span := range t {
		if span.ParentID == 0 {
			return span
		}
	}
	return t[0]
}
