package decode

import (
	"maps"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
)

// What chunks say of themselves since v0.7, and their roots said before.
const (
	// PriorityKey is the metric that carries the sampling priority.
	PriorityKey = "_sampling_priority_v1"
	// OriginKey is the tag that carries the origin.
	OriginKey = "_dd.origin"
)

// Traces returns a payload as v0.4 has it: what a chunk says of itself is put
// on its root, in place. Two bodies say the same if they are equal in this form,
// whatever their APIs.
func Traces(p *pb.TracerPayload) pb.Traces {
	var traces pb.Traces
	for _, c := range p.GetChunks() {
		trace := pb.Trace(c.GetSpans())
		traces = append(traces, trace)
		root := Root(trace)
		if root == nil {
			continue
		}
		if len(c.Tags) > 0 && root.Meta == nil {
			root.Meta = map[string]string{}
		}
		maps.Copy(root.Meta, c.Tags)
		if c.Origin != "" {
			set(&root.Meta, OriginKey, c.Origin)
		}
		if c.Priority != PriorityNone {
			set(&root.Metrics, PriorityKey, float64(c.Priority))
		}
	}
	return traces
}

// Root is the first span without a parent, else the first; nil if there is none.
func Root(trace pb.Trace) (root *pb.Span) {
	for _, s := range trace {
		switch {
		case s == nil:
		case s.ParentID == 0:
			return s
		case root == nil:
			root = s
		}
	}
	return root
}
