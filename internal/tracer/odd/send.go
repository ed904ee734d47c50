package odd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Dial connects to the agent.
type Dial func(ctx context.Context) (net.Conn, error)

// Request is a request as it would be sent if nothing were odd about it.
type Request struct {
	Host, Path string
	// Header has everything but what frames the request.
	Header http.Header
	Body   []byte
	// Timeout bounds all of it, from the first byte of connecting on.
	Timeout time.Duration
	// Read reads the body of the answer and says how long it was.
	Read func(body io.Reader) (int64, error)
}

const (
	answersMost = 2 << 20 // bytes that are read of all answers together
	interimMost = 8       // answers 1xx before the answer
)

var errTimeout = fmt.Errorf("no complete answer within the timeout: %w", context.DeadlineExceeded)

// Send sends one request over a connection of its own and reads the answer. The
// body is read by nobody any more when it returns.
//
// Answers count as soon as their head is there, even when they come before all
// of the request has been written, or break off: agents close connections on such
// requests. With a nil error the response is not nil, and its body was read.
func (o *Odd) Send(ctx context.Context, dial Dial, r *Request) (resp *http.Response, bytes int64, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, r.Timeout, errTimeout)
	defer cancel()
	conn, err := dial(ctx)
	if err != nil {
		return nil, 0, because(ctx, fmt.Errorf("connect: %w", err))
	}
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()

	if o.manner == deaf { // and if nobody reads what it writes, it will listen at last
		_ = conn.SetWriteDeadline(time.Now().Add(r.Timeout / slowShareDen * slowShare))
	}
	var writing error
	stop, written := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(written)
		writing = o.write(conn, r, stop)
	}()
	switch o.manner {
	case cut:
		<-written
		err = writing
	case deaf:
		<-written
		fallthrough
	default:
		resp, bytes, err = o.read(ctx, conn, r)
	}
	close(stop)
	_ = conn.Close() // ends a write that is still under way
	<-written
	if err != nil {
		return nil, 0, because(ctx, err)
	}
	return resp, bytes, nil
}

// because puts the reason for which a context ended in place of its effect on a
// connection.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

// read reads the answer that counts.
func (o *Odd) read(ctx context.Context, conn net.Conn, r *Request) (*http.Response, int64, error) {
	in := bufio.NewReader(io.LimitReader(conn, answersMost))
	if o.manner == pipelined {
		first, err := readHead(in, http.MethodGet)
		if err != nil {
			return nil, 0, fmt.Errorf("the answer to what comes before it: %w", err)
		}
		_, err = io.Copy(io.Discard, first.Body)
		_ = first.Body.Close()
		if err != nil {
			return nil, 0, fmt.Errorf("the answer to what comes before it: %w", unread(err))
		}
	}
	resp, err := readHead(in, http.MethodPut)
	if err != nil {
		return nil, 0, err
	}
	n, err := r.Read(resp.Body)
	_ = resp.Body.Close()
	if err != nil && ctx.Err() != nil {
		return nil, 0, err
	}
	resp.Body = http.NoBody
	return resp, n, nil
}

// readHead reads answers up to the head of the final one.
func readHead(in *bufio.Reader, method string) (*http.Response, error) {
	request := &http.Request{Method: method}
	for range interimMost {
		resp, err := http.ReadResponse(in, request)
		if err != nil {
			return nil, unread(err)
		}
		if resp.StatusCode >= 200 {
			return resp, nil
		}
		_ = resp.Body.Close()
	}
	return nil, unread(errors.New("too many 1xx informational responses"))
}

// unread says of an error what it is about: unless the connection failed or ended,
// what came is no HTTP, for which net/http has many words.
func unread(err error) error {
	var failed net.Error
	if errors.As(err, &failed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) {
		return err
	}
	return fmt.Errorf("malformed HTTP answer: %w", err)
}
