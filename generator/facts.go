package generator

import "github.com/spanstorm/spanstorm/internal/trees"

// facts are the figures of one template that outlive its tree.
type facts struct {
	extent   int64 // ns
	spans    int32
	depth    int32 // levels; a root alone is 1
	fanOut   int32 // most children of one span
	services int32
	failed   int32
	root     int32 // index into Corpus.roots
}

func newFacts(spans []trees.Span) facts {
	f := facts{extent: extent(spans), spans: int32(len(spans))}
	depth := make([]int32, len(spans))
	children := make([]int32, len(spans))
	services := map[string]struct{}{}
	for k := range spans {
		s := &spans[k]
		depth[k] = 1
		if p := s.Parent; p >= 0 {
			depth[k] += depth[p]
			children[p]++
			f.fanOut = max(f.fanOut, children[p])
		}
		f.depth = max(f.depth, depth[k])
		services[s.Service] = struct{}{}
		if s.Error {
			f.failed++
		}
	}
	f.services = int32(len(services))
	return f
}

// extent is how long a trace takes, with what outlives its root.
func extent(spans []trees.Span) int64 {
	end := int64(0)
	for i := range spans {
		end = max(end, spans[i].Start+spans[i].Duration)
	}
	return end
}
