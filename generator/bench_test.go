package generator

import (
	"strconv"
	"testing"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"

	"github.com/spanstorm/spanstorm/internal/identity"
	"github.com/spanstorm/spanstorm/scenarios"
)

// benchCorpus is the default corpus, in payloads of about 1,000 spans.
func benchCorpus(b *testing.B, sets ...string) *Corpus {
	b.Helper()
	s, err := scenarios.Load("web-shop", sets)
	if err != nil {
		b.Fatal(err)
	}
	s.TracesPerRequest = scenarios.Dist{A: 1}
	c, err := Compile(s)
	if err != nil {
		b.Fatal(err)
	}
	s.TracesPerRequest.A = float64(int(1000/c.Means().Spans + 0.5))
	if c, err = Compile(s); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d templates, %.1f MB, %.1f spans and %.0f bytes a request", len(c.templates), float64(c.memory())/1e6, c.Means().Spans, c.Means().Bytes)
	return c
}

func reportSpans(b *testing.B, spans int) {
	b.ReportMetric(float64(spans)/b.Elapsed().Seconds()/1e6, "Mspans/s")
}

// copyTemplates copies what composing copies, and writes nothing into it.
func copyTemplates(b *testing.B, c *Corpus, buf []byte) {
	spans, seq := 0, uint64(0)
	for b.Loop() {
		request := c.plan.Request(seq)
		buf = buf[:0]
		for i := range request.Traces {
			template := request.Trace(i).Template
			buf = append(buf, c.templates[template].Body...)
			spans += int(c.facts[template].spans)
		}
		seq++
	}
	reportSpans(b, spans)
}

// compose composes payloads, as a run does it.
func compose(b *testing.B, c *Corpus, buf []byte) {
	composer := c.Composer(identity.Key{1, 2, 3})
	spans, seq := 0, uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		buf = composer.Append(buf[:0], seq, someTime)
		for i := range composer.draws {
			spans += int(c.facts[composer.draws[i].template].spans)
		}
		seq++
	}
	reportSpans(b, spans)
}

// encodeReused has msgp encode spans that are there already.
func encodeReused(b *testing.B, c *Corpus, buf []byte) {
	traces := decoded(b, c.Composer(identity.Key{1, 2, 3}).Append(nil, 7, someTime))
	spans := 0
	for b.Loop() {
		var err error
		if buf, err = traces.MarshalMsg(buf[:0]); err != nil {
			b.Fatal(err)
		}
		spans += spansOf(c, 7)
	}
	reportSpans(b, spans)
}

// What a run does for each request, in v0.4 msgpack, beside copying the same
// templates without writing into them, and beside msgp encoding spans that are
// there already, ids and times included.
func BenchmarkCompose(b *testing.B) {
	c := benchCorpus(b)
	buf := make([]byte, 0, 4<<20)
	b.Run("baseline=memcpy", func(b *testing.B) { copyTemplates(b, c, buf) })
	b.Run("compose", func(b *testing.B) { compose(b, c, buf) })
	b.Run("baseline=msgp", func(b *testing.B) { encodeReused(b, c, buf) })
}

// The same payloads in each of the APIs, beside copying their templates: those of
// v0.5 and v1.0 are small and refer to texts, which compose numbers for each payload.
func BenchmarkComposeAPI(b *testing.B) {
	for _, api := range scenarios.APIs()[1:] {
		c := benchCorpus(b, "api="+string(api))
		composer := c.Composer(identity.Key{1, 2, 3})
		buf := make([]byte, 0, 4<<20)
		b.Run(string(api)+"/baseline=memcpy", func(b *testing.B) { copyTemplates(b, c, buf) })
		b.Run(string(api)+"/compose", func(b *testing.B) {
			spans, size, seq := 0, 0, uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				buf = composer.Append(buf[:0], seq, someTime)
				size += len(buf)
				spans += spansOf(c, seq)
				seq++
			}
			reportSpans(b, spans)
			b.ReportMetric(float64(size)/float64(spans), "bytes/span")
		})
	}
}

