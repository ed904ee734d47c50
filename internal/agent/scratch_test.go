package agent

import (
	"encoding/json"
	"testing"
	"time"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"google.golang.org/protobuf/proto"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
)

// Whatever can be decoded can be normalised, and is forwarded as something
// that decodes to the same.
func FuzzTake(f *testing.F) {
	traces := pb.Traces{{goodSpan(), goodSpan()}, {}}
	body, err := traces.MarshalMsg(nil)
	if err != nil {
		f.Fatal(err)
	}
	text, err := json.Marshal(pb.Traces{{goodSpan()}, nil})
	if err != nil {
		f.Fatal(err)
	}
	chunks, err := (&pb.TracerPayload{Chunks: []*pb.TraceChunk{{Priority: 1, Spans: traces[0]}}}).MarshalMsg(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(body, uint8(1), false)
	f.Add(body[:len(body)/2], uint8(1), false)
	f.Add([]byte("\x91\x92\xc0\x80"), uint8(1), false)
	f.Add(text, uint8(0), true)
	f.Add([]byte(`[[null]]`), uint8(0), true)
	f.Add([]byte("\x92\x91\xa1a\x91\x91\x9c\x00\x00\x00\x01\x02\x03\x04\x05\x00\x80\x80\x00"), uint8(2), false)
	f.Add(chunks, uint8(3), false)
	f.Add([]byte("\x81\xa6chunks\x92\xc0\x81\xa5spans\x91\xc0"), uint8(3), false)
	f.Add([]byte("\x81\x0b\x91\x83\x01\x01\x06\xc4\x01\x07\x04\x91\x82\x01\xa3web\x04\x09"), uint8(4), false)
	f.Fuzz(func(t *testing.T, body []byte, api uint8, asJSON bool) {
		format := decode.Msgpack
		if asJSON {
			format = decode.JSON
		}
		var s scratch
		d := s.get()
		defer s.put(d)
		payload, _, err := d.Decode(decode.APIs()[int(api)%len(decode.APIs())], format, body)
		if err != nil {
			if why := whyUndecodable(err); why < 0 || why >= dropReasons {
				t.Fatal(why)
			}
			return
		}
		r := newReceiver(Dials{})
		r.process(d, payload, "go", time.Unix(1_800_000_000, 0))
		received, n := len(payload.Chunks), &r.count.tracesDropped
		gone := n[emptyTrace].Load() + n[spanIDZero].Load() + r.count.tracesSampledOut.Load()
		if uint64(received) != gone+uint64(len(d.kept)) {
			t.Fatalf("%d traces came, %d are kept and %d are gone", received, len(d.kept), gone)
		}
		if len(d.kept) == 0 {
			return
		}
		got := new(pb.AgentPayload)
		if err := proto.Unmarshal(d.out, got); err != nil {
			t.Fatal(err)
		}
		payload.Chunks = d.kept
		if !proto.Equal(got.TracerPayloads[0], payload) {
			t.Fatal("forwarded as something else")
		}
	})
}
