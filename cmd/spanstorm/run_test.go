package main

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/internal/run"
	"github.com/spanstorm/spanstorm/internal/target"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// job is one run of these tests; its roles are processes, as for users.
type job struct {
	scenario string
	sets     []string
	target   string
	intake   string
	restart  bool
	out      string // where the record stays; empty: nowhere
}

// besideOthers are settings of a run that is not alone on the machine: no times of it are
// judged, so it is valid as long as nothing is sent a second late. Templates need not be many.
func besideOthers() []string { return []string{"late_limit=1s", "corpus={spans: 4096}"} }

// beside is the job in a test that runs in parallel to others.
func (j job) beside() job {
	j.sets = append(besideOthers(), j.sets...)
	return j
}

// do runs the job and returns its record, which is also read back from disk.
func (j job) do(t *testing.T) (*results.Record, string) {
	t.Helper()
	return j.within(t, 3*time.Minute)
}

// punctual is do for a test that judges times. A run in which the machine was too busy
// for a moment to send on time is done again: that each of three is, is the generator's
// fault.
func (j job) punctual(t *testing.T) *results.Record {
	t.Helper()
	rec, _ := j.do(t)
	for range 2 {
		if !slices.ContainsFunc(rec.InvalidReasons, late) {
			break
		}
		t.Logf("once more: %v; machine: %+v", rec.InvalidReasons, rec.Resources.Machine)
		rec, _ = j.do(t)
	}
	return rec
}

// late says that a reason is that of a generator that was late.
func late(reason string) bool { return strings.HasPrefix(reason, "the generator fell behind") }

