package wire

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"testing"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

var tracer = Tracer{
	Language: "go", LanguageVersion: "1.26", TracerVersion: "v2", RuntimeID: "r", ContainerID: "c",
	Env: "e", Hostname: "h", AppVersion: "go", // a text for the second time
}

// other is another tracer, which has texts in common with the first.
var other = Tracer{Language: "java", LanguageVersion: "v2", TracerVersion: "1.48", RuntimeID: "s", Env: "e", Hostname: "go"}

// encodings returns all of them, those that collect texts with none.
func encodings() map[string]Encoding {
	wide05, wide1 := NewV05(), NewV1(tracer, other)
	wide05.wide, wide1.wide = true, true
	return map[string]Encoding{
		"v0.4": V04{}, "v0.4 JSON": V03JSON{}, "v0.3": V04{InTags: true}, "v0.3 JSON": V03JSON{InTags: true}, "v0.5": NewV05(), "v0.7": NewV07(tracer, other), "v1.0": NewV1(tracer, other),
		"v0.5 wide": wide05, "v1.0 wide": wide1, "v1.0 of nobody": NewV1(Tracer{}, Tracer{}),
	}
}

// sendersOf are the tracers that an encoding is for.
func sendersOf(name string) [2]Tracer {
	if name == "v1.0 of nobody" {
		return [2]Tracer{}
	}
	return [2]Tracer{tracer, other}
}

// anyChunk draws chunks of up to 20 spans whose words need escapes, and whose
// varying tags are values of two variables, of 6 and of 1 byte.
func anyChunk(t *rapid.T) *Chunk {
	word := rapid.String()
	c := &Chunk{PriorityWidth: rapid.IntRange(2, 4).Draw(t, "priority width")}
	for k := range rapid.IntRange(1, 20).Draw(t, "spans") {
		s := Span{
			Service: word.Draw(t, "service"), Name: word.Draw(t, "name"), Resource: word.Draw(t, "resource"), Type: word.Draw(t, "type"),
			Parent: -1, Duration: rapid.Int64Min(0).Draw(t, "duration"), Error: rapid.Bool().Draw(t, "error"),
		}
		if k > 0 {
			s.Parent = rapid.IntRange(0, k-1).Draw(t, "parent")
			s.Start = rapid.Int64Range(0, 1e15).Draw(t, "start")
		}
		// Keys that some APIs have fields for, and values that some of these hold, or a
		// variable takes too.
		keys := rapid.Permutation([]string{"env", "version", "component", "span.kind", originKey, decisionMakerKey, "_dd.p.usr.id", "", "", "", ""}).Draw(t, "keys")
		value := rapid.OneOf(word, rapid.SampledFrom([]string{"abcdef", "z", "server", "-1", "-0", "-01", "1"}))
		for i := range rapid.IntRange(0, 20).Draw(t, "tags") {
			tag := Tag{Value: value.Draw(t, "value")}
			if i < len(keys) {
				tag.Key = keys[i]
			}
			if tag.Key == "" {
				tag.Key = fmt.Sprint(i, word.Draw(t, "key"))
			}
			switch rapid.IntRange(0, 3).Draw(t, "variable") {
			case 1:
				tag.Value, tag.Variable = "......", 1
			case 2:
				tag.Value, tag.Variable = ".", 2
			}
			s.Meta = append(s.Meta, tag)
		}
		for i := range rapid.IntRange(0, 20).Draw(t, "metrics") {
			s.Metrics = append(s.Metrics, Metric{fmt.Sprint(i, word.Draw(t, "key")), rapid.Float64().Draw(t, "value")})
		}
		s.Extras = anyExtras(t)
		c.Spans = append(c.Spans, s)
	}
	return c
}

func anyStamp(t *rapid.T, spans int) *Stamp {
	id := rapid.Uint64Range(1e18, 1<<63-1)
	s := &Stamp{
		TraceID: id.Draw(t, "trace id"), IDs: []uint64{0},
		Start:       rapid.Int64Range(1e18, 1<<32*1e9-1).Draw(t, "start"),
		Priority:    int8(rapid.IntRange(-9, 99).Draw(t, "priority")),
		HasPriority: rapid.Bool().Draw(t, "has priority"),
		Values:      [][]byte{[]byte("abcdef"), []byte("z")},
	}
	for range spans {
		s.IDs = append(s.IDs, id.Draw(t, "span id"))
	}
	return s
}

