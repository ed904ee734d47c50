package tracer

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"syscall"

	"github.com/spanstorm/spanstorm/internal/tracer/rawhttp"
	"github.com/spanstorm/spanstorm/results"
)

// Class is why a request has no answer.
type Class uint8

// The classes, as in [results.Errors].
const (
	ClassNone    Class = iota
	ClassTimeout       // no complete answer within the timeout
	ClassRefused       // nobody listens
	ClassReset         // the connection was reset
	ClassEOF           // the connection was closed in place of an answer, or in the middle of it
	ClassBadHTTP       // the answer is no HTTP
	ClassOther         // anything else, and requests cut off by an interrupt
	// Classes is how many there are.
	Classes = int(ClassOther) + 1
)

// String is the name in the record.
func (c Class) String() string {
	switch c {
	case ClassNone:
		return ""
	case ClassTimeout:
		return "timeout"
	case ClassRefused:
		return "refused"
	case ClassReset:
		return "reset"
	case ClassEOF:
		return "eof"
	case ClassBadHTTP:
		return "bad_http"
	default:
		return "other"
	}
}

// Count adds one request of the class to e.
func (c Class) Count(e *results.Errors) {
	switch c {
	case ClassNone:
	case ClassTimeout:
		e.Timeout++
	case ClassRefused:
		e.Refused++
	case ClassReset:
		e.Reset++
	case ClassEOF:
		e.EOF++
	case ClassBadHTTP:
		e.BadHTTP++
	default:
		e.Other++
	}
}

// ErrStopped is the cause with which a load that is over ends what is still on
// its way.
var ErrStopped = errors.New("the load was stopped")

var errTimeout = errors.New("no complete answer within the timeout")

// Classify sorts the error of a request. It goes by values where net/http has
// them and by text where it has not.
func Classify(err error) Class {
	var netErr net.Error
	var protoErr textproto.ProtocolError
	var malformed rawhttp.MalformedError
	switch {
	case err == nil:
		return ClassNone
	case errors.Is(err, ErrStopped), errors.Is(err, context.Canceled):
		return ClassOther
	case errors.Is(err, errTimeout), errors.Is(err, context.DeadlineExceeded):
		return ClassTimeout
	case isRefused(err), errors.Is(err, fs.ErrNotExist): // the latter: a socket file that is not there
		return ClassRefused
	case isReset(err):
		return ClassReset
	case errors.As(err, &malformed), errors.As(err, &protoErr), speaksNoHTTP(err.Error()):
		return ClassBadHTTP
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		strings.Contains(err.Error(), "server closed idle connection"),
		strings.Contains(err.Error(), "unexpected EOF reading trailer"):
		return ClassEOF
	case errors.As(err, &netErr) && netErr.Timeout():
		return ClassTimeout
	}
	return ClassOther
}

// speaksNoHTTP goes by text: net/http builds these errors on the spot.
func speaksNoHTTP(text string) bool {
	for _, part := range []string{
		"malformed HTTP", "malformed MIME", "malformed chunked", "invalid byte in chunk length",
		"http chunk length too large", "header line too long", "bad Content-Length", "invalid Content-Length",
		"multiple Content-Length", "chunked line", "chunked encoding contains", "hex number for chunk",
		"long trailer", "bad trailer",
		"unsupported transfer encoding", "too many transfer encodings", "too many 1xx",
		"server response headers exceeded", "HTTP response to HTTPS",
	} {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

func isAny(err error, errnos ...syscall.Errno) bool {
	var e syscall.Errno
	if !errors.As(err, &e) {
		return false
	}
	return slices.Contains(errnos, e)
}
