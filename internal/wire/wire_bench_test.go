package wire

import (
	"fmt"
	"testing"
)

// Copying and stamping one chunk of ten spans, beside copying it.
func BenchmarkAppend(b *testing.B) {
	c := &Chunk{PriorityWidth: 1}
	s := &Stamp{TraceID: 1e18, IDs: []uint64{0}, Start: 1.7e18, Priority: 1, HasPriority: true}
	for k := range 10 {
		span := Span{Service: "web", Name: "http.request", Resource: "GET /", Type: "web", Parent: k - 1, Duration: 1e6}
		for i := range 12 {
			span.Meta = append(span.Meta, Tag{Key: fmt.Sprintf("key.%d", i), Value: "some.value.of.a.tag"})
		}
		c.Spans = append(c.Spans, span)
		s.IDs = append(s.IDs, 1e18+uint64(k))
	}
	for name, e := range encodings() {
		t := e.Encode(c)
		w := e.Writer()
		buf := make([]byte, 0, 4*len(t.Body))
		b.Run(name+"/baseline=memcpy", func(b *testing.B) {
			for b.Loop() {
				buf = append(buf[:0], t.Body...)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10, "ns/span")
		})
		b.Run(name+"/append", func(b *testing.B) {
			for b.Loop() {
				buf = w.AppendTail(w.Append(w.AppendHead(buf[:0], 0, 1), &t, s))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10, "ns/span")
		})
	}
}
