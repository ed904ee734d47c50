package agent

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	pb "github.com/DataDog/datadog-agent/pkg/proto/pbgo/trace"
	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/internal/agent/decode"
	"github.com/spanstorm/spanstorm/internal/wire"
)

// written is a body of any API with the spans of traces.
func written(api decode.API, traces pb.Traces) []byte {
	var e wire.Encoding
	switch api {
	case decode.V05:
		e = wire.NewV05()
	case decode.V07:
		e = wire.NewV07(wire.Tracer{Language: "go"})
	case decode.V10:
		e = wire.NewV1(wire.Tracer{Language: "go"})
	default:
		e = wire.V04{}
	}
	templates, stamps := make([]wire.Template, len(traces)), make([]wire.Stamp, len(traces))
	for i, trace := range traces {
		stamp := wire.Stamp{TraceID: trace[0].TraceID, IDs: []uint64{0}, Start: trace[0].Start}
		chunk := wire.Chunk{PriorityWidth: 2}
		for k, s := range trace {
			span := wire.Span{Service: s.Service, Name: s.Name, Resource: s.Resource, Type: s.Type, Duration: s.Duration, Start: s.Start - stamp.Start}
			if k == 0 {
				span.Parent = -1
			}
			stamp.IDs = append(stamp.IDs, s.SpanID)
			chunk.Spans = append(chunk.Spans, span)
		}
		if p, ok := trace[0].Metrics[decode.PriorityKey]; ok {
			stamp.Priority, stamp.HasPriority = int8(p), true
		}
		templates[i], stamps[i] = e.Encode(&chunk), stamp
	}
	w := e.Writer() // when all is encoded
	body := w.AppendHead(nil, 0, len(traces))
	for i := range templates {
		if i > 0 {
			body = w.AppendNext(body)
		}
		body = w.Append(body, &templates[i], &stamps[i])
	}
	return w.AppendTail(body)
}

func TestTheAccountIsExactByEveryAPI(t *testing.T) {
	for _, api := range decode.APIs() {
		t.Run(string(api), func(t *testing.T) {
			r := rigUp(t, "drop=30%,seed=7")
			r.api = api
			r.priority = func(o uint64) (int8, bool) {
				_, i := layout.Seq(o)
				return int8(i) - 1, i != 3 // −1, 0, 1, none
			}
			dice, vanish := newTrouble(Dials{Drop: 0.3, Seed: 7}), [perRequest]uint64{}
			for seq := range uint64(100) {
				spoilt := layout.Ordinal(seq, 2)
				r.spoil[spoilt] = seq < 10
				for i := 2; i <= 3; i++ {
					if o := layout.Ordinal(seq, i); !r.spoil[o] && dice.drops(r.codec.TraceID(o, perChunk)) {
						vanish[i]++
					}
				}
			}
			r.load(100, 4)
			none := r.counter("receiver", "traces_priority_none")
			l := r.close()
			kept, unsaid := vanish[2], vanish[3] // who has no priority may be sampled out, so is never missing
			if l.SampledOut != traces(200+unsaid) || l.Dropped != traces(10) || l.Missing != traces(kept) || l.Accepted != traces(190-kept-unsaid) {
				t.Errorf("%+v, and %d should be missing", l.Account, kept)
			}
			if none != 100 || l.DroppedByReason["span_id_zero"] != traces(10) || kept == 0 {
				t.Errorf("%v without a priority, dropped %+v, %d vanish", none, l.DroppedByReason, kept)
			}
		})
	}
}

func TestEveryAPIOverAUnixSocket(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("paths of sockets are not absolute there")
	}
	for _, api := range decode.APIs() {
		r := rigUp(t, "listen=unix://"+filepath.Join(t.TempDir(), "apm.socket"))
		r.api = api
		r.load(20, 2)
		if l := r.close(); l.Sent != traces(20*perRequest) || l.Accepted != l.Sent {
			t.Errorf("%s: %+v", api, l.Account)
		}
	}
}

// What is answered, by either method and whatever the Content-Type of an API
// that does not look at it.
func TestAnswersOfTheNewerAPIs(t *testing.T) {
	r := rigUp(t, "")
	for _, api := range []decode.API{decode.V05, decode.V07, decode.V10} {
		good := written(api, r.traces(0))
		for _, test := range []struct {
			method, contentType string
			body                []byte
			code                int
		}{
			{http.MethodPut, "application/msgpack", good, 200},
			{http.MethodPost, "application/msgpack", good, 200},
			{http.MethodPut, "text/plain", good, 200},
			{http.MethodPut, "application/msgpack", good[:len(good)/2], 400},
			{http.MethodPut, "application/json", []byte("[]"), 400},
			{http.MethodPut, "application/msgpack", nil, 400},
			{http.MethodPut, "application/msgpack", make([]byte, bodyBytesMax+1), 413},
			{http.MethodGet, "", nil, 400}, // any method is taken, as by the real agent
		} {
			res, text := r.ask(test.method, api.Path(), test.contentType, test.body)
			var rates struct {
				Rates map[string]float64 `json:"rate_by_service"`
			}
			if res.StatusCode != test.code || test.code == 200 && (json.Unmarshal(text, &rates) != nil || rates.Rates == nil) {
				t.Errorf("%s %s %s, %d bytes: %s, %q", test.method, api, test.contentType, len(test.body), res.Status, text)
			}
		}
	}
	if n := r.counter("receiver", "traces_dropped", "msgp_short_bytes"); n != 3*3*perRequest {
		t.Errorf("%v traces were cut short", n)
	}
}

func TestAnAPIThatIsLeftOut(t *testing.T) {
	all := []string{"/v0.3/traces", "/v0.3/services", "/v0.4/traces", "/v0.4/services", "/v0.5/traces", "/v0.7/traces", "/v1.0/traces"}
	for dials, want := range map[string][]string{
		"":               all,
		"apis=v1.0":      {"/v1.0/traces"},
		"apis=v0.5+v0.3": {"/v0.5/traces", "/v0.3/traces", "/v0.3/services"},
	} {
		r := rigUp(t, dials)
		_, text := r.ask(http.MethodGet, "/info", "", nil)
		var info struct{ Endpoints []string }
		if err := json.Unmarshal(text, &info); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(append(want, "/debug/vars"), info.Endpoints); diff != "" {
			t.Errorf("%s (-want +announced):\n%s", dials, diff)
		}
		for _, path := range all {
			code := http.StatusNotFound
			if slices.Contains(want, path) {
				code = http.StatusBadRequest
				if filepath.Base(path) == "services" {
					code = http.StatusOK
				}
			}
			if res, _ := r.ask(http.MethodPut, path, "application/msgpack", []byte("\xc1")); res.StatusCode != code {
				t.Errorf("%s: %s is answered %s, want %d", dials, path, res.Status, code)
			}
		}
	}
}

func (r *rig) ask(method, path, contentType string, body []byte) (*http.Response, []byte) {
	r.Helper()
	req, err := r.request(method, path, contentType, body)
	if err != nil {
		r.Fatal(err)
	}
	res, err := r.client.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		r.Fatal(err)
	}
	return res, text
}
