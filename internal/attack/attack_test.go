package attack

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/spanstorm/spanstorm/internal/schedule"
	"github.com/spanstorm/spanstorm/internal/tracer"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// source is a Source whose bodies say which request they belong to: seq, time,
// and then seq again and again.
type source struct{ size int }

func (s source) Append(dst []byte, seq uint64, atUnixNS int64) []byte {
	end := len(dst) + s.size
	dst = binary.BigEndian.AppendUint64(dst, seq)
	dst = binary.BigEndian.AppendUint64(dst, uint64(atUnixNS))
	for len(dst) < end {
		dst = binary.BigEndian.AppendUint64(dst, seq)
	}
	return dst
}

func (s source) Traces(seq uint64) int { return int(seq%7) + 1 }

func constantPhase(t testing.TB, perS float64, d time.Duration) (*scenarios.Phase, schedule.Schedule) {
	t.Helper()
	q := scenarios.Quantity{PerS: perS, Unit: scenarios.Requests}
	p := &scenarios.Phase{Name: "hold", For: scenarios.Duration(d), Rate: &scenarios.Rate{From: q, To: q}}
	s, err := schedule.New(p, schedule.Means{})
	if err != nil {
		t.Fatal(err)
	}
	return p, s
}

func newClient(t testing.TB, c tracer.Config) *tracer.Client {
	t.Helper()
	client, err := tracer.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// openPlan is a plan of perS requests a second for d against url.
func openPlan(t testing.TB, url string, perS float64, d time.Duration) Plan {
	phase, sched := constantPhase(t, perS, d)
	return Plan{
		Phase: phase, Schedule: sched, Client: newClient(t, tracer.Config{URL: url}),
		Path: "/v0.4/traces", ContentType: "application/msgpack", Answer: tracer.AnswerObject,
		Source: source{size: 2000}, BodyBytes: 2000,
	}
}

// closedPlan is a closed loop over n connections that ends after most requests.
func closedPlan(t testing.TB, url string, n int, most uint64, d time.Duration) Plan {
	p := openPlan(t, url, 1, time.Second)
	p.Schedule = nil
	p.Phase = &scenarios.Phase{Name: "max", Rate: &scenarios.Rate{Max: true}, For: scenarios.Duration(d), Connections: n}
	p.MaxRequests = most
	return p
}

func mustRun(ctx context.Context, t testing.TB, p Plan) (*Outcome, []Observation) {
	t.Helper()
	var seen []Observation
	out, err := Run(ctx, p, func(o Observation) { seen = append(seen, o) })
	if err != nil {
		t.Fatal(err)
	}
	balance(t, out, seen)
	return out, seen
}

// balance holds the identities of the record against an outcome.
func balance(t testing.TB, out *Outcome, seen []Observation) {
	t.Helper()
	r := out.Phase.Requests
	if r.Planned != r.Sent+r.Unsent {
		t.Errorf("planned %d ≠ sent %d + unsent %d", r.Planned, r.Sent, r.Unsent)
	}
	if r.Sent != r.Answered+r.Errors.Total() || r.Sent != uint64(len(seen)) {
		t.Errorf("sent %d, answered %d + errors %d, observed %d", r.Sent, r.Answered, r.Errors.Total(), len(seen))
	}
	var byCode, rowsSent, rowsDelivered, rowsErrors uint64
	for _, n := range r.ByCode {
		byCode += n
	}
	for i, row := range out.Seconds {
		rowsSent += row.Sent
		rowsDelivered += row.Delivered
		rowsErrors += row.Errors.Total()
		if i > 0 && row.T != out.Seconds[i-1].T+1 {
			t.Errorf("second %d follows second %d", row.T, out.Seconds[i-1].T)
		}
	}
	if byCode != r.Answered || rowsSent != r.Sent || rowsDelivered != r.Delivered || rowsErrors != r.Errors.Total() {
		t.Errorf("codes %d of %d answered; rows: sent %d of %d, delivered %d of %d, errors %d of %d",
			byCode, r.Answered, rowsSent, r.Sent, rowsDelivered, r.Delivered, rowsErrors, r.Errors.Total())
	}
	if n := uint64(out.ServiceTime.TotalCount()); n != r.Answered {
		t.Errorf("%d service times of %d answers", n, r.Answered)
	}
	unique := map[uint64]bool{}
	for _, o := range seen {
		if unique[o.Seq] {
			t.Errorf("seq %d was observed twice", o.Seq)
		}
		unique[o.Seq] = true
		if o.End < o.Send || (o.Code == 0) != (o.Class != tracer.ClassNone) {
			t.Errorf("observation %+v", o)
		}
	}
}

// agent answers as a trace agent of v0.4 does.
func agent(t testing.TB, handle http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if handle != nil {
			handle(w, r)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, `{"rate_by_service":{}}`)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestWhatIsSent(t *testing.T) {
	type request struct {
		Method, Path, Host string
		Header             http.Header
		Body               []byte
		Length             int64
	}
	var mu sync.Mutex
	got := map[uint64]request{}
	s := agent(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || len(body) < 16 {
			t.Errorf("read a body of %d bytes: %v", len(body), err)
			return
		}
		mu.Lock()
		got[binary.BigEndian.Uint64(body)] = request{r.Method, r.URL.Path, r.Host, r.Header.Clone(), body, r.ContentLength}
		mu.Unlock()
		_, _ = io.WriteString(w, "{}\n")
	})
	p := openPlan(t, s.URL, 200, 500*time.Millisecond)
	p.FirstSeq = 1000
	p.Client = newClient(t, tracer.Config{
		URL: s.URL, RealHTTPStatus: true,
		Headers: map[string]string{"x-team": "storm", "user-agent": "mine"},
	})
	out, seen := mustRun(t.Context(), t, p)
	if len(got) != 100 || len(seen) != 100 {
		t.Fatalf("%d requests arrived, %d were observed; want 100", len(got), len(seen))
	}
	for _, o := range seen {
		k := o.Seq - p.FirstSeq
		// The body can be made again from what the record holds.
		at := out.Phase.StartedAt.UnixNano() + int64(p.Schedule.Due(k))
		body := p.Source.Append(nil, o.Seq, at)
		want := request{
			Method: "PUT", Path: "/v0.4/traces", Host: strings.TrimPrefix(s.URL, "http://"), Body: body, Length: int64(len(body)),
			Header: http.Header{
				"Content-Type":                  {"application/msgpack"},
				"Content-Length":                {"2000"},
				"User-Agent":                    {"mine"},
				"X-Team":                        {"storm"},
				"Datadog-Meta-Lang":             {"go"},
				"Datadog-Meta-Lang-Version":     {"1.26.0"},
				"Datadog-Meta-Lang-Interpreter": {"gc-amd64-linux"},
				"Datadog-Meta-Tracer-Version":   {"v2.4.1"},
				"Datadog-Send-Real-Http-Status": {"true"},
				"X-Datadog-Trace-Count":         {strconv.Itoa(p.Source.Traces(o.Seq))},
			},
		}
		if diff := cmp.Diff(want, got[o.Seq]); diff != "" {
			t.Fatalf("request %d (-want +got):\n%s", o.Seq, diff)
		}
		if o.Due != p.Schedule.Due(k) || o.BytesOut != 2000 || o.BytesIn != 3 || o.Traces != p.Source.Traces(o.Seq) {
			t.Errorf("observation %+v", o)
		}
	}
	r := out.Phase.Requests
	if r.Delivered != 100 || r.UnexpectedBody != 0 || r.Retried != 0 {
		t.Errorf("requests %+v", r)
	}
	if v := Judge(out.Figures); v.Saturated {
		t.Errorf("an idle agent is called saturated: %+v", out.Figures)
	}
}

// TestBodiesDoNotDependOnWorkers compares the bodies by seq with 1 and with 64
// connections, of sizes that make the ring wrap around.
func TestBodiesDoNotDependOnWorkers(t *testing.T) {
	collect := func(workers int) (map[uint64][]byte, []results.TimeMark) {
		var mu sync.Mutex
		got := map[uint64][]byte{}
		s := agent(t, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			seq := binary.BigEndian.Uint64(body)
			mu.Lock()
			got[seq] = append(got[seq], body...)
			mu.Unlock()
			_, _ = io.WriteString(w, "{}")
		})
		p := closedPlan(t, s.URL, workers, 1500, 10*time.Second)
		p.FirstSeq = 77
		out, _ := mustRun(t.Context(), t, p)
		if out.Phase.Sent != 1500 || out.Phase.Requests.Delivered != 1500 || !out.Phase.Closed {
			t.Errorf("%d workers: %+v", workers, out.Phase.Requests)
		}
		return got, out.Phase.TimeMarks
	}
	one, oneMarks := collect(1)
	many, manyMarks := collect(64)
	if len(one) != 1500 || len(many) != 1500 {
		t.Fatalf("got %d and %d bodies, want 1500", len(one), len(many))
	}
	at := func(marks []results.TimeMark, seq uint64) (ns int64) {
		for _, m := range marks {
			if m.Seq <= seq {
				ns = m.UnixNS
			}
		}
		return ns
	}
	for seq := range one {
		src := source{size: 2000}
		if !bytes.Equal(one[seq], src.Append(nil, seq, at(oneMarks, seq))) ||
			!bytes.Equal(many[seq], src.Append(nil, seq, at(manyMarks, seq))) {
			t.Fatalf("the body of seq %d is not the one that its seq and time mark make", seq)
		}
	}
}

