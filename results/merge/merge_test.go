package merge

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/spanstorm/spanstorm/results"
)

// split makes shares of one run from drawn values and the histogram of all of them.
func split(t *rapid.T) ([]Share, *hdrhistogram.Histogram) {
	all := hdrhistogram.New(1, 60e9, 2)
	n := rapid.IntRange(1, 4).Draw(t, "shares")
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var shares []Share
	for i := range n {
		h := hdrhistogram.New(1, 60e9, 2)
		values := rapid.SliceOfN(rapid.Int64Range(1, 60e9), 0, 40).Draw(t, "values")
		for _, v := range values {
			_ = h.RecordValue(v)
			_ = all.RecordValue(v)
		}
		sent := uint64(len(values))
		lost := rapid.Uint64Range(0, sent).Draw(t, "lost")
		account := results.Account{Sent: results.Count{Traces: sent, Spans: 3 * sent}, Delivered: results.Count{Traces: sent, Spans: 3 * sent}, Accepted: results.Count{Traces: sent - lost, Spans: 3 * (sent - lost)}, Missing: results.Count{Traces: lost, Spans: 3 * lost}}
		altered, ofShape := drawAltered(t, sent-lost)
		rec := &results.Record{Name: "shop", Fingerprint: "f", RunKey: "k", Valid: true, StartedAt: start.Add(time.Duration(i) * time.Millisecond),
			Requests: results.Requests{Planned: sent, Sent: sent, Delivered: sent, Answered: sent, ByCode: map[string]uint64{"200": sent}},
			Phases:   []results.Phase{{Name: "hold", Sent: sent, RateSentPerS: float64(sent), EndS: 1, Latencies: results.NewLatencies(h, h, h)}},
			Ledger: results.Ledger{Source: "intake", Drained: true, Account: account, ByShape: []results.Part{{Name: "a", Account: account, Altered: ofShape}},
				ByIncident: []results.Part{{Name: "bank-down", Account: account}}, NoIncident: &account, Altered: altered},
			Incidents: []results.Incident{{Name: "bank-down", AtS: 0.2 + float64(i)/100, ForS: 0.5, FirstSeq: uint64(i), LastSeq: 100 + uint64(i),
				Portion: results.Portion{Requests: results.Requests{Planned: sent + 1, Sent: sent, ByCode: map[string]uint64{"200": sent}}, ResponseTime: results.NewQuantiles(h, 0)}}},
			OutsideIncidents: &results.Portion{Requests: results.Requests{Sent: sent}},
			Seconds:          []results.Second{{T: 0, Phase: "hold", Sent: sent, Missing: lost, ByCode: map[string]uint64{"200": sent}, ResponseTime: results.NewQuantiles(h, 0)}}}
		if i > 0 && rapid.Bool().Draw(t, "cut short") {
			rec.Incidents = nil
		}
		share := Share{Record: rec}
		for _, metric := range []string{results.SendDelay, results.ServiceTime, results.ResponseTime} {
			share.Histograms = append(share.Histograms, results.Histogram{Scope: results.Scope{Phase: "hold"}, Metric: metric, StartedAt: start, EndedAt: start.Add(time.Second), Values: h})
		}
		share.Histograms = append(share.Histograms, results.Histogram{Scope: results.Scope{OutsideIncidents: true}, Metric: results.ResponseTime, Values: h})
		if rec.Incidents != nil {
			share.Histograms = append(share.Histograms, results.Histogram{Scope: results.Scope{Incident: "bank-down"}, Metric: results.ResponseTime, Values: h})
		}
		shares = append(shares, share)
	}
	return shares, all
}

