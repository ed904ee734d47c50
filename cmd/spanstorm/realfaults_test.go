//go:build realagent

package main

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/scenarios"
)

// TestRealDatadogRequestFaults holds the catalogue against the real agent: each
// kind of malformed request by itself, and a good one after it.
func TestRealDatadogRequestFaults(t *testing.T) {
	t.Parallel()
	for _, api := range scenarios.APIs() {
		for _, encoding := range encodingsOf(api) {
			t.Run(string(api)+" "+string(encoding), func(t *testing.T) {
				t.Parallel()
				f := newFaulty(t, datadog, api, encoding)
				for _, kind := range requestKinds() {
					for key := range draws(kind) {
						f.sent = append(f.sent, f.malformed(kind, key)())
						f.good()
					}
				}
				f.judge(nil)
			})
		}
	}
}

// TestRealDatadogWaitsForASlowBodyWithADecoder holds what the catalogue says of
// others under a slow body: it keeps a decoder, and there are GOMAXPROCS/2.
func TestRealDatadogWaitsForASlowBodyWithADecoder(t *testing.T) {
	t.Parallel()
	f := newFaulty(t, datadog, scenarios.V04, scenarios.Msgpack)
	slow, ok := fault.Find(fault.SlowBody)
	if !ok {
		t.Fatal("no such kind")
	}
	decoders := max(1, runtime.GOMAXPROCS(0)/2)
	results := make(chan sentFault, decoders)
	for range decoders {
		send := f.malformed(slow, 0)
		go func() { results <- send() }()
	}
	time.Sleep(receiverTimeout / 5)
	seq, b := f.next()
	call := f.sender.Prepare(seq, body(b))
	call.Send()
	if reply := call.Close(); reply.Code != http.StatusTooManyRequests {
		t.Errorf("a good request meanwhile: %d, %v", reply.Code, reply.Err)
	}
	for range decoders {
		f.sent = append(f.sent, <-results)
	}
	f.good()
	f.judge(nil)
}

// TestRealDatadogAnswersAsTheEmbeddedAgent sends odd bodies under odd types and
// methods to both agents: the embedded one is to answer as the real one does.
func TestRealDatadogAnswersAsTheEmbeddedAgent(t *testing.T) {
	t.Parallel()
	actual := newFaulty(t, datadog, scenarios.V04, scenarios.Msgpack)
	embedded := newFaulty(t, "embedded", scenarios.V04, scenarios.Msgpack)
	_, good := embedded.next()
	const span = "\x91\x91\x81\xa7span_id"
	bodies := []string{
		"", string(good), "hello", "null", "[]", "[[]]", "[[null]]", "[null]", "{}", "\x90", "\x91\x90", "\xc0", "\x91\xc0", "\x91\x91\xc0", "\x91\x91\x80", "\x80",
		`[[{"span_id":1,"trace_id":1}]] and more`, `[[{"span_id":"1"}]]`, `[[{"span_id":-1}]]`, `[[{"span_id":1.5}]]`, "[[{\"span_id\":1,\"name\":\"\xff\"}]]",
		span + "\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00", span + "\xff", span + "\xa11", "\x91\x91\x82\xa7span_id\x01\xa4name\xa1\xff", "\x91\x91\x82\xa7span_id\x01\xa7span_id\x02",
	}
	types := []string{"application/msgpack", "application/json", "text/json", "text/plain", "", "application/", ";;", "application/msgpack; charset=utf-8", "Application/MsgPack"}
	for _, path := range []string{"/v0.3/traces", "/v0.4/traces", "/v0.4/services", "/v0.4/traces/", "/info", "/", "/v0.9/traces"} {
		for _, kind := range types {
			for i, b := range bodies {
				methods := []string{http.MethodPut}
				if i < 2 {
					methods = []string{http.MethodPut, http.MethodPost, http.MethodGet, http.MethodDelete, http.MethodHead, http.MethodOptions}
				}
				for _, method := range methods {
					if r, e := ask(t, actual, method, path, kind, b), ask(t, embedded, method, path, kind, b); r != e {
						t.Errorf("%s %s as %q of %.40q: the real agent answers %s, the embedded one %s", method, path, kind, b, r, e)
					}
				}
			}
		}
	}
}

// ask returns the status of one answer.
func ask(t *testing.T, f *faulty, method, path, contentType, body string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, f.agent.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err.Error()
	}
	return fmt.Sprint(resp.StatusCode)
}
