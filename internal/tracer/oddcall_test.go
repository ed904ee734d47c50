package tracer

import (
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/internal/tracer/odd"
	"github.com/spanstorm/spanstorm/scenarios"
)

func oddly(s *Sender, seq uint64, b *body, kind string) Reply {
	call := s.PrepareOdd(seq, b, odd.For(&scenarios.Fault{Kind: kind}, scenarios.V04, scenarios.Msgpack))
	call.Send()
	return call.Close()
}

// TestOddRequestsAreTheTracersOwn compares the headers of an odd request with
// those that its tracer usually sends.
func TestOddRequestsAreTheTracersOwn(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		var mu sync.Mutex
		var got []http.Header
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			r.Header.Set("Path", r.Host+r.URL.Path)
			got = append(got, r.Header)
			_, _ = w.Write([]byte("{}"))
		}))
		c := Config{
			Clients: fleet(scenarios.Clients{Count: 9, Containers: 0.5, Languages: map[string]float64{"go": 1, "java": 1, "python": 1}}), RealHTTPStatus: true,
			Pick:    func(seq uint64) int { return int(seq % 9) },
			Headers: map[string]string{"X-Team": "storm"},
		}
		if network == "unix" {
			c.Socket = filepath.Join(t.TempDir(), "s")
			_ = s.Listener.Close()
			var err error
			if s.Listener, err = net.Listen(network, c.Socket); err != nil {
				t.Fatal(err)
			}
		}
		s.Start()
		t.Cleanup(s.Close)
		if network == "tcp" {
			c.URL = s.URL
		}
		sender := newSender(t.Context(), t, c, Route{Path: "/v0.4/traces", ContentType: "application/msgpack", Answer: AnswerObject})
		for seq := range uint64(20) {
			b := &body{text: "payload"}
			usual, strange := send(sender, seq, b), oddly(sender, seq, b, fault.Pipelined)
			if usual.Code != 200 || strange.Code != 200 || strange.Unexpected || strange.Bytes != 2 || b.released.Load() != 2 {
				t.Fatalf("%+v, %+v, released %d times", usual, strange, b.released.Load())
			}
			mu.Lock()
			seen := got
			got = nil
			mu.Unlock()
			if len(seen) != 3 { // one of them is what comes before the pipelined one
				t.Fatalf("%d requests", len(seen))
			}
			if diff := cmp.Diff(seen[0], seen[2]); diff != "" {
				t.Errorf("%s, request %d (-usual +odd):\n%s", network, seq, diff)
			}
		}
	}
}

func TestWhatOddRequestsComeTo(t *testing.T) {
	s := agent(t, 200, "OK", nil)
	sender := newSender(t.Context(), t, Config{URL: s.URL}, Route{Path: "/v0.4/traces", Answer: AnswerObject})
	for kind, unexpected := range map[string]bool{fault.Chunked: true, fault.WrongVersion: false} {
		b := &body{text: "x"}
		if r := oddly(sender, 1, b, kind); r.Code != 200 || r.Unexpected != unexpected || r.Err != nil || b.released.Load() != 1 {
			t.Errorf("%s: %+v, released %d times", kind, r, b.released.Load())
		}
	}
	s.Close()
	b := &body{text: "x"}
	if r := oddly(sender, 1, b, fault.Chunked); r.Code != 0 || r.Class != ClassRefused || r.Err == nil || b.released.Load() != 1 {
		t.Errorf("%+v, released %d times", r, b.released.Load())
	}
}
