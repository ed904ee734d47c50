package odd_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/internal/limits"
	"github.com/spanstorm/spanstorm/internal/tracer"
	"github.com/spanstorm/spanstorm/internal/tracer/odd"
	"github.com/spanstorm/spanstorm/scenarios"
)

// seen is a request as a server saw it.
type seen struct {
	path, length, count, contentType, transfer, lang string
	floods                                           int
	body                                             []byte
	err                                              error
}

// server is an HTTP server with the limits of an agent.
type server struct {
	dial odd.Dial
	mu   sync.Mutex
	got  []seen
}

// serve starts one on a network, with that timeout for reading.
func serve(t *testing.T, network string, within time.Duration) *server {
	t.Helper()
	addr := "127.0.0.1:0"
	if network == "unix" {
		addr = filepath.Join(t.TempDir(), "s")
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	s := &server{dial: func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, l.Addr().String())
	}}
	h := httptest.NewUnstartedServer(s)
	_ = h.Listener.Close()
	h.Listener, h.Config.ReadTimeout = l, within
	h.Start()
	t.Cleanup(h.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in := seen{
		path: r.URL.Path, length: r.Header.Get("Content-Length"), count: r.Header.Get("X-Datadog-Trace-Count"),
		contentType: r.Header.Get("Content-Type"), transfer: strings.Join(r.TransferEncoding, ","), lang: r.Header.Get("Datadog-Meta-Lang"),
	}
	code := http.StatusOK
	if r.ContentLength > limits.PayloadBytes {
		code = http.StatusRequestEntityTooLarge
	} else if in.body, in.err = io.ReadAll(r.Body); in.err != nil {
		code = http.StatusRequestTimeout
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Flood") {
			in.floods++
		}
	}
	s.mu.Lock()
	s.got = append(s.got, in)
	s.mu.Unlock()
	w.WriteHeader(code)
	_, _ = fmt.Fprintf(w, "answer to %s", r.URL.Path)
}

func (s *server) take() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got = nil
	return got
}

const usualType = "application/msgpack"

// request is a usual one with that body.
func request(body []byte, timeout time.Duration, read *bytes.Buffer) *odd.Request {
	return &odd.Request{
		Host: "agent:8126", Path: "/v0.4/traces", Body: body, Timeout: timeout,
		Header: http.Header{"Content-Type": {usualType}, "X-Datadog-Trace-Count": {"2"}, "Datadog-Meta-Lang": {"go"}},
		Read:   read.ReadFrom,
	}
}

func of(t *testing.T, kind string) *odd.Odd {
	t.Helper()
	o := odd.For(&scenarios.Fault{Kind: kind}, scenarios.V04, scenarios.Msgpack)
	if o == nil {
		t.Fatalf("%s is not odd", kind)
	}
	return o
}

