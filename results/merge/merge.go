// Package merge joins what several generators of one run recorded. It knows how
// each figure of a record adds up; nothing here averages a quantile.
package merge

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/spanstorm/spanstorm/results"
)

// ErrNotMergeable says that records are not parts of one run.
var ErrNotMergeable = errors.New("the records are not parts of one run")

// Share is what one of several generators of a run recorded.
type Share struct {
	Record     *results.Record
	Histograms []results.Histogram // per phase and metric, as [results.Writer.SaveHistograms] wrote them
}

// Records joins the records of generators that shared one run: same scenario, same
// corpus, same run key, and no request sent by two of them. Counters, ledgers and
// histograms add up exactly and quantiles are read off the sums; a quantile whose
// histogram is not there is left empty, never averaged. Figures of processes that
// the shares have in common (target, intake) are those of the share that saw most; of their
// machines, those of the one that was disturbed most; what the target answered is what the
// first of them was answered.
//
// Warnings and reasons for invalidity are joined; expectations are not judged
// again, that is [results.Judge]'s. The shares are not changed.
func Records(shares ...Share) (*results.Record, []results.Histogram, error) {
	if len(shares) == 0 {
		return nil, nil, errors.New("merge records: there are none")
	}
	first := shares[0].Record
	out := results.Clone(first)
	histograms := map[histogram]*results.Histogram{}
	var order []histogram
	for i, s := range shares {
		if err := sameRun(first, s.Record); err != nil {
			return nil, nil, fmt.Errorf("merge records: number %d and the first: %w", i+1, err)
		}
		for _, h := range s.Histograms {
			at := histogram{h.Scope, h.Metric}
			sum, ok := histograms[at]
			if !ok {
				order = append(order, at)
				sum = &results.Histogram{Scope: h.Scope, Metric: h.Metric, StartedAt: h.StartedAt, EndedAt: h.EndedAt,
					Values: hdrhistogram.New(h.Values.LowestTrackableValue(), h.Values.HighestTrackableValue(), int(h.Values.SignificantFigures()))}
				histograms[at] = sum
			}
			if lost := sum.Values.Merge(h.Values); lost > 0 {
				return nil, nil, fmt.Errorf("merge records: the histogram %s of %s in number %d reaches further than that of the first: %w", h.Metric, cmp.Or(h.Phase, h.Incident, "the time outside incidents"), i+1, ErrNotMergeable)
			}
			if h.StartedAt.Before(sum.StartedAt) {
				sum.StartedAt = h.StartedAt
			}
			if h.EndedAt.After(sum.EndedAt) {
				sum.EndedAt = h.EndedAt
			}
		}
		if i > 0 {
			join(out, s.Record)
		}
	}
	requantile(out, histograms)
	out.Expectations = []results.Judgement{}
	joined := make([]results.Histogram, 0, len(order))
	for _, at := range order {
		joined = append(joined, *histograms[at])
	}
	return out, joined, nil
}

// histogram is what a histogram is of.
type histogram struct {
	results.Scope
	metric string
}

func sameRun(a, b *results.Record) error {
	switch {
	case a.Name != b.Name:
		return fmt.Errorf("%w: the scenarios are %s and %s", ErrNotMergeable, b.Name, a.Name)
	case a.Fingerprint != b.Fingerprint:
		return fmt.Errorf("%w: they sent different corpora (%s and %s)", ErrNotMergeable, b.Fingerprint, a.Fingerprint)
	case a.RunKey != b.RunKey:
		return fmt.Errorf("%w: their run keys differ; several runs are compared, not merged", ErrNotMergeable)
	case len(a.Phases) != len(b.Phases):
		return fmt.Errorf("%w: they have %d and %d phases", ErrNotMergeable, len(b.Phases), len(a.Phases))
	}
	for i := range a.Phases {
		if a.Phases[i].Name != b.Phases[i].Name {
			return fmt.Errorf("%w: phase %d is %s in one and %s in the other", ErrNotMergeable, i+1, b.Phases[i].Name, a.Phases[i].Name)
		}
	}
	return nil
}

