package results

import (
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	undrained := sample()
	undrained.Ledger.Drained = false
	closed := sample()
	closed.Phases = []Phase{{Name: "max", Closed: true, EndS: 1, Send: "traces", Latencies: Latencies{ServiceTime: Quantiles{Count: 1, P99: 7e6}}}}
	closed.Totals = closed.Phases[0].Latencies
	blind := sample() // filled as if all that was delivered had been accepted
	blind.Ledger.Source, blind.Ledger.Missing, blind.Ledger.Accepted = SourceStatus, Count{}, blind.Ledger.Delivered
	rewritten := sample()
	rewritten.Ledger.Altered = &Altered{Compared: Count{Traces: 200, Spans: 1600}, Altered: Count{Traces: 30, Spans: 31}}
	nothing := sample()
	nothing.Ledger.Altered = &Altered{}
	const unmeasured = "not measured: no intake stood behind the target"
	tests := []struct {
		rec  *Record
		text string
		met  bool
		got  string // part of
	}{
		{sample(), "response_time.p99 < 50ms", true, "9.9ms"},
		{sample(), "response_time.p99 < 9ms", false, "9.9ms"},
		{sample(), "hold.service_time.max <= 10.1ms", true, "10ms"},
		{sample(), "response_time.p95 < 9.6ms", true, "9.5ms"},
		{sample(), "response_time.p99_99 <= 10.1ms", true, "10ms"},
		{sample(), "response_time.mean > 1us", true, "ms"},
		{sample(), "ramp.response_time.p99 < 50ms", false, "phase ramp did not take place"},
		{sample(), "warm-up.response_time.p99 < 50ms", false, "no response_time was measured"},
		{sample(), "missing == 0", false, "10 traces"},
		{sample(), "missing.spans == 80", true, "80 spans"},
		{sample(), "missing <= 0.6%", true, "0.51% (10 of 1,970 delivered)"},
		{sample(), "accepted >= 99.9%", false, "99.49% (1,960 of 1,970 delivered)"},
		{sample(), "delivered >= 98.5%", true, "98.5% (1,970 of 2,000 sent)"},
		{sample(), "refused == 0.5%", true, "0.5% (10 of 2,000 sent)"},
		{sample(), "foreign == 0", true, "0 traces"},
		{rewritten, "altered == 30", true, "30 of 200 traces compared"},
		{rewritten, "altered == 0", false, "30 of 200 traces compared"},
		{rewritten, "altered < 10%", false, "15% (30 of 200 compared)"},
		{rewritten, "altered.spans <= 2%", true, "1.9% (31 of 1,600 compared)"},
		{sample(), "altered == 0", false, unmeasured},
		{blind, "altered == 0", false, unmeasured},
		{nothing, "altered == 0", false, "no trace that came out was compared"},
		{undrained, "missing == 0", false, "upper bound"},
		{blind, "accepted == 100%", false, unmeasured},
		{blind, "missing == 0", false, unmeasured},
		{blind, "missing.spans == 0", false, unmeasured},
		{blind, "dropped == 0", false, unmeasured},
		{blind, "duplicated == 0", false, unmeasured},
		{blind, "duplicated_by_retry == 0", false, unmeasured},
		{blind, "sampled_out == 0", false, unmeasured},
		{blind, "partial == 0", false, unmeasured},
		{blind, "foreign == 0", false, unmeasured},
		{blind, "accepted_though_refused == 0", false, unmeasured},
		{blind, "accepted_though_unanswered == 0", false, unmeasured},
		{blind, "sent == 2000", true, "2,000 traces"},
		{blind, "delivered >= 98.5%", true, "98.5%"},
		{blind, "refused == 10", true, "10 traces"},
		{&Record{}, "missing == 0", false, "before its account was made"},
		{&Record{Ledger: Ledger{Source: "intake"}}, "missing == 0", false, "no trace was sent"},
		{&Record{Ledger: Ledger{Source: "intake"}}, "sent == 0", true, "0 traces"},
		// Discarded phases stay out: their 50 failures do not count.
		{sample(), "requests.sent == 1000", true, "1,000"},
		{sample(), "error_rate <= 1.5%", true, "1.5% (15 of 1,000 sent)"},
		{sample(), "warm-up.error_rate < 1%", false, "50%"},
		{sample(), "requests.errors.reset == 10", true, "10"},
		{sample(), "requests.by_code.429 == 0", false, "5"},
		{sample(), "requests.unsent == 0%", true, "0%"},
		{&Record{}, "requests.unsent == 0%", false, "nothing was planned"},
		{sample(), "rate_sent_per_s >= 100%", true, "100% (125/s of 125/s planned)"},
		{sample(), "hold.rate_sent_per_s > 125/s", false, "125/s"},
		{&Record{}, "rate_sent_per_s > 1", false, "no phase took place"},
		{sample(), "target.rss_max_bytes < 60MB", true, "50 MB"},
		{sample(), "target.cpu_s_per_million_spans < 90", false, "93.8 s"},
		{&Record{}, "target.cpu_s < 1", false, "was not measured"},
		{sample(), "announcements.delivered == 100%", true, "100%"},
		{closed, "response_time.p99 < 1s", false, "expect service_time"},
		{closed, "max.send_delay.p99 < 1s", false, "closed loop"},
		{closed, "service_time.p99 < 8ms", true, "7ms"},
		{closed, "rate_sent_per_s >= 99%", false, "no planned rate"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			exp, err := ParseExpectation(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			got := Judge(tt.rec, []Expectation{exp})
			if len(got) != 1 || got[0].Met != tt.met || got[0].Text != tt.text || !strings.Contains(got[0].Got, tt.got) {
				t.Errorf("got %+v; want met %v, %q", got, tt.met, tt.got)
			}
		})
	}
}