// within is do with a limit of its own.
func (j job) within(t *testing.T, limit time.Duration) (*results.Record, string) {
	t.Helper()
	self, err := exec.LookPath("spanstorm")
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenarios.Load(j.scenario, j.sets)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := target.Parse(j.target)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	out := j.out
	if out == "" {
		out = filepath.Join(t.TempDir(), "record")
	}
	_, err = run.Run(ctx, run.Options{
		Scenario: s, Target: spec, Out: out, Self: self, Intake: j.intake, Restart: j.restart, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := results.Read(out)
	if err != nil {
		t.Fatal(err)
	}
	if !rec.Complete || rec.Interrupted {
		t.Errorf("complete %v, interrupted %v", rec.Complete, rec.Interrupted)
	}
	balanced(t, rec)
	return rec, out
}

// balanced holds the ledger's identities against a record.
func balanced(t *testing.T, rec *results.Record) {
	t.Helper()
	check := func(of string, a results.Account) {
		if got := a.Delivered.Plus(a.Refused).Plus(a.Unanswered); got != a.Sent {
			t.Errorf("%s: delivered + refused + unanswered = %+v, sent %+v", of, got, a.Sent)
		}
		if got := a.Accepted.Plus(a.SampledOut).Plus(a.Dropped).Plus(a.Missing); got != a.Delivered {
			t.Errorf("%s: accepted + sampled_out + dropped + missing = %+v, delivered %+v", of, got, a.Delivered)
		}
	}
	check("ledger", rec.Ledger.Account)
	for _, part := range rec.Ledger.ByShape {
		check(part.Name, part.Account)
	}
	q := rec.Requests
	if q.Planned != q.Sent+q.Unsent {
		t.Errorf("planned %d, sent %d + unsent %d", q.Planned, q.Sent, q.Unsent)
	}
	if q.Sent != q.Answered+q.Errors.Total() {
		t.Errorf("sent %d, answered %d + errors %d", q.Sent, q.Answered, q.Errors.Total())
	}
	if rec.Load.Traces != rec.Ledger.Sent.Traces || rec.Load.Spans != rec.Ledger.Sent.Spans {
		t.Errorf("load %+v, ledger sent %+v", rec.Load, rec.Ledger.Sent)
	}
}

// figures skips a test of figures where those mean nothing.
func figures(t *testing.T) {
	t.Helper()
	if raced {
		t.Skip("the race detector makes everything slow")
	}
}

// allAccepted is what a healthy agent does.
func allAccepted(t *testing.T, rec *results.Record) {
	t.Helper()
	if !rec.Valid && !raced {
		t.Errorf("invalid: %v", rec.InvalidReasons)
	}
	allCame(t, rec)
}

// allCame says it of the account alone, which is exact however late a request was.
func allCame(t *testing.T, rec *results.Record) {
	t.Helper()
	if rec.Requests.Delivered != rec.Requests.Sent {
		t.Errorf("requests delivered %d of %d: %v %+v", rec.Requests.Delivered, rec.Requests.Sent, rec.Requests.ByCode, rec.Requests.Errors)
	}
	l := rec.Ledger
	if l.Sent.Traces == 0 || l.Accepted != l.Sent || l.Missing.Traces != 0 || l.Foreign.Traces != 0 || l.Duplicated.Traces != 0 {
		t.Errorf("ledger: %+v, foreign %+v", l.Account, l.Foreign)
	}
	if !l.Drained || l.Source != "intake" {
		t.Errorf("drained %v, source %q", l.Drained, l.Source)
	}
}

// TestWebShop is the bundled main scenario, as `make run` runs it, but for a part of the time.
func TestWebShop(t *testing.T) {
	figures(t)
	rec := job{scenario: "web-shop", sets: []string{"load.hold.for=6s"}, target: "embedded"}.punctual(t)
	allAccepted(t, rec)
	for _, e := range rec.Expectations {
		if !e.Met {
			t.Errorf("%s: got %s", e.Text, e.Got)
		}
	}
}

// TestEncodings sends every API and encoding through the embedded agent, over
// TCP and, to an agent that runs already, over a Unix socket.
func TestEncodings(t *testing.T) {
	t.Parallel()
	for _, api := range scenarios.APIs() {
		for _, encoding := range encodingsOf(api) {
			t.Run(string(api)+" "+string(encoding), func(t *testing.T) {
				t.Parallel()
				everythingComes(t, job{target: "embedded"}, api, encoding)
			})
		}
		t.Run(string(api)+" over a socket", func(t *testing.T) {
			t.Parallel()
			if runtime.GOOS == "windows" {
				t.Skip("paths of sockets are not absolute there")
			}
			at, intake := "unix://"+filepath.Join(t.TempDir(), "apm.socket"), freePort(t)
			embedded(t, at, intake)
			everythingComes(t, job{target: at, intake: intake}, api, scenarios.Msgpack)
		})
	}
}

func everythingComes(t *testing.T, j job, api scenarios.API, encoding scenarios.Encoding) *results.Record {
	t.Helper()
	j.scenario = "smoke"
	j.sets = []string{"api=" + string(api), "encoding=" + string(encoding), "load.hold.for=1s", "traces_per_request=5"}
	rec, _ := j.beside().do(t)
	allCame(t, rec)
	if rec.Requests.UnexpectedBody != 0 || rec.Ledger.Sent.Traces < 100 {
		t.Errorf("%d unexpected bodies, %d traces", rec.Requests.UnexpectedBody, rec.Ledger.Sent.Traces)
	}
	return rec
}

func encodingsOf(api scenarios.API) []scenarios.Encoding {
	if api.TakesJSON() {
		return []scenarios.Encoding{scenarios.Msgpack, scenarios.JSON}
	}
	return []scenarios.Encoding{scenarios.Msgpack}
}

// TestLibrary runs the other bundled scenarios, shortened, but for those with events.
func TestLibrary(t *testing.T) {
	figures(t) // a raced agent is too slow for these loads
	for _, b := range scenarios.Library() {
		s, err := scenarios.Load(b.Name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Events) > 0 { // they need their time: see TestLibraryEvents
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			var sets []string
			for _, phase := range s.Load {
				sets = append(sets, "load."+phase.Name+".for=1s")
			}
			if b.Name == "datadog-bench" { // whose quarter of a million spans a second take more than two slow processors
				sets = append(sets, "load.hold.rate=100/s")
			}
			for i, incident := range s.Incidents {
				at := "incidents." + incident.Name
				sets = append(sets, fmt.Sprintf("%s.at=%dms", at, 300*(i+1)), at+".for=200ms")
			}
			rec := job{scenario: b.Name, sets: sets, target: "embedded"}.punctual(t)
			if len(s.Shapes) == 0 {
				if rec.Announcements.Sent == 0 || rec.Announcements.ByCode["200"] != rec.Announcements.Sent {
					t.Errorf("announcements: %+v", rec.Announcements)
				}
				for _, e := range rec.Expectations {
					if !e.Met {
						t.Errorf("%s: got %s", e.Text, e.Got)
					}
				}
				return
			}
			allAccepted(t, rec)
		})
	}
}

// TestLibraryEvents runs the bundled scenarios with events at full length.
func TestLibraryEvents(t *testing.T) {
	t.Parallel()
	figures(t)
	for _, b := range scenarios.Library() {
		s, err := scenarios.Load(b.Name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Events) == 0 {
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			rec, _ := job{scenario: b.Name, target: "embedded"}.beside().do(t)
			allDone(t, rec, len(s.Events))
		})
	}
}

