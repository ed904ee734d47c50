//go:build realagent

package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/spanstorm/spanstorm/results"
)

// hungIntake is a run in which the intake hangs behind the real agent. The agent holds about
// six payloads of 3.2 MB before it refuses: so the load is one of few traces, which cost it
// little, and many bytes, 9 MB a second.
func hungIntake(at, hang, length time.Duration) job {
	return job{scenario: "smoke", target: datadog, sets: []string{
		"expect=[]", "timeout=30s", "traces_per_request=4", "shapes.hello.templates=16", "services.web.operations.hello.meta_struct={appsec: 90KB}",
		fmt.Sprintf("load=[{name: hold, rate: 25/s, for: %s}]", length), fmt.Sprintf("events=[{at: %s, for: %s, intake: hang}]", at, hang),
	}}
}

// agentWaits is how long the agent waits for an answer of its intake (datadog-agent,
// pkg/trace/config: NewHTTPClient).
const agentWaits = 10 * time.Second

// TestRealDatadogHungIntake has the agent refuse while its intake hangs, and recover.
func TestRealDatadogHungIntake(t *testing.T) {
	t.Parallel()
	rec, _ := hungIntake(3*time.Second, 7*time.Second, 18*time.Second).beside().do(t)
	hangIsOver(t, rec)
}

// hangIsOver holds that refusals began in the hang, were 429 all of them, and ended; that
// all else came out, once.
func hangIsOver(t *testing.T, rec *results.Record) {
	t.Helper()
	if len(rec.Events) != 1 || rec.Events[0].Error != "" || rec.Events[0].Name != "intake hang" {
		t.Fatalf("events %+v", rec.Events)
	}
	hang, p := rec.Events[0], rec.Pressure
	t.Logf("%d bytes in %d requests, answers %v, pressure %+v, hang %+v, CPU %.1f s", rec.Load.Bytes, rec.Requests.Sent, rec.Requests.ByCode, p, hang, rec.Resources.Target.CPUS)
	if p == nil {
		t.Fatal("the agent refused nothing while its intake hung")
	}
	if float64(p.FromS+1) <= hang.AtS || float64(p.FromS) >= hang.EndS() || !p.Recovered {
		t.Errorf("the intake hung from %.1f s to %.1f s, the agent gave way from %d s to %d s, recovered %v", hang.AtS, hang.EndS(), p.FromS, p.ToS, p.Recovered)
	}
	q, l := rec.Requests, &rec.Ledger
	if q.ByCode["429"] == 0 || q.ByCode["200"]+q.ByCode["429"] != q.Planned {
		t.Errorf("of %d requests answers are %v, errors %+v", q.Planned, q.ByCode, q.Errors)
	}
	if l.RefusedByCode["429"] != l.Refused || l.Accepted != l.Delivered || l.Foreign.Spans > 0 || l.AcceptedThoughRefused.Spans > 0 {
		t.Errorf("ledger %+v, refused by code %v, foreign %+v", l.Account, l.RefusedByCode, l.Foreign)
	}
	// An agent waits 10 s for its intake, and then sends again what may have come.
	if l.Duplicated.Spans > 0 && hang.ForS < agentWaits.Seconds()-1 {
		t.Errorf("%+v came twice", l.Duplicated)
	}
}