// asDatadog is the chunk as Datadog's types hold it once stamped.
func asDatadog(c *Chunk, s *Stamp, inTags bool) pb.Trace {
	var trace pb.Trace
	for k, span := range c.Spans {
		p := &pb.Span{
			Service: span.Service, Name: span.Name, Resource: span.Resource, Type: span.Type,
			TraceID: s.TraceID, SpanID: s.IDs[k+1], ParentID: s.IDs[span.Parent+1],
			Start: s.Start + span.Start, Duration: span.Duration,
			Meta: map[string]string{}, Metrics: map[string]float64{},
		}
		if span.Error {
			p.Error = 1
		}
		for _, tag := range span.Meta {
			p.Meta[tag.Key] = tag.Value
			if tag.Variable > 0 {
				p.Meta[tag.Key] = string(s.Values[tag.Variable-1])
			}
		}
		for _, m := range span.Metrics {
			p.Metrics[m.Key] = m.Value
		}
		withExtras(p, span.Extras, s.Start, inTags)
		if k == 0 {
			p.Meta["_dd.p.tid"] = fmt.Sprintf("%08x00000000", s.Start/1e9)
			if s.HasPriority {
				p.Metrics["_sampling_priority_v1"] = float64(s.Priority)
			}
		}
		trace = append(trace, p)
	}
	return trace
}

func TestDatadogDecodesWhatIsEncoded(t *testing.T) {
	for name := range encodings() {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				e := encodings()[name]
				var chunks []*Chunk
				var templates []Template
				for range rapid.IntRange(1, 8).Draw(t, "chunks") {
					c := anyChunk(t)
					chunks, templates = append(chunks, c), append(templates, e.Encode(c))
				}
				if indexed, ok := e.(Indexed); ok && rapid.Bool().Draw(t, "finish") && indexed.Finish(templates, rapid.IntRange(1, 8).Draw(t, "least"), 12) {
					t.Fatalf("so few texts need no wide references")
				}
				w := e.Writer()
				for range 2 { // a writer remembers nothing of the payload before
					draws := rapid.SliceOfN(rapid.IntRange(0, len(chunks)-1), 0, 12).Draw(t, "draws")
					checkPayload(t, e, sendersOf(name), w, chunks, templates, draws)
				}
			})
		})
	}
}

func checkPayload(t *rapid.T, e Encoding, senders [2]Tracer, w Writer, chunks []*Chunk, templates []Template, draws []int) {
	var want pb.Traces
	from := rapid.IntRange(0, 1).Draw(t, "tracer")
	body := w.AppendHead([]byte("before"), from, len(draws))
	for i, draw := range draws {
		if i > 0 {
			body = w.AppendNext(body)
		}
		c, template := chunks[draw], &templates[draw]
		s := anyStamp(t, len(c.Spans))
		before := len(body)
		body = w.Append(body, template, s)
		if _, indexed := e.(Indexed); !indexed && len(body)-before != template.Size(s.HasPriority) {
			t.Fatalf("Append added %d bytes, Size says %d", len(body)-before, template.Size(s.HasPriority))
		}
		if template.Spans() != len(c.Spans) {
			t.Fatalf("the template of %d spans says %d", len(c.Spans), template.Spans())
		}
		want = append(want, asDatadog(c, s, hasTags(e)))
	}
	body = w.AppendTail(body)
	if string(body[:6]) != "before" {
		t.Fatalf("what was there is overwritten: %q", body[:6])
	}
	got := decoded(t, e, senders[from], body[6:])
	canonicalTags(got)
	if _, ok := e.(V1); ok {
		oneOfAName(want)
	}
	if slices.EqualFunc(want, got, func(w, g pb.Trace) bool {
		return slices.EqualFunc(w, g, func(w, g *pb.Span) bool { return proto.Equal(w, g) })
	}) {
		return // cmp.Diff would say so, too, but takes its time
	}
	if diff := cmp.Diff(want, got, unexported, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("(-encoded +decoded):\n%s", diff)
	}
}

