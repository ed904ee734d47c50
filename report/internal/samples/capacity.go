package samples

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/spanstorm/spanstorm/results"
)

// procedure is the head of a record of many runs.
func procedure(took float64) *results.Record {
	start := time.Date(2026, 3, 4, 10, 20, 30, 0, time.UTC)
	return &results.Record{
		SchemaVersion: 1, Valid: true, Complete: true, StartedAt: start, EndedAt: start.Add(time.Duration(took * 1e9)),
		Scenario: json.RawMessage(`{"name":"web-shop","seed":42,"load":[{"name":"hold","rate":"200/s","for":"20s"}],"expect":["response_time.p99 < 50ms","refused == 0"]}`),
		Name:     "web-shop", Seed: 42, Fingerprint: "9f1c2a77d0e4b1a85c3e", API: "v0.4", Encoding: "msgpack",
		Tool:    results.Tool{Version: "v0.2.0", Commit: "1a2b3c4d5e6f", Go: "go1.26.0"},
		Machine: results.Machine{OS: "linux", Arch: "amd64", Kernel: "6.8.0", CPUModel: "Example CPU 3.0 GHz", CPUs: 2, MemoryBytes: 8 << 30},
	}
}

// probed is a probe of an agent that takes about 1,500 requests/s and answers 429 beyond;
// noise is how far off this one is, as a share.
func probed(c *results.Capacity, rate float64, purpose, outcome string, noise float64) {
	const traces, spans, bytes, most = 20, 180, 3400 * 20, 1500
	busy := min(rate/most, 0.999)
	taken := min(rate, most*(1+noise/4))
	// Time in the agent, of one server with as many requests at random times.
	p50 := 1.1e6 * (1 + 0.5*busy/(1-min(busy, 0.97))) * (1 + noise)
	p99 := p50*3.2 + 2e6
	p99 = min(p99, 45e6*(1+noise))
	if outcome == results.ProbeFailed {
		p99 = 60e6 * (1 + math.Abs(noise)) * max(1, rate/most*rate/most)
	}
	p := results.Probe{
		Record: fmt.Sprintf("probes/%03d", len(c.Probes)+1), RatePerS: rate, Purpose: purpose, AtS: 14.2 * float64(len(c.Probes)), Outcome: outcome, Broke: []string{},
		SentPerS:      results.PerSecond{Requests: rate, Traces: rate * traces, Spans: rate * spans, Bytes: rate * bytes},
		DeliveredPerS: taken, AcceptedPerS: taken * traces * 0.999, InFlight: taken * p50 * 1.3 / 1e9,
		ResponseTime: results.Quantiles{Count: uint64(rate * 10), Mean: p50 * 1.3, Min: int64(p50 / 4), P50: int64(p50), P90: int64(p50 * 2), P99: int64(p99), P999: int64(p99 * 1.4), Max: int64(p99 * 2)},
		CPUCores:     0.04 + 0.82*taken/most*(1+noise/8), CPUSPerMillionSpans: 1e6 * 0.82 / most / spans * (1 + noise/8), RSSMaxBytes: uint64(38e6 + 41e6*busy*busy*(1+noise)),
	}
	p.ServiceTime = p.ResponseTime
	if outcome == results.ProbeFailed {
		p.Broke = []string{"response_time.p99 < 50ms"}
		if rate > most {
			p.Broke = append(p.Broke, "refused == 0")
		}
	}
	if outcome == results.ProbeGenerator {
		p.Broke = []string{}
	}
	c.Probes = append(c.Probes, p)
}

// summed makes the table of rates of the probes, with what the test decided.
func summed(c *results.Capacity, decided map[float64]string) {
	at := map[float64]*results.CapacityRate{}
	for _, p := range c.Probes {
		r := at[p.RatePerS]
		if r == nil {
			r = &results.CapacityRate{RatePerS: p.RatePerS, Verdict: decided[p.RatePerS]}
			at[p.RatePerS] = r
		}
		switch p.Outcome {
		case results.ProbePassed:
			r.Passed++
		case results.ProbeFailed:
			r.Failed++
		}
	}
	c.Rates = []results.CapacityRate{}
	for _, r := range at {
		c.Rates = append(c.Rates, *r)
	}
	slices.SortFunc(c.Rates, func(a, b results.CapacityRate) int { return int(a.RatePerS - b.RatePerS) })
	c.SpentS = 14.2 * float64(len(c.Probes))
}

// search is what all searches have in common.
func search() (*results.Record, *results.Capacity) {
	rec := procedure(510)
	rec.Target = results.Target{Name: "embedded", Version: "v0.2.0", URL: "http://127.0.0.1:40613", Command: []string{"spanstorm", "agent", "--capacity", "1500/s"}, Set: []string{"capacity=1500/s"}}
	rec.Capacity = &results.Capacity{
		Expect: []string{"response_time.p99 < 50ms", "refused == 0"}, Precision: 0.05,
		Errors: results.TestErrors{Holds: 0.05, Breaks: 0.05, PassHigh: 0.9, PassLow: 0.3},
		HoldS:  10, WarmS: 2, BudgetS: 600, Probes: []results.Probe{}, Rates: []results.CapacityRate{},
	}
	return rec, rec.Capacity
}

// doubled probes at rates that double up to the last, which fails.
func doubled(c *results.Capacity, to float64) {
	for rate := 100.0; rate < to; rate *= 2 {
		probed(c, rate, "region", results.ProbePassed, 0.02)
	}
	probed(c, to, "region", results.ProbeFailed, 0.03)
}