// join adds a share to a record.
func join(to, from *results.Record) {
	to.Valid = to.Valid && from.Valid
	to.Complete = to.Complete && from.Complete
	to.Saturated = to.Saturated || from.Saturated
	to.Interrupted = to.Interrupted || from.Interrupted
	to.InvalidReasons = union(to.InvalidReasons, from.InvalidReasons)
	to.Warnings = union(to.Warnings, from.Warnings)
	if from.StartedAt.Before(to.StartedAt) {
		to.StartedAt = from.StartedAt
	}
	if from.EndedAt.After(to.EndedAt) {
		to.EndedAt = from.EndedAt
	}
	to.FirstAnswer = cmp.Or(to.FirstAnswer, from.FirstAnswer)
	if len(to.SamplingRates) == 0 {
		to.SamplingRates = from.SamplingRates
	}
	to.Requests.Add(from.Requests)
	to.Load.Traces += from.Load.Traces
	to.Load.Spans += from.Load.Spans
	to.Load.Bytes += from.Load.Bytes
	for i := range to.Phases {
		joinPhase(&to.Phases[i], &from.Phases[i])
	}
	joinIncidents(to, from)
	joinLedger(&to.Ledger, &from.Ledger)
	to.Announcements.Sent += from.Announcements.Sent
	to.Announcements.ByCode = addCounts(to.Announcements.ByCode, from.Announcements.ByCode)
	to.Announcements.Errors = to.Announcements.Errors.Plus(from.Announcements.Errors)
	g, f := &to.Resources.Generator, from.Resources.Generator
	g.CPUS, g.RSSMaxBytes = g.CPUS+f.CPUS, max(g.RSSMaxBytes, f.RSSMaxBytes)
	if from.Resources.Intake.CPUS > to.Resources.Intake.CPUS {
		to.Resources.Intake = from.Resources.Intake
	}
	if m, f := &to.Resources.Machine, from.Resources.Machine; f.StolenCPUS+f.OthersCPUS > m.StolenCPUS+m.OthersCPUS {
		*m = f
	}
	joinEndToEnd(to, from)
	joinTarget(to, from)
	joinSeconds(to, from)
	to.LastArrivalS = max(to.LastArrivalS, from.LastArrivalS+from.StartedAt.Sub(to.StartedAt).Seconds())
	to.Pressure = results.PressureOf(to)
}

// joinEndToEnd adds what does not follow from the merged histogram.
func joinEndToEnd(to, from *results.Record) {
	switch {
	case from.EndToEnd == nil:
	case to.EndToEnd == nil:
		to.EndToEnd = new(*from.EndToEnd)
	default:
		to.EndToEnd.OverRange += from.EndToEnd.OverRange
		to.EndToEnd.Share = min(to.EndToEnd.Share, from.EndToEnd.Share)
	}
}

// joinTarget keeps the usage of the share that saw most of the target, and the
// cost per span of all spans together.
func joinTarget(to, from *results.Record) {
	t, f := &to.Resources.Target, from.Resources.Target
	if f.CPUS > t.CPUS {
		t.Usage = f.Usage
	}
	t.ThreadsMax, t.FDsMax = max(t.ThreadsMax, f.ThreadsMax), max(t.FDsMax, f.FDsMax)
	if f.GCCount > t.GCCount {
		t.GCCount, t.GCPauseTotalS = f.GCCount, f.GCPauseTotalS
	}
	spans := 0.0
	for _, p := range to.Phases { // joined by now
		if !p.Discarded {
			spans += p.SpansPerS * (p.EndS - p.StartS)
		}
	}
	if spans > 0 {
		t.CPUSPerMillionSpans = t.CPUS / spans * 1e6
	}
}

func joinPhase(to, from *results.Phase) {
	to.Planned += from.Planned
	to.Sent += from.Sent
	to.FirstSeq = min(to.FirstSeq, from.FirstSeq)
	if from.StartedAt.Before(to.StartedAt) {
		to.StartedAt = from.StartedAt
	}
	// The generators run at the same time, so their rates add up.
	to.StartS, to.EndS = min(to.StartS, from.StartS), max(to.EndS, from.EndS)
	to.RatePlannedPerS += from.RatePlannedPerS
	to.RateSentPerS += from.RateSentPerS
	to.TracesPerS += from.TracesPerS
	to.SpansPerS += from.SpansPerS
	to.BytesPerS += from.BytesPerS
	to.SendDelay.OverRange += from.SendDelay.OverRange
	to.ServiceTime.OverRange += from.ServiceTime.OverRange
	to.ResponseTime.OverRange += from.ResponseTime.OverRange
	to.Requests.Add(from.Requests)
}

func addCounts(to, from map[string]uint64) map[string]uint64 {
	if to == nil {
		to = map[string]uint64{}
	}
	for k, n := range from {
		to[k] += n
	}
	return to
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(a, s)
		}
	}
	return a
}