// drawAltered is what a share knows of alterations; nil of one that could not look.
func drawAltered(t *rapid.T, compared uint64) (*results.Altered, *results.PartAltered) {
	if rapid.IntRange(0, 5).Draw(t, "blind") == 0 {
		return nil, nil
	}
	n := rapid.Uint64Range(0, compared).Draw(t, "altered")
	a := &results.Altered{Compared: results.Count{Traces: compared, Spans: 3 * compared}, Altered: results.Count{Traces: n, Spans: n}, NoFault: &results.PartAltered{Compared: compared, Altered: n}}
	for _, field := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"name", "service", "meta.a"}), 0, 3, rapid.ID).Draw(t, "fields") {
		a.AddField(results.AlteredField{Field: field, Change: results.FieldChanged, Spans: n, NoFault: n, Faults: map[string]uint64{"long-name": 1}})
	}
	return a, &results.PartAltered{Compared: compared, Altered: n}
}

// sameAltered holds what was merged of alterations against the sums.
func sameAltered(t *rapid.T, shares []Share, got *results.Ledger) {
	var sum results.Altered
	known := false
	for _, s := range shares {
		a := s.Record.Ledger.Altered
		if a == nil {
			continue
		}
		known = true
		sum.Compared, sum.Altered, sum.NoFault = sum.Compared.Plus(a.Compared), sum.Altered.Plus(a.Altered), sum.NoFault.Plus(a.NoFault)
		for _, f := range a.Fields {
			sum.AddField(f)
		}
	}
	sum.SortFields()
	if !known {
		if got.Altered != nil || got.ByShape[0].Altered != nil {
			t.Fatalf("%+v of nothing", got.Altered)
		}
		return
	}
	merged := *got.Altered
	merged.SortFields()
	if diff := cmp.Diff(sum, merged, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("altered (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(sum.NoFault, got.ByShape[0].Altered); diff != "" {
		t.Fatalf("altered, of a shape (-want +got)\n%s", diff)
	}
}

// Merging gives what one generator would have recorded: sums, and quantiles of all values.
func TestMergeIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shares, all := split(t)
		before, err := results.Encode(shares[0].Record)
		if err != nil {
			t.Fatal(err)
		}
		got, histograms, err := Records(shares...)
		if err != nil {
			t.Fatal(err)
		}
		var account results.Account
		var sent uint64
		for _, s := range shares {
			account = account.Plus(s.Record.Ledger.Account)
			sent += s.Record.Requests.Sent
		}
		if diff := cmp.Diff(results.NewLatencies(all, all, all), got.Totals); diff != "" {
			t.Fatalf("totals (-want +got)\n%s", diff)
		}
		if diff := cmp.Diff(results.NewLatencies(all, all, all), got.Phases[0].Latencies); diff != "" {
			t.Fatalf("phase (-want +got)\n%s", diff)
		}
		if len(histograms) != 5 || !histograms[0].Values.Equals(all) {
			t.Fatalf("%d histograms, equal: %v", len(histograms), histograms[0].Values.Equals(all))
		}
		if got.Ledger.Account != account || got.Ledger.ByShape[0].Account != account {
			t.Fatalf("account %+v, want %+v", got.Ledger.Account, account)
		}
		sameAltered(t, shares, &got.Ledger)
		if l := got.Ledger; l.Sent != l.Delivered.Plus(l.Refused).Plus(l.Unanswered) || l.Delivered != l.Accepted.Plus(l.SampledOut).Plus(l.Dropped).Plus(l.Missing) {
			t.Fatal("the identities of the ledger do not hold")
		}
		if got.Requests.Sent != sent || got.Requests.ByCode["200"] != sent || got.Phases[0].Sent != sent || got.Seconds[0].Sent != sent || len(got.Seconds) != 1 {
			t.Fatalf("%d requests sent, want %d", got.Requests.Sent, sent)
		}
		if got.Seconds[0].Missing != account.Missing.Traces {
			t.Fatalf("%d traces missing in the one second, want %d", got.Seconds[0].Missing, account.Missing.Traces)
		}
		checkIncident(t, shares, got)
		if q := got.Seconds[0].ResponseTime; q.Count != 0 && q.Count != sent {
			t.Fatalf("the quantiles of a second are of %d of %d values", q.Count, sent)
		}
		after, err := results.Encode(shares[0].Record)
		if err != nil || string(before) != string(after) {
			t.Fatal("merging changed a share")
		}
	})
}

