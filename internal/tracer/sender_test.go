package tracer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/scenarios"
)

// body is a Payload that counts how often it is released.
type body struct {
	text     string
	released atomic.Int64
}

func (b *body) Body() []byte { return []byte(b.text) }
func (b *body) Traces() int  { return len(b.text) }
func (b *body) Release()     { b.released.Add(1) }

func newSender(ctx context.Context, t *testing.T, c Config, r Route) *Sender {
	t.Helper()
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	s, err := client.Sender(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// send sends one request.
func send(s *Sender, seq uint64, b *body) Reply {
	call := s.Prepare(seq, b)
	call.Send()
	return call.Close()
}

// agent answers each request with code and text, once see has read it.
func agent(t *testing.T, code int, text string, see func(*http.Request)) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if see != nil {
			see(r)
		}
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return s
}

// TestTracers checks that each tracer keeps to its headers and connections, and
// each seq to its tracer.
func TestTracers(t *testing.T) {
	var mu sync.Mutex
	langs := map[string]string{} // of connections
	owner := map[string]string{} // of seqs
	s := agent(t, 200, "{}", func(r *http.Request) {
		lang := r.Header.Get(headerLang) + " " + r.Header.Get(headerInterpreter)
		mu.Lock()
		defer mu.Unlock()
		if other, taken := langs[r.RemoteAddr]; taken && other != lang {
			t.Errorf("%s and %s share a connection", lang, other)
		}
		langs[r.RemoteAddr] = lang
		seq := r.Header.Get(headerTraceCount)
		if other, sent := owner[seq]; sent && other != lang {
			t.Errorf("request %s was sent by %s and by %s", seq, other, lang)
		}
		owner[seq] = lang
	})
	sender := newSender(t.Context(), t, Config{URL: s.URL, Clients: fleet(scenarios.Clients{
		Count: 10, Languages: map[string]float64{"go": 5, "java": 3, "python": 2},
	}), Pick: func(seq uint64) int { return int(seq % 10) }}, Route{Path: "/v0.4/traces"})
	for range 2 {
		for seq := range uint64(300) {
			if r := send(sender, seq, &body{text: string(make([]byte, seq+1))}); r.Code != 200 || r.Err != nil {
				t.Fatalf("reply %+v", r)
			}
		}
	}
	count := map[string]int{}
	for _, lang := range owner {
		count[lang]++
	}
	// 5, 3 and 2 of 10 tracers: 150, 90 and 60 of 300 requests, give or take.
	for lang, want := range map[string]int{"go gc-amd64-linux": 150, "java OpenJDK 64-Bit Server VM": 90, "python CPython": 60} {
		if got := count[lang]; got < want-40 || got > want+40 {
			t.Errorf("%d requests came from %s, want about %d: %v", got, lang, want, count)
		}
	}
	if len(count) != 3 || len(owner) != 300 {
		t.Errorf("%d requests of %v", len(owner), count)
	}
}

// TestReconnect counts the connections of tracers of which one reconnects.
func TestReconnect(t *testing.T) {
	var mu sync.Mutex
	from := map[string]bool{}
	s := agent(t, 200, "{}", func(r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		from[r.RemoteAddr] = true
	})
	client, err := New(Config{URL: s.URL, Clients: fleet(scenarios.Clients{Count: 2}), Pick: func(seq uint64) int { return int(seq % 2) }})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	sender, err := client.Sender(t.Context(), Route{Path: "/v0.4/traces"})
	if err != nil {
		t.Fatal(err)
	}
	for round := range 6 {
		for seq := range uint64(4) {
			if r := send(sender, seq, &body{text: "x"}); r.Code != 200 {
				t.Fatalf("reply %+v", r)
			}
		}
		if round%2 == 1 {
			client.Reconnect(1)
		}
	}
	// Each its first, and the second tracer two more.
	if len(from) != 4 {
		t.Errorf("%d connections, want 4", len(from))
	}
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "apm.socket")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Skipf("no unix sockets here: %v", err)
	}
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "{}")
	})}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	if r := send(newSender(t.Context(), t, Config{Socket: path}, Route{Path: "/"}), 0, &body{text: "x"}); r.Code != 200 {
		t.Errorf("reply %+v", r)
	}
	gone := newSender(t.Context(), t, Config{Socket: path + ".gone"}, Route{Path: "/"})
	if r := send(gone, 0, &body{text: "x"}); r.Class != ClassRefused {
		t.Errorf("without a socket: %+v", r)
	}
}

func TestUnexpectedBodies(t *testing.T) {
	tests := []struct {
		name   string
		answer Answer
		code   int
		body   string
		marked bool
	}{
		{"an object", AnswerObject, 200, `{"rate_by_service":{"service:web,env:":1}}`, false},
		{"an object among white space", AnswerObject, 200, "\n {} \r\n", false},
		{"a large object", AnswerObject, 200, `{"a":"` + string(bytes.Repeat([]byte{'x'}, 9000)) + `"}`, false},
		{"a large half of one", AnswerObject, 200, `{"a":"` + string(bytes.Repeat([]byte{'x'}, 9000)), true},
		{"nothing", AnswerObject, 200, "", true},
		{"an array", AnswerObject, 200, "[]", true},
		{"no JSON", AnswerObject, 200, "{oops}", true},
		{"OK in place of an object", AnswerObject, 200, "OK", true},
		{"a refusal is no 2xx", AnswerObject, 429, "", false},
		{"OK", AnswerOK, 200, "OK\n", false},
		{"not OK", AnswerOK, 200, "{}", true},
		{"an empty OK", AnswerOK, 200, "", true},
		{"anything", AnswerAny, 200, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := agent(t, tt.code, tt.body, nil)
			sender := newSender(t.Context(), t, Config{URL: s.URL}, Route{Path: "/", Answer: tt.answer})
			for seq := range uint64(3) {
				r := send(sender, seq, &body{text: "x"})
				if r.Unexpected != tt.marked {
					t.Errorf("request %d: unexpected %v, want %v", seq, r.Unexpected, tt.marked)
				}
				if r.Code != tt.code || r.Bytes < int64(min(len(tt.body), answerMost)) {
					t.Errorf("reply %+v", r)
				}
			}
		})
	}
}

