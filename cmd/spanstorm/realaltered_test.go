//go:build realagent

package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/spanstorm/spanstorm/report"
	"github.com/spanstorm/spanstorm/results"
)

// TestRealDatadogAlters meets what the agent rewrites of sound traffic: its documented
// quantisation of statements and nothing else.
func TestRealDatadogAlters(t *testing.T) {
	t.Parallel()
	rec, _ := job{scenario: "web-shop", target: datadog, sets: []string{"load=[{rate: 10/s, for: 3s}]", "expect=[altered < 50%]"}}.beside().do(t)
	a := rec.Ledger.Altered
	if a == nil || a.Compared.Traces < 100 {
		t.Fatalf("%+v", a)
	}
	fields := fieldsOf(a)
	statements := fields["resource changed"]
	if len(fields) != 1 || statements.Spans == 0 || a.Altered.Spans != statements.Spans || !rec.Expectations[0].Met {
		t.Errorf("%+v, %+v", fields, rec.Expectations)
	}
	if e := statements.Example; quantised(e.Sent) != quantised(e.Came) {
		t.Errorf("the example is no statement: %+v", e)
	}
}

// TestRealDatadogAltersFaults meets what it rewrites of faults: the field that is broken.
func TestRealDatadogAltersFaults(t *testing.T) {
	t.Parallel()
	rec, _ := job{scenario: "smoke", target: datadog, sets: []string{
		"load=[{rate: 100/s, for: 3s}]", "expect=[]", "traces_per_request=1",
		"faults=[{kind: long-name, share: 10%}, {kind: start-zero, share: 10%}, {kind: odd-characters, share: 10%}, {kind: start-future, share: 10%}]",
	}}.beside().do(t)
	fields := fieldsOf(rec.Ledger.Altered)
	for _, want := range []struct{ fault, field, sent, came string }{
		{"long-name", "name changed", "(300 bytes)", "(100 bytes)"},
		{"start-zero", "start changed", "0", "1"}, // now, in nanoseconds
		{"odd-characters", "service changed", "Œdd sérvice/#1 ☃!", "œdd_sérvice/_1"},
	} {
		f := fields[want.field]
		if f.NoFault != 0 || f.Faults[want.fault] == 0 || f.Example.Sent == f.Example.Came {
			t.Errorf("%s: %+v", want.fault, f)
		}
		if want.fault != "long-name" && (!strings.HasPrefix(f.Example.Sent, want.sent) || !strings.HasPrefix(f.Example.Came, want.came)) {
			t.Errorf("%s: sent %s, came %s", want.fault, f.Example.Sent, f.Example.Came)
		}
	}
	for i := range rec.Ledger.ByFault {
		p := &rec.Ledger.ByFault[i]
		altered := p.Altered.Compared
		if p.Name == "start-future" {
			altered = 0
		}
		if p.Altered.Compared == 0 || p.Altered.Altered != altered || report.Unexpected(p, false) != nil {
			t.Errorf("%s: %+v, %q", p.Name, p.Altered, report.Unexpected(p, false))
		}
	}
	if n := rec.Ledger.Altered.NoFault; n.Compared == 0 || n.Altered != 0 {
		t.Errorf("without a fault: %+v", n)
	}
}

// TestRealOtelcolAlters finds what two versions of the Collector's receiver do to
// services. Short, it leaves out the older one, which is not built then.
func TestRealOtelcolAlters(t *testing.T) {
	t.Parallel()
	for version, alters := range map[string]bool{otelcolOlder: false, otelcol: true} {
		if version == otelcolOlder && testing.Short() {
			continue
		}
		t.Run(agentOf(version), func(t *testing.T) {
			t.Parallel()
			rec, _ := job{scenario: "web-shop", target: version, sets: []string{"load=[{rate: 10/s, for: 2s}]", "expect=[]"}}.beside().do(t)
			a := rec.Ledger.Altered
			if a == nil || a.Compared.Traces < 100 {
				t.Fatalf("%+v", a)
			}
			fields := fieldsOf(a)
			if !alters && (a.Altered != results.Count{} || len(fields) > 0) {
				t.Errorf("%+v", fields)
			}
			if alters && (len(fields) != 2 || fields["service changed"].Spans == 0 || fields["name changed"].Spans == 0) {
				t.Errorf("%+v", fields)
			}
		})
	}
}

// TestRealExtras finds what agents do to links, events and structured metadata: one passes all of
// it on, an older one knows no events, and the Collector's receiver none of it, but for links in tags.
func TestRealExtras(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		target, api string
		removed     []string
	}{
		{datadog, "v0.4", nil},
		{datadog, "v0.5", nil},
		{datadog, "v1.0", nil},
		{datadog0600, "v0.4", []string{"span_events"}},
		{datadog0600, "v0.5", nil},
		{otelcol, "v0.4", []string{"meta_struct.appsec", "span_events", "span_links"}},
		{otelcol, "v0.5", nil},
	} {
		t.Run(agentOf(c.target)+" "+c.api, func(t *testing.T) {
			t.Parallel()
			rec, _ := job{scenario: "span-extras", target: c.target, sets: []string{"api=" + c.api, "load=[{rate: 20/s, for: 2s}]", "expect=[]"}}.beside().do(t)
			a := rec.Ledger.Altered
			if a == nil || a.Compared.Traces < 100 {
				t.Fatalf("%+v", a)
			}
			var removed []string
			for _, f := range a.Fields {
				if f.Change == results.FieldRemoved {
					removed = append(removed, f.Field)
				}
			}
			slices.Sort(removed)
			if !slices.Equal(removed, c.removed) {
				t.Errorf("removed are %v, not %v", removed, c.removed)
			}
			if c.target == datadog && a.Altered != (results.Count{}) {
				t.Errorf("%+v", a.Fields)
			}
		})
	}
}