func TestRawIsReadableByVegeta(t *testing.T) {
	s := agent(t, nil)
	var buf bytes.Buffer
	p := openPlan(t, s.URL, 200, 200*time.Millisecond)
	p.Raw = NewRaw(&buf)
	out, seen := mustRun(t.Context(), t, p)
	_, more := mustRun(t.Context(), t, p) // a second phase goes on in the same file
	dec, n := vegeta.NewDecoder(&buf), 0
	var m vegeta.Metrics
	for {
		var r vegeta.Result
		if err := dec.Decode(&r); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Fatal(err)
			}
			break
		}
		if n >= len(seen) {
			if r.Seq != more[n-len(seen)].Seq {
				t.Errorf("result %d of the second phase: %+v", n-len(seen), r)
			}
			n++
			continue
		}
		o := seen[n]
		if r.Seq != o.Seq || int(r.Code) != o.Code || r.Latency != o.End-o.Due || r.BytesOut != 2000 ||
			!r.Timestamp.Equal(out.Phase.StartedAt.Add(o.Due)) {
			t.Errorf("result %+v of observation %+v", r, o)
		}
		m.Add(&r)
		n++
	}
	m.Close()
	if n != 80 || m.Requests != 40 || m.Success != 1 {
		t.Errorf("%d results, metrics %+v", n, m)
	}
}