// TestWhatIsSent looks at each kind from the other side.
func TestWhatIsSent(t *testing.T) {
	payload := bytes.Repeat([]byte("\x91payload"), 9000)
	usual := seen{path: "/v0.4/traces", length: strconv.Itoa(len(payload)), count: "2", contentType: usualType, lang: "go", body: payload}
	with := func(change func(*seen)) []seen {
		s := usual
		change(&s)
		return []seen{s}
	}
	tests := map[string]struct {
		code int
		got  []seen
	}{
		fault.WrongEncoding:    {200, with(func(s *seen) { s.contentType = "application/json" })},
		fault.WrongVersion:     {200, with(func(s *seen) { s.path = "/v0.5/traces" })},
		fault.NoCountHeader:    {200, with(func(s *seen) { s.count = "" })},
		fault.LyingCountHeader: {200, with(func(s *seen) { s.count = "1000000" })},
		fault.NoContentType:    {200, with(func(s *seen) { s.contentType = "" })},
		fault.Chunked:          {200, with(func(s *seen) { s.length, s.transfer = "", "chunked" })},
		fault.SlowBody:         {200, with(func(*seen) {})},
		fault.Pipelined:        {200, append([]seen{{path: "/info", body: []byte{}}}, usual)},
		fault.HeaderFlood:      {431, nil},
		fault.ClosedMidBody:    {0, with(func(s *seen) { s.body, s.err = payload[:len(payload)/2], io.ErrUnexpectedEOF })},
		fault.OverLimit:        {413, with(func(s *seen) { s.length, s.body = strconv.Itoa(limits.PayloadBytes+1), nil })},
		fault.FarOverLimit:     {413, with(func(s *seen) { s.length, s.body = strconv.Itoa(2*limits.PayloadBytes), nil })},
		// On Linux what was received stays readable after a reset.
		fault.EarlyAnswerIgnored: {413, with(func(s *seen) { s.length, s.body = strconv.Itoa(2*limits.PayloadBytes), nil })},
	}
	for _, network := range []string{"tcp", "unix"} {
		for kind, test := range tests {
			t.Run(network+" "+kind, func(t *testing.T) {
				t.Parallel()
				s := serve(t, network, 10*time.Second)
				timeout := 10 * time.Second
				if kind == fault.SlowBody {
					timeout = 800 * time.Millisecond
				}
				var read bytes.Buffer
				begun := time.Now()
				resp, n, err := of(t, kind).Send(t.Context(), s.dial, request(payload, timeout, &read))
				took := time.Since(begun)
				switch {
				case kind == fault.EarlyAnswerIgnored && err != nil:
					if tracer.Classify(err) != tracer.ClassReset {
						t.Errorf("%v", err)
					}
				case test.code == 0:
					if tracer.Classify(err) != tracer.ClassEOF {
						t.Errorf("%v, %v", resp, err)
					}
				case err != nil:
					t.Fatal(err)
				case resp.StatusCode != test.code || n != int64(read.Len()):
					t.Errorf("%s, %d bytes of %d", resp.Status, n, read.Len())
				case test.code == 200 && read.String() != "answer to "+test.got[len(test.got)-1].path:
					t.Errorf("%q", read.String())
				}
				if kind == fault.SlowBody && took < 500*time.Millisecond {
					t.Errorf("it took %v", took)
				}
				s.compare(t, test.got)
			})
		}
	}
}

// compare waits for the server to have seen want.
func (s *server) compare(t *testing.T, want []seen) {
	t.Helper()
	var got []seen
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if got = append(got, s.take()...); len(got) >= len(want) || time.Now().After(deadline) {
			break
		}
	}
	if len(got) != len(want) {
		t.Fatalf("the server saw %d requests, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.path != w.path || g.length != w.length || g.count != w.count || g.contentType != w.contentType ||
			g.transfer != w.transfer || g.lang != w.lang || !errors.Is(g.err, w.err) || !bytes.Equal(g.body, w.body) {
			g.body, w.body = nil, nil
			t.Errorf("got  %+v\nwant %+v", g, w)
		}
	}
}

// TestOverLimitKeepsThePayload reads what an agent that does not look at the
// Content-Length would.
func TestOverLimitKeepsThePayload(t *testing.T) {
	for encoding, payload := range map[scenarios.Encoding]string{scenarios.Msgpack: "\x91\x90", scenarios.JSON: "[[]]"} {
		o := odd.For(&scenarios.Fault{Kind: fault.OverLimit}, scenarios.V04, encoding)
		var begins, ends []byte
		var size int
		dial := respond(t, func(conn net.Conn) {
			r, err := http.ReadRequest(bufio.NewReader(conn))
			if err != nil {
				t.Error(err)
				return
			}
			all, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
				return
			}
			size, begins, ends = len(all), all[:4], all[len(all)-4:]
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		})
		var read bytes.Buffer
		resp, n, err := o.Send(t.Context(), dial, request([]byte(payload), 20*time.Second, &read))
		if err != nil || resp.StatusCode != http.StatusOK || n != 2 {
			t.Fatal(resp, n, err)
		}
		if size != limits.PayloadBytes+1 || o.Size([]byte(payload)) != int64(size) {
			t.Errorf("%d bytes", size)
		}
		if encoding == scenarios.JSON && string(ends) != payload || encoding == scenarios.Msgpack && string(begins[:2]) != payload {
			t.Errorf("%s: %q … %q", encoding, begins, ends)
		}
	}
}