// What encoding a payload of v1.0 with Datadog's own types costs, ids, times and
// numbers of texts included.
func BenchmarkMarshalV10(b *testing.B) {
	c := benchCorpus(b, "api=v1.0")
	var payload idx.InternalTracerPayload
	if _, err := payload.UnmarshalMsg(c.Composer(identity.Key{1, 2, 3}).Append(nil, 7, someTime)); err != nil {
		b.Fatal(err)
	}
	buf, spans := make([]byte, 0, 4<<20), 0
	for b.Loop() {
		var err error
		if buf, err = payload.MarshalMsg(buf[:0]); err != nil {
			b.Fatal(err)
		}
		spans += spansOf(c, 7)
	}
	reportSpans(b, spans)
}

// JSON as a run composes it, beside writing spans that are there already with
// strconv, ids and times included.
func BenchmarkComposeJSON(b *testing.B) {
	c := benchCorpus(b, "encoding=json")
	buf := make([]byte, 0, 8<<20)
	b.Run("compose", func(b *testing.B) { compose(b, c, buf) })
	b.Run("baseline=strconv", func(b *testing.B) {
		traces := decoded(b, benchCorpus(b).Composer(identity.Key{1, 2, 3}).Append(nil, 7, someTime))
		spans := 0
		for b.Loop() {
			buf = buf[:0]
			for _, trace := range traces {
				for _, span := range trace {
					buf = appendSpan(buf, span)
				}
				spans += len(trace)
			}
		}
		reportSpans(b, spans)
	})
}

// appendSpan writes a span as JSON.
func appendSpan(b []byte, s *pb.Span) []byte {
	b = strconv.AppendUint(append(b, `{"trace_id":`...), s.TraceID, 10)
	b = strconv.AppendUint(append(b, `,"span_id":`...), s.SpanID, 10)
	b = strconv.AppendUint(append(b, `,"parent_id":`...), s.ParentID, 10)
	b = strconv.AppendInt(append(b, `,"start":`...), s.Start, 10)
	b = strconv.AppendInt(append(b, `,"duration":`...), s.Duration, 10)
	b = strconv.AppendInt(append(b, `,"error":`...), int64(s.Error), 10)
	b = strconv.AppendQuote(append(b, `,"service":`...), s.Service)
	b = strconv.AppendQuote(append(b, `,"name":`...), s.Name)
	b = strconv.AppendQuote(append(b, `,"resource":`...), s.Resource)
	b = strconv.AppendQuote(append(b, `,"type":`...), s.Type)
	b = append(b, `,"meta":{`...)
	for key, value := range s.Meta {
		b = append(strconv.AppendQuote(append(strconv.AppendQuote(b, key), ':'), value), ',')
	}
	b = append(b, `},"metrics":{`...)
	for key, value := range s.Metrics {
		b = append(strconv.AppendFloat(append(strconv.AppendQuote(b, key), ':'), value, 'g', -1, 64), ',')
	}
	return append(b, `}}`...)
}

func BenchmarkChunks(b *testing.B) {
	c := benchCorpus(b)
	chunks, seq, n := c.Chunks(nil, 0), uint64(0), 0
	b.ReportAllocs()
	for b.Loop() {
		chunks = c.Chunks(chunks[:0], seq)
		n += len(chunks)
		seq++
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/chunk")
}

func BenchmarkCompile(b *testing.B) {
	for _, name := range []string{"smoke", "web-shop", "heavy-tail", "batch-job"} {
		b.Run(name, func(b *testing.B) {
			s, err := scenarios.Load(name, nil)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := Compile(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func decoded(b *testing.B, body []byte) pb.Traces {
	b.Helper()
	var traces pb.Traces
	if _, err := traces.UnmarshalMsg(body); err != nil {
		b.Fatal(err)
	}
	return traces
}

// spansOf counts the spans of a request. It costs about a hundredth of composing it.
func spansOf(c *Corpus, seq uint64) int {
	request, spans := c.plan.Request(seq), 0
	for i := range request.Traces {
		spans += int(c.facts[request.Trace(i).Template].spans)
	}
	return spans
}
