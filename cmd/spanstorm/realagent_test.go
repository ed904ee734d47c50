//go:build realagent

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// datadog is the real trace agent; `make agents` builds it.
const datadog = "../../agents/datadog/v0.85.1.yaml"

// TestRealDatadogAcceptsEverything is the main job against the real agent: every
// trace of a 20 s run comes out, whatever the encoding. Short, it is 7 s at a quarter
// of the rate and a fifth of the size, beside other tests: what this agent takes depends much on the machine.
func TestRealDatadogAcceptsEverything(t *testing.T) {
	if testing.Short() {
		t.Parallel()
	}
	for _, api := range scenarios.APIs() {
		for _, encoding := range encodingsOf(api) {
			t.Run(string(api)+" "+string(encoding), func(t *testing.T) {
				if testing.Short() {
					t.Parallel()
				}
				sets := []string{"api=" + string(api), "encoding=" + string(encoding)}
				rate := 200
				if encoding == scenarios.JSON { // decoding JSON costs this agent several times as much
					rate = 50
				}
				if testing.Short() {
					rate /= 4
					sets = append(sets, "traces_per_request=4")
				}
				sets = append(sets, fmt.Sprintf("load.ramp.rate=%d/s", rate), fmt.Sprintf("load.hold.rate=%d/s", rate))
				if testing.Short() || !api.TakesJSON() { // the newer ones, for a shorter time
					sets = append(sets, "load.hold.for=4s")
				}
				j := job{scenario: "web-shop", sets: sets, target: datadog}
				if testing.Short() {
					j = j.beside()
				}
				rec := j.punctual(t)
				allAccepted(t, rec)
				ownWord(t, rec)
				if rec.Requests.UnexpectedBody != 0 {
					t.Errorf("%d unexpected bodies", rec.Requests.UnexpectedBody)
				}
			})
		}
	}
}

// ownWord holds what an agent says by statsd that it forwarded against what came
// out. Packets may be lost, so it is a lower bound.
func ownWord(t *testing.T, rec *results.Record) {
	t.Helper()
	for _, c := range rec.Ledger.Claims {
		if c.Source == "statsd" && c.Meaning == "accepted" && c.Value > 0 && c.Value <= float64(rec.Ledger.Accepted.Traces) {
			return
		}
	}
	t.Errorf("%d traces came out, and by statsd the agent says %+v", rec.Ledger.Accepted.Traces, rec.Ledger.Claims)
}

// TestRealDatadogFleetComesOut finds each client behind the real agent. Without
// a container runtime beside it, it reads containers of heads only.
func TestRealDatadogFleetComesOut(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile(datadog)
	if err != nil {
		t.Fatal(err)
	}
	program, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	for _, api := range scenarios.APIs() {
		t.Run(string(api), func(t *testing.T) {
			if testing.Short() && api != scenarios.V04 && api != scenarios.V10 {
				t.Skip("the others are alike")
			}
			t.Parallel()
			fleetComesOut(t, api, scenarios.V07, func(intake string) string {
				text := strings.NewReplacer("{{intake}}", "http://"+intake, "../../bin", program).Replace(string(file))
				target := filepath.Join(t.TempDir(), "wired.yaml")
				if err := os.WriteFile(target, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
				return target
			})
		})
	}
}

func TestRealDatadogForwardsWhatWasGenerated(t *testing.T) {
	t.Parallel()
	forwardsWhatWasGenerated(t, datadog)
}

// TestRealDatadogTakesParts sends long traces in parts to the real agent.
func TestRealDatadogTakesParts(t *testing.T) {
	t.Parallel()
	for _, api := range []string{"v0.4", "v1.0"} {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			rec, _ := longTraces(datadog, "api="+api).beside().do(t)
			l := rec.Ledger // an agent that is short of processor may refuse some
			if l.Accepted != l.Delivered || l.Accepted.Traces == 0 || l.Foreign.Spans != 0 || l.Duplicated.Spans != 0 || l.Partial.Traces != 0 {
				t.Errorf("%+v, foreign %+v", l.Account, l.Foreign)
			}
			if _, later := inParts(t, rec); later == 0 {
				t.Error("no trace was sent in parts")
			}
		})
	}
}