// allDone holds that each event came about, and that the expectations were met.
func allDone(t *testing.T, rec *results.Record, events int) {
	t.Helper()
	if len(rec.Events) != events {
		t.Errorf("%d of %d events came about", len(rec.Events), events)
	}
	for _, e := range rec.Events {
		if e.Error != "" {
			t.Errorf("event %s: %s", e.Name, e.Error)
		}
	}
	for _, e := range rec.Expectations {
		if !e.Met {
			t.Errorf("%s: got %s", e.Text, e.Got)
		}
	}
}

// TestIncidents has an incident and an agent that loses traces: requests and traces
// are inside or outside, and the report says what became of which.
func TestIncidents(t *testing.T) {
	t.Parallel()
	rec, out := job{scenario: "outage", sets: []string{
		"expect=[]", "load=[{name: warm-up, rate: 50/s, for: 1s, discard: true}, {name: hold, rate: 50/s, for: 3s}]",
		"incidents=[{name: bank-down, at: 1500ms, for: 1s, operations: payments.bank, slowdown: 8x, error_rate: 30%}, {name: rest, at: 3500ms, for: 1h, operations: postgres.*, slowdown: 25x}]",
	}, target: "embedded:drop=10%"}.beside().do(t)
	if len(rec.Incidents) != 2 || len(rec.Ledger.ByIncident) != 2 || rec.OutsideIncidents == nil || rec.Ledger.NoIncident == nil {
		t.Fatalf("%+v, %+v", rec.Incidents, rec.Ledger.ByIncident)
	}
	all := *rec.Ledger.NoIncident
	for i, want := range []struct {
		at, length float64
		first      uint64
		requests   uint64
	}{{1.5, 1, 75, 50}, {3.5, 0.5, 175, 25}} {
		in, part := &rec.Incidents[i], &rec.Ledger.ByIncident[i]
		all = all.Plus(part.Account)
		// A phase may begin a little late, when answers of the one before are.
		if math.Abs(in.AtS-want.at) > 0.5 || math.Abs(in.ForS-want.length) > 1e-3 || in.FirstSeq != want.first || in.LastSeq != want.first+want.requests-1 || in.Requests.Sent != want.requests {
			t.Errorf("%+v", in)
		}
		if in.ResponseTime.Count != want.requests || part.Sent.Traces != 10*want.requests {
			t.Errorf("%s: %d response times, %d traces", in.Name, in.ResponseTime.Count, part.Sent.Traces)
		}
		binomial(t, "missing in "+in.Name, part.Sent.Traces, part.Missing.Traces, 0.1)
	}
	if all != rec.Ledger.Account {
		t.Errorf("inside and outside are %+v, the account is %+v", all, rec.Ledger.Account)
	}
	if n := rec.OutsideIncidents.Requests; n.Sent != 75 || n.Planned != 75 || rec.OutsideIncidents.ResponseTime.Count != 75 {
		t.Errorf("outside: %+v", n)
	}
	kept, used := &rec.Phases[1], &rec.Resources.Target
	if spans := kept.SpansPerS * (kept.EndS - kept.StartS); used.CPUS == 0 || math.Abs(used.CPUS/spans*1e6/used.CPUSPerMillionSpans-1) > 1e-6 {
		t.Errorf("the target's CPU is not that of the %g spans of the kept phase: %+v", spans, used)
	}
	histograms, err := results.ReadHistograms(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range histograms {
		if h.Incident == "bank-down" && h.Metric == results.ResponseTime && results.NewQuantiles(h.Values, 0) != rec.Incidents[0].ResponseTime {
			t.Errorf("the log has %+v", results.NewQuantiles(h.Values, 0))
		}
	}
	page, err := exec.Command("spanstorm", "report", out).Output()
	if err != nil || !strings.Contains(string(page), "bank-down") || !strings.Contains(string(page), "payments.bank: own work takes 8x as long, 30% of spans fail") {
		t.Errorf("report: %v\n%s", err, page)
	}
}

// TestClosedLoop drives `rate: max`, whose bodies carry time marks.
func TestClosedLoop(t *testing.T) {
	rec, _ := job{scenario: "smoke", sets: []string{"corpus={spans: 4096}", "load=[{name: flat-out, rate: max, connections: 4, for: 2s}]"}, target: "embedded"}.do(t)
	allAccepted(t, rec)
	if p := rec.Phases[0]; !p.Closed || p.ResponseTime.Count != 0 || p.ServiceTime.Count == 0 {
		t.Errorf("phase: closed %v, %d response times, %d service times", p.Closed, p.ResponseTime.Count, p.ServiceTime.Count)
	}
}