// respond serves one connection.
func respond(t *testing.T, handle func(net.Conn)) odd.Dial {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		handle(conn)
		_ = conn.Close()
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
	}
}

// TestErrors has what else may come back, and how it classifies.
func TestErrors(t *testing.T) {
	answer := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
				t.Error(err)
			}
			_, _ = io.WriteString(c, text)
		}
	}
	tests := map[string]struct {
		kind  string
		serve func(net.Conn)
		code  int
		class tracer.Class
	}{
		"nothing":        {fault.NoCountHeader, answer(""), 0, tracer.ClassEOF},
		"no HTTP":        {fault.NoCountHeader, answer("220 smtp ready\r\n\r\n"), 0, tracer.ClassBadHTTP},
		"half a head":    {fault.NoCountHeader, answer("HTTP/1.1 200 OK\r\nA: b\r\n"), 0, tracer.ClassEOF},
		"interim first":  {fault.NoCountHeader, answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n"), 429, tracer.ClassNone},
		"only interim":   {fault.NoCountHeader, answer(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 20)), 0, tracer.ClassBadHTTP},
		"breaks off":     {fault.NoCountHeader, answer("HTTP/1.1 413 No\r\nContent-Length: 100\r\n\r\nhalf"), 413, tracer.ClassNone},
		"only the first": {fault.Pipelined, answer("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), 0, tracer.ClassEOF},
		"endless header": {fault.NoCountHeader, answer("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 3<<20)), 0, tracer.ClassEOF},
		"reset":          {fault.NoCountHeader, func(c net.Conn) { reset(t, c) }, 0, tracer.ClassReset},
		"silence":        {fault.NoCountHeader, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, 0, tracer.ClassTimeout},
		"a stalled answer": {fault.NoCountHeader, func(c net.Conn) {
			answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")(c)
			time.Sleep(time.Second)
		}, 0, tracer.ClassTimeout},
		"nobody reads": {fault.EarlyAnswerIgnored, func(net.Conn) { time.Sleep(time.Second) }, 0, tracer.ClassTimeout},
		"an answer, and nobody reads": {fault.EarlyAnswerIgnored, func(c net.Conn) {
			_, _ = io.WriteString(c, "HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
			time.Sleep(time.Second)
		}, 413, tracer.ClassNone},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var read bytes.Buffer
			timeout := 20 * time.Second
			if test.class == tracer.ClassTimeout || test.kind == fault.EarlyAnswerIgnored {
				timeout = 500 * time.Millisecond
			}
			resp, _, err := of(t, test.kind).Send(t.Context(), respond(t, test.serve), request([]byte("body"), timeout, &read))
			switch {
			case tracer.Classify(err) != test.class:
				t.Errorf("%v is %s", err, tracer.Classify(err))
			case test.code != 0 && resp.StatusCode != test.code:
				t.Error(resp.Status)
			}
		})
	}
	t.Run("refused", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		dial := func(ctx context.Context) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
		}
		_, _, err = of(t, fault.Chunked).Send(t.Context(), dial, request(nil, time.Second, new(bytes.Buffer)))
		if tracer.Classify(err) != tracer.ClassRefused {
			t.Error(err)
		}
	})
	t.Run("stopped", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		dial := respond(t, func(c net.Conn) { cancel(tracer.ErrStopped); _, _ = io.Copy(io.Discard, c) })
		_, _, err := of(t, fault.SlowBody).Send(ctx, dial, request(make([]byte, 1000), 20*time.Second, new(bytes.Buffer)))
		if !errors.Is(err, tracer.ErrStopped) {
			t.Error(err)
		}
	})
}

