package agent

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/ledger"
	"github.com/spanstorm/spanstorm/results"
)

func TestEveryTraceComesThrough(t *testing.T) {
	r := rigUp(t, "")
	r.load(300, 8)
	l := r.close()
	if all := traces(300 * perRequest); l.Sent != all || l.Delivered != all || l.Accepted != all {
		t.Errorf("%+v", l.Account)
	}
}

func TestTheAccountNamesWhatWasDroppedAndSampledOut(t *testing.T) {
	r := rigUp(t, "")
	r.priority = func(o uint64) (int8, bool) {
		_, i := layout.Seq(o)
		return int8(i) - 1, i != 3 // −1, 0, 1, none
	}
	for seq := range uint64(10) {
		r.spoil[layout.Ordinal(seq, 2)] = true
	}
	r.load(100, 4)
	l := r.close()
	if l.SampledOut != traces(200) || l.Dropped != traces(10) || l.Accepted != traces(190) || l.Missing != traces(0) {
		t.Errorf("%+v", l.Account)
	}
	if l.DroppedByReason["span_id_zero"] != traces(10) || l.ByFault[0].Dropped != traces(10) {
		t.Errorf("%+v, %+v", l.DroppedByReason, l.ByFault)
	}
	if len(l.Examples.Dropped) != 10 {
		t.Errorf("%d examples", len(l.Examples.Dropped))
	}
}

func TestEveryVersionAndEncoding(t *testing.T) {
	r := rigUp(t, "")
	if err := r.outcomes.Reserve(0, 100); err != nil {
		t.Fatal(err)
	}
	seq := uint64(0)
	for _, path := range []string{"/v0.3/traces", "/v0.4/traces"} {
		for _, enc := range []string{"application/msgpack", "application/json", "", "text/json; charset=utf-8"} {
			body := r.msgpack(seq)
			if enc != "application/msgpack" {
				var err error
				if body, err = json.Marshal(r.traces(seq)); err != nil {
					t.Fatal(err)
				}
			}
			res, text, err := r.send(path, enc, body)
			if err != nil {
				t.Fatal(err)
			}
			var rates struct {
				Rates map[string]float64 `json:"rate_by_service"`
			}
			switch {
			case res.StatusCode != http.StatusOK:
				t.Errorf("%s %s: %s", path, enc, res.Status)
			case path == "/v0.3/traces" && text != "OK\n":
				t.Errorf("%s %s: %q", path, enc, text)
			case path == "/v0.4/traces" && (json.Unmarshal([]byte(text), &rates) != nil || rates.Rates == nil):
				t.Errorf("%s %s: %q", path, enc, text)
			}
			if err := r.outcomes.Set(seq, ledger.Outcome(res.StatusCode)); err != nil {
				t.Fatal(err)
			}
			seq++
		}
	}
	if l := r.close(); l.Accepted != traces(seq*perRequest) {
		t.Errorf("%+v", l.Account)
	}
}

func TestDropIsSilentAndKeepsItsShare(t *testing.T) {
	r := rigUp(t, "drop=10%,seed=7")
	const n = 1000 * perRequest
	r.load(n/perRequest, 8)
	if c := r.counter("receiver", "spans_dropped"); c != 0 {
		t.Errorf("it says that it dropped %v spans", c)
	}
	l := r.close()
	if l.Delivered != l.Sent || l.Sent.Traces != n {
		t.Fatalf("%+v", l.Account)
	}
	// Five standard deviations of a binomial: one run in a million is outside.
	if off := math.Abs(float64(l.Missing.Traces) - 0.1*n); off > 5*math.Sqrt(n*0.1*0.9) {
		t.Errorf("%d of %d missing", l.Missing.Traces, n)
	}
	if len(l.Examples.Missing) != results.ExamplesMax {
		t.Errorf("%d examples", len(l.Examples.Missing))
	}
}

func TestErrorsAreRefusalsAndNothingOfThemComesOut(t *testing.T) {
	r := rigUp(t, "error=20%")
	r.load(500, 8)
	made := r.counter("trouble", "errors")
	l := r.close()
	if l.RefusedByCode["500"] != l.Refused || l.Refused.Traces != uint64(made)*perRequest || l.AcceptedThoughRefused.Traces != 0 {
		t.Errorf("%v made, %+v", made, l.RefusedByCode)
	}
	if off := math.Abs(made - 100); off > 5*math.Sqrt(500*0.2*0.8) {
		t.Errorf("%v of 500", made)
	}
	if l.Accepted != l.Delivered {
		t.Errorf("%+v", l.Account)
	}
}

func TestResetsAreUnanswered(t *testing.T) {
	r := rigUp(t, "reset=20%")
	r.load(200, 1)
	made := r.counter("trouble", "resets")
	_, _, err := r.send("/v0.4/traces", "text/plain", nil)
	for err == nil { // some request is reset before long
		_, _, err = r.send("/v0.4/traces", "text/plain", nil)
	}
	if runtime.GOOS == "linux" && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
		t.Errorf("the client saw %v", err)
	}
	l := r.close()
	if l.Unanswered.Traces != uint64(made)*perRequest || made == 0 || l.Accepted != l.Delivered {
		t.Errorf("%v made, %+v", made, l.Account)
	}
}

func TestOverCapacityIs429(t *testing.T) {
	r := rigUp(t, "capacity=20/s")
	r.load(100, 4)
	l := r.close()
	if l.RefusedByCode["429"].Traces == 0 || l.RefusedByCode["429"] != l.Refused || l.Accepted != l.Delivered {
		t.Errorf("%+v, %+v", l.RefusedByCode, l.Account)
	}
}

func TestLatencyIsTheLeastThatAnAnswerTakes(t *testing.T) {
	r := rigUp(t, "latency=30ms")
	for seq, took := range r.load(20, 10) {
		if took < 30*time.Millisecond {
			t.Errorf("request %d took %v", seq, took)
		}
	}
	if l := r.close(); l.Accepted != l.Sent {
		t.Errorf("%+v", l.Account)
	}
}

func TestAStallHoldsBackUntilItsEnd(t *testing.T) {
	r := rigUp(t, "stall=0s+300ms")
	// The trace that checks the path starts the clock; winding it starts anew.
	if _, _, err := r.send("/v0.4/traces", "application/msgpack", []byte{0x90}); err != nil {
		t.Fatal(err)
	}
	res, err := r.client.Post("http://"+r.addr+pathClock, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	took := r.load(3, 1)
	if took[0] < 300*time.Millisecond {
		t.Errorf("the first request took %v", took[0])
	}
	if stalled := r.counter("trouble", "stalled"); stalled != 2 {
		t.Errorf("%v requests were held back", stalled)
	}
	if l := r.close(); l.Accepted != l.Sent {
		t.Errorf("%+v", l.Account)
	}
}

func TestOverAUnixSocket(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("paths of sockets are not absolute there")
	}
	path := filepath.Join(t.TempDir(), "apm.socket")
	for range 2 { // the second finds the path taken, or free again
		r := rigUp(t, "listen=unix://"+path)
		r.load(5, 1)
		if l := r.close(); l.Accepted != l.Sent {
			t.Errorf("%+v", l.Account)
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if err := Serve(t.Context(), Dials{Listen: unixPrefix + path}, nil); err == nil {
		t.Error("took another's socket")
	}
}
