package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/internal/run"
	"github.com/spanstorm/spanstorm/scenarios"
)

// TestFleet sends from tracers that flush at intervals, with churn, over two
// phases: requests follow from traces, every trace is accounted for, and the body
// of a request can be had again.
func TestFleet(t *testing.T) {
	t.Parallel()
	j := job{scenario: "smoke", target: "embedded", sets: []string{
		"expect=[]", "clients={count: 20, flush_interval: 250ms, churn: 50%}",
		"load=[{name: hold, rate: 400 traces/s, for: 2s}, {name: ramp, rate: 400 traces/s..1200 traces/s, for: 2s}]",
	}}
	rec, _ := j.beside().do(t)
	// 20 clients that flush four times a second: 80 requests/s.
	if n := rec.Requests.Sent; n < 310 || n > 330 {
		t.Errorf("%d requests in 4 s, want 320", n)
	}
	if n := rec.Ledger.Sent.Traces; n < 2200 || n > 2600 {
		t.Errorf("%d traces, want about 2,400", n)
	}
	if rec.Ledger.Accepted != rec.Ledger.Sent {
		t.Errorf("accepted %+v of %+v", rec.Ledger.Accepted, rec.Ledger.Sent)
	}
	replay, err := run.NewReplay(rec)
	if err != nil {
		t.Fatal(err)
	}
	var traces int
	for seq := range rec.Requests.Planned {
		body, err := replay.Body(seq)
		if err != nil {
			t.Fatal(err)
		}
		traces += len(decode(t, body))
	}
	if uint64(traces) != rec.Load.Traces {
		t.Errorf("replayed %d traces of %d", traces, rec.Load.Traces)
	}
}

// TestRetries sends again what an agent refuses: with four tries at 30% errors
// all but 1% gets through, each payload once in the account.
func TestRetries(t *testing.T) {
	t.Parallel()
	j := steady("[{name: hold, rate: 100/s, for: 4s}]", "clients={count: 4, retries: 3, backoff: 5ms}")
	j.target = "embedded:error=30%"
	rec, _ := j.beside().do(t)
	binomial(t, "retried", rec.Requests.Sent, rec.Requests.Retried, 0.3)
	binomial(t, "refused", rec.Ledger.Sent.Traces, rec.Ledger.Refused.Traces, 0.3*0.3*0.3*0.3)
	if l := rec.Ledger; l.Accepted != l.Delivered || l.Duplicated.Traces != 0 {
		t.Errorf("accepted %+v of %+v delivered, %+v twice", l.Accepted, l.Delivered, l.Duplicated)
	}
}

// TestFleetWithoutTraces meets what a first user of a fleet types wrong.
func TestFleetWithoutTraces(t *testing.T) {
	var stderr bytes.Buffer
	cmd := exec.Command("spanstorm", "check", "smoke", "--set", "clients.flush_interval=1s")
	cmd.Stderr = &stderr
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != 2 || !bytes.Contains(stderr.Bytes(), []byte("500 traces/s")) {
		t.Errorf("%v\n%s", err, &stderr)
	}
}

