//go:build realagent

package target

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// recorder is a stand-in intake that only writes down what it was asked.
type recorder struct {
	mu   sync.Mutex
	seen []string // method, path and encoding
	keys map[string]bool
}

func (r *recorder) ServeHTTP(_ http.ResponseWriter, req *http.Request) {
	_, _ = io.Copy(io.Discard, req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = append(r.seen, req.Method+" "+req.URL.Path+" "+req.Header.Get("Content-Encoding"))
	r.keys[req.Header.Get("DD-Api-Key")] = true
}

func (r *recorder) saw(what string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.seen {
		if strings.HasPrefix(s, what) {
			return true
		}
	}
	return false
}

// packedTrace is one trace of one span in msgpack, without the fields that
// have a default.
const packedTrace = "\x91\x91\x84\xa8trace_id\x05\xa7span_id\x06\xa4name\xa3a.b\xa7service\xa1s"

// The real agent starts from its target file, takes traces in both encodings
// and both old versions, says at once what it received and dropped, and hands
// over what it holds when it is stopped.
func TestRealAgent(t *testing.T) {
	intake := &recorder{keys: map[string]bool{}}
	server := httptest.NewServer(intake)
	defer server.Close()
	target := up(t, "../../agents/datadog/v0.85.1.yaml", Env{Intake: server.URL, Log: os.Stderr})
	if v := target.Info().Version; v != "0.85.1" {
		t.Errorf("version %q", v)
	}
	now := strconv.FormatInt(time.Now().UnixNano(), 10)
	span := `[{"trace_id":1000000000000000001,"span_id":2,"parent_id":0,"name":"a.b","resource":"r","service":"s",` +
		`"start":` + now + `,"duration":1000,"metrics":{"_sampling_priority_v1":1}}]`
	good := "[" + span + "]"
	zero := strings.Replace(good, `"span_id":2`, `"span_id":0`, 1)
	packed := []byte(packedTrace)
	sends := []struct {
		path, contentType string
		body              []byte
		answer            string
	}{
		{"/v0.3/traces", "application/json", []byte(good), "OK"},
		{"/v0.4/traces", "application/json", []byte(good), `{"rate_by_service"`},
		{"/v0.3/traces", "application/msgpack", packed, "OK"},
		{"/v0.4/traces", "application/msgpack", packed, `{"rate_by_service"`},
		{"/v0.4/traces", "application/json", []byte(zero), `{"rate_by_service"`}, // dropped after a 200
	}
	for _, s := range sends {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, target.URL()+s.path, bytes.NewReader(s.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", s.contentType)
		req.Header.Set("X-Datadog-Trace-Count", "1")
		req.Header.Set("Datadog-Send-Real-Http-Status", "true")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK || !strings.HasPrefix(string(body), s.answer) {
			t.Errorf("%s %s: answered %d %q", s.path, s.contentType, resp.StatusCode, body)
		}
	}
	wantClaim(t, target, "receiver.traces_received", "delivered", 5)
	wantClaim(t, target, "receiver.spans_received", "delivered.spans", 5)
	wantClaim(t, target, "receiver.traces_dropped.span_id_zero", "dropped", 1)
	if err := target.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantClaim(t, target, "receiver.traces_received", "delivered", 5)
	if !intake.saw("POST /api/v0.2/traces gzip") {
		t.Errorf("the intake saw only %q", intake.seen)
	}
	if len(intake.keys) != 1 || !intake.keys["none"] {
		t.Errorf("keys %v", intake.keys)
	}
	if exit, ended := target.Exit(); !ended || exit.Code != 0 {
		t.Errorf("exit %+v, %v", exit, ended)
	}
	if u := target.Usage(); runtime.GOOS == "linux" && (u.CPUS <= 0 || u.RSSMaxBytes < 10<<20) {
		t.Errorf("usage %+v", u)
	}
}

// The agent hands its counters over every 5 s and sets its own to zero: what
// is claimed must not notice.
func TestRealAgentCountersNeverFall(t *testing.T) {
	target := up(t, "../../agents/datadog/v0.85.1.yaml", Env{Intake: "http://127.0.0.1:1"})
	sent, last := 0.0, 0.0
	for end := time.Now().Add(7 * time.Second); time.Now().Before(end); {
		resp, err := http.Post(target.URL()+"/v0.4/traces", "application/msgpack", strings.NewReader(packedTrace))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		sent++
		claims, err := target.Claims(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := valueOf(claims, "receiver.traces_received")
		if got < last || got > sent {
			t.Fatalf("%v traces received after %v, with %v sent", got, last, sent)
		}
		last = got
		time.Sleep(time.Millisecond) // the machine is for others, too
	}
	if last != sent {
		t.Errorf("%v traces received, %v sent", last, sent)
	}
}

// The collector is ready once its receiver is, and serves its own counters.
func TestRealOtelcolServesCounters(t *testing.T) {
	const file = "../../agents/otelcol/v0.128.0.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	// The same target with the page in place of the receiver's, from where it is.
	page := strings.NewReplacer("health: /info", "health: http://127.0.0.1:{{debug_port}}/metrics\ndir: "+folder,
		"../..", filepath.Dir(filepath.Dir(folder))).Replace(string(text))
	copied := filepath.Join(t.TempDir(), "counters.yaml")
	if err := os.WriteFile(copied, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, copied} {
		target := up(t, path, Env{Intake: "http://127.0.0.1:1"})
		if v := target.Info().Version; v != "0.128.0" {
			t.Errorf("%s: version %q", path, v)
		}
		if err := target.Stop(t.Context()); err != nil {
			t.Error(err)
		}
		if exit, ended := target.Exit(); !ended || exit.Code != 0 {
			t.Errorf("%s: exit %+v, %v", path, exit, ended)
		}
	}
}

func wantClaim(t *testing.T, target *Target, name, meaning string, value float64) {
	t.Helper()
	claims, err := target.Claims(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range claims {
		if c.Name == name {
			if c.Meaning != meaning || c.Value != value {
				t.Errorf("claim %+v, want %s of %v", c, meaning, value)
			}
			return
		}
	}
	t.Errorf("no claim %s in %+v", name, claims)
}