// answered is a search that came to its end.
func answered() *results.Record {
	rec, c := search()
	doubled(c, 1600)
	const p, f = results.ProbePassed, results.ProbeFailed
	for i, try := range []struct {
		rate    float64
		purpose string
		outcome string
	}{
		{1200, "narrow", p}, {1200, "narrow", p}, {1200, "narrow", p}, {1400, "narrow", p}, {1400, "narrow", p}, {1400, "narrow", p}, {1500, "narrow", f}, {1500, "narrow", p}, {1500, "narrow", f}, {1500, "narrow", f},
		{1460, "narrow", p}, {1480, "narrow", f}, {1480, "narrow", p}, {1480, "narrow", p}, {1480, "narrow", f}, {1490, "narrow", f}, {1490, "narrow", f}, {1490, "narrow", f},
		{1460, "confirm", p}, {1460, "confirm", f}, {1460, "confirm", p}, {1460, "confirm", p}, {1460, "confirm", p},
	} {
		probed(c, try.rate, try.purpose, try.outcome, 0.08*math.Sin(float64(7*i+2)))
	}
	summed(c, map[float64]string{100: results.RateUndecided, 200: results.RateUndecided, 400: results.RateUndecided, 800: results.RateUndecided, 1200: results.RateHolds, 1400: results.RateHolds,
		1460: results.RateHolds, 1480: results.RateEdge, 1490: results.RateBreaks, 1500: results.RateBreaks, 1600: results.RateBreaks})
	c.Answered, c.AnswerPerS = true, results.PerSecond{Requests: 1460, Traces: 29_200, Spans: 262_800, Bytes: 1460 * 68_000}
	c.Low, c.High, c.LimitedBy = 1400, 1600, "response_time.p99 < 50ms"
	c.At = &results.CapacityAt{CPUCores: 0.838, CPUSPerMillionSpans: 3.04, RSSMaxBytes: 76.9e6, ResponseP50NS: 14.1e6, ResponseP99NS: 46.8e6}
	c.Knee = &results.CapacityKnee{RequestsPerS: 1200, ResponseP50NS: 3.3e6}
	c.USL = &results.USL{Lambda: 490, Sigma: 0.31, Kappa: 0.00001, R2: 0.985, PeakPerS: 1554, PeakN: 263, Good: true}
	return rec
}

// inTraces is a search whose clients flush at intervals: fifty requests a second, of more traces the higher the rate.
func inTraces() *results.Record {
	const requests, traces = 50, 20
	rec := answered()
	c := rec.Capacity
	c.Unit, c.AnswerPerS.Requests = results.UnitTraces, requests
	c.Low, c.High = c.Low*traces, c.High*traces
	for i := range c.Rates {
		c.Rates[i].RatePerS *= traces
	}
	for i := range c.Probes {
		p := &c.Probes[i]
		p.UnitsPerRequest = p.RatePerS * traces / requests
		p.RatePerS, p.DeliveredPerS, p.SentPerS.Requests = p.RatePerS*traces, p.DeliveredPerS*traces, requests
	}
	c.Knee.RatePerS, c.Knee.RequestsPerS = 24_000, requests
	c.USL.Lambda, c.USL.PeakPerS = c.USL.Lambda*traces, c.USL.PeakPerS*traces
	return rec
}

// exhausted is a search whose budget ran out while it was narrowing, over a warm target.
func exhausted() *results.Record {
	rec, c := search()
	doubled(c, 1600)
	for i := range 3 {
		probed(c, 1200, "narrow", results.ProbePassed, 0.05*math.Cos(float64(i)))
	}
	c.Warm, c.BudgetS, c.Exhausted = true, 120, true
	summed(c, map[float64]string{1200: results.RateHolds, 1600: results.RateBreaks, 100: results.RateUndecided, 200: results.RateUndecided, 400: results.RateUndecided, 800: results.RateUndecided})
	c.Answered, c.AnswerPerS = true, results.PerSecond{Requests: 1200, Traces: 24_000, Spans: 216_000, Bytes: 1200 * 68_000}
	c.Low, c.High, c.LimitedBy = 1200, 1600, results.LimitSaturated
	c.At = &results.CapacityAt{CPUCores: 0.70, CPUSPerMillionSpans: 3.04, RSSMaxBytes: 64e6, ResponseP50NS: 3.3e6, ResponseP99NS: 12.6e6}
	c.USL = &results.USL{R2: 0.71, Why: "it leaves 29% of the variation unexplained"}
	return rec
}

// generatorBound is a search in which the machine could not send more.
func generatorBound() *results.Record {
	rec, c := search()
	for _, rate := range []float64{100, 200, 400} {
		probed(c, rate, "region", results.ProbePassed, 0.02)
	}
	for range 2 {
		probed(c, 800, "region", results.ProbeGenerator, 0)
	}
	probed(c, 600, "narrow", results.ProbeBroken, 0)
	last := &c.Probes[len(c.Probes)-1]
	*last = results.Probe{Record: last.Record, RatePerS: 600, Purpose: "narrow", AtS: last.AtS, Outcome: results.ProbeBroken, Broke: []string{"the target did not become healthy within 30s"}}
	summed(c, map[float64]string{100: results.RateUndecided, 200: results.RateUndecided, 400: results.RateHolds, 600: results.RateUndecided, 800: results.RateGenerator})
	c.LimitedBy, c.NoAnswer = results.LimitGenerator, "the generator was the limit at 800 requests/s (send delay p99 31ms), where the target still held; run it on a machine with more CPUs, or give the target fewer"
	rec.Valid, rec.InvalidReasons = false, []string{"the generator was the limit at 800 requests/s"}
	return rec
}