// joinSeconds adds rows of the same second and phase. Their quantiles cannot be
// joined without histograms of that second, so they stay empty unless only one
// share has any.
func joinSeconds(to, from *results.Record) {
	type place struct {
		t     int
		phase string
	}
	at := map[place]int{}
	for i, s := range to.Seconds {
		at[place{s.T, s.Phase}] = i
	}
	for _, s := range from.Seconds {
		i, ok := at[place{s.T, s.Phase}]
		if !ok {
			to.Seconds = append(to.Seconds, s)
			continue
		}
		row := &to.Seconds[i]
		for _, q := range []struct{ to, from *results.Quantiles }{{&row.SendDelay, &s.SendDelay}, {&row.ServiceTime, &s.ServiceTime}, {&row.ResponseTime, &s.ResponseTime}} {
			switch {
			case q.from.Count == 0:
			case q.to.Count == 0 && row.Sent == 0:
				*q.to = *q.from
			default:
				*q.to = results.Quantiles{}
			}
		}
		switch {
		case s.EndToEnd == nil:
		case row.EndToEnd == nil:
			row.EndToEnd = s.EndToEnd
		default:
			row.EndToEnd = nil
		}
		row.Planned += s.Planned
		row.Sent += s.Sent
		row.Delivered += s.Delivered
		row.ByCode = addCounts(row.ByCode, s.ByCode)
		row.Errors = row.Errors.Plus(s.Errors)
		row.InFlightMax += s.InFlightMax
		row.Accepted += s.Accepted
		row.Missing += s.Missing
		row.TargetCPUS = max(row.TargetCPUS, s.TargetCPUS)
		row.TargetRSSBytes = max(row.TargetRSSBytes, s.TargetRSSBytes)
		row.TargetThreads, row.TargetFDs = max(row.TargetThreads, s.TargetThreads), max(row.TargetFDs, s.TargetFDs)
		row.GeneratorCPUS += s.GeneratorCPUS
		row.GeneratorRSSBytes += s.GeneratorRSSBytes
		row.MachineCPUS = max(row.MachineCPUS, s.MachineCPUS)
		row.MachineStolenCPUS = max(row.MachineStolenCPUS, s.MachineStolenCPUS)
	}
	slices.SortStableFunc(to.Seconds, func(a, b results.Second) int { return a.T - b.T })
}

// requantile reads the quantiles of phases, totals and incidents off the merged histograms.
func requantile(rec *results.Record, histograms map[histogram]*results.Histogram) {
	metrics := []string{results.SendDelay, results.ServiceTime, results.ResponseTime}
	totals := make([]*hdrhistogram.Histogram, len(metrics))
	over := make([]uint64, len(metrics))
	for i := range rec.Phases {
		p := &rec.Phases[i]
		overs := []uint64{p.SendDelay.OverRange, p.ServiceTime.OverRange, p.ResponseTime.OverRange}
		found := make([]*hdrhistogram.Histogram, len(metrics))
		for k, metric := range metrics {
			h := histograms[histogram{results.Scope{Phase: p.Name}, metric}]
			if h == nil {
				continue
			}
			found[k] = h.Values
			if p.Discarded {
				continue
			}
			if totals[k] == nil {
				totals[k] = hdrhistogram.New(h.Values.LowestTrackableValue(), h.Values.HighestTrackableValue(), int(h.Values.SignificantFigures()))
			}
			totals[k].Merge(h.Values)
			over[k] += overs[k]
		}
		p.Latencies = latencies(found, overs)
	}
	rec.Totals = latencies(totals, over)
	for i := range rec.Incidents {
		in := &rec.Incidents[i]
		requantilePortion(&in.Portion, results.Scope{Incident: in.Name}, histograms)
	}
	if h := histograms[histogram{metric: results.EndToEndDelay}]; h != nil && rec.EndToEnd != nil {
		rec.EndToEnd.Quantiles = results.NewQuantiles(h.Values, rec.EndToEnd.OverRange)
	}
	if rec.OutsideIncidents != nil {
		requantilePortion(rec.OutsideIncidents, results.Scope{OutsideIncidents: true}, histograms)
	}
}

func latencies(h []*hdrhistogram.Histogram, over []uint64) results.Latencies {
	l := results.NewLatencies(h[0], h[1], h[2])
	l.SendDelay.OverRange, l.ServiceTime.OverRange, l.ResponseTime.OverRange = over[0], over[1], over[2]
	return l
}
