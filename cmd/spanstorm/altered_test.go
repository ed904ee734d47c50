package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/spanstorm/spanstorm/results"
	"github.com/spanstorm/spanstorm/scenarios"
)

// fieldsOf are what a target did to fields, by name and change; additions aside.
func fieldsOf(a *results.Altered) map[string]results.AlteredField {
	fields := map[string]results.AlteredField{}
	for _, f := range a.Fields {
		if f.Change != results.FieldAdded {
			fields[f.Field+" "+f.Change] = f
		}
	}
	return fields
}

// TestEmbeddedAltersNothing compares what came out of the embedded agent with what was
// sent, in every API: it rewrites nothing of sound traffic.
func TestEmbeddedAltersNothing(t *testing.T) {
	t.Parallel()
	for _, c := range [][]string{
		{"web-shop", "encoding=json"}, {"web-shop", "api=v0.3"}, {"web-shop", "api=v0.4"}, {"web-shop", "api=v0.5"}, {"web-shop", "api=v0.7"}, {"web-shop", "api=v1.0"},
		{"span-extras", "encoding=json"}, {"span-extras", "api=v0.3"}, {"span-extras", "api=v0.5"}, {"span-extras", "api=v0.7"}, {"span-extras", "api=v1.0"},
	} {
		t.Run(strings.Join(c, " "), func(t *testing.T) {
			t.Parallel()
			rec, _ := job{scenario: c[0], target: "embedded", sets: append(c[1:], "load=[{rate: 40/s, for: 1s}]", "expect=[altered == 0, altered.spans == 0]")}.beside().do(t)
			answered(t, rec)
			a := rec.Ledger.Altered
			if a == nil || a.Compared.Traces < 100 || a.Compared.Spans < 3*a.Compared.Traces || a.Altered != (results.Count{}) {
				t.Fatalf("%+v", a)
			}
			if len(fieldsOf(a)) > 0 || a.NoFault != nil {
				t.Errorf("%+v", a)
			}
			sum := uint64(0)
			for _, p := range rec.Ledger.ByShape {
				if p.Altered == nil || p.Altered.Compared == 0 {
					t.Errorf("nothing of shape %s was compared", p.Name)
					continue
				}
				sum += p.Altered.Compared
			}
			if sum != a.Compared.Traces {
				t.Errorf("%d of shapes, %d in all", sum, a.Compared.Traces)
			}
			for _, e := range rec.Expectations {
				if !e.Met {
					t.Errorf("%s: %s", e.Text, e.Got)
				}
			}
		})
	}
}

// answered holds what the record says of the embedded agent's answers.
func answered(t *testing.T, rec *results.Record) {
	t.Helper()
	kind, body, rates := "application/json", `{"rate_by_service":{"service:,env:":1}}`+"\n", map[string]float64{"service:,env:": 1}
	if rec.API == "v0.3" {
		kind, body, rates = "text/plain; charset=utf-8", "OK\n", nil
	}
	want := &results.FirstAnswer{Code: 200, ContentType: kind, Headers: map[string]string{"Content-Type": kind}, Body: body}
	if diff := cmp.Diff(want, rec.FirstAnswer); diff != "" {
		t.Errorf("the first answer (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(rates, rec.SamplingRates); diff != "" {
		t.Errorf("sampling rates (-want +got):\n%s", diff)
	}
}

// TestAlteredWithFaults meets the faults that the embedded agent repairs, each of all in the
// field that is broken, and one that it leaves alone.
func TestAlteredWithFaults(t *testing.T) {
	t.Parallel()
	faults := map[string]string{ // kind → what becomes of it
		"long-name": "name changed", "empty-service": "service changed", "long-resource": "resource changed", "negative-duration": "duration changed",
		"start-1999": "start changed", "huge-tag": "meta.huge.tag changed", "odd-characters": "", "start-future": "", "wide-tree": "",
	}
	var list []string
	for kind := range faults {
		list = append(list, fmt.Sprintf("{kind: %s, share: 5%%}", kind))
	}
	slices.Sort(list)
	rec, _ := job{scenario: "smoke", target: "embedded", sets: []string{
		"load=[{rate: 60/s, for: 3s}]", "expect=[]", "traces_per_request=1", "faults=[" + strings.Join(list, ", ") + "]",
	}}.beside().do(t)
	a := rec.Ledger.Altered
	if a == nil || a.NoFault == nil || a.NoFault.Compared == 0 || a.NoFault.Altered != 0 {
		t.Fatalf("%+v", a)
	}
	fields := fieldsOf(a)
	for i := range rec.Ledger.ByFault {
		p := &rec.Ledger.ByFault[i]
		want := faults[p.Name]
		if p.Altered == nil || p.Altered.Compared == 0 {
			t.Errorf("nothing of %s was compared", p.Name)
			continue
		}
		altered := p.Altered.Compared
		if want == "" {
			altered = 0
		}
		if p.Altered.Altered != altered || p.Altered.Own != altered {
			t.Errorf("%s: %+v", p.Name, p.Altered)
		}
		if f := fields[want]; want != "" && (f.NoFault != 0 || f.Faults[p.Name] < altered || f.Example.Sent == f.Example.Came || f.Example.SpanID == "") {
			t.Errorf("%s: %+v", p.Name, f)
		}
		delete(fields, want)
	}
	if len(fields) > 0 {
		t.Errorf("altered, too: %+v", fields)
	}
}

// TestAlteredInParts compares traces that are sent in parts, part by part.
func TestAlteredInParts(t *testing.T) {
	t.Parallel()
	for _, api := range []scenarios.API{scenarios.V04, scenarios.V10} {
		t.Run(string(api), func(t *testing.T) {
			t.Parallel()
			rec, _ := longTraces("embedded", "api="+string(api), "load.hold.rate=10/s").beside().do(t)
			if a := rec.Ledger.Altered; a == nil || a.Compared.Traces == 0 || a.Altered != (results.Count{}) {
				t.Errorf("%+v", a)
			}
		})
	}
}
