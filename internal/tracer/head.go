package tracer

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// head is the first part of a tracer's requests of one kind, from the request
// line to the empty line, byte for byte as net/http writes it. But for two
// numbers it is always the same:
//
//	PUT /v0.4/traces HTTP/1.1 … Content-Length: │2048│ … X-Datadog-Trace-Count: │20│ …
type head struct {
	toLength, toCount, rest string
	counted                 bool // false where the scenario sets X-Datadog-Trace-Count itself
}

// newHead renders the head as net/http would: first what it writes of its own
// accord, then the headers in the order of their names.
func newHead(target, host, contentType string, headers []header) *head {
	values := map[string]string{headerContentType: contentType}
	for _, h := range headers {
		if len(h.values) > 0 {
			values[h.name] = h.values[0]
		}
	}
	_, given := values[headerTraceCount]
	h := &head{counted: !given}
	if h.counted {
		values[headerTraceCount] = ""
	}

	var text strings.Builder
	line := func(name string) { text.WriteString(name + ": " + strings.Trim(values[name], " \t") + "\r\n") }
	text.WriteString("PUT " + target + " HTTP/1.1\r\nHost: " + host + "\r\n")
	if values[headerUserAgent] != "" {
		line(headerUserAgent)
	}
	text.WriteString("Content-Length: ")
	h.toLength = text.String()
	text.Reset()
	text.WriteString("\r\n")
	for _, name := range slices.Sorted(maps.Keys(values)) {
		switch {
		case name == headerUserAgent || name == "Trailer": // net/http takes the latter from elsewhere
		case name == headerTraceCount && h.counted:
			text.WriteString(name + ": ")
			h.toCount = text.String()
			text.Reset()
			text.WriteString("\r\n")
		default:
			line(name)
		}
	}
	text.WriteString("\r\n")
	h.rest = text.String()
	return h
}

// appendTo appends the head of a request with a body of so many bytes and
// traces.
func (h *head) appendTo(dst []byte, length, traces int) []byte {
	dst = append(dst, h.toLength...)
	dst = strconv.AppendInt(dst, int64(length), 10)
	if h.counted {
		dst = append(dst, h.toCount...)
		dst = strconv.AppendInt(dst, int64(traces), 10)
	}
	return append(dst, h.rest...)
}