// TestSeen checks that whole answers are seen where that is wanted, and that they come
// to the same replies.
func TestSeen(t *testing.T) {
	const text = `{"rate_by_service":{"service:web,env:":0.5}}`
	s := agent(t, 200, text, nil)
	var answers []Seen
	sender := newSender(t.Context(), t, Config{URL: s.URL}, Route{Path: "/", Answer: AnswerObject, Seen: func(a Seen) {
		answers = append(answers, Seen{a.Code, a.Header, bytes.Clone(a.Body)})
	}})
	for seq := range uint64(2) {
		if r := send(sender, seq, &body{text: "x"}); r.Code != 200 || r.Unexpected || r.Bytes != int64(len(text)) {
			t.Errorf("reply %+v", r)
		}
	}
	for _, a := range answers {
		if a.Code != 200 || string(a.Body) != text || a.Header.Get("Content-Type") == "" {
			t.Errorf("seen %+v", a)
		}
	}
	if rates := sender.client.Rates(); len(answers) != 2 || rates["service:web,env:"] != 0.5 {
		t.Errorf("%d answers seen, rates %v", len(answers), rates)
	}
	s.Close()
	if r := send(sender, 2, &body{text: "x"}); r.Err == nil || len(answers) != 2 {
		t.Errorf("after the agent's end: %+v, %d seen", r, len(answers))
	}
}

// TestEndlessAnswer: what has no end has no last byte, and is no answer.
func TestEndlessAnswer(t *testing.T) {
	s := agent(t, 200, string(bytes.Repeat([]byte{'x'}, 2<<20)), nil)
	sender := newSender(t.Context(), t, Config{URL: s.URL}, Route{Path: "/", Answer: AnswerAny})
	if r := send(sender, 0, &body{text: "x"}); r.Code != 0 || r.Class != ClassOther || !errors.Is(r.Err, errEndless) {
		t.Errorf("reply %+v", r)
	}
}

// TestRelease checks that a body comes back once for each answer, so that it can
// be used again, and after an error at most once: through net/http never, which
// may still be reading it.
func TestRelease(t *testing.T) {
	for name, onlyNet := range transports {
		t.Run(name, func(t *testing.T) {
			s := agent(t, 200, "{}", nil)
			sender := newSender(t.Context(), t, Config{URL: s.URL, OnlyNetHTTP: onlyNet}, Route{Path: "/"})
			b := &body{text: "x"}
			for n := range int64(50) {
				if r := send(sender, uint64(n), b); r.Code != 200 {
					t.Fatalf("reply %+v", r)
				}
				// WroteRequest may come after the answer.
				for deadline := time.Now().Add(5 * time.Second); b.released.Load() <= n; {
					if time.Now().After(deadline) {
						t.Fatalf("released %d times after %d requests", b.released.Load(), n+1)
					}
					time.Sleep(10 * time.Microsecond)
				}
				if got := b.released.Load(); got != n+1 {
					t.Fatalf("released %d times after %d requests", got, n+1)
				}
			}
			s.Close()
			b = &body{text: "x"}
			if r := send(sender, 0, b); r.Err == nil || r.Code != 0 || b.released.Load() > 1 || onlyNet && b.released.Load() > 0 {
				t.Errorf("reply %+v, released %d times", r, b.released.Load())
			}
		})
	}
}

// transports are the two ways to send.
var transports = map[string]bool{"raw": false, "net/http": true}

// TestGivenUp checks whose word is heard when a request ends before its answer.
func TestGivenUp(t *testing.T) {
	arrived := make(chan struct{}, 1)
	s := agent(t, 200, "{}", func(r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-r.Context().Done()
	})
	sender := newSender(t.Context(), t, Config{URL: s.URL}, Route{Path: "/", Timeout: 50 * time.Millisecond})
	if r := send(sender, 0, &body{text: "x"}); r.Class != ClassTimeout || !errors.Is(r.Err, errTimeout) {
		t.Errorf("after the timeout: %+v", r)
	}
	<-arrived
	ctx, cancel := context.WithCancelCause(t.Context())
	sender = newSender(ctx, t, Config{URL: s.URL}, Route{Path: "/"})
	go func() {
		<-arrived
		cancel(ErrStopped)
	}()
	if r := send(sender, 0, &body{text: "x"}); r.Class != ClassOther || !errors.Is(r.Err, ErrStopped) {
		t.Errorf("after the load was stopped: %+v", r)
	}
}

func TestTraceCounts(t *testing.T) {
	h := newCountHeaders(tracesCounted)
	for _, n := range []int{0, 1, tracesCounted - 1, tracesCounted, 123_456} {
		if got := h.of(n); len(got) != 1 || got[0] != strconv.Itoa(n) {
			t.Errorf("%d traces are counted as %q", n, got)
		}
	}
}
