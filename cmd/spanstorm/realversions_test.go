//go:build realagent

package main

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// datadog0600 is an older version of the real trace agent; `make agents` builds it, too.
const datadog0600 = "../../agents/datadog/v0.60.0.yaml"

// agentOf is the kind and version of an agent, by its target file.
func agentOf(target string) string {
	return strings.TrimSuffix(strings.TrimPrefix(target, "../../agents/"), ".yaml")
}

// TestRealDatadog0600AcceptsEverything sends to the older version what it takes.
// Short, it is v0.4 alone.
func TestRealDatadog0600AcceptsEverything(t *testing.T) {
	t.Parallel()
	for _, api := range scenarios.APIs() {
		if api == scenarios.V10 || testing.Short() && api != scenarios.V04 {
			continue
		}
		for _, encoding := range encodingsOf(api) {
			t.Run(string(api)+" "+string(encoding), func(t *testing.T) {
				t.Parallel()
				rec := everythingComes(t, job{target: datadog0600}, api, encoding)
				if v := rec.Target.Version; v != "0.60.0" {
					t.Errorf("version %q", v)
				}
				ownWord(t, rec)
			})
		}
	}
}

// TestRealAgentsBehindABadBackend is the bundled scenario of that name, at full
// length: what agents take they hold while the backend hangs, and hand over before
// they are started again.
func TestRealAgentsBehindABadBackend(t *testing.T) {
	t.Parallel()
	for _, target := range []string{datadog, datadog0600, otelcol} {
		t.Run(agentOf(target), func(t *testing.T) {
			t.Parallel()
			rec, _ := job{scenario: "bad-backend", target: target}.beside().do(t)
			allDone(t, rec, 2)
			if len(rec.Target.Restarts) != 1 || rec.Target.Restarts[0].Event != "update" || rec.Target.Restarts[0].Code != 0 {
				t.Errorf("restarts %+v", rec.Target.Restarts)
			}
		})
	}
}

// TestRealAgentsDifferInIDs has faults that one version drops, and says so, and
// the other agents accept. Of the traffic without faults, all accept everything.
func TestRealAgentsDifferInIDs(t *testing.T) {
	t.Parallel()
	for target, drops := range map[string]bool{datadog0600: true, datadog: false, otelcol: false} {
		t.Run(agentOf(target), func(t *testing.T) {
			t.Parallel()
			rec, _ := job{scenario: "smoke", target: target, sets: []string{
				"load=[{rate: 100/s, for: 3s}]", "expect=[]", "traces_per_request=1",
				"faults=[{kind: " + fault.TraceIDZero + ", share: 10%}, {kind: " + fault.ForeignTraceID + ", share: 10%}]",
			}}.beside().do(t)
			asDocumented(t, rec)
			reasons := map[string]string{fault.TraceIDZero: "trace_id_zero", fault.ForeignTraceID: "foreign_span"}
			for _, p := range rec.Ledger.ByFault {
				want := results.Account{Sent: p.Sent, Delivered: p.Sent, Accepted: p.Sent}
				if drops {
					want.Accepted, want.Dropped = results.Count{}, p.Sent
				}
				if p.Account != want || p.Sent.Traces < 10 {
					t.Errorf("%s: %+v, want %+v", p.Name, p.Account, want)
				}
				if said := rec.Ledger.DroppedByReason[reasons[p.Name]]; said != want.Dropped {
					t.Errorf("%s: the agent says %+v", p.Name, said)
				}
			}
		})
	}
}

// TestRealDatadog0600LacksV1 asks the older version for an API that came later.
func TestRealDatadog0600LacksV1(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), "spanstorm", "run", "smoke", "--set", "api=v1.0", "--target", datadog0600, "--out", t.TempDir())
	cmd.Stderr = &stderr
	err := cmd.Run()
	var failed *exec.ExitError
	if !errors.As(err, &failed) || failed.ExitCode() != 1 {
		t.Errorf("%v", err)
	}
	if !strings.Contains(stderr.String(), "datadog-0.60.0 does not take API v1.0: its file lists v0.3, v0.4, v0.5, v0.7") {
		t.Errorf("%s", &stderr)
	}
}
