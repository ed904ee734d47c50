package odd

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"time"

	"github.com/spanstorm/spanstorm/internal/fault/bodies"
)

const (
	writeBuffer = 64 << 10
	fillBytes   = 64 << 10
	chunkBytes  = 16 << 10
	// A slow body comes in so many pieces, over this share of the timeout.
	slowPieces              = 32
	slowShare, slowShareDen = 3, 4
	// A flood is so many headers of that many bytes: twice what net/http takes.
	floodHeaders, floodBytes = 1000, 2 << 10
)

// errLeft ends a request that is left in the middle; see io.ErrUnexpectedEOF.
var errLeft = fmt.Errorf("the connection was closed in the middle of the body, on purpose: %w", io.ErrUnexpectedEOF)

// errStopped ends a write that nobody waits for any more.
var errStopped = errors.New("the answer came first")

// write writes the whole request, or as much as its manner wants. It ends early
// when stop is closed, or the connection.
func (o *Odd) write(conn io.Writer, r *Request, stop <-chan struct{}) error {
	pad := bodies.Pad(o.fault, r.Body)
	w := bufio.NewWriterSize(conn, writeBuffer)
	if err := o.writeHead(w, r, pad.Size()); err != nil {
		return err
	}
	if o.manner == slow { // the head comes at once
		if err := w.Flush(); err != nil {
			return err
		}
	}
	body, end := o.bodyWriter(w, r, pad.Size(), stop)
	if err := writeBody(body, pad, r.Body); err != nil {
		if errors.Is(err, errLeft) {
			return errors.Join(err, w.Flush())
		}
		return err
	}
	if err := end(); err != nil {
		return err
	}
	return w.Flush()
}

// writeHead leaves errors to the end: a bufio.Writer keeps its first one.
func (o *Odd) writeHead(w *bufio.Writer, r *Request, size int) error {
	if o.manner == pipelined {
		_, _ = fmt.Fprintf(w, "GET /info HTTP/1.1\r\nHost: %s\r\n\r\n", r.Host)
	}
	path := r.Path
	if o.Path != "" {
		path = o.Path
	}
	_, _ = fmt.Fprintf(w, "%s %s HTTP/1.1\r\nHost: %s\r\n", http.MethodPut, path, r.Host)
	if err := o.header(r.Header).Write(w); err != nil {
		return err
	}
	if o.manner == flooded {
		value := bytes.Repeat([]byte("flood"), floodBytes/5)
		for i := range floodHeaders {
			_, _ = fmt.Fprintf(w, "X-Flood-%d: %s\r\n", i, value)
		}
	}
	framing := fmt.Sprintf("Content-Length: %d\r\n\r\n", size)
	if o.manner == chunked {
		framing = "Transfer-Encoding: chunked\r\n\r\n"
	}
	_, err := w.WriteString(framing)
	return err
}

// bodyWriter is where the body goes, and what is done at its end.
func (o *Odd) bodyWriter(w *bufio.Writer, r *Request, size int, stop <-chan struct{}) (io.Writer, func() error) {
	nothing := func() error { return nil }
	switch o.manner {
	case chunked:
		chunks := httputil.NewChunkedWriter(w)
		return &portions{w: chunks, n: chunkBytes}, func() error {
			if err := chunks.Close(); err != nil {
				return err
			}
			_, err := w.WriteString("\r\n") // there are no trailers
			return err
		}
	case slow:
		over := r.Timeout / slowShareDen * slowShare
		return &portions{w: w, n: max(1, size/slowPieces), after: func() error {
			if err := w.Flush(); err != nil {
				return err
			}
			return pause(over/slowPieces, stop)
		}}, nothing
	case cut:
		return &leaving{w: w, left: size / 2}, nothing
	default:
		return w, nothing
	}
}

// writeBody writes a body with what it is padded with.
func writeBody(w io.Writer, p bodies.Padding, body []byte) error {
	if err := writeFill(w, p.Before, p.Fill); err != nil {
		return err
	}
	if _, err := w.Write(body[:p.Keep]); err != nil {
		return err
	}
	return writeFill(w, p.After, p.Fill)
}

func writeFill(w io.Writer, n int, b byte) error {
	if n == 0 {
		return nil
	}
	fill := bytes.Repeat([]byte{b}, min(n, fillBytes))
	for n > 0 {
		m, err := w.Write(fill[:min(n, len(fill))])
		if n -= m; err != nil {
			return err
		}
	}
	return nil
}

// pause waits, but not longer than until stop is closed.
func pause(d time.Duration, stop <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-stop:
		return errStopped
	}
}

// portions writes n bytes at a time, and does something after each portion.
type portions struct {
	w     io.Writer
	n     int
	after func() error
}

func (p *portions) Write(b []byte) (written int, err error) {
	for len(b) > 0 && err == nil {
		var n int
		n, err = p.w.Write(b[:min(len(b), p.n)])
		written += n
		b = b[n:]
		if err == nil && p.after != nil {
			err = p.after()
		}
	}
	return written, err
}

// leaving writes the first bytes and then no more.
type leaving struct {
	w    io.Writer
	left int
}

func (l *leaving) Write(b []byte) (int, error) {
	n, err := l.w.Write(b[:min(len(b), l.left)])
	if l.left -= n; err == nil && l.left == 0 {
		err = errLeft
	}
	return n, err
}
