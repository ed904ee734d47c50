package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/spanstorm/spanstorm/internal/fault"
	"github.com/spanstorm/spanstorm/internal/run"
	"github.com/spanstorm/spanstorm/report"
	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// spanFaults is a setting with every kind of fault of spans that an API can
// express, each of one trace in a hundred, and giants of one in a thousand.
func spanFaults(api scenarios.API) string {
	var list []string
	for _, k := range fault.Kinds() {
		if k.Level != fault.Span || slices.Contains(k.Not, string(api)) {
			continue
		}
		share := "1%"
		if slices.Contains([]string{fault.DeepTree, fault.WideTree, fault.HugeTag, fault.HugeMeta}, k.Name) {
			share = "0.1%"
		}
		list = append(list, fmt.Sprintf("{kind: %s, share: %s}", k.Name, share))
	}
	return "faults=[" + strings.Join(list, ", ") + "]"
}

// asDocumented holds a record against the catalogue: the good traffic is accepted to the
// last trace and span, and each fault has the outcome that is expected of it, but for those
// that the target is known to leave as they are.
func asDocumented(t *testing.T, rec *results.Record, unaltered ...string) {
	t.Helper()
	l := &rec.Ledger
	if l.NoFault == nil || len(l.ByFault) == 0 {
		t.Fatal("there are no faults in the ledger")
	}
	good := *l.NoFault
	if good.Sent.Traces == 0 || good.Accepted != good.Sent || good.Duplicated.Traces > 0 {
		t.Errorf("the good traffic: %+v", good)
	}
	sum, met := good.Sent, 0
	for i := range l.ByFault {
		p := &l.ByFault[i]
		t.Logf("%-20s sent %4d delivered %4d accepted %4d dropped %4d missing %4d refused %4d, documented: %s",
			p.Name, p.Sent.Traces, p.Delivered.Traces, p.Accepted.Traces, p.Dropped.Traces, p.Missing.Traces, p.Refused.Traces, strings.Join(p.Expected, " or "))
		if odd := report.Unexpected(p, false); slices.Contains(unaltered, p.Name) {
			if a := p.Altered; a.Compared == 0 || a.Altered > 0 || len(odd) != 1 || !strings.Contains(odd[0], "compared not altered") {
				t.Errorf("%s: %+v, %q", p.Name, a, odd)
			}
		} else if odd != nil {
			t.Errorf("%s: %s, expected %v", p.Name, strings.Join(odd, ", "), p.Expected)
		}
		if p.Duplicated.Traces > 0 {
			t.Errorf("%s: %d duplicated", p.Name, p.Duplicated.Traces)
		}
		sum = sum.Plus(p.Sent)
		if p.Sent.Traces > 0 {
			met++
		}
	}
	if sum != l.Sent {
		t.Errorf("with and without faults %+v were sent, in all %+v", sum, l.Sent)
	}
	if met < len(l.ByFault)-3 || l.Foreign.Traces > 0 {
		t.Errorf("%d of %d faults were met; foreign: %+v", met, len(l.ByFault), l.Foreign)
	}
}

// TestSpanFaults sends every malformed kind of trace among good ones. Their trace
// ids lead back to them, and the body can be had again.
func TestSpanFaults(t *testing.T) {
	t.Parallel()
	j := job{scenario: "smoke", target: "embedded", sets: []string{
		"load=[{rate: 500/s, for: 3s}]", "expect=[]", "traces_per_request=1", spanFaults(scenarios.V04),
	}}
	rec, _ := j.beside().do(t)
	asDocumented(t, rec, fault.OddCharacters)

	replay, err := run.NewReplay(rec)
	if err != nil {
		t.Fatal(err)
	}
	examples := slices.Concat(rec.Ledger.Examples.Dropped, rec.Ledger.Examples.Refused)
	if len(examples) == 0 {
		t.Error("there are no examples")
	}
	for _, e := range examples {
		chunks := replay.Corpus.Chunks(nil, e.Seq)
		body, err := replay.Body(e.Seq)
		if err != nil || len(body) == 0 || len(chunks) != 1 || chunks[0].Fault < 0 || replay.Corpus.FaultNames()[chunks[0].Fault] != e.Fault {
			t.Errorf("%+v: chunks %+v, %d bytes, %v", e, chunks, len(body), err)
		}
	}
}
