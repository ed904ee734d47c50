// Package decode reads the bodies of the trace API, all versions of it, with
// Datadog's published types and decoders (datadog-agent, pkg/proto), into one
// form: a TracerPayload of chunks. What does not live here: HTTP, and any
// judgement on what was read.
package decode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"mime"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace/idx"
	"github.com/tinylib/msgp/msgp"
)

// API is a version of the trace API.
type API string

// The versions that agents take.
const (
	V03 API = "v0.3" // traces
	V04 API = "v0.4" // the same
	V05 API = "v0.5" // traces whose texts stand in a table
	V07 API = "v0.7" // a tracer's payload of chunks
	V10 API = "v1.0" // the same, whose texts are numbered as they come
)

// APIs are all of them, the oldest first.
func APIs() []API { return []API{V03, V04, V05, V07, V10} }

// Path is where the version takes traces.
func (a API) Path() string { return "/" + string(a) + "/traces" }

// A Format is how a body of v0.3 or v0.4 is written; the newer ones know msgpack alone.
type Format int

// The formats.
const (
	Msgpack Format = iota
	JSON
)

// FormatOf reads a Content-Type. Whatever is not msgpack is taken for JSON, as it
// always has been (pkg/trace/api/api.go, getMediaType and decoding by it): the real
// agent tries msgpack on unknown types after JSON, by which time the body is read.
func FormatOf(contentType string) Format {
	switch contentType { // what tracers send, without the price of parsing
	case "application/msgpack":
		return Msgpack
	case "application/json", "":
		return JSON
	}
	if media, _, err := mime.ParseMediaType(contentType); err == nil && media == "application/msgpack" {
		return Msgpack
	}
	return JSON
}

// PriorityNone is the priority of a chunk that does not say one (pkg/trace/sampler).
const PriorityNone = math.MinInt8

// keepSpans bounds the memory that waits for the next body.
const keepSpans = 4096

// A Decoder decodes one body after the other, into memory that it uses again.
// The zero value is ready. It serves one goroutine.
type Decoder struct {
	traces  pb.Traces        // of the APIs before v0.7,
	around  pb.TracerPayload // and the payload that they are given
	payload pb.TracerPayload // of v0.7 and v1.0
	texts   []string         // of v1.0
}

// Decode reads a body. The payload is valid until Reset, which must come before
// the next Decode. Its chunks, and their spans, may be nil where the body says
// so; all its texts are valid UTF-8. Rest is what follows in the body, for
// which receivers do not care.
//
// Before v0.7 a chunk is a trace and says nothing of its own: its priority is
// [PriorityNone], and the payload's fields, which requests have headers for,
// are empty. A chunk of v1.0 becomes what it is in v0.7 (see [FromIndexed]).
//
// Msgpack is first walked over without decoding: a length that promises more
// than follows would otherwise be believed and allocated for. What then remains
// of a body's claims is bounded by its own size. The error of a body that is
// too short wraps msgp.ErrShortBytes, io.EOF or io.ErrUnexpectedEOF.
func (d *Decoder) Decode(api API, format Format, body []byte) (payload *pb.TracerPayload, rest []byte, err error) {
	if (api == V03 || api == V04) && format == JSON {
		from := json.NewDecoder(bytes.NewReader(body))
		d.traces = nil // fresh memory: this decoder merges into what is there
		if err := from.Decode(&d.traces); err != nil {
			return nil, nil, fmt.Errorf("decode %s JSON: %w", api, err)
		}
		return d.chunked(), body[from.InputOffset():], nil
	}
	if rest, err = msgp.Skip(body); err != nil {
		return nil, nil, fmt.Errorf("decode %s msgpack: %w", api, err)
	}
	body = body[:len(body)-len(rest)] // that of v0.5 would read on past the end of the list
	switch api {
	case V03, V04:
		_, err = d.traces.UnmarshalMsg(body)
		payload = d.chunked()
	case V05:
		err = d.traces.UnmarshalMsgDictionary(body)
		payload = d.chunked()
	case V07:
		_, err = d.payload.UnmarshalMsg(body)
		payload = &d.payload
	case V10:
		var indexed idx.InternalTracerPayload
		if _, err = indexed.UnmarshalMsg(body); err == nil {
			payload = d.fromIndexed(&indexed)
		}
	default:
		return nil, nil, fmt.Errorf("decode: there is no API %q", api)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("decode %s msgpack: %w", api, err)
	}
	repair(payload)
	return payload, rest, nil
}

// chunked makes a chunk of each trace.
func (d *Decoder) chunked() *pb.TracerPayload {
	p := &d.around
	for _, t := range d.traces {
		var c *pb.TraceChunk
		p.Chunks, c = extend(p.Chunks)
		c.Priority, c.Spans = PriorityNone, t
	}
	return p
}

// Reset takes back what Decode returned, or left half done. Every span that was
// filled is emptied, for the decoders only set the fields that a body names.
func (d *Decoder) Reset() {
	spans := 0
	for _, t := range d.traces {
		spans += len(t)
	}
	for _, c := range d.payload.Chunks {
		spans += len(c.GetSpans())
	}
	if spans > keepSpans || max(len(d.traces), len(d.payload.Chunks), len(d.texts)) > keepSpans {
		d.traces, d.around.Chunks, d.payload.Chunks, d.texts = nil, nil, nil, nil
	}
	for _, t := range d.traces {
		emptySpans(t)
	}
	d.traces = d.traces[:0]
	for _, c := range d.around.Chunks {
		c.Spans = nil // they are d.traces'
		emptyChunk(c)
	}
	for _, c := range d.payload.Chunks {
		emptyChunk(c)
	}
	for _, p := range []*pb.TracerPayload{&d.around, &d.payload} {
		p.ContainerID, p.LanguageName, p.LanguageVersion, p.TracerVersion, p.RuntimeID = "", "", "", "", ""
		p.Env, p.Hostname, p.AppVersion, p.Tags = "", "", "", nil
		p.Chunks = p.Chunks[:0]
	}
	clear(d.texts)
	d.texts = d.texts[:0]
}

// extend lengthens s by an element, which may be one that lay behind its end.
func extend[T any](s []*T) ([]*T, *T) {
	if len(s) < cap(s) {
		s = s[:len(s)+1]
	} else {
		s = append(s, nil)
	}
	last := &s[len(s)-1]
	if *last == nil {
		*last = new(T)
	}
	return s, *last
}

func emptyChunk(c *pb.TraceChunk) {
	if c == nil {
		return
	}
	emptySpans(c.Spans)
	c.Priority, c.Origin, c.DroppedTrace, c.Spans = 0, "", false, c.Spans[:0]
	clear(c.Tags)
}

// emptySpans zeroes spans, field by field: a protobuf message must not be copied.
func emptySpans(spans []*pb.Span) {
	for _, s := range spans {
		if s == nil {
			continue
		}
		s.Service, s.Name, s.Resource, s.Type = "", "", "", ""
		s.TraceID, s.SpanID, s.ParentID = 0, 0, 0
		s.Start, s.Duration, s.Error = 0, 0, 0
		clear(s.Meta)
		clear(s.Metrics)
		s.MetaStruct, s.SpanLinks, s.SpanEvents = nil, nil, nil
	}
}
