package generator

import "github.com/spanstorm/spanstorm/internal/trees"

// facts are the figures of one template that composing and accounting need.
type facts struct {
	extent int64 // ns
	spans  int32
	root   int32 // index into Corpus.roots
}

func newFacts(spans []trees.Span) facts {
	return facts{extent: extent(spans), spans: int32(len(spans))}
}

// extent is how long a trace takes, with what outlives its root.
func extent(spans []trees.Span) int64 {
	end := int64(0)
	for i := range spans {
		end = max(end, spans[i].Start+spans[i].Duration)
	}
	return end
}
