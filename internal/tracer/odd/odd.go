// Package odd sends requests that are odd beside their body: under another path
// or content type than the body is of, with headers that lie or flood, framed in
// ways that few clients frame them, left in the middle.
//
// Each goes over a connection of its own, because no HTTP client sends such
// things, and because they end connections. What may live here: which request a
// fault makes, and sending it. What may not: malformed bodies (they are
// internal/fault/bodies'), and when requests are sent.
package odd

import (
	"net/http"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/internal/fault/bodies"
	"github.com/spanstorm/spanstorm/scenarios"
)

// Odd is what is odd about a request. It does not change and may be shared.
type Odd struct {
	fault *scenarios.Fault
	// Path and ContentType take the place of the usual ones where not empty.
	Path, ContentType string
	manner            manner
}

// manner is how a request is written.
type manner uint8

const (
	plain     manner = iota
	chunked          // in chunks, without a Content-Length
	slow             // a piece at a time
	cut              // and left in the middle of the body
	deaf             // to its end, whatever is answered meanwhile
	pipelined        // behind another one
	flooded          // with too many headers
)

// Headers that a fault may take away or change.
const (
	headerContentType = "Content-Type"
	headerCount       = "X-Datadog-Trace-Count"
	lyingCount        = "1000000"
)

// For returns what is odd about requests under a fault, whose bodies are of that
// API version and encoding; nil when nothing is beside the body.
func For(f *scenarios.Fault, api scenarios.API, encoding scenarios.Encoding) *Odd {
	o := &Odd{fault: f}
	switch f.Kind {
	case fault.WrongEncoding:
		o.ContentType = "application/json"
		if encoding == scenarios.JSON {
			o.ContentType = "application/msgpack"
		}
	case fault.WrongVersion:
		// v0.3 and v0.4 take the same payloads, the others take their own.
		o.Path = "/" + string(scenarios.V04) + "/traces"
		if api == scenarios.V03 || api == scenarios.V04 {
			o.Path = "/" + string(scenarios.V05) + "/traces"
		}
	case fault.OverLimit, fault.FarOverLimit, fault.NoCountHeader, fault.LyingCountHeader, fault.NoContentType:
	case fault.Chunked:
		o.manner = chunked
	case fault.SlowBody:
		o.manner = slow
	case fault.ClosedMidBody:
		o.manner = cut
	case fault.EarlyAnswerIgnored:
		o.manner = deaf
	case fault.Pipelined:
		o.manner = pipelined
	case fault.HeaderFlood:
		o.manner = flooded
	default:
		return nil
	}
	return o
}

// Size is how many bytes a request with this body announces.
func (o *Odd) Size(body []byte) int64 { return int64(bodies.Pad(o.fault, body).Size()) }

// header makes the usual headers those of the odd request.
func (o *Odd) header(usual http.Header) http.Header {
	h := usual.Clone()
	if o.ContentType != "" {
		h.Set(headerContentType, o.ContentType)
	}
	switch o.fault.Kind {
	case fault.NoContentType:
		h.Del(headerContentType)
	case fault.NoCountHeader:
		h.Del(headerCount)
	case fault.LyingCountHeader:
		h.Set(headerCount, lyingCount)
	}
	return h
}