// clockedSource remembers what it is told of when requests are due, and asks at
// each for all before it.
type clockedSource struct {
	source
	due   func(seq uint64) int64
	wrong int
	wrote []int64 // by request
}

func (s *clockedSource) Clock(due func(seq uint64) int64) { s.due = due }

func (s *clockedSource) Append(dst []byte, seq uint64, atUnixNS int64) []byte {
	s.wrote = append(s.wrote, atUnixNS)
	for k, at := range s.wrote {
		if s.due(uint64(k)) != at {
			s.wrong++
		}
	}
	return s.source.Append(dst, seq, atUnixNS)
}

// A source that asks learns of earlier requests what was written into them.
func TestClock(t *testing.T) {
	server := agent(t, nil)
	open := openPlan(t, server.URL, 400, 500*time.Millisecond)
	closed := closedPlan(t, server.URL, 1, 1<<20, 2500*time.Millisecond)
	for name, p := range map[string]Plan{"open": open, "closed": closed} {
		src := &clockedSource{source: source{size: 2000}}
		p.Source = src
		if p.Schedule == nil {
			p.Source = slow{src}
		}
		out, _ := mustRun(t.Context(), t, p)
		if src.wrong > 0 || len(src.wrote) < 20 || p.Schedule == nil && len(out.Phase.TimeMarks) < 2 {
			t.Errorf("%s: %d answers of the clock in %d requests are not what was written; %d marks", name, src.wrong, len(src.wrote), len(out.Phase.TimeMarks))
		}
	}
}

// slow takes its time, so that a closed loop has few requests.
type slow struct{ *clockedSource }

func (s slow) Append(dst []byte, seq uint64, atUnixNS int64) []byte {
	time.Sleep(20 * time.Millisecond)
	return s.clockedSource.Append(dst, seq, atUnixNS)
}