func reset(t *testing.T, c net.Conn) {
	t.Helper()
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		t.Fatal("not TCP")
	}
	_ = tcp.SetLinger(0)
}

// TestASlowBodyEndsWithItsAnswer sees that nobody trickles on who was answered.
func TestASlowBodyEndsWithItsAnswer(t *testing.T) {
	s := serve(t, "tcp", 200*time.Millisecond)
	var read bytes.Buffer
	begun := time.Now()
	resp, _, err := of(t, fault.SlowBody).Send(t.Context(), s.dial, request(make([]byte, 4000), 20*time.Second, &read))
	if err != nil || resp.StatusCode != http.StatusRequestTimeout {
		t.Errorf("%v, %v", resp, err)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestUsual lists what is sent as usual: the body is all that is wrong.
func TestUsual(t *testing.T) {
	for _, kind := range []string{fault.Truncated, fault.TrailingGarbage, fault.EmptyBody, fault.LyingLength, fault.DeepNesting, fault.RandomBytes, fault.RawBody} {
		if odd.For(&scenarios.Fault{Kind: kind}, scenarios.V04, scenarios.Msgpack) != nil {
			t.Errorf("%s is odd", kind)
		}
	}
	n := 0
	for _, kind := range fault.Kinds() {
		if kind.Level != fault.Span && odd.For(&scenarios.Fault{Kind: kind.Name}, scenarios.V04, scenarios.JSON) != nil {
			n++
		}
	}
	if n != 13 {
		t.Errorf("%d kinds are odd", n)
	}
}

func TestWrongs(t *testing.T) {
	for _, test := range []struct {
		api                  scenarios.API
		encoding             scenarios.Encoding
		path, wrong, content string
	}{
		{scenarios.V03, scenarios.JSON, "/v0.5/traces", fault.WrongVersion, ""},
		{scenarios.V05, scenarios.Msgpack, "/v0.4/traces", fault.WrongVersion, ""},
		{scenarios.V10, scenarios.Msgpack, "/v0.4/traces", fault.WrongVersion, ""},
		{scenarios.V03, scenarios.JSON, "", fault.WrongEncoding, "application/msgpack"},
		{scenarios.V07, scenarios.Msgpack, "", fault.WrongEncoding, "application/json"},
	} {
		o := odd.For(&scenarios.Fault{Kind: test.wrong}, test.api, test.encoding)
		if o.Path != test.path || o.ContentType != test.content {
			t.Errorf("%+v: %q %q", test, o.Path, o.ContentType)
		}
	}
}

// FuzzAnswer has any bytes for an answer: it is one, or an error of a class.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), false)
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"), true)
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 413 No\r\n\r\nlarge"), false)
	f.Add([]byte("HTTP/1.1 101 Switch\r\n\r\n"), false)
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n{}"), false)
	f.Fuzz(func(t *testing.T, answer []byte, behind bool) {
		kind := fault.NoCountHeader
		if behind {
			kind = fault.Pipelined
		}
		ours, theirs := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			if _, err := http.ReadRequest(bufio.NewReader(theirs)); err == nil {
				_, _ = theirs.Write(answer)
			}
			_ = theirs.Close()
		}()
		var read bytes.Buffer
		dial := func(context.Context) (net.Conn, error) { return ours, nil }
		resp, n, err := odd.For(&scenarios.Fault{Kind: kind}, scenarios.V04, scenarios.Msgpack).
			Send(t.Context(), dial, request(nil, 10*time.Second, &read))
		<-done
		class := tracer.Classify(err)
		switch {
		case (resp == nil) != (err != nil):
			t.Fatal(resp, err)
		case err == nil && (resp.StatusCode < 200 || n != int64(read.Len())):
			t.Fatal(resp.StatusCode, n)
		case err != nil && class != tracer.ClassEOF && class != tracer.ClassBadHTTP:
			t.Fatalf("%v is %s", err, class)
		}
	})
}