// TestObeyRates has tracers obey an agent that asks for a quarter of the traces:
// the others go out with priority 0, the ledger knows why they do not come out,
// and the bodies can still be had again.
func TestObeyRates(t *testing.T) {
	t.Parallel()
	intake := freePort(t)
	captured := embeddedBehind(t, intake)
	proxy, ok := captured.next.(*httputil.ReverseProxy)
	if !ok {
		t.Fatalf("the wire leads to a %T", captured.next)
	}
	proxy.ModifyResponse = func(r *http.Response) error {
		if strings.HasSuffix(r.Request.URL.Path, "/traces") {
			text := `{"rate_by_service":{"service:,env:":0.25}}`
			r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
			r.Header.Set("Content-Length", strconv.Itoa(len(text)))
		}
		return nil
	}
	j := steady("[{name: hold, rate: 100/s, for: 6s}]", "clients={count: 3, obey_rates: true}")
	j.target, j.intake = captured.listen(t), intake
	rec, out := j.beside().do(t)
	l := rec.Ledger
	if len(rec.RateMarks) == 0 {
		t.Fatal("no rates were obeyed")
	}
	from := rec.RateMarks[0].Seq
	binomial(t, "sampled out", 2*(rec.Requests.Sent-from), l.SampledOut.Traces, 0.75)
	if l.Missing.Traces != 0 || l.Accepted.Traces+l.SampledOut.Traces != l.Sent.Traces {
		t.Errorf("%+v", l.Account)
	}
	replay, err := run.NewReplay(rec)
	if err != nil {
		t.Fatal(err)
	}
	lowered := uint64(0)
	for seq, body := range captured.bySeq(t, replay) {
		if again, err := replay.Body(seq); err != nil || !bytes.Equal(again, body) {
			t.Fatalf("request %d cannot be had again: %v", seq, err)
		}
		// The trees that preview draws have the priorities of the bodies.
		for i, chunk := range decode(t, body) {
			tree, err := replay.Tree(seq, i)
			if err != nil {
				t.Fatal(err)
			}
			root := tree.Spans[0]
			if got, want := root.Metrics["_sampling_priority_v1"], chunk[0].Metrics["_sampling_priority_v1"]; got != want || float64(tree.Priority) != want || root.SpanID != chunk[0].SpanID {
				t.Fatalf("trace %d of request %d is drawn with priority %d, on its root %g, and was sent with %g", i, seq, tree.Priority, got, want)
			}
			if tree.Priority > 0 {
				continue
			}
			if lowered++; lowered == 1 {
				var stdout, stderr bytes.Buffer
				cmd := exec.Command("spanstorm", "preview", out, "--trace", strconv.FormatUint(root.TraceID, 10))
				cmd.Stdout, cmd.Stderr = &stdout, &stderr
				if err := cmd.Run(); err != nil || !strings.Contains(stderr.String(), "priority 0") || !bytes.Equal(stdout.Bytes(), body) {
					t.Errorf("preview --trace %d: %v, %d bytes and\n%s", root.TraceID, err, stdout.Len(), &stderr)
				}
			}
		}
	}
	if lowered != l.SampledOut.Traces {
		t.Errorf("%d trees with priority 0, %d traces sampled out", lowered, l.SampledOut.Traces)
	}
}

// TestFleetComesOut sends from 24 clients, and finds each of them behind the agent,
// by what it says of itself: in headers, in heads of payloads, or in both.
func TestFleetComesOut(t *testing.T) {
	t.Parallel()
	for _, api := range scenarios.APIs() {
		t.Run(string(api), func(t *testing.T) {
			t.Parallel()
			fleetComesOut(t, api, scenarios.V03, func(intake string) string {
				return "http://" + embedded(t, "127.0.0.1:0", intake)
			})
		})
	}
}

// introduction is what an agent passes on of what a client says.
type introduction struct{ Language, LanguageVersion, TracerVersion, RuntimeID, ContainerID string }

// fleetComesOut runs against a target that sends to a wire before the intake.
// Agents see containers from the API on that is given.
func fleetComesOut(t *testing.T, api, contained scenarios.API, start func(intake string) string) {
	t.Helper()
	intake := freePort(t)
	captured := &wire{next: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: intake})}
	j := steady("[{name: hold, rate: 100/s, for: 4s}]",
		"api="+string(api), "clients={count: 24, languages: {go: 2, java: 1, cpp: 1}, containers: 75%}")
	j.target, j.intake = start(strings.TrimPrefix(captured.listen(t), "http://")), intake
	rec, _ := j.beside().do(t)
	allCame(t, rec)
	replay, err := run.NewReplay(rec)
	if err != nil {
		t.Fatal(err)
	}
	want, got := map[introduction]bool{}, map[introduction]bool{}
	for _, c := range replay.Corpus.Clients() {
		one := introduction{c.Language, c.LanguageVersion, c.TracerVersion, c.RuntimeID, c.ContainerID}
		if api != scenarios.V07 && api != scenarios.V10 { // headers do not say it
			one.RuntimeID = ""
		}
		if api < contained {
			one.ContainerID = ""
		}
		want[one] = true
	}
	if api >= contained && len(want) < 18 {
		t.Fatalf("only %d clients can be told apart", len(want))
	}
	for _, payload := range tracerPayloads(t, captured.requests) {
		got[introduction{payload.LanguageName, payload.LanguageVersion, payload.TracerVersion, payload.RuntimeID, payload.ContainerID}] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-clients +behind the agent):\n%s", diff)
	}
}
