package rawhttp

import (
	"bytes"
	"strings"
)

// fields are the headers of an answer, as far as they say where it ends and
// what becomes of the connection.
type fields struct {
	length     int64 // Content-Length; -1 without one
	digits     int   // of it
	encodings  int   // how many Transfer-Encoding lines there are
	chunked    bool  // the last of them says chunked
	close      bool
	keepAlive  bool
	badTrailer bool
	framed     bool // the line added last is one of these
}

// add takes a header line. Names are tokens and may hold spaces, as in
// net/http: then they are names of nothing.
func (f *fields) add(line []byte) error {
	name, value, ok := bytes.Cut(line, []byte{':'})
	if !ok || len(name) == 0 {
		return MalformedError("a header line without a name")
	}
	for _, c := range name {
		if !isToken(c) && c != ' ' {
			return MalformedError("a header name with a character that may not be in one")
		}
	}
	if !isText(value) {
		return MalformedError("a header with a control character in it")
	}
	value = bytes.Trim(value, " \t")
	f.framed = true
	switch {
	case is(name, "content-length"):
		return f.addLength(value)
	case is(name, "transfer-encoding"):
		f.encodings++
		f.chunked = is(value, "chunked")
	case is(name, "connection"):
		f.close = f.close || has(value, "close")
		f.keepAlive = f.keepAlive || has(value, "keep-alive")
	case is(name, "trailer"):
		f.badTrailer = f.badTrailer || has(value, "transfer-encoding") || has(value, "trailer") || has(value, "content-length")
	default:
		f.framed = false
	}
	return nil
}

func (f *fields) addLength(value []byte) error {
	if len(value) == 0 {
		return MalformedError("an empty Content-Length")
	}
	var n int64
	for _, c := range value {
		d := int64(c) - '0'
		if d < 0 || d > 9 || n > (1<<63-1-d)/10 {
			return MalformedError("a Content-Length that is no number")
		}
		n = 10*n + d
	}
	if f.length >= 0 && (n != f.length || len(value) != f.digits) {
		return MalformedError("two Content-Lengths")
	}
	f.length, f.digits = n, len(value)
	return nil
}

// is compares without regard to case; lower is in lower case.
func is(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// has says whether a list with commas has an item.
func has(list []byte, lower string) bool {
	for more := true; more; {
		var item []byte
		item, list, more = bytes.Cut(list, []byte{','})
		if is(bytes.Trim(item, " \t"), lower) {
			return true
		}
	}
	return false
}

// isText says whether b has no control characters but tabs.
func isText(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// isToken says whether a character may be in a name (RFC 9110, section 5.6.2).
func isToken(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