// More texts than 16 bits can number are given 32.
func TestWiden(t *testing.T) {
	c := &Chunk{Spans: []Span{{Name: "many", Parent: -1}}}
	for i := range 1 << 15 {
		c.Spans[0].Meta = append(c.Spans[0].Meta, Tag{Key: fmt.Sprint("key", i), Value: fmt.Sprint("value", i)})
	}
	s := &Stamp{TraceID: 1, IDs: []uint64{0, 2}, Start: 1e18, HasPriority: true}
	for name, e := range map[string]Indexed{"v0.5": NewV05(), "v1.0": NewV1(tracer, other)} {
		e.Encode(&Chunk{Spans: []Span{{Name: "few", Parent: -1}}})
		if e.Finish(nil, 1, 1000) {
			t.Errorf("%s: 1,000 chunks of the same few texts need no more than 16 bits", name)
		}
		e.Encode(c)
		if !e.Finish(nil, 1, 1) || e.Finish(nil, 1, 1) {
			t.Errorf("%s: references are widened once", name)
		}
		template, w := e.Encode(c), e.Writer()
		body := w.AppendTail(w.Append(w.AppendHead(nil, 0, 1), &template, s))
		got := decoded(t, e, tracer, body)
		if diff := cmp.Diff(pb.Traces{asDatadog(c, s, false)}, got, unexported, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-encoded +decoded):\n%s", name, diff)
		}
	}
}

func TestDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64Range(1e18, 1e19-1).Draw(t, "n")
		var b [jsonDigits]byte
		if putDigits(&b, n); string(b[:]) != strconv.FormatUint(n, 10) {
			t.Errorf("putDigits(%d) = %s", n, b)
		}
		width := rapid.IntRange(1, 20).Draw(t, "width")
		n %= pow10(width)
		text := make([]byte, width)
		if PutDecimal(text, n); string(text) != fmt.Sprintf("%0*d", width, n) {
			t.Errorf("PutDecimal(%d) in %d digits = %s", n, width, text)
		}
		if got, want := TraceIDHigh(int64(n>>1)), fmt.Sprintf("%08x00000000", n>>1/1e9); n>>1/1e9 < 1<<32 && got != want {
			t.Errorf("TraceIDHigh(%d) = %s, want %s", n>>1, got, want)
		}
	})
}

func pow10(n int) uint64 {
	p := uint64(1)
	for range min(n, 19) {
		p *= 10
	}
	return p
}

// Templates that would be sent as different bytes have different sums.
func TestSum(t *testing.T) {
	sum := func(c *Chunk) string {
		template := V04{}.Encode(c)
		var b bytes.Buffer
		if err := template.Sum(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	chunk := func() *Chunk {
		return &Chunk{Spans: []Span{{Name: "a", Parent: -1}, {Name: "b", Meta: []Tag{{Key: "k", Value: "v"}}}, {Name: "c", Extras: &Extras{Links: []Link{{SpanID: 1}}, Events: []Event{{}}}}}}
	}
	base := sum(chunk())
	for name, change := range map[string]func(*Chunk){
		"word":     func(c *Chunk) { c.Spans[1].Name = "z" },
		"start":    func(c *Chunk) { c.Spans[1].Start++ },
		"parent":   func(c *Chunk) { c.Spans[2].Parent++ },
		"event":    func(c *Chunk) { c.Spans[2].Extras.Events[0].Offset++ },
		"link":     func(c *Chunk) { c.Spans[2].Extras.Links[0].SpanID++ },
		"variable": func(c *Chunk) { c.Spans[1].Meta[0].Variable = 1 },
	} {
		c := chunk()
		change(c)
		if sum(c) == base {
			t.Errorf("another %s leaves the sum as it was", name)
		}
	}
	if template := (V04{}).Encode(chunk()); template.Sum(failingWriter{}) == nil {
		t.Error("an error in writing is lost")
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }
