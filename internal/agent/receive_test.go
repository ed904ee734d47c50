package agent

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
)

func TestDocumentedAnswers(t *testing.T) {
	r := rigUp(t, "")
	good := r.msgpack(1)
	tests := map[string]struct {
		method, path, contentType, body string
		code                            int
		counter                         string // of traces_dropped
	}{
		"fine":                {http.MethodPost, "/v0.4/traces", "application/msgpack", string(good), 200, ""},
		"empty list":          {http.MethodPut, "/v0.3/traces", "application/json", "[]", 200, ""},
		"null":                {http.MethodPut, "/v0.3/traces", "application/json", "null", 200, ""},
		"not JSON":            {http.MethodPut, "/v0.3/traces", "application/json", "{]", 400, "decoding_error"},
		"JSON of other shape": {http.MethodPut, "/v0.4/traces", "application/json", `{"a":1}`, 400, "decoding_error"},
		"nothing":             {http.MethodPut, "/v0.4/traces", "application/json", "", 400, "unexpected_eof"},
		"half of it":          {http.MethodPut, "/v0.4/traces", "application/msgpack", string(good[:len(good)/2]), 400, "msgp_short_bytes"},
		"other msgpack":       {http.MethodPut, "/v0.4/traces", "application/msgpack", "\x91\xc0", 400, "decoding_error"},
		"unknown type":        {http.MethodPut, "/v0.4/traces", "text/plain", "hello", 400, "decoding_error"},
		"no type at all":      {http.MethodPut, "/v0.4/traces", ";;", "[]", 200, ""},
		"too large":           {http.MethodPut, "/v0.4/traces", "application/msgpack", strings.Repeat("x", bodyBytesMax+1), 413, "payload_too_large"},
		"services":            {http.MethodPut, "/v0.3/services", "application/json", `{"web":{"app":"shop","app_type":"web"}}`, 200, ""},
		"services, anything":  {http.MethodPost, "/v0.4/services", "", "]]", 200, ""},
		"unknown path":        {http.MethodPut, "/v0.9/traces", "application/msgpack", string(good), 404, ""},
		"any method":          {http.MethodDelete, "/v0.4/traces", "application/msgpack", string(good), 200, ""},
		"nothing to get":      {http.MethodGet, "/v0.4/traces", "", "", 400, "unexpected_eof"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := map[string]float64{}
			if test.counter != "" {
				before[test.counter] = r.counter("receiver", "traces_dropped", test.counter)
			}
			req, err := http.NewRequest(test.method, "http://"+r.addr+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", test.contentType)
			req.Header.Set("X-Datadog-Trace-Count", "4")
			res, err := r.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, res.Body)
			_ = res.Body.Close()
			if res.StatusCode != test.code {
				t.Errorf("%s, want %d", res.Status, test.code)
			}
			for name, n := range before {
				if got := r.counter("receiver", "traces_dropped", name) - n; got != 4 {
					t.Errorf("%s counted %v", name, got)
				}
			}
		})
	}
}

func TestABodyWithoutALengthIsBoundedToo(t *testing.T) {
	r := rigUp(t, "")
	body := io.LimitReader(endless{}, bodyBytesMax+1)
	req, err := http.NewRequest(http.MethodPut, "http://"+r.addr+"/v0.4/traces", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/msgpack")
	res, err := r.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusRequestEntityTooLarge {
		t.Error(res.Status)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestABodyThatStopsIs408(t *testing.T) {
	r := newReceiver(Dials{})
	r.within = 50 * time.Millisecond
	server := httptest.NewServer(r.handler())
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "PUT /v0.4/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/msgpack\r\nX-Datadog-Trace-Count: 3\r\nContent-Length: 100\r\n\r\nhalf"); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusRequestTimeout || r.count.tracesDropped[timeout].Load() != 3 {
		t.Error(res.Status)
	}
}

func TestInfoHasTheRealShape(t *testing.T) {
	r := rigUp(t, "")
	res, err := r.client.Get("http://" + r.addr + "/info")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var info struct {
		Version   string   `json:"version"`
		Endpoints []string `json:"endpoints"`
		Config    struct {
			MaxRequestBytes int `json:"max_request_bytes"`
			ReceiverPort    int `json:"receiver_port"`
		} `json:"config"`
	}
	if err := json.NewDecoder(res.Body).Decode(&info); err != nil {
		t.Fatal(err)
	}
	if info.Version != Version || info.Config.MaxRequestBytes != bodyBytesMax || fmt.Sprint("127.0.0.1:", info.Config.ReceiverPort) != r.addr || !slices.Contains(info.Endpoints, "/v0.4/traces") {
		t.Errorf("%+v", info)
	}
}

// An unreliable intake answers what it is told to.
type unreliable struct {
	*httptest.Server
	asked   atomic.Int64
	answers func(n int64) int
	mu      sync.Mutex
	traces  int // in payloads that were taken
}

func newUnreliable(t *testing.T, answers func(n int64) int) *unreliable {
	u := &unreliable{answers: answers}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		code := u.answers(u.asked.Add(1))
		if code/100 == 2 {
			u.mu.Lock()
			defer u.mu.Unlock()
			var n int
			if _, err := fmt.Sscan(r.Header.Get("X-Datadog-Trace-Count"), &n); err != nil {
				t.Error(err)
			}
			u.traces += n
		}
		w.WriteHeader(code)
	}))
	t.Cleanup(u.Close)
	return u
}

func encodedTrace(t *testing.T) []byte {
	t.Helper()
	return appendTracerPayload(nil, &pb.TracerPayload{Chunks: []*pb.TraceChunk{{Spans: []*pb.Span{goodSpan()}}}})
}

func TestForwardingTriesAgainUntilItIsTaken(t *testing.T) {
	u := newUnreliable(t, func(n int64) int { return []int{500, 429, 408, 202}[min(n, 4)-1] })
	var c counters
	f := newForwarder(u.URL+"/", &c)
	go f.run()
	f.add(encodedTrace(t), 1, 1)
	if err := f.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if u.traces != 1 || c.written.retries.Load() != 3 || c.written.errors.Load() != 3 || c.written.traces.Load() != 1 {
		t.Errorf("%d taken, %d retries", u.traces, c.written.retries.Load())
	}
}

func TestForwardingGivesUpWhatIsRejected(t *testing.T) {
	u := newUnreliable(t, func(n int64) int { return []int{403, 202}[min(n, 2)-1] })
	var c counters
	f := newForwarder(u.URL, &c)
	go f.run()
	f.add(encodedTrace(t), 2, 5)
	for c.tracesDropped[intakeRejected].Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	f.add(encodedTrace(t), 1, 1)
	if err := f.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := c.tracesDropped[intakeRejected].Load(); got != 2 || c.spansDropped.Load() != 5 || u.traces != 1 {
		t.Errorf("%d rejected, %d taken", got, u.traces)
	}
}

func TestForwardingIsBounded(t *testing.T) {
	var c counters
	f := newForwarder("http://127.0.0.1:1", &c) // nothing listens there, and nobody sends
	big := make([]byte, 1<<20)
	for range 2 * bufferBytesMax >> 20 {
		f.add(big, 1, 1)
	}
	if got, want := c.tracesDropped[queueFull].Load(), uint64(bufferBytesMax>>20); got < want {
		t.Errorf("%d traces dropped, want at least %d", got, want)
	}
}

func TestWhatCannotBeHandedOverAtTheEndIsSaid(t *testing.T) {
	u := newUnreliable(t, func(int64) int { return 503 })
	var c counters
	f := newForwarder(u.URL, &c)
	go f.run()
	f.add(encodedTrace(t), 3, 3)
	ctx, cancel := contextFor(t, 100*time.Millisecond)
	defer cancel()
	err := f.close(ctx)
	if err == nil || !strings.Contains(err.Error(), "3 traces") || c.tracesDropped[notFlushed].Load() != 3 {
		t.Errorf("got %v, %d", err, c.tracesDropped[notFlushed].Load())
	}
	f.add(encodedTrace(t), 1, 1) // too late
	if c.tracesDropped[notFlushed].Load() != 4 {
		t.Error("not counted")
	}
}

func TestAHangingIntakeDoesNotHoldUpTheEnd(t *testing.T) {
	release := make(chan struct{})
	u := newUnreliable(t, func(int64) int { <-release; return 202 })
	defer close(release)
	f := newForwarder(u.URL, new(counters))
	go f.run()
	f.add(encodedTrace(t), 1, 1)
	ctx, cancel := contextFor(t, 50*time.Millisecond)
	defer cancel()
	if f.close(ctx) == nil {
		t.Error("it says that it was handed over")
	}
}

func TestWithoutAnIntakeNothingIsKept(t *testing.T) {
	r := rigOn(t, "", nil)
	r.load(3, 1)
	r.stop()
	if err := <-r.ended; err != nil {
		t.Error(err)
	}
}