// checkIncident holds the one incident to what the shares that came to it saw.
func checkIncident(t *rapid.T, shares []Share, got *results.Record) {
	inside, sent, outside, end := hdrhistogram.New(1, 60e9, 2), uint64(0), uint64(0), 0.0
	last := uint64(0)
	for _, s := range shares {
		outside += s.Record.OutsideIncidents.Requests.Sent
		for _, in := range s.Record.Incidents {
			inside.Merge(s.Histograms[0].Values)
			sent, last, end = sent+in.Requests.Sent, max(last, in.LastSeq), max(end, in.EndS())
		}
	}
	if len(got.Incidents) != 1 || got.Ledger.ByIncident[0].Account != got.Ledger.Account || *got.Ledger.NoIncident != got.Ledger.Account {
		t.Fatalf("%d incidents, %+v", len(got.Incidents), got.Ledger.ByIncident)
	}
	in := got.Incidents[0]
	if diff := cmp.Diff(results.NewQuantiles(inside, 0), in.ResponseTime); diff != "" {
		t.Fatalf("times in the incident (-want +got)\n%s", diff)
	}
	if in.Requests.Sent != sent || in.Requests.ByCode["200"] != sent || got.OutsideIncidents.Requests.Sent != outside {
		t.Fatalf("%d requests in the incident and %d outside, want %d and %d", in.Requests.Sent, got.OutsideIncidents.Requests.Sent, sent, outside)
	}
	if in.AtS != 0.2 || math.Abs(in.EndS()-end) > 1e-9 || in.FirstSeq != 0 || in.LastSeq != last {
		t.Fatalf("the incident lasts from %g to %g s, requests %d to %d", in.AtS, in.EndS(), in.FirstSeq, in.LastSeq)
	}
}

// What the target answered is what the first of the shares was answered that knows.
func TestMergeKeepsTheFirstAnswer(t *testing.T) {
	share := func(code int, rate float64) Share {
		rec := &results.Record{Name: "shop", Fingerprint: "f", RunKey: "k"}
		if code > 0 {
			rec.FirstAnswer, rec.SamplingRates = &results.FirstAnswer{Code: code}, map[string]float64{"service:,env:": rate}
		}
		return Share{Record: rec}
	}
	for _, shares := range [][]Share{{share(200, 0.5), share(202, 1)}, {share(0, 0), share(200, 0.5), share(202, 1)}} {
		rec, _, err := Records(shares...)
		if err != nil {
			t.Fatal(err)
		}
		if rec.FirstAnswer == nil || rec.FirstAnswer.Code != 200 || rec.SamplingRates["service:,env:"] != 0.5 {
			t.Errorf("first answer %+v, rates %v", rec.FirstAnswer, rec.SamplingRates)
		}
	}
}

func TestMergeRefuses(t *testing.T) {
	part := func(change func(*results.Record)) Share {
		rec := &results.Record{Name: "shop", Fingerprint: "f", RunKey: "k", Phases: []results.Phase{{Name: "ramp"}, {Name: "hold"}}}
		change(rec)
		return Share{Record: rec}
	}
	same := part(func(*results.Record) {})
	for name, other := range map[string]Share{
		"another run":      part(func(r *results.Record) { r.RunKey = "other" }),
		"another corpus":   part(func(r *results.Record) { r.Fingerprint = "other" }),
		"another scenario": part(func(r *results.Record) { r.Name = "other" }),
		"other phases":     part(func(r *results.Record) { r.Phases[0].Name = "other" }),
		"fewer phases":     part(func(r *results.Record) { r.Phases = r.Phases[:1] }),
	} {
		if _, _, err := Records(same, other); !errors.Is(err, ErrNotMergeable) {
			t.Errorf("%s: got %v, want ErrNotMergeable", name, err)
		}
	}
	if _, _, err := Records(); err == nil {
		t.Error("nothing to merge: no error")
	}
}