// A share that is exactly at its bound is judged as the arithmetic says.
func TestJudgeAtTheBound(t *testing.T) {
	rec := sample()
	rec.Ledger.Delivered, rec.Ledger.Accepted = Count{Traces: 1000}, Count{Traces: 999}
	for text, met := range map[string]bool{"accepted >= 99.9%": true, "accepted > 99.9%": false, "accepted == 99.9%": true, "accepted < 100%": true} {
		exp, err := ParseExpectation(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := Judge(rec, []Expectation{exp})[0]; got.Met != met {
			t.Errorf("%s: got %+v, want met %v", text, got, met)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{FormatDuration(0), "0"}, {FormatDuration(850), "850ns"}, {FormatDuration(41_230), "41.2µs"}, {FormatDuration(999_600), "1ms"}, {FormatDuration(12_345_678), "12.3ms"},
		{FormatDuration(1.25e9), "1.25s"}, {FormatDuration(200e9), "3m20s"}, {FormatDuration(2 * 3600e9), "2h00m"}, {FormatDuration(-5000), "-5µs"},
		{FormatCount(0), "0"}, {FormatCount(999), "999"}, {FormatCount(1000), "1,000"}, {FormatCount(12345678), "12,345,678"},
		{FormatBytes(512), "512 B"}, {FormatBytes(1234), "1.23 kB"}, {FormatBytes(45.6e6), "45.6 MB"},
		{FormatRate(0.25), "0.25"}, {FormatRate(41.666), "41.7"}, {FormatRate(1997.6), "1,998"},
		{FormatPercent(0, 10), "0%"}, {FormatPercent(10, 10), "100%"}, {FormatPercent(1, 3), "33.3%"}, {FormatPercent(999, 1000), "99.9%"}, {FormatPercent(99999, 100000), "99.999%"},
		{FormatPercent(99999999, 100000000), ">99.9999%"}, {FormatPercent(1, 1e9), "<0.0001%"}, {FormatPercent(1, 0), "–"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
