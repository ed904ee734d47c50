package tracer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/scenarios"
)

// scripted is a server that does with each connection as told. Connections that
// the script leaves open are closed at the end of the test.
func scripted(t testing.TB, script func(conn *net.TCPConn, in *bufio.Reader)) string {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range conns {
			_ = c.Close()
		}
	})
	go func() {
		for {
			conn, err := l.AcceptTCP()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			go script(conn, bufio.NewReader(conn))
		}
	}()
	return "http://" + l.Addr().String()
}

// request reads one request whole; false at the end of the connection.
func request(in *bufio.Reader) bool {
	r, err := http.ReadRequest(in)
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, r.Body)
	return err == nil
}

// says answers every request with text, and closes the connection if told to.
func says(text string, thenClose bool) func(*net.TCPConn, *bufio.Reader) {
	return func(conn *net.TCPConn, in *bufio.Reader) {
		for request(in) {
			_, _ = io.WriteString(conn, text)
			if thenClose {
				_ = conn.Close()
			}
		}
	}
}

const (
	fine    = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
	tooLong = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n"
)

// TestTransportsAgree sends three requests to servers of all kinds over either
// transport, and wants the same replies. An answer that ends in the middle of a
// line is malformed to net/http, which reads half a line as a whole one.
func TestTransportsAgree(t *testing.T) {
	tests := []struct {
		name   string
		script func(*net.TCPConn, *bufio.Reader)
		body   int // bytes; 0 is 100
		want   Reply
		net    Class         // of net/http, where it differs
		pause  time.Duration // between requests; 0 is 20 ms
		first  bool          // only the first request: what comes of others depends on the moment
	}{
		{name: "normal", script: says(fine, false), want: Reply{Code: 200, Bytes: 2}},
		{name: "large body", script: says(fine, false), body: 3 << 20, want: Reply{Code: 200, Bytes: 2}},
		{name: "no object", script: says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", false), want: Reply{Code: 200, Bytes: 2, Unexpected: true}},
		{name: "chunked", script: says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", false), want: Reply{Code: 200, Bytes: 2}},
		{name: "204", script: says("HTTP/1.1 204 No Content\r\n\r\n", false), want: Reply{Code: 204, Unexpected: true}},
		{name: "redirect", script: says("HTTP/1.1 307 x\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", false), want: Reply{Code: 307}},
		{name: "continue and early hints", script: says("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"+fine, false), want: Reply{Code: 200, Bytes: 2}},
		{name: "connection: close", script: says("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", true), want: Reply{Code: 200, Bytes: 2}},
		{name: "HTTP/1.0", script: says("HTTP/1.0 200 OK\r\n\r\n{}", true), want: Reply{Code: 200, Bytes: 2}},
		{name: "ended by close", script: says("HTTP/1.1 200 OK\r\n\r\n{}", true), want: Reply{Code: 200, Bytes: 2}},
		{name: "garbage", script: says("SSH-2.0-OpenSSH_9.9\r\n", false), want: Reply{Class: ClassBadHTTP}},
		{name: "garbage headers", script: says("HTTP/1.1 200 OK\r\nno header\r\n\r\n", false), want: Reply{Class: ClassBadHTTP}},
		{name: "garbage chunks", script: says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", false), want: Reply{Class: ClassBadHTTP}},
		{name: "two lengths", script: says("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", false), want: Reply{Class: ClassBadHTTP}},
		{name: "closed without a word", script: says("", true), want: Reply{Class: ClassEOF}},
		{name: "closed in the status line", script: says("HTTP/1.1 2", true), want: Reply{Class: ClassEOF}, net: ClassBadHTTP},
		{name: "closed in the headers", script: says("HTTP/1.1 200 OK\r\nContent-Le", true), want: Reply{Class: ClassEOF}, net: ClassBadHTTP},
		{name: "closed in the body", script: says("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}", true), want: Reply{Class: ClassEOF}},
		{name: "closed in the chunks", script: says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", true), want: Reply{Class: ClassEOF}},
		{name: "closed in the trailer", script: says("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA", true), want: Reply{Class: ClassEOF}},
		{name: "reset", script: func(conn *net.TCPConn, in *bufio.Reader) {
			request(in)
			_ = conn.SetLinger(0)
			_ = conn.Close()
		}, want: Reply{Class: ClassReset}},
		{name: "too slow", script: func(_ *net.TCPConn, in *bufio.Reader) { request(in) }, want: Reply{Class: ClassTimeout}},
		{name: "too slow in the body", script: says("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}", false), want: Reply{Class: ClassTimeout}},
		{name: "never reads", script: func(*net.TCPConn, *bufio.Reader) {}, body: 4 << 20, want: Reply{Class: ClassTimeout}},
		{name: "long headers", script: says("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 20_000)+"\r\nContent-Length: 2\r\n\r\n{}", false), want: Reply{Code: 200, Bytes: 2}},
		{name: "endless headers", script: says("HTTP/1.1 200 OK\r\n"+strings.Repeat("X: "+strings.Repeat("x", 1000)+"\r\n", 200)+"\r\n", false), want: Reply{Class: ClassBadHTTP}},
		{name: "huge answer", script: says("HTTP/1.1 200 OK\r\nContent-Length: 500004\r\n\r\n{\""+strings.Repeat("x", 500_000)+"\"}", false), want: Reply{Code: 200, Bytes: 500_004}},
		{name: "endless answer", script: says("HTTP/1.1 200 OK\r\n\r\n"+strings.Repeat("x", 2<<20), false), want: Reply{Class: ClassOther}},
		{name: "early answer, body unread", script: func(conn *net.TCPConn, in *bufio.Reader) {
			_, _ = in.Peek(1)
			_, _ = io.WriteString(conn, tooLong+"\r\n")
		}, body: 4 << 20, want: Reply{Code: 413}, first: true},
		{name: "early answer, then read", script: func(conn *net.TCPConn, in *bufio.Reader) {
			_, _ = in.Peek(1)
			_, _ = io.WriteString(conn, tooLong+"Connection: close\r\n\r\n")
			_, _ = io.Copy(io.Discard, in)
		}, body: 4 << 20, want: Reply{Code: 413}, first: true},
		{name: "closed while idle", script: func(conn *net.TCPConn, in *bufio.Reader) {
			request(in)
			_, _ = io.WriteString(conn, fine)
			time.Sleep(5 * time.Millisecond)
			_ = conn.Close()
		}, want: Reply{Code: 200, Bytes: 2}, pause: 200 * time.Millisecond},
		{name: "more than was asked for", script: says(fine+fine, false), want: Reply{Code: 200, Bytes: 2}},
	}
	for _, tt := range tests {
		for name, onlyNet := range transports {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				url := scripted(t, tt.script)
				timeout := 10 * time.Second
				if tt.want.Class == ClassTimeout {
					timeout = 300 * time.Millisecond
				}
				sender := newSender(t.Context(), t, Config{URL: url, OnlyNetHTTP: onlyNet}, Route{Path: "/v0.4/traces", Answer: AnswerObject, Timeout: timeout})
				want := tt.want
				if onlyNet && tt.net != ClassNone {
					want.Class = tt.net
				}
				p := fixed(bytes.Repeat([]byte{'x'}, max(tt.body, 100)))
				for n := range uint64(3) {
					call := sender.Prepare(n, p)
					if call.raw == onlyNet {
						t.Errorf("raw is %v", call.raw)
					}
					call.Send()
					got := call.Close()
					if (got.Err != nil) != (want.Class != ClassNone) {
						t.Errorf("request %d: %v", n, got.Err)
					}
					got.Err = nil
					if got != want {
						t.Errorf("request %d: %+v, want %+v", n, got, want)
					}
					if tt.first {
						break
					}
					time.Sleep(max(tt.pause, 20*time.Millisecond)) // in which an idle connection may end
				}
			})
		}
	}
}

// fixed is a body that may be sent by many at a time.
type fixed []byte

func (f fixed) Body() []byte { return f }
func (f fixed) Traces() int  { return 20 }
func (f fixed) Release()     {}

func TestRefused(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	for name, onlyNet := range transports {
		sender := newSender(t.Context(), t, Config{URL: "http://" + l.Addr().String(), OnlyNetHTTP: onlyNet}, Route{Path: "/"})
		for range 2 {
			if r := send(sender, 0, &body{text: "x"}); r.Class != ClassRefused {
				t.Errorf("%s: %+v", name, r)
			}
		}
	}
}

// TestInterrupted ends the load at each point of a request's way.
func TestInterrupted(t *testing.T) {
	tests := []struct {
		name   string
		script func(conn *net.TCPConn, in *bufio.Reader, here chan<- bool)
		body   int
	}{
		{"before its end is sent", func(_ *net.TCPConn, in *bufio.Reader, here chan<- bool) {
			_, _ = in.ReadByte()
			here <- true
		}, 4 << 20},
		{"before an answer", func(_ *net.TCPConn, in *bufio.Reader, here chan<- bool) {
			request(in)
			here <- true
		}, 100},
		{"in the headers", func(conn *net.TCPConn, in *bufio.Reader, here chan<- bool) {
			request(in)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nConte")
			here <- true
		}, 100},
		{"in the body", func(conn *net.TCPConn, in *bufio.Reader, here chan<- bool) {
			request(in)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}")
			here <- true
		}, 100},
	}
	for _, tt := range tests {
		for name, onlyNet := range transports {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				here := make(chan bool, 2)
				url := scripted(t, func(conn *net.TCPConn, in *bufio.Reader) { tt.script(conn, in, here) })
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				sender := newSender(ctx, t, Config{URL: url, OnlyNetHTTP: onlyNet}, Route{Path: "/"})
				go func() {
					<-here
					cancel(ErrStopped)
				}()
				p := fixed(bytes.Repeat([]byte{'x'}, tt.body))
				for range 2 { // the second one is sent when all is over
					call := sender.Prepare(0, p)
					call.Send()
					if r := call.Close(); r.Class != ClassOther || !errors.Is(r.Err, ErrStopped) || r.Code != 0 {
						t.Fatalf("reply %+v", r)
					}
				}
			})
		}
	}
}

// TestSameBytes captures what either transport sends, which is the same to the
// last byte.
func TestSameBytes(t *testing.T) {
	for _, c := range []struct {
		config Config
		route  Route
	}{
		{Config{}, Route{Path: "/v0.4/traces", ContentType: "application/msgpack"}},
		{Config{RealHTTPStatus: true}, Route{Path: "/v0.3/services?a=b%20c", ContentType: "application/json"}},
		{Config{Clients: fleet(scenarios.Clients{Languages: map[string]float64{"rust": 1}})}, Route{Path: "/", ContentType: "x"}},
		{Config{Clients: fleet(scenarios.Clients{Containers: 1, Languages: map[string]float64{"java": 1}})}, Route{Path: "/", ContentType: "x"}},
		{Config{
			Clients: fleet(scenarios.Clients{Containers: 1}),
			Headers: map[string]string{"datadog-container-id": "", "Datadog-Entity-ID": "in-42"},
		}, Route{Path: "/", ContentType: "x"}},
		{Config{Headers: map[string]string{"User-Agent": "", "X-Z": "after", "content-type": "mine", "A": " b\t"}}, Route{Path: "/", ContentType: "x"}},
		{Config{Headers: map[string]string{"x-datadog-trace-count": "7", "Trailer": "x", "Accept-Encoding": "gzip"}}, Route{Path: "/"}},
	} {
		for _, size := range []int{1, 300, 100_000} {
			sent := map[string]string{}
			for name, onlyNet := range transports {
				got := make(chan string, 1)
				url := scripted(t, func(conn *net.TCPConn, in *bufio.Reader) {
					var seen bytes.Buffer
					request(bufio.NewReader(io.TeeReader(in, &seen)))
					got <- seen.String()
					_, _ = io.WriteString(conn, fine)
				})
				config := c.config
				config.URL, config.OnlyNetHTTP = url, onlyNet
				client, err := New(config)
				if err != nil {
					t.Fatal(err)
				}
				client.base.Host = strings.TrimPrefix(url, "http://")
				sender, err := client.Sender(t.Context(), c.route)
				if err != nil {
					t.Fatal(err)
				}
				call := sender.Prepare(0, fixed(bytes.Repeat([]byte{'x'}, size)))
				call.Send()
				if r := call.Close(); r.Code != 200 {
					t.Fatalf("%+v", r)
				}
				sent[name] = strings.ReplaceAll(<-got, sender.url.Host, "HOST")
				client.Close()
			}
			if sent["raw"] != sent["net/http"] || !strings.HasPrefix(sent["raw"], "PUT ") {
				t.Errorf("raw:\n%.900s\n\nnet/http:\n%.900s", sent["raw"], sent["net/http"])
			}
		}
	}
}

// TestDeadlinesMoveOn keeps a connection in use for longer than the timeout,
// whose deadline is not moved on with every request.
func TestDeadlinesMoveOn(t *testing.T) {
	url := scripted(t, func(conn *net.TCPConn, in *bufio.Reader) {
		for request(in) {
			time.Sleep(time.Millisecond)
			_, _ = io.WriteString(conn, fine)
		}
	})
	const timeout = 60 * time.Millisecond
	sender := newSender(t.Context(), t, Config{URL: url}, Route{Path: "/", Timeout: timeout})
	slow := 0
	for start := time.Now(); time.Since(start) < 4*timeout; {
		if r := send(sender, 0, &body{text: "x"}); r.Code != 200 {
			slow++ // a machine that was busy for so long
		}
	}
	if slow > 2 {
		t.Errorf("%d requests timed out", slow)
	}
}

// TestOneConnection checks that connections are used again, and how often an
// unusable one is.
func TestOneConnection(t *testing.T) {
	for name, tt := range map[string]struct {
		answer string
		want   int
	}{
		"kept":                    {fine, 1},
		"kept by 1.0":             {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}", 1},
		"to be closed":            {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", 5},
		"more than was asked for": {fine + "HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n", 5},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			conns := 0
			url := scripted(t, func(conn *net.TCPConn, in *bufio.Reader) {
				mu.Lock()
				conns++
				mu.Unlock()
				says(tt.answer, false)(conn, in)
			})
			sender := newSender(t.Context(), t, Config{URL: url}, Route{Path: "/"})
			for range 5 {
				if r := send(sender, 0, &body{text: "x"}); r.Code != 200 {
					t.Fatalf("%+v", r)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if conns != tt.want {
				t.Errorf("%d connections, want %d", conns, tt.want)
			}
		})
	}
}

// TestNoGoroutines: a request costs none, and none is left.
func TestNoGoroutines(t *testing.T) {
	url := scripted(t, says(fine, false))
	sender := newSender(t.Context(), t, Config{URL: url}, Route{Path: "/"})
	send(sender, 0, &body{text: "x"})
	before := runtime.NumGoroutine()
	for range 50 {
		send(sender, 0, &body{text: "x"})
	}
	if after := runtime.NumGoroutine(); after > before+2 {
		t.Errorf("%d goroutines, then %d", before, after)
	}
}

// BenchmarkSend sends requests over one connection, through either transport.
// The server is a goroutine beside it that allocates nothing.
func BenchmarkSend(b *testing.B) {
	for _, size := range []int{2_000, 20_000, 300_000} {
		for _, name := range []string{"net/http", "raw"} {
			b.Run(fmt.Sprintf("%dKB/%s", size/1000, name), func(b *testing.B) {
				url := scripted(b, func(conn *net.TCPConn, in *bufio.Reader) { sink(conn, in, size) })
				client, err := New(Config{URL: url, OnlyNetHTTP: name != "raw", BodyBytes: float64(size)})
				if err != nil {
					b.Fatal(err)
				}
				defer client.Close()
				sender, err := client.Sender(b.Context(), Route{Path: "/v0.4/traces", Answer: AnswerObject})
				if err != nil {
					b.Fatal(err)
				}
				p := fixed(make([]byte, size))
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					call := sender.Prepare(0, &p)
					call.Send()
					if r := call.Close(); r.Code != 200 || r.Unexpected {
						b.Fatal(r)
					}
				}
			})
		}
	}
}

// sink answers requests with bodies of one size.
func sink(conn net.Conn, in *bufio.Reader, size int) {
	answer := []byte(fine)
	for {
		for {
			line, err := in.ReadSlice('\n')
			if err != nil {
				return
			}
			if len(line) == 2 {
				break
			}
		}
		if _, err := in.Discard(size); err != nil {
			return
		}
		if _, err := conn.Write(answer); err != nil {
			return
		}
	}
}
