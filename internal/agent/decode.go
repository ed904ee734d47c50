package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"sync"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/tinylib/msgp/msgp"
)

// An encoding is how a payload is written.
type encoding int

const (
	encodedJSON encoding = iota
	encodedMsgpack
)

// encodingOf reads a Content-Type. Whatever is not msgpack is taken for JSON, as
// it always has been (pkg/trace/api/api.go, getMediaType and decoding by it): the
// real agent tries msgpack on unknown types after JSON, by which time the body is read.
func encodingOf(contentType string) encoding {
	switch contentType { // what tracers send, without the price of parsing
	case "application/msgpack":
		return encodedMsgpack
	case "application/json", "":
		return encodedJSON
	}
	if media, _, err := mime.ParseMediaType(contentType); err == nil && media == "application/msgpack" {
		return encodedMsgpack
	}
	return encodedJSON
}

// keepSpans and keepBytes bound what is kept for the next request.
const (
	keepSpans = 4096
	keepBytes = 1 << 20
)

// decoded is one payload taken apart, in memory that the next payload uses again.
type decoded struct {
	traces pb.Traces
	body   bytes.Buffer
	out    []byte // the payload as it is forwarded
}

// scratch hands out decoded.
type scratch struct{ pool sync.Pool }

func (s *scratch) get() *decoded {
	if d, ok := s.pool.Get().(*decoded); ok {
		return d
	}
	return new(decoded)
}

// put takes d back. Every span that was filled is emptied, for the decoder
// only sets the fields that a payload names.
func (s *scratch) put(d *decoded) {
	spans := 0
	for _, t := range d.traces {
		spans += len(t)
	}
	if spans > keepSpans || d.body.Cap() > keepBytes || cap(d.out) > keepBytes {
		return
	}
	for _, t := range d.traces {
		for _, span := range t {
			empty(span)
		}
	}
	d.body.Reset()
	s.pool.Put(d)
}

// empty zeroes a span, field by field: a protobuf message must not be copied.
func empty(s *pb.Span) {
	if s == nil {
		return
	}
	s.Service, s.Name, s.Resource, s.Type = "", "", "", ""
	s.TraceID, s.SpanID, s.ParentID = 0, 0, 0
	s.Start, s.Duration, s.Error = 0, 0, 0
	clear(s.Meta)
	clear(s.Metrics)
	s.MetaStruct, s.SpanLinks, s.SpanEvents = nil, nil, nil
}

// decode fills d.traces from a body.
//
// A msgpack payload is first walked over without decoding: a length that
// promises more than follows would otherwise be believed and allocated for.
// What then remains of a body's claims is bounded by its own size.
func (d *decoded) decode(enc encoding, body []byte) error {
	d.traces = d.traces[:0]
	if enc == encodedMsgpack {
		if _, err := msgp.Skip(body); err != nil {
			return fmt.Errorf("decode msgpack: %w", err)
		}
		if _, err := d.traces.UnmarshalMsg(body); err != nil {
			return fmt.Errorf("decode msgpack: %w", err)
		}
		return nil
	}
	// Fresh memory: the JSON decoder merges into what is there.
	d.traces = nil
	if err := json.NewDecoder(bytes.NewReader(body)).Decode(&d.traces); err != nil {
		return fmt.Errorf("decode JSON: %w", err)
	}
	return nil
}

// whyUndecodable is the reason that an error of decode counts under.
func whyUndecodable(err error) reason {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return unexpectedEOF
	case errors.Is(err, msgp.ErrShortBytes):
		return msgpShortBytes
	}
	return decodingError
}
