package agent

import (
	"encoding/binary"
	"encoding/json"
	"runtime"
	"strings"
	"testing"
	"time"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"
)

func drawTraces(t *rapid.T) pb.Traces {
	var out pb.Traces
	for range rapid.IntRange(0, 3).Draw(t, "traces") {
		var trace pb.Trace
		for range rapid.IntRange(0, 4).Draw(t, "spans") {
			s := goodSpan()
			s.Service = rapid.String().Draw(t, "service")
			s.SpanID = rapid.Uint64().Draw(t, "span id")
			s.Error = rapid.Int32Range(0, 1).Draw(t, "error")
			s.Meta = rapid.MapOf(rapid.String(), rapid.String()).Draw(t, "meta")
			s.Metrics = rapid.MapOf(rapid.String(), rapid.Float64Range(-1e9, 1e9)).Draw(t, "metrics")
			if rapid.Bool().Draw(t, "link") {
				s.SpanLinks = []*pb.SpanLink{{TraceID: 1, SpanID: 2}}
			}
			trace = append(trace, s)
		}
		out = append(out, trace)
	}
	return out
}

// Memory that is used again must not show in what is decoded next.
func TestDecodingForgetsThePayloadBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s scratch
		d := s.get()
		for range 3 {
			want := drawTraces(t)
			enc := rapid.SampledFrom([]encoding{encodedMsgpack, encodedJSON}).Draw(t, "encoding")
			body, err := want.MarshalMsg(nil)
			if enc == encodedJSON {
				body, err = json.Marshal(want)
			}
			if err != nil {
				t.Fatal(err)
			}
			if err := d.decode(enc, body); err != nil {
				t.Fatal(err)
			}
			if len(want) != len(d.traces) {
				t.Fatalf("%d traces of %d", len(d.traces), len(want))
			}
			for i := range want {
				if diff := cmp.Diff([]*pb.Span(want[i]), []*pb.Span(d.traces[i]), protocmp.Transform()); diff != "" && len(want[i]) > 0 {
					t.Fatal(diff)
				}
			}
			s.put(d)
		}
	})
}

// A span that names fewer fields than the one before it in the same memory.
func TestDecodingASparseSpan(t *testing.T) {
	var s scratch
	d := s.get()
	full, err := pb.Traces{{goodSpan()}}.MarshalMsg(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.decode(encodedMsgpack, full); err != nil {
		t.Fatal(err)
	}
	s.put(d)
	sparse := []byte("\x91\x91\x81\xa7span_id\x05")
	if err := d.decode(encodedMsgpack, sparse); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&pb.Span{SpanID: 5}, d.traces[0][0], protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
}

func TestALyingLengthCostsNothing(t *testing.T) {
	lies := map[string][]byte{
		"traces":   binary.BigEndian.AppendUint32([]byte{0xdd}, 500_000),
		"spans":    append([]byte{0x91}, binary.BigEndian.AppendUint32([]byte{0xdd}, 500_000)...),
		"fields":   append([]byte{0x91, 0x91}, binary.BigEndian.AppendUint32([]byte{0xdf}, 500_000)...),
		"tags":     append([]byte("\x91\x91\x81\xa4meta"), binary.BigEndian.AppendUint32([]byte{0xdf}, 500_000)...),
		"a string": append([]byte("\x91\x91\x81\xa4name"), binary.BigEndian.AppendUint32([]byte{0xdb}, 1<<31)...),
	}
	for name, body := range lies {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := new(decoded).decode(encodedMsgpack, body)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: believed", name)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("%s: %d bytes for a body of %d", name, used, len(body))
		}
	}
}

func FuzzDecode(f *testing.F) {
	body, err := pb.Traces{{goodSpan(), goodSpan()}, {}}.MarshalMsg(nil)
	if err != nil {
		f.Fatal(err)
	}
	text, err := json.Marshal(pb.Traces{{goodSpan()}, nil})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body, false)
	f.Add(body[:len(body)/2], false)
	f.Add([]byte("\x91\x92\xc0\x80"), false)
	f.Add(text, true)
	f.Add([]byte(`[[null]]`), true)
	f.Fuzz(func(t *testing.T, body []byte, asJSON bool) {
		enc := encodedMsgpack
		if asJSON {
			enc = encodedJSON
		}
		var s scratch
		d := s.get()
		if err := d.decode(enc, body); err != nil {
			if why := whyUndecodable(err); why < 0 || why >= dropReasons {
				t.Fatal(why)
			}
			s.put(d)
			return
		}
		// What was decoded can be normalised, and forwarded as something that decodes.
		var payload pb.TracerPayload
		for _, trace := range d.traces {
			if kept, _, fine := normalize(trace, "go", time.Unix(1_800_000_000, 0), new(counters)); fine {
				priorityOf(kept)
				payload.Chunks = append(payload.Chunks, &pb.TraceChunk{Spans: kept})
			}
		}
		out := appendTracerPayload(nil, &payload)
		got := new(pb.AgentPayload)
		if err := got.UnmarshalVT(out); err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(got.TracerPayloads[0], &payload) {
			t.Fatal("forwarded as something else")
		}
		s.put(d)
	})
}

func FuzzContentType(f *testing.F) {
	f.Add("application/json; charset=utf-8")
	f.Add("application/msgpack")
	f.Add("text/plain; a=b;;")
	f.Fuzz(func(t *testing.T, header string) {
		enc := encodingOf(header)
		if enc != encodedJSON && (enc != encodedMsgpack || !strings.Contains(strings.ToLower(header), "application/msgpack")) {
			t.Fatal(enc)
		}
	})
}
