package results

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseExpectation(t *testing.T) {
	tests := []struct {
		text string
		want Expectation
	}{
		{"response_time.p99 < 50ms", Expectation{Metric: "response_time", Quantile: "p99", Op: Less, Value: 50e6}},
		{"response_time.p99.9<1.5s", Expectation{Metric: "response_time", Quantile: "p99_9", Op: Less, Value: 1.5e9}},
		{"response_time.p99_9 <= 1m30s", Expectation{Metric: "response_time", Quantile: "p99_9", Op: LessOrEqual, Value: 90e9}},
		{"warm-up.send_delay.mean < 100µs", Expectation{Phase: "warm-up", Metric: "send_delay", Quantile: "mean", Op: Less, Value: 100e3}},
		{"v1.0 hold.service_time.max <= 1 s", Expectation{Phase: "v1.0 hold", Metric: "service_time", Quantile: "max", Op: LessOrEqual, Value: 1e9}},
		{"service_time.min >= 0", Expectation{Metric: "service_time", Quantile: "min", Op: MoreOrEqual}},
		{"accepted >= 99.9%", Expectation{Metric: "accepted", Op: MoreOrEqual, Value: 99.9, Percent: true}},
		{"accepted.spans == 100 %", Expectation{Metric: "accepted", Spans: true, Op: Equal, Value: 100, Percent: true}},
		{"missing == 0", Expectation{Metric: "missing", Op: Equal}},
		{"  foreign.spans == 0\t", Expectation{Metric: "foreign", Spans: true, Op: Equal}},
		{"accepted_though_refused == 0", Expectation{Metric: "accepted_though_refused", Op: Equal}},
		{"requests.unsent == 0", Expectation{Metric: "requests.unsent", Op: Equal}},
		{"hold.requests.errors < 1%", Expectation{Phase: "hold", Metric: "requests.errors", Op: Less, Value: 1, Percent: true}},
		{"requests.errors.timeout == 0", Expectation{Metric: "requests.errors.timeout", Op: Equal}},
		{"requests.by_code.429 > 1e3", Expectation{Metric: "requests.by_code.429", Op: More, Value: 1000}},
		{"error_rate <= 0.001", Expectation{Metric: "error_rate", Op: LessOrEqual, Value: 0.1, Percent: true}},
		{"hold.rate_sent_per_s >= 99%", Expectation{Phase: "hold", Metric: "rate_sent_per_s", Op: MoreOrEqual, Value: 99, Percent: true}},
		{"rate_sent_per_s >= 1900/s", Expectation{Metric: "rate_sent_per_s", Op: MoreOrEqual, Value: 1900}},
		{"target.rss_max_bytes < 200MB", Expectation{Metric: "target.rss_max_bytes", Op: Less, Value: 200e6}},
		{"target.cpu_s_per_million_spans < 20", Expectation{Metric: "target.cpu_s_per_million_spans", Op: Less, Value: 20}},
		{"target.cpu_s < 20s", Expectation{Metric: "target.cpu_s", Op: Less, Value: 20}},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := ParseExpectation(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Text = strings.TrimSpace(tt.text)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestParseExpectationErrors(t *testing.T) {
	tests := []struct {
		text    string
		offset  int
		problem string // part of
		remedy  string // part of
	}{
		{"", 0, "empty", "response_time"},
		{"   ", 0, "empty", ""},
		{"missing", 7, "compares nothing", "=="},
		{"missing = 0", 8, `"=" is not a comparison`, "=="},
		{"missing != 0", 8, `"!=" is not a comparison`, "=="},
		{"missing <> 0", 8, `"<>" is not`, "=="},
		{"missing ≤ 0", 8, "is not a comparison", "<="},
		{"< 5", 0, "nothing stands before", ""},
		{"missing ==", 10, "no value", "whole number"},
		{"missin == 0", 0, "no metric", "did you mean missing?"},
		{"hold.respons_time == 0", 5, `no metric "respons_time"`, "did you mean response_time?"},
		{"gibberish == 0", 0, "no metric", "there are response_time"},
		{"response_time < 5ms", 13, "needs a quantile", "response_time.p99"},
		{"response_time.p98 < 5ms", 14, `no quantile "p98"`, "p99"},
		{" response_time.p98 < 5ms", 15, `no quantile "p98"`, "p99"},
		{"missing.traces == 0", 8, `no part "traces"`, "missing.spans"},
		{"hold.missing == 0", 0, "over the whole run", `"hold."`},
		{".response_time.p99 < 5ms", 0, "is empty", ""},
		{"response_time.p99 < 50", 22, "no unit", "50ms"},
		{"response_time.p99 < 50 parsecs", 23, "not a duration", "50ms"},
		{"response_time.p99 < fast", 20, "not a number", "50ms"},
		{"response_time.p99 < 5%", 21, "cannot be a percentage", "50ms"},
		{"response_time.p99 < -5ms", 20, "never negative", ""},
		{"accepted >= 0.999", 12, "not whole", "99.9%"},
		{"accepted >= 101%", 12, "never above", ""},
		{"accepted >= 5 traces", 14, "not a unit", ""},
		{"missing == 1e999", 11, "out of range", ""},
		{"target.rss_max_bytes < 5XB", 24, "unit of bytes", "200MB"},
		{"error_rate < 5", 13, "share from 0 to 1", "0.1%"},
		{"requests.by_code.999 == 0", 0, "no metric", ""},
		{"missing\n == 0", 7, "cannot be read", ""},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := ParseExpectation(tt.text)
			var e *ExpectationError
			if !errors.As(err, &e) {
				t.Fatalf("got %+v, %v; want an *ExpectationError", got, err)
			}
			if e.Offset != tt.offset || !strings.Contains(e.Problem, tt.problem) || !strings.Contains(e.Remedy, tt.remedy) || e.Text != tt.text {
				t.Errorf("got offset %d, %q, %q (text %q); want offset %d, %q, %q", e.Offset, e.Problem, e.Remedy, e.Text, tt.offset, tt.problem, tt.remedy)
			}
		})
	}
}

func TestCheckPhase(t *testing.T) {
	exp, err := ParseExpectation("hold.response_time.p99 < 5ms")
	if err != nil {
		t.Fatal(err)
	}
	if err := exp.CheckPhase([]string{"ramp", "hold"}); err != nil {
		t.Errorf("a phase that is there: %v", err)
	}
	err = exp.CheckPhase([]string{"ramp"})
	if err == nil || !strings.Contains(err.Error(), "its phases are ramp") {
		t.Errorf("got %v, want an error that lists the phases", err)
	}
}

// Every listed metric can be parsed, alone or with what it needs.
func TestMetricsParse(t *testing.T) {
	for _, m := range Metrics() {
		text := strings.Replace(m.Name, "CODE", "503", 1)
		value := map[string]string{"ns": "1ms", "%": "1%", "/s": "1/s", "s": "1s", "B": "1MB", "": "1"}[m.Unit]
		if m.Unit == "ns" {
			text += ".p95"
		}
		if _, err := ParseExpectation(text + " <= " + value); err != nil {
			t.Error(err)
		}
		if m.Of != "" {
			if _, err := ParseExpectation(text + " <= 50%"); err != nil {
				t.Error(err)
			}
		}
	}
}

func FuzzParseExpectation(f *testing.F) {
	for _, s := range []string{"response_time.p99 < 50ms", "accepted >= 99.9%", "hold.requests.by_code.429 == 1e3", "a.b.c.p99.9 <= 1m30s", "≤", ".", "missing == 0 \xff", "x<\x00"} {
		f.Add(s)
	}
	rec := &Record{Phases: []Phase{{Name: "hold", EndS: 1}}}
	f.Fuzz(func(t *testing.T, text string) {
		exp, err := ParseExpectation(text)
		if err != nil {
			var e *ExpectationError
			if !errors.As(err, &e) || e.Offset < 0 || e.Offset > len(text) || e.Problem == "" || e.Text != text {
				t.Fatalf("bad error for %q: %#v", text, err)
			}
			return
		}
		again, err := ParseExpectation(exp.Text)
		if err != nil || !cmp.Equal(exp, again) {
			t.Fatalf("%q parsed to %+v and then to %+v, %v", text, exp, again, err)
		}
		if j := Judge(rec, []Expectation{exp}); len(j) != 1 || j[0].Got == "" {
			t.Fatalf("no judgement of %q: %+v", text, j)
		}
	})
}
